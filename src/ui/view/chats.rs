//! The list of conversations: beside the conversation where there is room, otherwise a drawer over it.

use leptos::ev::{self, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::MediaQueryListEvent;

use super::chat_row::Row;
use super::icons::{CLOSE, COPY, DOWNLOAD, FOLDER, Icon, PLUS};
use crate::ui::chats::list::Age;
use crate::ui::chats::{Chats, Group, Said};
use crate::ui::dom;
use crate::ui::page::{WIDE, page};
use crate::ui::words::t;

/// The list, where it is shown.
#[component]
pub fn ChatsPanel() -> impl IntoView {
    let page = page();
    let wide = is_wide();
    let drawer = NodeRef::<html::Dialog>::new();
    let beside = Memo::new(move |_| wide.get() && page.panel.get());
    let over = Memo::new(move |_| !wide.get() && page.panel.get());
    Effect::new(move |_| {
        let over = over.get();
        if let Some(dialog) = drawer.get()
            && dialog.open() != over
        {
            // It fails only for a dialog that is not in the page.
            if over {
                drop(dialog.show_modal());
            } else {
                dialog.close();
            }
        }
    });
    let outside = move |event: ev::MouseEvent| {
        // What is pressed in the drawer has an element of its own; the veil is the dialog itself.
        let on_veil = event.target().is_some_and(|target| {
            drawer
                .get_untracked()
                .is_some_and(|dialog| **dialog == *target.unchecked_ref::<web_sys::Element>())
        });
        if on_veil {
            page.panel.set(false);
        }
    };
    view! {
        <Show when=move || beside.get()>
            <aside class="chats" id="chats" aria-label=t!("chats-title")>
                <Panel drawer=false />
            </aside>
        </Show>
        <dialog
            class="drawer"
            node_ref=drawer
            aria-label=t!("chats-title")
            on:close=move |_| page.panel.set(wide.get_untracked() && page.panel.get_untracked())
            on:click=outside
        >
            <Show when=move || over.get()>
                <div class="chats">
                    <Panel drawer=true />
                </div>
            </Show>
        </dialog>
        <p class="hidden" role="status">
            {move || page.chats.with(|chats| said(&chats.announcement))}
        </p>
    }
}

/// Whether there is room for the list beside the conversation; follows the window.
fn is_wide() -> RwSignal<bool> {
    let wide = RwSignal::new(dom::matches_media(WIDE));
    if let Some(list) = window().match_media(WIDE).ok().flatten() {
        let changed = Closure::<dyn FnMut(MediaQueryListEvent)>::new(move |event: MediaQueryListEvent| {
            wide.try_set(event.matches());
        });
        list.set_onchange(Some(changed.as_ref().unchecked_ref()));
        let held = StoredValue::new_local((list, changed));
        on_cleanup(move || {
            held.try_with_value(|(list, _)| list.set_onchange(None));
        });
    }
    wide
}

#[component]
fn Panel(
    /// Whether it covers the header, and the button for a new chat there.
    drawer: bool,
) -> impl IntoView {
    let page = page();
    let list = NodeRef::<html::Div>::new();
    // Days pass while the page is open; a list that is looked at is not that old.
    let groups =
        Memo::new(move |_| page.chats.with(|chats| chats.groups(dom::epoch_ms(), dom::behind_minutes())));
    let ages = move || groups.with(|groups| groups.iter().map(|(age, _)| *age).collect::<Vec<_>>());
    let of_age = move |age: Option<Age>| {
        let of =
            |groups: &Vec<Group>| groups.iter().find(|(own, _)| *own == age).map(|(_, heads)| heads.clone());
        groups.with(of).unwrap_or_default()
    };
    let searching = Memo::new(move |_| page.chats.with(|chats| !chats.query.trim().is_empty()));
    let count = Memo::new(move |_| page.chats.with(Chats::count));
    let search = move |event: ev::Event| {
        page.act_on_chats(|chats| chats.search(&event_target_value(&event)));
    };
    view! {
        <div class="chats-top">
            <h2>{t!("chats-title")}</h2>
            <button
                type="button"
                class="icon-button"
                aria-label=t!("chats-close")
                on:click=move |_| page.toggle_chats()
            >
                <Icon path=CLOSE />
            </button>
        </div>
        <div class="chats-tools">
            {drawer
                .then(|| {
                    view! {
                        <button type="button" class="plain" on:click=move |_| page.new_chat()>
                            <Icon path=PLUS />
                            {t!("page-new-chat")}
                        </button>
                    }
                })}
            <input
                type="search"
                node_ref=page.chats_search
                aria-label=t!("chats-search")
                placeholder=t!("chats-search")
                prop:value=move || page.chats.with(|chats| chats.query.clone())
                on:input=search
            />
        </div>
        <div class="chats-list" node_ref=list on:keydown=move |event| walk(list, &event)>
            <For each=ages key=|age| *age let(age)>
                <section>
                    {age.map(|age| view! { <h3>{t!(name_of(age))}</h3> })}
                    <ul>
                        <For
                            each=move || of_age(age)
                            key=|(head, snippet)| (head.id.clone(), head.title.clone(), snippet.clone())
                            let((head, snippet))
                        >
                            <Row head snippet />
                        </For>
                    </ul>
                </section>
            </For>
            <Show when=move || groups.with(|groups| groups.iter().all(|(_, heads)| heads.is_empty()))>
                <p class="quiet-text">
                    {move || if searching.get() { t!("chats-none-found") } else { t!("chats-none") }}
                </p>
            </Show>
        </div>
        <BadFile />
        <Deleted />
        <div class="chats-foot">
            <button
                type="button"
                class="quiet"
                disabled=move || count.get() == 0
                on:click=move |_| page.export_chats()
            >
                <Icon path=DOWNLOAD />
                {t!("chats-export-all")}
            </button>
            <Import />
            <button
                type="button"
                class="quiet"
                disabled=move || page.chat.with(|chat| chat.exchanges.is_empty())
                on:click=move |_| page.copy_chat()
            >
                <Icon path=COPY />
                {t!("chats-copy")}
            </button>
        </div>
    }
}

const fn name_of(age: Age) -> &'static str {
    match age {
        Age::Today => "chats-today",
        Age::Yesterday => "chats-yesterday",
        Age::Week => "chats-week",
        Age::Month => "chats-month",
        Age::Older => "chats-older",
    }
}

