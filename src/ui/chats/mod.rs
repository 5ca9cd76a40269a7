//! The conversations that are kept: the list of them, what is found in it, and how the storage stands. No DOM and
//! no database here: [`Wish`]es go out, [`Told`] comes back.

pub mod format;
pub mod list;
pub mod markdown;

use std::collections::BTreeMap;
use std::sync::Arc;

use format::{Journal, Record, Unreadable, Whole};
use list::{Age, Head};

/// What is asked of the storage.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Keep a conversation; `written` is the revision it was read at, or written at last.
    Save(Box<Record>),
    /// Keep what is being written.
    Journal(Box<Journal>),
    /// Keep a search: conversation, exchange, what `Exported` held.
    Tree(String, u64, Arc<str>),
    /// Read a conversation.
    Read(String, For),
    /// Delete a conversation.
    Delete(String),
    /// Keep conversations with their searches.
    Put(Vec<Whole>),
    /// Read all of them.
    ReadAll(For),
}

/// What something is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// To show it.
    Show,
    /// To save it as a file.
    Export,
    /// To copy it as Markdown.
    Copy,
    /// To search in it.
    Search,
    /// Another tab has written it.
    Sync,
    /// To be given another title.
    Rename,
    /// To show it when the page starts, unless the reader was quicker.
    Resume,
}

/// What comes from the storage.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// It is open: what it holds, and which of that was cut off.
    Opened(Vec<Head>, Vec<String>),
    /// It does not keep anything here, and says why.
    Closed(String),
    /// A conversation was kept under this revision; with what another tab had written, where that was taken in.
    Saved(Head, u64, Option<Box<Record>>),
    /// There was no room for it.
    Full(Box<Whole>),
    /// It could not be written, and why.
    Failed(Box<Whole>, String),
    /// A conversation; `None` where it is gone.
    Read(String, Option<Box<Whole>>, For),
    /// All conversations.
    All(Vec<Whole>, For),
    /// A conversation was deleted; this is what it was.
    Deleted(String, Option<Box<Whole>>),
    /// Conversations were kept.
    Imported(Vec<Head>),
    /// Another tab has written a conversation, or deleted it.
    Elsewhere(String, bool),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Ask the storage.
    Wish(Wish),
    /// Show this conversation.
    Show(Box<Whole>),
    /// Show this conversation, unless something was asked already.
    Resume(Box<Whole>),
    /// Take in what another tab wrote of the one that is shown.
    TakeIn(Box<Record>),
    /// It was kept under this revision, and merged with what another tab wrote.
    Kept(String, u64, Option<Box<Record>>),
    /// Hand the person a file: name, text.
    Download(String, String),
    /// Put this on the clipboard.
    Copy(String),
}

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
    renaming: Option<(String, Option<String>)>,
    /// What this tab showed before it was reloaded.
    before: Option<String>,
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

