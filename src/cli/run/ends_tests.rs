//! `polo run` where something does not go well: what is kept, what is forgotten, and when it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};

use super::lines::{Line, Lines, Script};
use super::saved::last_model;
use super::tests::{arguments, generated, play, play_at};
use super::{Chat, RunArgs, converse, split};
use crate::cli::buffer::Buffer;
use crate::cli::failure::Failure;
use crate::cli::made_up::{done, serve};
use crate::cli::output::Output;
use crate::cli::search_args::SearchArgs;
use crate::cli::session::Session;
use crate::protocol::{Preset, Request, Usage};

/// A session whose engine answers everything with this.
fn replying(reply: &'static str, usage: Usage) -> Session {
    Session::scripted(move |emit, requests| {
        serve(&*emit, requests, |request| {
            if let Request::Generate { id, .. } = request {
                emit(done(id, reply, usage.clone()));
            }
        });
    })
}

#[test]
fn an_engine_that_falls_over_ends_the_conversation() {
    let mut session = Session::scripted(|emit, requests| serve(&*emit, requests, |_| panic!("made to fail")));
    let args = arguments(&["polo-tiny"]);
    let mut output = Output::to(Buffer::default(), Buffer::default(), false);
    let home = tempfile::tempdir().unwrap();
    let mut chat = Chat::new(&args, home.path(), &mut session, &mut output);
    let ended = converse(&mut chat, "polo-tiny", &mut Script::new(&["hi", "still there?"]));
    assert!(matches!(&ended, Err(Failure::Error { kind, .. }) if kind == "panic"), "{ended:?}");
}

#[test]
fn a_message_without_an_answer_was_not_said() {
    let mut session = replying("", Usage::default());
    let args = arguments(&["polo-tiny"]);
    let out = Buffer::default();
    let mut output = Output::to(out.clone(), Buffer::default(), false);
    let home = tempfile::tempdir().unwrap();
    let mut chat = Chat::new(&args, home.path(), &mut session, &mut output);
    converse(&mut chat, "polo-tiny", &mut Script::new(&["hi", "/show messages"])).unwrap();
    assert!(out.text().contains("Nothing was said yet."), "{}", out.text());
}

#[test]
fn what_is_typed_is_kept_unless_it_is_not_to_be() {
    let mut session = replying("said", Usage::default());
    let args = arguments(&["polo-tiny"]);
    let mut output = Output::to(Buffer::default(), Buffer::default(), false);
    let home = tempfile::tempdir().unwrap();
    let mut chat = Chat::new(&args, home.path(), &mut session, &mut output);
    let mut script = Script::new(&["one", "/set nohistory", "secret", "/set history", "two"]);
    converse(&mut chat, "polo-tiny", &mut script).unwrap();
    assert_eq!(script.remembered, ["one", "/set nohistory", "two"]);
}

#[test]
fn a_format_that_is_none_changes_nothing() {
    let lines = ["/set format json", "/set format {broken", "/show parameters", "hi"];
    let (out, err, asked) = play(&[], &lines);
    assert!(err.contains("neither `json` nor a JSON schema"), "{err}");
    assert!(out.contains("format json"), "{out}");
    assert!(generated(&asked)[0].1.format.is_some());
}

#[test]
fn a_context_belongs_to_the_model_that_it_was_set_for() {
    let lines = ["/set parameter num_ctx 50", "/show parameters", "/load polo-tiny", "/show parameters"];
    let (out, _, asked) = play(&[], &lines);
    let (before, after) = out.split_once("Loading model 'polo-tiny'").unwrap();
    assert!(before.contains("num_ctx") && !after.contains("num_ctx"), "{out}");
    let contexts = asked.iter().filter_map(|asked| match asked {
        Request::Load { options, .. } => Some(options.context),
        _ => None,
    });
    assert_eq!(contexts.collect::<Vec<_>>(), [None, Some(50), None]);
}

#[test]
fn the_address_of_a_server_is_not_the_model_used_last() {
    let home = tempfile::tempdir().unwrap();
    play_at(home.path(), &["--engine", "http://127.0.0.1:1/v1"], &["/bye"]);
    assert_eq!(last_model(home.path()), None);
    play_at(home.path(), &["polo-tiny"], &["/bye"]);
    assert_eq!(last_model(home.path()).as_deref(), Some("polo-tiny"));
}

/// What is told on standard error after one message, with replies that took this.
fn remarks(usage: Usage, words: &[&str]) -> String {
    let mut session = replying("said", usage);
    let args = arguments(words);
    let err = Buffer::default();
    let mut output = Output::to(Buffer::default(), err.clone(), false);
    let home = tempfile::tempdir().unwrap();
    let mut chat = Chat::new(&args, home.path(), &mut session, &mut output);
    converse(&mut chat, "polo-tiny", &mut Script::new(&["hi"])).unwrap();
    err.text()
}

