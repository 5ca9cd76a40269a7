//! How the next question is searched for, and what this browser keeps: settings as a file, models.

use leptos::html;
use leptos::prelude::*;

use super::{looks, open};
use crate::ui::chats::Chats;
use crate::ui::dom;
use crate::ui::page::page;
use crate::ui::settings_file;
use crate::ui::view::search::Presets;
use crate::ui::words::t;

/// Whether and how to search, in short; the rest is in a dialog of its own.
#[component]
pub fn SearchDefaults() -> impl IntoView {
    let page = page();
    view! {
        <h3>{t!("settings-search")}</h3>
        <p class="hint">{t!("settings-search-hint")}</p>
        <p class="buttons">
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || page.search.with(|search| search.on)
                    on:change=move |event| {
                        let on = event_target_checked(&event);
                        page.search.update(|search| search.on = on);
                    }
                />
                " "
                {t!("settings-search-on")}
            </label>
            <Presets />
            <button type="button" class="plain" on:click=move |_| open(page.search_dialog)>
                {t!("settings-search-open")}
            </button>
        </p>
    }
}

/// What is kept here, and the settings as a file.
#[component]
pub fn Data(
    /// Counts how often other values took the place of what was typed.
    restored: RwSignal<u32>,
) -> impl IntoView {
    let page = page();
    // What came of the last file: whether it was taken, and what to say.
    let outcome = RwSignal::new(None::<(bool, String)>);
    let export = move |_| {
        let text = page.settings.with_untracked(|settings| {
            page.search.with_untracked(|search| settings_file::write(settings, search))
        });
        dom::download("polo-settings.json", "application/json", &text);
    };
    let import = move |event: leptos::ev::Event| {
        let input: web_sys::HtmlInputElement = event_target(&event);
        let file = dom::files_of(input.files().as_ref()).into_iter().next();
        // The same file can be chosen again.
        input.set_value("");
        let Some(file) = file else { return };
        leptos::task::spawn_local(async move {
            match settings_file::read(&dom::text_of(&file).await) {
                Ok((settings, search)) => {
                    let speaks = page.settings.with_untracked(|old| old.language) == settings.language;
                    page.search.set(search);
                    page.settings.set(settings);
                    restored.try_update(|count| *count += 1);
                    if !speaks {
                        looks::open_again(page.settings_dialog);
                    }
                    outcome.try_set(Some((true, t!("settings-imported"))));
                }
                Err(why) => {
                    outcome.try_set(Some((false, t!("settings-import-failed", why = why))));
                }
            }
        });
    };
    view! {
        <h3>{t!("settings-data")}</h3>
        <p class="hint">{t!("settings-data-hint")}</p>
        <p class="buttons">
            <button type="button" class="plain" on:click=move |_| page.export_chats()>
                {t!("settings-chats-export")}
            </button>
            <button type="button" class="plain" on:click=export>
                {t!("settings-export")}
            </button>
            <label class="plain file">
                {t!("settings-import")}
                <input class="hidden" type="file" accept=".json,application/json" on:change=import />
            </label>
            <button type="button" class="plain" on:click=move |_| page.open_models()>
                {t!("settings-data-models")}
            </button>
        </p>
        <DeleteChats />
        <p class="hint" role="status" class:error=move || outcome.with(|o| o.as_ref().is_some_and(|(good, _)| !good))>
            {move || outcome.get().map(|(_, said)| said)}
        </p>
    }
}

/// Deletes all conversations, once that was confirmed in the same place. The safe answer has the focus.
#[component]
fn DeleteChats() -> impl IntoView {
    let page = page();
    let count = move || page.chats.with(Chats::count);
    let asked = RwSignal::new(false);
    let said = RwSignal::new(None::<&'static str>);
    // The button that was pressed is gone: the focus goes on to the one in its place, but not when all this opens.
    let (keep, begin) = (NodeRef::<html::Button>::new(), NodeRef::<html::Button>::new());
    let answered = StoredValue::new(false);
    for (button, later) in [(keep, false), (begin, true)] {
        Effect::new(move |_| {
            if let Some(button) = button.get()
                && (!later || answered.get_value())
            {
                // A button that is gone has no focus to take.
                drop(button.focus());
            }
        });
    }
    let answer = move |all: bool| {
        answered.set_value(true);
        if all {
            page.delete_all_chats();
            said.set(Some("settings-chats-deleted"));
        }
        asked.set(false);
    };
    let ask = move |_| {
        let some = page.chats.with_untracked(Chats::count) > 0;
        asked.set(some);
        said.set((!some).then_some("settings-chats-none"));
    };
    view! {
        <p class="buttons">
            <Show
                when=move || asked.get()
                fallback=move || {
                    view! {
                        <button type="button" class="plain danger" node_ref=begin on:click=ask>
                            {t!("settings-chats-delete")}
                        </button>
                    }
                }
            >
                <span>{move || t!("settings-chats-ask", count = count())}</span>
                <button type="button" class="plain" node_ref=keep on:click=move |_| answer(false)>
                    {t!("settings-chats-keep")}
                </button>
                <button type="button" class="plain danger" on:click=move |_| answer(true)>
                    {t!("settings-chats-delete")}
                </button>
            </Show>
        </p>
        <p class="hint" role="status">{move || said.get().map(|key| t!(key))}</p>
    }
}
