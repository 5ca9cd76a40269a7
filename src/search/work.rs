//! What a search asks for and is told: a leg of a rollout, its stop rule, and the tokens that came.

use serde::{Deserialize, Serialize};

use super::cutter::Cutter;
use super::repeats::Repeats;
use super::token::Token;
use crate::protocol::NodeId;
use crate::sampler::Rule;

/// Why a leg ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// An end token, which is the last of the tokens.
    Stop,
    /// The tag that ends the thought is complete; the last token may hold more than it.
    Tag,
    /// The path repeats itself.
    Loop,
    /// The path has as many nodes as it may have.
    Depth,
    /// [`Work::limit`].
    Limit,
    /// The context is full.
    Context,
    /// The search was told that time is up, and told the lanes.
    Interrupted,
}

/// Tokens to be decoded: a leg of a rollout. Most rollouts have one leg; another comes where something is forced.
#[derive(Debug, Clone)]
pub struct Work {
    /// The rollout.
    pub rollout: u32,
    /// Which of its legs, from 0 and never twice the same.
    pub leg: u32,
    /// The node the rollout set out from: the last of `path`.
    pub node: NodeId,
    /// Nodes from the root to `node`: their pages can be shared.
    pub path: Vec<NodeId>,
    /// Everything after the prompt that stands before this leg: the tokens of `path`, then `kept` of this rollout.
    pub prefix: Vec<u32>,
    /// Tokens at the end of `prefix` that belong to no node yet. A sequence that went further is cut back to this.
    pub kept: usize,
    /// What `prefix` says, byte for byte.
    pub text: Vec<u8>,
    /// Bytes at the end of `text` that belong to no node yet.
    pub kept_bytes: usize,
    /// Text to put next, before anything is chosen; often empty.
    pub forced: String,
    /// How tokens are chosen.
    pub rule: Rule,
    /// For `sampler::Draw`.
    pub seed: u64,
    /// For `sampler::Draw`; differs between rollouts and between tries of a rollout.
    pub choice: u32,
    /// Tokens at most, forced ones included.
    pub limit: u32,
    /// The stop rule: is given every token of this leg and says when it is over.
    pub watch: Watch,
}

/// What came of a [`Work`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// [`Work::rollout`].
    pub rollout: u32,
    /// [`Work::leg`].
    pub leg: u32,
    /// The forced tokens, then those that were chosen, at most [`Work::limit`] of them.
    pub tokens: Vec<Token>,
    /// Why there are no more.
    pub end: End,
}

/// The stop rule of a leg: knows the path before it.
#[derive(Debug, Clone)]
pub struct Watch {
    cutter: Cutter,
    repeats: Repeats,
    left: u32,
    depth_left: u32,
    stop_at_tag: bool,
}

impl Watch {
    /// A watch at the start of a path.
    pub(super) fn new(cutter: Cutter) -> Self {
        Self { cutter, repeats: Repeats::default(), left: 0, depth_left: u32::MAX, stop_at_tag: false }
    }

    /// For `limit` tokens, and nodes until `depth_left` of this rollout are complete.
    pub(super) fn bounded(mut self, limit: u32, depth_left: u32, stop_at_tag: bool) -> Self {
        (self.left, self.depth_left, self.stop_at_tag) = (limit, depth_left, stop_at_tag);
        self
    }

    /// Tokens of nodes that the rollout set out from: the cutter knows their text.
    pub(super) fn recall(&mut self, token: &Token) {
        self.repeats.push(token, true);
    }

    /// A token of this rollout from before this leg.
    pub(super) fn replay(&mut self, token: &Token) {
        self.cutter.push(token);
        self.repeats.push(token, !self.cutter.ended());
    }

    /// The cutter, up to the last token.
    pub(super) fn cutter(&self) -> &Cutter {
        &self.cutter
    }

    /// The cutter, to mark where a node begins.
    pub(super) fn cutter_mut(&mut self) -> &mut Cutter {
        &mut self.cutter
    }

    /// Takes a token, forced or chosen; `is_end` says that it is an end token. `Some` ends the leg with this token.
    pub fn push(&mut self, token: &Token, is_end: bool) -> Option<End> {
        let tag = self.cutter.push(token);
        let repeats = self.repeats.push(token, !self.cutter.ended());
        self.left = self.left.saturating_sub(1);
        if is_end {
            Some(End::Stop)
        } else if tag && self.stop_at_tag {
            Some(End::Tag)
        } else if repeats && !token.forced {
            Some(End::Loop)
        } else if !self.cutter.ended() && self.cutter.segments() >= self.depth_left as usize {
            Some(End::Depth)
        } else {
            (self.left == 0).then_some(End::Limit)
        }
    }

    /// Whether the thought is over.
    pub fn thought_ended(&self) -> bool {
        self.cutter.ended()
    }
}
