//! Where the reader writes: the message box with Send and Stop, the files beside it, the room it takes.

use std::time::Duration;

use leptos::prelude::*;

use super::attached::{AttachButton, Attachments};
use super::icons::{Icon, KEYS, SEND, STOP};
use super::live::live;
use super::search::SearchSwitch;
use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::shortcuts::Command;
use crate::ui::state::{Chat, Phase};
use crate::ui::words::t;

/// The message box. Enter sends, Shift and Enter break the line, Up in an empty one takes the last question back.
#[component]
pub fn Composer() -> impl IntoView {
    let page = page();
    let busy = live().busy;
    let empty = Memo::new(move |_| {
        page.draft.with(|draft| draft.trim().is_empty()) && page.attached.with(Vec::is_empty)
    });
    let down = Memo::new(move |_| page.chat.with(|chat| chat.phase == Phase::Down));
    // The box grows with its text, also when the text comes from elsewhere.
    Effect::new(move |_| {
        page.draft.track();
        let Some(area) = page.composer.get() else { return };
        // In the next frame, when the text is in the box.
        request_animation_frame(move || {
            let style = web_sys::HtmlElement::style(&area);
            // Setting a style property cannot fail for these values.
            drop(style.set_property("height", "auto"));
            drop(style.set_property("height", &format!("{}px", area.scroll_height())));
        });
    });
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        // While an input method composes (Chinese, Japanese), Enter chooses a word.
        if event.is_composing() || event.key_code() == 229 {
            return;
        }
        match event.key().as_str() {
            "Enter" if !event.shift_key() => {
                event.prevent_default();
                page.send();
            }
            "ArrowUp" if empty.get_untracked() => page.run(Command::EditLast),
            _ => {}
        }
    };
    view! {
        <Attachments />
        <form
            class="composer"
            on:submit=move |event| {
                event.prevent_default();
                page.send();
            }
        >
            <AttachButton />
            <label class="hidden" for="message">
                {t!("page-composer-message")}
            </label>
            <textarea
                id="message"
                rows="1"
                dir="auto"
                placeholder=t!("page-composer-placeholder")
                autocomplete="off"
                aria-describedby="composer-hint"
                node_ref=page.composer
                prop:value=page.draft
                on:input=move |event| page.draft.set(event_target_value(&event))
                on:keydown=on_key
            ></textarea>
            <Show
                when=move || busy.get()
                fallback=move || {
                    view! {
                        <button
                            type="submit"
                            class="send"
                            aria-label=t!("page-composer-send")
                            title=t!("page-composer-send-keys")
                            disabled=move || empty.get() || down.get()
                        >
                            <Icon path=SEND />
                        </button>
                    }
                }
            >
                <button
                    type="button"
                    class="send stop"
                    aria-label=t!("page-composer-stop")
                    title=t!("page-composer-stop-keys")
                    on:click=move |_| {
                        page.act(Chat::stop);
                        page.focus_composer();
                    }
                >
                    <Icon path=STOP />
                </button>
            </Show>
        </form>
        <SearchSwitch />
        <Room busy />
    }
}

/// How much of the context is in use, and would be with what is being written; said before it is too much.
#[component]
fn Room(busy: ReadSignal<bool>) -> impl IntoView {
    let page = page();
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let state = Memo::new(move |_| {
        page.chat.with(|chat| (chat.phase == Phase::Ready, chat.exchanges.len(), chat.choice.title.clone()))
    });
    // A little after the last change: counting takes the engine's time.
    Effect::new(move |_| {
        let (question, system) = (page.question(), page.settings.with(|settings| settings.system.clone()));
        let files = page.attached.get();
        busy.track();
        state.track();
        let measure = move || {
            page.act(|chat| {
                for one in &files {
                    chat.measure_file(one.key, &one.file.text);
                }
                chat.measure(&question, &system);
            });
        };
        if let Some(handle) = timer.get_value() {
            handle.clear();
        }
        timer.set_value(set_timeout_with_handle(measure, Duration::from_millis(300)).ok());
    });
    let wanted = Memo::new(move |_| page.chat.with(Chat::context_wanted));
    let written = move || {
        page.draft.with(|draft| !draft.trim().is_empty()) || page.attached.with(|list| !list.is_empty())
    };
    // A prompt that fills the context leaves no room for a reply.
    let over = Memo::new(move |_| wanted.get().filter(|(used, _, context)| written() && used >= context));
    let count = |count: usize| figures::count(count as u64);
    view! {
        <p class="composer-over" role="status">
            {move || {
                over.get()
                    .map(|(used, exact, context)| {
                        let (used, context) = (count(used), count(context));
                        if exact {
                            t!("page-context-over", used = used, context = context)
                        } else {
                            t!("page-context-over-about", used = used, context = context)
                        }
                    })
            }}
        </p>
        <p class="composer-hint" id="composer-hint">
            <span class="keys">{t!("page-composer-keys")}</span>
            {move || {
                wanted
                    .get()
                    .map(|(used, exact, context)| {
                        let full = used as f64 > 0.85 * context as f64;
                        let (used, context) = (count(used), count(context));
                        view! {
                            <span class="context" class:nearly-full=full>
                                {if exact {
                                    t!("page-context", used = used, context = context)
                                } else {
                                    t!("page-context-about", used = used, context = context)
                                }}
                            </span>
                        }
                    })
            }}
            <button
                type="button"
                class="icon-button keys-button"
                aria-label=t!("page-command-shortcuts")
                title=t!("page-command-shortcuts")
                on:click=move |_| page.run(Command::Shortcuts)
            >
                <Icon path=KEYS />
            </button>
        </p>
    }
}
