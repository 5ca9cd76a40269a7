//! One search for the answer to one question, as it is kept in a file: every rollout, and what a vote of the first of
//! them says.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::protocol::{NodeId, NodeKind, Repeats, SearchOptions, StopCause};
use crate::search::{Ballot, Score, agreed, count};

/// A rollout of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// The class of its answer; `None` where none was found.
    pub answer: Option<String>,
    /// What it ended with.
    pub kind: NodeKind,
    /// v, 0 to 1.
    pub value: f64,
    /// Tokens it took, tries that were thrown away included.
    pub tokens: u32,
    /// Whether its path reflects.
    pub reflects: bool,
    /// The node it set out from; the last of `path` is its leaf.
    pub start: NodeId,
    /// Nodes from the root on.
    pub path: Vec<NodeId>,
}

impl Trip {
    /// Whether the model was made to answer.
    pub fn forced(&self) -> bool {
        self.kind == NodeKind::Truncated && self.answer.is_some()
    }
}

/// A search, done: a line of a file of results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Which question, from 0.
    pub problem: usize,
    /// Seed of its random numbers.
    pub seed: u64,
    /// What it is counted with.
    pub group: String,
    /// The right answer.
    pub expected: String,
    /// Its rollouts in the order of their numbers.
    pub trips: Vec<Trip>,
    /// Tokens in all, those of rollouts that came too late included.
    pub tokens: u32,
    /// Why it ended.
    pub stop: StopCause,
    /// Seconds since the search before it was done: they add up, although several run at once.
    pub wall_s: f64,
}

/// What a vote said, and what it had cost until then.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The answer.
    pub answer: Option<String>,
    /// Whether it is right.
    pub correct: bool,
    /// Tokens of the rollouts that voted.
    pub tokens: u32,
    /// How many they were.
    pub rollouts: usize,
}

impl Trial {
    /// How many rollouts fit into so many tokens: always one, which is the least that can be asked for.
    pub fn within(&self, tokens: u32) -> usize {
        let sums = self.trips.iter().scan(0_u32, |sum, trip| {
            *sum = sum.saturating_add(trip.tokens);
            Some(*sum)
        });
        sums.take_while(|sum| *sum <= tokens).count().max(1).min(self.trips.len())
    }

    /// What the first `rollouts` of them say under the rules of `options`. With an agreement below 1 it is read
    /// after each rollout, and the reading stops where the search would have stopped.
    pub fn read(&self, rollouts: usize, options: &SearchOptions) -> Reading {
        let rollouts = rollouts.min(self.trips.len());
        let early =
            (1..rollouts).find(|&n| agreed(&count(&self.ballots(n, options), options).votes, options));
        let rollouts = early.unwrap_or(rollouts);
        let ballots = self.ballots(rollouts, options);
        let winner = count(&ballots, options).winner;
        let ballot = ballots.into_iter().find(|ballot| Some(ballot.leaf) == winner);
        let answer = ballot.map(|ballot| ballot.class);
        Reading {
            correct: answer.as_ref() == Some(&self.expected),
            answer,
            tokens: self.trips[..rollouts].iter().map(|trip| trip.tokens).sum(),
            rollouts,
        }
    }

    /// Whether any of the first rollouts is right: no rule of voting can do better.
    pub fn oracle(&self, rollouts: usize) -> bool {
        self.trips.iter().take(rollouts).any(|trip| trip.answer.as_ref() == Some(&self.expected))
    }

    /// Values of the leaves whose answer is right, and of those whose answer is wrong.
    pub fn values(&self) -> (Vec<f64>, Vec<f64>) {
        let mut seen = BTreeSet::new();
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        for trip in self.trips.iter().filter(|trip| trip.kind != NodeKind::Loop) {
            let Some(answer) = &trip.answer else { continue };
            if seen.insert(trip.path.last()) {
                let side = if *answer == self.expected { &mut right } else { &mut wrong };
                side.push(trip.value);
            }
        }
        (right, wrong)
    }