/// Up and down go from title to title.
fn walk(list: NodeRef<html::Div>, event: &KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    let Some(list) = list.get_untracked() else { return };
    let Ok(titles) = list.query_selector_all(".chat-title") else { return };
    let active = document().active_element();
    let at = (0..titles.length()).find(|index| titles.get(*index).as_ref() == active.as_deref());
    let Some(next) = at.and_then(|at: u32| at.checked_add_signed(step)).and_then(|next| titles.get(next))
    else {
        return;
    };
    event.prevent_default();
    if let Ok(title) = next.dyn_into::<web_sys::HtmlElement>() {
        // A title that is gone has no focus to take.
        drop(title.focus());
    }
}

#[component]
fn Import() -> impl IntoView {
    let page = page();
    let input = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        if let Some(input) = input.get_untracked() {
            page.import_chats(dom::files_of(input.files().as_ref()));
            // The same file can be chosen again.
            input.set_value("");
        }
    };
    view! {
        <button
            type="button"
            class="quiet"
            on:click=move |_| {
                if let Some(input) = input.get_untracked() {
                    input.click();
                }
            }
        >
            <Icon path=FOLDER />
            {t!("chats-import")}
        </button>
        <input
            type="file"
            class="hidden"
            tabindex="-1"
            aria-hidden="true"
            accept=".json,application/json"
            multiple
            node_ref=input
            on:change=chosen
        />
    }
}

/// What is wrong with a file.
#[component]
fn BadFile() -> impl IntoView {
    let page = page();
    let bad = Memo::new(move |_| page.chats.with(|chats| chats.bad_file.clone()));
    move || {
        bad.get().map(|bad| {
            view! {
                <div class="chats-note warn" role="alert">
                    <p>{t!("chats-bad-file", name = bad.name.as_str())}</p>
                    <p class="quiet-text" lang="en">{bad.why.to_string()}</p>
                    <button
                        type="button"
                        class="quiet"
                        on:click=move |_| page.act_on_chats(|chats| chats.bad_file = None)
                    >
                        {t!("chats-dismiss")}
                    </button>
                </div>
            }
        })
    }
}

/// The way back for what was deleted last.
#[component]
fn Deleted() -> impl IntoView {
    let page = page();
    let title = Memo::new(move |_| {
        page.chats.with(|chats| chats.deleted.as_ref().map(|whole| whole.chat.shown_title()))
    });
    let undo = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        // The button that was pressed is gone with its row.
        if let Some(button) = undo.get() {
            drop(button.focus());
        }
    });
    move || {
        title.get().map(|title| {
            view! {
                <div class="chats-note">
                    <p>{t!("chats-deleted", title = title)}</p>
                    <button
                        type="button"
                        class="plain"
                        node_ref=undo
                        on:click=move |_| page.act_on_chats(Chats::restore)
                    >
                        {t!("chats-undo")}
                    </button>
                </div>
            }
        })
    }
}

fn said(said: &Said) -> String {
    match said {
        Said::Nothing => String::new(),
        Said::Deleted(title) => t!("chats-deleted", title = title.as_str()),
        Said::Restored(title) => t!("chats-restored", title = title.as_str()),
        Said::Imported(count) => t!("chats-imported", count = *count),
        Said::Copied => t!("chats-copied"),
        Said::Found(count) => t!("chats-found", count = *count),
    }
}
