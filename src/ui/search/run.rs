//! One search as it goes: its tree, its votes, what is being decoded, how fast, and its outcome.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::protocol::{
    Event, NodeDetail, NodeId, RequestId, SearchOptions, SearchProgress, SearchReport, Votes,
};

use super::tree::{ROOT, Tree};

/// Letters of a lane's text that are kept: its end.
const TAIL: usize = 160;
/// Speed is the mean over this time, in milliseconds, counted in parts of it.
const WINDOW_MS: f64 = 3000.0;
const PART_MS: f64 = 250.0;

/// How far a search is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunPhase {
    /// It was asked for.
    #[default]
    Waiting,
    /// It grows.
    Running,
    /// The reader holds it.
    Paused,
    /// It ended, well or not.
    Done,
}

/// A rollout that is being decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Its number.
    pub rollout: u32,
    /// The node it set out from.
    pub node: NodeId,
    /// The end of what it says.
    pub text: String,
    /// Tokens so far.
    pub tokens: u32,
}

/// A search.
#[derive(Debug)]
pub struct Run {
    /// The request.
    pub id: RequestId,
    /// How it searches.
    pub options: SearchOptions,
    /// How far it is.
    pub phase: RunPhase,
    /// The tree so far.
    pub tree: Tree,
    /// The votes so far.
    pub votes: Votes,
    /// Rollouts and tokens so far.
    pub progress: SearchProgress,
    /// What is being decoded, oldest rollout first.
    pub lanes: Vec<Lane>,
    /// The outcome.
    pub report: Option<Arc<SearchReport>>,
    /// The node that is looked at.
    pub selected: Option<NodeId>,
    /// That node in full, once it was told.
    pub detail: Option<Arc<NodeDetail>>,
    /// The branch whose growth the picture follows; the root for all of it.
    pub follow: Option<NodeId>,
    /// Why the last wish was not granted.
    pub refusal: Option<String>,
    /// Whether the engine still has the tree.
    pub kept: bool,
    /// Answers in the order in which they were first given: so each keeps its letter and colour.
    pub answers: Vec<String>,
    /// A request for the node that is looked at is under way.
    pub(super) asking: bool,
    /// What it changed since that request was sent.
    pub(super) stale: bool,
    began_ms: f64,
    held_ms: f64,
    last_ms: f64,
    paused_ms: Option<f64>,
    /// Times and tokens of the last seconds.
    recent: VecDeque<(f64, u32)>,
}

impl Run {
    pub(super) fn new(id: RequestId, options: SearchOptions, now_ms: f64) -> Self {
        Self {
            id,
            options,
            phase: RunPhase::Waiting,
            tree: Tree::default(),
            votes: Votes::default(),
            progress: SearchProgress::default(),
            lanes: Vec::new(),
            report: None,
            selected: None,
            detail: None,
            follow: Some(ROOT),
            refusal: None,
            kept: true,
            answers: Vec::new(),
            asking: false,
            stale: false,
            began_ms: now_ms,
            held_ms: 0.0,
            last_ms: now_ms,
            paused_ms: None,
            recent: VecDeque::new(),
        }
    }

    /// Takes what the engine says of it.
    pub(super) fn apply(&mut self, event: &Event, now_ms: f64) {
        match event {
            Event::Imported { search, .. } => self.options = search.clone(),
            Event::Launched { rollout, node, text, .. } => {
                self.wake(now_ms);
                self.land(*rollout);
                self.tree.grow(*node, true);
                let text = text.clone();
                self.lanes.push(Lane { rollout: *rollout, node: *node, text, tokens: 0 });
            }
            Event::Token { choice, text, .. } => {
                self.tick(now_ms);
                self.say(*choice, text, 1);
            }
            Event::Text { choice, text, .. } => self.say(*choice, text, 0),
            Event::Expanded { nodes, .. } => {
                for node in nodes {
                    if let Some(answer) = &node.answer
                        && !self.answers.contains(answer)
                    {
                        self.answers.push(answer.clone());
                    }
                    self.tree.add(node.clone());
                }
            }
            Event::Visited { rollout, path, value, .. } => {
                self.land(*rollout);
                self.tree.visit(path, *value);
                self.stale = true;
            }
            Event::Voted { votes, .. } => self.votes = votes.clone(),
            Event::Searched { progress, .. } => {
                self.progress = *progress;
                self.last_ms = now_ms;
            }
            Event::SearchDone { report, .. } => {
                self.votes = report.votes.clone();
                self.progress = report.progress;
                self.tree.win(&report.path);
                self.report = Some(Arc::new(report.clone()));
                self.end(now_ms);
            }
            Event::Node { detail, .. } => {
                self.asking = false;
                if self.selected == Some(detail.node.node) {
                    self.detail = Some(Arc::new(detail.clone()));
                }
            }
            _ => {}
        }
    }

