//! The conversations that are kept: the list of them, what is found in it, and how the storage stands. No DOM and
//! no database here: [`Wish`]es go out, [`Answer`]s come back.

mod files;
mod finding;
pub mod format;
pub mod list;
pub mod markdown;
pub mod room;
pub mod talk;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use finding::Group;
use format::{Journal, Record, Unreadable, Whole};
use list::Head;
use room::Little;
pub use talk::{Act, Answer, For, Wish};

/// How the storage stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stand {
    /// It is being opened.
    #[default]
    Opening,
    /// What is written is kept.
    Keeping,
    /// It is full: what is written since is in this tab alone.
    Full,
    /// It could not be written, and why; what is written since is in this tab alone.
    Failed(String),
    /// This browser keeps nothing, and why.
    Nothing(String),
}

/// What went wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFile {
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub why: Unreadable,
}

/// All that the page knows of its conversations.
#[derive(Debug, Default)]
pub struct Chats {
    /// How the storage stands.
    pub stand: Stand,
    /// What is searched for.
    pub query: String,
    /// What was deleted last, until it is put back or forgotten.
    pub deleted: Option<Whole>,
    /// The file that could not be read.
    pub bad_file: Option<BadFile>,
    /// What a screen reader is told.
    pub announcement: Said,
    heads: Vec<Head>,
    /// What could not be written: it lives as long as this tab.
    loose: BTreeMap<String, Whole>,
    /// What is searched in, by conversation, once something was searched for.
    texts: Option<BTreeMap<String, String>>,
    /// The one that was deleted last, until the storage gives back what it was.
    deleting: Option<String>,
    /// The titles of conversations that are read to be renamed.
    renaming: BTreeMap<String, Option<String>>,
    /// What this tab showed before it was reloaded.
    before: Option<String>,
    /// What is left of a storage that is nearly full, and whether that was said.
    little: Little,
    acts: Vec<Act>,
}

/// Something to say, in the language of the moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Said {
    /// Nothing.
    #[default]
    Nothing,
    /// This one was deleted.
    Deleted(String),
    /// It is back.
    Restored(String),
    /// So many were imported.
    Imported(usize),
    /// The chat was copied.
    Copied,
    /// So many were found.
    Found(usize),
}

impl Chats {
    /// Nothing is known yet; `before` is what this tab showed before it was reloaded.
    pub fn new(before: Option<String>) -> Self {
        Self { before, ..Self::default() }
    }

    /// What is to be done since the last call.
    pub fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    fn wish(&mut self, wish: Wish) {
        self.acts.push(Act::Wish(wish));
    }

    /// Whether what is written now stays in this tab.
    pub fn is_loose(&self) -> bool {
        !matches!(self.stand, Stand::Keeping | Stand::Opening)
    }

    /// Whether something would be lost with this tab that could have been kept.
    pub fn would_lose(&self) -> bool {
        !self.loose.is_empty() && matches!(self.stand, Stand::Full | Stand::Failed(_))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.heads.len()
    }

    /// Keeps a conversation.
    pub fn keep(&mut self, record: Record) {
        self.note(&record);
        if self.is_loose() {
            let id = record.id.clone();
            self.loose.entry(id).or_default().chat = record;
        } else {
            self.wish(Wish::Save(Box::new(record)));
        }
    }

    /// Keeps what is being written.
    pub fn keep_open(&mut self, journal: Journal) {
        if !self.heads.iter().any(|head| head.id == journal.chat.id) {
            let exchanges = vec![journal.open.clone()];
            self.note(&Record { exchanges, ..journal.chat.clone() });
        }
        if !self.is_loose() {
            self.wish(Wish::Journal(Box::new(journal)));
        }
    }

    /// Keeps a search.
    pub fn keep_tree(&mut self, id: String, key: u64, json: Arc<str>) {
        if self.is_loose() {
            self.loose.entry(id).or_default().trees.insert(key, json.to_string());
        } else {
            self.wish(Wish::Tree(id, key, json));
        }
    }

    /// Puts a conversation where it belongs in the list.
    fn note(&mut self, record: &Record) {
        if let Some(texts) = &mut self.texts {
            texts.insert(record.id.clone(), list::text_of(record));
        }
        self.note_head(Head::of(record));
    }

    fn note_head(&mut self, head: Head) {
        self.heads.retain(|known| known.id != head.id);
        let at = self.heads.partition_point(|known| known.changed_ms > head.changed_ms);
        self.heads.insert(at, head);
    }

    fn drop_head(&mut self, id: &str) -> Option<Head> {
        if let Some(texts) = &mut self.texts {
            texts.remove(id);
        }
        let at = self.heads.iter().position(|head| head.id == id)?;
        Some(self.heads.remove(at))
    }

    /// Reads a conversation: from here, or from the storage.
    pub fn read(&mut self, id: &str, why: For) {
        match self.loose.get(id).cloned() {
            Some(whole) => self.was_read(id, Some(Box::new(whole)), why),
            None if matches!(self.stand, Stand::Nothing(_)) => self.was_read(id, None, why),
            None => self.wish(Wish::Read(id.to_owned(), why)),
        }
    }

    fn was_read(&mut self, id: &str, whole: Option<Box<Whole>>, why: For) {
        let Some(whole) = whole else {
            self.renaming.remove(id);
            self.drop_head(id);
            return;
        };
        match why {
            For::Show => self.acts.push(Act::Show(whole)),
            For::Export => self.export(&[*whole]),
            For::Copy => {
                self.acts.push(Act::Copy(markdown::of(&whole.chat)));
                self.announcement = Said::Copied;
            }
            For::Sync => {
                self.note(&whole.chat);
                self.acts.push(Act::TakeIn(Box::new(whole.chat)));
            }
            For::Resume => self.acts.push(Act::Resume(whole)),
            For::Rename => {
                if let Some(title) = self.renaming.remove(id) {
                    self.keep(Record { title, ..whole.chat });
                }
            }
            For::Search => {}
        }
    }

