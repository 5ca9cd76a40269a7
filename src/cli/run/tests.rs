//! `polo run` with a made-up engine and a scripted person.

use std::path::Path;
use std::sync::{Arc, Mutex};

use clap::Parser;
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;

use super::chat::Chat;
use super::lines::Script;
use super::saved::last_model;
use super::{RunArgs, converse, once, prompt, split};
use crate::cli::args::{Args, Command};
use crate::cli::buffer::Buffer;
use crate::cli::failure::Failure;
use crate::cli::made_up::{cancelled, done, found, serve, text};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::protocol::{
    Channel, Event, FinishReason, LoadOptions, Message, ModelInfo, ModelSource, Prompt, Request,
    SamplingOptions, Usage,
};

/// Everything that the engine was asked for.
type Asked = Arc<Mutex<Vec<Request>>>;

pub(super) fn arguments(words: &[&str]) -> RunArgs {
    match Args::try_parse_from([&["polo", "run"], words].concat()).unwrap().command {
        Command::Run(args) => args,
        other => panic!("{other:?}"),
    }
}

/// Answers `echo: ` and what was said last; "too long" does not fit, and "/no/such.gguf" is not there.
fn engine(emit: &dyn Fn(Event), mut requests: UnboundedReceiver<Request>, asked: &Asked) {
    let failed = |id, kind: &str, message: &str| Event::Failed {
        id: Some(id),
        kind: kind.into(),
        message: message.into(),
        context: None,
    };
    while let Some(request) = pollster::block_on(requests.next()) {
        asked.lock().unwrap().push(request.clone());
        match request {
            Request::Load { id, source: ModelSource::Path { path }, .. } => {
                emit(failed(id, "fetch", &format!("cannot read {path}: no such file")));
            }
            Request::Load { id, options, .. } => {
                let model = ModelInfo {
                    name: "Fake".into(),
                    context: options.context.unwrap_or(100),
                    template: Some("{{ messages }}".into()),
                    claims: vec![("general.license".into(), "MIT".into())],
                    ..ModelInfo::default()
                };
                emit(Event::Loaded { id, model });
            }
            Request::Generate { id, prompt, .. } => {
                let Prompt::Chat { messages } = prompt else { panic!("{prompt:?}") };
                let last = &messages.last().unwrap().content;
                if last == "too long" {
                    emit(failed(id, "context_full", "the prompt has 120 tokens, the context 100"));
                    continue;
                }
                let parts = [(Channel::Thought, "hm".to_owned()), (Channel::Output, format!("echo: {last}"))];
                for (channel, said) in parts {
                    emit(text(id, channel, &said));
                }
                let replies = vec![format!("<Thought>hm</Thought>echo: {last}")];
                let full = last == "fill it";
                let finish_reason = if full { FinishReason::Context } else { FinishReason::Stop };
                let usage = Usage {
                    prompt_tokens: 60,
                    completion_tokens: 40,
                    context_left: 1000,
                    ..Usage::default()
                };
                emit(Event::Done { id, replies, finish_reason, usage });
            }
            Request::Search { id, .. } => {
                emit(Event::SearchDone { id, report: found("found") });
            }
            _ => {}
        }
    }
}

/// Standard output and error, and what the engine was asked for.
pub(super) fn play(words: &[&str], lines: &[&str]) -> (String, String, Vec<Request>) {
    play_at(tempfile::tempdir().unwrap().path(), words, lines)
}

pub(super) fn play_at(home: &Path, words: &[&str], lines: &[&str]) -> (String, String, Vec<Request>) {
    let args = arguments(words);
    let (out, err, asked) = (Buffer::default(), Buffer::default(), Asked::default());
    let mut output = Output::to(out.clone(), err.clone(), false);
    let seen = asked.clone();
    let mut session = Session::scripted(move |emit, requests| engine(&*emit, requests, &seen));
    let mut script = Script::new(lines);
    let (model, _) = split(&args, None).unwrap();
    let mut chat = Chat::new(&args, home, &mut session, &mut output);
    converse(&mut chat, &model, &mut script).unwrap();
    let asked = asked.lock().unwrap().clone();
    (out.text(), err.text(), asked)
}

pub(super) fn generated(asked: &[Request]) -> Vec<(Vec<Message>, SamplingOptions)> {
    let generated = asked.iter().filter_map(|request| match request {
        Request::Generate { prompt: Prompt::Chat { messages }, sampling, .. } => {
            Some((messages.clone(), sampling.clone()))
        }
        _ => None,
    });
    generated.collect()
}

fn contents(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.content.as_str()).collect()
}

#[test]
fn a_conversation_is_told_whole_each_time() {
    let (out, _, asked) = play(&[], &["one", "", "/clear", "two", "/set system Be kind", "three"]);
    assert!(out.contains("Thought:\nhm\n\nOutput:\necho: one\n"), "{out}");
    let said = generated(&asked);
    assert_eq!(contents(&said[0].0), ["one"]);
    assert_eq!(contents(&said[1].0), ["two"], "/clear forgets");
    assert_eq!(contents(&said[2].0), ["Be kind", "two", "<Thought>hm</Thought>echo: two", "three"]);
}

