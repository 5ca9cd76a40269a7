//! Ways of seeking answers held against one another on the same questions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::statistics::{auroc, sign_test, wilson_share};
use super::trial::{Reading, Trial};
use crate::protocol::{NodeKind, SearchOptions};

/// Points of a curve.
const POINTS: u32 = 8;

/// A way of seeking answers, and what it found.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// Its name: `sc`, `mcts:action=mini64`.
    pub name: &'a str,
    /// The rules it votes by; it reads `rollouts` and `max_tokens` at most.
    pub options: &'a SearchOptions,
    /// Its searches. Several ways may read the same.
    pub trials: &'a [Trial],
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contest {
    /// A row each.
    pub rows: Vec<Row>,
    /// Each with each.
    pub duels: Vec<Duel>,
}

/// How one way fared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Questions.
    pub problems: usize,
    /// Searches: questions times seeds.
    pub searches: usize,
    /// Share of right answers.
    pub accuracy: f64,
    /// Where the true share lies with 95 % confidence (Wilson, over questions).
    pub interval: (f64, f64),
    /// Share of searches in which any rollout is right. An oracle: nobody could choose it without the answer.
    pub oracle: f64,
    /// Mean number of rollouts read.
    pub rollouts: f64,
    /// Mean tokens of a search.
    pub tokens: f64,
    /// Seconds of all searches.
    pub wall_s: f64,
    /// Rollouts that were made to answer.
    pub forced: usize,
    /// Rollouts in which no answer was found, loops included.
    pub failed: usize,
    /// Probability that within a question a right leaf has a higher v than a wrong one; mean over searches with both.
    pub auroc: Option<f64>,
    /// How many those are.
    pub auroc_searches: usize,
    /// Name, questions and accuracy of each kind of question.
    pub groups: Vec<(String, usize, f64)>,
    /// Accuracy when only the rollouts that fit into a part of the budget are read.
    pub curve: Vec<Point>,
}

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Mean tokens of a search.
    pub tokens: f64,
    /// Share of right answers.
    pub accuracy: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
}

/// Two ways on the questions that both were asked, with the same seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Duel {
    /// The one.
    pub first: String,
    /// The other.
    pub second: String,
    /// Questions to which the first gave more right answers (with one seed: the right one).
    pub wins: usize,
    /// Questions to which the second did.
    pub losses: usize,
    /// Difference in accuracy, first less second.
    pub difference: f64,
    /// [`sign_test`] on wins and losses; with one seed `McNemar`'s exact test.
    pub p: f64,
}

impl Way<'_> {
    fn read(&self, trial: &Trial, budget: u32) -> Reading {
        let rollouts = trial.within(budget).min(self.options.rollouts as usize);
        trial.read(rollouts, self.options)
    }

    /// Problem and seed, and whether the answer is right.
    fn results(&self) -> BTreeMap<(usize, u64), bool> {
        let read = |trial: &Trial| self.read(trial, self.options.max_tokens).correct;
        self.trials.iter().map(|trial| ((trial.problem, trial.seed), read(trial))).collect()
    }

    fn point(&self, budget: u32) -> Point {
        let readings: Vec<Reading> = self.trials.iter().map(|trial| self.read(trial, budget)).collect();
        let accuracy = mean(readings.iter().map(|reading| f64::from(u8::from(reading.correct))));
        Point {
            tokens: mean(readings.iter().map(|reading| f64::from(reading.tokens))),
            accuracy,
            interval: wilson_share(accuracy, problems(self.trials)),
        }
    }

    fn row(&self) -> Row {
        let budget = self.options.max_tokens;
        let read = |trial: &Trial| self.read(trial, budget);
        let readings: Vec<Reading> = self.trials.iter().map(read).collect();
        let Point { tokens, accuracy, interval } = self.point(budget);
        let trips =
            || self.trials.iter().zip(&readings).flat_map(|(t, reading)| &t.trips[..reading.rollouts]);
        let aurocs: Vec<f64> = self
            .trials
            .iter()
            .filter_map(|trial| {
                let (right, wrong) = trial.values();
                auroc(&right, &wrong)
            })
            .collect();
        let mut groups: BTreeMap<&str, (BTreeSet<usize>, Vec<f64>)> = BTreeMap::new();
        for (trial, reading) in self.trials.iter().zip(&readings) {
            let group = groups.entry(&trial.group).or_default();
            group.0.insert(trial.problem);
            group.1.push(f64::from(u8::from(reading.correct)));
        }
        let group = |(name, (problems, right)): (&str, (BTreeSet<usize>, Vec<f64>))| {
            (name.to_owned(), problems.len(), mean(right.into_iter()))
        };
        let oracle = |(trial, reading): (&Trial, &Reading)| trial.oracle(reading.rollouts);
        let oracles = self.trials.iter().zip(&readings).map(oracle);
        let mut curve: Vec<Point> = (1..=POINTS)
            .map(|part| self.point((u64::from(budget) * u64::from(part) / u64::from(POINTS)) as u32))
            .collect();
        curve.dedup_by(|a, b| a.tokens.total_cmp(&b.tokens).is_eq());
        Row {
            name: self.name.into(),
            problems: problems(self.trials),
            searches: self.trials.len(),
            accuracy,
            interval,
            oracle: mean(oracles.map(|right| f64::from(u8::from(right)))),
            rollouts: mean(readings.iter().map(|reading| reading.rollouts as f64)),
            tokens,
            wall_s: self.trials.iter().map(|trial| trial.wall_s).sum(),
            forced: trips().filter(|trip| trip.forced()).count(),
            failed: trips().filter(|trip| trip.answer.is_none() || trip.kind == NodeKind::Loop).count(),
            auroc: (!aurocs.is_empty()).then(|| mean(aurocs.iter().copied())),
            auroc_searches: aurocs.len(),
            groups: groups.into_iter().map(group).collect(),
            curve,
        }
    }
}

