//! `polo ask --search` with a made-up engine: what goes to a terminal, down a pipe, and into the JSON.

use clap::Parser;
use futures_channel::mpsc::UnboundedReceiver;

use super::*;
use crate::cli::args::{Args, Command};
use crate::cli::buffer::Buffer;
use crate::cli::made_up::{serve, token};
use crate::protocol::{
    Action, Channel, Chosen, Mode, NodeKind, SearchProgress, StopCause, TreeNode, VoteClass, Votes,
};

fn ask(words: &[&str]) -> AskArgs {
    match Args::try_parse_from([&["polo", "ask", "--search"], words].concat()).unwrap().command {
        Command::Ask(args) => args,
        other => panic!("{other:?}"),
    }
}

fn report(stop: StopCause) -> SearchReport {
    let class = VoteClass { answer: "4".into(), votes: 2, weight: 1.0, value: 0.9, leaves: vec![1] };
    SearchReport {
        answer: Some("4".into()),
        reply: "<Thought>\n2 + 2\n</Thought>\n<Output>\nIt is 4.\n</Output>".into(),
        path: vec![0, 1],
        chosen: Chosen::Vote,
        votes: Votes { classes: vec![class], votes: 2, agreement: 0.875 },
        without_reflection: None,
        stop,
        progress: SearchProgress { rollouts: 2, in_flight: 0, tokens: 20, max_tokens: 8192 },
    }
}

/// A search of one rollout; it ends by itself, or (if `press` is there) after Ctrl-C.
fn engine(emit: &dyn Fn(Event), requests: UnboundedReceiver<Request>, press: Option<&dyn Fn()>) {
    serve(emit, requests, |request| match request {
        Request::Search { id, search, .. } => {
            assert_eq!(search.action, Action::MiniStep(32), "flags arrive");
            emit(Event::Launched { id, rollout: 0, node: 0, text: String::new() });
            emit(token(id, Channel::Thought, "2 + \u{1b}[2J"));
            let node = TreeNode {
                node: 1,
                parent: 0,
                rollout: 0,
                kind: NodeKind::Final,
                text: "2 + 2".into(),
                tokens: 10,
                confidence: Some(0.9),
                answer: Some("4".into()),
            };
            emit(Event::Expanded { id, nodes: vec![node] });
            emit(Event::Visited { id, rollout: 0, path: vec![0, 1], value: 0.9 });
            emit(Event::Searched { id, progress: report(StopCause::Rollouts).progress });
            match press {
                Some(press) => press(),
                None => emit(Event::SearchDone { id, report: report(StopCause::Rollouts) }),
            }
        }
        Request::Cancel { id } => emit(Event::SearchDone { id, report: report(StopCause::Cancelled) }),
        Request::Export { id } => {
            emit(Event::Exported { id, json: "{\"format\":\"x\"}".into(), svg: String::new() });
        }
        other => panic!("{other:?}"),
    });
}

fn search(words: &[&str], terminal: bool, ctrl_c: bool) -> (Result<(), Failure>, String) {
    let args = ask(&[&["--action", "mini32", "2 + 2?"], words].concat());
    let mut session = if ctrl_c {
        Session::interrupted(|emit, requests, press| engine(&*emit, requests, Some(&*press)))
    } else {
        Session::scripted(|emit, requests| engine(&*emit, requests, None))
    };
    let out = Buffer::default();
    let mut output = Output::to(out.clone(), Buffer::default(), terminal);
    let (model, sampling) =
        (ModelInfo { name: "Fake".into(), ..ModelInfo::default() }, SamplingOptions::default());
    let prompt = Prompt::Raw { text: "2 + 2?".into() };
    let result = run(&args, &model, prompt, &sampling, &mut session, &mut output);
    (result, out.text())
}

const VERDICT: &str = "It is 4.

Answer: 4 (2 of 2 votes, 100 % of their weight)
2 branches, 20 of 8192 tokens, agreement 88 %; all branches are done.
";

#[test]
fn a_pipe_gets_a_line_for_each_thing_that_happened() {
    let (result, text) = search(&[], false, false);
    assert!(result.is_ok());
    let events = "node 1 under 0: answer, 10 tokens, confidence 0.900 ⇒ 4: 2 + 2\n\
        rollout 0: value 0.900, path 0 1\n\n";
    assert_eq!(text, events.to_owned() + VERDICT);
    assert_eq!(search(&["--no-thought"], false, false).1, "It is 4.\n");
}

#[test]
fn a_terminal_gets_a_picture_that_is_drawn_again() {
    let (result, text) = search(&[], true, false);
    assert!(result.is_ok());
    // A line for the lane and one for the progress, and in their place the tree.
    assert!(text.starts_with("▸ 0 from 0, 1 tokens: …2 +"), "{text}");
    assert!(text.contains("\x1b[2A\r\x1b[J└─ 0.900 ×1 1 step, 10 tokens ⇒ 4  2 + 2\n"), "{text}");
    assert!(text.ends_with(VERDICT) && !text.contains("\x1b[2J"), "{text}");
    // At the end nothing is under way.
    assert_eq!(text.matches('▸').count(), 1);
}

#[test]
fn json_holds_the_report_and_the_tree() {
    let (result, text) = search(&["--json"], false, false);
    assert!(result.is_ok());
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["answer"], &json["output"]), (&"4".into(), &"It is 4.".into()));
    assert_eq!((&json["tree"]["format"], &json["stop"]), (&"x".into(), &"rollouts".into()));
    assert_eq!(json["search"]["action"]["mini_step"], 32);
}

#[test]
fn ctrl_c_gives_the_best_answer_so_far() {
    for words in [&[][..], &["--json"]] {
        let (result, text) = search(words, false, true);
        assert!(matches!(result, Err(Failure::Interrupted)), "{result:?}");
        assert!(
            text.contains("It is 4.")
                && text.contains(if words.is_empty() { "stopped" } else { "cancelled" })
        );
    }
}

#[test]
fn the_preset_gives_the_mode_unless_it_is_named() {
    let of = |words: &[&str]| options(&ask(&[words, &["hi"]].concat()));
    assert_eq!(of(&["--preset", "quick"]).mode, Mode::ChainOfThought);
    assert_eq!(of(&["--preset", "quick", "--mode", "bon"]).mode, Mode::BestOfN);
    assert_eq!((of(&[]), of(&["--max-tokens", "300"]).path_tokens), (SearchOptions::default(), 300));
}
