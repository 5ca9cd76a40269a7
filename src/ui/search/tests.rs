//! Searches against scripted events: what is sent, what is known, what is measured.

use super::tree::tests::piece;
use super::*;
use crate::protocol::{
    Channel, Chosen, NodeDetail, SearchProgress, SearchReport, Standing, StopCause, Votes,
};

const ID: RequestId = 7;

fn begun() -> Searches {
    let mut searches = Searches::default();
    searches.begin(ID, &SearchOptions::default(), 0.0);
    searches
}

fn launched(rollout: u32, node: NodeId) -> Event {
    Event::Launched { id: ID, rollout, node, text: String::new() }
}

fn token(rollout: u32, text: &str) -> Event {
    let channel = Channel::Thought;
    Event::Token {
        id: ID,
        choice: rollout,
        node: 0,
        channel,
        text: text.into(),
        token: 1,
        logprob: -0.1,
        top: vec![],
        bytes: None,
    }
}

fn visited(rollout: u32, path: &[NodeId]) -> Event {
    Event::Visited { id: ID, rollout, path: path.into(), value: 0.8 }
}

fn searched(rollouts: u32, tokens: u32) -> Event {
    let progress = SearchProgress { rollouts, in_flight: 1, tokens, max_tokens: 8192 };
    Event::Searched { id: ID, progress }
}

fn done() -> Event {
    let report = SearchReport {
        answer: Some("48".into()),
        reply: "48".into(),
        path: vec![0, 1],
        chosen: Chosen::Vote,
        votes: Votes::default(),
        without_reflection: None,
        stop: StopCause::Rollouts,
        progress: SearchProgress { rollouts: 1, in_flight: 0, tokens: 20, max_tokens: 8192 },
    };
    Event::SearchDone { id: ID, report }
}

fn detail(node: NodeId) -> Event {
    let detail = NodeDetail {
        node: piece(node, 0),
        pieces: vec![],
        visits: 1,
        in_flight: 0,
        value: None,
        score: None,
        standing: Standing::Open,
    };
    Event::Node { id: ID, detail }
}

fn posted(searches: &mut Searches) -> Vec<Request> {
    let request = |effect| match effect {
        Effect::Post(request) => Some(request),
        _ => None,
    };
    searches.take_effects().into_iter().filter_map(request).collect()
}

#[test]
fn a_rollout_is_seen_from_its_launch_to_its_place_in_the_tree() {
    let mut searches = begun();
    searches.apply(&launched(0, 0), 0.0);
    searches.apply(&token(0, "2+"), 10.0);
    searches.apply(&token(0, "2"), 20.0);
    let run = searches.get(ID).unwrap();
    assert_eq!((run.phase, run.busy_lanes(), run.tree.nodes()[0].growing), (RunPhase::Running, 1, 1));
    assert_eq!((run.lanes[0].text.as_str(), run.lanes[0].tokens), ("2+2", 2));
    // It is tried again: what was told before does not count.
    searches.apply(&launched(0, 0), 30.0);
    assert_eq!(searches.get(ID).unwrap().lanes[0].text, "");
    searches.apply(&Event::Expanded { id: ID, nodes: vec![piece(1, 0)] }, 40.0);
    searches.apply(&visited(0, &[0, 1]), 40.0);
    let run = searches.get(ID).unwrap();
    assert_eq!((run.busy_lanes(), run.tree.nodes()[0].growing, run.tree.nodes()[1].visits), (0, 0, 1));
    searches.apply(&done(), 50.0);
    let run = searches.get(ID).unwrap();
    assert!(run.phase == RunPhase::Done && run.tree.nodes()[1].won);
    assert_eq!(run.active_ms(), 50.0);
}

#[test]
fn speed_is_that_of_the_last_seconds_and_time_left_is_the_shorter_bound() {
    let mut searches = begun();
    searches.apply(&launched(0, 0), 0.0);
    assert_eq!(searches.get(ID).unwrap().seconds_left(), None);
    for at in 0..100 {
        searches.apply(&token(0, ""), f64::from(at) * 10.0);
    }
    let speed = searches.get(ID).unwrap().tokens_per_s().unwrap();
    assert!((speed - 101.0).abs() < 2.0, "{speed}");
    searches.apply(&searched(0, 192), 1000.0);
    let left = searches.get(ID).unwrap().seconds_left().unwrap();
    assert!((left - 80.0).abs() < 3.0, "{left}");
    // One rollout a second, seven to go.
    searches.apply(&searched(1, 192), 1000.0);
    assert_eq!(searches.get(ID).unwrap().seconds_left(), Some(7.0));
    searches.pause(ID, true, 2000.0);
    assert_eq!(searches.get(ID).unwrap().seconds_left(), None);
    searches.pause(ID, false, 9000.0);
    searches.apply(&searched(2, 300), 10_000.0);
    assert_eq!(searches.get(ID).unwrap().active_ms(), 3000.0, "what it was held does not count");
}

