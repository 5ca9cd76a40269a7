//! What a person can do to a search: prune, pin, go on from a node, branch from another token; and its report.

use super::machine::{Search, Wish};
use super::rollout::Rollout;
use super::select::Launch;
use super::token::Token;
use super::tree::ROOT;
use super::vote::{ballots, count};
use crate::error::{Error, Result};
use crate::protocol::{NodeId, NodeKind, SearchProgress, SearchReport, StopCause};

impl Search {
    /// Leaves a branch alone, or takes it in again. Its votes do not count meanwhile.
    pub fn prune(&mut self, node: NodeId, pruned: bool) -> Result<()> {
        self.check(node)?;
        if node == ROOT {
            return Err(Error::BadRequest("the root cannot be pruned: cancel the search".into()));
        }
        self.tree.node_mut(node).pruned = pruned;
        Ok(())
    }

    /// Grows a branch before all others, while it can grow.
    pub fn pin(&mut self, node: NodeId, pinned: bool) -> Result<()> {
        self.check(node)?;
        self.tree.node_mut(node).pinned = pinned;
        Ok(())
    }

    /// One more rollout, from this node on.
    pub fn continue_from(&mut self, node: NodeId) -> Result<()> {
        self.check(node)?;
        if !self.tree.node(node).is_inner() {
            return Err(Error::BadRequest(format!("node {node} ends its branch: choose one above it")));
        }
        self.wish(Launch { node, reflect: false }, Vec::new())
    }

    /// One more rollout, with `token` in the place of token `at` of a node. `bytes` is what it adds to the text.
    pub fn branch(&mut self, node: NodeId, at: u32, token: u32, bytes: Vec<u8>) -> Result<()> {
        self.check(node)?;
        let from = self.tree.node(node);
        let Some(old) = from.tokens.get(at as usize) else {
            let what = format!("node {node} has {} tokens, asked was number {at}", from.tokens.len());
            return Err(Error::BadRequest(what));
        };
        if from.kind == NodeKind::Truncated || old.forced {
            return Err(Error::BadRequest(format!("token {at} of node {node} was not chosen by the model")));
        }
        let mut given = from.tokens[..at as usize].to_vec();
        let mut other = Token::forced(token, bytes);
        other.logprob = old.top.iter().find(|top| top.0 == token).map_or(0.0, |top| top.1);
        other.top.clone_from(&old.top);
        given.push(other);
        let start = Launch { node: from.parent, reflect: from.kind == NodeKind::Reflection };
        self.wish(start, given)
    }

    /// A wish brings its own tokens, and wakes a search that is done.
    fn wish(&mut self, start: Launch, given: Vec<Token>) -> Result<()> {
        let node = self.tree.node(start.node);
        let left = self.path_limit.saturating_sub(node.length + given.len() as u32);
        if left < 2 * self.options.answer_reserve || node.depth >= self.options.depth {
            return Err(Error::BadRequest("the branch is as long as it may be: choose a node above".into()));
        }
        self.options.rollouts += 1;
        self.options.max_tokens += self.path_limit - node.length;
        self.wishes.push_back(Wish { start, given });
        self.wished = self.launched + self.wishes.len() as u32;
        self.stop = None;
        self.done = false;
        Ok(())
    }

    fn check(&self, node: NodeId) -> Result<()> {
        let nodes = self.tree.nodes().len();
        let none = || Error::BadRequest(format!("there is no node {node}: the tree has {nodes}"));
        self.tree.get(node).map(|_| ()).ok_or_else(none)
    }

    /// How far it is.
    pub fn progress(&self) -> SearchProgress {
        SearchProgress {
            rollouts: self.tree.node(ROOT).visits,
            in_flight: self.rollouts.len() as u32,
            tokens: self.used + self.dropped + self.rollouts.iter().map(|rollout| rollout.spent).sum::<u32>(),
            max_tokens: self.options.max_tokens,
        }
    }

    /// The answer so far, and how it came about.
    pub fn report(&self) -> SearchReport {
        let outcome = self.outcome();
        let answer = outcome.votes.classes.first().map(|class| class.answer.clone());
        let mut plain = ballots(&self.tree, self.options.repeats);
        plain.retain(|ballot| !ballot.reflects);
        let plain = count(&plain, &self.options).votes.classes.into_iter().next().map(|class| class.answer);
        let leaf = outcome.winner.or_else(|| self.longest_reply());
        SearchReport {
            reply: leaf.map(|leaf| self.tree.text(leaf)).unwrap_or_default(),
            path: leaf.map(|leaf| self.tree.path(leaf)).unwrap_or_default(),
            without_reflection: plain.filter(|plain| answer.as_ref() != Some(plain)),
            answer,
            chosen: outcome.chosen,
            votes: outcome.votes,
            stop: self.stop.unwrap_or(StopCause::Cancelled),
            progress: self.progress(),
        }
    }

    /// What to show where nothing has an answer: the most confident of the branches that ended.
    fn longest_reply(&self) -> Option<NodeId> {
        let ended = (0..).zip(self.tree.nodes()).filter(|(id, node)| {
            node.end_count > 0 && node.kind != NodeKind::Loop && !self.tree.is_pruned(*id)
        });
        ended.max_by_key(|(id, node)| (!node.is_inner(), self.tree.path_value(*id))).map(|(id, _)| id)
    }

    /// The search as JSON: the tree, and all that is needed to go on.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain data with text keys can be written")
    }

    /// A search from [`Search::to_json`]. Work that was asked for and never told is asked for again, so to go on is
    /// as if there had been no pause.
    pub fn from_json(json: &str) -> Result<Self> {
        serde_json::from_str::<Self>(json).map_err(|error| cannot_go_on(&error.to_string()))?.checked()
    }

    /// Checks a search from outside, as [`Search::from_json`] does.
    pub fn checked(self) -> Result<Self> {
        let bad = |what: String| cannot_go_on(&what);
        let mut search = self;
        search.options.validate()?;
        search.sampling.validate()?;
        let nodes = search.tree.nodes();
        let climbs = |(id, node): (usize, &super::tree::Node)| id > 0 && node.parent as usize >= id;
        if nodes.is_empty() || nodes.iter().enumerate().any(climbs) {
            return Err(bad("a node stands before its parent".into()));
        }
        if let Some(fault) = search.tree.faults().into_iter().next() {
            return Err(bad(fault));
        }
        let under_way = search.tree.node(ROOT).in_flight as usize;
        let known = |node: NodeId| search.tree.get(node).is_some_and(super::tree::Node::is_inner);
        let starts = search.rollouts.iter().map(|rollout| rollout.start.node);
        let starts_known = starts.chain(search.wishes.iter().map(|wish| wish.start.node)).all(known);
        let numbered = search.rollouts.iter().all(|rollout| rollout.id < search.launched);
        if under_way != search.rollouts.len() || !starts_known || !numbered {
            return Err(bad("rollouts under way do not fit the tree".into()));
        }
        if !search.rollouts.iter().all(Rollout::is_sound) {
            return Err(bad("a rollout under way has been tried too often".into()));
        }
        search.rollouts.iter_mut().for_each(Rollout::ask_again);
        Ok(search)
    }
}

fn cannot_go_on(what: &str) -> Error {
    Error::BadRequest(format!("this is no search that can go on: {what}"))
}