    /// One ballot a leaf, as the search itself has it.
    fn ballots(&self, rollouts: usize, options: &SearchOptions) -> Vec<Ballot> {
        let mut ballots: Vec<Ballot> = Vec::new();
        for trip in self.trips[..rollouts].iter().filter(|trip| trip.kind != NodeKind::Loop) {
            let (Some(class), Some(&leaf)) = (&trip.answer, trip.path.last()) else { continue };
            match ballots.iter_mut().find(|ballot| ballot.leaf == leaf) {
                Some(known) if options.repeats == Repeats::Count => known.votes += 1,
                Some(_) => {}
                None => ballots.push(Ballot {
                    leaf,
                    class: class.clone(),
                    value: Score::from_f32(trip.value.clamp(0.0, 1.0) as f32),
                    forced: trip.forced(),
                    reflects: trip.reflects,
                    votes: 1,
                }),
            }
        }
        ballots
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::protocol::VoteRule;

    /// A rollout of ten tokens that ended at a leaf of its own, or (with the same number) at a known one.
    pub(in crate::eval) fn trip(leaf: NodeId, answer: &str, value: f64) -> Trip {
        let answer = (!answer.is_empty()).then(|| answer.to_owned());
        Trip {
            answer,
            kind: NodeKind::Final,
            value,
            tokens: 10,
            reflects: false,
            start: 0,
            path: vec![0, leaf],
        }
    }

    pub(in crate::eval) fn trial(problem: usize, seed: u64, trips: Vec<Trip>) -> Trial {
        Trial {
            problem,
            seed,
            group: "g".into(),
            expected: "42".into(),
            tokens: trips.iter().map(|trip| trip.tokens).sum(),
            trips,
            stop: StopCause::Rollouts,
            wall_s: 1.0,
        }
    }

    fn rule(vote: VoteRule, repeats: Repeats) -> SearchOptions {
        SearchOptions { vote, repeats, agreement: 1.0, ..SearchOptions::default() }
    }

    #[test]
    fn rollouts_are_read_by_every_rule() {
        let trips = [trip(1, "41", 0.8), trip(2, "42", 0.9), trip(1, "41", 0.8), trip(3, "", 0.99)];
        let trial = trial(0, 0, trips.to_vec());
        let read = |n, vote, repeats| trial.read(n, &rule(vote, repeats)).answer.unwrap();
        assert_eq!(read(4, VoteRule::Majority, Repeats::Count), "41");
        // A leaf that came twice has one vote: no answer came twice, the most confident one stands.
        assert_eq!(read(4, VoteRule::Majority, Repeats::Retry), "42");
        assert_eq!(read(4, VoteRule::BestPath, Repeats::Count), "42");
        assert_eq!(read(1, VoteRule::BestPath, Repeats::Count), "41");
        let first = trial.read(2, &rule(VoteRule::BestPath, Repeats::Count));
        assert_eq!((first.correct, first.tokens, first.rollouts), (true, 20, 2));
        assert_eq!((trial.oracle(1), trial.oracle(2)), (false, true));
        assert_eq!(trial.values(), (vec![0.9], vec![0.8]));
    }

    #[test]
    fn a_budget_holds_whole_rollouts_and_at_least_one() {
        let trial = trial(0, 0, vec![trip(1, "1", 0.5), trip(2, "2", 0.5), trip(3, "3", 0.5)]);
        let fitting = [5, 10, 19, 20, 99].map(|tokens| trial.within(tokens));
        assert_eq!(fitting, [1, 1, 1, 2, 3]);
    }

    #[test]
    fn a_reading_stops_where_the_search_would() {
        let mut trips: Vec<Trip> = (1..=6).map(|leaf| trip(leaf, "42", 0.9)).collect();
        let options = SearchOptions { agreement: 0.95, ..rule(VoteRule::Majority, Repeats::Count) };
        // Four to none are enough, five to one are not: six to one would be.
        assert_eq!(trial(0, 0, trips.clone()).read(6, &options).rollouts, 4);
        trips[0].answer = Some("1".into());
        assert_eq!(trial(0, 0, trips).read(6, &options).rollouts, 6);
    }

    #[test]
    fn a_trial_is_a_line() {
        let trial = trial(3, 1, vec![trip(1, "42", 0.912_345_678_9)]);
        let line = serde_json::to_string(&trial).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Trial>(&line).unwrap(), trial);
        let forced = Trip { kind: NodeKind::Truncated, ..super::tests::trip(1, "4", 0.5) };
        assert!(forced.forced());
        assert!(!trial.trips[0].forced());
    }
}
