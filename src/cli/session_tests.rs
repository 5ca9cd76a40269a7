//! Sessions with a made-up engine: what is left of a command that ended, or was given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;

use super::Session;
use crate::cli::failure::Failure;
use crate::protocol::{Event, Request};

#[test]
fn the_engine_ends_before_the_command_does() {
    let ended = Arc::new(AtomicBool::new(false));
    let end = ended.clone();
    let session = Session::scripted(move |_, mut requests| {
        while pollster::block_on(requests.next()).is_some() {}
        // As long as a GPU may take to be given back.
        std::thread::sleep(std::time::Duration::from_millis(50));
        end.store(true, Ordering::Relaxed);
    });
    drop(session);
    assert!(ended.load(Ordering::Relaxed));
}

#[test]
fn what_was_given_up_is_forgotten_before_the_next() {
    let told = |message: &str| Event::Notice { id: Some(1), kind: "old".into(), message: message.into() };
    let (all_told, wait) = std::sync::mpsc::channel();
    let mut session = Session::interrupted(move |emit, mut requests, press| {
        while let Some(request) = pollster::block_on(requests.next()) {
            if matches!(request, Request::Cancel { .. }) {
                emit(told("old"));
                press();
                all_told.send(()).unwrap();
            } else {
                emit(told("new"));
            }
        }
    });
    session.presses.store(2, Ordering::Relaxed);
    session.send(Request::Cancel { id: 1 });
    wait.recv().unwrap();
    session.calm().unwrap();
    assert_eq!(session.presses.load(Ordering::Relaxed), 0, "Ctrl-C counts from here on");
    session.send(Request::Library { id: 2 });
    let Event::Notice { message, .. } = session.next().unwrap() else { panic!() };
    assert_eq!(message, "new");
}

#[test]
fn an_engine_that_fell_over_meanwhile_is_no_longer_asked() {
    let mut session = Session::scripted(|_, _| panic!("made to fail"));
    let failed = loop {
        match session.calm() {
            Ok(()) => std::thread::yield_now(),
            Err(failure) => break failure,
        }
    };
    let Failure::Error { kind, message } = failed else { panic!("{failed:?}") };
    assert!(kind == "panic" && message.contains("made to fail"), "{message}");
}
