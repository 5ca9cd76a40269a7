//! A reply: the thought in a folded block, the output, what it took, what can be done with it.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::FinishReason;

use super::icons::{AGAIN, CHEVRON, COPY, Icon};
use super::notice::NoticeView;
use super::prose::Text;
use super::tokens::{HeatMap, HeatSwitch, has_heat};
use crate::ui::dom;
use crate::ui::figures;
use crate::ui::markdown;
use crate::ui::page::page;
use crate::ui::reply::{Reply, Status};

type ReplyMemo = Memo<Option<Arc<Reply>>>;

/// Reads something of the reply.
fn read<T>(reply: ReplyMemo, of: impl Fn(&Reply) -> T) -> Option<T> {
    reply.with(|reply| reply.as_deref().map(of))
}

/// One reply.
#[component]
pub fn ReplyView(reply: ReplyMemo, is_last: Memo<bool>) -> impl IntoView {
    let status = Memo::new(move |_| read(reply, |r| r.status));
    let has_thought = Memo::new(move |_| read(reply, Reply::has_thought).unwrap_or(false));
    let thought = Memo::new(move |_| read(reply, |r| r.thought.clone()).unwrap_or_default());
    let output = Memo::new(move |_| read(reply, |r| r.output.clone()).unwrap_or_default());
    let thinking = Memo::new(move |_| read(reply, Reply::is_thinking).unwrap_or(false));
    let open = Memo::new(move |_| read(reply, Reply::is_open).unwrap_or(false));
    let waiting = move || match status.get() {
        Some(Status::Queued) => Some("Waiting for the model"),
        Some(Status::Reading) => Some("Reading"),
        _ => None,
    };
    let failure = Memo::new(move |_| read(reply, |r| r.failure.clone()).flatten());
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
    let by = Memo::new(move |_| {
        let name = read(reply, |r| r.model.clone()).filter(|name| !name.is_empty());
        name.filter(|name| page.chat.with(|chat| *chat.choice.title != **name))
    });
    view! {
        <article class="reply" aria-label="Polo" aria-busy=move || open.get().to_string()>
            <Show when=move || has_thought.get()>
                <details class="thought">
                    <summary>
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
            {move || waiting().map(|text| view! { <p class="waiting pulse">{text}"…"</p> })}
            {move || match heat.get() {
                Some(reply) => view! { <HeatMap reply /> }.into_any(),
                None => view! {
                    <div class="output prose" on:click=move |event| dom::copy_code(&event)>
                        <Text text=output open render=markdown::blocks />
                    </div>
                }.into_any(),
            }}
            {move || {
                status.get().and_then(ending).map(|text| view! { <p class="ending">{text}</p> })
            }}
            {move || failure.get().map(|notice| view! { <NoticeView notice /> })}
            <footer>
                <p class="stats" title=move || read(reply, |r| format!("Seed {}", r.seed))>
                    {move || by.get().map(|name| format!("{name} · "))}
                    {move || read(reply, stats).unwrap_or_default()}
                </p>
                <Show when=move || !open.get()>
                    <Actions reply is_last by_token />
                </Show>
            </footer>
        </article>
    }
}

#[component]
fn Actions(reply: ReplyMemo, is_last: Memo<bool>, by_token: RwSignal<bool>) -> impl IntoView {
    let page = page();
    let label = RwSignal::new("Copy");
    let copy = move |_| {
        let text = reply.with_untracked(|r| r.as_ref().map(|r| r.copy_text().to_owned())).unwrap_or_default();
        leptos::task::spawn_local(async move {
            label.set(if dom::copy(text).await { "Copied" } else { "Not allowed" });
            // The reply may be gone by then.
            let reset = move || {
                label.try_set("Copy");
            };
            set_timeout(reset, std::time::Duration::from_millis(1500));
        });
    };
    let heat = Memo::new(move |_| read(reply, has_heat).unwrap_or(false));
    let something = Memo::new(move |_| read(reply, |r| !r.copy_text().is_empty()).unwrap_or(false));
    view! {
        <div class="actions">
            <Show when=move || something.get()>
                <button type="button" class="quiet" on:click=copy>
                    <Icon path=COPY />
                    {move || label.get()}
                </button>
            </Show>
            <Show when=move || heat.get()>
                <HeatSwitch shown=by_token />
            </Show>
            <Show when=move || is_last.get()>
                <button type="button" class="quiet" on:click=move |_| page.regenerate()>
                    <Icon path=AGAIN />
                    "Regenerate"
                </button>
            </Show>
        </div>
    }
}

fn thought_label(reply: &Reply) -> String {
    let tokens = reply.usage.as_ref().map_or(reply.thought_tokens, |usage| usage.reasoning_tokens);
    let tokens = format!("{} token{}", figures::count(tokens as u64), if tokens == 1 { "" } else { "s" });
    if reply.is_thinking() {
        return format!("Thinking… {tokens}");
    }
    match reply.thought_ms() {
        Some(ms) => format!("Thought for {tokens}, {}", figures::duration(ms)),
        None => format!("Thought for {tokens}"),
    }
}

/// What a reply took; grows while it is written.
fn stats(reply: &Reply) -> String {
    let tokens = reply.usage.as_ref().map_or(reply.tokens, |usage| usage.completion_tokens);
    if tokens == 0 {
        return String::new();
    }
    let mut parts =
        vec![format!("{} token{}", figures::count(tokens as u64), if tokens == 1 { "" } else { "s" })];
    if let Some(speed) = reply.tokens_per_s() {
        parts.push(format!("{} tokens/s", figures::per_second(speed)));
    }
    if let Some(ms) = reply.first_token_ms() {
        parts.push(format!("first after {}", figures::duration(ms)));
    }
    if let Some(usage) = &reply.usage {
        parts.push(format!("{} of context left", figures::count(usage.context_left as u64)));
    }
    parts.join(" · ")
}

/// Why a reply ended, where that is not plain.
fn ending(status: Status) -> Option<&'static str> {
    match status {
        Status::Done(FinishReason::Cancelled) => Some("Stopped."),
        Status::Done(FinishReason::Length) => {
            Some("Cut off at the longest reply allowed. “Max new tokens” in Settings allows more.")
        }
        Status::Done(FinishReason::Context) => Some("The context is full. Start a new chat to go on."),
        Status::Failed => Some("Cut off by an error."),
        _ => None,
    }
}
