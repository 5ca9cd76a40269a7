//! What the tab does beside its content: its title and icon show that it works or is done, the screen stays
//! awake for long work, and two lines say that the network is gone or that the background made it slow.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use super::live::live;
use super::strips::Strip;
use crate::ui::dom;
use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::presence::{LONG_MS, Pace, Sign, Slowed};
use crate::ui::search::compare::Comparison;
use crate::ui::state::Chat;
use crate::ui::words::t;

// web-sys has no wake locks yet, but behind a flag of the compiler. A file of its own: what stands inline gets a
// number for a name, and the worker's program has such a file too.
#[wasm_bindgen(module = "/src/ui/presence.js")]
extern "C" {
    fn keep_awake(yes: bool);
    fn show_icon(name: &str);
}

/// How often work under way is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Tokens of what is under way.
fn tokens(chat: &Chat) -> f64 {
    let comparing = chat.comparison.as_ref().and_then(Comparison::current);
    let last = chat.exchanges.last().map(|exchange| &exchange.reply);
    let run = comparing.or_else(|| last.map(|reply| reply.id)).and_then(|id| chat.searches.get(id));
    match run {
        Some(run) => f64::from(run.progress.tokens),
        None => last.map_or(0.0, |reply| reply.tokens as f64),
    }
}

/// All of it.
#[component]
pub fn Presence() -> impl IntoView {
    let page = page();
    let busy = live().busy;
    let hidden = RwSignal::new(document().hidden());
    let pace = StoredValue::new(Pace::default());
    let slowed = RwSignal::new(None::<Slowed>);
    let since = StoredValue::new(0.0);

    let look = move || {
        if busy.get_untracked() {
            let now = dom::now_ms();
            let tokens = page.chat.with_untracked(tokens);
            pace.update_value(|pace| pace.count(now, tokens, hidden.get_untracked()));
            if now - since.get_value() > LONG_MS {
                // Again and again: a browser that refused may change its mind.
                keep_awake(true);
            }
        }
    };
    let shown = window_event_listener_untyped("visibilitychange", move |_| {
        // With how it was until now.
        look();
        hidden.set(document().hidden());
        if !document().hidden() && busy.get_untracked() {
            slowed.set(pace.with_value(Pace::slowed));
        }
    });
    on_cleanup(move || shown.remove());

    let clock = StoredValue::new(None::<IntervalHandle>);
    let stop_clock =
        move || clock.update_value(|clock| clock.take().into_iter().for_each(|clock| clock.clear()));
    Effect::new(move |_| {
        stop_clock();
        if busy.get() {
            pace.set_value(Pace::default());
            slowed.set(None);
            since.set_value(dom::now_ms());
            look();
            clock.set_value(set_interval_with_handle(look, LOOK).ok());
        } else {
            keep_awake(false);
            slowed.set(pace.with_value(Pace::slowed));
        }
    });
    on_cleanup(move || {
        stop_clock();
        keep_awake(false);
    });

    let sign = Memo::new(move |before: Option<&Sign>| {
        before.copied().unwrap_or_default().after(busy.get(), hidden.get())
    });
    Effect::new(move |_| {
        let (title, icon) = match sign.get() {
            Sign::Idle => ("Polo".to_owned(), "icons/icon.svg"),
            Sign::Working => (t!("shell-title-working"), "icons/working.svg"),
            Sign::Done => (t!("shell-title-done"), "icons/done.svg"),
        };
        document().set_title(&title);
        show_icon(icon);
    });

    view! {
        <div role="status">
            <Offline />
            {move || {
                slowed.get().map(|by| {
                    let (unseen, seen) = (figures::per_second(by.unseen), figures::per_second(by.seen));
                    let text = t!("shell-slowed", unseen = unseen, seen = seen);
                    view! { <Strip kind="slowed" text dismiss=Callback::new(move |()| slowed.set(None)) /> }
                })
            }}
        </div>
    }
}

/// The network is gone: what still works, and what does not.
#[component]
fn Offline() -> impl IntoView {
    let page = page();
    let online = dom::online();
    let remote = Memo::new(move |_| page.chat.with(|chat| chat.choice.server().is_some()));
    move || {
        (!online.get()).then(|| {
            let text = if remote.get() { t!("shell-offline-remote") } else { t!("shell-offline") };
            view! { <Strip kind="offline" text dismiss=Callback::new(move |()| online.set(true)) /> }
        })
    }
}
