//! Replies and searches over servers of others, and over servers that fail.

use std::collections::BTreeSet;

use polo::protocol::{
    Event, FinishReason, Format, LoadOptions, Message, Mode, ModelSource, NodeKind, Prompt, Request, Role,
    SamplingOptions, SearchOptions, StopCause, ThoughtFormat,
};

use serde_json::json;

use super::driver::{ID, Seen, drive_source};
use super::servers::{Fault, Kind, REPLIES, Server};

const BARE: Kind = Kind::Bare { prefill: false, alternatives: 5 };
pub(crate) const CHAT: Kind = Kind::Bare { prefill: true, alternatives: 5 };

pub(crate) fn source(server: &Server) -> ModelSource {
    ModelSource::Remote {
        url: server.url.clone(),
        model: None,
        connections: None,
        timeout_s: Some(2),
        thoughts: None,
    }
}

pub(crate) fn question() -> Prompt {
    let message = Message { role: Role::User, content: "What is 6 * 7?".into() };
    Prompt::Chat { messages: vec![message] }
}

pub(crate) fn ask(sampling: SamplingOptions) -> Request {
    Request::Generate { id: ID, prompt: question(), sampling }
}

pub(crate) fn search(mode: Mode) -> Request {
    let search = SearchOptions { mode, rollouts: 6, agreement: 1.0, ..SearchOptions::default() };
    Request::Search { id: ID, prompt: question(), sampling: SamplingOptions::default(), search }
}

/// Runs one request against a server, to its end.
pub(crate) fn run(server: &Server, request: Request) -> Seen {
    drive_source(source(server), LoadOptions::default(), vec![request], |event| match event {
        Event::SearchDone { .. } => Some(vec![Request::Export { id: ID }]),
        Event::Done { .. } | Event::Exported { .. } | Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    })
}

fn notices(seen: &Seen) -> String {
    let notice = seen.events.iter().filter_map(|event| match event {
        Event::Notice { message, .. } => Some(message.as_str()),
        _ => None,
    });
    notice.collect::<Vec<_>>().join("\n")
}

fn reply(seen: &Seen) -> (String, FinishReason) {
    let done = seen.events.iter().find_map(|event| match event {
        Event::Done { replies, finish_reason, .. } => Some((replies[0].clone(), *finish_reason)),
        _ => None,
    });
    done.unwrap_or_else(|| panic!("no reply: {:?}", seen.failures()))
}

#[test]
fn a_plain_reply_is_told_in_two_channels() {
    for kind in [Kind::Vllm, Kind::LlamaCpp, CHAT] {
        let server = Server::start(kind);
        let seen = run(&server, ask(SamplingOptions { top_logprobs: 2, ..SamplingOptions::default() }));
        let (reply, reason) = reply(&seen);
        assert!(REPLIES.contains(&reply.as_str()) && reason == FinishReason::Stop, "{kind:?}: {reply}");
        let text = |wanted: polo::protocol::Channel| -> String {
            let part = seen.events.iter().filter_map(|event| match event {
                Event::Token { channel, text, .. } | Event::Text { channel, text, .. }
                    if *channel == wanted =>
                {
                    Some(text.as_str())
                }
                _ => None,
            });
            part.collect()
        };
        assert!(text(polo::protocol::Channel::Thought).contains("times"), "{kind:?}");
        assert!(["42", "41"].contains(&text(polo::protocol::Channel::Output).trim()), "{kind:?}");
        let alternatives = seen.events.iter().filter_map(|event| match event {
            Event::Token { top, .. } => Some(top.len()),
            _ => None,
        });
        assert_eq!(alternatives.collect::<BTreeSet<_>>(), BTreeSet::from([2]), "{kind:?}");
        let Some(Event::Done { usage, .. }) =
            seen.events.iter().find(|event| matches!(event, Event::Done { .. }))
        else {
            panic!("it ended")
        };
        assert_eq!(usage.prompt_tokens, 9, "the server's own count");
        assert!(usage.completion_tokens > 20 && usage.reasoning_tokens > 10);
    }
}

