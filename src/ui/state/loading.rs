//! The life of the engine as the page sees it: started, loaded, lost, started again; and the change
//! from one model to another.

use std::sync::Arc;

use crate::protocol::{FinishReason, LoadPhase, ModelInfo, Request};

use super::{Chat, Phase};
use crate::ui::choice::Choice;
use crate::ui::effect::Effect;
use crate::ui::notices::Notice;
use crate::ui::reply::Status;
use crate::ui::words::t;

/// Restarts in a row without an answer between them, before the page stops trying.
pub(super) const MAX_RESTARTS: u32 = 3;

impl Chat {
    /// Changes to another model. The conversation stays; a reply under way ends.
    pub fn use_model(&mut self, choice: Choice) {
        let sent = |status| matches!(status, Status::Reading | Status::Writing);
        if self.exchanges.last().is_some_and(|last| sent(last.reply.status)) {
            self.stop();
            if let Some(last) = self.exchanges.last_mut() {
                Arc::make_mut(&mut last.reply).status = Status::Done(FinishReason::Cancelled);
                self.keep.whole = true;
            }
        }
        self.stop_comparing();
        self.choice = choice;
        self.restarts = 0;
        self.notice = None;
        self.remarks.clear();
        match self.phase {
            // It loads what is chosen by then.
            Phase::Starting => {}
            Phase::Ready | Phase::Down if self.alive => self.begin_load(),
            // A load that is under way hears nothing until it is done; ending the worker ends it at once.
            _ => self.restart(),
        }
    }

    /// Starts the engine again after it went down.
    pub fn try_again(&mut self) {
        self.restarts = 0;
        self.notice = None;
        self.restart();
    }

    /// There is no GPU here to start an engine for. One for a model behind a server is started when that is chosen.
    pub fn without_gpu(&mut self) {
        self.down(Notice::new("no_gpu", ""));
    }

    pub(super) fn begin_load(&mut self) {
        self.load = self.next_id();
        self.phase = Phase::Loading { phase: LoadPhase::Open, done_bytes: 0, total_bytes: 0 };
        // The engine lets go of the model it has before it takes another, and of what it searched.
        self.model = None;
        self.searches.lose();
        let (source, options) = (self.choice.source.clone(), self.choice.options(&self.options));
        self.effects.push(Effect::Post(Request::Load { id: self.load, source, options }));
    }

    pub(super) fn loaded(&mut self, model: ModelInfo) {
        self.announcement = t!("models-ready", model = model.name.as_str());
        self.choice.title.clone_from(&model.name);
        self.model = Some(Arc::new(model));
        self.phase = Phase::Ready;
        if self.choice.lasts() {
            self.effects.push(Effect::Remember(self.choice.clone()));
        }
        if let Some((settings, random)) = self.waiting.take() {
            self.send(&settings, random);
        }
    }

    /// Starts the engine again, unless that did not help.
    pub(super) fn restart_after(&mut self, notice: Notice) {
        // A lost device is told for each request, and once more for the engine.
        if self.effects.contains(&Effect::Restart) {
            return;
        }
        self.alive = false;
        self.restarts += 1;
        if self.restarts > MAX_RESTARTS {
            self.down(notice);
            return;
        }
        self.interrupt(&notice);
        let shown = self.exchanges.last().is_some_and(|last| last.reply.failure.as_ref() == Some(&notice));
        self.notice = (!shown).then_some(notice);
        self.restart();
    }

    fn restart(&mut self) {
        self.phase = Phase::Starting;
        // What the engine that ends still says of its load is not about the next.
        self.load = 0;
        self.alive = false;
        self.model = None;
        self.searches.lose();
        self.effects.push(Effect::Restart);
    }

    pub(super) fn down(&mut self, notice: Notice) {
        self.interrupt(&notice);
        self.phase = Phase::Down;
        self.model = None;
        self.searches.lose();
        self.notice = Some(notice);
        // Nobody will answer the question that waits.
        if self.waiting.take().is_some() {
            self.take_back();
        }
    }

    /// Ends whatever was under way; a question that never left stays waiting.
    fn interrupt(&mut self, notice: &Notice) {
        self.bench.fail(notice);
        self.self_test.fail(notice);
        if let Some(last) = self
            .exchanges
            .last_mut()
            .filter(|last| matches!(last.reply.status, Status::Reading | Status::Writing))
        {
            Arc::make_mut(&mut last.reply).status = Status::Failed;
            self.keep.whole = true;
        }
    }
}