#[test]
fn a_context_that_is_nearly_full_is_told() {
    let usage =
        |context_left| Usage { prompt_tokens: 60, completion_tokens: 20, context_left, ..Usage::default() };
    let told = remarks(usage(9), &[]);
    assert!(told.contains("nearly full: 80 tokens are in it, 9 are left"), "{told}");
    assert_eq!(remarks(usage(10), &[]), "");
}

#[test]
fn speeds_count_what_was_computed() {
    let usage = Usage {
        prompt_tokens: 60,
        cached_tokens: 40,
        completion_tokens: 11,
        context_left: 1000,
        first_token_ms: 1000.0,
        decode_ms: 2000.0,
        ..Usage::default()
    };
    let told = remarks(usage, &["--verbose"]);
    for line in ["prompt eval rate:     20.00 tokens/s", "eval rate:            5.00 tokens/s"] {
        assert!(told.contains(line), "{told}");
    }
}

#[test]
fn the_length_of_a_search_is_what_was_set_last() {
    let searched = |lines: &[&str]| {
        let (_, _, asked) = play(&["--max-tokens", "300"], lines);
        asked.into_iter().find_map(|asked| match asked {
            Request::Search { search, .. } => Some(search),
            _ => None,
        })
    };
    let expected = |tokens| {
        let args = SearchArgs { preset: Some(Preset::Balanced), ..SearchArgs::default() };
        Some(args.options(Some(tokens)))
    };
    let flag = searched(&["/set search balanced", "/set parameter temperature 0.5", "hi"]);
    assert_eq!(flag, expected(300));
    let set = searched(&["/set search balanced", "/set parameter num_predict 200", "hi"]);
    assert_eq!(set, expected(200));
}

/// Someone who types on when the engine has done what it was to do.
struct Patient(Script, Receiver<()>);

impl Lines for Patient {
    fn read(&mut self, prompt: &str) -> Result<Line, Failure> {
        // At the end there is nobody left to say anything.
        let _ = self.1.recv();
        self.0.read(prompt)
    }

    fn remember(&mut self, entry: &str) {
        self.0.remember(entry);
    }

    fn keep_history(&mut self, on: bool) {
        self.0.keep_history(on);
    }
}

#[test]
fn ctrl_c_after_a_reply_does_not_stop_the_next() {
    let (go_on, wait) = channel();
    let stopped = Arc::new(AtomicBool::new(false));
    let stops = stopped.clone();
    // The first line waits for nobody.
    go_on.send(()).unwrap();
    let mut session = Session::interrupted(move |emit, requests, press| {
        serve(&*emit, requests, |request| match request {
            Request::Generate { id, .. } => {
                emit(done(id, "said", Usage::default()));
                press();
                go_on.send(()).unwrap();
            }
            Request::Cancel { .. } => stops.store(true, Ordering::Relaxed),
            _ => {}
        });
    });
    let args = arguments(&[]);
    let err = Buffer::default();
    let mut output = Output::to(Buffer::default(), err.clone(), false);
    let home = tempfile::tempdir().unwrap();
    let mut chat = Chat::new(&args, home.path(), &mut session, &mut output);
    let mut person = Patient(Script::new(&["one", "two", "/bye"]), wait);
    converse(&mut chat, "polo-tiny", &mut person).unwrap();
    assert_eq!(chat.settings.messages.len(), 4, "both were answered: {}", err.text());
    // The engine has read all that it was sent.
    drop(session);
    assert!(!stopped.load(Ordering::Relaxed));
}

#[test]
fn a_model_that_is_named_nowhere_is_the_defaults_then_the_last() {
    let chosen = |default: Option<&str>, last: Option<&str>| {
        let args = RunArgs { default_model: default.map(Into::into), ..arguments(&[]) };
        split(&args, last.map(Into::into)).unwrap().0
    };
    assert_eq!(chosen(Some("default"), Some("last")), "default");
    assert_eq!((chosen(None, Some("last")), chosen(None, None)), ("last".into(), "polo-tiny".into()));
}

#[test]
fn another_model_begins_anew_and_another_context_is_loaded() {
    let (_, _, asked) = play(&[], &["one", "/load polo-tiny", "two"]);
    let said = generated(&asked);
    assert_eq!(said[1].0.len(), 1, "what was said to the one is nothing to the other: {said:?}");
    let lines =
        ["/set parameter num_ctx 80", "/save a", "/set parameter num_ctx 60", "/load a", "/load a", "/bye"];
    let (_, _, asked) = play(&[], &lines);
    let contexts = asked.iter().filter_map(|asked| match asked {
        Request::Load { options, .. } => Some(options.context),
        _ => None,
    });
    assert_eq!(contexts.collect::<Vec<_>>(), [None, Some(80), Some(60), Some(80)], "and the same is not");
}
