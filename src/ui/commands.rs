//! Commands carried out, from the palette or by key.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDetailsElement, HtmlElement};

use super::dom;
use super::page::Page;
use super::shortcuts::Command;
use super::state::Chat;
use super::theme::Theme;
use super::view::open_dialog;
use super::words::{Language, spoken, t};

/// Where it is kept that single keys are no commands.
const KEYS: &str = "polo.keys";

/// Whether single keys are commands; they are unless they were switched off.
pub(super) fn kept_single_keys() -> bool {
    dom::load(KEYS).as_deref() != Some("off")
}

/// Keeps for the next visit whether they are.
pub(super) fn keep_single_keys(are: bool) {
    if are { dom::forget(KEYS) } else { dom::store(KEYS, "off") }
}

/// Presses the last button that this selector finds.
fn press_last(selector: &str) {
    let Ok(found) = document().query_selector_all(selector) else { return };
    let last = found.length().checked_sub(1).and_then(|last| found.get(last));
    if let Some(button) = last.and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        button.click();
    }
}

/// Whether a command has anything to do as the chat is now.
fn is_possible(command: Command, chat: &Chat) -> bool {
    let (busy, last) = (chat.is_busy(), chat.exchanges.last());
    match command {
        Command::Stop => busy,
        Command::Regenerate | Command::EditLast => last.is_some() && !busy,
        Command::CopyReply => last.is_some_and(|last| !last.reply.copy_text().is_empty()),
        Command::Confidence => {
            !busy && last.is_some_and(|last| last.reply.told.iter().any(|told| !told.top.is_empty()))
        }
        Command::Thoughts => chat.exchanges.iter().any(|exchange| exchange.reply.has_thought()),
        _ => true,
    }
}

impl Page {
    /// Whether the command can be given now.
    pub(super) fn can(self, command: Command) -> bool {
        self.chat.with(|chat| is_possible(command, chat))
    }

    /// Carries a command out, if it can be given now.
    pub(super) fn run(self, command: Command) {
        if !untrack(|| self.can(command)) {
            return;
        }
        match command {
            Command::Palette => open_dialog(self.palette),
            Command::Shortcuts => open_dialog(self.shortcuts),
            Command::NewChat => self.new_chat(),
            Command::SearchChats => self.search_chats(),
            Command::Export => self.export_chats(),
            Command::Write => self.focus_composer(),
            Command::EditLast => {
                // Whether it can be given was asked before.
                self.edit_last();
            }
            Command::Stop => self.act(Chat::stop),
            Command::Regenerate => self.regenerate(),
            Command::CopyReply => self.copy_last(),
            Command::Confidence => press_last(".heat-switch"),
            Command::Thoughts => self.toggle_thoughts(),
            Command::Search => self.search.update(|search| search.on = !search.on),
            Command::SearchKnobs => open_dialog(self.search_dialog),
            Command::Compare => open_dialog(self.compare_dialog),
            Command::Attach => press_last("#attach"),
            Command::Models => self.open_models(),
            Command::Inspector => open_dialog(self.inspector),
            Command::Settings => open_dialog(self.settings_dialog),
            Command::Theme => {
                self.settings.update(|settings| settings.theme = after(&Theme::ALL, settings.theme));
            }
            Command::Language => {
                let next = after(&Language::ALL, spoken());
                self.settings.update(|settings| settings.language = Some(next));
            }
        }
    }

    /// Opens all thoughts, or folds them where one is open; so are those to come.
    fn toggle_thoughts(self) {
        let Ok(found) = document().query_selector_all("details.thought") else { return };
        let thoughts: Vec<HtmlDetailsElement> =
            (0..found.length()).filter_map(|at| found.get(at)?.dyn_into().ok()).collect();
        let open = !thoughts.iter().any(HtmlDetailsElement::open);
        for thought in &thoughts {
            thought.set_open(open);
        }
        self.unfold_thoughts(open);
    }

    fn copy_last(self) {
        let text = self.chat.with_untracked(|chat| {
            chat.exchanges.last().map(|last| last.reply.copy_text().to_owned()).unwrap_or_default()
        });
        leptos::task::spawn_local(async move {
            let said = if dom::copy(text).await { t!("page-copied") } else { t!("page-code-not-allowed") };
            self.act(|chat| chat.announcement = said);
        });
    }
}

/// The one after this, round and round.
fn after<T: Copy + PartialEq>(all: &[T], this: T) -> T {
    all.iter().copied().cycle().skip_while(|one| *one != this).nth(1).unwrap_or(this)
}
