//! Everything the page knows, in one [`Chat`]: changed by what the reader does and by what the
//! engine says, and nothing else. No DOM here, so all of it is tested natively.

mod branching;
mod keeping;
mod kept;
mod loading;
mod measuring;
mod searching;

pub use branching::{Branches, Exchange, Standing};
use keeping::Trees;
pub use keeping::{GoOn, Identity, Keep, Kept};

use std::sync::Arc;

use crate::protocol::{
    BenchOptions, BenchReport, DeviceInfo, Event, FinishReason, LoadOptions, LoadPhase, Message, ModelInfo,
    Prompt, Request, RequestId, Role, SamplingOptions, SearchOptions, SelfTestResult,
};

use super::choice::Choice;
use super::effect::Effect;
use super::meter::Meter;
use super::notices::{Notice, Remark};
use super::reply::{Asked, Reply, Status};
use super::search::{Searches, compare::Comparison};
use super::settings::Settings;
use super::task::Task;
use super::tokens::{ALTERNATIVES, Told};
use super::words::t;

/// How far the engine has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The worker is being started.
    Starting,
    /// The model is being loaded.
    Loading {
        /// What is being done.
        phase: LoadPhase,
        /// Bytes read.
        done_bytes: u64,
        /// Bytes in all; 0 while unknown.
        total_bytes: u64,
    },
    /// It answers.
    Ready,
    /// It does not work, and only the reader can change that.
    Down,
}

/// All that the page shows.
#[derive(Debug)]
pub struct Chat {
    /// How far the engine has come.
    pub phase: Phase,
    /// The GPU, once it is open.
    pub device: Option<Arc<DeviceInfo>>,
    /// The model, once it is loaded.
    pub model: Option<Arc<ModelInfo>>,
    /// Which conversation it is.
    pub identity: Identity,
    /// The conversation as it is shown, oldest first: one path through its branches.
    pub exchanges: Vec<Exchange>,
    /// The branches that are not shown.
    aside: Vec<Exchange>,
    /// Searches of the conversation as they were last exported, by the key of their exchange.
    trees: Trees,
    /// The model that is loaded, or is to be.
    pub choice: Choice,
    /// An error to show above the composer.
    pub notice: Option<Notice>,
    /// What the reader should know that stopped nothing, oldest first; one of each kind.
    pub remarks: Vec<Remark>,
    /// What a screen reader is told; changes seldom.
    pub announcement: String,
    /// The check of all kernels.
    pub self_test: Task<Vec<SelfTestResult>>,
    /// The measurement of speed.
    pub bench: Task<BenchReport>,
    /// How the next question is searched for; `None` for a plain reply.
    pub search: Option<SearchOptions>,
    /// The searches among the replies, by the request of the reply, and those of the comparison.
    pub searches: Searches,
    /// The same question in four ways.
    pub comparison: Option<Comparison>,
    /// Tokens of what is being written.
    pub meter: Meter,
    options: LoadOptions,
    effects: Vec<Effect>,
    /// How to ask the last question once the model is loaded.
    waiting: Option<(Settings, u64)>,
    load: RequestId,
    next_id: RequestId,
    restarts: u32,
    /// Whether the worker listens.
    alive: bool,
    /// What is to be kept since the last time.
    keep: Keep,
}

impl Chat {
    /// An empty conversation with an engine that is being started, and will load `choice`.
    pub fn new(options: LoadOptions, choice: Choice) -> Self {
        Self {
            phase: Phase::Starting,
            device: None,
            model: None,
            identity: Identity::default(),
            exchanges: Vec::new(),
            aside: Vec::new(),
            trees: Trees::new(),
            choice,
            notice: None,
            remarks: Vec::new(),
            announcement: String::new(),
            self_test: Task::Idle,
            bench: Task::Idle,
            search: None,
            searches: Searches::default(),
            comparison: None,
            meter: Meter::default(),
            options,
            effects: Vec::new(),
            waiting: None,
            load: 0,
            next_id: 1,
            restarts: 0,
            alive: false,
            keep: Keep::default(),
        }
    }

    /// What is to be done since the last call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Whether a reply is being made.
    pub fn is_busy(&self) -> bool {
        self.exchanges.iter().any(|exchange| exchange.reply.is_open()) || self.is_comparing()
    }

    /// Tokens the conversation takes of the context, and the context, once known.
    pub fn context_used(&self) -> Option<(usize, usize)> {
        let context = self.model.as_ref()?.context;
        let used = self.exchanges.last().map_or(0, |last| match &last.reply.usage {
            Some(usage) => usage.prompt_tokens + usage.completion_tokens,
            None => last.reply.prompt.0 + last.reply.tokens,
        });
        Some((used, context))
    }

