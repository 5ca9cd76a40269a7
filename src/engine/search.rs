//! Drives searches: what one asks for is decoded by lanes, here or far away, beside everything else.
//!
//! A leg of a rollout ([`Work`]) is a sequence whose prompt is the path before it. The scheduler finds the pages of
//! that path among those of running and finished sequences, so lanes share what they have in common; where pages run
//! short it gives up the ones used longest ago and computes them again from their tokens. Servers do much the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Emit;
use super::ground::{Ground, Lanes, Leg};
use crate::error::{Error, Result};
use crate::generate::SequenceId;
use crate::platform;
use crate::protocol::{Channel, Event, FinishReason, NodeId, NodeKind, Prompt, RequestId};
use crate::search::{self, Ask, Change, End, ROOT, Search, Token, Told, Work};
use crate::text::StreamDecoder;

/// What [`SearchJob::export`] writes first, so that other JSON is told apart.
const FORMAT: &str = "polo-search-1";

/// A search as it is exported: with its question, so that it can go on elsewhere.
#[derive(Serialize, Deserialize)]
struct Saved {
    format: String,
    /// Name of the model that chose the tokens.
    model: String,
    prompt: Prompt,
    prompt_tokens: Vec<u32>,
    search: Search,
}

fn read(json: &str) -> Result<Saved> {
    let bad = |what: String| Error::BadRequest(format!("this is no search that was exported: {what}"));
    let saved: Saved = serde_json::from_str(json).map_err(|error| bad(error.to_string()))?;
    if saved.format != FORMAT {
        return Err(bad(format!("its format is {:?}, expected {FORMAT:?}", saved.format)));
    }
    Ok(saved)
}

/// A leg of a rollout under way.
struct Lane {
    work: Work,
    /// Forced, then chosen.
    tokens: Vec<Token>,
    decoder: StreamDecoder,
}

impl Lane {
    fn told(self, end: End) -> Told {
        Told { rollout: self.work.rollout, leg: self.work.leg, tokens: self.tokens, end }
    }
}

/// A search, running, held or done.
pub(super) struct SearchJob {
    id: RequestId,
    search: Search,
    prompt: Prompt,
    prompt_tokens: Vec<u32>,
    lanes: BTreeMap<SequenceId, Lane>,
    /// Legs put aside while the search is held.
    held: Option<Vec<Lane>>,
    /// How long it ran before `since_ms`, which is when it last began to.
    ran_ms: f64,
    since_ms: f64,
    timed_out: bool,
    told_done: bool,
}

impl SearchJob {
    pub(super) fn new(id: RequestId, search: Search, prompt: Prompt, prompt_tokens: Vec<u32>) -> Self {
        Self {
            id,
            search,
            prompt,
            prompt_tokens,
            lanes: BTreeMap::new(),
            held: None,
            ran_ms: 0.0,
            since_ms: platform::now_ms(),
            timed_out: false,
            told_done: false,
        }
    }

    /// The question of a search from [`SearchJob::export`].
    pub(super) fn prompt_of(json: &str) -> Result<Prompt> {
        Ok(read(json)?.prompt)
    }

    /// A search from [`SearchJob::export`]. `encode` turns a prompt into tokens: they must be those of the search.
    pub(super) fn import(
        id: RequestId,
        json: &str,
        encode: impl FnOnce(&Prompt) -> Result<Vec<u32>>,
    ) -> Result<Self> {
        let saved = read(json)?;
        let search = saved.search.checked()?;
        if encode(&saved.prompt)? != saved.prompt_tokens {
            let what = format!(
                "the search was made with {}, and this model reads its question as other tokens: load that model first",
                saved.model
            );
            return Err(Error::BadRequest(what));
        }
        Ok(Self::new(id, search, saved.prompt, saved.prompt_tokens))
    }

    /// The whole search as JSON, and its tree as a picture. `model` is the name of the model.
    pub(super) fn export(&self, model: &str) -> Event {
        let saved = Saved {
            format: FORMAT.into(),
            model: model.into(),
            prompt: self.prompt.clone(),
            prompt_tokens: self.prompt_tokens.clone(),
            search: self.search.clone(),
        };
        let json = serde_json::to_string(&saved).expect("plain data with text keys can be written");
        Event::Exported { id: self.id, json, svg: search::svg(&self.search) }
    }

    pub(super) fn prompt_tokens(&self) -> &[u32] {
        &self.prompt_tokens
    }

    /// Refuses a search whose paths are longer than this model's context.
    pub(super) fn fits(&self, context: usize) -> Result<()> {
        let needed = self.prompt_tokens.len() + self.search.path_limit() as usize;
        if self.search.is_done() || needed <= context {
            return Ok(());
        }
        Err(Error::BadRequest(format!(
            "the search may need {needed} tokens of context, there are {context}: load the model with more"
        )))
    }

