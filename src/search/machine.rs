//! The search as a machine: `ask` for work, `tell` what came of it, in any order.
//!
//! The tree changes only inside `ask`, by rollouts in the order of their numbers, and what is asked for depends on the
//! tree and on nothing else. So the same choices of tokens give the same tree, whatever the timing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::class::class;
use super::plan::window;
use super::rollout::{Ground, Rollout, State, reply_answer};
use super::score::Score;
use super::select::Launch;
use super::token::Token;
use super::tree::{Answer, Tree};
use super::vote::{Outcome, agreed, ballots, count};
use super::work::{Told, Work};
use crate::error::{Error, Result};
use crate::protocol::{
    NodeId, NodeKind, Repeats, SamplingOptions, SearchOptions, StopCause, ThoughtFormat, Votes,
};

/// What a search has for an idle lane.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Tokens to decode.
    Work(Box<Work>),
    /// Nothing until more is told.
    Wait,
    /// Nothing ever: what is still being decoded is not needed any more.
    Done,
}

/// What happened in the tree, for those who watch it grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// A node is new.
    Expanded(NodeId),
    /// A rollout ended at a node.
    Visited {
        /// The rollout.
        rollout: u32,
        /// Where it ended.
        leaf: NodeId,
        /// v.
        value: f64,
    },
}

/// A rollout that the person asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Wish {
    pub(super) start: Launch,
    /// Tokens it begins with.
    pub(super) given: Vec<Token>,
}

/// A search, running or done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    pub(super) options: SearchOptions,
    pub(super) sampling: SamplingOptions,
    thoughts: ThoughtFormat,
    /// Longest path, in tokens.
    pub(super) path_limit: u32,
    pub(super) tree: Tree,
    /// Those that are not in the tree yet, in the order of their numbers.
    pub(super) rollouts: Vec<Rollout>,
    /// Rollouts so far; also the number of the next.
    pub(super) launched: u32,
    /// Tokens of the rollouts in the tree, and of those that were thrown away.
    pub(super) used: u32,
    pub(super) dropped: u32,
    /// Smallest and largest value of a rollout that ended by itself.
    pub(super) range: Option<(Score, Score)>,
    /// Rollouts that ended by themselves, and the sum of their paths' lengths in tokens.
    pub(super) ended: (u32, u32),
    pub(super) wishes: VecDeque<Wish>,
    /// Agreement stops nothing before the rollouts below this number are in.
    pub(super) wished: u32,
    pub(super) stop: Option<StopCause>,
    pub(super) done: bool,
    #[serde(skip)]
    changes: Vec<Change>,
}

impl Search {
    /// A search for the reply to a prompt. `room` is what the context holds after the prompt, in tokens.
    pub fn new(
        options: &SearchOptions,
        sampling: &SamplingOptions,
        thoughts: ThoughtFormat,
        room: u32,
    ) -> Result<Self> {
        sampling.validate()?;
        options.validate()?;
        let options = options.resolved();
        let path_limit = options.path_tokens.min(room);
        if path_limit < 2 * options.answer_reserve {
            let what = format!(
                "the context has room for {room} tokens after the prompt, a search needs {}; shorten the prompt",
                2 * options.answer_reserve
            );
            return Err(Error::BadRequest(what));
        }
        Ok(Self {
            options,
            sampling: sampling.clone(),
            thoughts,
            path_limit,
            tree: Tree::default(),
            rollouts: Vec::new(),
            launched: 0,
            used: 0,
            dropped: 0,
            range: None,
            ended: (0, 0),
            wishes: VecDeque::new(),
            wished: 0,
            stop: None,
            done: false,
            changes: Vec::new(),
        })
    }

    /// The tree so far.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The options, as the mode has made them.
    pub fn options(&self) -> &SearchOptions {
        &self.options
    }

    /// How tokens are chosen.
    pub fn sampling(&self) -> &SamplingOptions {
        &self.sampling
    }

    /// Longest path, in tokens.
    pub fn path_limit(&self) -> u32 {
        self.path_limit
    }

    /// Whether nothing will be asked for any more, unless the person wishes for more.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Why no more rollouts are launched, once that is so.
    pub fn stopped(&self) -> Option<StopCause> {
        self.stop
    }

