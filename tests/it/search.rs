//! The search from outside, in a world without a model (`polo::search::toy`): the four modes at equal tokens. It
//! checks that the machinery can use what confidence says; it says nothing about models.
//!
//! `cargo test --release --test it -- --ignored --nocapture modes_at_equal_tokens` prints the table.

use polo::eval::wilson;
use polo::protocol::{Mode, NodeKind, Reflection, SamplingOptions, SearchOptions, ThoughtFormat, VoteRule};
use polo::search::toy::{Proposer, RIGHT_ANSWER, Toy, run};
use polo::search::{Ask, Search, Work};

/// As many tokens as eight replies take.
fn options(mode: Mode, toy: &Toy) -> SearchOptions {
    let reply = toy.steps * (toy.words + 1) + 6;
    SearchOptions {
        mode,
        rollouts: 64,
        lanes: 4,
        path_tokens: 3 * reply,
        max_tokens: 8 * reply,
        answer_reserve: 16,
        // All of it is spent, or modes that stop early would be compared with modes that do not.
        agreement: 1.0,
        ..SearchOptions::default()
    }
}

fn search(options: &SearchOptions, toy: &mut Toy, seed: u64) -> Search {
    let sampling = SamplingOptions { seed, ..SamplingOptions::default() };
    let mut search =
        Search::new(options, &sampling, ThoughtFormat::Marco, 4096).expect("the options are valid");
    run(&mut search, toy, |lanes| (seed as usize) % lanes).expect("the toy has no faults");
    search
}

#[derive(Default)]
struct Tally {
    right: usize,
    oracle: usize,
    tokens: u32,
    rollouts: u32,
    /// Pairs of a right and a wrong leaf of one problem, and in how many the right one has the higher value.
    pairs: f64,
    ordered: f64,
}

