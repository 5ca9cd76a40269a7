//! Our own server as the engine: the same seed and lanes give the tree of this machine, to the bit.

use std::sync::mpsc;

use polo::engine::StoreOptions;
use polo::protocol::{
    Action, Event, LoadOptions, Message, Mode, ModelSource, Prompt, Reflection, Request, Role,
    SamplingOptions, SearchOptions,
};
use polo::server::{Host, Server, ServerOptions};
use serde_json::Value;

use crate::driver::{ID, Seen, drive_source};

/// Polo Tiny behind a port; the server ends with the test's process.
fn serve() -> String {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(format!("http://{}/v1", listener.local_addr().unwrap())).unwrap();
            let home = std::env::temp_dir().join(format!("polo-remote-{}", std::process::id()));
            let home = home.to_string_lossy().into_owned();
            let store = StoreOptions { home, hub_cache: None, offline: true, ..StoreOptions::default() };
            let server = Server::new(Host::start(store), ServerOptions::default());
            server.serve(listener, std::future::pending()).await;
        });
    });
    told.recv().unwrap()
}

fn remote(url: &str) -> ModelSource {
    ModelSource::Remote { url: url.into(), model: None, connections: None, timeout_s: None, thoughts: None }
}

fn question() -> Prompt {
    Prompt::Chat { messages: vec![Message { role: Role::User, content: "What is 305 + 48 * 2?".into() }] }
}

/// Runs one request to its end; a search is exported then.
fn run(source: ModelSource, request: Request) -> Seen {
    let seen = drive_source(source, LoadOptions::default(), vec![request], |event| match event {
        Event::SearchDone { .. } => Some(vec![Request::Export { id: ID }]),
        Event::Done { .. } | Event::Exported { .. } | Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    });
    assert!(seen.failures().is_empty(), "{:?}", seen.failures());
    seen
}

/// The tree with every token, its log-probabilities and its confidence; and the tokens of the question.
fn tree(seen: &Seen) -> (Value, Value) {
    let json: Value = serde_json::from_str(&seen.export().0).unwrap();
    (json["search"].clone(), json["prompt_tokens"].clone())
}

#[test]
fn the_tree_over_our_own_server_is_the_tree_of_this_machine() {
    let url = serve();
    let shapes = [
        (Mode::Mcts, Action::Step, Reflection::Action, 3),
        (Mode::Mcts, Action::MiniStep(12), Reflection::Always, 5),
        (Mode::SelfConsistency, Action::Step, Reflection::Off, 7),
    ];
    for (mode, action, reflection, seed) in shapes {
        let search = SearchOptions {
            mode,
            action,
            reflection,
            rollouts: 8,
            agreement: 1.0,
            lanes: 4,
            // Tight, so that some replies are cut short and have their answers forced.
            path_tokens: 160,
            answer_reserve: 24,
            ..SearchOptions::default()
        };
        let sampling =
            SamplingOptions { seed, temperature: 1.0, top_logprobs: 5, ..SamplingOptions::default() };
        let request = Request::Search { id: ID, prompt: question(), sampling, search };
        let here = run(ModelSource::Embedded, request.clone());
        let there = run(remote(&url), request);
        let notices: Vec<_> =
            there.events.iter().filter(|event| matches!(event, Event::Notice { id: Some(1), .. })).collect();
        assert!(notices.is_empty(), "our own server lacks nothing: {notices:?}");
        let (here_tree, there_tree) = (tree(&here), tree(&there));
        assert_eq!(here_tree.1, there_tree.1, "the question is read as the same tokens");
        let nodes = |tree: &Value| tree["tree"].as_array().map_or(0, Vec::len);
        let least = if mode == Mode::Mcts { 4 } else { 1 };
        let count = nodes(&here_tree.0);
        assert!(count > least, "{mode:?}: {count} nodes are no tree to compare");
        if here_tree.0 != there_tree.0 {
            let (a, b) = (&here_tree.0["tree"], &there_tree.0["tree"]);
            let at = (0..nodes(&here_tree.0)).find(|&at| a[at] != b[at]);
            panic!(
                "{mode:?}: the trees differ first at node {at:?}:\n{}\n{}",
                a[at.unwrap_or(0)],
                b[at.unwrap_or(0)]
            );
        }
        assert_eq!(here.report(), there.report());
    }
}

#[test]
fn a_plain_reply_of_our_own_server_is_the_reply_of_this_machine() {
    let url = serve();
    let sampling = SamplingOptions { seed: 11, temperature: 1.0, choices: 2, ..SamplingOptions::default() };
    let request = Request::Generate { id: ID, prompt: question(), sampling };
    let [here, there] = [ModelSource::Embedded, remote(&url)].map(|source| {
        let seen = run(source, request.clone());
        let done = seen.events.into_iter().find_map(|event| match event {
            Event::Done { replies, .. } => Some(replies),
            _ => None,
        });
        done.expect("it ended")
    });
    // The server tells thought and answer apart, so blank space around the tags may be other space.
    let words = |replies: &[String]| -> Vec<String> {
        replies.iter().map(|reply| reply.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(words(&here), words(&there));
}
