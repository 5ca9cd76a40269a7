//! Searches as part of the conversation: each is an exchange like any other, with its tree beside it; and the
//! comparison, which is none.

use std::sync::Arc;

use crate::protocol::{
    Event, FinishReason, Message, Prompt, Request, RequestId, Role, SearchOptions, SearchReport, StopCause,
    Usage,
};

use super::{Chat, Phase};
use crate::ui::effect::Effect;
use crate::ui::notices::Notice;
use crate::ui::reply::{Reply, Status};
use crate::ui::search::compare::Comparison;
use crate::ui::search::parts::parts;
use crate::ui::search::{Searches, about};
use crate::ui::settings::Settings;
use crate::ui::words::t;

impl Chat {
    /// Changes what is known of searches, and does what that asks for.
    pub fn act_on_searches(&mut self, change: impl FnOnce(&mut Searches)) {
        change(&mut self.searches);
        self.effects.append(&mut self.searches.take_effects());
    }

    /// Takes what the engine says of a search; whether it was about one.
    pub(super) fn search_event(&mut self, event: &Event, now_ms: f64) -> bool {
        let Some(id) = about(event).filter(|id| self.searches.get(*id).is_some()) else { return false };
        self.act_on_searches(|searches| searches.apply(event, now_ms));
        if self.comparison.as_ref().is_some_and(|comparison| comparison.owns(id)) {
            if matches!(event, Event::SearchDone { .. }) {
                self.compare_on(now_ms);
            }
            return true;
        }
        if let Event::Exported { json, .. } = event {
            let key = self.all().find(|exchange| exchange.reply.id == id).map(|exchange| exchange.key);
            if let Some(key) = key {
                self.keep_tree(key, json);
            }
            return true;
        }
        let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.reply.id == id) else {
            return true;
        };
        match event {
            Event::Imported { prompt, .. } => exchange.question = question_of(prompt).into(),
            // Also of a search that was done, and goes on because the reader wished it.
            Event::Launched { .. } if exchange.reply.status != Status::Writing => {
                Arc::make_mut(&mut exchange.reply).status = Status::Writing;
                exchange.previous = None;
            }
            Event::Token { .. } => {
                Arc::make_mut(&mut exchange.reply).touch(now_ms);
                self.keep.journal(0, now_ms);
            }
            // What is in the tree by now is not lost if the page goes away.
            Event::Searched { .. } if self.keep.export_is_due(now_ms) => self.export(id),
            Event::SearchDone { report, .. } => {
                self.found(id, report);
                self.keep.whole = true;
                self.export(id);
            }
            _ => {}
        }
        true
    }

    fn export(&mut self, id: RequestId) {
        self.effects.push(Effect::Post(Request::Export { id }));
    }

    /// The reply of the winning branch becomes the reply of the exchange.
    fn found(&mut self, id: RequestId, report: &SearchReport) {
        self.restarts = 0;
        let (thought, all) = self.searches.get(id).map_or((0, 0), |run| run.tree.path_tokens(&report.path));
        let context = self.model.as_ref().map_or(0, |model| model.context);
        let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.reply.id == id) else {
            return;
        };
        let reply = Arc::make_mut(&mut exchange.reply);
        (reply.thought, reply.output) = parts(&report.reply, reply.thoughts);
        (reply.thought_tokens, reply.tokens) = (thought, all);
        reply.whole = Some(report.reply.clone());
        // What a stopped search has found is a whole reply all the same.
        let nothing = report.reply.is_empty() && report.stop == StopCause::Cancelled;
        reply.status = Status::Done(if nothing { FinishReason::Cancelled } else { FinishReason::Stop });
        reply.usage = Some(Usage {
            prompt_tokens: reply.prompt.0,
            cached_tokens: reply.prompt.1,
            completion_tokens: all,
            reasoning_tokens: thought,
            context_left: context.saturating_sub(reply.prompt.0 + all),
            ..Usage::default()
        });
        self.announcement = match &report.answer {
            Some(answer) => t!("reply-search-finished", answer = answer.as_str()),
            None => t!("reply-search-finished-without"),
        };
    }

    /// Opens a search that was exported. `json` is the text of the file.
    pub fn import(&mut self, json: String, now_ms: f64) {
        let Some(model) = self.model.clone().filter(|_| self.phase == Phase::Ready && !self.is_busy()) else {
            return;
        };
        let id = self.next_id();
        let mut reply = Reply::new(id, Status::Reading, 0, now_ms);
        reply.by(&model);
        self.notice = None;
        self.add("".into(), None);
        if let Some(last) = self.exchanges.last_mut() {
            last.reply = Arc::new(reply);
        }
        self.searches.begin(id, &SearchOptions::default(), now_ms);
        self.effects.push(Effect::Post(Request::Import { id, json }));
    }

    /// A search, or a wish about one, failed; whether that is all there is to do.
    pub(super) fn search_failed(&mut self, id: RequestId, kind: &str, message: &str) -> bool {
        if self.searches.get(id).is_none() {
            return false;
        }
        if self.searches.refuse(id, kind, message) {
            return true;
        }
        self.searches.fail(id);
        if let Some(comparison) = self.comparison.as_mut().filter(|comparison| comparison.owns(id)) {
            comparison.fail(id, &Notice::new(kind, message));
            self.compare_on(0.0);
            return kind != "gpu_lost";
        }
        // A file that could not be opened left an exchange without a question.
        if self.exchanges.last().is_some_and(|last| last.reply.id == id && last.question.is_empty()) {
            self.exchanges.pop();
            self.searches.forget(id);
            self.notice = Some(Notice::of_import(kind, message));
            return kind != "gpu_lost";
        }
        // One that could not be opened again: its reply is as it was.
        if let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.reply.id == id)
            && let Some(previous) = exchange.previous.take()
        {
            exchange.reply = previous;
            self.searches.forget(id);
            self.notice = Some(Notice::of_import(kind, message));
            return kind != "gpu_lost";
        }
        false
    }

    /// Tokens a second of the last search, or of the last reply.
    pub fn last_speed(&self) -> Option<f64> {
        self.exchanges.iter().rev().find_map(|exchange| match self.searches.get(exchange.reply.id) {
            Some(run) => run.tokens_per_s(),
            None => exchange.reply.tokens_per_s(),
        })
    }

    /// Answers a question in four ways, one after another.
    pub fn compare(
        &mut self,
        question: &str,
        settings: &Settings,
        options: &SearchOptions,
        random: u64,
        now_ms: f64,
    ) {
        let Some(model) = self.model.clone().filter(|_| self.phase == Phase::Ready && !self.is_busy()) else {
            return;
        };
        if question.trim().is_empty() {
            return;
        }
        self.forget_comparison();
        let sampling = settings.sampling(model.sampling.as_ref(), random);
        let mut messages = vec![Message { role: Role::User, content: question.trim().to_owned() }];
        if !settings.system.trim().is_empty() {
            let content = settings.system.trim().to_owned();
            messages.insert(0, Message { role: Role::System, content });
        }
        let prompt = Prompt::Chat { messages };
        self.comparison = Some(Comparison::new(question.trim(), prompt, sampling, options));
        self.compare_on(now_ms);
    }

    fn compare_on(&mut self, now_ms: f64) {
        let id = self.next_id();
        let Some(comparison) = &mut self.comparison else { return };
        let Some(search) = comparison.next(id) else {
            self.announcement = t!("reply-comparison-finished");
            return;
        };
        let (prompt, sampling) = (comparison.prompt.clone(), comparison.sampling.clone());
        self.searches.begin(id, &search, now_ms);
        self.effects.push(Effect::Post(Request::Search { id, prompt, sampling, search }));
    }

    /// Whether a comparison is under way.
    pub fn is_comparing(&self) -> bool {
        self.comparison.as_ref().is_some_and(|comparison| {
            let running = |id| self.searches.get(id).is_some_and(|run| !run.is_done());
            comparison.current().is_some_and(running)
        })
    }

    /// Ends the comparison where it is; what it has found stays.
    pub fn stop_comparing(&mut self) {
        if let Some(comparison) = self.comparison.as_mut().filter(|comparison| !comparison.stopped) {
            comparison.stopped = true;
            self.effects.extend(comparison.current().map(|id| Effect::Post(Request::Cancel { id })));
        }
    }

    pub(super) fn forget_comparison(&mut self) {
        for way in self.comparison.take().map(|comparison| comparison.ways).unwrap_or_default() {
            way.id.into_iter().for_each(|id| self.searches.forget(id));
        }
    }
}

/// What was asked last in a prompt.
fn question_of(prompt: &Prompt) -> &str {
    match prompt {
        Prompt::Chat { messages } => {
            let asked = messages.iter().rev().find(|message| message.role == Role::User);
            asked.map_or("(no question)", |message| message.content.as_str())
        }
        Prompt::Raw { text } | Prompt::Marked { text } => text,
        Prompt::Tokens { .. } => "(tokens)",
    }
}

#[cfg(test)]
#[path = "searching_tests.rs"]
mod tests;
