//! The page's side of its models: the dialog, the files that were picked, the engine beside the page.

use leptos::prelude::*;
use web_sys::File;

use super::Page;
use crate::protocol::{ModelSource, Request};
use crate::ui::choice::Choice;
use crate::ui::dom;
use crate::ui::models::Models;
use crate::ui::picked;
use crate::ui::suiting::Machine;

impl Page {
    /// The picked files, where a request is about them.
    pub(super) fn files_for(self, request: &Request) -> Vec<File> {
        match request {
            Request::Load { source: ModelSource::Picked { names }, .. }
            | Request::Inspect { source: ModelSource::Picked { names }, .. } => {
                self.files.with_value(|files| {
                    files.iter().filter(|file| names.contains(&file.name())).cloned().collect()
                })
            }
            _ => Vec::new(),
        }
    }

    /// Goes over to a model behind a server; an empty key is none.
    pub(in crate::ui) fn use_server(self, choice: Choice, origin: String, key: &str) {
        let token = Some(key.trim().to_owned()).filter(|key| !key.is_empty());
        let request = Request::Authorize { origin: Some(origin), token };
        self.engine.update_value(|link| link.post_always(&request));
        self.act(|chat| chat.use_model(choice));
        self.close_models();
    }

    /// Looks at files that were picked or dropped.
    pub(in crate::ui) fn take_files(self, files: Vec<File>) {
        if files.is_empty() {
            return;
        }
        let names: Vec<_> = files.iter().map(File::name).collect();
        match picked::model_of(&names) {
            Ok((source, title)) => {
                self.files.set_value(files);
                self.not_a_model.set(None);
                self.act_on_models(|models| models.look_at_picked(source, &title));
            }
            Err(why) => {
                self.not_a_model.set(Some(why));
                self.act_on_models(Models::back);
            }
        }
        self.open_models();
    }

    /// Opens the dialog with the models.
    pub(in crate::ui) fn open_models(self) {
        self.act_on_models(Models::refresh);
        self.look_beside();
        if let Some(dialog) = self.models_dialog.get_untracked()
            && !dialog.open()
        {
            // It fails only when it is open already.
            drop(dialog.show_modal());
        }
    }

    /// Opens the dialog with the models at the one that suits this machine.
    pub(in crate::ui) fn open_suited(self) {
        let software = self
            .chat
            .with_untracked(|chat| chat.device.as_ref().is_some_and(|device| device.device_type == "Cpu"));
        let machine = Machine {
            software,
            handheld: dom::matches_media("(hover: none) and (pointer: coarse)"),
            memory_gib: dom::memory_gib(),
        };
        self.act_on_models(|models| models.look_at_suited(machine));
        self.open_models();
    }

    /// Asks the machine that serves this page whether it has an engine of its own, unless that is known.
    pub(in crate::ui) fn look_beside(self) {
        if self.engine_beside.with_untracked(Option::is_none) {
            leptos::task::spawn_local(async move { self.engine_beside.set(dom::engine_beside().await) });
        }
    }

    /// Closes the dialog with the models; the reader goes on writing.
    pub(in crate::ui) fn close_models(self) {
        if let Some(dialog) = self.models_dialog.get_untracked() {
            dialog.close();
        }
        self.focus_composer();
    }

    /// Asks the browser to keep what is stored, and tells the library what came of it.
    pub(in crate::ui) fn keep_models(self) {
        leptos::task::spawn_local(async move {
            dom::persist().await;
            self.act_on_models(Models::refresh);
        });
    }
}
