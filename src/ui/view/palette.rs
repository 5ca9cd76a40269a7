//! The command palette, the list of keys, and the keys themselves.

use leptos::ev::{self, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::settings::Dialog;
use crate::ui::commands;
use crate::ui::dom;
use crate::ui::page::page;
use crate::ui::shortcuts::{Command, Place, Press, key_of, matching, moved};
use crate::ui::words::t;

/// Keys, palette and list of keys.
#[component]
pub fn Palette() -> impl IntoView {
    let page = page();
    let handle = window_event_listener(ev::keydown, move |event| {
        if let Some(command) = command_of(&event, page.single_keys.get_untracked()) {
            event.prevent_default();
            page.run(command);
        }
    });
    on_cleanup(move || handle.remove());
    view! {
        <Commands />
        <Shortcuts />
    }
}

fn command_of(event: &KeyboardEvent, single_keys: bool) -> Option<Command> {
    if event.is_composing() || event.default_prevented() || event.repeat() {
        return None;
    }
    let (main, second) = if dom::is_mac() {
        (event.meta_key(), event.ctrl_key())
    } else {
        (event.ctrl_key(), event.meta_key())
    };
    let key = key_of(&event.key(), &event.code(), main);
    let press = Press { key: &key, main, other: second || event.alt_key(), shift: event.shift_key() };
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let box_ = "input, textarea, select, [contenteditable]";
    let writing = target.is_some_and(|target| target.closest(box_).is_ok_and(|found| found.is_some()));
    let dialog = document().query_selector("dialog[open]").ok().flatten().is_some();
    Command::of(press, Place { writing, dialog, single_keys })
}

/// Keys to press together.
fn caps(keys: Vec<Vec<String>>) -> impl IntoView {
    keys.into_iter()
        .map(|together| {
            let caps = together.into_iter().map(|key| view! { <kbd>{key}</kbd> }).collect_view();
            view! { <span class="caps">{caps}</span> }
        })
        .collect_view()
}

/// A box to type in, and the commands that match.
#[component]
fn Commands() -> impl IntoView {
    let page = page();
    let query = RwSignal::new(String::new());
    let active = RwSignal::new(0_usize);
    let input = NodeRef::<html::Input>::new();
    let found = Memo::new(move |_| {
        let can: Vec<_> = Command::ALL.into_iter().filter(|command| page.can(*command)).collect();
        query.with(|query| matching(query, &can))
    });
    let close = move || {
        if let Some(dialog) = page.palette.get_untracked() {
            dialog.close();
        }
    };
    let give = move |command: Command| {
        close();
        page.run(command);
    };
    let option = |at: usize| format!("command-{at}");
    let on_key = move |event: KeyboardEvent| {
        let count = found.with_untracked(Vec::len);
        if count == 0 || event.is_composing() {
            return;
        }
        let at = active.get_untracked().min(count - 1);
        if event.key() == "Enter" {
            found.with_untracked(|found| found.get(at).copied()).into_iter().for_each(give);
        } else if let Some(next) = moved(at, count, &event.key(), event.ctrl_key()) {
            active.set(next);
        } else {
            return;
        }
        event.prevent_default();
        if let Some(shown) = document().get_element_by_id(&option(active.get_untracked())) {
            let how = web_sys::ScrollIntoViewOptions::new();
            how.set_block(web_sys::ScrollLogicalPosition::Nearest);
            shown.scroll_into_view_with_scroll_into_view_options(&how);
        }
    };
    // The next time it opens it is as new.
    let on_close = move |_| {
        query.set(String::new());
        active.set(0);
    };
    let on_click = move |event: leptos::ev::MouseEvent| {
        let hit = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if hit.is_some_and(|hit| hit.tag_name().eq_ignore_ascii_case("dialog")) {
            close();
        }
    };
    view! {
        <dialog
            class="palette"
            node_ref=page.palette
            aria-label=t!("page-command-palette")
            on:close=on_close
            on:click=on_click
        >
            <div class="dialog-body">
                <input
                    type="text"
                    role="combobox"
                    aria-label=t!("page-palette-box")
                    aria-expanded="true"
                    aria-controls="commands"
                    aria-autocomplete="list"
                    aria-activedescendant=move || found.with(|found| (!found.is_empty()).then(|| option(active.get())))
                    placeholder=t!("page-palette-box")
                    autocomplete="off"
                    autofocus
                    node_ref=input
                    prop:value=query
                    on:input=move |event| {
                        query.set(event_target_value(&event));
                        active.set(0);
                    }
                    on:keydown=on_key
                />
                <ul id="commands" role="listbox" aria-label=t!("page-palette-list")>
                    {move || {
                        let (mac, single) = (dom::is_mac(), page.single_keys.get());
                        found
                            .get()
                            .into_iter()
                            .enumerate()
                            .map(|(at, command)| {
                                view! {
                                    <li
                                        role="option"
                                        id=option(at)
                                        aria-selected=move || (active.get() == at).to_string()
                                        on:click=move |_| give(command)
                                        on:mousemove=move |_| {
                                            if active.get_untracked() != at {
                                                active.set(at);
                                            }
                                        }
                                    >
                                        <span>{command.name()}</span>
                                        {caps(command.keys(mac, single))}
                                    </li>
                                }
                            })
                            .collect_view()
                    }}
                </ul>
                <p class="quiet-text" role="status">
                    {move || found.with(Vec::is_empty).then(|| t!("page-palette-none"))}
                </p>
            </div>
        </dialog>
    }
}

/// The list of keys.
#[component]
fn Shortcuts() -> impl IntoView {
    let page = page();
    let mac = dom::is_mac();
    let fixed = [
        (t!("page-keys-send"), vec![vec!["Enter".to_owned()]]),
        (t!("page-keys-line"), vec![vec!["Shift".to_owned(), "Enter".to_owned()]]),
    ];
    let rows = move || {
        let single = page.single_keys.get();
        let commands = std::iter::once(Command::Palette).chain(Command::ALL);
        let named = commands.map(|command| (command.name(), command.keys(mac, single)));
        fixed
            .clone()
            .into_iter()
            .chain(named.filter(|(_, keys)| !keys.is_empty()))
            .map(|(name, keys)| view! { <div><dt>{name}</dt><dd>{caps(keys)}</dd></div> })
            .collect_view()
    };
    view! {
        <Dialog node_ref=page.shortcuts id="shortcuts-title" title=t!("page-command-shortcuts")>
            <dl class="facts shortcuts">{rows}</dl>
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=page.single_keys
                    on:change=move |event| {
                        let are = event_target_checked(&event);
                        page.single_keys.set(are);
                        commands::keep_single_keys(are);
                    }
                />
                {t!("page-keys-single")}
            </label>
        </Dialog>
    }
}