#[test]
fn several_replies_have_seeds_of_their_own() {
    let server = Server::start(BARE);
    let seen = run(&server, ask(SamplingOptions { choices: 6, ..SamplingOptions::default() }));
    let Some(Event::Done { replies, .. }) =
        seen.events.iter().find(|event| matches!(event, Event::Done { .. }))
    else {
        panic!("{:?}", seen.failures())
    };
    assert!(replies.iter().collect::<BTreeSet<_>>().len() > 1, "{replies:?}");
    let seeds: BTreeSet<u64> =
        server.asked("/v1/chat/completions").iter().filter_map(|body| body["seed"].as_u64()).collect();
    assert_eq!(seeds.len(), 6);
}

#[test]
fn a_tree_grows_where_replies_can_be_continued() {
    for kind in [Kind::Vllm, Kind::LlamaCpp, CHAT] {
        let server = Server::start(kind);
        let seen = run(&server, search(Mode::Mcts));
        let report = seen.report();
        assert_eq!(report.answer.as_deref(), Some("42"), "{kind:?} {:?}", seen.failures());
        assert_eq!(report.stop, StopCause::Rollouts, "{kind:?}");
        let nodes = seen.nodes();
        // Every branch reads as one of the replies, or as one that was reconsidered.
        for leaf in nodes.iter().filter(|node| node.kind == NodeKind::Final) {
            let mut text = leaf.text.clone();
            let mut at = leaf.parent;
            while let Some(node) = nodes.iter().find(|node| node.node == at) {
                text.insert_str(0, &node.text);
                at = node.parent;
            }
            let known =
                REPLIES.contains(&text.as_str()) || (text.contains("Wait!") && text.contains("Once more"));
            assert!(known, "{kind:?}: {text}");
        }
        assert!(nodes.iter().any(|node| node.confidence.is_some_and(|c| c > 0.3 && c < 1.0)), "{kind:?}");
        assert!(nodes.iter().filter(|node| node.parent == 0).count() > 1, "{kind:?}: the root has branches");
        // What was said goes back as tokens where the server takes them, else as text.
        let bodies = server.asked(if kind == CHAT { "/v1/chat/completions" } else { "/v1/completions" });
        assert!(bodies.iter().all(|body| body["prompt"].is_array() || kind == CHAT), "{kind:?}");
    }
}

#[test]
fn whole_replies_vote_where_nothing_can_be_continued() {
    let server = Server::start(BARE);
    for mode in [Mode::ChainOfThought, Mode::SelfConsistency, Mode::BestOfN] {
        let seen = run(&server, search(mode));
        assert!(seen.failures().is_empty(), "{:?}", seen.failures());
        assert!(["41", "42"].contains(&seen.report().answer.unwrap().as_str()));
        assert!(notices(&seen).contains("cannot continue a reply"), "{}", notices(&seen));
    }
    let seen = run(&server, search(Mode::Mcts));
    assert!(seen.failures()[0].contains("a tree cannot grow there"), "{:?}", seen.failures());
    // One that takes a beginning and does not go on with it is found out.
    let seen = run(&Server::start(Kind::Anew), search(Mode::Mcts));
    assert!(seen.failures()[0].contains("a tree cannot grow there"), "{:?}", seen.failures());
}

#[test]
fn without_log_probabilities_answers_are_counted() {
    let server = Server::start(Kind::Bare { prefill: true, alternatives: 0 });
    let seen = run(&server, search(Mode::SelfConsistency));
    assert_eq!(seen.report().answer.as_deref(), Some("42"));
    for said in ["tells no log-probabilities", "does not tell its context"] {
        assert!(notices(&seen).contains(said), "{}", notices(&seen));
    }
    for mode in [Mode::BestOfN, Mode::Mcts] {
        let seen = run(&server, search(mode));
        assert!(seen.failures()[0].contains("nothing is known of confidence"), "{:?}", seen.failures());
    }
}

