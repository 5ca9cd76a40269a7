//! Language and theme: how the page itself speaks and looks.

use leptos::html;
use leptos::prelude::*;

use super::open;
use crate::ui::page::page;
use crate::ui::theme::Theme;
use crate::ui::words::{Language, t};

/// The two lists.
#[component]
pub fn Looks() -> impl IntoView {
    let page = page();
    let language = Memo::new(move |_| page.settings.with(|settings| settings.language));
    let theme = Memo::new(move |_| page.settings.with(|settings| settings.theme));
    let speak = move |event: leptos::ev::Event| {
        let code = event_target_value(&event);
        let language = Language::ALL.into_iter().find(|language| language.code() == code);
        page.settings.update(|settings| settings.language = language);
        open_again(page.settings_dialog);
    };
    let show = move |event: leptos::ev::Event| {
        let name = event_target_value(&event);
        let theme = Theme::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default();
        page.settings.update(|settings| settings.theme = theme);
    };
    let languages = Language::ALL.map(|one| {
        view! {
            <option value=one.code() lang=one.code() selected=move || language.get() == Some(one)>
                {one.own_name()}
            </option>
        }
    });
    let themes = [
        (Theme::System, "settings-theme-auto"),
        (Theme::Light, "settings-theme-light"),
        (Theme::Dark, "settings-theme-dark"),
    ]
    .map(|(one, name)| {
        view! { <option value=one.name() selected=move || theme.get() == one>{t!(name)}</option> }
    });
    view! {
        <h3>{t!("settings-page")}</h3>
        <div class="fields">
            <div class="field">
                <label for="language">{t!("settings-language")}</label>
                <select
                    id="language"
                    prop:value=move || language.get().map_or("", Language::code)
                    on:change=speak
                >
                    <option value="" selected=move || language.get().is_none()>
                        {t!("settings-language-auto")}
                    </option>
                    {languages}
                </select>
            </div>
            <div class="field">
                <label for="theme">{t!("settings-theme")}</label>
                <select id="theme" prop:value=move || theme.get().name() on:change=show>
                    {themes}
                </select>
            </div>
        </div>
    }
}

/// Another language mounts the page anew, and this dialog with it: the reader goes on where they were.
pub(super) fn open_again(dialog: NodeRef<html::Dialog>) {
    request_animation_frame(move || {
        open(dialog);
        if let Some(field) = document().get_element_by_id("language")
            && let Ok(field) = wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(field)
        {
            // A field that is gone has no focus to take.
            drop(field.focus());
        }
    });
}
