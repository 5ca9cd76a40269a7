//! What a person does to a search, and what a file from outside may not be.

use proptest::prelude::*;

use super::chaos::{Rng, cases, drive};
use super::legs::{Script, narrow, search};
use super::properties::at_rest;
use crate::protocol::{NodeKind, SearchOptions, StopCause};
use crate::search::toy::run;
use crate::search::{ROOT, Search};

const REPLY: &str = "<Thought>\none two three four five six seven eight\n\n</Thought><Output>4</Output>$";
const OTHER: &str = "nine ten eleven twelve one two three four\n\n</Thought><Output>5</Output>$";

fn two() -> (Search, Script) {
    let mut script = Script::new(&[REPLY, REPLY.replace("one", "two").replace('4', "5").as_str(), OTHER]);
    let options = SearchOptions { rollouts: 2, lanes: 2, ..narrow() };
    (search(&options, &mut script), script)
}

#[test]
fn a_pruned_branch_has_no_vote_until_it_is_taken_in_again() {
    let (mut search, _) = two();
    assert_eq!(search.votes().votes, 2);
    search.prune(1, true).unwrap();
    assert_eq!((search.votes().votes, search.report().answer.as_deref()), (1, Some("5")));
    search.prune(1, false).unwrap();
    assert_eq!(search.votes().votes, 2);
    assert!(search.prune(ROOT, true).is_err());
    assert!(search.prune(99, true).unwrap_err().to_string().contains("node 99"));
    assert!(search.pin(99, true).is_err());
}

#[test]
fn a_search_that_is_done_goes_on_from_a_node() {
    let (mut search, mut script) = two();
    let spent = search.progress();
    assert_eq!(search.stopped(), Some(StopCause::Rollouts));
    assert!(search.continue_from(2).unwrap_err().to_string().contains("ends its branch"));
    search.continue_from(1).unwrap();
    run(&mut search, &mut script, |_| 0).unwrap();
    let progress = search.progress();
    assert_eq!((progress.rollouts, spent.rollouts), (3, 2));
    // It brought its own tokens.
    assert!(progress.max_tokens > spent.max_tokens);
    let new = search.tree().nodes().iter().find(|node| node.rollout == 2).unwrap();
    assert_eq!(new.parent, 1);
    assert_eq!(search.votes().votes, 3);
}

#[test]
fn another_token_begins_another_branch() {
    let (mut search, mut script) = two();
    assert!(search.branch(1, 99, 1, Vec::new()).unwrap_err().to_string().contains("asked was number 99"));
    // In the place of "two ".
    let old = search.tree().node(1).tokens.clone();
    search.branch(1, 3, 555, b"twenty ".to_vec()).unwrap();
    let crate::search::Ask::Work(work) = search.ask() else { panic!("there is work") };
    assert_eq!(work.prefix, [old[0].id, old[1].id, old[2].id, 555]);
    assert_eq!((work.node, work.kept), (ROOT, 4));
    let json = search.to_json();
    let mut search = Search::from_json(&json).unwrap();
    script.replies = vec![OTHER.into()];
    let told = {
        let crate::search::Ask::Work(mut work) = search.ask() else { panic!("there is work") };
        work.prefix.clear();
        crate::search::toy::Proposer::propose(&mut script, &work).unwrap()
    };
    search.tell(told).unwrap();
    run(&mut search, &mut script, |_| 0).unwrap();
    let new = search.tree().nodes().iter().find(|node| node.rollout == 2).unwrap();
    assert_eq!(new.tokens[..3], old[..3]);
    assert!(new.tokens[3].forced && new.parent == ROOT);
    assert!(
        search.tree().text(search.tree().nodes().len() as u32 - 1).starts_with("<Thought>\none twenty nine")
    );
}

#[test]
fn another_token_late_in_a_branch_leaves_room_for_an_answer() {
    let endless: String = (0..900).fold(String::new(), |words, i| format!("{words}w{i} "));
    let mut script = Script::new(&[&endless]);
    let options = SearchOptions { path_tokens: 256, answer_reserve: 16, ..narrow() };
    let mut search = search(&options, &mut script);
    assert!(search.branch(1, 230, 1, Vec::new()).unwrap_err().to_string().contains("as long as it may be"));
    search.branch(1, 100, 1, b"other ".to_vec()).unwrap();
    script.replies.push(endless.replace('w', "v"));
    let crate::search::Ask::Work(work) = search.ask() else { panic!("there is work") };
    assert_eq!((work.kept, work.limit), (101, 256 - 101 - 16));
}

#[test]
fn a_file_that_does_not_hold_together_is_refused() {
    let (search, _) = two();
    let json = search.to_json();
    assert_eq!(Search::from_json(&json).unwrap().tree(), search.tree());
    for (from, to) in [
        ("\"visits\":2", "\"visits\":3"),
        ("\"children\":[1,3]", "\"children\":[1,77]"),
        ("\"parent\":1", "\"parent\":2"),
        ("\"lanes\":2", "\"lanes\":99"),
        ("\"in_flight\":0", "\"in_flight\":1"),
        ("{", ""),
    ] {
        assert!(json.contains(from), "{from} is not in {json}");
        let error = Search::from_json(&json.replacen(from, to, 1)).expect_err(to);
        assert_eq!(error.kind(), "bad_request", "{to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_hold_whatever_a_person_does(case in cases(), order in any::<u64>(), hand in any::<u64>()) {
        let mut search = case.search();
        let mut rng = Rng(hand);
        let mut changes = Vec::new();
        let mut wishes = 0;
        let mut meddle = |search: &mut Search, wishes: &mut u32| {
            let nodes = search.tree().nodes().len();
            let node = rng.below(nodes) as u32;
            // Refusals are fine.
            let _ = match rng.below(6) {
                0 => search.prune(node, true),
                1 => search.prune(node, false),
                2 => search.pin(node, rng.below(2) == 0),
                3 if *wishes < 6 => { *wishes += 1; search.continue_from(node) }
                4 if *wishes < 6 => { *wishes += 1; search.branch(node, rng.below(6) as u32, 1, b"one ".to_vec()) }
                _ => Ok(()),
            };
        };
        for _ in 0..2 {
            drive(&mut search, &mut case.chaos.clone(), &mut Rng(order), |search, _| {
                changes.extend(search.take_changes());
                meddle(search, &mut wishes);
                assert!(search.progress().tokens <= search.progress().max_tokens);
                true
            });
            // Perhaps it wakes again.
            meddle(&mut search, &mut wishes);
        }
        changes.extend(search.take_changes());
        search.cancel();
        changes.extend(search.take_changes());
        at_rest(&search, &changes);
        prop_assert!(search.tree().nodes().iter().all(|node| node.length <= search.path_limit));
        prop_assert!(search.tree().nodes().iter().all(|node| node.kind != NodeKind::Final || node.children.is_empty()));
    }
}