#[test]
fn a_reply_cut_short_is_asked_for_its_answer() {
    let server = Server::start(BARE);
    let options = SearchOptions {
        mode: Mode::SelfConsistency,
        rollouts: 2,
        path_tokens: 64,
        answer_reserve: 32,
        max_tokens: 256,
        ..SearchOptions::default()
    };
    let request =
        Request::Search { id: ID, prompt: question(), sampling: SamplingOptions::default(), search: options };
    let seen = run(&server, request);
    assert_eq!(seen.report().answer.as_deref(), Some("42"), "{:?}", seen.failures());
    let asked = server.asked("/v1/chat/completions");
    assert!(asked.iter().any(|body| body["messages"].as_array().unwrap().len() == 3), "a turn of its own");
}

#[test]
fn a_tree_over_a_failing_network_is_the_tree() {
    let server = Server::start(Kind::Vllm);
    let calm = run(&server, search(Mode::ChainOfThought));
    let server = Server::start(Kind::Vllm);
    server.order(&[
        Fault::Status(429),
        Fault::Status(500),
        Fault::Garbage(3),
        Fault::Cut(4),
        Fault::WrongCounts,
    ]);
    let rough = run(&server, search(Mode::ChainOfThought));
    assert!(rough.failures().is_empty(), "{:?}", rough.failures());
    assert!(REPLIES.contains(&rough.report().reply.as_str()), "{}", rough.report().reply);
    assert!(REPLIES.contains(&calm.report().reply.as_str()));
    // What had been said was not asked for again.
    let longest = server.asked("/v1/completions").iter().map(|b| b["prompt"].as_array().unwrap().len()).max();
    let shortest = calm_prompt(&server);
    assert!(longest.unwrap() > shortest, "the last request goes on where the others broke");
    assert!(notices(&rough).contains("5 of them tried again"), "{}", notices(&rough));
}

fn calm_prompt(server: &Server) -> usize {
    let asked = server.asked("/v1/completions");
    asked
        .iter()
        .filter(|body| body["stream"] == true)
        .map(|b| b["prompt"].as_array().unwrap().len())
        .min()
        .unwrap()
}

#[test]
fn a_server_that_stalls_is_asked_again() {
    let server = Server::start(Kind::LlamaCpp);
    server.order(&[Fault::Stall(5)]);
    let seen = run(&server, search(Mode::ChainOfThought));
    assert!(REPLIES.contains(&seen.report().reply.as_str()), "{:?}", seen.failures());
}

#[test]
fn a_server_that_never_recovers_ends_the_search_with_its_words() {
    let server = Server::start(Kind::Vllm);
    server.state.lock().unwrap().always = Some(Fault::Status(503));
    let seen = run(&server, search(Mode::SelfConsistency));
    assert!(seen.failures()[0].contains("not now"), "{:?}", seen.failures());
    let streams = server.asked("/v1/completions").iter().filter(|body| body["stream"] == true).count();
    assert!((5..=20).contains(&streams), "{streams} requests: four lanes give up after five tries at most");
}

#[test]
fn a_search_is_saved_and_goes_on() {
    let server = Server::start(CHAT);
    let first = run(&server, search(Mode::Mcts));
    let (json, svg) = first.export();
    assert!(svg.starts_with("<svg"));
    let import = Request::Import { id: ID, json };
    let seen = drive_source(source(&server), LoadOptions::default(), vec![import], |event| match event {
        Event::Imported { .. } => Some(vec![Request::Continue { id: ID, node: 0 }]),
        Event::SearchDone { report, .. } if report.progress.rollouts > 6 => None,
        Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    });
    assert!(seen.failures().is_empty(), "{:?}", seen.failures());
    assert_eq!(seen.report().answer.as_deref(), Some("42"));
}