impl Tally {
    fn add(&mut self, search: &Search) {
        let report = search.report();
        self.right += usize::from(report.answer.as_deref() == Some(RIGHT_ANSWER));
        self.tokens += report.progress.tokens;
        self.rollouts += report.progress.rollouts;
        let tree = search.tree();
        let leaves = (0..).zip(tree.nodes()).filter(|(_, node)| node.kind == NodeKind::Final);
        let (right, wrong): (Vec<_>, Vec<_>) = leaves
            .filter_map(|(id, node)| Some((node.answer.as_ref()?.class == RIGHT_ANSWER, tree.path_value(id))))
            .partition(|leaf| leaf.0);
        self.oracle += usize::from(!right.is_empty());
        for (_, good) in &right {
            for (_, bad) in &wrong {
                self.pairs += 1.0;
                self.ordered += match good.cmp(bad) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
    }
}

fn tally(options: impl Fn(&Toy) -> SearchOptions, gap: f32, problems: u64) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..problems {
        // From easy to hard: a reply is right with 0.74 to 0.12.
        let mut toy = Toy { steps: 6, right: 0.95 - 0.05 * (seed % 6) as f32, gap, seed, ..Toy::default() };
        tally.add(&search(&options(&toy), &mut toy, seed));
    }
    tally
}

#[test]
fn every_mode_keeps_within_the_same_budget_and_finds_answers() {
    for mode in [Mode::ChainOfThought, Mode::SelfConsistency, Mode::BestOfN, Mode::Mcts] {
        let tally = tally(|toy| options(mode, toy), 0.08, 12);
        assert!(tally.tokens <= 12 * 8 * (6 * 13 + 6), "{mode:?}: {} tokens", tally.tokens);
        assert!(tally.right > 0 && tally.oracle >= tally.right, "{mode:?}: {} right", tally.right);
    }
}

#[test]
#[ignore = "a measurement in a toy world: prints a table, asserts nothing"]
fn modes_at_equal_tokens() {
    let problems = 1200;
    println!(
        "{:>5} {:<28} {:>8} {:>17} {:>8} {:>8} {:>8} {:>6}",
        "gap", "mode", "right", "95 % interval", "oracle", "tokens", "rollouts", "AUROC"
    );
    let vote = |mode, vote| move |toy: &Toy| SearchOptions { vote, ..options(mode, toy) };
    for gap in [0.0, 0.02, 0.04, 0.08] {
        let mcts = |toy: &Toy| options(Mode::Mcts, toy);
        let rows: Vec<(&str, Tally)> = vec![
            ("chain of thought", tally(|toy| options(Mode::ChainOfThought, toy), gap, problems)),
            ("self-consistency", tally(|toy| options(Mode::SelfConsistency, toy), gap, problems)),
            ("best of n", tally(|toy| options(Mode::BestOfN, toy), gap, problems)),
            ("mcts, weighted vote", tally(mcts, gap, problems)),
            ("mcts, majority", tally(vote(Mode::Mcts, VoteRule::Majority), gap, problems)),
            ("mcts, best path", tally(vote(Mode::Mcts, VoteRule::BestPath), gap, problems)),
            ("mcts, one lane", tally(|toy| SearchOptions { lanes: 1, ..mcts(toy) }, gap, problems)),
            (
                "mcts, no reflection",
                tally(|toy| SearchOptions { reflection: Reflection::Off, ..mcts(toy) }, gap, problems),
            ),
        ];
        for (name, tally) in rows {
            let (low, high) = wilson(tally.right, problems as usize);
            println!(
                "{gap:>5} {name:<28} {:>6.1} % {:>15} % {:>6.1} % {:>8.0} {:>8.1} {:>6.2}",
                100.0 * tally.right as f64 / problems as f64,
                format!("{:.1} to {:.1}", 100.0 * low, 100.0 * high),
                100.0 * tally.oracle as f64 / problems as f64,
                f64::from(tally.tokens) / problems as f64,
                f64::from(tally.rollouts) / problems as f64,
                tally.ordered / tally.pairs,
            );
        }
    }
}

/// Share of lane-steps that are idle while rollouts of unequal length decode side by side, one token a step.
fn idle_share(lanes: u32, rollouts: u32) -> f64 {
    let (mut idle, mut total) = (0_u64, 0_u64);
    for seed in 0..40 {
        let toy = Toy { steps: 4 + (seed % 5) as u32, seed, ..Toy::default() };
        // Some rollouts are longer than others.
        let decode = |work: &Work| {
            let mut toy = Toy { words: 4 + work.choice * 7 % 13, ..toy };
            toy.propose(work).expect("the toy has no faults")
        };
        let options = SearchOptions {
            lanes,
            rollouts,
            max_tokens: 1 << 20,
            agreement: 1.0,
            ..SearchOptions::default()
        };
        let sampling = SamplingOptions { seed, ..SamplingOptions::default() };
        let mut search = Search::new(&options, &sampling, ThoughtFormat::Marco, 4096).unwrap();
        // Each lane: steps it still needs, and what it will tell.
        let mut busy: Vec<(usize, Work)> = Vec::new();
        'search: loop {
            loop {
                match search.ask() {
                    Ask::Work(work) => busy.push((decode(&work).tokens.len(), *work)),
                    Ask::Wait => break,
                    Ask::Done => break 'search,
                }
            }
            let steps = busy.iter().map(|lane| lane.0).min().expect("something is under way");
            total += steps as u64 * u64::from(lanes);
            idle += steps as u64 * (u64::from(lanes) - busy.len() as u64);
            for lane in &mut busy {
                lane.0 -= steps;
            }
            while let Some(at) = busy.iter().position(|lane| lane.0 == 0) {
                let (_, work) = busy.remove(at);
                search.tell(decode(&work)).expect("it is what was asked for");
            }
        }
    }
    idle as f64 / total as f64
}

#[test]
#[ignore = "a measurement in a toy world: prints a table, asserts nothing"]
fn lanes_that_wait() {
    for (lanes, rollouts) in [(2, 8), (4, 8), (8, 8), (2, 32), (4, 32), (8, 32)] {
        println!("{lanes} lanes, {rollouts} rollouts: {:.1} % idle", 100.0 * idle_share(lanes, rollouts));
    }
}
