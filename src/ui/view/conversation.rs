//! The conversation: questions and replies, and a view that follows what is being written.

use leptos::html;
use leptos::prelude::*;

use super::attached::QuestionText;
use super::icons::{DOWN, Icon};
use super::reply::ReplyView;
use super::search::SearchPanel;
use super::welcome::Welcome;
use crate::ui::page::page;

/// How near the end, in CSS pixels, still counts as reading the end.
const NEAR_END: i32 = 64;

/// The scrolled middle of the page.
#[component]
pub fn Conversation() -> impl IntoView {
    let page = page();
    let scroller = NodeRef::<html::Main>::new();
    let last_top = StoredValue::new(0_i32);
    // Asked for a frame ahead: by then the reader may have left. The place is remembered, so that
    // the event of this move, which may come after the reader's own, is not taken for a wish.
    let to_end = move || {
        if let Some(main) = scroller.get_untracked()
            && page.following.get_untracked()
        {
            main.set_scroll_top(main.scroll_height());
            last_top.set_value(main.scroll_top());
        }
    };
    // Follow unless the reader scrolled away; only a move upwards is a wish to leave, since the end
    // also runs away from the view while text comes in.
    let on_scroll = move |_| {
        let Some(main) = scroller.get_untracked() else { return };
        let (top, room) = (main.scroll_top(), main.scroll_height() - main.client_height());
        if room - top < NEAR_END {
            // The first small steps upwards are still near the end: they do not call the view back.
            if top > last_top.get_value() {
                page.following.set(true);
            }
        } else if top < last_top.get_value() - 2 {
            page.following.set(false);
        }
        last_top.set_value(top);
    };
    // A wheel moves the view in small smooth steps, and each new token would undo the one before.
    let on_wheel = move |event: leptos::ev::WheelEvent| {
        if event.delta_y() < 0.0 {
            page.following.set(false);
        }
    };
    Effect::new(move |_| {
        let any = page.chat.with(|chat| !chat.exchanges.is_empty());
        if page.following.get() && any {
            request_animation_frame(to_end);
        }
    });
    let keys = Memo::new(move |_| {
        page.chat.with(|chat| chat.exchanges.iter().map(|exchange| exchange.key).collect::<Vec<_>>())
    });
    let empty = Memo::new(move |_| keys.with(Vec::is_empty));
    view! {
        <main id="conversation" tabindex="-1" node_ref=scroller on:scroll=on_scroll on:wheel=on_wheel>
            <Show when=move || !empty.get() fallback=Welcome>
                <section class="column turns" aria-label="Conversation">
                    <h2 class="hidden">"Conversation"</h2>
                    <For each=move || keys.get() key=|key| *key let(key)>
                        <ExchangeView key />
                    </For>
                </section>
            </Show>
        </main>
    }
}

/// A way back to the end, while the view does not follow it.
#[component]
pub fn Jump() -> impl IntoView {
    let page = page();
    let shown =
        Memo::new(move |_| !page.following.get() && page.chat.with(|chat| !chat.exchanges.is_empty()));
    view! {
        <Show when=move || shown.get()>
            <div class="jump">
                <button
                    type="button"
                    class="icon-button"
                    aria-label="Go to the end"
                    on:click=move |_| page.following.set(true)
                >
                    <Icon path=DOWN />
                </button>
            </div>
        </Show>
    }
}

/// A question and its reply.
#[component]
fn ExchangeView(key: u64) -> impl IntoView {
    let page = page();
    let found = move || {
        page.chat
            .with(|chat| chat.exchanges.iter().find(|exchange| exchange.key == key).map(|e| e.reply.clone()))
    };
    // The list is rebuilt before its items are dropped; the last reply seen stands in for that moment.
    let reply = Memo::new_with_compare(
        move |last: Option<&Option<_>>| found().or_else(|| last.cloned().flatten()),
        |a, b| match (a, b) {
            (Some(Some(a)), Some(Some(b))) => !std::sync::Arc::ptr_eq(a, b),
            _ => true,
        },
    );
    let is_last = Memo::new(move |_| {
        page.chat.with(|chat| chat.exchanges.last().is_some_and(|exchange| exchange.key == key))
    });
    // A search that is opened from a file brings its question a little later.
    let question = Memo::new(move |last: Option<&String>| {
        page.chat.with(|chat| {
            let exchange = chat.exchanges.iter().find(|exchange| exchange.key == key);
            exchange.map(|e| e.question.trim().to_owned()).or_else(|| last.cloned()).unwrap_or_default()
        })
    });
    let search = Memo::new(move |_| {
        let id = reply.with(|reply| reply.as_ref().map(|reply| reply.id))?;
        page.chat.with(|chat| chat.searches.get(id).map(|_| id))
    });
    view! {
        <article class="question" aria-label="You">
            <QuestionText text=question />
        </article>
        <ReplyView reply is_last />
        {move || search.get().map(|id| view! { <SearchPanel id is_last /> })}
    }
}
