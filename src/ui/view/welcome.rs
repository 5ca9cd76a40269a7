//! The page before the first question: what Polo is, what its model can do, and problems to try.

use leptos::prelude::*;

use crate::ui::claims::{claims, description, examples};
use crate::ui::figures;
use crate::ui::page::page;

/// Below this many weights a model can do only what it was trained for.
const TINY: u64 = 50_000_000;

/// What stands where the conversation will be.
#[component]
pub fn Welcome() -> impl IntoView {
    let page = page();
    let model = Memo::new_with_compare(
        move |_| page.chat.with(|chat| chat.model.clone()),
        |a, b| a.map(Option::is_some) != b.map(Option::is_some),
    );
    let known = Memo::new(move |_| model.with(|model| model.as_deref().map(claims).unwrap_or_default()));
    let problems = move || known.with(|known| examples(known));
    view! {
        <section class="column welcome" aria-label="Welcome">
            <h2>"What shall we work out?"</h2>
            <p class="lead">
                "Polo thinks first, then answers. It runs on your own GPU, in this tab: nothing you write leaves it."
            </p>
            <Show when=move || known.with(|known| !known.is_empty())>
                <ul class="examples" aria-label="Example problems">
                    {move || {
                        problems()
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
            {move || model.get().map(|model| {
                let kinds = known.get();
                let size = figures::weights(model.parameters);
                view! {
                    <aside class="about">
                        <h3>"What " {model.name.clone()} " is, and is not"</h3>
                        <p>
                            {if model.parameters < TINY {
                                format!(
                                    "A model of {size} weights that comes with this page, a thousandth of the size \
                                     of common chat models. It has learnt a few kinds of problems and nothing else: \
                                     it cannot chat, knows no facts, and gets some of its own problems wrong. Check \
                                     what matters.",
                                )
                            } else {
                                format!("A model of {size} weights. It makes mistakes: check what matters.")
                            }}
                        </p>
                        {kinds
                            .is_empty()
                            .then(|| description(&model).map(|text| view! { <p>"Its file says: “" {text.to_owned()} "”"</p> }))}
                        <Show when={
                            let some = !kinds.is_empty();
                            move || some
                        }>
                            <ul class="kinds">
                                {kinds
                                    .iter()
                                    .map(|claim| {
                                        let share = claim
                                            .accuracy
                                            .map(|share| format!(" {:.0} % right", share * 100.0));
                                        view! {
                                            <li>
                                                {claim.label.clone()}
                                                <span class="share">{share}</span>
                                            </li>
                                        }
                                    })
                                    .collect_view()}
                            </ul>
                        </Show>
                    </aside>
                }
            })}
        </section>
    }
}
