//! The answer of many replies: one vote a finished leaf, weighed by its confidence.

use std::collections::BTreeMap;

use super::score::Score;
use super::tree::Tree;
use crate::protocol::{Chosen, NodeId, NodeKind, Repeats, SearchOptions, VoteClass, VoteRule, Votes};

/// Leaves before agreement may stop a search.
const FEWEST_LEAVES: u32 = 4;

/// A finished leaf with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// The leaf.
    pub leaf: NodeId,
    /// Its answer, in the form in which answers are compared.
    pub class: String,
    /// v of its path.
    pub value: Score,
    /// Whether the model was made to answer: it weighs half.
    pub forced: bool,
    /// Whether its path reflects.
    pub reflects: bool,
    /// How many votes it has: 1, or with `Repeats::Count` as many as rollouts ended there.
    pub votes: u32,
}

/// The ballots of a tree: every leaf with an answer, but for what is pruned.
pub fn ballots(tree: &Tree, repeats: Repeats) -> Vec<Ballot> {
    let mut ballots = Vec::new();
    for (id, node) in tree.nodes().iter().enumerate() {
        let Some(answer) = node.answer.as_ref().filter(|_| node.kind != NodeKind::Loop) else { continue };
        let leaf = id as NodeId;
        if tree.is_pruned(leaf) {
            continue;
        }
        ballots.push(Ballot {
            leaf,
            class: answer.class.clone(),
            value: tree.path_value(leaf),
            forced: answer.forced,
            reflects: node.reflects,
            votes: if repeats == Repeats::Count { node.end_count } else { 1 },
        });
    }
    ballots
}

/// The outcome of a vote.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The winning leaf.
    pub winner: Option<NodeId>,
    /// Why it won.
    pub chosen: Chosen,
    /// All classes, the winning one first.
    pub votes: Votes,
}

/// Counts. The order of the ballots does not matter.
pub fn count(ballots: &[Ballot], options: &SearchOptions) -> Outcome {
    let mut sorted: Vec<&Ballot> = ballots.iter().collect();
    // The better leaf first: natural answers before forced ones where they are worth the same.
    sorted.sort_by(|a, b| {
        standing(b).total_cmp(&standing(a)).then(a.class.cmp(&b.class)).then(a.leaf.cmp(&b.leaf))
    });
    let weights = weights(&sorted, options);
    let total: f64 = weights.iter().sum();
    let mut classes: BTreeMap<&str, VoteClass> = BTreeMap::new();
    for (ballot, weight) in sorted.iter().zip(&weights) {
        let class = classes.entry(&ballot.class).or_insert_with(|| VoteClass {
            answer: ballot.class.clone(),
            votes: 0,
            weight: 0.0,
            value: 0.0,
            leaves: Vec::new(),
        });
        class.votes += ballot.votes;
        class.weight += weight / total;
        class.value = class.value.max(ballot.value.to_f64());
        class.leaves.push(ballot.leaf);
    }
    let mut classes: Vec<VoteClass> = classes.into_values().collect();
    let by_votes = |a: &VoteClass, b: &VoteClass| b.votes.cmp(&a.votes);
    classes.sort_by(|a, b| {
        let order = b.weight.total_cmp(&a.weight).then(by_votes(a, b));
        order.then(b.value.total_cmp(&a.value)).then(a.answer.cmp(&b.answer))
    });
    let chosen = match (sorted.first(), options.vote) {
        (None, _) => Chosen::Nothing,
        (Some(_), VoteRule::BestPath) => Chosen::BestPath,
        _ if classes.iter().all(|class| class.votes < 2) => Chosen::NoAgreement,
        _ => Chosen::Vote,
    };
    let mut winner = classes.first().and_then(|class| class.leaves.first().copied());
    if let (Chosen::BestPath | Chosen::NoAgreement, Some(best)) = (chosen, sorted.first()) {
        winner = Some(best.leaf);
        // The winner stands first, whatever the weights.
        classes.sort_by_key(|class| class.answer != best.class);
    }
    let mut counts: Vec<u32> = classes.iter().map(|class| class.votes).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let second = counts.get(1).copied().unwrap_or(0);
    let agreement = counts.first().map_or(0.0, |&first| agreement(first, second));
    Outcome { winner, chosen, votes: Votes { classes, votes: counts.iter().sum(), agreement } }
}

/// What a leaf is worth beside others: a forced answer half.
fn standing(ballot: &Ballot) -> f64 {
    ballot.value.to_f64() * if ballot.forced { 0.5 } else { 1.0 }
}

/// The weight of each ballot; the best stands first.
fn weights(sorted: &[&Ballot], options: &SearchOptions) -> Vec<f64> {
    let best = sorted.iter().map(|ballot| ballot.value.to_f64()).fold(0.0, f64::max);
    let borda = borda(sorted);
    let weigh = |(at, ballot): (usize, &&Ballot)| {
        let weight = match options.vote {
            VoteRule::Weighted => {
                libm::exp((ballot.value.to_f64() - best) / f64::from(options.vote_temperature))
            }
            VoteRule::Majority | VoteRule::BestPath => 1.0,
            VoteRule::Borda => borda[at],
        };
        weight * f64::from(ballot.votes) * if ballot.forced { 0.5 } else { 1.0 }
    };
    sorted.iter().enumerate().map(weigh).collect()
}

/// Points by rank of value: n for the best of n, 1 for the worst, equals share.
fn borda(sorted: &[&Ballot]) -> Vec<f64> {
    let points = |ballot: &Ballot| {
        let worse = sorted.iter().filter(|other| other.value < ballot.value).count();
        let equal = sorted.iter().filter(|other| other.value == ballot.value).count();
        worse as f64 + f64::midpoint(equal as f64, 1.0)
    };
    sorted.iter().map(|ballot| points(ballot)).collect()
}

/// Probability that an answer with `first` votes is truly more frequent than one with `second`, from a uniform prior
/// on its share of the two (adaptive consistency, arXiv 2305.11860):
///
/// ```text
/// P = sum over k = 0..=a of C(a+b+1, k) / 2^(a+b+1)
/// ```
pub fn agreement(first: u32, second: u32) -> f64 {
    let n = f64::from(first + second + 1);
    // C(n, k) / 2^n, from k = 0 on; its logarithm, because 2^-n leaves the range of f64.
    let mut log = -n * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for k in 0..=first {
        sum += libm::exp(log);
        log += libm::log((n - f64::from(k)) / (f64::from(k) + 1.0));
    }
    sum.min(1.0)
}

/// Whether the votes agree enough to stop.
pub fn agreed(votes: &Votes, options: &SearchOptions) -> bool {
    options.agreement < 1.0 && votes.votes >= FEWEST_LEAVES && votes.agreement >= f64::from(options.agreement)
}

#[cfg(test)]
#[path = "vote_tests.rs"]
mod tests;
