//! Downloads: started, paused, resumed, discarded; and what happens when they are done.

use crate::protocol::{ModelSource, PullPhase, Request, RequestId, StoredModel};

use super::{Models, is_of};
use crate::ui::choice::{Choice, same_model};
use crate::ui::effect::Effect;
use crate::ui::notices::Notice;
use crate::ui::words::t;

/// How far a download has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub phase: PullPhase,
    /// Bytes done in this phase.
    pub done_bytes: u64,
    /// Bytes of this phase.
    pub total_bytes: u64,
    /// Bytes a second.
    pub bytes_per_s: f64,
    /// Seconds left; `None` while nobody can tell.
    pub seconds_left: Option<f64>,
}

/// What a download is about.
#[derive(Debug, Clone, PartialEq)]
pub enum PullState {
    /// It runs, or is about to.
    Running,
    /// The reader wants it to pause; the library has not said yet that it has.
    Pausing,
    /// What is here stays, nothing more comes.
    Paused,
    /// It failed; what is here stays.
    Failed(Notice),
}

/// A download.
#[derive(Debug, Clone, PartialEq)]
pub struct Pull {
    /// Distinct for each, for the page's list.
    pub key: u64,
    /// What is downloaded.
    pub source: ModelSource,
    /// Name to show.
    pub title: String,
    /// What it is about.
    pub state: PullState,
    /// How far it has come.
    pub progress: Progress,
    id: RequestId,
    /// How to run it when it is here.
    choice: Choice,
    /// Whether it runs as soon as it is here, or is only offered.
    run: bool,
    /// Whether what is here is to be deleted.
    discard: bool,
}

impl Pull {
    /// Whether the hub refused it, and may not do so with an access token.
    pub fn is_locked(&self) -> bool {
        matches!(&self.state, PullState::Failed(notice) if notice.kind == "gated")
    }
}

impl Models {
    /// Brings a model into local storage.
    pub(super) fn pull(&mut self, source: ModelSource, bytes: u64, choice: Choice, run: bool) {
        if let Some(pull) = self.pulls.iter_mut().find(|pull| same_model(&pull.source, &source)) {
            (pull.choice, pull.run) = (choice, run);
            let key = pull.key;
            self.resume(key);
            return;
        }
        let done_bytes = self.stored(&source).map_or(0, |model| model.done_bytes);
        let key = self.next_id();
        let progress = Progress {
            phase: PullPhase::Download,
            done_bytes,
            total_bytes: bytes,
            bytes_per_s: 0.0,
            seconds_left: None,
        };
        let title = choice.title.clone();
        let state = PullState::Paused;
        self.pulls.push(Pull { key, source, title, state, progress, id: 0, choice, run, discard: false });
        self.effects.push(Effect::MarkLibrary);
        self.resume(key);
    }

    /// Goes on with a download that an earlier visit left.
    pub fn resume_stored(&mut self, name: &str) {
        let Some(model) = self.all().find(|model| model.name == name).cloned() else { return };
        self.interrupted.retain(|other| other.name != model.name);
        let choice = Choice::new(model.source.clone(), &model.name);
        self.pull(model.source, model.bytes, choice, false);
    }

    /// Leaves all downloads of an earlier visit as they are; the library still lists them.
    pub fn leave_interrupted(&mut self) {
        self.interrupted.clear();
    }

    /// Goes on with a download that was paused or failed.
    pub fn resume(&mut self, key: u64) {
        let id = self.next_id();
        let Some(pull) = self.pulls.iter_mut().find(|pull| pull.key == key) else { return };
        if matches!(pull.state, PullState::Paused | PullState::Failed(_)) {
            pull.id = id;
            pull.state = PullState::Running;
            pull.discard = false;
            pull.progress.phase = PullPhase::Download;
            self.announcement = t!("models-downloading", model = pull.title.as_str());
            self.effects.push(Effect::Library(Request::Pull { id, source: pull.source.clone() }));
        }
    }

