//! Bodies that nobody sane would send: random, deep, huge.

use polo::server::Server;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::http::{posted, send};
use crate::server_guard::{hello, server};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let names = prop_oneof!["role", "content", "type", "text", "preset", "lanes", "schema", ".{0,6}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((names, inner), 0..5).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

const PATHS: [&str; 9] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/tokenize",
    "/detokenize",
    "/api/chat",
    "/api/generate",
    "/api/show",
    "/api/pull",
    "/api/embed",
];

const FIELDS: [&str; 24] = [
    "model",
    "messages",
    "prompt",
    "stream",
    "stream_options",
    "temperature",
    "top_k",
    "seed",
    "n",
    "stop",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "response_format",
    "search",
    "reasoning_effort",
    "tools",
    "options",
    "format",
    "keep_alive",
    "think",
    "raw",
    "tokens",
    "max_tokens",
];

/// Whatever comes, the answer is an answer: below 500, or 501, in JSON, and the server goes on.
fn survives(server: &Server, path: &str, body: Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(send(server, posted(path, body)));
    let status = answer.status.as_u16();
    assert!(status < 500 || status == 501, "{path}: {status} {}", answer.text);
    if status >= 400 {
        assert!(answer.json().get("error").is_some());
    }
}

#[test]
fn random_bodies_are_answered() {
    let server = server();
    proptest!(|(path in proptest::sample::select(&PATHS[..]), body in proptest::collection::vec(any::<u8>(), 0..200))| {
        survives(&server, path, body);
    });
    let fields = proptest::collection::vec((proptest::sample::select(&FIELDS[..]), any_json()), 0..6);
    proptest!(|(path in proptest::sample::select(&PATHS[..]), fields in fields, sound in any::<bool>())| {
        let mut body = if sound { hello(&json!({ "prompt": "x", "tokens": [1] })) } else { json!({}) };
        for (name, value) in fields {
            body[name] = value;
        }
        survives(&server, path, body.to_string().into_bytes());
    });
}

#[test]
fn deep_and_huge_bodies_are_answered() {
    let server = server();
    for path in PATHS {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            survives(&server, path, deep.clone().into_bytes());
            let inside = format!(
                "{{\"model\":\"polo-tiny\",\"messages\":{deep},\"prompt\":{deep},\"format\":{deep}}}"
            );
            survives(&server, path, inside.into_bytes());
        }
        let many = vec![json!({ "role": "user", "content": "x" }); 100_000];
        let stops = vec!["x"; 100_000];
        let body =
            json!({ "model": "polo-tiny", "messages": many, "prompt": vec![1; 500_000], "stop": stops });
        survives(&server, path, body.to_string().into_bytes());
    }
}