/// Conversations of one age.
pub type Group = (Option<Age>, Vec<(Head, Option<String>)>);

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
                if let Some((_, title)) = self.renaming.take_if(|(renamed, _)| renamed == id) {
                    self.keep(Record { title, ..whole.chat });
                }
            }
            For::Search => {}
        }
    }

    /// Gives a conversation that is not shown another title; none for its first question.
    pub fn rename(&mut self, id: &str, title: Option<String>) {
        self.renaming = Some((id.to_owned(), title));
        self.read(id, For::Rename);
    }

    /// Deletes a conversation. It can be put back until the next is deleted.
    pub fn delete(&mut self, id: &str) {
        let head = self.drop_head(id);
        self.deleted = None;
        self.announcement = Said::Deleted(head.map(|head| head.title).unwrap_or_default());
        let loose = self.loose.remove(id);
        if matches!(self.stand, Stand::Nothing(_)) {
            self.deleted = loose;
        } else {
            self.wish(Wish::Delete(id.to_owned()));
            self.deleted = loose;
        }
    }

    /// Forgets a conversation in which nothing was said.
    pub fn forget(&mut self, id: &str) {
        self.drop_head(id);
        self.loose.remove(id);
        if !self.is_loose() {
            self.wish(Wish::Delete(id.to_owned()));
        }
    }

    /// Puts back what was deleted last.
    pub fn restore(&mut self) {
        if let Some(whole) = self.deleted.take() {
            self.announcement = Said::Restored(whole.chat.shown_title());
            self.put(vec![whole]);
        }
    }

    fn put(&mut self, chats: Vec<Whole>) {
        for whole in &chats {
            self.note(&whole.chat);
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

    /// Takes the conversations of a file: all of them, or none. What is here already is added to, not replaced.
    pub fn import(&mut self, name: &str, text: &str) {
        match format::read_file(text) {
            Ok(chats) => {
                self.bad_file = None;
                self.announcement = Said::Imported(chats.len());
                self.put(chats);
            }
            Err(why) => self.bad_file = Some(BadFile { name: name.to_owned(), why }),
        }
    }

    /// Saves all conversations as a file.
    pub fn export_all(&mut self) {
        if matches!(self.stand, Stand::Nothing(_)) {
            let all: Vec<_> = self.loose.values().cloned().collect();
            self.export(&all);
        } else {
            self.wish(Wish::ReadAll(For::Export));
        }
    }

    fn export(&mut self, chats: &[Whole]) {
        let name = match chats {
            [one] => format!("polo-chat-{}.json", one.chat.id),
            _ => "polo-chats.json".to_owned(),
        };
        self.acts.push(Act::Download(name, format::write_file(chats)));
    }

    /// Copies a conversation as Markdown.
    pub fn copy(&mut self, chat: &Record) {
        self.was_read(&chat.id, Some(Box::new(Whole { chat: chat.clone(), ..Whole::default() })), For::Copy);
    }

    /// Searches in titles and texts.
    pub fn search(&mut self, query: &str) {
        query.clone_into(&mut self.query);
        if self.texts.is_none() && !query.trim().is_empty() {
            self.texts = Some(BTreeMap::new());
            let loose: Vec<_> = self.loose.values().cloned().collect();
            self.have_texts(&loose);
            if !matches!(self.stand, Stand::Nothing(_)) {
                self.wish(Wish::ReadAll(For::Search));
            }
        }
        if !query.trim().is_empty() {
            self.announcement = Said::Found(self.found().len());
        }
    }

    fn have_texts(&mut self, chats: &[Whole]) {
        let texts = self.texts.get_or_insert_default();
        for whole in chats {
            texts.insert(whole.chat.id.clone(), list::text_of(&whole.chat));
        }
    }

    fn found(&self) -> Vec<(Head, Option<String>)> {
        let texts = self.texts.as_ref();
        let found = self.heads.iter().filter_map(|head| {
            if list::find(&head.title.to_lowercase(), &self.query).is_some() {
                return Some((head.clone(), None));
            }
            let snippet = list::find(texts?.get(&head.id)?, &self.query)?;
            Some((head.clone(), Some(snippet)))
        });
        found.collect()
    }

    /// The list: what was found, or all of it by age.
    pub fn groups(&self, now_ms: f64, behind_minutes: f64) -> Vec<Group> {
        if !self.query.trim().is_empty() {
            return vec![(None, self.found())];
        }
        let mut groups: Vec<Group> = Vec::new();
        for head in &self.heads {
            let age = Some(list::age(head.changed_ms, now_ms, behind_minutes));
            match groups.last_mut().filter(|(last, _)| *last == age) {
                Some((_, heads)) => heads.push((head.clone(), None)),
                None => groups.push((age, vec![(head.clone(), None)])),
            }
        }
        groups
    }

    /// The conversations in the order of the list.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// Takes what the storage tells.
    pub fn apply(&mut self, told: Told) {
        match told {
            Told::Opened(heads, cut_off) => {
                self.stand = Stand::Keeping;
                heads.into_iter().for_each(|head| self.note_head(head));
                // The reader comes back to what this tab showed, or to a reply that was cut off.
                let before = self.before.take().filter(|id| self.heads.iter().any(|head| head.id == *id));
                if let Some(id) = before.or(cut_off.into_iter().next()) {
                    self.read(&id, For::Resume);
                }
            }
            Told::Closed(why) => self.stand = Stand::Nothing(why),
            Told::Saved(head, revision, merged) => {
                // Room was made, by the person or by the browser.
                if self.loose.remove(&head.id).is_some() && self.loose.is_empty() {
                    self.stand = Stand::Keeping;
                }
                self.acts.push(Act::Kept(head.id.clone(), revision, merged));
                self.note_head(head);
            }
            Told::Full(whole) => self.could_not_keep(*whole, Stand::Full),
            Told::Failed(whole, why) => self.could_not_keep(*whole, Stand::Failed(why)),
            Told::Read(id, whole, why) => self.was_read(&id, whole, why),
            Told::All(mut chats, why) => {
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
            Told::Deleted(_, whole) => {
                self.deleted = self.deleted.take().or(whole.map(|whole| *whole));
                // There may be room now.
                self.try_again();
            }
            Told::Imported(heads) => {
                for head in heads {
                    self.loose.remove(&head.id);
                    self.note_head(head);
                }
                if self.loose.is_empty() {
                    self.stand = Stand::Keeping;
                }
            }
            Told::Elsewhere(id, true) => {
                self.drop_head(&id);
            }
            Told::Elsewhere(id, false) => self.wish(Wish::Read(id, For::Sync)),
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
