//! The page before the first question: what Polo is, what its model can do, and problems to try.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::{ModelInfo, ThoughtFormat};

use crate::ui::claims::{Claim, claims, description, examples};
use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::words::{gap, t};

/// Problems for models whose file names none; they promise nothing.
fn starters() -> [String; 4] {
    [t!("page-starter-letters"), t!("page-starter-proof"), t!("page-starter-ball"), t!("page-starter-code")]
}

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
            Some((_, false)) if known.with(Vec::is_empty) => starters().to_vec(),
            _ => known.with(|known| examples(known).into_iter().map(str::to_owned).collect()),
        })
    });
    let server = Memo::new(move |_| page.chat.with(|chat| chat.choice.server().map(str::to_owned)));
    let thinks = Memo::new(move |_| {
        model.with(|model| model.as_ref().is_some_and(|(model, _)| model.thoughts != ThoughtFormat::None))
    });
    view! {
        <section class="column welcome" aria-label=t!("page-welcome")>
            <h2>{t!("page-welcome-title")}</h2>
            <p class="lead">
                {move || thinks.get().then(|| t!("page-welcome-thinks") + gap())}
                {move || match server.get() {
                    Some(url) => t!("page-welcome-server", url = url),
                    None => t!("page-welcome-here"),
                }}
            </p>
            <Show when=move || problems.with(|problems| !problems.is_empty())>
                <ul class="examples" aria-label=t!("page-examples")>
                    {move || {
                        problems
                            .get()
                            .into_iter()
                            .map(|text| {
                                let asked = text.clone();
                                let ask = move |_| page.ask(&asked);
                                view! {
                                    <li>
                                        <button type="button" class="example" on:click=ask>
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
        t!("page-about-elsewhere")
    } else if tiny {
        t!("page-about-tiny", size = size)
    } else {
        t!("page-about-model", size = size)
    };
    let said = description(&model).filter(|_| kinds.is_empty()).map(|text| {
        let text = format!("“{text}”");
        view! { <p>{t!("page-about-file")} " " <span dir="auto">{text}</span></p> }
    });
    let list = (!kinds.is_empty()).then(|| {
        let kinds = kinds.into_iter().map(|claim| {
            let share = claim
                .accuracy
                .map(|share| format!(" {}", t!("page-about-right", share = figures::per_cent(share, 0))));
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
            <h3>{t!("page-about", model = model.name.as_str())}</h3>
            <p>{account}</p>
            {said}
            {list}
            {tiny
                .then(|| {
                    view! {
                        <p class="buttons">
                            <button type="button" class="plain primary" on:click=move |_| page.open_suited()>
                                {t!("page-about-suited")}
                            </button>
                            <button type="button" class="quiet" on:click=move |_| page.open_models()>
                                {t!("page-about-larger")}
                            </button>
                        </p>
                    }
                })}
        </aside>
    }
}
