//! Conversations as files, and as text on the clipboard.

use super::format::{self, Record, Whole};
use super::{Act, BadFile, Chats, For, Said, Stand, Wish};

impl Chats {
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

    pub(super) fn export(&mut self, chats: &[Whole]) {
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
}
