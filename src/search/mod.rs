//! The search over replies: many chains of thought as one tree, and the answer that most of them, weighed by their
//! confidence, agree on. Marco-o1's search (arXiv 2411.14405), batched. It knows no model.
//!
//! ```text
//!            ┌───────────────── Search ─────────────────┐
//!  ask ────▶ │ select a node ─▶ launch a rollout there  │ ────▶ Work: prefix, stop rule, random numbers
//!            │    ▲                                     │              │ decoded by somebody, several at once
//!            │    └── back up ◀── cut into nodes ◀──────│ ◀──── Told: tokens with their confidence
//!            └──────────────── Outcome ─────────────────┘
//! ```
//!
//! - [`Token`] is what a model chose, with its confidence: its share among the five most probable. The value of a
//!   rollout is the mean over its path.
//! - A rollout goes from a node to the end of a reply, in one or more legs ([`Work`]); `Cutter` says where its nodes
//!   begin, `Repeats` when it goes in circles, [`Watch`] when a leg is over.
//! - [`Tree`] counts; [`selection_score`] weighs what looks good against what was tried little.
//! - [`Search`] is the machine between them: it has no clock, no threads and no random numbers of its own. It applies
//!   rollouts in the order of their numbers, at fixed points, so the same choices of tokens give the same tree
//!   whichever lane was faster; and it is plain data, so that it can be saved at any time and go on.
//!   Logarithms and exponentials are those of `libm`: a platform's own may differ in the last bit, and with it a tree.
//! - [`answer`] finds the answer in a reply, `class` says which are the same, [`count`] holds the vote.
//!
//! Chain of thought, self-consistency and best-of-N are this search with other options (`SearchOptions::resolved`).
//! [`toy`] is a world without a model in which all of it can be tried.

pub mod answer;
mod class;
mod cutter;
mod detail;
mod machine;
mod plan;
mod repeats;
mod rollout;
mod score;
mod select;
mod steer;
mod svg;
mod token;
pub mod toy;
mod tree;
mod vote;
mod work;

pub use crate::protocol::confidence;
pub use class::class;
pub use machine::{Ask, Change, Search};
pub use plan::window;
pub use repeats::REFLECTION;
pub use rollout::forced_texts;
pub use score::Score;
pub use select::{Climate, Launch, selection_score};
pub use svg::svg;
pub use token::{Bytes, Token};
pub use tree::{Answer, Node, ROOT, Tree};
pub use vote::{Ballot, Outcome, agreed, agreement, ballots, count};
pub use work::{End, Told, Watch, Work};

#[cfg(test)]
mod tests;
