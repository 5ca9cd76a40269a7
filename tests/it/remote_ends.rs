//! How replies over servers of others end: cut, refused, bounded and cancelled.

use std::time::Duration;

use polo::protocol::{Event, LoadOptions, Mode, ModelSource, Request, SamplingOptions};

use super::driver::{ID, drive_source};
use super::remote::{CHAT, ask, question, run, search, source};
use super::servers::{Fault, Kind, REPLIES, Server};

#[test]
fn what_a_server_ends_is_told_for_what_it_is() {
    // What was said before the context was full is kept, and an answer is asked for.
    let server = Server::start(Kind::Vllm);
    server.order(&[Fault::Cut(5), Fault::Full]);
    let seen = run(&server, search(Mode::ChainOfThought));
    assert!(seen.failures().is_empty(), "{:?}", seen.failures());
    let begun: Vec<&str> = REPLIES.iter().map(|reply| &reply[..20]).collect();
    let kept = seen.report().reply;
    assert!(begun.iter().any(|begun| kept.starts_with(begun)), "{kept}");
    // A question that does not fit is refused.
    let server = Server::start(Kind::Vllm);
    server.order(&[Fault::Full]);
    assert!(run(&server, search(Mode::ChainOfThought)).failures()[0].contains("9 tokens"));
    let server = Server::start(Kind::Vllm);
    server.order(&[Fault::Reason("content_filter")]);
    let seen = run(&server, search(Mode::ChainOfThought));
    assert!(seen.failures()[0].contains("content_filter"), "{:?}", seen.failures());
}

#[test]
fn connections_are_bounded() {
    let server = Server::start(Kind::Vllm);
    let ModelSource::Remote { url, .. } = source(&server) else { unreachable!() };
    let two =
        ModelSource::Remote { url, model: None, connections: Some(2), timeout_s: Some(2), thoughts: None };
    // Whole replies: the server notices the end of a connection that is dropped only when it writes again.
    let seen = drive_source(two, LoadOptions::default(), vec![search(Mode::SelfConsistency)], |event| {
        (!matches!(event, Event::SearchDone { .. } | Event::Failed { .. })).then(Vec::new)
    });
    assert!(seen.failures().is_empty(), "{:?}", seen.failures());
    assert!(server.state.lock().unwrap().most_open <= 2);
}

#[test]
fn what_is_cancelled_hangs_up() {
    let patient = |server: &Server| ModelSource::Remote {
        url: server.url.clone(),
        model: None,
        connections: None,
        timeout_s: Some(3600),
        thoughts: None,
    };
    for request in [ask(SamplingOptions::default()), search(Mode::ChainOfThought)] {
        let server = Server::start(CHAT);
        server.order(&[Fault::Silence(3)]);
        let (mut tokens, mut hung_up) = (0, false);
        let (state, (sender, told)) = (server.state.clone(), std::sync::mpsc::channel());
        let seen = drive_source(patient(&server), LoadOptions::default(), vec![request], move |event| {
            tokens += usize::from(matches!(event, Event::Token { .. }));
            match event {
                Event::Token { .. } if tokens == 3 => Some(vec![Request::Cancel { id: ID }]),
                // At the end of the engine all would hang up: it goes on, and is asked for something else.
                Event::Done { .. } | Event::SearchDone { .. } if !hung_up => {
                    hung_up = true;
                    let sampling = SamplingOptions::default();
                    Some(vec![Request::Generate { id: ID + 1, prompt: question(), sampling }])
                }
                Event::Done { .. } => {
                    // The server notices at once; the limit is only there to end a test that fails.
                    let left = (0..100).any(|_| {
                        std::thread::sleep(Duration::from_millis(100));
                        state.lock().unwrap().left == 1
                    });
                    sender.send(left).unwrap();
                    None
                }
                Event::Failed { .. } => None,
                _ => Some(Vec::new()),
            }
        });
        assert!(seen.failures().is_empty(), "{:?}", seen.failures());
        assert!(told.recv().unwrap());
    }
}
