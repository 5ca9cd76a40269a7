//! What holds of every search, tried on thousands of them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::chaos::{Case, Rng, cases, drive};
use crate::protocol::{Action, Mode, NodeId, NodeKind, Repeats, SearchOptions, StopCause, VoteRule};
use crate::search::select::bound;
use crate::search::toy::Proposer;
use crate::search::{
    Ask, Change, End, REFLECTION, ROOT, Score, Search, Told, Tree, Work, agreed, ballots, forced_texts,
    window,
};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// What must hold of a search at rest, whatever was done to it. `changes` are all that it told.
pub(super) fn at_rest(search: &Search, changes: &[Change]) {
    let tree = search.tree();
    assert_eq!(tree.faults(), Vec::<String>::new());
    assert!(tree.nodes().iter().all(|node| node.in_flight == 0), "something is still in flight");
    let mut values: BTreeMap<NodeId, Vec<f64>> = BTreeMap::new();
    let mut rollouts = 0;
    for change in changes {
        let Change::Visited { leaf, value, .. } = *change else { continue };
        rollouts += 1;
        tree.path(leaf).into_iter().for_each(|id| values.entry(id).or_default().push(value));
    }
    assert_eq!(tree.node(ROOT).visits, rollouts, "N(root) is not the number of rollouts");
    for (id, node) in (0..).zip(tree.nodes()) {
        let values = values.remove(&id).unwrap_or_default();
        assert_eq!(values.len(), node.visits as usize, "N of node {id}");
        // Multiples of 2^-32: their sum is exact.
        assert!((values.iter().sum::<f64>() - node.total_value.to_f64()).abs() < 1e-11, "W of node {id}");
        let (low, high) = values.iter().fold((1.0, 0.0), |(low, high), v| (v.min(low), v.max(high)));
        assert!(
            node.value().is_none_or(|mean| low - 1e-12 <= mean && mean <= high + 1e-12),
            "W/N of node {id}"
        );
    }
    let told: BTreeSet<_> =
        changes.iter().filter_map(|c| if let Change::Expanded(id) = c { Some(*id) } else { None }).collect();
    assert_eq!(told.len() + 1, tree.nodes().len(), "a node was not told of");
}

