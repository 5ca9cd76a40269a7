//! What reaches the engine of what a request says, field by field, over a made-up engine.

use axum::http::StatusCode;
use polo::protocol::{Event, Message, ModelInfo, Prompt, Request as Ask, Role, SamplingOptions};
use polo::server::{Server, ServerOptions};
use serde_json::{Value, json};

use crate::http::{Script, post};
use crate::server_guard::hello;

/// What the model's files advise: nothing that is a default, and nothing that a request below says.
fn advised() -> SamplingOptions {
    SamplingOptions {
        temperature: 0.75,
        top_p: 0.625,
        top_k: 9,
        min_p: 0.125,
        repeat_penalty: 1.25,
        presence_penalty: 0.5,
        frequency_penalty: 0.75,
        ..SamplingOptions::default()
    }
}

fn advising() -> (Script, Server) {
    let script = Script::telling(|asked| match asked {
        Ask::Load { id, .. } => {
            let model = ModelInfo { context: 100, sampling: Some(advised()), ..ModelInfo::default() };
            Some(vec![Event::Loaded { id: *id, model }])
        }
        _ => None,
    });
    let server = script.server(ServerOptions::default());
    (script, server)
}

/// The engine's options after this request, as JSON.
async fn options_of(script: &Script, server: &Server, path: &str, body: &Value) -> Value {
    let answer = post(server, path, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{body}: {}", answer.text);
    serde_json::to_value(script.generated().1).unwrap()
}

fn with(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn text(more: &Value) -> Value {
    with(json!({ "model": "polo-tiny", "prompt": "x" }), more)
}

/// What is given, which option of the engine's it is, and what that must be: where both interfaces have one name for it.
fn named_alike() -> Vec<(Value, &'static str, Value)> {
    vec![
        (json!({ "temperature": 0.25 }), "temperature", json!(0.25)),
        (json!({ "top_p": 0.5 }), "top_p", json!(0.5)),
        (json!({ "top_k": 3 }), "top_k", json!(3)),
        (json!({ "top_k": -1 }), "top_k", json!(0)),
        (json!({ "min_p": 0.0625 }), "min_p", json!(0.0625)),
        (json!({ "seed": 42 }), "seed", json!(42)),
        (json!({ "presence_penalty": 1.5 }), "presence_penalty", json!(1.5)),
        (json!({ "frequency_penalty": -0.5 }), "frequency_penalty", json!(-0.5)),
        (json!({ "stop": ["a", "b"] }), "stop", json!(["a", "b"])),
    ]
}

#[tokio::test]
async fn every_field_of_openais_reaches_the_engine() {
    let (script, server) = advising();
    let own = vec![
        (json!({ "seed": -1 }), "seed", json!(u64::MAX)),
        (json!({ "n": 3 }), "choices", json!(3)),
        (json!({ "repetition_penalty": 1.5 }), "repeat_penalty", json!(1.5)),
        (json!({ "logit_bias": { "5": -3, "7": 2.5 } }), "logit_bias", json!([[5, -3.0], [7, 2.5]])),
        (json!({ "stop": "END" }), "stop", json!(["END"])),
        (json!({ "max_tokens": 12 }), "max_new_tokens", json!(12)),
        (json!({ "first_choice": 4 }), "first_choice", json!(4)),
        (json!({ "ignore_eos": true }), "ignore_end", json!(true)),
        (json!({ "response_format": { "type": "json_object" } }), "format", json!({ "type": "json_object" })),
        (
            json!({ "response_format": { "type": "json_schema", "json_schema": { "schema": { "a": 1 } } } }),
            "format",
            json!({ "type": "json_schema", "schema": { "a": 1 } }),
        ),
        // As huggingface_hub has sent it, and as TGI took it.
        (
            json!({ "response_format": { "type": "json_object", "value": { "a": 1 } } }),
            "format",
            json!({ "type": "json_schema", "schema": { "a": 1 } }),
        ),
        (
            json!({ "response_format": { "type": "json", "value": { "a": 1 } } }),
            "format",
            json!({ "type": "json_schema", "schema": { "a": 1 } }),
        ),
        (json!({ "response_format": { "type": "text" } }), "format", Value::Null),
    ];
    let cases = [named_alike(), own].concat();
    for (more, name, expected) in &cases {
        for (path, body) in [("/v1/chat/completions", hello(more)), ("/v1/completions", text(more))] {
            let options = options_of(&script, &server, path, &body).await;
            assert_eq!(options[name], *expected, "{more} on {path}");
        }
    }
    let advice = serde_json::to_value(advised()).unwrap();
    for (path, body) in [("/v1/chat/completions", hello(&json!({}))), ("/v1/completions", text(&json!({})))] {
        let options = options_of(&script, &server, path, &body).await;
        for name in cases.iter().map(|(_, name, _)| *name) {
            let own = ["seed", "max_new_tokens"].contains(&name);
            assert!(own || options[name] == advice[name], "without a word the model's advice counts: {name}");
        }
        let again = options_of(&script, &server, path, &body).await;
        assert_ne!(options["seed"], again["seed"], "nobody can know it before");
    }
}

#[tokio::test]
async fn lengths_and_log_probabilities_are_each_interfaces_own() {
    let (script, server) = advising();
    let options = async |path: &str, body: Value| options_of(&script, &server, path, &body).await;
    let chat = async |more: Value| options("/v1/chat/completions", hello(&more)).await;
    assert_eq!(chat(json!({})).await["max_new_tokens"], 100, "a chat may fill the context");
    assert_eq!(
        chat(json!({ "max_tokens": 9, "max_completion_tokens": 7 })).await["max_new_tokens"],
        7,
        "the newer name counts"
    );
    let told = chat(json!({ "logprobs": true, "top_logprobs": 2 })).await;
    assert_eq!((&told["top_logprobs"], &told["token_bytes"]), (&json!(2), &json!(true)));
    assert_eq!(chat(json!({})).await["token_bytes"], Value::Null);
    let plain = options("/v1/completions", text(&json!({}))).await;
    assert_eq!((&plain["max_new_tokens"], &plain["verbatim"]), (&json!(16), &json!(true)));
    let told = options("/v1/completions", text(&json!({ "logprobs": 3, "echo": true }))).await;
    assert_eq!(
        (&told["top_logprobs"], &told["token_bytes"], &told["echo"]),
        (&json!(3), &json!(true), &json!(true))
    );
}

#[tokio::test]
async fn every_option_of_ollamas_reaches_the_engine() {
    let (script, server) = advising();
    let ask = |options: &Value| {
        let chat = json!({ "model": "polo-tiny", "messages": [{ "role": "user", "content": "Hi" }], "options": options });
        let generate = json!({ "model": "polo-tiny", "prompt": "Hi", "options": options });
        [("/api/chat", chat), ("/api/generate", generate)]
    };
    let own = vec![
        (json!({ "num_predict": 12 }), "max_new_tokens", json!(12)),
        (json!({ "num_predict": -1 }), "max_new_tokens", json!(100)),
        (json!({}), "max_new_tokens", json!(100)),
        (json!({ "repeat_penalty": 1.5 }), "repeat_penalty", json!(1.5)),
        (json!({ "num_ctx": 4096, "num_thread": 8 }), "temperature", json!(0.75)),
    ];
    for (given, name, expected) in &[named_alike(), own].concat() {
        for (path, body) in ask(given) {
            assert_eq!(options_of(&script, &server, path, &body).await[name], *expected, "{given} on {path}");
        }
    }
    for (more, name, expected) in [
        (json!({ "format": "json" }), "format", json!({ "type": "json_object" })),
        (json!({ "format": { "a": 1 } }), "format", json!({ "type": "json_schema", "schema": { "a": 1 } })),
        (json!({ "format": "" }), "format", Value::Null),
        (json!({ "logprobs": true, "top_logprobs": 4 }), "top_logprobs", json!(4)),
        (json!({ "logprobs": true, "top_logprobs": 4 }), "token_bytes", json!(true)),
    ] {
        for (path, body) in ask(&json!({})) {
            let options = options_of(&script, &server, path, &with(body, &more)).await;
            assert_eq!(options[name], expected, "{more} on {path}");
        }
    }
    let advice = serde_json::to_value(advised()).unwrap();
    let [(path, body), _] = ask(&json!({}));
    let options = options_of(&script, &server, path, &body).await;
    for name in ["temperature", "top_p", "top_k", "min_p", "repeat_penalty", "presence_penalty"] {
        assert_eq!(options[name], advice[name], "without a word the model's advice counts: {name}");
    }
}

fn said(role: Role, content: &str) -> Message {
    Message { role, content: content.into() }
}

#[tokio::test]
async fn conversations_reach_the_engine_as_they_are() {
    let (script, server) = advising();
    let ask = async |path: &str, body: Value| {
        let answer = post(&server, path, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{body}: {}", answer.text);
        script.generated()
    };
    let chat = |messages: Value| json!({ "model": "polo-tiny", "messages": messages });
    let parts = json!([
        { "role": "developer", "content": "Be brief." },
        { "role": "user", "content": [{ "type": "text", "text": "one " }, { "type": "text", "text": "two" }] },
        { "role": "assistant", "content": null },
        { "role": "user", "content": "three" },
    ]);
    let messages = vec![
        said(Role::System, "Be brief."),
        said(Role::User, "one two"),
        said(Role::Assistant, ""),
        said(Role::User, "three"),
    ];
    assert_eq!(ask("/v1/chat/completions", chat(parts)).await.0, Prompt::Chat { messages });
    // What the assistant has begun to say goes on, on both interfaces.
    let begun = json!([{ "role": "user", "content": "Hi" }, { "role": "assistant", "content": "He" }]);
    let hi = Prompt::Chat { messages: vec![said(Role::User, "Hi")] };
    for path in ["/v1/chat/completions", "/api/chat"] {
        let (prompt, sampling) = ask(path, chat(begun.clone())).await;
        assert_eq!((&prompt, sampling.prefix.as_slice()), (&hi, &[1, 2][..]), "{path}");
        let asked = script.asked.lock().unwrap();
        let raw =
            |asked: &Ask| matches!(asked, Ask::Tokenize { prompt: Prompt::Raw { text }, .. } if text == "He");
        assert!(asked.iter().any(raw), "{path}");
        drop(asked);
        script.asked.lock().unwrap().clear();
    }
    // What has a format has it from where the reply goes on: the beginning is a part of the prompt.
    let formatted = with(chat(begun), &json!({ "response_format": { "type": "json_object" } }));
    let (prompt, sampling) = ask("/v1/chat/completions", formatted).await;
    assert_eq!(prompt, Prompt::Tokens { tokens: vec![1, 2, 1, 2] });
    assert!(sampling.prefix.is_empty() && sampling.format.is_some());
    let generate = json!({ "model": "polo-tiny", "system": "Be brief.", "prompt": "Hi" });
    let messages = vec![said(Role::System, "Be brief."), said(Role::User, "Hi")];
    assert_eq!(ask("/api/generate", generate).await.0, Prompt::Chat { messages });
    let marked = |text: &str| Prompt::Marked { text: text.into() };
    let raw = json!({ "model": "polo-tiny", "raw": true, "prompt": "<|x|>" });
    assert_eq!(ask("/api/generate", raw).await.0, marked("<|x|>"));
    assert_eq!(
        ask("/v1/completions", text(&json!({ "parse_special": true }))).await.0,
        marked("x"),
        "special tokens count where that is asked for"
    );
    assert_eq!(ask("/v1/completions", text(&json!({}))).await.0, Prompt::Raw { text: "x".into() });
    assert_eq!(
        ask("/v1/completions", text(&json!({ "prompt": [3, 4] }))).await.0,
        Prompt::Tokens { tokens: vec![3, 4] }
    );
    for (more, expected) in
        [(json!({ "parse_special": true }), marked("x")), (json!({}), Prompt::Raw { text: "x".into() })]
    {
        script.asked.lock().unwrap().clear();
        assert_eq!(post(&server, "/tokenize", &text(&more)).await.status, StatusCode::OK);
        let asked = script.asked.lock().unwrap();
        let same = |asked: &Ask| matches!(asked, Ask::Tokenize { prompt, .. } if *prompt == expected);
        assert!(asked.iter().any(same), "{more}: {asked:?}");
    }
}

#[tokio::test]
async fn what_no_reply_can_come_of_is_refused() {
    let (script, server) = advising();
    let function = json!([{ "type": "function" }]);
    let called = json!({ "role": "assistant", "content": "", "tool_calls": function });
    for (path, body) in [
        (
            "/v1/chat/completions",
            hello(&json!({ "messages": [{ "role": "assistant", "content": "only I" }] })),
        ),
        (
            "/v1/chat/completions",
            hello(&json!({ "messages": [called, { "role": "user", "content": "Hi" }] })),
        ),
        ("/v1/chat/completions", hello(&json!({ "modalities": ["text", "audio"] }))),
        ("/v1/chat/completions", hello(&json!({ "search": true, "logprobs": true }))),
        // A list could be taken for the fields of a body in their order.
        ("/v1/chat/completions", json!(["polo-tiny", [{ "role": "user", "content": "Hi" }]])),
        ("/v1/completions", text(&json!({ "prompt": "" }))),
        ("/v1/completions", text(&json!({ "prompt": vec!["x"; 65] }))),
        ("/v1/completions", text(&json!({ "prompt": [["x"]] }))),
        ("/v1/completions", text(&json!({ "n": 2, "best_of": 1 }))),
        ("/api/chat", hello(&json!({ "tools": function }))),
        (
            "/api/chat",
            hello(&json!({ "messages": [{ "role": "user", "content": "Hi", "images": ["AA=="] }] })),
        ),
        ("/api/generate", text(&json!({ "images": ["AA=="] }))),
        ("/api/delete", json!({ "model": "polo-tiny" })),
    ] {
        let answer = if path == "/api/delete" {
            let request = axum::http::Request::delete(path).body(body.to_string().into()).unwrap();
            crate::http::send(&server, request).await
        } else {
            post(&server, path, &body).await
        };
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {body}: {}", answer.text);
    }
    let asked = script.asked.lock().unwrap().clone();
    assert!(
        !asked.iter().any(|asked| matches!(asked, Ask::Generate { .. } | Ask::Remove { .. })),
        "{asked:?}"
    );
    // Empty lists of tools are what some clients send who have none.
    for (path, body) in [
        ("/v1/chat/completions", hello(&json!({ "tools": [], "modalities": ["text"] }))),
        ("/v1/completions", text(&json!({ "n": 2, "best_of": 2 }))),
        ("/api/chat", hello(&json!({ "tools": [] }))),
    ] {
        assert_eq!(post(&server, path, &body).await.status, StatusCode::OK, "{path} {body}");
    }
}
