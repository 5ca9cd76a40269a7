//! A conversation in the list: opened, renamed, exported, deleted.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icons::{DOWNLOAD, EDIT, Icon, TRASH};
use super::live::live;
use crate::ui::chats::For;
use crate::ui::chats::list::Head;
use crate::ui::page::page;
use crate::ui::words::t;

/// One conversation; `snippet` is what was found in it.
#[component]
pub fn Row(head: Head, snippet: Option<String>) -> impl IntoView {
    let page = page();
    let renaming = RwSignal::new(false);
    let Head { id, title, .. } = head;
    let name = if title.is_empty() { t!("chats-untitled") } else { title };
    let id = StoredValue::new(id);
    let shown = live().shown;
    let title = StoredValue::new(name);
    let current = Memo::new(move |_| shown.with(|shown| id.with_value(|id| shown == id)));
    let name = move |key: &str| t!(key, title = title.get_value());
    let export = move |_| id.with_value(|id| page.act_on_chats(|chats| chats.read(id, For::Export)));
    view! {
        <li class="chat-row" class:here=move || current.get()>
            <Show when=move || !renaming.get() fallback=move || view! { <Rename id title renaming /> }>
                <button
                    type="button"
                    class="chat-title"
                    data-chat=id.get_value()
                    dir="auto"
                    title=title.get_value()
                    aria-current=move || current.get().then_some("true")
                    on:click=move |_| id.with_value(|id| page.open_chat(id))
                >
                    <span>{title.get_value()}</span>
                    {snippet.clone().map(|snippet| view! { <small>{snippet}</small> })}
                </button>
                <span class="chat-actions">
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=name("chats-rename")
                        title=t!("chats-rename-short")
                        on:click=move |_| renaming.set(true)
                    >
                        <Icon path=EDIT />
                    </button>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=name("chats-export")
                        title=t!("chats-export-short")
                        on:click=export
                    >
                        <Icon path=DOWNLOAD />
                    </button>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=name("chats-delete")
                        title=t!("chats-delete-short")
                        on:click=move |_| id.with_value(|id| page.delete_chat(id))
                    >
                        <Icon path=TRASH />
                    </button>
                </span>
            </Show>
        </li>
    }
}

/// Puts the cursor back on a title, once it stands there again.
fn focus_title(id: String) {
    request_animation_frame(move || {
        let title = document().query_selector(&format!("[data-chat=\"{id}\"]")).ok().flatten();
        if let Some(title) = title.and_then(|title| title.dyn_into::<web_sys::HtmlElement>().ok()) {
            // A title that is gone has no focus to take.
            drop(title.focus());
        }
    });
}

/// The title as a field: Enter keeps it, Escape leaves it as it was.
#[component]
fn Rename(id: StoredValue<String>, title: StoredValue<String>, renaming: RwSignal<bool>) -> impl IntoView {
    let page = page();
    let input = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // An element that is gone has no focus to take.
            drop(input.focus());
            input.select();
        }
    });
    let keep = move || {
        let typed = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        // Whoever leaves the field after Escape has left it already.
        if renaming.get_untracked() {
            renaming.set(false);
            if typed.trim() != title.get_value() {
                id.with_value(|id| page.rename_chat(id, &typed));
            }
        }
    };
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() => {
            keep();
            focus_title(id.get_value());
        }
        "Escape" => {
            // It closes neither the drawer nor stops a reply.
            event.prevent_default();
            event.stop_propagation();
            renaming.set(false);
            focus_title(id.get_value());
        }
        _ => {}
    };
    view! {
        <input
            type="text"
            class="chat-rename"
            dir="auto"
            node_ref=input
            aria-label=t!("chats-title-of", title = title.get_value())
            value=title.get_value()
            on:keydown=on_key
            on:blur=move |_| keep()
        />
    }
}
