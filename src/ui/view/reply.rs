//! A reply: the thought in a folded block, the output, what it took, what can be done with it.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use crate::protocol::FinishReason;

use super::icons::{AGAIN, CHEVRON, COPY, Icon, PLAY};
use super::live::live;
use super::notice::NoticeView;
use super::prose::Text;
use super::question::Switcher;
use super::tokens::{HeatMap, HeatSwitch, has_heat};
use crate::ui::dom;
use crate::ui::figures;
use crate::ui::markdown;
use crate::ui::page::page;
use crate::ui::reply::{Reply, Status};
use crate::ui::state::{Branches, GoOn};
use crate::ui::words::t;

type ReplyMemo = Memo<Option<Arc<Reply>>>;

/// Reads something of the reply.
fn read<T>(reply: ReplyMemo, of: impl Fn(&Reply) -> T) -> Option<T> {
    reply.with(|reply| reply.as_deref().map(of))
}

/// One reply.
#[component]
pub fn ReplyView(
    reply: ReplyMemo,
    is_last: Memo<bool>,
    /// Its place on the path.
    depth: usize,
    branches: Memo<Branches>,
) -> impl IntoView {
    let status = Memo::new(move |_| read(reply, |r| r.status));
    let has_thought = Memo::new(move |_| read(reply, Reply::has_thought).unwrap_or(false));
    let thought = Memo::new(move |_| read(reply, |r| r.thought.clone()).unwrap_or_default());
    let output = Memo::new(move |_| read(reply, |r| r.output.clone()).unwrap_or_default());
    let thinking = Memo::new(move |_| read(reply, Reply::is_thinking).unwrap_or(false));
    let open = Memo::new(move |_| read(reply, Reply::is_open).unwrap_or(false));
    let waiting = move || match status.get() {
        Some(Status::Queued) => Some(t!("reply-waiting")),
        Some(Status::Reading) => Some(t!("reply-reading")),
        _ => None,
    };
    let failure = Memo::new(move |_| read(reply, |r| r.failure.clone()).flatten());
    let thought_block = NodeRef::<html::Details>::new();
    // Token by token, in the place of the text. A reply that is made anew is text again.
    let by_token = RwSignal::new(false);
    let heat = Memo::new_with_compare(
        move |_| by_token.get().then(|| reply.get()).flatten().filter(|reply| !reply.is_open()),
        |a: Option<&Option<Arc<Reply>>>, b| match (a.and_then(Option::as_ref), b.and_then(Option::as_ref)) {
            (Some(a), Some(b)) => !Arc::ptr_eq(a, b),
            (a, b) => a.is_some() != b.is_some(),
        },
    );
    // Who wrote it, where that is not plain from the header.
    let page = page();
    let live = live();
    let by = Memo::new(move |_| {
        let name = read(reply, |r| r.model.clone()).filter(|name| !name.is_empty());
        name.filter(|name| live.chosen.with(|chosen| **chosen != **name))
    });
    view! {
        <article class="reply" aria-label="Polo" aria-busy=move || open.get().to_string()>
            <Show when=move || has_thought.get()>
                <details class="thought" dir="auto" open=page.thoughts.get_untracked() node_ref=thought_block>
                    <summary on:click=move |_| {
                        // It is told before the block turns.
                        let open = thought_block.get_untracked().is_some_and(|block| block.open());
                        page.unfold_thoughts(!open);
                    }>
                        <Icon path=CHEVRON />
                        <span class:pulse=move || thinking.get()>
                            {move || read(reply, thought_label).unwrap_or_default()}
                        </span>
                    </summary>
                    <div class="thought-text prose">
                        <Text text=thought open render=markdown::plain_blocks />
                    </div>
                </details>
            </Show>
            {move || waiting().map(|text| view! { <p class="waiting pulse">{text}</p> })}
            {move || match heat.get() {
                Some(reply) => view! { <HeatMap reply /> }.into_any(),
                None => view! {
                    <div class="output prose" dir="auto" on:click=move |event| dom::copy_code(&event)>
                        <Text text=output open render=markdown::blocks />
                    </div>
                }.into_any(),
            }}
            {move || {
                status.get().and_then(ending).map(|text| view! { <p class="ending">{text}</p> })
            }}
            {move || failure.get().map(|notice| view! { <NoticeView notice /> })}
            <Onward is_last depth status />
            <footer>
                <p class="stats" title=move || read(reply, |r| t!("reply-seed", seed = r.seed.to_string()))>
                    {move || by.get().map(|name| format!("{name} · "))}
                    {move || read(reply, stats).unwrap_or_default()}
                </p>
                <Show when=move || !open.get()>
                    <Actions reply is_last by_token branches />
                </Show>
            </footer>
        </article>
    }
}

