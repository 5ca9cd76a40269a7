//! The dialog with the models: what runs, what is stored, what there is to get, and the storage itself.

use leptos::prelude::*;

use crate::protocol::{CatalogueEntry, Library, LoadPhase, ModelSource};

use super::card::CardView;
use super::icons::{BACK, Icon};
use super::notice::{Actions, Problem};
use super::pulls::Pulls;
use super::server::Server;
use super::settings::{self, Dialog};
use super::storage::Storage;
use super::stored::Stored;
use super::words::coded;
use crate::ui::choice::{Choice, same_model};
use crate::ui::dom;
use crate::ui::figures;
use crate::ui::models::{Models, about};
use crate::ui::page::page;
use crate::ui::progress::{self, STEPS};
use crate::ui::state::{Chat, Phase};
use crate::ui::words::t;

/// The dialog.
#[component]
pub fn ModelsDialog() -> impl IntoView {
    let page = page();
    let looking = Memo::new(move |_| page.models.with(|models| models.card.as_ref().map(|card| card.key)));
    // Back in the list, whoever came by keyboard goes on from its top.
    Effect::new(move |before: Option<bool>| {
        let now = looking.get().is_some();
        let dialog = page.models_dialog.get_untracked();
        if let Some(dialog) = &dialog {
            dialog.set_scroll_top(0);
        }
        if before == Some(true)
            && !now
            && let Some(dialog) = dialog
            && let Ok(Some(title)) = dialog.query_selector("h2")
            && let Ok(title) = wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(title)
        {
            drop(title.focus());
        }
        now
    });
    // Kept while a model is being looked at.
    let reference = RwSignal::new(String::new());
    view! {
        <Dialog node_ref=page.models_dialog id="models-title" title=t!("models-title")>
            {move || match looking.get() {
                Some(key) => {
                    view! {
                        <button
                            type="button"
                            class="quiet back"
                            on:click=move |_| page.act_on_models(Models::back)
                        >
                            <Icon path=BACK />
                            {t!("models-all")}
                        </button>
                        <CardView key />
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <Current />
                        <Pulls />
                        <Stored />
                        <Get reference />
                        <Server />
                        <Catalogue />
                        <Storage />
                    }
                        .into_any()
                }
            }}
            // A dialog hides the page's own status from screen readers.
            <p class="hidden" role="status">
                {move || page.models.with(|models| models.announcement.clone())}
            </p>
        </Dialog>
    }
}

/// The model that runs, or is about to.
#[component]
fn Current() -> impl IntoView {
    let page = page();
    let phase = Memo::new(move |_| page.chat.with(|chat| chat.phase));
    let title = Memo::new(move |_| page.chat.with(|chat| chat.choice.title.clone()));
    let facts = Memo::new(move |_| {
        page.chat.with(|chat| {
            let model = chat.model.as_ref()?;
            if let ModelSource::Remote { url, .. } = &chat.choice.source {
                // Its weights are somebody else's matter.
                return Some(t!("models-at-server", url = url.as_str()));
            }
            let mut facts = vec![
                t!("models-weights", weights = figures::weights(model.parameters)),
                t!("models-on-gpu", size = figures::bytes(model.weight_bytes + model.kv_bytes)),
                t!("models-context", tokens = model.context),
            ];
            facts.extend(chat.device.as_ref().map(|device| device.name.clone()).filter(|n| !n.is_empty()));
            Some(facts.join(" · "))
        })
    });
    let failure =
        Memo::new(move |_| page.chat.with(|chat| chat.notice.clone().filter(|_| chat.phase == Phase::Down)));
    let tiny = Memo::new(move |_| page.chat.with(|chat| chat.choice.is_tiny()));
    let again = Callback::new(move |()| page.act(Chat::try_again));
    let use_tiny = Callback::new(move |()| page.act(|chat| chat.use_model(Choice::default())));
    let loading = move || match phase.get() {
        Phase::Loading { phase, done_bytes, total_bytes } => Some((phase, done_bytes, total_bytes)),
        _ => None,
    };
    let step = Memo::new(move |_| loading().map(|(phase, ..)| phase));
    view! {
        <section class="current" aria-label=t!("models-in-use-region") data-phase=move || state_name(phase.get())>
            <div class="row-main">
                <p class="row-title">{move || title.get()}</p>
                <p class="row-sub">
                    {move || facts.get().unwrap_or_else(|| progress::sentence(phase.get()))}
                </p>
                {move || step.get().map(|now| view! { <Steps now /> })}
                {move || {
                    loading()
                        .filter(|(_, _, total)| *total > 0)
                        .map(|(_, done, total)| {
                            view! {
                                <progress
                                    class="bar"
                                    aria-label=t!("models-loading")
                                    max=total.to_string()
                                    value=done.to_string()
                                ></progress>
                            }
                        })
                }}
                {move || {
                    failure
                        .get()
                        .map(|notice| {
                            let mut actions = vec![(t!("notices-again"), again)];
                            if !tiny.get() {
                                actions.push((t!("notices-use-tiny"), use_tiny));
                            }
                            view! {
                                <Problem notice />
                                <Actions actions />
                            }
                        })
                }}
            </div>
            <div class="row-actions">
                <button type="button" class="plain" on:click=move |_| settings::open(page.inspector)>
                    {t!("models-open-inspector")}
                </button>
            </div>
        </section>
    }
}

