//! The settings: how the page speaks and looks, the knobs of a request, searches, data.

mod data;
mod looks;
mod prompts;

use leptos::html;
use leptos::prelude::*;

use crate::protocol::SamplingOptions;

use super::icons::{CLOSE, Icon};
use crate::ui::page::page;
use crate::ui::settings::Knob;
use crate::ui::words::t;
use data::{Data, SearchDefaults};
use looks::Looks;
use prompts::Prompts;

/// A dialog with a heading and a way out.
#[component]
pub fn Dialog(
    node_ref: NodeRef<html::Dialog>,
    id: &'static str,
    #[prop(into)] title: String,
    children: Children,
) -> impl IntoView {
    let close = move || {
        if let Some(dialog) = node_ref.get_untracked() {
            dialog.close();
        }
    };
    // A press beside the dialog lands on the dialog element itself.
    let on_click = move |event: leptos::ev::MouseEvent| {
        let hit: Option<web_sys::Element> =
            event.target().and_then(|target| wasm_bindgen::JsCast::dyn_into(target).ok());
        if hit.is_some_and(|hit| hit.tag_name().eq_ignore_ascii_case("dialog")) {
            close();
        }
    };
    view! {
        <dialog node_ref=node_ref aria-labelledby=id on:click=on_click>
            <div class="dialog-body">
                <header>
                    <h2 id=id tabindex="-1">
                        {title}
                    </h2>
                    <button type="button" class="icon-button" aria-label=t!("page-close") on:click=move |_| close()>
                        <Icon path=CLOSE />
                    </button>
                </header>
                {children()}
            </div>
        </dialog>
    }
}

/// Opens a dialog.
pub(super) fn open(dialog: NodeRef<html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked() {
        // It fails only when it is open already.
        drop(dialog.show_modal());
    }
}

/// The settings.
#[component]
pub fn SettingsDialog() -> impl IntoView {
    let page = page();
    let restored = RwSignal::new(0_u32);
    view! {
        <Dialog node_ref=page.settings_dialog id="settings-title" title=t!("settings-title")>
            <p class="quiet-text">{t!("settings-about")}</p>
            <Looks />
            <Prompts />
            <h3>{t!("settings-sampling")}</h3>
            <div class="fields">
                <Number knob=Knob::MaxNewTokens id="max-new-tokens" words=("settings-max-tokens", "settings-max-tokens-hint") restored />
                <Number knob=Knob::Temperature id="temperature" words=("settings-temperature", "settings-temperature-hint") restored />
                <Number knob=Knob::TopP id="top-p" words=("settings-top-p", "settings-top-p-hint") restored />
                <Number knob=Knob::TopK id="top-k" words=("settings-top-k", "settings-top-k-hint") restored />
                <Number knob=Knob::Seed id="seed" words=("settings-seed", "settings-seed-hint") restored />
            </div>
            <p>
                <button
                    type="button"
                    class="plain"
                    on:click=move |_| {
                        page.settings.update(|settings| *settings = settings.restored());
                        restored.update(|count| *count += 1);
                    }
                >
                    {t!("settings-restore")}
                </button>
                " "
                <span class="hint">{t!("settings-restore-hint")}</span>
            </p>
            <SearchDefaults />
            <Data restored />
        </Dialog>
    }
}

/// A knob that is typed; what is not accepted is said and not used.
#[component]
fn Number(
    knob: Knob,
    id: &'static str,
    /// The messages of its name and of what it does.
    words: (&'static str, &'static str),
    /// Counts how often other values took the place of what was typed.
    restored: RwSignal<u32>,
) -> impl IntoView {
    let page = page();
    let error = RwSignal::new(None::<String>);
    let typed = RwSignal::new(page.settings.with_untracked(|settings| settings.typed(knob)));
    Effect::new(move |_| {
        if restored.get() > 0 {
            typed.set(page.settings.with_untracked(|settings| settings.typed(knob)));
            error.set(None);
        }
    });
    let default = move || {
        let model = page.chat.with(|chat| chat.model.as_ref().and_then(|model| model.sampling.clone()));
        placeholder(knob, &model.unwrap_or_default())
    };
    let on_input = move |event| {
        let text = event_target_value(&event);
        typed.set(text.clone());
        let mut next = page.settings.get_untracked();
        match next.set(knob, &text) {
            Ok(()) => {
                error.set(None);
                page.settings.set(next);
            }
            Err(what) => error.set(Some(what)),
        }
    };
    let hint_id = format!("{id}-hint");
    view! {
        <div class="field">
            <label for=id>{t!(words.0)}</label>
            <input
                id=id
                type="text"
                inputmode="decimal"
                autocomplete="off"
                placeholder=default
                prop:value=typed
                aria-invalid=move || error.with(Option::is_some).to_string()
                aria-describedby=hint_id.clone()
                on:input=on_input
            />
            <p class="hint" id=hint_id class:error=move || error.with(Option::is_some)>
                {move || error.get().unwrap_or_else(|| t!(words.1))}
            </p>
        </div>
    }
}

fn placeholder(knob: Knob, sampling: &SamplingOptions) -> String {
    match knob {
        Knob::MaxNewTokens => sampling.max_new_tokens.to_string(),
        Knob::Temperature => sampling.temperature.to_string(),
        Knob::TopP => sampling.top_p.to_string(),
        Knob::TopK => sampling.top_k.to_string(),
        Knob::Seed => t!("settings-seed-new"),
    }
}
