//! The page before the first question: what Polo is, what its model can do, and problems to try.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::{ModelInfo, ThoughtFormat};

use crate::ui::claims::{Claim, claims, description, examples};
use crate::ui::figures;
use crate::ui::page::page;

/// Problems for models whose file names none; they promise nothing.
const STARTERS: [&str; 4] = [
    "How many letters “r” are there in “strawberry”?",
    "Prove that the square root of 2 is irrational.",
    "A bat and a ball cost $1.10 together; the bat costs $1 more than the ball. What does the ball cost?",
    "Write a function that tells whether a text is a palindrome.",
];

/// What stands where the conversation will be.
#[component]
pub fn Welcome() -> impl IntoView {
    let page = page();
    let model = Memo::new_with_compare(
        move |_| page.chat.with(|chat| chat.model.clone().map(|model| (model, chat.choice.is_tiny()))),
        |a, b| match (a, b) {
            (Some(Some((a, _))), Some(Some((b, _)))) => !Arc::ptr_eq(a, b),
            _ => true,
        },
    );
    let known = Memo::new(move |_| {
        model.with(|model| model.as_ref().map(|(model, _)| claims(model)).unwrap_or_default())
    });
    let problems = Memo::new(move |_| {
        model.with(|model| match model {
            Some((_, false)) if known.with(Vec::is_empty) => STARTERS.to_vec(),
            _ => known.with(|known| examples(known)),
        })
    });
    let server = Memo::new(move |_| page.chat.with(|chat| chat.choice.server().map(str::to_owned)));
    let thinks = Memo::new(move |_| {
        model.with(|model| model.as_ref().is_some_and(|(model, _)| model.thoughts != ThoughtFormat::None))
    });
    view! {
        <section class="column welcome" aria-label="Welcome">
            <h2>"What shall we work out?"</h2>
            <p class="lead">
                {move || thinks.get().then_some("Polo thinks first, then answers. ")}
                {move || match server.get() {
                    Some(url) => format!("It runs at {url}: what you write goes there, and to nobody else."),
                    None => "It runs on your own GPU, in this tab: nothing you write leaves it.".to_owned(),
                }}
            </p>
            <Show when=move || problems.with(|problems| !problems.is_empty())>
                <ul class="examples" aria-label="Example problems">
                    {move || {
                        problems
                            .get()
                            .into_iter()
                            .map(|text| {
                                view! {
                                    <li>
                                        <button type="button" class="example" on:click=move |_| page.ask(text)>
                                            {text}
                                        </button>
                                    </li>
                                }
                            })
                            .collect_view()
                    }}
                </ul>
            </Show>
            {move || model.get().map(|(model, tiny)| view! { <About model tiny kinds=known.get() /> })}
        </section>
    }
}

/// What the model is, and what it is not.
#[component]
fn About(model: Arc<ModelInfo>, tiny: bool, kinds: Vec<Claim>) -> impl IntoView {
    let page = page();
    let size = figures::weights(model.parameters);
    let account = if model.parameters == 0 {
        // A model elsewhere does not tell its size.
        "It makes mistakes: check what matters.".to_owned()
    } else if tiny {
        format!(
            "A model of {size} weights that comes with this page, a thousandth of the size of common chat models. \
             It has learnt a few kinds of problems and nothing else: it cannot chat, knows no facts, and gets some \
             of its own problems wrong. Check what matters."
        )
    } else {
        format!("A model of {size} weights. It makes mistakes: check what matters.")
    };
    let said = description(&model).filter(|_| kinds.is_empty()).map(|text| {
        let text = format!("Its file says: “{text}”");
        view! { <p>{text}</p> }
    });
    let list = (!kinds.is_empty()).then(|| {
        let kinds = kinds.into_iter().map(|claim| {
            let share = claim.accuracy.map(|share| format!(" {:.0} % right", share * 100.0));
            view! {
                <li>
                    {claim.label}
                    <span class="share">{share}</span>
                </li>
            }
        });
        view! { <ul class="kinds">{kinds.collect_view()}</ul> }
    });
    view! {
        <aside class="about">
            <h3>"What " {model.name.clone()} " is, and is not"</h3>
            <p>{account}</p>
            {said}
            {list}
            {tiny
                .then(|| {
                    view! {
                        <p class="buttons">
                            <button type="button" class="plain" on:click=move |_| page.open_models()>
                                "Choose a larger model"
                            </button>
                        </p>
                    }
                })}
        </aside>
    }
}
