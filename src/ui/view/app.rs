//! The frame: header, conversation, composer, dialogs, and what is said to screen readers.

use leptos::ev;
use leptos::prelude::*;

use super::chats::ChatsPanel;
use super::composer::Composer;
use super::conversation::{Conversation, Jump};
use super::drop::DropZone;
use super::icons::{CHEVRON_DOWN, Icon, Logo, PANEL, PLUS, SLIDERS};
use super::inspector::Inspector;
use super::kept::{LittleRoom, NotKept};
use super::live::{Live, seldom};
use super::models::{ModelsDialog, state_name};
use super::palette::Palette;
use super::search::{CompareDialog, SearchDialog};
use super::settings::{self, SettingsDialog};
use super::strips::Strips;
use super::support::{self, Missing, Unsupported};
use crate::ui::page::{Page, page};
use crate::ui::state::{Chat, Phase};
use crate::ui::words::{self, t};
use crate::ui::{dom, progress};

/// The page.
#[component]
pub fn App() -> impl IntoView {
    provide_context(Page::start());
    Live::provide();
    let page = page();
    let missing = seldom(|chat| {
        let no_gpu = chat.notice.as_ref().is_some_and(|notice| notice.kind == "no_gpu");
        (chat.phase == Phase::Down && no_gpu).then(support::missing)
    });
    // Escape stops a reply, unless it closes a dialog.
    let handle = window_event_listener(ev::keydown, move |event| {
        let dialog_open = document().query_selector("dialog:modal").ok().flatten().is_some();
        if event.key() == "Escape" && !dialog_open && !event.is_composing() {
            page.act(Chat::stop);
        }
    });
    on_cleanup(move || handle.remove());
    let language = Memo::new(move |_| page.settings.with(|settings| settings.language));
    // Another language mounts all of it anew: components read their words once.
    move || {
        let language = language.get().unwrap_or_else(dom::language);
        words::speak(language);
        dom::set_language(language);
        view! { <Frame missing /> }
    }
}

#[component]
fn Frame(missing: ReadSignal<Option<Missing>>) -> impl IntoView {
    let page = page();
    view! {
        <a class="skip" href=move || missing.with(|missing| if missing.is_some() { "#conversation" } else { "#message" })>{t!("page-skip")}</a>
        <header class="top">
            <button
                type="button"
                class="icon-button"
                aria-label=t!("chats-title")
                aria-expanded=move || page.panel.get().to_string()
                title=t!("chats-title")
                on:click=move |_| page.toggle_chats()
            >
                <Icon path=PANEL />
            </button>
            <h1><Logo />"Polo"</h1>
            <ModelButton />
            <nav aria-label=t!("page-nav")>
                <button
                    type="button"
                    class="quiet"
                    on:click=move |_| settings::open(page.settings_dialog)
                >
                    <Icon path=SLIDERS />
                    <span class="label">{t!("page-settings")}</span>
                </button>
                <button
                    type="button"
                    class="quiet"
                    on:click=move |_| page.new_chat()
                >
                    <Icon path=PLUS />
                    <span class="label">{t!("page-new-chat")}</span>
                </button>
            </nav>
        </header>
        <ChatsPanel />
        <Show
            when=move || missing.with(Option::is_none)
            fallback=move || view! { <main id="conversation" tabindex="-1"><Unsupported missing=missing.get_untracked() /></main> }
        >
            <Conversation />
            <section class="dock" aria-label=t!("page-composer")>
                <div class="column">
                    <Jump />
                    <NotKept />
                    <LittleRoom />
                    <Strips />
                    <Composer />
                </div>
            </section>
        </Show>
        <SettingsDialog />
        <SearchDialog />
        <CompareDialog />
        <ModelsDialog />
        <Inspector />
        <DropZone />
        <Palette />
        <p class="hidden" role="status">
            {move || page.chat.with(|chat| chat.announcement.clone())}
        </p>
        <p class="hidden" role="status">
            {move || page.models.with(|models| models.announcement.clone())}
        </p>
    }
}

/// The model's name and state; opens the models.
#[component]
fn ModelButton() -> impl IntoView {
    let page = page();
    let phase = Memo::new(move |_| page.chat.with(|chat| chat.phase));
    let name = Memo::new(move |_| page.chat.with(|chat| chat.choice.title.clone()));
    let beside = Memo::new(move |_| {
        progress::short(phase.get()).or_else(|| {
            page.chat.with(|chat| {
                if chat.choice.server().is_some() {
                    return Some(t!("page-elsewhere"));
                }
                let device = chat.device.as_ref().filter(|device| !device.name.is_empty());
                device.map(|device| t!("page-on", device = device.name.as_str()))
            })
        })
    });
    let ready = move || phase.get() == Phase::Ready;
    view! {
        <button
            type="button"
            class="model"
            aria-haspopup="dialog"
            data-state=move || state_name(phase.get())
            on:click=move |_| page.open_models()
        >
            <span class="dot" aria-hidden="true"></span>
            <span class="model-name" title=move || name.get()>{move || name.get()}</span>
            {move || {
                beside.get().map(|text| {
                    let class = if ready() { "gpu-name" } else { "model-phase" };
                    view! { <span class=class title=text.clone()>{text.clone()}</span> }
                })
            }}
            <Icon path=CHEVRON_DOWN />
            <span class="hidden">{t!("page-models-suffix")}</span>
        </button>
        {move || match phase.get() {
            Phase::Loading { done_bytes, total_bytes, .. } if total_bytes > 0 => Some(view! {
                <progress
                    class="loading"
                    aria-label=t!("page-loading-model")
                    max=total_bytes.to_string()
                    value=done_bytes.to_string()
                ></progress>
            }),
            _ => None,
        }}
    }
}