    /// Asks a question; false (and nothing changed) when it is empty or a reply is under way.
    pub fn ask(&mut self, question: &str, settings: &Settings, random: u64, now_ms: f64) -> bool {
        if question.trim().is_empty() || self.is_busy() || self.phase == Phase::Down {
            return false;
        }
        self.add(question.into(), None);
        self.generate(settings, random, now_ms);
        true
    }

    fn generate(&mut self, settings: &Settings, random: u64, now_ms: f64) {
        let seed = settings.sampling(None, random).seed;
        if let Some(last) = self.exchanges.last_mut() {
            last.reply = Arc::new(Reply::new(0, Status::Queued, seed, now_ms));
        }
        self.notice = None;
        self.announcement.clear();
        if self.phase == Phase::Ready {
            self.send(settings, random);
        } else {
            self.waiting = Some((settings.clone(), random));
        }
    }

    /// Asks the loaded model the last question.
    fn send(&mut self, settings: &Settings, random: u64) {
        let Some(model) = self.model.clone() else { return };
        let id = self.next_id();
        let prompt = Prompt::Chat { messages: self.messages(&settings.system, &model.name) };
        let sampling = settings.sampling(model.sampling.as_ref(), random);
        if let Some(last) = self.exchanges.last_mut() {
            let reply = Arc::make_mut(&mut last.reply);
            (reply.id, reply.status) = (id, Status::Reading);
            reply.by(&model);
            reply.asked = Some(Arc::new(Asked {
                system: settings.system.clone(),
                sampling: sampling.clone(),
                search: self.search.clone(),
            }));
            if let Some(search) = self.search.clone() {
                self.searches.begin(id, &search, reply.asked_ms);
                self.effects.push(Effect::Post(Request::Search { id, prompt, sampling, search }));
                return;
            }
        }
        let sampling = SamplingOptions { top_logprobs: ALTERNATIVES, ..sampling };
        self.effects.push(Effect::Post(Request::Generate { id, prompt, sampling }));
    }

    /// The conversation up to the last question. A question whose reply is empty is left out.
    fn messages(&self, system: &str, model: &str) -> Vec<Message> {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        let mut messages = Vec::new();
        if !system.trim().is_empty() {
            messages.push(message(Role::System, system.trim()));
        }
        if let Some((last, earlier)) = self.exchanges.split_last() {
            for exchange in earlier {
                let reply = exchange.reply.for_model(model);
                if !reply.is_empty() {
                    messages.push(message(Role::User, exchange.question.trim()));
                    messages.push(message(Role::Assistant, &reply));
                }
            }
            messages.push(message(Role::User, last.question.trim()));
        }
        messages
    }

    /// Stops the reply that is being made.
    pub fn stop(&mut self) {
        self.stop_comparing();
        let waiting = self.waiting.take().is_some();
        let mut latest = self.exchanges.iter_mut().rev();
        let Some(last) = latest.find(|exchange| exchange.reply.is_open()) else { return };
        if waiting {
            Arc::make_mut(&mut last.reply).status = Status::Done(FinishReason::Cancelled);
            self.announcement = t!("reply-stopped");
            self.keep.whole = true;
        } else {
            self.effects.push(Effect::Post(Request::Cancel { id: last.reply.id }));
        }
    }

    /// Compiles and checks every kernel.
    pub fn start_self_test(&mut self) {
        if self.phase == Phase::Ready && !matches!(self.self_test, Task::Running(_)) {
            let id = self.next_id();
            self.self_test = Task::Running(id);
            self.effects.push(Effect::Post(Request::SelfTest { id }));
        }
    }

    /// Measures the model's speed.
    pub fn start_bench(&mut self) {
        if self.phase == Phase::Ready && !self.is_busy() && !matches!(self.bench, Task::Running(_)) {
            let id = self.next_id();
            self.bench = Task::Running(id);
            self.effects.push(Effect::Post(Request::Bench { id, options: BenchOptions::default() }));
        }
    }

