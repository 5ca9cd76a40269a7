//! The models that are not loaded: what is stored, what is being looked at, what is being downloaded.
//! Like the chat it has no DOM and is tested natively.

mod card;
mod pulls;

use std::sync::Arc;

use crate::protocol::{Event, Library, LoadOptions, ModelSource, Request, RequestId, StoredModel};

use super::choice::{Choice, same_model};
use super::effect::Effect;
use super::notices::Notice;
use super::suiting::{Machine, suited};
use super::words::t;

pub use card::{Card, Kind, about};
pub use pulls::{Progress, Pull, PullState};

/// Ids of these requests start here. The chat's start at 1, so that the two never meet: the engine
/// answers both.
const FIRST_ID: RequestId = 1 << 32;

/// Restarts of the library's worker in a row, before the page stops trying.
const MAX_RESTARTS: u32 = 3;

/// All that the page knows of models beside the loaded one.
#[derive(Debug)]
pub struct Models {
    /// What is stored, and what is known to suit; `None` until it was told.
    pub library: Option<Arc<Library>>,
    /// Why the library, or the last change to it, failed.
    pub problem: Option<Notice>,
    /// The model that is being looked at.
    pub card: Option<Card>,
    /// Downloads of this visit that are not done, oldest first.
    pub pulls: Vec<Pull>,
    /// Downloads that an earlier visit left unfinished, until the reader has decided on them.
    pub interrupted: Vec<StoredModel>,
    /// A model that has become ready while the reader was busy with another.
    pub offer: Option<Choice>,
    /// The stored model that is to be deleted, once that is confirmed.
    pub to_remove: Option<String>,
    /// What a screen reader is told; changes seldom.
    pub announcement: String,
    options: LoadOptions,
    effects: Vec<Effect>,
    next_id: RequestId,
    /// The request for the library that is under way.
    asked: Option<RequestId>,
    /// A request that changes the library.
    removing: Option<RequestId>,
    restarts: u32,
    /// The machine for which a model is wanted as soon as the known ones are told.
    suiting: Option<Machine>,
}

impl Models {
    /// Nothing is known yet; `options` are those of the page's address.
    pub fn new(options: LoadOptions) -> Self {
        Self {
            library: None,
            problem: None,
            card: None,
            pulls: Vec::new(),
            interrupted: Vec::new(),
            offer: None,
            to_remove: None,
            announcement: String::new(),
            options,
            effects: Vec::new(),
            next_id: FIRST_ID,
            asked: None,
            removing: None,
            restarts: 0,
            suiting: None,
        }
    }

    /// What is to be done since the last call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Asks for the library, unless that is under way.
    pub fn refresh(&mut self) {
        if self.asked.is_none() {
            let id = self.next_id();
            self.asked = Some(id);
            self.effects.push(Effect::Library(Request::Library { id }));
        }
    }

    /// Looks at the known model that suits a machine, once the known ones are told.
    pub fn look_at_suited(&mut self, machine: Machine) {
        self.suiting = Some(machine);
        self.show_suited();
        self.refresh();
    }

    fn show_suited(&mut self) {
        let Some(library) = self.library.clone() else { return };
        if let Some(entry) = self.suiting.take().and_then(|machine| suited(&library.catalogue, machine)) {
            self.look_at(entry);
        }
    }

    /// Whether the library was asked for and has not answered yet.
    pub fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Starts anew after the library's worker had failed too often.
    pub fn try_again(&mut self) {
        self.restarts = 0;
        self.problem = None;
        self.asked = None;
        self.refresh();
    }

    /// The stored model of a source, whole or in part.
    pub fn stored(&self, source: &ModelSource) -> Option<&StoredModel> {
        self.library.as_ref()?.models.iter().find(|model| is_of(model, source))
    }

    /// Stored models that are whole, the one last written first.
    pub fn complete(&self) -> Vec<StoredModel> {
        let mut models: Vec<_> = self.all().filter(|model| model.complete).cloned().collect();
        models.sort_by_key(|model| std::cmp::Reverse(model.modified_ms));
        models
    }

    /// Stored models that lack something and are not being downloaded.
    pub fn unfinished(&self) -> Vec<StoredModel> {
        let pulled = |model: &StoredModel| self.pulls.iter().any(|pull| is_of(model, &pull.source));
        self.all().filter(|model| !model.complete && !pulled(model)).cloned().collect()
    }