    /// Pauses a download.
    pub fn pause(&mut self, key: u64) {
        let Some(pull) = self.pulls.iter_mut().find(|pull| pull.key == key) else { return };
        if pull.state == PullState::Running {
            pull.state = PullState::Pausing;
            self.effects.push(Effect::Library(Request::Cancel { id: pull.id }));
        }
    }

    /// Ends a download and deletes what came of it.
    pub fn discard(&mut self, key: u64) {
        let Some(pull) = self.pulls.iter_mut().find(|pull| pull.key == key) else { return };
        pull.discard = true;
        match pull.state {
            PullState::Running => self.pause(key),
            PullState::Pausing => {}
            // Its name is known only to the library.
            PullState::Paused | PullState::Failed(_) => self.refresh_anew(),
        }
    }

    pub(super) fn take_progress(&mut self, id: RequestId, progress: Progress) {
        if let Some(pull) = self.pulls.iter_mut().find(|pull| pull.id == id) {
            pull.progress = progress;
        }
    }

    pub(super) fn take_pulled(&mut self, id: RequestId, model: &StoredModel) {
        let Some(at) = self.pulls.iter().position(|pull| pull.id == id) else { return };
        let pull = self.pulls.remove(at);
        self.refresh_anew();
        if pull.discard {
            self.post_remove(model.name.clone());
            return;
        }
        self.announcement = t!("models-is-downloaded", model = pull.title.as_str());
        let source = ModelSource::Stored { name: model.name.clone() };
        let choice = Choice { source, ..pull.choice };
        if pull.run {
            self.effects.push(Effect::UseIfIdle(choice));
        } else {
            self.offer = Some(choice);
        }
    }

    pub(super) fn pull_paused(&mut self, id: RequestId) {
        if let Some(pull) = self.pulls.iter_mut().find(|pull| pull.id == id) {
            pull.state = PullState::Paused;
            self.announcement = t!("models-download-paused", model = pull.title.as_str());
            self.refresh_anew();
        }
    }

    pub(super) fn pull_failed(&mut self, id: RequestId, notice: &Notice) {
        if let Some(pull) = self.pulls.iter_mut().find(|pull| pull.id == id) {
            self.announcement =
                t!("models-download-stopped", model = pull.title.as_str(), why = notice.line());
            pull.state = PullState::Failed(notice.clone());
            self.refresh_anew();
        }
    }

    /// Deletes what the discarded downloads left, now that the library is known.
    pub(super) fn discard_paused(&mut self) {
        let still = |pull: &Pull| matches!(pull.state, PullState::Running | PullState::Pausing);
        let (gone, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.pulls).into_iter().partition(|pull| pull.discard && !still(pull));
        self.pulls = kept;
        for pull in gone {
            let name = self.all().find(|model| is_of(model, &pull.source)).map(|model| model.name.clone());
            if let Some(name) = name {
                self.post_remove(name);
            }
        }
    }

    /// The library's worker is started again: what ran goes on, what was to pause is paused.
    pub(super) fn pull_again(&mut self) {
        let mut keys = Vec::new();
        for pull in &mut self.pulls {
            match pull.state {
                PullState::Running => keys.push(pull.key),
                PullState::Pausing => {}
                PullState::Paused | PullState::Failed(_) => continue,
            }
            pull.state = PullState::Paused;
        }
        for key in keys {
            self.resume(key);
        }
    }

    /// The library's worker does not come back.
    pub(super) fn pulls_gone(&mut self, notice: &Notice) {
        for pull in &mut self.pulls {
            if matches!(pull.state, PullState::Running | PullState::Pausing) {
                pull.state = PullState::Failed(notice.clone());
            }
        }
    }

    /// Asks for the library as it is from now on.
    fn refresh_anew(&mut self) {
        self.asked = None;
        self.refresh();
    }
}
