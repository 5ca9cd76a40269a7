//! One model before it runs: its forms, whether the chosen one fits, and how to get it.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use crate::protocol::{Fit, Listing, Quantize};

use super::access_token::AccessToken;
use super::fit_panel::FitPanel;
use super::notice::{Actions, Problem};
use crate::ui::figures;
use crate::ui::fit;
use crate::ui::models::{Card, Kind, Models};
use crate::ui::page::page;
use crate::ui::task::Task;
use crate::ui::words::t;

/// Reads something of the model that is looked at.
pub(super) fn read<T>(of: impl Fn(&Models, &Card) -> T) -> Option<T> {
    page().models.with(|models| models.card.as_ref().map(|card| of(models, card)))
}

/// The model.
#[component]
pub fn CardView(key: u64) -> impl IntoView {
    let page = page();
    let _ = key;
    let heading = NodeRef::<html::H3>::new();
    // Whoever came here by keyboard goes on from the top.
    Effect::new(move |_| {
        if let Some(heading) = heading.get() {
            drop(heading.focus());
        }
    });
    let title = Memo::new(move |_| read(|_, card| card.title.clone()).unwrap_or_default());
    let about = Memo::new(move |_| read(|_, card| card.about.clone()).flatten());
    let listing = Memo::new(move |_| read(|_, card| card.listing().cloned()).flatten());
    let lookup = Memo::new(move |_| {
        read(|_, card| match &card.lookup {
            Task::Failed(notice) => (false, Some(notice.clone())),
            task => (matches!(task, Task::Running(_)), None),
        })
        .unwrap_or_default()
    });
    let locked = Memo::new(move |_| read(|_, card| card.locked).unwrap_or_default());
    let again = Callback::new(move |()| page.act_on_models(Models::look_again));
    view! {
        <h3 class="card-title" tabindex="-1" node_ref=heading>
            {move || title.get()}
        </h3>
        {move || about.get().map(|about| view! { <p>{about}</p> })}
        {move || {
            lookup.get().0.then(|| view! { <p class="quiet-text pulse" role="status">{t!("models-looking-up")}</p> })
        }}
        {move || {
            lookup
                .get()
                .1
                .map(|notice| {
                    view! {
                        <Problem notice />
                        <Actions actions=vec![(t!("notices-again"), again)] />
                    }
                })
        }}
        {move || listing.get().map(|listing| view! { <Forms listing /> })}
        <FitPanel />
        {move || locked.get().then(|| view! { <AccessToken /> })}
        <Knobs />
        <Buttons />
    }
}

/// The forms a model comes in.
#[component]
fn Forms(listing: Arc<Listing>) -> impl IntoView {
    let page = page();
    let chosen = Memo::new(move |_| read(|_, card| card.chosen).flatten());
    let mut facts = vec![listing.reference.clone()];
    facts.extend(listing.license.clone());
    facts.extend(listing.revision.as_ref().map(|r| t!("models-commit", commit = r.get(..7).unwrap_or(r))));
    let recommended = listing.options.iter().position(|option| option.unsupported.is_none());
    if recommended.is_none() {
        let what = if listing.options.is_empty() { t!("models-no-files") } else { t!("models-no-form") };
        facts.push(what);
    }
    let forms = listing
        .options
        .iter()
        .enumerate()
        .map(|(index, option)| {
            let (unsupported, label) = (option.unsupported.is_some(), option.label.clone());
            let why = option.unsupported.as_ref().map(|_| {
                if label.to_ascii_lowercase().contains("safetensors") {
                    t!("models-no-tokenizer")
                } else {
                    t!("models-unsupported", form = label.as_str())
                }
            });
            let parts = option.files.len();
            let size = if parts > 1 {
                t!("models-in-files", size = figures::size(option.bytes), parts = parts)
            } else {
                figures::size(option.bytes)
            };
            let tag = match (option.stored, recommended == Some(index)) {
                (true, _) => Some(t!("models-stored-tag")),
                (false, true) => Some(t!("models-recommended")),
                _ => None,
            };
            view! {
                <label class="form" class:barred=unsupported>
                    <input
                        type="radio"
                        name="form"
                        disabled=unsupported
                        prop:checked=move || chosen.get() == Some(index)
                        on:change=move |_| page.act_on_models(|models| models.choose(index))
                    />
                    <span class="form-label">{label}</span>
                    {tag.map(|tag| view! { <span class="tag">{tag}</span> })}
                    <span class="form-size">{size}</span>
                    {why.map(|why| view! { <span class="form-why">{why}</span> })}
                </label>
            }
        })
        .collect_view();
    view! {
        <p class="row-sub">{facts.join(" · ")}</p>
        <fieldset class="forms">
            <legend>{t!("models-form")}</legend>
            {forms}
        </fieldset>
    }
}