    fn all(&self) -> impl Iterator<Item = &StoredModel> {
        self.library.iter().flat_map(|library| &library.models)
    }

    /// Asks whether a stored model is really to be deleted.
    pub fn ask_to_remove(&mut self, name: &str) {
        self.to_remove = Some(name.to_owned());
    }

    /// Deletes the model that [`Self::ask_to_remove`] named.
    pub fn remove(&mut self) {
        let Some(name) = self.to_remove.take() else { return };
        self.interrupted.retain(|model| model.name != name);
        self.offer.take_if(|offer| offer.source == ModelSource::Stored { name: name.clone() });
        self.post_remove(name);
    }

    fn post_remove(&mut self, name: String) {
        let id = self.next_id();
        self.removing = Some(id);
        self.problem = None;
        self.announcement = t!("models-deleting", model = name.as_str());
        self.effects.push(Effect::Library(Request::Remove { id, name }));
    }

    /// Takes the model that has become ready.
    pub fn accept_offer(&mut self) {
        if let Some(choice) = self.offer.take() {
            self.effects.push(Effect::Use(choice));
        }
    }

    /// Takes what the library's worker says.
    pub fn apply(&mut self, event: Event) {
        match event {
            // An answer that was overtaken by a later question is not looked at.
            Event::Library { id, library } if self.asked == Some(id) || self.removing == Some(id) => {
                if self.asked == Some(id) {
                    self.asked = None;
                } else {
                    self.removing = None;
                    self.announcement = t!("models-deleted");
                }
                self.restarts = 0;
                self.problem = None;
                self.take_library(library);
            }
            Event::Found { id, listing } => self.take_listing(id, listing),
            Event::Pulling { id, phase, done_bytes, total_bytes, bytes_per_s, seconds_left } => {
                self.restarts = 0;
                let progress = Progress { phase, done_bytes, total_bytes, bytes_per_s, seconds_left };
                self.take_progress(id, progress);
            }
            Event::Pulled { id, model } => self.take_pulled(id, &model),
            Event::Done { id, .. } => self.pull_paused(id),
            Event::Failed { id: Some(id), kind, message, .. } => {
                self.failed(id, &Notice::new(&kind, &message));
            }
            Event::Failed { id: None, kind, message, .. } => self.worker_failed(Notice::new(&kind, &message)),
            _ => {}
        }
    }

    /// Takes what the engine's worker says of a pre-flight; everything else is the chat's.
    pub fn apply_engine(&mut self, event: &Event) {
        match event {
            Event::Inspected { id, report } => self.take_report(*id, report.clone()),
            Event::Failed { id: Some(id), kind, message, .. } if *id >= FIRST_ID => {
                self.inspection_failed(*id, &Notice::new(kind, message));
            }
            Event::Failed { id: None, .. } => self.engine_gone(),
            _ => {}
        }
    }

    fn take_library(&mut self, library: Library) {
        let first = self.library.is_none();
        self.library = Some(Arc::new(library));
        self.show_suited();
        self.discard_paused();
        if first {
            self.interrupted = self.unfinished();
        }
    }

    fn failed(&mut self, id: RequestId, notice: &Notice) {
        if self.asked == Some(id) {
            self.asked = None;
            self.suiting = None;
            self.problem = Some(notice.clone());
        } else if self.removing == Some(id) {
            self.removing = None;
            self.problem = Some(notice.clone());
        } else if !self.lookup_failed(id, notice) {
            self.pull_failed(id, notice);
        }
    }

    /// The worker is gone, and with it all that was under way. Downloads go on from where they were.
    fn worker_failed(&mut self, notice: Notice) {
        if self.effects.contains(&Effect::RestartLibrary) {
            return;
        }
        self.asked = None;
        self.removing = None;
        self.lookup_gone(&notice);
        self.restarts += 1;
        if self.restarts > MAX_RESTARTS {
            self.suiting = None;
            self.pulls_gone(&notice);
            self.problem = Some(notice);
            return;
        }
        self.effects.push(Effect::RestartLibrary);
        self.pull_again();
        self.refresh();
    }

    fn next_id(&mut self) -> RequestId {
        self.next_id += 1;
        self.next_id
    }
}

/// Whether a stored model is the one that a source means.
fn is_of(model: &StoredModel, source: &ModelSource) -> bool {
    same_model(&model.source, source) || matches!(source, ModelSource::Stored { name } if *name == model.name)
}

#[cfg(test)]
#[path = "models_tests.rs"]
mod tests;
