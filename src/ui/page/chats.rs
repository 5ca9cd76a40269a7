//! The page's side of its conversations: they are kept, opened, exported, copied; and their branches.

use std::sync::Arc;

use leptos::ev;
use leptos::prelude::*;
use web_sys::File;

use super::Page;
use crate::protocol::RequestId;
use crate::ui::chats::{Act, Answer, Chats, For, format};
use crate::ui::chats_store::Store;
use crate::ui::dom;
use crate::ui::reply::Reply;
use crate::ui::state::{Chat, Kept};
use crate::ui::tokens::Told;

/// What this tab shows.
const SHOWN: &str = "polo.chat";
/// Whether the list is shown.
const PANEL: &str = "polo.panel";
/// Whether thoughts are unfolded.
const THOUGHTS: &str = "polo.thoughts";
/// Where the list has room beside the conversation.
pub(in crate::ui) const WIDE: &str = "(min-width: 64rem)";

/// What this tab showed before it was reloaded.
pub(super) fn before() -> Option<String> {
    dom::load_for_tab(SHOWN)
}

/// Whether the reader had the last thought unfolded.
pub(super) fn thoughts_are_open() -> bool {
    dom::load(THOUGHTS).as_deref() == Some("open")
}

impl Page {
    /// Opens the database, and keeps from now on.
    pub(super) fn start_keeping(self) {
        // Other tabs number from another millisecond.
        #[expect(clippy::cast_sign_loss, reason = "it is not before 1970")]
        let millisecond = dom::epoch_ms() as u64;
        self.chat.update_untracked(|chat| chat.number_from(millisecond * 1000));
        let store = Store::open(before(), move |told| {
            if let Answer::Opened(heads, _) = &told {
                self.place_panel(!heads.is_empty());
            }
            let came = match &told {
                Answer::Imported(heads) => heads.iter().map(|head| head.id.clone()).collect(),
                _ => Vec::new(),
            };
            self.act_on_chats(|chats| chats.apply(told));
            let shown = self.chat.with_untracked(|chat| chat.identity.id.clone());
            if came.contains(&shown) {
                self.act_on_chats(|chats| chats.read(&shown, For::Sync));
            }
        });
        self.store.set_value(Some(store));
        let shown = Memo::new(move |_| self.chat.with(|chat| chat.identity.id.clone()));
        Effect::new(move |_| shown.with(|id| dom::store_for_tab(SHOWN, id)));
        // A tab that is put away may never come back.
        let hide = window_event_listener(ev::pagehide, move |_| self.act(Chat::keep_now));
        let warn = window_event_listener(ev::beforeunload, move |event| {
            if self.chats.with_untracked(Chats::would_lose) {
                event.prevent_default();
            }
        });
        on_cleanup(move || [hide, warn].into_iter().for_each(WindowListenerHandle::remove));
    }

    /// Shows the list at the start where there is room and something in it, or as the reader last had it.
    fn place_panel(self, something: bool) {
        let wished = dom::load(PANEL).map_or(something, |kept| kept == "open");
        self.panel.try_set(wished && dom::matches_media(WIDE));
    }

    /// Keeps what the chat wants kept.
    pub(super) fn keep(self, kept: Kept) {
        self.act_on_chats(|chats| match kept {
            Kept::Whole(record) => chats.keep(*record),
            Kept::Open(journal) => chats.keep_open(*journal),
            Kept::Tree(id, key, json) => chats.keep_tree(id, key, json),
            Kept::Nothing(id) => chats.forget(&id),
        });
    }

    /// Changes what is known of conversations, and does what that asks for.
    pub(in crate::ui) fn act_on_chats(self, change: impl FnOnce(&mut Chats)) {
        let acts = self.chats.try_update(|chats| {
            change(chats);
            chats.take_acts()
        });
        for act in acts.unwrap_or_default() {
            match act {
                Act::Wish(wish) => self.store.with_value(|store| {
                    if let Some(store) = store {
                        store.wish(wish.clone());
                    }
                }),
                Act::Show(whole) => {
                    self.act(Chat::settle);
                    self.act(|chat| chat.open(&whole));
                    self.editing.set(None);
                    self.following.set(true);
                }
                Act::Resume(whole) => {
                    if self.chat.with_untracked(|chat| chat.identity.id.is_empty()) {
                        self.act(|chat| chat.open(&whole));
                    }
                }
                Act::TakeIn(record) => {
                    if self.chat.with_untracked(|chat| chat.identity.id == record.id) {
                        self.act(|chat| chat.take_in(&record));
                    }
                }
                Act::Kept(id, revision, merged) => {
                    self.act(|chat| chat.was_kept(&id, revision, merged.as_deref()));
                }
                Act::Download(name, text) => dom::download(&name, "application/json", &text),
                Act::Copy(text) => leptos::task::spawn_local(async move {
                    dom::copy(text).await;
                }),
            }
        }
    }

    /// Begins a new conversation; the one that is shown stays in the list.
    pub(in crate::ui) fn new_chat(self) {
        self.act(Chat::settle);
        self.act(Chat::new_chat);
        self.editing.set(None);
        self.following.set(true);
        self.close_drawer();
        self.focus_composer();
    }

    /// Shows another conversation.
    pub(in crate::ui) fn open_chat(self, id: &str) {
        if self.chat.with_untracked(|chat| chat.identity.id != id) {
            self.act_on_chats(|chats| chats.read(id, For::Show));
        }
        self.close_drawer();
    }

