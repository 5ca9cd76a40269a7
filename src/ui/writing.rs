//! What stands in the composer: the text, and the files beside it.

use leptos::prelude::*;
use web_sys::File;

use super::attach::{self, TextFile};
use super::dom;
use super::figures;
use super::page::Page;
use super::words::t;

/// A file beside the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attached {
    /// Distinct for each, for the list and for its count of tokens.
    pub(super) key: u64,
    pub(super) file: TextFile,
}

impl Page {
    /// What would be sent.
    pub(super) fn question(self) -> String {
        let files: Vec<_> = self.attached.with(|list| list.iter().map(|one| one.file.clone()).collect());
        self.draft.with(|draft| attach::join(draft, &files))
    }

    /// Puts a question back, after what was typed meanwhile.
    pub(super) fn take_draft(self, question: &str) {
        let (text, files) = attach::split(question);
        self.draft.update(|draft| {
            *draft = if draft.is_empty() { text } else { format!("{text}\n{draft}") };
        });
        for file in files {
            self.attach(file);
        }
        self.focus_composer();
    }

    /// The composer is empty again.
    pub(super) fn clear_draft(self) {
        self.draft.set(String::new());
        self.attached.set(Vec::new());
        self.file_trouble.set(None);
        self.chat.update(|chat| chat.meter.clear());
    }

    fn attach(self, file: TextFile) {
        let known = self.attached.with_untracked(|list| list.iter().any(|one| one.file == file));
        if !known {
            let key = dom::random_seed();
            self.attached.update(|list| list.push(Attached { key, file }));
        }
    }

    /// Takes files that were dropped anywhere: a model, an export, or text for the message.
    pub(super) fn take_dropped(self, files: Vec<File>) {
        let names: Vec<_> = files.iter().map(File::name).collect();
        if attach::is_model(&names) {
            self.take_files(files);
        } else {
            self.attach_files(files);
        }
    }

    /// Takes text files into the message; what was exported from here is opened instead.
    pub(super) fn attach_files(self, files: Vec<File>) {
        self.file_trouble.set(None);
        leptos::task::spawn_local(async move {
            for file in files {
                if attach::is_export(&dom::ends_of(&file).await) {
                    self.import_search(&[file]);
                } else if let Err(why) = self.attach_file(&file).await {
                    self.file_trouble.set(Some(why));
                }
            }
            self.focus_composer();
        });
    }

    async fn attach_file(self, file: &File) -> Result<(), String> {
        let (name, size) = (file.name(), file.size());
        if size > attach::MAX_BYTES as f64 {
            let (size, most) = (figures::in_units(size), figures::size(attach::MAX_BYTES));
            return Err(t!("page-file-too-large", name = name, size = size, most = most));
        }
        let bytes =
            dom::bytes_of(file).await.ok_or_else(|| t!("page-file-unreadable", name = name.clone()))?;
        self.attach(TextFile::read(&name, &bytes)?);
        Ok(())
    }
}
