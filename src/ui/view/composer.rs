//! Where the reader writes: the message box with Send and Stop.

use leptos::prelude::*;

use super::icons::{Icon, SEND, STOP};
use super::search::SearchSwitch;
use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::state::{Chat, Phase};

/// The message box. Enter sends, Shift and Enter break the line.
#[component]
pub fn Composer() -> impl IntoView {
    let page = page();
    let busy = Memo::new(move |_| page.chat.with(Chat::is_busy));
    let empty = Memo::new(move |_| page.draft.with(|draft| draft.trim().is_empty()));
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
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() && event.key_code() != 229 {
            event.prevent_default();
            page.send();
        }
    };
    view! {
        <form
            class="composer"
            on:submit=move |event| {
                event.prevent_default();
                page.send();
            }
        >
            <label class="hidden" for="message">
                "Message"
            </label>
            <textarea
                id="message"
                rows="1"
                placeholder="Ask Polo a problem"
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
                            aria-label="Send"
                            title="Send (Enter)"
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
                    aria-label="Stop"
                    title="Stop (Esc)"
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
        <p class="composer-hint" id="composer-hint">
            <span class="keys">"Enter sends · Shift + Enter breaks the line · Esc stops"</span>
            <ContextMeter />
        </p>
    }
}

/// How much of the context is in use.
#[component]
fn ContextMeter() -> impl IntoView {
    let page = page();
    let used = Memo::new(move |_| page.chat.with(Chat::context_used));
    view! {
        {move || {
            used.get()
                .map(|(used, context)| {
                    let full = used as f64 > 0.85 * context as f64;
                    view! {
                        <span class="context" class:nearly-full=full>
                            {format!("Context {} / {}", figures::count(used as u64), figures::count(context as u64))}
                        </span>
                    }
                })
        }}
    }
}