#[test]
fn a_node_that_is_looked_at_is_asked_for_anew_when_it_changes_but_once_at_a_time() {
    let mut searches = begun();
    searches.apply(&launched(0, 0), 0.0);
    searches.apply(&Event::Expanded { id: ID, nodes: vec![piece(1, 0)] }, 1.0);
    searches.select(ID, Some(1));
    searches.select(ID, Some(9));
    assert_eq!(posted(&mut searches), [Request::Node { id: ID, node: 1 }]);
    searches.apply(&visited(0, &[0, 1]), 2.0);
    searches.apply(&visited(1, &[0, 1]), 2.0);
    assert_eq!(posted(&mut searches), [], "one is under way");
    searches.apply(&detail(1), 3.0);
    assert!(searches.get(ID).unwrap().detail.is_some());
    assert_eq!(posted(&mut searches), [Request::Node { id: ID, node: 1 }]);
    searches.select(ID, None);
    searches.apply(&detail(1), 4.0);
    assert!(searches.get(ID).unwrap().detail.is_none(), "nobody looks at it now");
}

#[test]
fn steering_sends_and_shows() {
    let mut searches = begun();
    searches.apply(&launched(0, 0), 0.0);
    searches.apply(&Event::Expanded { id: ID, nodes: vec![piece(1, 0), piece(2, 1)] }, 1.0);
    searches.prune(ID, 0, true);
    searches.prune(ID, 1, true);
    searches.pin(ID, 2, true);
    searches.go_on(ID, 1);
    searches.branch(ID, 2, 3, 44);
    assert_eq!(
        posted(&mut searches),
        [
            Request::Prune { id: ID, node: 1, pruned: true },
            Request::Pin { id: ID, node: 2, pinned: true },
            Request::Continue { id: ID, node: 1 },
            Request::Branch { id: ID, node: 2, at: 3, token: 44 },
        ]
    );
    let run = searches.get(ID).unwrap();
    assert!(run.tree.is_pruned(2) && run.tree.nodes()[2].pinned && run.follow == Some(1));
    assert!(searches.refuse(ID, "bad_request", "the branch is as long as it may be"));
    assert_eq!(searches.get(ID).unwrap().refusal.as_deref(), Some("The branch is as long as it may be"));
    assert!(!searches.refuse(ID, "gpu_lost", "gone"));
    searches.lose();
    searches.pin(ID, 2, false);
    assert_eq!(posted(&mut searches), [], "the engine has let go of it");
}

#[test]
fn a_search_that_is_done_wakes_and_ends_again() {
    let mut searches = begun();
    searches.apply(&launched(0, 0), 0.0);
    searches.apply(&Event::Expanded { id: ID, nodes: vec![piece(1, 0)] }, 1.0);
    searches.apply(&done(), 100.0);
    searches.apply(&launched(1, 1), 5000.0);
    let run = searches.get(ID).unwrap();
    assert!(run.phase == RunPhase::Running && run.report.is_none() && !run.tree.nodes()[1].won);
    searches.apply(&done(), 5100.0);
    assert_eq!(searches.get(ID).unwrap().active_ms(), 200.0, "the time it slept does not count");
}

#[test]
fn what_is_saved_is_what_was_asked_for() {
    let mut searches = begun();
    let exported = Event::Exported { id: ID, json: "{}".into(), svg: "<svg/>".into() };
    searches.apply(&exported, 0.0);
    assert!(searches.take_effects().is_empty(), "nobody asked");
    searches.save(ID, Form::Svg);
    searches.take_effects();
    searches.apply(&exported, 0.0);
    let [Effect::Download { name, form: Form::Svg, text }] = &searches.take_effects()[..] else {
        panic!("a file is expected")
    };
    assert_eq!((name.as_str(), text.as_str()), ("polo-search-7.svg", "<svg/>"));
}

#[test]
fn answers_keep_their_letters() {
    let mut searches = begun();
    for (node, answer) in [(1, "48"), (2, "47"), (3, "48")] {
        let answer = Some(answer.into());
        searches.apply(
            &Event::Expanded { id: ID, nodes: vec![crate::protocol::TreeNode { answer, ..piece(node, 0) }] },
            0.0,
        );
    }
    let run = searches.get(ID).unwrap();
    assert_eq!([run.letter("48"), run.letter("47"), run.letter("9")], [Some('A'), Some('B'), None]);
}
