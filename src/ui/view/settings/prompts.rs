//! The system prompt: typed, taken from a list, saved by name.

use leptos::html;
use leptos::prelude::*;

use crate::ui::page::page;
use crate::ui::prompts::Which;
use crate::ui::settings::Settings;
use crate::ui::words::t;

/// The prompt with its list.
#[component]
pub fn Prompts() -> impl IntoView {
    let page = page();
    let which = Memo::new(move |_| page.settings.with(Settings::prompt));
    let saved = Memo::new(move |_| {
        page.settings.with(|settings| settings.prompts.iter().map(|one| one.name.clone()).collect::<Vec<_>>())
    });
    let said = RwSignal::new(String::new());
    let name = NodeRef::<html::Input>::new();
    let choose = move |event| {
        let value = event_target_value(&event);
        said.set(String::new());
        page.settings.update(|settings| settings.take_prompt(&value));
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(field) = name.get_untracked() else { return };
        let name = field.value();
        if page.settings.try_update(|settings| settings.save_prompt(&name)) == Some(true) {
            said.set(t!("settings-prompt-saved", name = name.trim()));
            field.set_value("");
        }
    };
    let delete = move |_| {
        let name = page.settings.try_update(Settings::delete_prompt).flatten();
        if let Some(name) = name {
            said.set(t!("settings-prompt-deleted", name = name));
        }
    };
    let option = move |one: Which, name: String| {
        view! { <option value=one.value() selected=move || which.get() == one>{name}</option> }
    };
    view! {
        <div class="field">
            <label for="system">{t!("settings-system")}</label>
            <p class="hint" id="system-hint">{t!("settings-system-hint")}</p>
            <select
                class="preset"
                aria-label=t!("settings-prompt")
                prop:value=move || which.get().value()
                on:change=choose
            >
                {option(Which::Model, t!("settings-prompt-own"))}
                {option(Which::Marco, t!("settings-prompt-marco"))}
                {move || {
                    let names = saved.get().into_iter().enumerate();
                    names.map(|(at, name)| option(Which::Saved(at), name)).collect_view()
                }}
                <option
                    value=Which::Typed.value()
                    disabled=true
                    hidden=move || which.get() != Which::Typed
                    selected=move || which.get() == Which::Typed
                >
                    {t!("settings-prompt-typed")}
                </option>
            </select>
            <textarea
                id="system"
                rows="3"
                dir="auto"
                aria-describedby="system-hint"
                placeholder=t!("settings-system-placeholder")
                prop:value=move || page.settings.with(|s| s.system.clone())
                on:input=move |event| {
                    let text = event_target_value(&event);
                    page.settings.update(|settings| settings.system = text);
                }
            ></textarea>
            <Show when=move || which.get() == Which::Typed>
                <form class="token" on:submit=save>
                    <label>
                        {t!("settings-prompt-name")}
                        <input type="text" autocomplete="off" required node_ref=name />
                    </label>
                    <button type="submit" class="plain">
                        {t!("settings-prompt-save")}
                    </button>
                </form>
            </Show>
            <Show when=move || matches!(which.get(), Which::Saved(_))>
                <p class="buttons">
                    <button type="button" class="plain" on:click=delete>
                        {t!("settings-prompt-delete")}
                    </button>
                </p>
            </Show>
            <p class="hint" role="status">{said}</p>
        </div>
    }
}
