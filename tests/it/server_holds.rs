//! What the server holds, over a made-up engine: models by their names, places in the queue, what is left of who left.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use polo::protocol::{
    CatalogueEntry, Event, Library, ModelInfo, ModelSource, Request as Ask, StoredModel, ThoughtFormat,
};
use polo::server::{Named, Server, ServerOptions};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::http::{Script, get, post, posted, send, stored};
use crate::server_guard::hello;

/// A store with a model whose download is not whole, two forms of one repository, and one of the catalogue.
fn library() -> Library {
    let hub = |repo: &str, file: &str| ModelSource::Hub {
        repo: repo.into(),
        revision: Some("abc".into()),
        file: Some(file.into()),
    };
    let part = StoredModel { complete: false, ..stored("c/part:Q4_0") };
    let renamed = StoredModel { source: hub("e/f", "Q8_0"), ..stored("renamed") };
    let entry = |alias: &str, repo: &str| CatalogueEntry {
        alias: alias.into(),
        title: alias.into(),
        about: String::new(),
        source: ModelSource::Hub { repo: repo.into(), revision: None, file: Some("Q8_0".into()) },
        parameters: 1,
        bytes: 1,
        license: String::new(),
        thoughts: ThoughtFormat::None,
    };
    Library {
        models: vec![stored("a/b:Q4_0"), stored("a/b:Q8_0"), part, renamed],
        catalogue: vec![entry("known", "e/f"), entry("elsewhere", "g/h")],
        ..Library::default()
    }
}

#[tokio::test]
async fn names_mean_one_model_that_is_here_whole() {
    let script = Script::telling(|asked| match asked {
        Ask::Library { id } => Some(vec![Event::Library { id: *id, library: library() }]),
        _ => None,
    });
    let first = stored("a/b:Q4_0").name;
    let source = ModelSource::Stored { name: first.clone() };
    let model = Named { name: first, source };
    let server = script.server(ServerOptions { model, ..ServerOptions::default() });
    let loaded = || {
        let asked = script.asked.lock().unwrap();
        let source = asked.iter().rev().find_map(|asked| match asked {
            Ask::Load { source, .. } => Some(source.clone()),
            _ => None,
        });
        source.expect("nothing was loaded")
    };
    for (name, expected) in [
        ("a/b:q8_0", ModelSource::Stored { name: "a/b:Q8_0".into() }),
        ("known", ModelSource::Stored { name: "renamed".into() }),
        // Not the one of the command line here, and never stored.
        ("polo-tiny", ModelSource::Embedded),
    ] {
        let answer = post(&server, "/v1/chat/completions", &hello(&json!({ "model": name }))).await;
        assert_eq!((answer.status, loaded()), (StatusCode::OK, expected), "{name}: {}", answer.text);
    }
    for (name, advised) in [("c/part:q4_0", false), ("a/b", false), ("elsewhere", true)] {
        let answer = post(&server, "/v1/chat/completions", &hello(&json!({ "model": name }))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}: {}", answer.text);
        assert_eq!(answer.text.contains("polo pull elsewhere"), advised, "{}", answer.text);
    }
    let list = get(&server, "/v1/models").await.json();
    let ids: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        ["a/b:Q4_0", "a/b:Q8_0", "renamed", "polo-tiny"],
        "each once, and none that is not whole"
    );
    let tags = get(&server, "/api/tags").await.json();
    let names: Vec<&str> =
        tags["models"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a/b:Q4_0", "a/b:Q8_0", "renamed:latest", "polo-tiny:latest"]);
    // A file that the command line names is listed, too.
    let model = Named { name: "mine".into(), source: ModelSource::Path { path: "mine.gguf".into() } };
    let server = script.server(ServerOptions { model, ..ServerOptions::default() });
    assert!(get(&server, "/api/tags").await.text.contains("\"mine:latest\""));
}

#[tokio::test]
async fn every_reply_of_a_request_takes_a_place_in_the_queue() {
    let script = Script { hangs: true, ..Script::default() };
    let ask = async |server: &Server, path: &str, body: Value| {
        server.app().oneshot(posted(path, body.to_string())).await.unwrap()
    };
    for (path, four) in [
        ("/v1/chat/completions", hello(&json!({ "stream": true, "n": 4 }))),
        ("/v1/completions", json!({ "model": "polo-tiny", "prompt": ["x", "y"], "n": 2, "stream": true })),
    ] {
        let server = script.server(ServerOptions { queue: 5, ..ServerOptions::default() });
        let mut open = ask(&server, path, four).await.into_body().into_data_stream();
        assert!(open.next().await.unwrap().unwrap().starts_with(b"data: "));
        let more = |n: u32| ask(&server, "/v1/chat/completions", hello(&json!({ "n": n, "stream": true })));
        assert_eq!(more(2).await.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}: four of five are taken");
        assert_eq!(more(1).await.status(), StatusCode::OK, "{path}: one is left");
    }
}