/// The name of a phase in the style sheet.
pub(super) fn state_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Ready => "ready",
        Phase::Down => "down",
        _ => "loading",
    }
}

/// The phases of a load: those that are done, the present one, those to come.
#[component]
fn Steps(now: LoadPhase) -> impl IntoView {
    let at = STEPS.iter().position(|(phase, _)| *phase == now).unwrap_or(0);
    let steps = STEPS
        .into_iter()
        .enumerate()
        .map(|(index, (_, name))| {
            let class = match index.cmp(&at) {
                std::cmp::Ordering::Less => "done",
                std::cmp::Ordering::Equal => "now",
                std::cmp::Ordering::Greater => "to-come",
            };
            view! { <li class=class aria-current=(index == at).then_some("step")>{t!(name)}</li> }
        })
        .collect_view();
    view! { <ol class="steps" aria-label=t!("models-steps")>{steps}</ol> }
}

/// Ways to a model that is not in the list: a name, an address, files.
#[component]
fn Get(reference: RwSignal<String>) -> impl IntoView {
    let page = page();
    let find = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        page.act_on_models(|models| {
            models.find(&reference.get_untracked());
        });
    };
    let pick = move |event: leptos::ev::Event| {
        let input: web_sys::HtmlInputElement = event_target(&event);
        let files = dom::files_of(input.files().as_ref());
        // The same files can be chosen again.
        input.set_value("");
        page.take_files(files);
    };
    view! {
        <section aria-labelledby="get">
            <h3 id="get">{t!("models-get")}</h3>
            <form class="search" on:submit=find>
                <label class="hidden" for="reference">{t!("models-reference")}</label>
                <input
                    id="reference"
                    type="text"
                    inputmode="url"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder=t!("models-reference-placeholder")
                    aria-describedby="reference-hint"
                    prop:value=reference
                    on:input=move |event| reference.set(event_target_value(&event))
                />
                <button type="submit" class="plain" disabled=move || reference.with(|r| r.trim().is_empty())>
                    {t!("models-find")}
                </button>
                <label class="plain file">
                    {t!("models-open-files")}
                    <input type="file" class="hidden" multiple accept=".gguf,.safetensors,.json,.jinja,.txt" on:change=pick />
                </label>
            </form>
            <p class="hint" id="reference-hint">
                {coded(&t!("models-get-hint"))}
            </p>
            // A link can name the place, and the person should see where a model comes from.
            {page.hub.get_value().map(|hub| view! { <p class="hint">{coded(&t!("models-hub", hub = hub))}</p> })}
            {move || page.not_a_model.get().map(|why| view! { <p class="error" role="alert">{why}</p> })}
        </section>
    }
}

/// Models known to suit.
#[component]
fn Catalogue() -> impl IntoView {
    let page = page();
    let library = Memo::new(move |_| page.models.with(|models| models.library.clone()));
    let entries = Memo::new(move |_| {
        library.with(|library| library.as_ref().map(|library| library.catalogue.clone()).unwrap_or_default())
    });
    view! {
        <Show when=move || entries.with(|entries| !entries.is_empty())>
            <section aria-labelledby="catalogue">
                <h3 id="catalogue">{t!("models-catalogue")}</h3>
                <ul class="entries">
                    <For each=move || entries.get() key=|entry| entry.alias.clone() let(entry)>
                        <Entry entry library />
                    </For>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn Entry(entry: CatalogueEntry, library: Memo<Option<std::sync::Arc<Library>>>) -> impl IntoView {
    let page = page();
    let source = entry.source.clone();
    let here = Memo::new(move |_| {
        library.with(|library| {
            let models = library.iter().flat_map(|library| &library.models);
            models.into_iter().any(|model| model.complete && same_model(&model.source, &source))
        })
    });
    let facts = format!(
        "{} · {} · {}",
        t!("models-weights", weights = figures::weights(entry.parameters)),
        figures::size(entry.bytes),
        entry.license
    );
    let (title, about) = (entry.title.clone(), about(&entry));
    view! {
        <li>
            <button
                type="button"
                class="entry"
                on:click=move |_| page.act_on_models(|models| models.look_at(&entry))
            >
                <span class="row-title">
                    {title}
                    <Show when=move || here.get()>
                        <span class="tag">{t!("models-stored-tag")}</span>
                    </Show>
                </span>
                <span class="entry-about">{about}</span>
                <span class="row-sub">{facts}</span>
            </button>
        </li>
    }
}