    pub(super) fn is_done(&self) -> bool {
        self.told_done
    }

    pub(super) fn owns(&self, sequence: SequenceId) -> bool {
        self.lanes.contains_key(&sequence)
    }

    pub(super) fn search(&self) -> &Search {
        &self.search
    }

    /// Tells all that is known already, for a front end that has seen nothing of it.
    pub(super) fn tell_all(&mut self, emit: &Emit) {
        let id = self.id;
        emit(Event::Imported {
            id,
            prompt: self.prompt.clone(),
            sampling: self.search.sampling().clone(),
            search: self.search.options().clone(),
        });
        let tree = self.search.tree();
        let nodes: Vec<NodeId> = (ROOT + 1..tree.nodes().len() as NodeId).collect();
        if !nodes.is_empty() {
            emit(Event::Expanded { id, nodes: nodes.iter().map(|&node| tree.told(node)).collect() });
        }
        for &leaf in &nodes {
            let node = tree.node(leaf);
            let value = if node.kind == NodeKind::Loop { 0.0 } else { tree.path_value(leaf).to_f64() };
            for _ in 0..node.end_count {
                emit(Event::Visited { id, rollout: node.rollout, path: tree.path(leaf), value });
            }
        }
        self.search.take_changes();
        emit(Event::Voted { id, votes: self.search.votes() });
        emit(Event::Searched { id, progress: self.search.progress() });
    }

    /// Gives idle lanes work and tells what has changed. To be called whenever something was told or asked for.
    pub(super) fn advance(&mut self, ground: &mut Ground<'_>) -> Result<()> {
        if self.held.is_none() {
            self.watch_the_clock(ground)?;
            loop {
                match self.search.ask() {
                    Ask::Work(work) => self.start(*work, ground)?,
                    Ask::Wait => break,
                    Ask::Done => {
                        self.drop_lanes(&mut *ground.lanes);
                        break;
                    }
                }
            }
        }
        self.tell_changes(ground.emit);
        Ok(())
    }

    fn watch_the_clock(&mut self, ground: &mut Ground<'_>) -> Result<()> {
        let elapsed_ms = self.ran_ms + platform::now_ms() - self.since_ms;
        if self.search.clock((elapsed_ms / 1e3) as f32) && !self.timed_out {
            self.timed_out = true;
            for (sequence, lane) in std::mem::take(&mut self.lanes) {
                ground.lanes.cancel(sequence);
                self.search.tell(lane.told(End::Interrupted))?;
            }
        }
        Ok(())
    }

    /// Begins a leg: what is forced first, then the lanes' turn.
    fn start(&mut self, work: Work, ground: &mut Ground<'_>) -> Result<()> {
        let mut lane = Lane { work, tokens: Vec::new(), decoder: StreamDecoder::new() };
        let kept = lane.work.text.len() - lane.work.kept_bytes;
        let mut text = lane.decoder.push_bytes(&lane.work.text[kept..]);
        let mut end = None;
        for (id, bytes) in ground.words.encode(&lane.work.forced)? {
            text += &lane.decoder.push_bytes(&bytes);
            let token = Token::forced(id, bytes);
            end = lane.work.watch.push(&token, false);
            lane.tokens.push(token);
            if end.is_some() {
                break;
            }
        }
        let (rollout, node) = (lane.work.rollout, lane.work.node);
        (ground.emit)(Event::Launched { id: self.id, rollout, node, text });
        match end {
            Some(end) => self.search.tell(lane.told(end)).map(|_| ()),
            None => self.submit(lane, ground),
        }
    }

    /// Hands the rest of a leg to the lanes.
    fn submit(&mut self, lane: Lane, ground: &mut Ground<'_>) -> Result<()> {
        let own = lane.tokens.iter().map(|token| token.id);
        let said = lane.tokens.iter().flat_map(|token| token.bytes.0.iter().copied());
        let sequence = ground.lanes.submit(Leg {
            request: self.id,
            prompt: &self.prompt_tokens,
            path: lane.work.prefix.iter().copied().chain(own).collect(),
            text: lane.work.text.iter().copied().chain(said).collect(),
            sampling: self.search.sampling(),
            rule: lane.work.rule,
            seed: lane.work.seed,
            choice: lane.work.choice,
            limit: lane.work.limit as usize - lane.tokens.len(),
        })?;
        self.lanes.insert(sequence, lane);
        Ok(())
    }