/// What must hold of the shape of every tree.
fn well_shaped(tree: &Tree, options: &SearchOptions, path_limit: u32) {
    for (id, node) in (0..).zip(tree.nodes()) {
        let path = tree.path(id);
        let reflections = path.iter().filter(|&&id| tree.node(id).kind == NodeKind::Reflection).count();
        assert!(reflections <= 1, "node {id} reflects twice");
        assert!(tree.text(id).matches(REFLECTION).count() <= 1);
        assert_eq!(node.reflects, reflections == 1);
        assert_eq!((node.depth as usize, node.length as usize), (path.len() - 1, tree.tokens(id).count()));
        assert!(node.depth <= options.depth + u32::from(!node.is_inner()), "node {id} is too deep");
        assert!(node.length <= path_limit, "node {id} is too long");
        assert!(node.is_inner() || node.children.is_empty());
        assert!(node.kind != NodeKind::Loop || (node.answer.is_none() && node.total_value == Score::ZERO));
        match options.action {
            Action::MiniStep(size) if node.is_inner() => assert!(node.tokens.len() <= size as usize),
            Action::Step if node.is_inner() => assert!(node.tokens.len() <= 256),
            Action::Whole => assert!(node.depth <= 1 || node.kind == NodeKind::Reflection),
            _ => {}
        }
        let twins: BTreeSet<_> = node
            .children
            .iter()
            .map(|&child| {
                let child = tree.node(child);
                (child.kind as u8, child.tokens.iter().map(|token| token.id).collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(twins.len(), node.children.len(), "node {id} has the same child twice");
    }
}

/// A search run to its end, with everything that it told.
fn run(case: &Case, order: u64) -> (Search, Vec<Change>, Vec<Told>) {
    let mut search = case.search();
    let mut changes = Vec::new();
    let told = drive(&mut search, &mut case.chaos.clone(), &mut Rng(order), |search, _| {
        changes.extend(search.take_changes());
        true
    });
    changes.extend(search.take_changes());
    (search, changes, told)
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn counts_hold_at_rest_and_limits_always(case in cases(), order in any::<u64>()) {
        let mut search = case.search();
        let path_limit = search.path_limit;
        let options = search.options().clone();
        let mut changes = Vec::new();
        let mut launched: BTreeMap<NodeId, u32> = BTreeMap::new();
        let mut last_legs = BTreeMap::new();
        let forced = forced_texts(case.thoughts);
        let said = |search: &Search, node| -> Vec<u8> {
            search.tree().tokens(node).flat_map(|token| token.bytes.0.iter().copied()).collect()
        };
        let told = drive(&mut search, &mut case.chaos.clone(), &mut Rng(order), |search, work| {
            changes.extend(search.take_changes());
            let progress = search.progress();
            assert!(progress.tokens <= options.max_tokens, "{progress:?}");
            assert!(search.tree().faults().is_empty(), "{:?}", search.tree().faults());
            assert_eq!(search.tree().node(ROOT).in_flight, progress.in_flight);
            if let Some(work) = work {
                last_legs.insert((work.rollout, work.leg), work.prefix.clone());
                assert!(work.forced.is_empty() || forced.contains(&work.forced), "{:?}", work.forced);
                assert!(work.kept_bytes <= work.text.len() && work.text.starts_with(said(search, work.node).as_slice()));
                assert_eq!(work.text.len() - work.kept_bytes, said(search, work.node).len());
                // A rollout begins: it sees all but those of its window, and its node is not launched from too often.
                if work.leg == 0 {
                    assert!(progress.in_flight <= window(work.rollout + 1, options.lanes), "{progress:?}");
                    if !work.forced.contains(REFLECTION) {
                        let count = launched.entry(work.node).or_default();
                        *count += 1;
                        // Where repeats count, whole replies go on when nothing else can grow.
                        let endless = work.node == ROOT && options.repeats == Repeats::Count;
                        assert!(endless || *count <= bound(work.node, &options), "node {}", work.node);
                    }
                }
            }
            true
        });
        changes.extend(search.take_changes());
        at_rest(&search, &changes);
        well_shaped(search.tree(), &options, path_limit);
        prop_assert!(search.stopped().is_some());
        // No work is thrown away: the path of a rollout is the tokens of its last leg after what stood before them.
        for change in &changes {
            let Change::Visited { rollout, leaf, .. } = *change else { continue };
            let last = told.iter().filter(|told| told.rollout == rollout).max_by_key(|told| told.leg).unwrap();
            let mut whole = last_legs[&(rollout, last.leg)].clone();
            whole.extend(last.tokens.iter().map(|token| token.id));
            let path: Vec<u32> = search.tree().tokens(leaf).map(|token| token.id).collect();
            // An end token goes where an answer had to be forced, and no room was left for it.
            prop_assert!(whole == path || (whole[..whole.len() - 1] == path && whole.last() == Some(&0)));
        }
    }

    #[test]
    fn the_order_of_completion_does_not_matter(case in cases(), orders in any::<(u64, u64)>()) {
        let (first, _, _) = run(&case, orders.0);
        let (second, _, _) = run(&case, orders.1);
        prop_assert_eq!(first.tree(), second.tree());
        prop_assert_eq!(first.outcome(), second.outcome());
        prop_assert_eq!(first.stopped(), second.stopped());
        prop_assert!(first.launched >= 1);
    }

    #[test]
    fn a_pause_does_not_matter(case in cases(), orders in any::<(u64, u64)>(), at in 0..40usize) {
        let (whole, ..) = run(&case, orders.0);
        let mut search = case.search();
        let mut steps = 0;
        drive(&mut search, &mut case.chaos.clone(), &mut Rng(orders.1), |_, _| {
            steps += 1;
            steps <= at
        });
        // What is under way now is lost with the program.
        let json = search.to_json();
        let mut search = Search::from_json(&json).unwrap();
        prop_assert_eq!(&search.to_json(), &Search::from_json(&search.to_json()).unwrap().to_json());
        drive(&mut search, &mut case.chaos.clone(), &mut Rng(orders.1 ^ 1), |_, _| true);
        prop_assert_eq!(whole.tree(), search.tree());
        prop_assert_eq!(whole.outcome(), search.outcome());
    }

    #[test]
    fn cancelling_changes_neither_n_nor_w(case in cases(), order in any::<u64>(), at in 0..40usize) {
        let mut search = case.search();
        let mut changes = Vec::new();
        let mut steps = 0;
        drive(&mut search, &mut case.chaos.clone(), &mut Rng(order), |search, _| {
            changes.extend(search.take_changes());
            steps += 1;
            steps <= at
        });
        let before = search.clone();
        search.cancel();
        changes.extend(search.take_changes());
        at_rest(&search, &changes);
        let ended = before.rollouts.iter().filter(|r| matches!(r.state, crate::search::rollout::State::Ended(_))).count();
        prop_assert_eq!(search.tree().node(ROOT).visits, before.tree().node(ROOT).visits + ended as u32);
        if ended == 0 {
            let counts = |search: &Search| -> Vec<_> {
                search.tree().nodes().iter().map(|node| (node.visits, node.total_value, node.end_count)).collect()
            };
            prop_assert_eq!(counts(&search), counts(&before));
        }
        prop_assert!(matches!(search.ask(), crate::search::Ask::Done));
        // There is an answer as soon as one reply is in.
        prop_assert_eq!(search.report().answer.is_some(), !ballots(search.tree(), Repeats::Retry).is_empty());
    }

    #[test]
    fn every_answered_leaf_has_its_vote(case in cases(), order in any::<u64>()) {
        let (search, ..) = run(&case, order);
        let options = search.options();
        let answered: Vec<_> = search.tree().nodes().iter().filter(|node| node.answer.is_some()).collect();
        let votes = search.votes();
        let expected: u32 = match options.repeats {
            Repeats::Retry => answered.len() as u32,
            Repeats::Count => answered.iter().map(|node| node.end_count).sum(),
        };
        prop_assert_eq!(votes.votes, expected);
        prop_assert_eq!(votes.classes.iter().map(|class| class.leaves.len()).sum::<usize>(), answered.len());
        // The search stops for agreement where there is some, and not before.
        prop_assert_eq!(search.stopped() == Some(StopCause::Agreement), agreed(&votes, options));
        let report = search.report();
        prop_assert_eq!(report.answer.as_ref(), votes.classes.first().map(|class| &class.answer));
        if let (Some(answer), Some(leaf)) = (&report.answer, report.path.last()) {
            prop_assert_eq!(&search.tree().node(*leaf).answer.as_ref().unwrap().class, answer);
        }
    }

    #[test]
    fn whole_replies_and_majority_are_self_consistency(case in cases(), order in any::<u64>()) {
        // Sampled one by one without a search: an empty tree and one rollout each.
        let mode = SearchOptions { mode: Mode::SelfConsistency, agreement: 1.0, max_tokens: 60_000, ..case.options.clone() };
        let case = Case { options: mode, ..case };
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        for number in 0..case.options.rollouts {
            let (class, forced) = super::reference::one_reply(&case, number);
            *counts.entry(class.unwrap_or_default()).or_default() += if forced { 0.5 } else { 1.0 };
        }
        counts.remove("");
        let (search, ..) = run(&case, order);
        prop_assert_eq!(search.options().vote, VoteRule::Majority);
        let votes = search.votes();
        let total: f64 = counts.values().sum();
        prop_assert_eq!(votes.classes.len(), counts.len());
        for class in &votes.classes {
            prop_assert!((class.weight - counts[&class.answer] / total).abs() < 1e-9);
        }
        if votes.classes.iter().any(|class| class.votes > 1) {
            let most = counts.values().fold(0.0, |a: f64, b| a.max(*b));
            prop_assert!(counts[&search.report().answer.unwrap()] >= most);
        }
    }

    #[test]
    fn one_lane_is_a_sequential_search(case in cases(), order in any::<u64>()) {
        let options = SearchOptions { lanes: 1, agreement: 1.0, ..case.options.clone() };
        let case = Case { options, ..case };
        let (search, ..) = run(&case, order);
        let expected = super::reference::sequential(&case);
        let nodes = search.tree().nodes().iter();
        let found: Vec<_> = nodes.map(|node| {
            let ids: Vec<u32> = node.tokens.iter().map(|token| token.id).collect();
            (node.parent, node.kind, ids, node.visits, node.total_value.to_f64())
        }).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn time_that_is_over_still_gives_answers(case in cases(), order in any::<u64>(), at in 0..30usize) {
        let options = SearchOptions { time_limit_s: 10.0, ..case.options.clone() };
        let case = Case { options, ..case };
        let (mut search, mut chaos, mut rng) = (case.search(), case.chaos, Rng(order));
        let mut lanes: Vec<Work> = Vec::new();
        let mut changes = Vec::new();
        for _ in 0..at {
            match search.ask() {
                Ask::Work(work) => lanes.push(*work),
                Ask::Wait => {
                    let work = lanes.swap_remove(rng.below(lanes.len()));
                    search.tell(chaos.propose(&work).unwrap()).unwrap();
                }
                Ask::Done => break,
            }
            changes.extend(search.take_changes());
            prop_assert!(!search.clock(9.9));
        }
        let running = search.stopped().is_none();
        let over = search.clock(10.0);
        prop_assert_eq!((over, search.stopped() == Some(StopCause::Time)), (running, running));
        for work in lanes {
            let mut told = chaos.propose(&work).unwrap();
            if over && told.tokens.len() > 3 {
                told.tokens.truncate(3);
                told.end = End::Interrupted;
            }
            search.tell(told).unwrap();
        }
        let launched = search.launched;
        drive(&mut search, &mut chaos, &mut rng, |search, _| {
            changes.extend(search.take_changes());
            // Nothing new begins; what is asked for are answers.
            assert!(!over || search.launched == launched);
            true
        });
        changes.extend(search.take_changes());
        at_rest(&search, &changes);
    }
}