    /// What changed since the last call.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Votes so far, and who leads.
    pub fn outcome(&self) -> Outcome {
        count(&ballots(&self.tree, self.options.repeats), &self.options)
    }

    /// Votes so far.
    pub fn votes(&self) -> Votes {
        self.outcome().votes
    }

    /// Work for a lane. To be called after each `tell` until it says `Wait` or `Done`.
    pub fn ask(&mut self) -> Ask {
        loop {
            if self.done {
                return Ask::Done;
            }
            let asked =
                self.rollouts.iter().filter(|rollout| matches!(rollout.state, State::Asked(_))).count();
            if asked >= self.options.lanes as usize {
                return Ask::Wait;
            }
            if let Some(work) = self.next_leg() {
                return Ask::Work(Box::new(work));
            }
            if !self.advance() {
                return Ask::Wait;
            }
        }
    }

    /// Takes what came of some work; false where nobody waits for it any more.
    pub fn tell(&mut self, told: Told) -> Result<bool> {
        let Some(at) = self.rollouts.iter().position(|r| r.id == told.rollout && r.expects(told.leg)) else {
            return Ok(false);
        };
        let numbers = told.tokens.iter().filter_map(|token| token.confidence);
        if let Some(bad) = numbers.into_iter().find(|c| !(*c > 0.0 && *c <= 1.0)) {
            return Err(Error::BadNumbers(format!(
                "a token's confidence is {bad}, expected more than 0, at most 1"
            )));
        }
        let mut rollout = self.rollouts.remove(at);
        let room = rollout.room(self.ground());
        let tokens = told.tokens.len();
        let fits = tokens <= room as usize;
        if fits {
            rollout.take(told.tokens, told.end, self.ground());
        }
        self.rollouts.insert(at, rollout);
        if fits {
            Ok(true)
        } else {
            Err(Error::BadRequest(format!("{tokens} tokens came, asked were {room}")))
        }
    }

    /// Tells the time since the start. Whether it is over: the lanes are to be told `End::Interrupted` then, and
    /// what is asked after that are answers.
    pub fn clock(&mut self, elapsed_s: f32) -> bool {
        let limit = self.options.time_limit_s;
        if limit > 0.0 && elapsed_s >= limit && self.stop.is_none() {
            self.stop = Some(StopCause::Time);
        }
        self.stop == Some(StopCause::Time) && !self.done
    }

    /// Ends the search at once. Rollouts that have ended count; of those under way nothing remains.
    pub fn cancel(&mut self) {
        if self.done {
            return;
        }
        self.stop = Some(StopCause::Cancelled);
        for rollout in std::mem::take(&mut self.rollouts) {
            match rollout.state {
                State::Ended(kind) => self.apply(&rollout, kind),
                _ => self.rollouts.push(rollout),
            }
        }
        self.finish();
    }

