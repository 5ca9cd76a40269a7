//! Words about what comes of a search: the tree as front ends see it, votes and the verdict.

use serde::{Deserialize, Serialize};

use super::TopLogprob;

/// Names a node of a tree; 0 is the root, parents come before their children.
pub type NodeId = u32;

/// What a node holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// A piece of the thought; the root, which is empty, is one as well.
    Segment,
    /// A piece of the thought that begins with the phrase that makes the model think again.
    Reflection,
    /// From the end of the thought to the end of the reply.
    Final,
    /// A forced answer, after a limit or where the reply gave none.
    Truncated,
    /// Text that repeats itself; worth nothing.
    Loop,
}

/// A node as it is told to front ends when it appears.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TreeNode {
    /// The node.
    pub node: NodeId,
    /// Where it hangs.
    pub parent: NodeId,
    /// The rollout that made it.
    pub rollout: u32,
    /// What it holds.
    pub kind: NodeKind,
    /// Its text; a character or tag that is cut shows as `�` or in part.
    pub text: String,
    /// Its length in tokens.
    pub tokens: u32,
    /// Mean confidence of its scored tokens, 0 to 1; `None` where all were forced.
    pub confidence: Option<f32>,
    /// The class of its answer, if it is a leaf that has one.
    pub answer: Option<String>,
}

/// Why a node is chosen next, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The next rollout goes through it.
    Next,
    /// It can grow, but others score higher or come first.
    Open,
    /// All ways on from it were tried, are being tried, or are too long or too deep.
    Closed,
    /// The reply ended here.
    Ended,
    /// The person left it alone, or a node above it.
    Pruned,
}

/// A token of a node with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenDetail {
    /// Its id.
    pub token: u32,
    /// Its text; a token that is part of a character is shown as `�`.
    pub text: String,
    /// Its share among the five most probable, 0 to 1; `None` where the model did not choose it.
    pub confidence: Option<f32>,
    /// Whether it has no part in the means: it was put there, or decoded after a forced close.
    pub forced: bool,
    /// The most probable tokens, best first: what `Branch` can put in its place.
    pub top: Vec<TopLogprob>,
}

/// A node in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeDetail {
    /// As it was told when it appeared.
    pub node: TreeNode,
    /// Its tokens.
    pub pieces: Vec<TokenDetail>,
    /// Rollouts through it.
    pub visits: u32,
    /// Rollouts under way from it or from below it.
    pub in_flight: u32,
    /// Mean value of the rollouts through it, 0 to 1.
    pub value: Option<f64>,
    /// What it scores now beside its siblings; `None` at the root.
    pub score: Option<f64>,
    /// Why it is chosen next, or is not.
    pub standing: Standing,
}

/// Finished branches with the same answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoteClass {
    /// The answer in canonical form.
    pub answer: String,
    /// Number of votes.
    pub votes: u32,
    /// Share of all weight, 0 to 1.
    pub weight: f64,
    /// Value of its best leaf, 0 to 1.
    pub value: f64,
    /// Its leaves, best first.
    pub leaves: Vec<NodeId>,
}

/// The votes so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Votes {
    /// Every answer, the winner first.
    pub classes: Vec<VoteClass>,
    /// Number of votes in all.
    pub votes: u32,
    /// Probability that the most frequent answer truly leads the second, 0 to 1; 0 without votes.
    pub agreement: f64,
}

/// Why an answer won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// It has the most weight.
    Vote,
    /// The rule is the most confident branch.
    BestPath,
    /// No answer came twice, so the most confident branch stands.
    NoAgreement,
    /// There is no answer.
    Nothing,
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// All rollouts are made.
    Rollouts,
    /// The tokens are spent.
    Tokens,
    /// The time is over.
    Time,
    /// The leading answer leads surely enough.
    Agreement,
    /// No node is left that could be expanded.
    Exhausted,
    /// Cancelled.
    Cancelled,
}

/// How far a search is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchProgress {
    /// Rollouts in the tree.
    pub rollouts: u32,
    /// Rollouts under way, or waiting for an earlier one.
    pub in_flight: u32,
    /// Tokens decoded and forced so far.
    pub tokens: u32,
    /// Tokens that may be.
    pub max_tokens: u32,
}

/// The outcome of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchReport {
    /// The answer in canonical form, if there is one.
    pub answer: Option<String>,
    /// The reply of the winning branch, tags included.
    pub reply: String,
    /// The winning branch from the root to its leaf.
    pub path: Vec<NodeId>,
    /// Why it won.
    pub chosen: Chosen,
    /// All votes.
    pub votes: Votes,
    /// The answer that would have won without the branches that reflected, where it is another.
    pub without_reflection: Option<String>,
    /// Why the search ended.
    pub stop: StopCause,
    /// What it took.
    pub progress: SearchProgress,
}
