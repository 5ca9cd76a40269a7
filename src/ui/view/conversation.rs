//! The conversation: questions and replies, and a view that follows what is being written.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::icons::{DOWN, Icon};
use super::live::seldom;
use super::question::QuestionView;
use super::reply::ReplyView;
use super::search::SearchPanel;
use super::welcome::Welcome;
use crate::ui::page::page;
use crate::ui::state::Exchange;
use crate::ui::words::t;

/// How near the end, in CSS pixels, still counts as reading the end.
const NEAR_END: i32 = 64;

/// What of an exchange changes seldom.
#[derive(Clone, PartialEq)]
struct Settled {
    key: u64,
    /// Which reply it is, while no more comes of it; its pointer is another after each change.
    reply: usize,
    open: bool,
}

fn settled_of(exchanges: &[Exchange]) -> Vec<Settled> {
    let last = exchanges.len().saturating_sub(1);
    let of = |(at, exchange): (usize, &Exchange)| {
        let open = exchange.reply.is_open();
        let reply = if at == last && open { 0 } else { Arc::as_ptr(&exchange.reply).addr() };
        Settled { key: exchange.key, reply, open }
    };
    exchanges.iter().enumerate().map(of).collect()
}

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
    // Everything but what the last reply says.
    let settled = seldom(|chat| settled_of(&chat.exchanges));
    let empty = Memo::new(move |_| settled.with(Vec::is_empty));
    let places = move || settled.with(|all| all.iter().map(|one| one.key).enumerate().collect::<Vec<_>>());
    view! {
        <main id="conversation" tabindex="-1" node_ref=scroller on:scroll=on_scroll on:wheel=on_wheel>
            <Show when=move || !empty.get() fallback=Welcome>
                <section class="column turns" aria-label=t!("chats-conversation")>
                    <h2 class="hidden">{t!("chats-conversation")}</h2>
                    <For each=places key=|place| *place let((depth, key))>
                        <ExchangeView key depth settled />
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
                    aria-label=t!("reply-to-end")
                    on:click=move |_| page.following.set(true)
                >
                    <Icon path=DOWN />
                </button>
            </div>
        </Show>
    }
}

/// A question and its reply; `depth` is their place on the path.
#[component]
fn ExchangeView(key: u64, depth: usize, settled: ReadSignal<Vec<Settled>>) -> impl IntoView {
    let page = page();
    let is_last = Memo::new(move |_| settled.with(|settled| settled.len() == depth + 1));
    // Only the last exchange looks at every token: the others wait until one of them changes.
    let look = move || {
        if is_last.get() {
            page.chat.track();
        } else {
            settled.track();
        }
    };
    // The list is rebuilt before its items are dropped; the last one seen stands in for that moment.
    let exchange = move || {
        look();
        let found = |exchange: &&Exchange| exchange.key == key;
        page.chat.with_untracked(|chat| chat.exchanges.get(depth).filter(found).cloned())
    };
    let reply = Memo::new_with_compare(
        move |last: Option<&Option<_>>| {
            exchange().map(|exchange| exchange.reply).or_else(|| last.cloned().flatten())
        },
        |a, b| match (a, b) {
            (Some(Some(a)), Some(Some(b))) => !Arc::ptr_eq(a, b),
            _ => true,
        },
    );
    // A search that is opened from a file brings its question a little later.
    let question = Memo::new(move |last: Option<&Arc<str>>| {
        exchange().map(|exchange| exchange.question).or_else(|| last.cloned()).unwrap_or_default()
    });
    let branches = Memo::new(move |_| {
        settled.track();
        page.chat.with_untracked(|chat| chat.branches(depth))
    });
    let search = Memo::new(move |_| {
        let id = reply.with(|reply| reply.as_ref().map(|reply| reply.id))?;
        look();
        page.chat.with_untracked(|chat| chat.searches.get(id).map(|_| id))
    });
    view! {
        <QuestionView key question branches />
        <ReplyView reply is_last depth branches />
        {move || search.get().map(|id| view! { <SearchPanel id is_last /> })}
    }
}