    /// Gives a conversation that is not shown another title; none for its first question.
    pub fn rename(&mut self, id: &str, title: Option<String>) {
        self.renaming.insert(id.to_owned(), title);
        self.read(id, For::Rename);
    }

    /// Deletes a conversation. It can be put back until the next is deleted.
    pub fn delete(&mut self, id: &str) {
        let head = self.drop_head(id);
        self.deleted = None;
        self.announcement = Said::Deleted(head.map(|head| head.title).unwrap_or_default());
        self.deleted = self.loose.remove(id);
        self.deleting = Some(id.to_owned());
        self.wish_away(id);
    }

    fn wish_away(&mut self, id: &str) {
        // A full storage gives room where something is deleted.
        if !matches!(self.stand, Stand::Nothing(_)) {
            self.wish(Wish::Delete(id.to_owned()));
        }
    }

    /// Forgets a conversation in which nothing was said.
    pub fn forget(&mut self, id: &str) {
        self.drop_head(id);
        self.loose.remove(id);
        self.wish_away(id);
    }

    /// Deletes all of them, for good.
    pub fn delete_all(&mut self) {
        let ids: Vec<_> = self.heads.iter().map(|head| head.id.clone()).collect();
        for id in ids {
            self.forget(&id);
        }
        (self.deleted, self.deleting) = (None, None);
    }

    /// Puts back what was deleted last.
    pub fn restore(&mut self) {
        if let Some(whole) = self.deleted.take() {
            self.announcement = Said::Restored(whole.chat.shown_title());
            self.put(vec![whole]);
        }
    }

    fn put(&mut self, chats: Vec<Whole>) {
        for Whole { chat, .. } in &chats {
            // An older copy tells nothing new of what is here.
            if !self.heads.iter().any(|head| head.id == chat.id && head.changed_ms >= chat.changed_ms) {
                self.note(chat);
            }
        }
        if self.is_loose() {
            for whole in chats {
                let known = self.loose.entry(whole.chat.id.clone()).or_default();
                if known.chat.id.is_empty() {
                    known.chat = whole.chat;
                } else {
                    known.chat.take_in(&whole.chat);
                }
                known.trees.extend(whole.trees);
            }
        } else {
            self.wish(Wish::Put(chats));
        }
    }

    /// The conversations in the order of the list.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// Takes what the storage tells.
    pub fn apply(&mut self, told: Answer) {
        match told {
            Answer::Opened(heads, cut_off) => {
                self.stand = Stand::Keeping;
                for head in heads {
                    self.note_head(head);
                }
                // The reader comes back to what this tab showed, or to a reply that was cut off.
                let before = self.before.take().filter(|id| self.heads.iter().any(|head| head.id == *id));
                if let Some(id) = before.or(cut_off.into_iter().next()) {
                    self.read(&id, For::Resume);
                }
            }
            Answer::Closed(why) => self.stand = Stand::Nothing(why),
            Answer::Saved(head, revision, merged) => {
                // Room was made, by the person or by the browser.
                if self.loose.remove(&head.id).is_some() && self.loose.is_empty() {
                    self.stand = Stand::Keeping;
                }
                self.acts.push(Act::Kept(head.id.clone(), revision, merged));
                self.note_head(head);
            }
            Answer::Full(whole) => self.could_not_keep(*whole, Stand::Full),
            Answer::Failed(whole, why) => self.could_not_keep(*whole, Stand::Failed(why)),
            Answer::Read(id, whole, why) => self.was_read(&id, whole, why),
            Answer::All(mut chats, why) => {
                // What could not be written is newer than what was.
                for loose in self.loose.values() {
                    chats.retain(|whole| whole.chat.id != loose.chat.id);
                    chats.push(loose.clone());
                }
                match why {
                    For::Search => self.have_texts(&chats),
                    _ => self.export(&chats),
                }
            }
            Answer::Deleted(id, whole) => {
                // It may have been kept for the last time after it was taken from the list.
                if !self.loose.contains_key(&id) {
                    self.drop_head(&id);
                }
                if self.deleting.take_if(|deleting| *deleting == id).is_some() {
                    self.deleted = self.deleted.take().or(whole.map(|whole| *whole));
                }
                // There may be room now.
                if self.is_loose() && self.loose.is_empty() && !matches!(self.stand, Stand::Nothing(_)) {
                    self.stand = Stand::Keeping;
                }
                self.try_again();
                self.look_for_room();
            }
            Answer::Imported(heads) => {
                for head in heads {
                    self.loose.remove(&head.id);
                    self.note_head(head);
                }
                if self.loose.is_empty() {
                    self.stand = Stand::Keeping;
                }
            }
            Answer::Elsewhere(id, true) => {
                self.drop_head(&id);
            }
            Answer::Room(room) => self.little.note(room),
            Answer::Elsewhere(id, false) => self.wish(Wish::Read(id, For::Sync)),
        }
    }

    fn could_not_keep(&mut self, whole: Whole, stand: Stand) {
        self.stand = stand;
        if whole.chat.id.is_empty() {
            return;
        }
        let known = self.loose.entry(whole.chat.id.clone()).or_default();
        known.trees.extend(whole.trees);
        known.chat = whole.chat;
    }

    /// Tries once more to write what could not be written.
    pub fn try_again(&mut self) {
        if self.would_lose() {
            let chats = self.loose.values().cloned().collect();
            self.wish(Wish::Put(chats));
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
