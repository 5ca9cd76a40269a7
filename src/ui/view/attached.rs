//! Text files: beside the message that is being written, and folded in one that was sent.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;

use super::icons::{CLIP, CLOSE, Icon};
use crate::ui::attach;
use crate::ui::dom;
use crate::ui::meter::Count;
use crate::ui::page::page;
use crate::ui::words::t;

/// A number of tokens in words.
fn tokens(count: Count) -> String {
    if count.exact {
        t!("page-file-tokens", count = count.tokens)
    } else {
        t!("page-file-tokens-about", count = count.tokens)
    }
}

/// The files beside the message, each with what it takes, and what is wrong with those that are not.
#[component]
pub(super) fn Attachments() -> impl IntoView {
    let page = page();
    let files = Memo::new(move |_| page.attached.get());
    view! {
        <Show when=move || files.with(|files| !files.is_empty())>
            <ul class="chips" aria-label=t!("page-file-list")>
                <For each=move || files.get() key=|one| one.key let(one)>
                    {
                        let (key, name) = (one.key, one.file.name.clone());
                        let count = Memo::new(move |_| page.chat.with(|chat| chat.meter.file(key)));
                        let remove = move |_| {
                            page.attached.update(|list| list.retain(|one| one.key != key));
                            page.focus_composer();
                        };
                        view! {
                            <li class="chip">
                                <Icon path=CLIP />
                                <bdi class="chip-name" title=name.clone()>{name.clone()}</bdi>
                                <span class="quiet-text">{move || count.get().map(tokens)}</span>
                                <button
                                    type="button"
                                    class="icon-button"
                                    aria-label=t!("page-file-remove", name = name)
                                    on:click=remove
                                >
                                    <Icon path=CLOSE />
                                </button>
                            </li>
                        }
                    }
                </For>
            </ul>
        </Show>
        {move || page.file_trouble.get().map(|why| view! { <p class="file-trouble error" role="alert">{why}</p> })}
    }
}

/// The button that picks text files.
#[component]
pub(super) fn AttachButton() -> impl IntoView {
    let page = page();
    let input = NodeRef::<html::Input>::new();
    let picked = move |_| {
        let Some(input) = input.get_untracked() else { return };
        page.attach_files(dom::files_of(input.files().as_ref()));
        // The same file can be picked again.
        input.set_value("");
    };
    let open = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    view! {
        <button
            type="button"
            id="attach"
            class="icon-button attach"
            aria-label=t!("page-file-attach")
            title=t!("page-file-attach")
            on:click=open
        >
            <Icon path=CLIP />
        </button>
        <input type="file" multiple hidden node_ref=input on:change=picked />
    }
}

/// A question that was sent: its own text, and its files folded.
#[component]
pub(super) fn QuestionText(#[prop(into)] text: Signal<Arc<str>>) -> impl IntoView {
    let parts = Memo::new(move |_| text.with(|text| attach::split(text)));
    view! {
        {move || parts.with(|(text, _)| text.clone())}
        {move || {
            parts
                .with(|(_, files)| files.clone())
                .into_iter()
                .map(|file| {
                    view! {
                        <details class="sent-file">
                            <summary>
                                <Icon path=CLIP />
                                <bdi>{file.name}</bdi>
                            </summary>
                            <pre tabindex="0" dir="auto"><code>{file.text}</code></pre>
                        </details>
                    }
                })
                .collect_view()
        }}
    }
}
