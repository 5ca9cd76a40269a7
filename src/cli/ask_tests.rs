//! `polo ask` with a made-up engine: what is written where, and what a failure does.

use clap::Parser;
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;

use super::{answer, prompt};
use crate::cli::args::{Args, AskArgs, Command};
use crate::cli::buffer::Buffer;
use crate::cli::failure::Failure;
use crate::cli::made_up::{cancelled, done, serve, text, token};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::protocol::{Channel, Event, LoadPhase, ModelInfo, Prompt, Request, TopLogprob, Usage};

fn ask(words: &[&str]) -> AskArgs {
    match Args::try_parse_from([&["polo", "ask"], words].concat()).unwrap().command {
        Command::Ask(args) => args,
        other => panic!("{other:?}"),
    }
}

/// Answers every question the same way.
fn engine(emit: &dyn Fn(Event), mut requests: UnboundedReceiver<Request>) {
    while let Some(request) = pollster::block_on(requests.next()) {
        match request {
            Request::Load { id, .. } => {
                emit(Event::Loading { id, phase: LoadPhase::Upload, done_bytes: 1, total_bytes: 2 });
                let (kind, message) = ("sampling".into(), "told while loading".into());
                emit(Event::Notice { id: Some(id), kind, message });
                emit(Event::Loaded { id, model: ModelInfo { name: "Fake".into(), ..ModelInfo::default() } });
            }
            Request::Generate { id, sampling, .. } => {
                let (kind, message) = ("template".into(), "told while answering".into());
                emit(Event::Notice { id: Some(id), kind, message });
                let top = TopLogprob { token: 9, text: "x".into(), logprob: -1.0, bytes: None };
                let parts =
                    [(Channel::Thought, ""), (Channel::Thought, "2 + 2"), (Channel::Output, "4\u{1b}[2J")];
                for (token, (channel, text)) in (0..).zip(parts) {
                    let top = vec![top.clone(); sampling.top_logprobs as usize];
                    let (text, logprob, bytes) = (text.into(), -0.5, None);
                    emit(Event::Token { id, choice: 0, node: 0, channel, text, token, logprob, top, bytes });
                }
                let usage = Usage { completion_tokens: 3, decode_ms: 100.0, ..Usage::default() };
                emit(done(id, "", usage));
            }
            _ => {}
        }
    }
}

fn run(words: &[&str], color: bool) -> (Result<(), Failure>, String) {
    let args = ask(words);
    let (out, err) = (Buffer::default(), Buffer::default());
    let mut output = Output::to(out.clone(), err, color);
    let mut session = Session::scripted(|emit, requests| engine(&*emit, requests));
    let prompt = prompt(&args, &mut std::io::empty()).unwrap();
    let result = answer(&args, prompt, &mut session, &mut output);
    (result, out.text())
}

#[test]
fn thought_and_output_are_told_apart() {
    let (result, text) = run(&["2 + 2?"], false);
    assert!(result.is_ok());
    assert_eq!(text, "Thought:\n2 + 2\n\nOutput:\n4\u{1b}[2J\n");
    // On a terminal the thought is dim, and a control sequence of the model's has no effect.
    assert_eq!(run(&["2 + 2?"], true).1, "\u{1b}[2m2 + 2\u{1b}[0m\n\n4\u{fffd}[2J\n");
    assert_eq!(run(&["--no-thought", "2 + 2?"], false).1, "4\u{1b}[2J\n");
}

#[test]
fn notices_go_to_standard_error() {
    for words in [&["hi"][..], &["--json", "hi"]] {
        let (out, err) = (Buffer::default(), Buffer::default());
        let mut output = Output::to(out.clone(), err.clone(), false);
        let mut session = Session::scripted(|emit, requests| engine(&*emit, requests));
        let prompt = Prompt::Raw { text: "hi".into() };
        assert!(answer(&ask(words), prompt, &mut session, &mut output).is_ok());
        assert_eq!(err.text(), "told while loading\ntold while answering\n");
        assert!(!out.text().contains("told"), "{}", out.text());
    }
}

#[test]
fn json_is_one_object_with_everything() {
    let (result, text) = run(&["--json", "--top-logprobs", "2", "2 + 2?"], false);
    assert!(result.is_ok());
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["model"], &json["thought"]), (&"Fake".into(), &"2 + 2".into()));
    assert_eq!((&json["output"], &json["finish_reason"]), (&"4\u{1b}[2J".into(), &"stop".into()));
    assert_eq!(json["timings"]["tokens_per_s"], 20.0);
    assert_eq!(json["usage"]["completion_tokens"], 3);
    assert_eq!(json["tokens"].as_array().unwrap().len(), 3);
    let first = serde_json::json!({ "token": 9, "text": "x", "logprob": -1.0 });
    let expected = serde_json::json!({
        "id": 1, "text": "2 + 2", "logprob": -0.5, "channel": "thought", "top_logprobs": [first, first],
    });
    assert_eq!(json["tokens"][1], expected);
    let (_, text) = run(&["--json", "2 + 2?"], false);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(json["tokens"][0].get("top_logprobs").is_none());
}