#[test]
fn parameters_reach_the_engine() {
    let (out, err, asked) = play(
        &["--temperature", "0.5", "--seed", "3"],
        &[
            "/set parameter temperature 0.25",
            "/set parameter stop END",
            "/set parameter heat 1",
            "/set format json",
            "hi",
            "/set parameter num_ctx 64",
            "/show parameters",
            "hi",
        ],
    );
    let said = generated(&asked);
    let options = &said[0].1;
    assert_eq!((options.temperature, options.seed, &options.stop[..]), (0.25, 3, &["END".to_owned()][..]));
    assert!(options.format.is_some());
    assert!(err.contains("there is no parameter \"heat\""), "{err}");
    let contexts: Vec<Option<usize>> = asked
        .iter()
        .filter_map(|request| match request {
            Request::Load { options: LoadOptions { context, .. }, .. } => Some(*context),
            _ => None,
        })
        .collect();
    assert_eq!(contexts, [None, Some(64)], "num_ctx loads the model again");
    assert!(out.contains("num_ctx            64") && out.contains("seed 3"), "{out}");
    assert_eq!(said[1].0.len(), 3, "the conversation goes on");
}

#[test]
fn a_seed_that_nobody_chose_changes() {
    let (_, _, asked) = play(&[], &["a", "b", "/set parameter seed 7", "c", "d"]);
    let seeds: Vec<u64> = generated(&asked).iter().map(|(_, sampling)| sampling.seed).collect();
    assert_ne!(seeds[0], seeds[1]);
    assert_eq!(seeds[2..], [7, 7]);
}

#[test]
fn an_error_keeps_the_conversation() {
    let (_, err, asked) = play(&[], &["one", "too long", "two"]);
    assert!(err.contains("120 tokens, the context 100") && err.contains("/clear begins anew"), "{err}");
    let said = generated(&asked);
    assert_eq!(contents(&said[2].0), ["one", "<Thought>hm</Thought>echo: one", "two"]);
}

#[test]
fn a_full_context_is_told_with_its_counts() {
    let (_, err, asked) = play(&[], &["fill it", "more"]);
    assert!(err.contains("60 tokens of the conversation and 40 of this reply, 100 in all"), "{err}");
    assert!(err.contains("num_ctx"), "{err}");
    assert_eq!(generated(&asked)[1].0.len(), 3, "what was said is kept");
}

#[test]
fn a_model_that_is_not_there_costs_none() {
    let (out, err, asked) = play(&[], &["/load /no/such.gguf", "hi", "/load no such thing", "hi"]);
    assert!(err.contains("/no/such.gguf") && err.contains("polo-tiny is loaded again"), "{err}");
    assert!(err.contains("no such thing"), "{err}");
    assert_eq!(generated(&asked).len(), 2);
    assert_eq!(out.matches("echo: hi").count(), 2, "{out}");
}

#[test]
fn what_was_saved_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let (out, _, _) = play_at(
        home.path(),
        &["--system", "Be kind"],
        &["/set parameter num_ctx 80", "/set parameter temperature 0", "/set nothink", "one", "/save a b"],
    );
    assert!(out.contains("Saved as 'a b'"), "{out}");
    assert_eq!(last_model(home.path()).as_deref(), Some("polo-tiny"));
    let (out, err, asked) = play_at(
        home.path(),
        &["--model", "Polo-Tiny:latest"],
        &["/load a b", "two", "/load ../a b", "/load a b", "three"],
    );
    assert!(out.contains("Loaded 'a b': 2 messages with polo-tiny.") && !out.contains("Thought:"), "{out}");
    assert!(err.contains("../a b"), "{err}");
    let said = generated(&asked);
    assert_eq!(contents(&said[0].0), ["Be kind", "one", "<Thought>hm</Thought>echo: one", "two"]);
    assert_eq!(contents(&said[1].0)[3], "three", "loading goes back to what was saved");
    assert_eq!(said[0].1.temperature.to_bits(), 0);
    let loads = asked.iter().filter(|request| matches!(request, Request::Load { .. })).count();
    // Polo-Tiny, polo-tiny with another context, what is not there, and back; not for the last /load.
    assert_eq!(loads, 4);
}

#[test]
fn a_server_is_a_model_and_others_are_here() {
    let home = tempfile::tempdir().unwrap();
    let (_, _, asked) =
        play_at(home.path(), &["--engine", "http://h/v1", "--remote-model", "m"], &["hi", "/load polo-tiny"]);
    let sources: Vec<&ModelSource> = asked
        .iter()
        .filter_map(|request| match request {
            Request::Load { source, .. } => Some(source),
            _ => None,
        })
        .collect();
    assert!(
        matches!(sources[0], ModelSource::Remote { url, model, .. } if url == "http://h/v1" && model.as_deref() == Some("m")),
        "{sources:?}"
    );
    assert_eq!(sources[1..], [&ModelSource::Embedded]);
    assert_eq!(last_model(home.path()).as_deref(), Some("polo-tiny"), "a server is not what is used next");
}

