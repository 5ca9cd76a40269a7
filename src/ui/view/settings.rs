//! The dialog with the knobs of a request.

use leptos::html;
use leptos::prelude::*;

use crate::protocol::SamplingOptions;

use super::icons::{CLOSE, Icon};
use crate::ui::page::page;
use crate::ui::settings::Knob;
use crate::ui::theme::Theme;
use crate::ui::words::{Language, t};

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
            <div class="field">
                <label for="system">{t!("settings-system")}</label>
                <textarea
                    id="system"
                    rows="3"
                    dir="auto"
                    placeholder=t!("settings-system-placeholder")
                    prop:value=move || page.settings.with(|s| s.system.clone())
                    on:input=move |event| {
                        let text = event_target_value(&event);
                        page.settings.update(|settings| settings.system = text);
                    }
                ></textarea>
            </div>
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
            </p>
        </Dialog>
    }
}

/// Language and theme: how the page itself looks and speaks.
#[component]
fn Looks() -> impl IntoView {
    let page = page();
    let language = page.settings.with_untracked(|settings| settings.language);
    let theme = page.settings.with_untracked(|settings| settings.theme);
    let speak = move |event: leptos::ev::Event| {
        let code = event_target_value(&event);
        let language = Language::ALL.into_iter().find(|language| language.code() == code);
        page.settings.update(|settings| settings.language = language);
        // The page was mounted anew, and this dialog with it: the reader goes on where they were.
        request_animation_frame(move || {
            open(page.settings_dialog);
            if let Some(field) = document().get_element_by_id("language") {
                drop(wasm_bindgen::JsCast::unchecked_into::<web_sys::HtmlElement>(field).focus());
            }
        });
    };
    let show = move |event: leptos::ev::Event| {
        let name = event_target_value(&event);
        let theme = Theme::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default();
        page.settings.update(|settings| settings.theme = theme);
    };
    let languages = Language::ALL.map(|one| {
        view! {
            <option value=one.code() lang=one.code() selected=language == Some(one)>
                {one.own_name()}
            </option>
        }
    });
    let themes = [
        (Theme::System, "settings-theme-auto"),
        (Theme::Light, "settings-theme-light"),
        (Theme::Dark, "settings-theme-dark"),
    ]
    .map(|(one, name)| view! { <option value=one.name() selected=theme == one>{t!(name)}</option> });
    view! {
        <div class="fields">
            <div class="field">
                <label for="language">{t!("settings-language")}</label>
                <select id="language" on:change=speak>
                    <option value="" selected=language.is_none()>
                        {t!("settings-language-auto")}
                    </option>
                    {languages}
                </select>
            </div>
            <div class="field">
                <label for="theme">{t!("settings-theme")}</label>
                <select id="theme" on:change=show>
                    {themes}
                </select>
            </div>
        </div>
    }
}

/// A knob that is typed; what is not accepted is said and not used.
#[component]
fn Number(
    knob: Knob,
    id: &'static str,
    /// The messages of its name and of what it does.
    words: (&'static str, &'static str),
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