impl Contest {
    /// Sums up what the ways found.
    pub fn new(ways: &[Way<'_>]) -> Self {
        let pairs = ways.iter().enumerate().flat_map(|(at, a)| ways[at + 1..].iter().map(move |b| (a, b)));
        Self { rows: ways.iter().map(Way::row).collect(), duels: pairs.map(|(a, b)| duel(a, b)).collect() }
    }
}

fn duel(first: &Way<'_>, second: &Way<'_>) -> Duel {
    let (a, b) = (first.results(), second.results());
    // Right answers to a question, the first's less the second's.
    let mut leads: BTreeMap<usize, i32> = BTreeMap::new();
    let mut both = 0_usize;
    for ((problem, seed), right) in a {
        if let Some(&other) = b.get(&(problem, seed)) {
            *leads.entry(problem).or_default() += i32::from(right) - i32::from(other);
            both += 1;
        }
    }
    let wins = leads.values().filter(|lead| **lead > 0).count();
    let losses = leads.values().filter(|lead| **lead < 0).count();
    Duel {
        first: first.name.into(),
        second: second.name.into(),
        wins,
        losses,
        difference: f64::from(leads.values().sum::<i32>()) / both.max(1) as f64,
        p: sign_test(wins, losses),
    }
}

fn problems(trials: &[Trial]) -> usize {
    trials.iter().map(|trial| trial.problem).collect::<BTreeSet<_>>().len()
}

/// 0 of none.
fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0_usize), |(sum, count), number| (sum + number, count + 1));
    sum / count.max(1) as f64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::eval::trial::tests::{trial, trip};
    use crate::protocol::{Mode, Repeats, VoteRule};

    /// Three questions and two seeds, read in two ways.
    pub(in crate::eval) fn contest() -> Contest {
        let trips = |answers: [&str; 3]| {
            (1..).zip(answers).map(|(leaf, answer)| trip(leaf, answer, 0.9 - 0.1 * f64::from(leaf))).collect()
        };
        let trials = [
            trial(0, 0, trips(["1", "42", "42"])),
            trial(0, 1, trips(["42", "42", "1"])),
            trial(1, 0, trips(["42", "1", "1"])),
            trial(1, 1, trips(["42", "", ""])),
            trial(2, 0, trips(["1", "2", "42"])),
            trial(2, 1, trips(["1", "1", "42"])),
        ];
        let options = SearchOptions { max_tokens: 30, agreement: 1.0, ..SearchOptions::default() };
        let cot = SearchOptions { mode: Mode::ChainOfThought, ..options.clone() }.resolved();
        let sc = SearchOptions { vote: VoteRule::Majority, repeats: Repeats::Count, ..options };
        let way = |name, options| Way { name, options, trials: &trials };
        Contest::new(&[way("cot", &cot), way("sc", &sc)])
    }

    #[test]
    fn rows_and_duels_worked_by_hand() {
        let Contest { rows, duels } = contest();
        let [cot, sc] = &rows[..] else { panic!("{rows:?}") };
        // The first rollouts: wrong, right, right, right, wrong, wrong.
        assert_eq!((cot.problems, cot.searches, cot.accuracy), (3, 6, 0.5));
        assert_eq!((cot.tokens, cot.rollouts, cot.oracle), (10.0, 1.0, 0.5));
        assert_eq!((cot.curve.len(), cot.curve[0].tokens), (1, 10.0));
        // Majorities: right, right, wrong, right, wrong (the most confident of three), wrong.
        assert_eq!((sc.accuracy, sc.oracle), (0.5, 1.0));
        assert_eq!((sc.tokens, sc.wall_s, sc.failed, sc.forced), (30.0, 6.0, 2, 0));
        let tokens: Vec<f64> = sc.curve.iter().map(|point| point.tokens).collect();
        assert_eq!(tokens, [10.0, 20.0, 30.0]);
        assert_eq!(sc.groups, [("g".to_owned(), 3, 0.5)]);
        // Values fall with the rollout: right above wrong in 0 of 2, 2 of 2, 2 of 2, -, 0 of 2 and 0 of 2.
        assert_eq!((sc.auroc, sc.auroc_searches), (Some(0.4), 5));
        // cot loses question 0 with seed 0 and wins question 1 with seed 0.
        let [duel] = &duels[..] else { panic!("{duels:?}") };
        assert_eq!((duel.wins, duel.losses, duel.difference, duel.p), (1, 1, 0.0, 1.0));
        // Three questions count, not six searches.
        assert_eq!(sc.interval, wilson_share(0.5, 3));
    }

    #[test]
    fn ways_are_paired_by_question_and_seed() {
        let right = [trial(0, 0, vec![trip(1, "42", 0.5)]), trial(1, 0, vec![trip(1, "42", 0.5)])];
        let wrong = [trial(1, 0, vec![trip(1, "1", 0.5)]), trial(0, 7, vec![trip(1, "1", 0.5)])];
        let options = SearchOptions::default();
        let way = |name, trials| Way { name, options: &options, trials };
        let contest = Contest::new(&[way("a", &right), way("b", &wrong), way("none", &[])]);
        let duel = &contest.duels[0];
        assert_eq!((duel.wins, duel.losses, duel.difference), (1, 0, 1.0));
        assert_eq!((contest.rows[2].accuracy, contest.rows[2].interval), (0.0, (0.0, 1.0)));
    }
}
