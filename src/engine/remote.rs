//! A session whose model is elsewhere: the same requests and events, over a server.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::Emit;
use super::ground::{Ground, Lanes as GroundLanes, Leg as GroundLeg, Words};
use super::remote_reply::RemoteReply;
use super::search::SearchJob;
use super::searches::Searches;
use super::tally::Tally;
use crate::error::{Error, Result};
use crate::generate::SequenceId;
use crate::platform;
use crate::protocol::{
    Event, FinishReason, LoadOptions, LoadPhase, ModelInfo, ModelSource, Prompt, RequestId, SamplingOptions,
    SearchOptions,
};
use crate::remote::{self, Address, Heard, Lanes, Leg, Output, Question, Server, TaskId};
use crate::search::Search;

/// A request whose question the server is reading.
enum Asked {
    Reply { id: RequestId, sampling: SamplingOptions, started_ms: f64 },
    Search { id: RequestId, prompt: Prompt, sampling: SamplingOptions, options: SearchOptions },
    Import { id: RequestId, json: String },
}

impl Asked {
    fn id(&self) -> RequestId {
        match self {
            Self::Reply { id, .. } | Self::Search { id, .. } | Self::Import { id, .. } => *id,
        }
    }
}

/// A model behind a server.
pub(super) struct RemoteSession {
    emit: Emit,
    server: Rc<Server>,
    info: ModelInfo,
    lanes: RemoteLanes,
    asked: HashMap<TaskId, Asked>,
    jobs: BTreeMap<RequestId, Tally>,
    replies: HashMap<TaskId, (RequestId, RemoteReply)>,
    searches: Searches,
}

/// Lanes of the server, and the questions that legs answer.
struct RemoteLanes {
    lanes: Lanes,
    questions: HashMap<RequestId, Rc<Question>>,
}

impl GroundLanes for &mut RemoteLanes {
    fn submit(&mut self, leg: GroundLeg<'_>) -> Result<SequenceId> {
        let none = || Error::BadRequest(format!("the question of search {} is not known", leg.request));
        let question = self.questions.get(&leg.request).ok_or_else(none)?.clone();
        let GroundLeg { path, text, rule, seed, choice, limit, .. } = leg;
        Ok(self.lanes.decode(Leg { question, path, text, rule, seed, choice, limit }))
    }

    fn cancel(&mut self, id: SequenceId) {
        self.lanes.cancel(id);
    }

    fn end(&mut self, id: SequenceId, _len: usize) {
        self.lanes.cancel(id);
    }
}

impl Words for Server {
    fn encode(&self, text: &str) -> Result<Vec<(u32, Vec<u8>)>> {
        Ok(Self::encode(self, text))
    }

    fn bytes(&self, token: u32) -> Result<Vec<u8>> {
        let none = || {
            let what = "the server has not told this token; choose one of the alternatives that were told";
            Error::BadRequest(format!("token {token} is not known: {what}"))
        };
        Self::bytes(self, token).ok_or_else(none)
    }

