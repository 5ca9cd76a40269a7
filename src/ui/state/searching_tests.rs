//! Searches in the conversation, against scripted events.

use super::super::tests::ready;
use super::*;
use crate::protocol::{Chosen, NodeKind, SamplingOptions, SearchProgress, TreeNode, Votes};

fn asked(chat: &mut Chat, question: &str) -> (RequestId, Vec<Message>) {
    chat.search = Some(SearchOptions::default());
    assert!(chat.ask(question, &Settings::default(), 7, 0.0));
    match chat.take_effects().pop() {
        Some(Effect::Post(Request::Search { id, prompt: Prompt::Chat { messages }, .. })) => (id, messages),
        other => panic!("a search is expected, not {other:?}"),
    }
}

fn launched(id: RequestId) -> Event {
    Event::Launched { id, rollout: 0, node: 0, text: String::new() }
}

fn grown(id: RequestId) -> Event {
    let node = |node, kind, tokens| TreeNode {
        node,
        parent: node - 1,
        rollout: 0,
        kind,
        text: String::new(),
        tokens,
        confidence: None,
        answer: None,
    };
    Event::Expanded { id, nodes: vec![node(1, NodeKind::Segment, 12), node(2, NodeKind::Final, 3)] }
}

fn found(id: RequestId, reply: &str, stop: StopCause) -> Event {
    let report = SearchReport {
        answer: Some("4".into()),
        reply: reply.into(),
        path: vec![0, 1, 2],
        chosen: Chosen::Vote,
        votes: Votes::default(),
        without_reflection: None,
        stop,
        progress: SearchProgress::default(),
    };
    Event::SearchDone { id, report }
}

const REPLY: &str = "<Thought>\n2+2\n</Thought>\n<Output>\n4\n</Output>";

#[test]
fn a_search_is_an_exchange_that_the_next_turn_sees() {
    let mut chat = ready();
    let (id, _) = asked(&mut chat, "2+2?");
    chat.apply(Event::Started { id, prompt_tokens: 10, cached_tokens: 0 }, 1.0);
    chat.apply(launched(id), 2.0);
    assert!(chat.is_busy());
    chat.apply(grown(id), 3.0);
    chat.apply(found(id, REPLY, StopCause::Agreement), 4.0);
    let reply = chat.exchanges[0].reply.clone();
    assert_eq!((reply.thought.as_str(), reply.output.as_str()), ("2+2", "4"));
    let usage = reply.usage.as_ref().unwrap();
    assert_eq!((usage.completion_tokens, usage.reasoning_tokens, usage.context_left), (15, 12, 999));
    assert_eq!(chat.context_used(), Some((25, 1024)));
    assert!(!chat.is_busy() && chat.announcement.contains("answer 4"));
    let (_, messages) = asked(&mut chat, "And now?");
    assert_eq!(messages[1].content, REPLY, "to the letter");
}

#[test]
fn stopping_gives_the_answer_so_far() {
    let mut chat = ready();
    let (id, _) = asked(&mut chat, "2+2?");
    chat.apply(launched(id), 2.0);
    chat.stop();
    assert_eq!(chat.take_effects(), [Effect::Post(Request::Cancel { id })]);
    chat.apply(found(id, REPLY, StopCause::Cancelled), 3.0);
    assert_eq!(chat.exchanges[0].reply.output, "4");
    let (id, _) = asked(&mut chat, "3+3?");
    chat.apply(found(id, "", StopCause::Cancelled), 4.0);
    assert_eq!(chat.exchanges[1].reply.status, Status::Done(FinishReason::Cancelled));
}

#[test]
fn a_search_that_is_woken_is_under_way_again() {
    let mut chat = ready();
    let (id, _) = asked(&mut chat, "2+2?");
    chat.apply(found(id, REPLY, StopCause::Rollouts), 1.0);
    assert_eq!(chat.take_effects(), [Effect::Post(Request::Export { id })], "its tree is kept");
    chat.act_on_searches(|searches| searches.go_on(id, 0));
    assert_eq!(chat.take_effects(), [Effect::Post(Request::Continue { id, node: 0 })]);
    chat.apply(launched(id), 2.0);
    assert!(chat.is_busy() && !chat.ask("other", &Settings::default(), 1, 2.0));
    chat.apply(found(id, REPLY, StopCause::Rollouts), 3.0);
    assert!(!chat.is_busy());
}