    /// Gives a conversation a title; an empty one is that of its first question again.
    pub(in crate::ui) fn rename_chat(self, id: &str, title: &str) {
        let title = Some(title.trim().to_owned()).filter(|title| !title.is_empty());
        if self.chat.with_untracked(|chat| chat.identity.id == id) {
            self.act(|chat| chat.rename(title));
        } else {
            self.act_on_chats(|chats| chats.rename(id, title));
        }
    }

    /// Deletes a conversation; it can be put back.
    pub(in crate::ui) fn delete_chat(self, id: &str) {
        if self.chat.with_untracked(|chat| chat.identity.id == id) {
            self.act(Chat::settle);
            self.act(Chat::new_chat);
        }
        self.act_on_chats(|chats| chats.delete(id));
    }

    /// Deletes all conversations, for good.
    pub(in crate::ui) fn delete_all_chats(self) {
        self.act(Chat::settle);
        self.act(Chat::new_chat);
        self.act_on_chats(Chats::delete_all);
    }

    /// Shows the list, or hides it.
    pub(in crate::ui) fn toggle_chats(self) {
        let open = !self.panel.get_untracked();
        self.panel.set(open);
        if dom::matches_media(WIDE) {
            dom::store(PANEL, if open { "open" } else { "closed" });
        }
    }

    /// Puts the cursor where conversations are searched.
    pub(in crate::ui) fn search_chats(self) {
        self.panel.set(true);
        request_animation_frame(move || {
            if let Some(input) = self.chats_search.get_untracked() {
                // An element that is gone has no focus to take.
                drop(input.focus());
            }
        });
    }

    fn close_drawer(self) {
        if !dom::matches_media(WIDE) {
            self.panel.set(false);
        }
    }

    /// Saves all conversations as a file.
    pub(in crate::ui) fn export_chats(self) {
        self.act_on_chats(Chats::export_all);
    }

    /// Copies the conversation that is shown as Markdown.
    pub(in crate::ui) fn copy_chat(self) {
        let chat = self.chat.with_untracked(|chat| chat.record(dom::epoch_ms()));
        self.act_on_chats(|chats| chats.copy(&chat));
    }

    /// Opens JSON files: conversations, or a search. What is neither is told as a search that cannot be opened.
    pub(in crate::ui) fn import_files(self, files: Vec<File>) {
        leptos::task::spawn_local(async move {
            for file in files {
                let text = dom::text_of(&file).await;
                if format::looks_like_chats(&text) {
                    // What came of it shows in the list.
                    self.panel.set(true);
                    self.act_on_chats(|chats| chats.import(&file.name(), &text));
                } else {
                    self.act(|chat| chat.import(text, dom::now_ms()));
                    self.following.set(true);
                }
            }
        });
    }

    /// Opens the first of these files as a search that was exported.
    pub(in crate::ui) fn import_search(self, files: &[File]) {
        self.import_files(files.first().cloned().into_iter().collect());
    }

    /// Takes conversations from these files, or says what is wrong with them.
    pub(in crate::ui) fn import_chats(self, files: Vec<File>) {
        leptos::task::spawn_local(async move {
            for file in files {
                let text = dom::text_of(&file).await;
                self.act_on_chats(|chats| chats.import(&file.name(), &text));
            }
        });
    }

    /// Unfolds thoughts from now on, or folds them.
    pub(in crate::ui) fn unfold_thoughts(self, open: bool) {
        self.thoughts.set(open);
        dom::store(THOUGHTS, if open { "open" } else { "closed" });
    }

    /// Lets the last question be changed; false where there is none.
    pub(in crate::ui) fn edit_last(self) -> bool {
        let key = self
            .chat
            .with_untracked(|chat| chat.exchanges.last().filter(|_| !chat.is_busy()).map(|last| last.key));
        self.editing.set(key);
        key.is_some()
    }

    /// Asks something else in the place of a question.
    pub(in crate::ui) fn edit(self, key: u64, question: &str) {
        let (settings, search) = (self.settings.get_untracked(), self.next_search());
        self.act(|chat| {
            chat.search = search;
            chat.edit(key, question, &settings, dom::random_seed(), dom::now_ms());
        });
        self.editing.set(None);
        self.following.set(true);
    }

    /// Whether another reply can begin with the tokens of this one.
    pub(in crate::ui) fn can_go_on_from(self, reply: &Reply) -> bool {
        let key = self.key_of(reply.id);
        self.chat.with_untracked(|chat| key.is_some_and(|key| chat.can_branch_from(key, reply)))
    }

    /// Makes another reply to the same question, which begins with these tokens.
    pub(in crate::ui) fn go_on_from(self, reply: RequestId, beginning: &[Arc<Told>]) {
        if let Some(key) = self.key_of(reply) {
            self.act(|chat| {
                chat.branch_from(key, beginning, dom::now_ms());
            });
            self.following.set(true);
        }
    }

    fn key_of(self, reply: RequestId) -> Option<u64> {
        self.chat.with_untracked(|chat| {
            let exchange = chat.exchanges.iter().find(|exchange| exchange.reply.id == reply);
            exchange.map(|exchange| exchange.key)
        })
    }

    /// Goes on with the last reply where it was cut off.
    pub(in crate::ui) fn go_on(self) {
        self.act(|chat| chat.go_on(dom::now_ms()));
        self.following.set(true);
    }
}
