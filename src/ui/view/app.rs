//! The frame: header, conversation, composer, dialogs, and what is said to screen readers.

use leptos::ev;
use leptos::prelude::*;

use super::composer::Composer;
use super::conversation::{Conversation, Jump};
use super::icons::{Icon, Logo, PLUS, SLIDERS};
use super::inspector::ModelDialog;
use super::notice::NoticeView;
use super::settings::{self, SettingsDialog};
use super::support::{self, Missing, Unsupported};
use crate::ui::page::{Page, page};
use crate::ui::state::{Chat, Phase};

/// The page, or why there is none.
#[component]
pub fn App() -> impl IntoView {
    match support::missing() {
        Some(missing) => view! {
            <header class="top">
                <h1><Logo />"Polo"</h1>
            </header>
            <main><Unsupported missing /></main>
        }
        .into_any(),
        None => view! { <Shell /> }.into_any(),
    }
}

#[component]
fn Shell() -> impl IntoView {
    provide_context(Page::start());
    let page = page();
    let no_gpu = Memo::new(move |_| {
        page.chat.with(|chat| {
            chat.phase == Phase::Down && chat.notice.as_ref().is_some_and(|notice| notice.kind == "no_gpu")
        })
    });
    // Escape stops a reply, unless it closes a dialog.
    let handle = window_event_listener(ev::keydown, move |event| {
        let dialog_open = document().query_selector("dialog[open]").ok().flatten().is_some();
        if event.key() == "Escape" && !dialog_open && !event.is_composing() {
            page.act(Chat::stop);
        }
    });
    on_cleanup(move || handle.remove());
    view! {
        <a class="skip" href="#message">"Skip to the message box"</a>
        <header class="top">
            <h1><Logo />"Polo"</h1>
            <ModelButton />
            <nav aria-label="Page">
                <button
                    type="button"
                    class="quiet"
                    on:click=move |_| settings::open(page.settings_dialog)
                >
                    <Icon path=SLIDERS />
                    <span class="label">"Settings"</span>
                </button>
                <button
                    type="button"
                    class="quiet"
                    on:click=move |_| {
                        page.act(Chat::new_chat);
                        page.following.set(true);
                        page.focus_composer();
                    }
                >
                    <Icon path=PLUS />
                    <span class="label">"New chat"</span>
                </button>
            </nav>
        </header>
        <Show
            when=move || !no_gpu.get()
            fallback=|| view! { <main><Unsupported missing=Missing::Adapter /></main> }
        >
            <Conversation />
            <section class="dock" aria-label="Composer">
                <div class="column">
                    <Jump />
                    <Notices />
                    <Composer />
                </div>
            </section>
        </Show>
        <SettingsDialog />
        <ModelDialog />
        <p class="hidden" role="status">
            {move || page.chat.with(|chat| chat.announcement.clone())}
        </p>
    }
}

/// The model's name and state; opens "Model and GPU".
#[component]
fn ModelButton() -> impl IntoView {
    let page = page();
    let phase = Memo::new(move |_| page.chat.with(|chat| chat.phase));
    let name = Memo::new(move |_| {
        page.chat.with(|chat| {
            chat.model.as_ref().map_or_else(|| "Polo Tiny".to_owned(), |model| model.name.clone())
        })
    });
    let device = Memo::new(move |_| {
        page.chat.with(|chat| {
            let shown = chat.device.as_ref().filter(|_| chat.phase == Phase::Ready);
            shown.map(|device| device.name.clone()).filter(|name| !name.is_empty())
        })
    });
    let text = move || match phase.get() {
        Phase::Starting => "Starting…".to_owned(),
        Phase::Loading { done_bytes, total_bytes } if total_bytes > 0 => {
            format!("Loading {:.0} %", done_bytes as f64 * 100.0 / total_bytes as f64)
        }
        Phase::Loading { .. } => "Loading…".to_owned(),
        Phase::Ready => name.get(),
        Phase::Down => "Not running".to_owned(),
    };
    let state = move || match phase.get() {
        Phase::Ready => "ready",
        Phase::Down => "down",
        _ => "loading",
    };
    view! {
        <button
            type="button"
            class="model"
            data-state=state
            on:click=move |_| settings::open(page.model_dialog)
        >
            <span class="dot" aria-hidden="true"></span>
            <span class="model-name">{text}</span>
            {move || device.get().map(|name| view! { <span class="gpu-name">{format!("on {name}")}</span> })}
            <span class="hidden">": Model and GPU"</span>
        </button>
        {move || match phase.get() {
            Phase::Loading { done_bytes, total_bytes } if total_bytes > 0 => Some(view! {
                <progress
                    class="loading"
                    aria-label="Loading the model"
                    max=total_bytes.to_string()
                    value=done_bytes.to_string()
                ></progress>
            }),
            _ => None,
        }}
    }
}

/// The error of the moment, above the composer.
#[component]
fn Notices() -> impl IntoView {
    let page = page();
    let shown = Memo::new(move |_| {
        page.chat.with(|chat| chat.notice.clone().map(|notice| (notice, chat.phase == Phase::Down)))
    });
    let dismiss = Callback::new(move |()| page.act(|chat| chat.notice = None));
    let again = Callback::new(move |()| page.act(Chat::try_again));
    move || {
        shown.get().map(|(notice, down)| {
            if down {
                view! { <NoticeView notice action=("Try again", again) /> }.into_any()
            } else {
                view! { <NoticeView notice dismiss /> }.into_any()
            }
        })
    }
}