#[test]
fn a_wish_that_is_not_granted_ends_nothing_and_a_failed_search_is_told() {
    let mut chat = ready();
    let (id, _) = asked(&mut chat, "2+2?");
    chat.apply(launched(id), 1.0);
    let failed = |kind: &str| Event::Failed {
        id: Some(id),
        kind: kind.into(),
        message: "too long".into(),
        context: None,
    };
    chat.apply(failed("bad_request"), 2.0);
    assert!(chat.is_busy() && chat.searches.get(id).unwrap().refusal.is_some());
    chat.apply(failed("read_back"), 3.0);
    assert!(!chat.is_busy() && chat.exchanges[0].reply.status == Status::Failed);
    let (id, _) = asked(&mut chat, "3+3?");
    let (kind, message) = ("bad_request".into(), "no room".into());
    chat.apply(Event::Failed { id: Some(id), kind, message, context: None }, 4.0);
    assert_eq!(chat.take_effects(), [Effect::Draft("3+3?".into())], "the question comes back");
}

#[test]
fn an_imported_search_brings_its_question() {
    let mut chat = ready();
    chat.import("{}".into(), 0.0);
    let Some(Effect::Post(Request::Import { id, .. })) = chat.take_effects().pop() else {
        panic!("an import is expected")
    };
    let message = Message { role: Role::User, content: "2+2?".into() };
    let prompt = Prompt::Chat { messages: vec![message] };
    let search = SearchOptions { rollouts: 3, ..SearchOptions::default() };
    chat.apply(Event::Imported { id, prompt, sampling: SamplingOptions::default(), search }, 1.0);
    assert_eq!(&*chat.exchanges[0].question, "2+2?");
    assert_eq!(chat.searches.get(id).unwrap().options.rollouts, 3);
    chat.apply(found(id, REPLY, StopCause::Rollouts), 2.0);
    assert_eq!(chat.exchanges[0].reply.output, "4");
    chat.import("junk".into(), 3.0);
    let Some(Effect::Post(Request::Import { id, .. })) = chat.take_effects().pop() else {
        panic!("an import is expected")
    };
    chat.apply(
        Event::Failed { id: Some(id), kind: "bad_request".into(), message: "junk".into(), context: None },
        4.0,
    );
    assert_eq!((chat.exchanges.len(), chat.take_effects()), (1, vec![]));
    assert!(chat.notice.as_ref().unwrap().title().contains("could not be opened"));
}

#[test]
fn a_comparison_runs_its_ways_one_after_another_and_stops() {
    let mut chat = ready();
    let options = SearchOptions::default();
    chat.compare("2+2?", &Settings::default(), &options, 1, 0.0);
    let mut modes = Vec::new();
    while let Some(Effect::Post(Request::Search { id, search, .. })) = chat.take_effects().pop() {
        assert!(chat.is_busy());
        modes.push(search.mode);
        chat.apply(found(id, REPLY, StopCause::Tokens), 1.0);
    }
    assert_eq!(modes.len(), 4);
    assert!(!chat.is_busy() && chat.exchanges.is_empty());
    chat.compare("2+2?", &Settings::default(), &options, 1, 2.0);
    let Some(Effect::Post(Request::Search { id, .. })) = chat.take_effects().pop() else {
        panic!("a search is expected")
    };
    chat.stop();
    assert_eq!(chat.take_effects(), [Effect::Post(Request::Cancel { id })]);
    chat.apply(found(id, "", StopCause::Cancelled), 3.0);
    assert!(!chat.is_busy() && chat.take_effects().is_empty());
}

#[test]
fn a_lost_engine_leaves_trees_to_look_at() {
    let mut chat = ready();
    let (id, _) = asked(&mut chat, "2+2?");
    chat.apply(launched(id), 1.0);
    chat.apply(Event::Failed { id: None, kind: "panic".into(), message: "x".into(), context: None }, 2.0);
    let run = chat.searches.get(id).unwrap();
    assert!(run.is_done() && !run.kept);
    assert_eq!(chat.exchanges[0].reply.status, Status::Failed);
}