    /// Takes a token of one of its lanes. `is_end` says that it is an end token.
    pub(super) fn token(
        &mut self,
        sequence: SequenceId,
        token: Token,
        is_end: bool,
        ground: &mut Ground<'_>,
    ) -> Result<()> {
        let Some(lane) = self.lanes.get_mut(&sequence) else { return Ok(()) };
        let text = if is_end { String::new() } else { lane.decoder.push_bytes(&token.bytes.0) };
        let end = lane.work.watch.push(&token, is_end);
        let (id, logprob) = (token.id, token.logprob);
        lane.tokens.push(token);
        let answering = lane.work.watch.thought_ended();
        (ground.emit)(Event::Token {
            id: self.id,
            choice: lane.work.rollout,
            node: lane.work.node,
            channel: if answering { Channel::Output } else { Channel::Thought },
            text,
            token: id,
            logprob,
            top: Vec::new(),
            bytes: None,
        });
        if let Some(end) = end
            && let Some(lane) = self.lanes.remove(&sequence)
        {
            let len = self.prompt_tokens.len() + lane.work.prefix.len() + lane.tokens.len();
            ground.lanes.end(sequence, len);
            self.search.tell(lane.told(end))?;
        }
        Ok(())
    }

    /// The lanes have ended a sequence before its leg was over.
    pub(super) fn finished(&mut self, sequence: SequenceId, reason: FinishReason) -> Result<()> {
        let Some(lane) = self.lanes.remove(&sequence) else { return Ok(()) };
        let end = match reason {
            FinishReason::Context => End::Context,
            FinishReason::Stop => End::Stop,
            FinishReason::Length => End::Limit,
            FinishReason::Cancelled => End::Interrupted,
        };
        self.search.tell(lane.told(end)).map(|_| ())
    }

    /// Puts its lanes aside, so that others have the GPU; nothing is lost.
    pub(super) fn hold(&mut self, lanes: &mut dyn Lanes) {
        if self.held.is_some() || self.told_done {
            return;
        }
        self.ran_ms += platform::now_ms() - self.since_ms;
        let mut held = Vec::new();
        for (sequence, lane) in std::mem::take(&mut self.lanes) {
            lanes.cancel(sequence);
            held.push(lane);
        }
        self.held = Some(held);
    }

    /// Goes on after [`SearchJob::hold`], with the tokens that would have come.
    pub(super) fn go_on(&mut self, ground: &mut Ground<'_>) -> Result<()> {
        let Some(held) = self.held.take() else { return Ok(()) };
        self.since_ms = platform::now_ms();
        held.into_iter().try_for_each(|lane| self.submit(lane, ground))
    }

    /// Ends it at once, with the best answer so far.
    pub(super) fn cancel(&mut self, lanes: &mut dyn Lanes) {
        self.held = None;
        self.search.cancel();
        self.drop_lanes(lanes);
    }

    /// Ends it without a word.
    pub(super) fn drop_lanes(&mut self, lanes: &mut dyn Lanes) {
        for (sequence, _) in std::mem::take(&mut self.lanes) {
            lanes.cancel(sequence);
        }
    }

    /// Changes the search as a person wishes; a search that was done may wake by that. The votes are told again.
    pub(super) fn steer(
        &mut self,
        change: impl FnOnce(&mut Search) -> Result<()>,
        emit: &Emit,
    ) -> Result<()> {
        change(&mut self.search)?;
        if self.told_done {
            self.told_done = false;
            // What is wished for has the whole time again.
            (self.ran_ms, self.timed_out) = (0.0, false);
            self.since_ms = platform::now_ms();
        }
        emit(Event::Voted { id: self.id, votes: self.search.votes() });
        Ok(())
    }

    fn tell_changes(&mut self, emit: &Emit) {
        let id = self.id;
        let changes = self.search.take_changes();
        let tree = self.search.tree();
        let mut nodes = Vec::new();
        let mut visited = false;
        for change in &changes {
            match *change {
                Change::Expanded(node) => nodes.push(tree.told(node)),
                Change::Visited { rollout, leaf, value } => {
                    if !nodes.is_empty() {
                        emit(Event::Expanded { id, nodes: std::mem::take(&mut nodes) });
                    }
                    emit(Event::Visited { id, rollout, path: tree.path(leaf), value });
                    visited = true;
                }
            }
        }
        if visited {
            emit(Event::Voted { id, votes: self.search.votes() });
            emit(Event::Searched { id, progress: self.search.progress() });
        }
        if self.search.is_done() && !self.told_done {
            self.told_done = true;
            self.ran_ms += platform::now_ms() - self.since_ms;
            emit(Event::SearchDone { id, report: self.search.report() });
        }
    }
}