    /// It grows, perhaps again: what was won does not stand until it is done.
    fn wake(&mut self, now_ms: f64) {
        match self.phase {
            RunPhase::Waiting => self.phase = RunPhase::Running,
            RunPhase::Done => {
                // The time it slept does not count.
                self.held_ms += now_ms - self.last_ms;
                self.phase = RunPhase::Running;
                self.report = None;
                self.tree.win(&[]);
            }
            RunPhase::Running | RunPhase::Paused => {}
        }
        self.last_ms = now_ms;
    }

    /// Nothing of it is under way any more.
    pub(super) fn end(&mut self, now_ms: f64) {
        while let Some(lane) = self.lanes.first() {
            self.land(lane.rollout);
        }
        self.hold(false, now_ms);
        self.phase = RunPhase::Done;
        self.last_ms = now_ms;
        self.stale = true;
    }

    /// It ended with no word from the engine since the last.
    pub(super) fn fail(&mut self) {
        self.end(self.last_ms);
    }

    /// Holds it, or lets it go on.
    pub(super) fn hold(&mut self, paused: bool, now_ms: f64) {
        match (self.paused_ms, paused) {
            (None, true) => self.paused_ms = Some(now_ms),
            (Some(since), false) => {
                self.held_ms += now_ms - since;
                self.paused_ms = None;
                self.recent.clear();
            }
            _ => {}
        }
        self.phase = if paused { RunPhase::Paused } else { RunPhase::Running };
    }

    /// A rollout is no longer under way.
    fn land(&mut self, rollout: u32) {
        if let Some(at) = self.lanes.iter().position(|lane| lane.rollout == rollout) {
            let lane = self.lanes.remove(at);
            self.tree.grow(lane.node, false);
        }
    }

    fn say(&mut self, rollout: u32, text: &str, tokens: u32) {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.rollout == rollout) else { return };
        lane.tokens += tokens;
        lane.text.push_str(text);
        let over = lane.text.chars().count().saturating_sub(TAIL);
        // Not at every token: only when twice as much is there as is shown.
        if over > TAIL {
            lane.text = lane.text.chars().skip(over).collect();
        }
    }

    fn tick(&mut self, now_ms: f64) {
        self.last_ms = now_ms;
        match self.recent.back_mut() {
            Some((since, tokens)) if now_ms - *since < PART_MS => *tokens += 1,
            _ => self.recent.push_back((now_ms, 1)),
        }
        while self.recent.front().is_some_and(|(since, _)| now_ms - since > WINDOW_MS) {
            self.recent.pop_front();
        }
    }

    /// How long it has worked, in milliseconds; what it was held does not count.
    pub fn active_ms(&self) -> f64 {
        let until = self.paused_ms.unwrap_or(self.last_ms);
        (until - self.began_ms - self.held_ms).max(0.0)
    }

    /// Tokens a second, all lanes together: of the last seconds while it runs, of all its time afterwards.
    pub fn tokens_per_s(&self) -> Option<f64> {
        if self.phase == RunPhase::Done {
            let ms = self.active_ms();
            return (ms > 0.0 && self.progress.tokens > 0)
                .then(|| f64::from(self.progress.tokens) * 1000.0 / ms);
        }
        let (since, _) = self.recent.front()?;
        let ms = self.last_ms - since;
        let tokens: u32 = self.recent.iter().map(|(_, tokens)| tokens).sum();
        (ms >= PART_MS).then(|| f64::from(tokens) * 1000.0 / ms)
    }

    /// The longest it can still take, in seconds: until the tokens are spent, or all rollouts are made at the pace
    /// so far, whichever comes first.
    pub fn seconds_left(&self) -> Option<f64> {
        if self.phase != RunPhase::Running {
            return None;
        }
        let left = self.progress.max_tokens.saturating_sub(self.progress.tokens);
        let by_tokens = self.tokens_per_s().map(|speed| f64::from(left) / speed);
        let made = self.progress.rollouts;
        let by_rollouts = (made > 0).then(|| {
            let each = self.active_ms() / 1000.0 / f64::from(made);
            each * f64::from(self.options.rollouts.saturating_sub(made))
        });
        match (by_tokens, by_rollouts) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// Whether nothing of it is under way.
    pub fn is_done(&self) -> bool {
        self.phase == RunPhase::Done
    }

    /// Lanes that decode now.
    pub fn busy_lanes(&self) -> u32 {
        (self.lanes.len() as u32).min(self.options.lanes)
    }

    /// The letter of an answer: A for the one that was given first.
    pub fn letter(&self, answer: &str) -> Option<char> {
        let at = self.answers.iter().position(|one| one == answer)?;
        Some(char::from(b'A' + (at % 26) as u8))
    }
}
