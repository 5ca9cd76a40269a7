//! What the list of conversations and the storage say to each other, and what the page is to do for it.

use std::sync::Arc;

use super::format::{Journal, Record, Whole};
use super::list::Head;
use super::room::Room;

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
    /// Look how much room is left.
    Look,
}

impl Wish {
    /// Whether it takes room, or gives some back.
    pub const fn writes(&self) -> bool {
        !matches!(self, Self::Read(..) | Self::ReadAll(_) | Self::Look)
    }
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
pub enum Answer {
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
    /// So much room there is.
    Room(Room),
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