#[test]
fn a_prompt_is_read_and_checked() {
    let read = |words: &[&str], bytes: &[u8]| prompt(&ask(words), &mut &*bytes);
    let message = |result: Result<Prompt, Failure>| match result {
        Err(Failure::Error { kind, message }) => format!("{kind}: {message}"),
        other => panic!("{other:?}"),
    };
    assert!(message(read(&["-"], b"a\xffb")).contains("bad_request: standard input: byte 1 is not UTF-8"));
    assert!(message(read(&["-"], b" \n")).contains("empty"));
    assert!(message(read(&[""], b"")).contains("empty"));
    let endless = prompt(&ask(&["-"]), &mut std::io::repeat(b'a'));
    assert!(message(endless).contains("more than 64 MiB"));
    let Ok(Prompt::Chat { messages }) = read(&["--system", "s", "-"], "2 + 2 是?\n".as_bytes()) else {
        panic!()
    };
    assert_eq!((messages[0].content.as_str(), messages[1].content.as_str()), ("s", "2 + 2 是?"));
    assert_eq!(read(&["--raw", "-"], b" a\n").unwrap(), Prompt::Raw { text: " a\n".into() });
    assert_eq!(read(&["--raw", "a", "b"], b"").unwrap(), Prompt::Raw { text: "a b".into() });
}

#[test]
fn what_was_typed_reaches_the_engine() {
    let (sender, asked) = std::sync::mpsc::channel();
    let mut session = Session::scripted(move |emit, requests| {
        serve(&*emit, requests, |request| {
            let Request::Generate { id, sampling, .. } = request else { return };
            sender.send(sampling).unwrap();
            emit(done(id, "", Usage::default()));
        });
    });
    let mut output = Output::to(Buffer::default(), Buffer::default(), false);
    let args = ask(&["--stop", "END", "--stop", "###", "--seed", "7", "--max-tokens", "9", "hi"]);
    answer(&args, Prompt::Raw { text: "hi".into() }, &mut session, &mut output).unwrap();
    let sampling = asked.recv().unwrap();
    assert_eq!((sampling.stop, sampling.seed), (vec!["END".to_owned(), "###".to_owned()], 7));
    assert_eq!(sampling.max_new_tokens, 9);
}

#[test]
fn an_engine_that_dies_is_reported() {
    let mut session = Session::scripted(|_, _| panic!("made to fail"));
    let mut output = Output::to(Buffer::default(), Buffer::default(), false);
    let args = ask(&["hi"]);
    let result = answer(&args, Prompt::Raw { text: "hi".into() }, &mut session, &mut output);
    let Err(Failure::Error { kind, message }) = result else { panic!("{result:?}") };
    assert_eq!(kind, "panic");
    assert!(message.contains("made to fail"), "{message}");
}

#[test]
fn ctrl_c_stops_the_reply_and_keeps_what_came() {
    let mut session = Session::interrupted(|emit, requests, press| {
        serve(&*emit, requests, |request| match request {
            Request::Generate { id, .. } => {
                emit(token(id, Channel::Output, "so far"));
                press();
            }
            Request::Cancel { id } => emit(cancelled(id, "")),
            _ => {}
        });
    });
    let out = Buffer::default();
    let mut output = Output::to(out.clone(), Buffer::default(), false);
    let prompt = Prompt::Raw { text: "hi".into() };
    let result = answer(&ask(&["--json", "hi"]), prompt, &mut session, &mut output);
    assert!(matches!(result, Err(Failure::Interrupted)), "{result:?}");
    let json: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
    assert_eq!((&json["output"], &json["finish_reason"]), (&"so far".into(), &"cancelled".into()));
}

#[test]
fn ends_of_other_requests_are_none_of_this_one() {
    let mut session = Session::scripted(|emit, requests| {
        serve(&*emit, requests, |request| {
            let Request::Generate { id, .. } = request else { return };
            for (of, said) in [(id + 1, "not this"), (id, "this")] {
                emit(done(of, said, Usage::default()));
                emit(text(id, Channel::Output, said));
            }
        });
    });
    let out = Buffer::default();
    let mut output = Output::to(out.clone(), Buffer::default(), false);
    answer(&ask(&["hi"]), Prompt::Raw { text: "hi".into() }, &mut session, &mut output).unwrap();
    assert_eq!(out.text(), "not this\n", "what was written until its own end");
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_the_engine() {
    let mut session = Session::interrupted(|emit, requests, press| {
        // Told to stop it does not, and Ctrl-C is pressed again.
        serve(&*emit, requests, |request| {
            if let Request::Generate { .. } | Request::Cancel { .. } = request {
                press();
            }
        });
    });
    let mut output = Output::to(Buffer::default(), Buffer::default(), false);
    let prompt = Prompt::Raw { text: "hi".into() };
    let result = answer(&ask(&["hi"]), prompt, &mut session, &mut output);
    assert!(matches!(result, Err(Failure::Interrupted)), "{result:?}");
}
