//! A question: its text, a way to change it, and the branches beside it.

use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use super::attached::QuestionText;
use super::icons::{BACK, EDIT, FORWARD, Icon};
use super::live::live;
use crate::ui::page::page;
use crate::ui::state::{Branches, Standing};
use crate::ui::words::t;

/// One question.
#[component]
pub fn QuestionView(key: u64, question: Memo<Arc<str>>, branches: Memo<Branches>) -> impl IntoView {
    let page = page();
    let editing = Memo::new(move |_| page.editing.get() == Some(key));
    let busy = live().busy;
    let standing = Memo::new(move |_| branches.get().question);
    view! {
        <Show
            when=move || editing.get()
            fallback=move || {
                view! {
                    <article class="question" aria-label=t!("chats-you") dir="auto">
                        <QuestionText text=question />
                    </article>
                    <div class="question-actions">
                        <Switcher standing label="reply-question-branch" />
                        <button
                            type="button"
                            class="icon-button"
                            aria-label=t!("reply-edit")
                            title=t!("reply-edit")
                            disabled=move || busy.get()
                            on:click=move |_| page.editing.set(Some(key))
                        >
                            <Icon path=EDIT />
                        </button>
                    </div>
                }
            }
        >
            <Editor key question />
        </Show>
    }
}

/// The question as a field, in its place.
#[component]
fn Editor(key: u64, question: Memo<Arc<str>>) -> impl IntoView {
    let page = page();
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move |_| {
        if let Some(area) = area.get() {
            area.set_value(&question.get_untracked());
            // An element that is gone has no focus to take.
            drop(area.focus());
        }
    });
    let leave = move || {
        page.editing.set(None);
        page.focus_composer();
    };
    let ask = move || {
        let text = area.get_untracked().map(|area| area.value()).unwrap_or_default();
        if text.trim().is_empty() {
            return;
        }
        page.edit(key, &text);
        page.focus_composer();
    };
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.shift_key() && !event.is_composing() => {
            event.prevent_default();
            ask();
        }
        "Escape" => {
            event.prevent_default();
            event.stop_propagation();
            leave();
        }
        _ => {}
    };
    view! {
        <form
            class="question editing"
            aria-label=t!("reply-edit")
            on:submit=move |event| {
                event.prevent_default();
                ask();
            }
        >
            <textarea dir="auto" rows="3" aria-label=t!("reply-edit-text") node_ref=area on:keydown=on_key></textarea>
            <p class="quiet-text">{t!("reply-edit-note")}</p>
            <p class="buttons">
                <button type="button" class="plain" on:click=move |_| leave()>
                    {t!("reply-edit-cancel")}
                </button>
                <button type="submit" class="plain primary">
                    {t!("reply-edit-save")}
                </button>
            </p>
        </form>
    }
}

/// Arrows from branch to branch; `label` names what they are branches of.
#[component]
pub fn Switcher(standing: Memo<Standing>, label: &'static str) -> impl IntoView {
    let page = page();
    let busy = live().busy;
    let several = Memo::new(move |_| standing.get().count > 1);
    let show = move |key: Option<u64>| {
        if let Some(key) = key {
            page.act(|chat| chat.show(key));
        }
    };
    view! {
        <Show when=move || several.get()>
            <span class="switcher" role="group" aria-label=t!(label)>
                <button
                    type="button"
                    class="icon-button"
                    aria-label=t!("reply-branch-before")
                    disabled=move || busy.get() || standing.get().before.is_none()
                    on:click=move |_| show(standing.get_untracked().before)
                >
                    <Icon path=BACK />
                </button>
                <span class="switcher-place">
                    {move || {
                        let Standing { number, count, .. } = standing.get();
                        t!("reply-branch-place", number = number, count = count)
                    }}
                </span>
                <button
                    type="button"
                    class="icon-button"
                    aria-label=t!("reply-branch-after")
                    disabled=move || busy.get() || standing.get().after.is_none()
                    on:click=move |_| show(standing.get_untracked().after)
                >
                    <Icon path=FORWARD />
                </button>
            </span>
        </Show>
    }
}
