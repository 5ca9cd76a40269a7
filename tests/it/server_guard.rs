//! What the server does with wrong, hostile and too many requests, over a made-up engine.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use polo::protocol::{ModelSource, Request as Ask};
use polo::server::{MAX_BODY_BYTES, Server, ServerOptions};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::http::{Script, get, post, posted, send};

pub(crate) fn server() -> Server {
    Script::default().server(ServerOptions::default())
}

pub(crate) fn hello(more: &Value) -> Value {
    let mut body = json!({ "model": "polo-tiny", "messages": [{ "role": "user", "content": "Hi" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn errors_have_openais_shape() {
    let server = server();
    let cases = [
        (json!({ "tools": [{ "type": "function" }] }), "tools", "unsupported_parameter"),
        (json!({ "temperature": 9 }), "temperature", ""),
        (json!({ "temperature": "warm" }), "temperature", ""),
        (json!({ "n": 0 }), "n", ""),
        (json!({ "n": 65 }), "n", ""),
        (json!({ "max_tokens": 0 }), "max_tokens", ""),
        (json!({ "max_tokens": -1 }), "max_tokens", ""),
        (json!({ "top_logprobs": 21, "logprobs": true }), "top_logprobs", ""),
        (json!({ "top_logprobs": 2 }), "top_logprobs", ""),
        (json!({ "stop": [1] }), "stop", ""),
        (json!({ "stop": [""] }), "stop", ""),
        (json!({ "seed": 1.5 }), "seed", ""),
        (json!({ "logit_bias": { "x": 1 } }), "logit_bias", ""),
        (json!({ "response_format": { "type": "xml" } }), "response_format.type", ""),
        (json!({ "search": { "lanes": 99 } }), "search.lanes", ""),
        (json!({ "search": { "wings": 2 } }), "search.wings", ""),
        (json!({ "search": true, "n": 2 }), "search", "unsupported_parameter"),
        (json!({ "reasoning_effort": "immense" }), "reasoning_effort", ""),
        (json!({ "messages": [] }), "messages", ""),
        (json!({ "messages": "Hi" }), "messages", ""),
        (
            json!({ "messages": [{ "role": "tool", "content": "x" }] }),
            "messages[0].role",
            "unsupported_parameter",
        ),
        (json!({ "messages": [{ "role": "cat", "content": "x" }] }), "messages[0].role", ""),
        (json!({ "messages": [{ "role": "user" }] }), "messages[0].content", ""),
        (json!({ "messages": [{ "content": "x" }] }), "messages[0]", ""),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url" }] }] }),
            "messages[0].content[0]",
            "unsupported_parameter",
        ),
    ];
    for (more, param, code) in cases {
        let answer = post(&server, "/v1/chat/completions", &hello(&more)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{more}: {}", answer.text);
        let error = &answer.json()["error"];
        assert_eq!(
            (&error["type"], &error["param"]),
            (&json!("invalid_request_error"), &json!(param)),
            "{error}"
        );
        assert_eq!(error["code"].as_str().unwrap_or_default(), code, "{error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    let missing = post(&server, "/v1/chat/completions", &json!({ "model": "polo-tiny" })).await;
    assert_eq!(
        (missing.status, &missing.json()["error"]["param"]),
        (StatusCode::BAD_REQUEST, &json!("messages"))
    );
    for body in ["", "{", "[]", "null", "{\"model\": }"] {
        let answer = send(&server, posted("/v1/chat/completions", body)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    }
    let list = send(&server, posted("/v1/chat/completions", "[]")).await;
    assert!(list.text.contains("an array, expected a JSON object"), "{}", list.text);
    for more in [
        json!({ "suffix": "x" }),
        json!({ "best_of": 3 }),
        json!({ "prompt": [] }),
        json!({ "prompt": [-1] }),
    ] {
        let mut body = json!({ "model": "polo-tiny", "prompt": "x" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(post(&server, "/v1/completions", &body).await.status, StatusCode::BAD_REQUEST, "{more}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_clients_words() {
    let server = server();
    let unknown = post(&server, "/v1/chat/completions", &hello(&json!({ "model": "gpt-9" }))).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.json()["error"]["code"], "model_not_found");
    let path = get(&server, "/v1/nothing").await;
    assert_eq!((path.status, &path.json()["error"]["code"]), (StatusCode::NOT_FOUND, &json!("unknown_url")));
    let method = get(&server, "/v1/chat/completions").await;
    assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(method.json()["error"]["code"], "method_not_allowed");
    let ollama = post(&server, "/api/chat", &json!({ "model": "gpt-9", "messages": [] })).await;
    assert_eq!(ollama.status, StatusCode::NOT_FOUND);
    assert!(ollama.json()["error"].as_str().unwrap().contains("gpt-9"), "{}", ollama.text);
    let form = Request::post("/v1/chat/completions").header("content-type", "text/plain");
    let answer = send(&server, form.body(Body::from("{}")).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let large = posted("/v1/chat/completions", vec![b' '; MAX_BODY_BYTES + 1]);
    assert_eq!(send(&server, large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn no_name_reaches_a_file_or_an_address() {
    let script = Script::default();
    let server = script.server(ServerOptions::default());
    for name in [
        "/etc/passwd",
        "../../x.gguf",
        "./m.gguf",
        "file:///etc/passwd",
        "http://127.0.0.1:1/x.gguf",
        "https://evil.org/m.gguf",
        "user/repo",
        "..%2f..%2fetc",
        "a/b:../../x",
        "C:\\x.gguf",
        "\u{0}",
        "opfs:/x",
    ] {
        for (path, body) in [
            ("/v1/chat/completions", hello(&json!({ "model": name }))),
            ("/v1/completions", json!({ "model": name, "prompt": "x" })),
            ("/tokenize", json!({ "model": name, "prompt": "x" })),
            ("/api/chat", json!({ "model": name, "messages": [] })),
            ("/api/show", json!({ "model": name })),
        ] {
            let answer = post(&server, path, &body).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} on {path}: {}", answer.text);
        }
    }
    for name in ["/etc/passwd", "../m.gguf", "http://127.0.0.1:1/x.gguf", "https://evil.org/m.gguf"] {
        let answer = post(&server, "/api/pull", &json!({ "model": name })).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}: {}", answer.text);
    }
    assert!(script.asked.lock().unwrap().iter().all(|asked| matches!(asked, Ask::Library { .. })));
}

#[tokio::test]
async fn the_key_is_asked_for() {
    let key = Some("secret".to_owned());
    let server = Script::default().server(ServerOptions { api_key: key, ..ServerOptions::default() });
    for (header, status) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some("Bearer wrong!"), StatusCode::UNAUTHORIZED),
        (Some("Bearer secret2"), StatusCode::UNAUTHORIZED),
        (Some("secret"), StatusCode::UNAUTHORIZED),
        (Some("Digest secret"), StatusCode::UNAUTHORIZED),
        (Some("Bearer secret"), StatusCode::OK),
        (Some("bearer  secret "), StatusCode::OK),
    ] {
        for path in ["/v1/models", "/api/tags", "/metrics"] {
            let mut request = Request::get(path);
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let answer = send(&server, request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, status, "{header:?} {path}");
            if status == StatusCode::UNAUTHORIZED {
                let error = &answer.json()["error"];
                assert_eq!(answer.headers["www-authenticate"], "Bearer");
                // In the words of whoever asks.
                assert!(if path == "/api/tags" {
                    error.is_string()
                } else {
                    error["code"] == "invalid_api_key"
                });
            }
        }
    }
    assert_eq!(get(&server, "/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_of_others_may_not_ask() {
    let options = ServerOptions { cors: vec!["https://friend.org".into()], ..ServerOptions::default() };
    let server = Script::default().server(options);
    let ask = |name: &'static str, value: &'static str| {
        let request = Request::get("/v1/models").header("host", "127.0.0.1:11435").header(name, value);
        request.body(Body::empty()).unwrap()
    };
    for (name, value, status) in [
        ("origin", "https://evil.org", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("origin", "http://localhost.evil.org", StatusCode::FORBIDDEN),
        ("origin", "https://friend.org", StatusCode::OK),
        ("origin", "http://localhost:3000", StatusCode::OK),
    ] {
        let answer = send(&server, ask(name, value)).await;
        assert_eq!(answer.status, status, "{value}");
        let allowed = answer.headers.get("access-control-allow-origin");
        assert_eq!(allowed.is_some(), status == StatusCode::OK, "{value}");
    }
    // To a server that listens to others its own page comes from the name that it is asked by.
    let open = Script::default().server(ServerOptions { host: "0.0.0.0".into(), ..ServerOptions::default() });
    for (origin, status) in
        [("http://desk.lan:11435", StatusCode::OK), ("http://evil.org:11435", StatusCode::FORBIDDEN)]
    {
        let request = Request::get("/v1/models").header("host", "desk.lan:11435").header("origin", origin);
        assert_eq!(send(&open, request.body(Body::empty()).unwrap()).await.status, status, "{origin}");
    }
    // A name that was made to point here.
    let rebound = Request::get("/v1/models").header("host", "evil.org:11435").body(Body::empty()).unwrap();
    assert_eq!(send(&server, rebound).await.status, StatusCode::FORBIDDEN);
    let preflight = Request::options("/v1/chat/completions")
        .header("origin", "https://friend.org")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,x-stainless-os");
    let answer = send(&server, preflight.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers["access-control-allow-headers"].to_str().unwrap().contains("x-stainless-os"));
}

// Threads of their own: the test waits, and what was dropped ends meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_frees_its_work() {
    let script = Script { hangs: true, ..Script::default() };
    let options = ServerOptions { queue: 2, ..ServerOptions::default() };
    let server = script.server(options);
    let ask = || posted("/v1/chat/completions", hello(&json!({ "stream": true })).to_string());
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = server.app().oneshot(ask()).await.unwrap().into_body().into_data_stream();
        assert!(stream.next().await.unwrap().unwrap().starts_with(b"data: "));
        streams.push(stream);
    }
    let full = send(&server, ask()).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(full.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(full.json()["error"]["type"], "server_error");
    drop(streams.pop());
    assert!(script.was_asked(|asked| matches!(asked, Ask::Cancel { .. })));
    let again = server.app().oneshot(ask()).await.unwrap();
    assert_eq!(again.status(), StatusCode::OK, "there is room again");
    // Without a stream it is the same.
    drop((streams, again));
    let asked = script.asked.lock().unwrap().len();
    // What was dropped ends on another thread: until then there may be no room.
    let mut hung = false;
    for _ in 0..200 {
        let plain = send(&server, posted("/v1/chat/completions", hello(&json!({})).to_string()));
        match tokio::time::timeout(Duration::from_millis(300), plain).await {
            Err(_) => {
                hung = true;
                break;
            }
            Ok(answer) => assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(hung, "there is never room again");
    let later = |script: &Script| {
        script.asked.lock().unwrap()[asked..].iter().any(|asked| matches!(asked, Ask::Cancel { .. }))
    };
    for _ in 0..200 {
        if later(&script) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the work of a client that went away goes on");
}

#[tokio::test]
async fn models_change_between_requests() {
    let script = Script::default();
    let keep_alive = Some(Duration::ZERO);
    let server = script.server(ServerOptions { keep_alive, ..ServerOptions::default() });
    let loads = || {
        let asked = script.asked.lock().unwrap();
        let loads = asked.iter().filter_map(|asked| match asked {
            Ask::Load { source: ModelSource::Stored { name }, .. } => Some(name.clone()),
            Ask::Load { .. } => Some("tiny".into()),
            Ask::Unload { .. } => Some("-".into()),
            _ => None,
        });
        loads.collect::<Vec<_>>()
    };
    for name in ["polo-tiny", "Polo-Tiny:latest", "", "dummy", "other:latest", "OTHER", "a/b:q4_0", "a/b"] {
        let answer = post(&server, "/v1/chat/completions", &hello(&json!({ "model": name }))).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text);
    }
    assert_eq!(loads(), ["tiny", "other", "a/b:Q4_0"]);
    let running = get(&server, "/api/ps").await.json();
    assert_eq!(running["models"][0]["name"], "a/b:Q4_0");
    assert!(server.tidy().await && !server.tidy().await, "its time is over, once");
    assert_eq!(loads().last().unwrap(), "-");
    assert_eq!(get(&server, "/api/ps").await.json()["models"], json!([]));
    assert_eq!(
        get(&server, "/health").await.status,
        StatusCode::OK,
        "it is loaded again when it is asked for"
    );
    let kept = json!({ "model": "other", "messages": [], "keep_alive": -1 });
    assert_eq!(post(&server, "/api/chat", &kept).await.json()["done_reason"], "load");
    assert!(!server.tidy().await, "for ever");
    let gone = json!({ "model": "other", "keep_alive": 0 });
    assert_eq!(post(&server, "/api/generate", &gone).await.json()["done_reason"], "unload");
    assert_eq!(loads()[3..], ["-", "other", "-"]);
    let refusing = Script { refuses: true, ..Script::default() }.server(ServerOptions::default());
    let answer = post(&refusing, "/v1/chat/completions", &hello(&json!({}))).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.json()["error"]["code"], "out_of_memory");
}

#[tokio::test]
async fn shutting_down_waits_for_replies_and_tells_the_rest() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let script = Script { hangs: true, ..Script::default() };
    let grace = Duration::from_millis(300);
    let server = script.server(ServerOptions { grace, ..ServerOptions::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn({
        let server = server.clone();
        async move { server.serve(listener, async { drop(stopped.await) }).await }
    });
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = hello(&json!({ "stream": true })).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    client.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut first = [0; 15];
    client.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stop.send(()).unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("shutting_down") && !rest.contains("[DONE]"), "{rest}");
    tokio::time::timeout(Duration::from_secs(10), serving).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_description_names_every_endpoint() {
    let source = include_str!("../../src/server/mod.rs");
    let route = |rest: &str| rest.split('"').next().unwrap().replace("{*id}", "{id}");
    let mut routes: Vec<String> = source.split(".route(\"").skip(1).map(route).collect();
    routes.sort();
    let answer = get(&server(), "/openapi.json").await.json();
    let paths = answer["paths"].as_object().unwrap();
    let mut described: Vec<String> = paths.keys().cloned().collect();
    described.sort();
    assert_eq!(described, routes);
    let server = server();
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            let request =
                Request::builder().method(method.to_uppercase().as_str()).uri(path.replace("{id}", "x"));
            let answer = send(&server, request.body(Body::empty()).unwrap()).await;
            assert!(
                !["unknown_url", "method_not_allowed"].iter().any(|code| answer.text.contains(code)),
                "{path}"
            );
        }
    }
}