#[component]
fn Actions(
    reply: ReplyMemo,
    is_last: Memo<bool>,
    by_token: RwSignal<bool>,
    branches: Memo<Branches>,
) -> impl IntoView {
    let page = page();
    let standing = Memo::new(move |_| branches.get().reply);
    let label = RwSignal::new("reply-copy");
    let copy = move |_| {
        let text = reply.with_untracked(|r| r.as_ref().map(|r| r.copy_text().to_owned())).unwrap_or_default();
        leptos::task::spawn_local(async move {
            label.set(if dom::copy(text).await { "reply-copied" } else { "reply-not-allowed" });
            // The reply may be gone by then.
            let reset = move || {
                label.try_set("reply-copy");
            };
            set_timeout(reset, std::time::Duration::from_millis(1500));
        });
    };
    let heat = Memo::new(move |_| read(reply, has_heat).unwrap_or(false));
    let something = Memo::new(move |_| read(reply, |r| !r.copy_text().is_empty()).unwrap_or(false));
    view! {
        <div class="actions">
            <Switcher standing label="reply-reply-branch" />
            <Show when=move || something.get()>
                <button type="button" class="quiet" on:click=copy>
                    <Icon path=COPY />
                    {move || t!(label.get())}
                </button>
            </Show>
            <Show when=move || heat.get()>
                <HeatSwitch shown=by_token />
            </Show>
            <Show when=move || is_last.get()>
                <button type="button" class="quiet" on:click=move |_| page.regenerate()>
                    <Icon path=AGAIN />
                    {t!("reply-regenerate")}
                </button>
            </Show>
        </div>
    }
}

/// A way to go on with a reply that was cut off, or to see a search of an earlier visit.
#[component]
fn Onward(is_last: Memo<bool>, depth: usize, status: Memo<Option<Status>>) -> impl IntoView {
    let (page, live) = (page(), live());
    let how = Memo::new(move |_| {
        status.track();
        live.busy.track();
        live.loaded.track();
        page.chat.with_untracked(|chat| {
            let search = chat.can_reopen(depth);
            let go_on = is_last.get().then(|| chat.can_go_on()).flatten();
            go_on.map(|how| (true, how)).or(search.map(|how| (false, how)))
        })
    });
    let press = move |go_on: bool| {
        if go_on {
            page.go_on();
        } else {
            page.act(|chat| chat.reopen(depth, dom::now_ms()));
        }
    };
    move || {
        how.get().map(|(go_on, how)| {
            let label = if go_on { t!("reply-go-on") } else { t!("reply-open-search") };
            match how {
                GoOn::With(model) => {
                    view! { <p class="ending">{t!("reply-go-on-with", name = model.to_string())}</p> }
                        .into_any()
                }
                how => view! {
                    <p class="onward">
                        <button
                            type="button"
                            class="plain"
                            disabled=how == GoOn::Later
                            on:click=move |_| press(go_on)
                        >
                            <Icon path=PLAY />
                            {label}
                        </button>
                    </p>
                }
                .into_any(),
            }
        })
    }
}

fn thought_label(reply: &Reply) -> String {
    let tokens = reply.usage.as_ref().map_or(reply.thought_tokens, |usage| usage.reasoning_tokens);
    if reply.is_thinking() {
        return t!("reply-thinking", count = tokens);
    }
    match reply.thought_ms() {
        Some(ms) => t!("reply-thought-timed", count = tokens, time = figures::duration(ms)),
        None => t!("reply-thought", count = tokens),
    }
}

/// What a reply took; grows while it is written.
fn stats(reply: &Reply) -> String {
    let tokens = reply.usage.as_ref().map_or(reply.tokens, |usage| usage.completion_tokens);
    if tokens == 0 {
        return String::new();
    }
    let mut parts = vec![t!("reply-tokens", count = tokens)];
    if let Some(speed) = reply.tokens_per_s() {
        parts.push(t!("reply-speed", speed = figures::per_second(speed)));
    }
    if let Some(ms) = reply.first_token_ms() {
        parts.push(t!("reply-first-after", time = figures::duration(ms)));
    }
    if let Some(usage) = &reply.usage {
        parts.push(t!("reply-context-left", count = usage.context_left));
    }
    parts.join(" · ")
}

/// Why a reply ended, where that is not plain.
fn ending(status: Status) -> Option<String> {
    match status {
        Status::Done(FinishReason::Cancelled) => Some(t!("reply-ended-stopped")),
        Status::Done(FinishReason::Length) => Some(t!("reply-ended-length")),
        Status::Done(FinishReason::Context) => Some(t!("reply-ended-context")),
        Status::Failed => Some(t!("reply-ended-failed")),
        Status::Interrupted => Some(t!("reply-ended-interrupted")),
        _ => None,
    }
}