#[test]
fn settings_are_shown() {
    let (out, _, _) = play(
        &["--hide-thinking", "--system", "Be terse"],
        &["/show info", "/show license", "/show system", "/show template", "/system", "hi", "/show messages"],
    );
    for part in
        ["name             Fake", "100 tokens", "MIT", "Be terse", "{{ messages }}", "[model] <Thought>hm"]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(!out.contains("Thought:\n"), "the thought is hidden: {out}");
}

#[test]
fn answers_may_be_searched_for() {
    let (_, _, asked) =
        play(&["--search", "quick"], &["one", "/set search thorough", "two", "/set search off", "three"]);
    let searches: Vec<(u32, usize)> = asked
        .iter()
        .filter_map(|request| match request {
            Request::Search { search, prompt: Prompt::Chat { messages }, .. } => {
                Some((search.rollouts, messages.len()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(searches, [(8, 1), (32, 3)], "the winner's reply is part of the conversation");
    assert_eq!(generated(&asked)[0].0.len(), 5);
}

#[test]
fn timings_are_told_when_asked_for() {
    let (_, err, _) = play(&["--verbose"], &["hi", "/set quiet", "hi"]);
    assert_eq!(err.matches("eval count:           40 token(s)").count(), 1, "{err}");
}

#[test]
fn what_comes_down_a_pipe_stands_before_the_words() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let read = |words: &[String], piped: &str| prompt(words, Some(&mut piped.as_bytes())).unwrap();
    assert_eq!(read(&words("sum it up"), "A.\nB.\n").as_deref(), Some("A.\nB.\n\nsum it up"));
    assert_eq!(read(&[], "A.\n").as_deref(), Some("A."));
    assert_eq!(read(&words("hi you"), "").as_deref(), Some("hi you"));
    assert_eq!(read(&[], " \n"), None);
    assert_eq!(prompt(&[], None).unwrap(), None);
}

#[test]
fn the_model_is_the_first_word() {
    let split = |words: &[&str], last: Option<&str>| split(&arguments(words), last.map(str::to_owned));
    assert_eq!(split(&[], None).unwrap(), ("polo-tiny".into(), vec![]));
    assert_eq!(split(&[], Some("marco-o1")).unwrap(), ("marco-o1".into(), vec![]));
    let (model, rest) = split(&["a/b", "What", "is it?"], Some("x")).unwrap();
    assert_eq!((model.as_str(), rest.join(" ")), ("a/b", "What is it?".into()));
    let (model, rest) = split(&["--model", "m", "What", "is it?"], None).unwrap();
    assert_eq!((model.as_str(), rest.join(" ")), ("m", "What is it?".into()));
    let Err(Failure::Error { kind, message }) = split(&["What is it?"], None) else { panic!() };
    assert!(kind == "bad_request" && message.contains("polo run polo-tiny \"What is it?\""), "{message}");
}

#[test]
fn ctrl_c_stops_a_reply_and_not_the_conversation() {
    let args = arguments(&[]);
    let (out, err) = (Buffer::default(), Buffer::default());
    let mut output = Output::to(out.clone(), err.clone(), false);
    let mut session = Session::interrupted(|emit, requests, interrupt| {
        let mut count = 0;
        serve(&*emit, requests, |request| match request {
            Request::Generate { id, prompt: Prompt::Chat { messages }, .. } => {
                count += 1;
                emit(text(id, Channel::Output, &format!("{} messages", messages.len())));
                if count > 1 {
                    // Then Ctrl-C is too late: the reply has ended.
                    emit(done(id, "all", Usage::default()));
                }
                interrupt();
            }
            Request::Cancel { id } => emit(cancelled(id, "part")),
            _ => {}
        });
    });
    let mut script = Script::new(&["one", "two", "three"]);
    let home = tempfile::tempdir().unwrap();
    converse(&mut Chat::new(&args, home.path(), &mut session, &mut output), "polo-tiny", &mut script)
        .unwrap();
    // The part of the reply that came is part of the conversation.
    let out = out.text();
    assert!(out.contains("1 messages") && out.contains("3 messages") && out.contains("5 messages"), "{out}");
}

#[test]
fn one_answer_that_is_stopped_is_no_success() {
    let args = arguments(&["polo-tiny", "hi"]);
    let mut output = Output::to(Buffer::default(), Buffer::default(), false);
    let mut session = Session::scripted(|emit, requests| engine(&*emit, requests, &Asked::default()));
    let home = tempfile::tempdir().unwrap();
    let mut chat = Chat::new(&args, home.path(), &mut session, &mut output);
    let fail = once(&mut chat, "polo-tiny", "too long".into()).unwrap_err();
    assert!(matches!(fail, Failure::Error { kind, .. } if kind == "context_full"));
}