    fn show(&self, token: u32) -> String {
        let bytes = Self::bytes(self, token);
        bytes.map_or_else(|| format!("#{token}"), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl RemoteSession {
    /// Asks a server what it can.
    pub(super) async fn load(
        id: RequestId,
        source: &ModelSource,
        options: &LoadOptions,
        emit: Emit,
    ) -> Result<Self> {
        let ModelSource::Remote { url, model, connections, timeout_s, thoughts } = source else {
            unreachable!("the caller has looked")
        };
        let started_ms = platform::now_ms();
        emit(Event::Loading { id, phase: LoadPhase::Open, done_bytes: 0, total_bytes: 0 });
        let address = Address {
            url: url.clone(),
            model: model.clone(),
            connections: *connections,
            timeout_s: *timeout_s,
            thoughts: *thoughts,
            context: options.context,
        };
        // On the heap: what it holds would make the future of every request as large.
        let server = Rc::new(Box::pin(remote::open(&address)).await?);
        for message in server.notices() {
            emit(Event::Notice { id: Some(id), kind: "remote".into(), message: message.clone() });
        }
        let info = ModelInfo { load_ms: platform::now_ms() - started_ms, ..server.info() };
        let lanes = RemoteLanes { lanes: Lanes::new(server.clone()), questions: HashMap::new() };
        Ok(Self {
            emit,
            server,
            info,
            lanes,
            asked: HashMap::new(),
            jobs: BTreeMap::new(),
            replies: HashMap::new(),
            searches: Searches::default(),
        })
    }

    pub(super) fn info(&self) -> &ModelInfo {
        &self.info
    }

    pub(super) fn is_busy(&self) -> bool {
        self.lanes.lanes.is_busy()
    }

    /// What is being answered; pages are the server's own matter.
    pub(super) fn status(&self, id: RequestId) {
        let running = self.asked.len() + self.jobs.len() + self.searches.running().count();
        (self.emit)(Event::Status { id, running, pages: 0, pages_used: 0, pages_cached: 0 });
    }

    /// What comes next; nothing is lost when this is dropped before it is done.
    pub(super) async fn next(&mut self) -> Output {
        self.lanes.lanes.next().await
    }

    /// Ends everything in progress with the same error.
    pub(super) fn fail_all(self, error: &Error) {
        let asked = self.asked.values().map(Asked::id);
        for id in asked.chain(self.jobs.keys().copied()).chain(self.searches.running()) {
            (self.emit)(Event::failed(Some(id), error));
        }
    }

    fn check_new(&self, id: RequestId) -> Result<()> {
        let known = self.asked.values().any(|asked| asked.id() == id);
        if known || self.jobs.contains_key(&id) || self.searches.contains(id) {
            return Err(Error::BadRequest(format!("request {id} is already being answered")));
        }
        Ok(())
    }

    pub(super) fn generate(
        &mut self,
        id: RequestId,
        prompt: &Prompt,
        sampling: &SamplingOptions,
    ) -> Result<()> {
        sampling.validate()?;
        self.check_new(id)?;
        if !sampling.prefix.is_empty() {
            let what = "a reply of a server's model cannot be gone on with by its tokens: ask again";
            return Err(Error::BadRequest(what.into()));
        }
        let asked = Asked::Reply { id, sampling: sampling.clone(), started_ms: platform::now_ms() };
        // The server puts the conversation through its own template.
        let task = match prompt {
            Prompt::Chat { messages } => self.lanes.lanes.take(Question::of_chat(messages)),
            other => self.lanes.lanes.understand(other.clone()),
        };
        self.asked.insert(task, asked);
        Ok(())
    }

    pub(super) fn search(
        &mut self,
        id: RequestId,
        prompt: Prompt,
        sampling: &SamplingOptions,
        options: &SearchOptions,
    ) -> Result<()> {
        sampling.validate()?;
        options.validate()?;
        self.check_new(id)?;
        self.server.check(options, sampling)?;
        let task = self.lanes.lanes.understand(prompt.clone());
        let (sampling, options) = (sampling.clone(), options.clone());
        self.asked.insert(task, Asked::Search { id, prompt, sampling, options });
        Ok(())
    }

    pub(super) fn import(&mut self, id: RequestId, json: String) -> Result<()> {
        self.check_new(id)?;
        let prompt = SearchJob::prompt_of(&json)?;
        let task = self.lanes.lanes.understand(prompt);
        self.asked.insert(task, Asked::Import { id, json });
        Ok(())
    }

    pub(super) fn cancel(&mut self, id: RequestId) {
        let asked: Vec<TaskId> =
            self.asked.iter().filter(|(_, asked)| asked.id() == id).map(|(&task, _)| task).collect();
        for task in asked {
            self.lanes.lanes.cancel(task);
            if let Some(Asked::Reply { id, sampling, started_ms }) = self.asked.remove(&task) {
                let job = Tally::new(id, 0, 0, sampling.choices as usize, started_ms);
                (self.emit)(job.done(self.info.context));
            } else {
                let error = Error::BadRequest("the search was cancelled before it began".into());
                (self.emit)(Event::failed(Some(id), &error));
            }
        }
        for task in self.tasks_of(id) {
            self.lanes.lanes.cancel(task);
            self.finished(task, FinishReason::Cancelled);
        }
        let (searches, mut ground) = self.searching();
        searches.cancel(id, &mut ground);
    }

    fn tasks_of(&self, id: RequestId) -> Vec<TaskId> {
        self.replies.iter().filter(|(_, (request, _))| *request == id).map(|(&task, _)| task).collect()
    }

    /// The searches, and what they stand on.
    pub(super) fn searching(&mut self) -> (&mut Searches, Ground<'_>) {
        let ground = Ground { lanes: Box::new(&mut self.lanes), words: &*self.server, emit: &self.emit };
        (&mut self.searches, ground)
    }

    /// Takes what came.
    pub(super) fn take(&mut self, output: Output) {
        match output {
            Output::Understood { id, question } => self.understood(id, question),
            Output::Token { id, token, is_end } => {
                if let Some(search) = self.searches.of(id) {
                    let (searches, mut ground) = self.searching();
                    searches.with(search, &mut ground, |job, ground| job.token(id, token, is_end, ground));
                }
            }
            Output::Heard { id, heard } => self.heard(id, heard),
            Output::Finished { id, reason } => match self.searches.of(id) {
                Some(search) => {
                    let (searches, mut ground) = self.searching();
                    searches.with(search, &mut ground, |job, _| job.finished(id, reason));
                }
                None => self.finished(id, reason),
            },
            Output::Failed { id, error } => self.failed(id, error),
            Output::Tick => {}
        }
        let before: Vec<RequestId> = self.searches.running().collect();
        let (searches, mut ground) = self.searching();
        searches.advance(&mut ground);
        drop(ground);
        self.tell_ended(&before);
    }

    /// Searches that have ended: what they cost the server beside their tokens.
    fn tell_ended(&mut self, before: &[RequestId]) {
        let running: Vec<RequestId> = self.searches.running().collect();
        for &id in before.iter().filter(|id| !running.contains(id)) {
            let counts = self.server.counts();
            let message = format!(
                "{} requests to the server so far, {} of them tried again; {} tokens came after they were wanted",
                counts.requests, counts.retries, counts.beyond
            );
            (self.emit)(Event::Notice { id: Some(id), kind: "remote_counts".into(), message });
        }
    }

    fn understood(&mut self, task: TaskId, question: Question) {
        let Some(asked) = self.asked.remove(&task) else { return };
        let (id, question) = (asked.id(), Rc::new(question));
        let result = match asked {
            Asked::Reply { sampling, started_ms, .. } => {
                let choices = sampling.choices;
                self.jobs.insert(id, Tally::new(id, question.length, 0, choices as usize, started_ms));
                (self.emit)(Event::Started { id, prompt_tokens: question.length, cached_tokens: 0 });
                for choice in 0..choices {
                    let own = sampling.first_choice.wrapping_add(choice);
                    let task = self.lanes.lanes.converse(question.clone(), sampling.clone(), own);
                    let reply = RemoteReply::new(id, choice, self.info.thoughts, &sampling);
                    self.replies.insert(task, (id, reply));
                }
                Ok(())
            }
            Asked::Search { prompt, sampling, options, .. } => {
                let room = self.info.context.saturating_sub(question.length).min(1 << 20) as u32;
                Search::new(&options, &sampling, self.info.thoughts, room).map(|search| {
                    (self.emit)(Event::Started { id, prompt_tokens: question.length, cached_tokens: 0 });
                    let tokens = question.tokens().to_vec();
                    self.take_in(id, SearchJob::new(id, search, prompt, tokens), question);
                })
            }
            Asked::Import { json, .. } => self.imported(id, &json, question),
        };
        if let Err(error) = result {
            (self.emit)(Event::failed(Some(id), &error));
        }
    }

    fn imported(&mut self, id: RequestId, json: &str, question: Rc<Question>) -> Result<()> {
        let mut job = SearchJob::import(id, json, |_| Ok(question.tokens().to_vec()))?;
        self.server.check(job.search().options(), job.search().sampling())?;
        job.fits(self.info.context)?;
        for token in job.search().tree().nodes().iter().flat_map(|node| &node.tokens) {
            self.server.learn(token.id, &token.bytes.0);
        }
        (self.emit)(Event::Started { id, prompt_tokens: question.length, cached_tokens: 0 });
        job.tell_all(&self.emit);
        self.take_in(id, job, question);
        Ok(())
    }

    fn take_in(&mut self, id: RequestId, job: SearchJob, question: Rc<Question>) {
        self.lanes.questions.insert(id, question);
        let (searches, mut ground) = self.searching();
        searches.take_in(id, job, &mut ground);
        drop(ground);
        self.lanes.questions.retain(|id, _| self.searches.contains(*id));
    }

    fn heard(&mut self, task: TaskId, heard: Heard) {
        let Some((request, reply)) = self.replies.get_mut(&task) else { return };
        let Some(job) = self.jobs.get_mut(request) else { return };
        match heard {
            Heard::Counted { prompt_tokens, cached_tokens } => job.count(prompt_tokens, cached_tokens),
            Heard::Token { id, text, logprob, top, thought } => {
                job.note(platform::now_ms());
                reply.push((id, logprob, top), &text, thought, &*self.emit);
            }
        }
    }

    fn finished(&mut self, task: TaskId, reason: FinishReason) {
        let Some((request, mut reply)) = self.replies.remove(&task) else { return };
        reply.finish(&*self.emit);
        (self.emit)(reply.ended(reason));
        let Some(job) = self.jobs.get_mut(&request) else { return };
        let tokens = (reply.tokens, reply.reasoning_tokens);
        job.close(reply.choice, reply.raw, tokens, reason);
        if job.is_done()
            && let Some(job) = self.jobs.remove(&request)
        {
            (self.emit)(job.done(self.info.context));
        }
    }

    fn failed(&mut self, task: TaskId, error: Error) {
        if let Some(search) = self.searches.of(task) {
            let (searches, mut ground) = self.searching();
            return searches.with(search, &mut ground, |_, _| Err(error));
        }
        let asked = self.asked.remove(&task).map(|asked| asked.id());
        let Some(request) = asked.or_else(|| self.replies.remove(&task).map(|(request, _)| request)) else {
            return;
        };
        for other in self.tasks_of(request) {
            self.replies.remove(&other);
            self.lanes.lanes.cancel(other);
        }
        self.jobs.remove(&request);
        (self.emit)(Event::failed(Some(request), &error));
    }
}