    fn ground(&self) -> Ground<'_> {
        Ground {
            tree: &self.tree,
            options: &self.options,
            sampling: &self.sampling,
            thoughts: self.thoughts,
            path_limit: self.path_limit,
        }
    }

    fn next_leg(&mut self) -> Option<Work> {
        let at = self.rollouts.iter().position(|rollout| matches!(rollout.state, State::Ready(_)))?;
        let mut rollout = self.rollouts.remove(at);
        let work = rollout.ask(self.ground());
        self.rollouts.insert(at, rollout);
        work
    }

    /// One step: a rollout into the tree, or a new one. False where a rollout must end first.
    fn advance(&mut self) -> bool {
        if self.stop.is_some() {
            if self.rollouts.is_empty() {
                self.finish();
                return true;
            }
            return self.settle();
        }
        let number = self.launched + 1;
        let due = number - window(number, self.options.lanes);
        if self.launched - (self.rollouts.len() as u32) < due {
            return self.settle();
        }
        if let Some(wish) = self.wishes.pop_front() {
            let length = self.tree.node(wish.start.node).length;
            self.launch(wish.start, wish.given, self.path_limit - length);
            return true;
        }
        let lack = if self.launched >= self.options.rollouts {
            StopCause::Rollouts
        } else {
            match self.plan() {
                Ok((start, limit)) => {
                    self.launch(start, Vec::new(), limit);
                    return true;
                }
                Err(lack) => lack,
            }
        };
        // One more result may give back tokens, or open a node; all rollouts launched stay launched.
        if lack == StopCause::Rollouts || self.rollouts.is_empty() {
            self.stop = Some(lack);
            return true;
        }
        self.settle()
    }

    fn launch(&mut self, start: Launch, given: Vec<Token>, limit: u32) {
        let rollout = Rollout::new(self.launched, start, given, limit, self.ground());
        self.rollouts.push(rollout);
        self.launched += 1;
        self.tree.depart(start.node);
        let node = self.tree.node_mut(start.node);
        if start.reflect {
            node.reflected = true;
        } else {
            node.launched += 1;
        }
    }

    /// Puts the oldest rollout into the tree, or tries it again. False where it has not ended.
    fn settle(&mut self) -> bool {
        let Some(first) = self.rollouts.first() else { return false };
        let State::Ended(kind) = first.state else { return false };
        let mut rollout = self.rollouts.remove(0);
        if self.is_repeat(&rollout, kind)
            && rollout.can_retry(self.ground())
            && self.stop != Some(StopCause::Time)
        {
            let left = self.available().saturating_sub(rollout.spent);
            let left = left.min(self.path_limit - self.tree.node(rollout.start.node).length);
            if left >= 2 * self.options.answer_reserve {
                rollout.retry(rollout.spent + left, self.ground());
                self.rollouts.insert(0, rollout);
                return true;
            }
        }
        let number = rollout.id;
        self.apply(&rollout, kind);
        if number + 1 >= self.wished && agreed(&self.votes(), &self.options) {
            self.stop = Some(StopCause::Agreement);
            self.finish();
        }
        true
    }

    /// Whether all of it is in the tree already, to its leaf.
    fn is_repeat(&self, rollout: &Rollout, kind: NodeKind) -> bool {
        if self.options.repeats == Repeats::Count {
            return false;
        }
        let (nodes, _) = rollout.nodes(kind, self.ground());
        let step = |at: NodeId, (kind, tokens): &(NodeKind, Vec<Token>)| self.tree.find(at, *kind, tokens);
        let leaf = nodes.iter().try_fold(rollout.start.node, step);
        leaf.is_some_and(|leaf| !self.tree.node(leaf).is_inner())
    }

    /// Every segment becomes a node, or is one already; then the value goes up.
    fn apply(&mut self, rollout: &Rollout, kind: NodeKind) {
        let start = rollout.start.node;
        let (nodes, tagged) = rollout.nodes(kind, self.ground());
        let (mut leaf, mut above) = (start, start);
        for (kind, tokens) in nodes {
            above = leaf;
            leaf = self.tree.find(above, kind, &tokens).unwrap_or_else(|| {
                let id = self.tree.add(above, kind, rollout.id, tokens);
                // At the start it was counted when it was launched.
                if above != start {
                    self.tree.node_mut(above).launched += 1;
                }
                self.changes.push(Change::Expanded(id));
                id
            });
        }
        if tagged {
            self.tree.node_mut(above).thought_end = true;
        }
        let is_leaf = !self.tree.node(leaf).is_inner() && kind != NodeKind::Loop;
        if is_leaf && self.tree.node(leaf).answer.is_none() {
            let reply = self.tree.text(leaf);
            let text = reply_answer(&reply, self.thoughts).map(str::to_owned);
            self.tree.node_mut(leaf).answer = text.and_then(|text| {
                let class = class(&text, self.options.answer)?;
                Some(Answer { text, class, forced: kind == NodeKind::Truncated })
            });
        }
        // A loop is sure of itself, and worth nothing.
        let value = if kind == NodeKind::Loop { Score::ZERO } else { self.tree.path_value(leaf) };
        self.tree.back_up(leaf, value);
        self.tree.arrive(start);
        if kind == NodeKind::Final {
            let (low, high) = self.range.unwrap_or((value, value));
            self.range = Some((low.min(value), high.max(value)));
            self.ended = (self.ended.0 + 1, self.ended.1.saturating_add(self.tree.node(leaf).length));
        }
        self.used += rollout.spent;
        self.changes.push(Change::Visited { rollout: rollout.id, leaf, value: value.to_f64() });
    }

    fn finish(&mut self) {
        for rollout in std::mem::take(&mut self.rollouts) {
            self.tree.arrive(rollout.start.node);
            self.dropped += rollout.spent;
        }
        self.done = true;
    }
}
