//! Votes against examples worked by hand, and laws of counting.

use proptest::prelude::*;

use super::*;

const RULES: [VoteRule; 4] = [VoteRule::Weighted, VoteRule::Majority, VoteRule::Borda, VoteRule::BestPath];

fn ballot(leaf: NodeId, class: &str, value: f32) -> Ballot {
    let value = Score::from_f32(value);
    Ballot { leaf, class: class.into(), value, forced: false, reflects: false, votes: 1 }
}

fn rule(vote: VoteRule) -> SearchOptions {
    SearchOptions { vote, ..SearchOptions::default() }
}

/// Winner's class and the shares of weight, winner first.
fn won(ballots: &[Ballot], vote: VoteRule) -> (String, Vec<f64>) {
    let outcome = count(ballots, &rule(vote));
    let shares = outcome.votes.classes.iter().map(|class| class.weight).collect();
    (outcome.votes.classes[0].answer.clone(), shares)
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() < 1e-6, "{found:?}, expected {expected:?}");
    }
}

#[test]
fn rules_worked_by_hand() {
    // Two of 0.8 for "a", one of 0.9 and one of 0.7 for "b".
    let ballots = [ballot(1, "a", 0.8), ballot(2, "a", 0.8), ballot(3, "b", 0.9), ballot(4, "b", 0.7)];
    // e^-2 + e^-2 = 0.2706706 against e^0 + e^-4 = 1.0183156, of 1.2889862.
    let (class, shares) = won(&ballots, VoteRule::Weighted);
    assert_eq!(class, "b");
    close(&shares, &[1.018_315_6 / 1.288_986_2, 0.270_670_6 / 1.288_986_2]);
    // Two each; the class with the better leaf goes first.
    let (class, shares) = won(&ballots, VoteRule::Majority);
    assert_eq!(class, "b");
    close(&shares, &[0.5, 0.5]);
    // 4 for 0.9, 2.5 for each 0.8, 1 for 0.7: 5 against 5.
    close(&won(&ballots, VoteRule::Borda).1, &[0.5, 0.5]);
    let third = [&ballots[..], &[ballot(5, "a", 0.6)]].concat();
    // 5 + 2 against 3.5 + 3.5 + 1.
    let (class, shares) = won(&third, VoteRule::Borda);
    assert_eq!(class, "a");
    close(&shares, &[8.0 / 15.0, 7.0 / 15.0]);
    let outcome = count(&third, &rule(VoteRule::BestPath));
    assert_eq!((outcome.winner, outcome.chosen), (Some(3), Chosen::BestPath));
}

#[test]
fn a_forced_answer_weighs_half() {
    let forced = |leaf, class, value| Ballot { forced: true, ..ballot(leaf, class, value) };
    let ballots = [forced(1, "a", 0.8), forced(2, "a", 0.8), ballot(3, "b", 0.8), ballot(4, "b", 0.8)];
    for vote in [VoteRule::Weighted, VoteRule::Majority, VoteRule::Borda] {
        let (class, shares) = won(&ballots, vote);
        assert_eq!(class, "b");
        close(&shares, &[2.0 / 3.0, 1.0 / 3.0]);
    }
    let ballots = [forced(1, "a", 0.9), ballot(2, "b", 0.5)];
    assert_eq!(count(&ballots, &rule(VoteRule::BestPath)).winner, Some(2));
}

#[test]
fn no_answer_twice_is_the_best_path_and_said_so() {
    let ballots = [ballot(1, "a", 0.8), ballot(2, "b", 0.9), ballot(3, "c", 0.7)];
    for vote in [VoteRule::Weighted, VoteRule::Majority, VoteRule::Borda] {
        let outcome = count(&ballots, &rule(vote));
        assert_eq!((outcome.winner, outcome.chosen), (Some(2), Chosen::NoAgreement), "{vote:?}");
        assert_eq!(outcome.votes.classes[0].answer, "b");
    }
    let none = count(&[], &rule(VoteRule::Weighted));
    assert_eq!((none.winner, none.chosen, none.votes), (None, Chosen::Nothing, Votes::default()));
}

#[test]
fn repeated_leaves_count_as_often_as_they_came() {
    let many = Ballot { votes: 3, ..ballot(1, "a", 0.5) };
    let outcome = count(&[many, ballot(2, "b", 0.9), ballot(3, "b", 0.9)], &rule(VoteRule::Majority));
    assert_eq!((outcome.winner, outcome.votes.votes), (Some(1), 5));
    close(&[outcome.votes.classes[0].weight], &[0.6]);
}

#[test]
fn agreement_worked_by_hand() {
    // One vote to none: (1 + 2) / 4. Two to one: (1 + 4 + 6) / 16.
    close(&[agreement(1, 0), agreement(2, 1), agreement(3, 3)], &[0.75, 0.6875, 0.5]);
    // The smallest lead that is sure enough, for 0 to 5 votes of the second.
    let smallest = |b| (b..99).find(|&a| agreement(a, b) >= 0.95).unwrap();
    assert_eq!([0, 1, 2, 3, 4, 5].map(smallest), [4, 6, 8, 9, 11, 12]);
    // Thousands of votes stay in range.
    assert!((agreement(3000, 3000) - 0.5).abs() < 1e-6 && agreement(3000, 10) > 0.999_999);
}

#[test]
fn fewer_than_four_leaves_never_stop_a_search() {
    let three: Vec<Ballot> = (0..3).map(|leaf| ballot(leaf, "a", 0.9)).collect();
    let options = SearchOptions { agreement: 0.5, ..SearchOptions::default() };
    assert!(!agreed(&count(&three, &options).votes, &options));
    let four: Vec<Ballot> = (0..4).map(|leaf| ballot(leaf, "a", 0.9)).collect();
    assert!(agreed(&count(&four, &options).votes, &options));
    let never = SearchOptions { agreement: 1.0, ..options };
    assert!(!agreed(&count(&four, &never).votes, &never));
}

fn some_ballots() -> impl Strategy<Value = Vec<Ballot>> {
    let one = (0..5u8, 0..=20u8, any::<bool>(), 1..3u32);
    prop::collection::vec(one, 1..12).prop_map(|list| {
        let ballot = |(at, (class, value, forced, votes)): (usize, (u8, u8, bool, u32))| Ballot {
            leaf: at as NodeId + 1,
            class: char::from(b'a' + class).to_string(),
            value: Score::from_f32(f32::from(value) / 20.0),
            forced,
            reflects: false,
            votes,
        };
        list.into_iter().enumerate().map(ballot).collect()
    })
}

proptest! {
    #[test]
    fn order_does_not_matter_and_nothing_is_lost(ballots in some_ballots(), seed in any::<u64>()) {
        let mut shuffled = ballots.clone();
        // Fisher and Yates, with a linear congruential generator.
        let mut state = seed;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        for vote in RULES {
            let outcome = count(&ballots, &rule(vote));
            prop_assert_eq!(&count(&shuffled, &rule(vote)), &outcome);
            prop_assert_eq!(outcome.votes.votes, ballots.iter().map(|ballot| ballot.votes).sum::<u32>());
            prop_assert_eq!(outcome.votes.classes.iter().map(|class| class.leaves.len()).sum::<usize>(), ballots.len());
            prop_assert!((outcome.votes.classes.iter().map(|class| class.weight).sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!((0.5 - 1e-9..=1.0).contains(&outcome.votes.agreement));
            // The winner is a leaf of the first class.
            prop_assert!(outcome.votes.classes[0].leaves.contains(&outcome.winner.unwrap()));
        }
    }
}
