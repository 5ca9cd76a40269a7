//! Models that need no network: run, look at, delete.

use leptos::html;
use leptos::prelude::*;

use crate::protocol::{ModelSource, StoredModel};

use super::icons::{Icon, TRASH};
use super::notice::{Actions, Problem};
use crate::ui::choice::Choice;
use crate::ui::figures;
use crate::ui::models::Models;
use crate::ui::page::page;
use crate::ui::state::Phase;
use crate::ui::words::t;

/// Models that need no network.
#[component]
pub fn Stored() -> impl IntoView {
    let page = page();
    let models = Memo::new(move |_| page.models.with(Models::complete));
    let unfinished = Memo::new(move |_| page.models.with(Models::unfinished));
    let asking = Memo::new(move |_| page.models.with(|m| m.library.is_none() && m.is_asking()));
    let problem = Memo::new(move |_| page.models.with(|models| models.problem.clone()));
    let again = Callback::new(move |()| page.act_on_models(Models::try_again));
    view! {
        <section aria-labelledby="stored">
            // Beside the title: what takes no line of its own moves nothing when it goes.
            <div class="looking">
                <h3 id="stored">{t!("models-here")}</h3>
                {move || asking.get().then(|| view! { <p class="quiet-text pulse">{t!("models-looking")}</p> })}
            </div>
            <ul class="rows">
                <For each=move || models.get() key=|model| model.name.clone() let(model)>
                    <StoredRow model />
                </For>
                <For each=move || unfinished.get() key=|model| model.name.clone() let(model)>
                    <StoredRow model />
                </For>
                <TinyRow />
            </ul>
            {move || {
                problem
                    .get()
                    .map(|notice| {
                        view! {
                            <Problem notice />
                            <Actions actions=vec![(t!("notices-again"), again)] />
                        }
                    })
            }}
        </section>
    }
}

/// Whether a model is the one in use.
fn in_use(source: ModelSource) -> Memo<bool> {
    let page = page();
    Memo::new(move |_| page.chat.with(|chat| chat.choice.source == source && chat.phase != Phase::Down))
}

#[component]
fn TinyRow() -> impl IntoView {
    let page = page();
    let current = in_use(ModelSource::Embedded);
    let run = move |_| {
        page.act(|chat| chat.use_model(Choice::default()));
        page.close_models();
    };
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title">"Polo Tiny"</p>
                <p class="row-sub">{t!("models-tiny-about")}</p>
            </div>
            <div class="row-actions">
                <Show when=move || !current.get() fallback=|| view! { <span class="tag">{t!("models-in-use")}</span> }>
                    <button type="button" class="plain" aria-label=t!("models-run-of", model = "Polo Tiny") on:click=run>
                        {t!("models-run")}
                    </button>
                </Show>
            </div>
        </li>
    }
}

/// A stored model with what can be done with it. Deleting asks once more, in the same place.
#[component]
fn StoredRow(model: StoredModel) -> impl IntoView {
    let page = page();
    let source = ModelSource::Stored { name: model.name.clone() };
    let current = in_use(source.clone());
    let name = StoredValue::new(model.name.clone());
    let asked = Memo::new(move |_| {
        page.models.with(|models| models.to_remove.as_deref() == Some(name.get_value().as_str()))
    });
    let sub = if model.complete {
        figures::size(model.bytes)
    } else {
        t!("models-incomplete", bytes = figures::size_of(model.done_bytes, model.bytes))
    };
    let choice = Choice::new(source, &model.name);
    let complete = model.complete;
    let stored = StoredValue::new(model);
    let run = move |_| {
        page.act(|chat| chat.use_model(choice.clone()));
        page.close_models();
    };
    let run = StoredValue::new(run);
    view! {
        <li class="row">
            <div class="row-main">
                <p class="row-title">{name.get_value()}</p>
                <p class="row-sub">{sub}</p>
            </div>
            <Show
                when=move || !asked.get()
                fallback=move || view! { <Confirm name=name.get_value() current /> }
            >
                <div class="row-actions">
                    {move || {
                        if !complete {
                            view! {
                                <button
                                    type="button"
                                    class="plain"
                                    aria-label=t!("models-go-on-of", model = name.get_value())
                                    on:click=move |_| {
                                        page.act_on_models(|models| models.resume_stored(&name.get_value()));
                                    }
                                >
                                    {t!("models-go-on")}
                                </button>
                            }
                                .into_any()
                        } else if current.get() {
                            view! { <span class="tag">{t!("models-in-use")}</span> }.into_any()
                        } else {
                            view! {
                                <button
                                    type="button"
                                    class="plain"
                                    aria-label=t!("models-run-of", model = name.get_value())
                                    on:click=move |event| run.with_value(|run| run(event))
                                >
                                    {t!("models-run")}
                                </button>
                            }
                                .into_any()
                        }
                    }}
                    <Show when=move || complete>
                        <button
                            type="button"
                            class="quiet"
                            aria-label=t!("models-options-of", model = name.get_value())
                            on:click=move |_| {
                                page.act_on_models(|models| models.look_at_stored(&stored.get_value()));
                            }
                        >
                            {t!("models-options")}
                        </button>
                    </Show>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=t!("models-delete-of", model = name.get_value())
                        title=t!("models-delete")
                        on:click=move |_| page.act_on_models(|models| models.ask_to_remove(&name.get_value()))
                    >
                        <Icon path=TRASH />
                    </button>
                </div>
            </Show>
        </li>
    }
}

/// Whether to delete it really. The safe answer has the focus.
#[component]
fn Confirm(name: String, current: Memo<bool>) -> impl IntoView {
    let page = page();
    let keep = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if let Some(button) = keep.get() {
            drop(button.focus());
        }
    });
    view! {
        <div class="row-actions" role="group" aria-label=t!("models-delete-ask-of", model = name)>
            <span>{move || if current.get() { t!("models-delete-ask-in-use") } else { t!("models-delete-ask") }}</span>
            <button
                type="button"
                class="plain"
                node_ref=keep
                on:click=move |_| page.act_on_models(|models| models.to_remove = None)
            >
                {t!("models-keep")}
            </button>
            <button type="button" class="plain danger" on:click=move |_| page.act_on_models(Models::remove)>
                {t!("models-delete")}
            </button>
        </div>
    }
}