    /// Takes what the engine says; `now_ms` is the page's clock.
    pub fn apply(&mut self, event: Event, now_ms: f64) {
        if self.search_event(&event, now_ms) {
            return;
        }
        match event {
            // Said once; a second time would load the model twice.
            Event::Ready if self.phase == Phase::Starting => {
                self.alive = true;
                self.meter.restarted();
                self.begin_load();
            }
            Event::Device { device } => self.device = Some(Arc::new(device)),
            Event::Loading { id, phase, done_bytes, total_bytes } if id == self.load => {
                self.phase = Phase::Loading { phase, done_bytes, total_bytes };
            }
            Event::Loaded { id, model } if id == self.load => self.loaded(model),
            Event::Notice { kind, message, .. } => {
                let remark = Remark::new(&kind, &message);
                // The engine's account is English, and can be read in the remark itself.
                self.announcement = remark.title();
                self.remarks.retain(|other| !remark.replaces(other));
                self.remarks.push(remark);
            }
            Event::Started { id, prompt_tokens, cached_tokens } => {
                if let Some(exchange) = self.exchange(id) {
                    exchange.previous = None;
                    let reply = Arc::make_mut(&mut exchange.reply);
                    reply.prompt = (prompt_tokens.saturating_sub(reply.begun.0), cached_tokens);
                }
            }
            Event::Token { id, choice: 0, channel, text, token, logprob, top, .. } => {
                if let Some(exchange) = self.exchange(id) {
                    let reply = Arc::make_mut(&mut exchange.reply);
                    reply.push(channel, &text, now_ms);
                    reply.tell(Told::new(token, channel, &text, logprob, top));
                    let tokens = reply.tokens;
                    self.keep.journal(tokens, now_ms);
                }
            }
            Event::Text { id, choice: 0, channel, text, .. } => {
                if let Some(exchange) = self.exchange(id) {
                    Arc::make_mut(&mut exchange.reply).tell_late(channel, &text);
                }
            }
            Event::Done { id, finish_reason, usage, replies } => {
                self.restarts = 0;
                if let Some(exchange) = self.exchange(id) {
                    let reply = Arc::make_mut(&mut exchange.reply);
                    reply.status = Status::Done(finish_reason);
                    reply.whole = replies.into_iter().next();
                    reply.count(&usage);
                    let tokens = reply.usage.as_ref().map_or(0, |usage| usage.completion_tokens);
                    self.announcement = match finish_reason {
                        FinishReason::Cancelled => t!("reply-stopped"),
                        _ => t!("reply-finished", count = tokens),
                    };
                    self.keep.whole = true;
                }
            }
            Event::Tokenized { id, tokens, .. } => {
                self.measured(id, Some(tokens.len()));
            }
            Event::Failed { id: Some(id), .. } if self.measured(id, None) => {}
            Event::Failed { id, kind, message, .. } => self.fail(id, &kind, &message),
            Event::Benched { id, report } if self.bench.is(id) => self.bench = Task::Done(report),
            Event::SelfTested { id, results } if self.self_test.is(id) => {
                self.self_test = Task::Done(results);
            }
            // Answers to a load, a choice or a check that is no longer of interest; the library's; and those that
            // only servers ask for.
            _ => {}
        }
    }

    fn fail(&mut self, id: Option<RequestId>, kind: &str, message: &str) {
        let notice = Notice::new(kind, message);
        match id {
            Some(id) if self.bench.is(id) => self.bench.fail(&notice),
            Some(id) if self.self_test.is(id) => self.self_test.fail(&notice),
            Some(id) if id == self.load => {
                self.down(Notice::of_load(kind, message, &self.choice));
                return;
            }
            Some(id) if self.search_failed(id, kind, message) => return,
            Some(id) => {
                let Some(exchange) = self.exchange(id) else { return };
                // Nothing came of it, or nothing but what it was to begin with.
                let reply = &exchange.reply;
                let unread = reply.status == Status::Reading && reply.prompt == (0, 0);
                let nothing = reply.tokens == 0 || exchange.previous.is_some() || unread;
                if matches!(kind, "context_full" | "bad_request") && nothing {
                    self.refuse(notice);
                    return;
                }
                let reply = Arc::make_mut(&mut exchange.reply);
                reply.status = Status::Failed;
                reply.failure = Some(notice.clone());
                self.keep.whole = true;
            }
            None => {}
        }
        // A lost device or a panic leaves nothing that could go on.
        if id.is_none() || kind == "gpu_lost" {
            self.restart_after(notice);
        }
    }

    fn exchange(&mut self, id: RequestId) -> Option<&mut Exchange> {
        self.exchanges.last_mut().filter(|last| last.reply.id == id && last.reply.is_open())
    }

    fn next_id(&mut self) -> RequestId {
        self.next_id += 1;
        self.next_id
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
pub(super) mod tests;