#[tokio::test]
async fn a_model_that_the_engine_lost_is_loaded_again() {
    let script = Script::telling(|asked| match asked {
        Ask::Tokenize { id, .. } => Some(vec![
            Event::Failed {
                id: None,
                kind: "gpu_lost".into(),
                message: "the GPU is lost".into(),
                context: None,
            },
            Event::Tokenized { id: *id, tokens: vec![1], texts: vec!["a".into()] },
        ]),
        _ => None,
    });
    let server = script.server(ServerOptions::default());
    let loads = || {
        let asked = script.asked.lock().unwrap();
        asked.iter().filter(|asked| matches!(asked, Ask::Load { .. })).count()
    };
    for _ in 0..2 {
        assert_eq!(post(&server, "/v1/chat/completions", &hello(&json!({}))).await.status, StatusCode::OK);
    }
    assert_eq!(loads(), 1);
    post(&server, "/tokenize", &json!({ "prompt": "x" })).await;
    assert_eq!(get(&server, "/api/ps").await.json()["models"], json!([]), "it is not in memory any more");
    assert_eq!(post(&server, "/v1/chat/completions", &hello(&json!({}))).await.status, StatusCode::OK);
    assert_eq!(loads(), 2);
}

#[tokio::test]
async fn an_engine_that_fell_over_tells_everybody() {
    let script = Script::telling(|asked| {
        assert!(!matches!(asked, Ask::Generate { .. }), "as if there were a bug");
        None
    });
    let server = script.server(ServerOptions::default());
    assert_eq!(get(&server, "/health").await.status, StatusCode::OK);
    // Who waited for it, and who comes later.
    for _ in 0..2 {
        let answer = post(&server, "/v1/chat/completions", &hello(&json!({}))).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", answer.text);
        assert!(answer.text.contains("as if there were a bug"), "{}", answer.text);
    }
    let health = get(&server, "/health").await;
    assert_eq!((health.status, &health.json()["status"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("error")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_model_is_loaded_the_server_is_not_ready() {
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let (held, begun) = (Mutex::new(held), Arc::new(AtomicBool::new(false)));
    let began = begun.clone();
    let script = Script::telling(move |asked| {
        let Ask::Load { id, .. } = asked else { return None };
        began.store(true, Ordering::Relaxed);
        held.lock().unwrap().recv().unwrap();
        Some(vec![Event::Loaded { id: *id, model: ModelInfo { context: 100, ..ModelInfo::default() } }])
    });
    let server = script.server(ServerOptions::default());
    // The first at the start, the other for a request.
    for name in ["", "other"] {
        begun.store(false, Ordering::Relaxed);
        let loading = {
            let server = server.clone();
            tokio::spawn(async move {
                if name.is_empty() {
                    return server.load().await.is_ok();
                }
                post(&server, "/v1/chat/completions", &hello(&json!({ "model": name }))).await.status
                    == StatusCode::OK
            })
        };
        // The name of another model is looked up in the engine's library before.
        while !begun.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let health = get(&server, "/health").await;
        assert_eq!(
            (health.status, health.json()),
            (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "loading" })),
            "{name}"
        );
        let_go.send(()).unwrap();
        assert!(loading.await.unwrap(), "{name}");
        assert_eq!(get(&server, "/health").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_model_in_use_has_no_end_of_its_time() {
    let keep_alive = Some(Duration::from_hours(1));
    let script = Script { hangs: true, ..Script::default() };
    let server = script.server(ServerOptions { keep_alive, ..ServerOptions::default() });
    let ends = async || {
        let running = get(&server, "/api/ps").await.json();
        running["models"][0]["expires_at"].as_str().unwrap()[..4].parse::<u32>().unwrap()
    };
    let load = json!({ "model": "polo-tiny", "messages": [] });
    assert_eq!(post(&server, "/api/chat", &load).await.status, StatusCode::OK);
    let soon = ends().await;
    let asked = posted("/v1/chat/completions", hello(&json!({ "stream": true })).to_string());
    let mut open = server.app().oneshot(asked).await.unwrap().into_body().into_data_stream();
    assert!(open.next().await.unwrap().unwrap().starts_with(b"data: "));
    assert!(ends().await > soon + 50, "not while it is used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_client_that_went_away() {
    let script = Script { hangs: true, ..Script::default() };
    let host = script.host();
    let server = Server::new(host.clone(), ServerOptions::default());
    let asked = posted("/v1/chat/completions", hello(&json!({ "stream": true })).to_string());
    let mut open = server.app().oneshot(asked).await.unwrap().into_body().into_data_stream();
    assert!(open.next().await.unwrap().unwrap().starts_with(b"data: "));
    assert_eq!(host.open_requests(), 1);
    drop(open);
    assert!(script.was_asked(|asked| matches!(asked, Ask::Cancel { .. })));
    assert_eq!(host.open_requests(), 0);
}

/// A body that says how long it is, and does not come.
struct Announced(u64);

impl axum::body::HttpBody for Announced {
    type Data = axum::body::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Pending
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.0)
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_not_waited_for() {
    let server = Script::default().server(ServerOptions::default());
    let most = polo::server::MAX_BODY_BYTES;
    let announced = posted("/v1/chat/completions", Body::new(Announced(most as u64 + 1)));
    assert_eq!(send(&server, announced).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // One that does not say how long it is.
    let pieces = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
    let endless = Request::post("/v1/chat/completions").body(Body::from_stream(pieces)).unwrap();
    assert_eq!(send(&server, endless).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}