#[test]
fn what_was_asked_for_is_passed_on_or_refused() {
    let server = Server::start(Kind::LlamaCpp);
    let wanted = SamplingOptions {
        stop: vec!["END".into()],
        min_p: 0.125,
        repeat_penalty: 1.25,
        frequency_penalty: 0.5,
        logit_bias: vec![(7, -2.0)],
        format: Some(Format::JsonObject),
        ..SamplingOptions::default()
    };
    run(&server, ask(wanted.clone()));
    let asked = server.asked("/v1/chat/completions");
    let body = asked.last().unwrap();
    for (key, value) in [
        ("stop", json!(["END"])),
        ("min_p", json!(0.125)),
        ("repeat_penalty", json!(1.25)),
        ("frequency_penalty", json!(0.5)),
        ("logit_bias", json!({ "7": -2.0 })),
        ("response_format", json!({ "type": "json_object" })),
    ] {
        assert_eq!(body[key], value, "{key}");
    }
    assert!(body.get("presence_penalty").is_none(), "what is off is not sent");
    let regex = SamplingOptions {
        format: Some(Format::Regex { pattern: "a+".into() }),
        ..SamplingOptions::default()
    };
    assert!(run(&server, ask(regex)).failures()[0].contains("regular expression"));
    let request =
        Request::Search { id: ID, prompt: question(), sampling: wanted, search: SearchOptions::default() };
    assert!(run(&server, request).failures()[0].contains("a search at a server"));
}

#[test]
fn what_is_no_server_is_said_so() {
    let load = |url: String, model: Option<&str>| {
        let source = ModelSource::Remote {
            url,
            model: model.map(str::to_owned),
            connections: None,
            timeout_s: Some(2),
            thoughts: None,
        };
        let seen = drive_source(source, LoadOptions::default(), Vec::new(), |event| {
            (!matches!(event, Event::Failed { .. } | Event::Loaded { .. })).then(Vec::new)
        });
        seen.failures().first().map(ToString::to_string).unwrap_or_default()
    };
    let server = Server::start(CHAT);
    assert!(load(server.url.clone(), Some("other")).contains("has no model \"other\"; it has: marco-test"));
    assert!(load("ftp://x".into(), None).contains("no address of a server"));
    assert_eq!(load(server.url.trim_end_matches("/v1").into(), None), "", "the ending is found");
    assert!(load(format!("{}/nothing/v2", server.url), None).contains("404"));
}

#[test]
fn what_the_person_says_of_a_model_counts_before_what_its_server_says() {
    let loaded = |kind: Kind, thoughts: Option<ThoughtFormat>, context: Option<usize>| {
        let ModelSource::Remote { url, .. } = source(&Server::start(kind)) else { unreachable!() };
        let source =
            ModelSource::Remote { url, model: None, connections: None, timeout_s: Some(2), thoughts };
        let options = LoadOptions { context, ..LoadOptions::default() };
        let seen = drive_source(source, options, Vec::new(), |event| {
            (!matches!(event, Event::Failed { .. } | Event::Loaded { .. })).then(Vec::new)
        });
        let model = seen.events.iter().find_map(|event| match event {
            Event::Loaded { model, .. } => Some((model.thoughts, model.context)),
            _ => None,
        });
        model.unwrap_or_else(|| panic!("{:?}", seen.failures()))
    };
    // By its name, by its template, and what the servers tell.
    assert_eq!(loaded(Kind::Vllm, None, None), (ThoughtFormat::Marco, 4096));
    assert_eq!(loaded(Kind::LlamaCpp, None, None), (ThoughtFormat::Marco, 2048));
    assert_eq!(loaded(Kind::Vllm, Some(ThoughtFormat::None), Some(777)), (ThoughtFormat::None, 777));
}

#[test]
fn the_key_goes_to_its_server() {
    let server = Server::start(CHAT);
    let origin = server.url.trim_end_matches("/v1").to_owned();
    let key = Request::Authorize { origin: Some(origin), token: Some("sesame".into()) };
    let seen = drive_source_with(key, &server);
    assert!(seen.failures().is_empty(), "{:?}", seen.failures());
    let state = server.state.lock().unwrap();
    assert!(state.log.iter().all(|(_, key, _)| key.as_deref() == Some("Bearer sesame")), "{:?}", state.log);
}

fn drive_source_with(key: Request, server: &Server) -> Seen {
    super::driver::drive_after(vec![key], source(server), LoadOptions::default(), Vec::new(), |event| {
        (!matches!(event, Event::Failed { .. } | Event::Loaded { .. })).then(Vec::new)
    })
}
