//! The dialog with the knobs of a request.

use leptos::html;
use leptos::prelude::*;

use crate::protocol::SamplingOptions;

use super::icons::{CLOSE, Icon};
use crate::ui::page::page;
use crate::ui::settings::{Knob, Settings};

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
                    <button type="button" class="icon-button" aria-label="Close" on:click=move |_| close()>
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
        <Dialog node_ref=page.settings_dialog id="settings-title" title="Settings">
            <p class="quiet-text">"Used from the next message on. Kept in this browser."</p>
            <div class="field">
                <label for="system">"System prompt"</label>
                <textarea
                    id="system"
                    rows="3"
                    placeholder="Empty: the model's own"
                    prop:value=move || page.settings.with(|s| s.system.clone())
                    on:input=move |event| {
                        let text = event_target_value(&event);
                        page.settings.update(|settings| settings.system = text);
                    }
                ></textarea>
            </div>
            <div class="fields">
                <Number knob=Knob::MaxNewTokens id="max-new-tokens" label="Max new tokens" hint="Longest reply." restored />
                <Number knob=Knob::Temperature id="temperature" label="Temperature" hint="0 always takes the likeliest token." restored />
                <Number knob=Knob::TopP id="top-p" label="Top-p" hint="Likeliest tokens that sum to this. 1 keeps all." restored />
                <Number knob=Knob::TopK id="top-k" label="Top-k" hint="Likeliest tokens kept. 0 keeps all." restored />
                <Number knob=Knob::Seed id="seed" label="Seed" hint="The same seed gives the same reply." restored />
            </div>
            <p>
                <button
                    type="button"
                    class="plain"
                    on:click=move |_| {
                        page.settings.set(Settings::default());
                        restored.update(|count| *count += 1);
                    }
                >
                    "Restore defaults"
                </button>
            </p>
        </Dialog>
    }
}

/// A knob that is typed; what is not accepted is said and not used.
#[component]
fn Number(
    knob: Knob,
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    /// Counts how often the defaults were restored.
    restored: RwSignal<u32>,
) -> impl IntoView {
    let page = page();
    let error = RwSignal::new(None::<String>);
    let typed = RwSignal::new(page.settings.with_untracked(|settings| settings.typed(knob)));
    Effect::new(move |_| {
        if restored.get() > 0 {
            typed.set(String::new());
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
            <label for=id>{label}</label>
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
                {move || error.get().unwrap_or_else(|| hint.to_owned())}
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
        Knob::Seed => "new each time".to_owned(),
    }
}