/// Context, and how unquantised weights are held.
#[component]
fn Knobs() -> impl IntoView {
    let page = page();
    let contexts = Memo::new(move |_| {
        read(|_, card| card.report.as_deref().map(fit::contexts)).flatten().unwrap_or_default()
    });
    let context = Memo::new(move |_| {
        read(|_, card| card.context.or(card.report.as_ref().map(|report| report.context))).flatten()
    });
    let longest = Memo::new(move |_| {
        read(|_, card| card.report.as_ref().map(|report| (report.largest_context, report.model_context)))
            .flatten()
    });
    let unquantised = Memo::new(move |_| read(|_, card| card.is_unquantised()).unwrap_or(false));
    let label = move |tokens: usize| match longest.get() {
        Some((_, model)) if tokens == model => {
            t!("models-context-all", tokens = tokens)
        }
        Some((fits, _)) if tokens == fits => t!("models-context-longest", tokens = tokens),
        _ => figures::count(tokens as u64),
    };
    let choose = move |event| {
        if let Ok(tokens) = event_target_value(&event).parse() {
            page.act_on_models(|models| models.set_context(tokens));
        }
    };
    let hold = move |event| {
        let quantize = match event_target_value(&event).as_str() {
            "q4" => Quantize::Q4,
            "nf4" => Quantize::Nf4,
            "q8" => Quantize::Q8,
            _ => Quantize::None,
        };
        page.act_on_models(|models| models.set_quantize(quantize));
    };
    view! {
        <div class="fields">
            <Show when=move || contexts.with(|contexts| !contexts.is_empty())>
                <div class="field">
                    <label for="context">{t!("models-context-field")}</label>
                    <select id="context" on:change=choose prop:value=move || context.get().unwrap_or(0).to_string()>
                        {move || {
                            contexts
                                .get()
                                .into_iter()
                                .map(|tokens| {
                                    view! {
                                        <option
                                            value=tokens.to_string()
                                            prop:selected=move || context.get() == Some(tokens)
                                        >
                                            {move || label(tokens)}
                                        </option>
                                    }
                                })
                                .collect_view()
                        }}
                    </select>
                </div>
            </Show>
            <Show when=move || unquantised.get()>
                <div class="field">
                    <label for="quantize">{t!("models-held")}</label>
                    <select id="quantize" on:change=hold>
                        <option value="none">{t!("models-held-file")}</option>
                        <option value="q8">{t!("models-held-q8")}</option>
                        <option value="q4">{t!("models-held-q4")}</option>
                        <option value="nf4">{t!("models-held-nf4")}</option>
                    </select>
                </div>
            </Show>
        </div>
    }
}

/// What to do with it.
#[component]
fn Buttons() -> impl IntoView {
    let page = page();
    let known = Memo::new(move |_| read(|_, card| card.source().is_some()).unwrap_or(false));
    let kind = Memo::new(move |_| read(|_, card| card.kind).unwrap_or(Kind::Remote));
    let here = Memo::new(move |_| read(Models::is_stored).unwrap_or(false));
    let busy =
        Memo::new(move |_| read(|_, card| matches!(card.inspection, Task::Running(_))).unwrap_or(true));
    // What was found not to fit can still be tried, but is not what is proposed.
    let doubtful = Memo::new(move |_| {
        read(|_, card| card.report.as_ref().is_none_or(|report| report.fit == Fit::TooLarge)).unwrap_or(true)
    });
    let lack = Memo::new(move |_| read(Models::lacks_room).flatten());
    let run = move |_| {
        page.act_on_models(Models::run);
        page.close_models();
    };
    let download = move |_| {
        page.keep_models();
        page.act_on_models(Models::download);
    };
    let primary = move || if doubtful.get() { "plain" } else { "plain primary" };
    let run_label = move || if doubtful.get() { t!("models-run-anyway") } else { t!("models-run") };
    let download_label =
        move || if doubtful.get() { t!("models-download-anyway") } else { t!("models-download-and-run") };
    view! {
        {move || {
            lack.get()
                .filter(|_| !here.get())
                .map(|lack| {
                    let text = t!("models-no-room", size = figures::size(lack));
                    view! { <p class="error">{text}</p> }
                })
        }}
        <Show when=move || known.get()>
            <p class="hint">
                {move || match (kind.get(), here.get()) {
                    (Kind::Picked, _) => t!("models-picked-hint"),
                    (_, true) => String::new(),
                    _ => t!("models-save-hint"),
                }}
            </p>
            <p class="buttons final">
                <Show
                    when=move || here.get()
                    fallback=move || {
                        view! {
                            <button
                                type="button"
                                class=primary
                                disabled=move || busy.get() || lack.get().is_some()
                                on:click=download
                            >
                                {download_label}
                            </button>
                            <button type="button" class="plain" disabled=move || busy.get() on:click=run>
                                {t!("models-run-unsaved")}
                            </button>
                        }
                    }
                >
                    <button type="button" class=primary disabled=move || busy.get() on:click=run>
                        {run_label}
                    </button>
                </Show>
                <button type="button" class="plain" on:click=move |_| page.act_on_models(Models::back)>
                    {t!("models-cancel")}
                </button>
            </p>
        </Show>
    }
}
