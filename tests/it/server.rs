//! Polo Tiny behind the server: OpenAI's interface, to the field.

use std::sync::OnceLock;

use axum::http::StatusCode;
use polo::engine::StoreOptions;
use polo::server::{Host, Server, ServerOptions};
use serde_json::{Value, json};

use crate::http::{Answer, get, post};

/// One engine for all tests here: they are answered beside one another, as clients are.
pub(crate) fn tiny() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let home = std::env::temp_dir().join(format!("polo-server-{}", std::process::id()));
        let home = home.to_string_lossy().into_owned();
        let store = StoreOptions { home, hub_cache: None, offline: true, ..StoreOptions::default() };
        Server::new(Host::start(store), ServerOptions::default())
    })
}

fn question(more: &Value) -> Value {
    let mut body = json!({
        "model": "polo-tiny",
        "messages": [{ "role": "user", "content": "What is 12 + 34 * 5?" }],
        "temperature": 0,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn chat(more: &Value) -> Answer {
    post(tiny(), "/v1/chat/completions", &question(more)).await
}

#[tokio::test]
async fn a_chat_has_thought_answer_and_usage() {
    let answer = chat(&json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/json");
    let value = answer.json();
    assert_eq!((&value["object"], &value["model"]), (&json!("chat.completion"), &json!("polo-tiny")));
    assert!(value["id"].as_str().unwrap().starts_with("chatcmpl-") && value["created"].as_u64().unwrap() > 0);
    let choice = &value["choices"][0];
    assert_eq!((&choice["index"], &choice["finish_reason"]), (&json!(0), &json!("stop")));
    assert_eq!(choice["message"]["role"], "assistant");
    assert!(choice["message"]["content"].as_str().unwrap().contains("182"), "{choice}");
    assert!(choice["message"]["reasoning_content"].as_str().unwrap().contains("170"), "{choice}");
    let usage = &value["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(count("prompt_tokens") + count("completion_tokens"), count("total_tokens"));
    let thought = usage["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap();
    assert!(0 < thought && thought < count("completion_tokens"));
    assert!(usage["prompt_tokens_details"]["cached_tokens"].is_u64());
}

#[tokio::test]
async fn a_stream_is_the_same_reply_in_pieces() {
    let whole = chat(&json!({})).await.json();
    let streamed = chat(&json!({ "stream": true, "stream_options": { "include_usage": true } })).await;
    assert_eq!(streamed.headers["content-type"], "text/event-stream");
    let mut chunks = streamed.chunks();
    let last = chunks.pop().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["completion_tokens"], whole["usage"]["completion_tokens"]);
    let first = &chunks[0];
    assert_eq!(first["object"], "chat.completion.chunk");
    assert_eq!(first["choices"][0]["delta"], json!({ "role": "assistant", "content": "" }));
    let end = chunks.last().unwrap();
    assert_eq!(
        (&end["choices"][0]["delta"], &end["choices"][0]["finish_reason"]),
        (&json!({}), &json!("stop"))
    );
    let (mut thought, mut content) = (String::new(), String::new());
    for chunk in &chunks {
        assert_eq!((&chunk["id"], chunk.get("usage")), (&first["id"], Some(&Value::Null)));
        let delta = &chunk["choices"][0]["delta"];
        thought.push_str(delta["reasoning_content"].as_str().unwrap_or_default());
        content.push_str(delta["content"].as_str().unwrap_or_default());
        if chunk != end {
            assert_eq!(chunk["choices"][0]["finish_reason"], Value::Null);
        }
    }
    let message = &whole["choices"][0]["message"];
    assert_eq!((&json!(content), &json!(thought)), (&message["content"], &message["reasoning_content"]));
    assert!(chunks.len() > 10, "it comes in pieces");
    let without = chat(&json!({ "stream": true })).await.chunks();
    assert!(without.iter().all(|chunk| chunk.get("usage").is_none()));
}

#[tokio::test]
async fn log_probabilities_cover_every_token() {
    let value = chat(&json!({ "logprobs": true, "top_logprobs": 3 })).await.json();
    let told = &value["choices"][0]["logprobs"];
    let mut entries = told["reasoning_content"].as_array().unwrap().clone();
    entries.extend(told["content"].as_array().unwrap().clone());
    assert_eq!(entries.len() as u64, value["usage"]["completion_tokens"].as_u64().unwrap());
    let (end, said) = entries.split_last().unwrap();
    assert_eq!((&end["bytes"], &end["token"]), (&json!([]), &json!("")), "the end is no text");
    for entry in said {
        let bytes: Vec<u8> = serde_json::from_value(entry["bytes"].clone()).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), entry["token"].as_str().unwrap());
        let top = entry["top_logprobs"].as_array().unwrap();
        // Greedy: the first alternative is the token.
        assert_eq!((top.len(), &top[0]["id"], &top[0]["logprob"]), (3, &entry["id"], &entry["logprob"]));
        assert!(entry["logprob"].as_f64().unwrap() <= 0.0);
    }
    let text: String = said.iter().map(|entry| entry["token"].as_str().unwrap()).collect();
    assert!(text.contains("182") && text.contains("170"), "{text}");
    let streamed = chat(&json!({ "logprobs": true, "top_logprobs": 3, "stream": true })).await.chunks();
    let mut again = Vec::new();
    for chunk in &streamed {
        for name in ["reasoning_content", "content"] {
            again.extend(chunk["choices"][0]["logprobs"][name].as_array().cloned().unwrap_or_default());
        }
    }
    let ids = |list: &[Value]| list.iter().map(|entry| entry["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&entries));
}

#[tokio::test]
async fn several_replies_lengths_and_stops() {
    let ask = json!({ "n": 3, "temperature": 1.0, "seed": 7, "max_tokens": 40 });
    let value = chat(&ask).await.json();
    let contents = |value: &Value| {
        let choices = value["choices"].as_array().unwrap();
        choices.iter().map(|choice| choice["message"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(contents(&value).len(), 3);
    assert_eq!(contents(&chat(&ask).await.json()), contents(&value), "the same seed says the same");
    let second =
        chat(&json!({ "first_choice": 1, "temperature": 1.0, "seed": 7, "max_tokens": 40 })).await.json();
    assert_eq!(contents(&second)[0], contents(&value)[1], "first_choice goes on counting");
    let cut = chat(&json!({ "max_completion_tokens": 3 })).await.json();
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    assert_eq!(cut["usage"]["completion_tokens"], 3);
    let stopped = chat(&json!({ "stop": ["170"] })).await.json();
    let choice = &stopped["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["stop_reason"]), (&json!("stop"), &json!("170")));
    assert!(!choice["message"].to_string().contains("170"));
}

#[tokio::test]
async fn completions_take_text_and_ids() {
    let ask = |prompt: Value, more: Value| async move {
        let mut body = json!({ "model": "polo-tiny", "prompt": prompt, "temperature": 0, "max_tokens": 8 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post(tiny(), "/v1/completions", &body).await
    };
    let by_text = ask(json!("12 + 30 ="), json!({ "logprobs": 2, "return_token_ids": true })).await.json();
    let choice = &by_text["choices"][0];
    assert_eq!(by_text["object"], "text_completion");
    let tokens =
        post(tiny(), "/tokenize", &json!({ "prompt": "12 + 30 =", "return_token_strs": true })).await.json();
    assert_eq!(tokens["count"].as_u64(), by_text["usage"]["prompt_tokens"].as_u64());
    let by_ids = ask(tokens["tokens"].clone(), json!({})).await.json();
    assert_eq!(by_ids["choices"][0]["text"], choice["text"]);
    let logprobs = &choice["logprobs"];
    let texts: Vec<String> = serde_json::from_value(logprobs["tokens"].clone()).unwrap();
    assert_eq!(texts.concat(), choice["text"].as_str().unwrap());
    let count = by_text["usage"]["completion_tokens"].as_u64().unwrap() as usize;
    for name in ["tokens", "token_logprobs", "top_logprobs", "text_offset", "content"] {
        assert_eq!(logprobs[name].as_array().unwrap().len(), count, "{name}");
    }
    assert_eq!(choice["token_ids"].as_array().unwrap().len(), count);
    let back = post(tiny(), "/detokenize", &json!({ "tokens": tokens["tokens"] })).await.json();
    assert_eq!(back["prompt"], "12 + 30 =");
    let several = ask(json!(["1 + 1 =", "12 + 30 ="]), json!({ "n": 2 })).await.json();
    let choices = several["choices"].as_array().unwrap();
    assert_eq!(
        choices.iter().map(|choice| choice["index"].as_u64().unwrap()).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    assert_eq!(choices[2]["text"], choice["text"]);
    let streamed = ask(json!("12 + 30 ="), json!({ "stream": true })).await.chunks();
    let text: String = streamed.iter().map(|chunk| chunk["choices"][0]["text"].as_str().unwrap()).collect();
    assert_eq!(text, choice["text"].as_str().unwrap());
}

#[tokio::test]
async fn a_reply_that_is_begun_is_gone_on_with() {
    let whole = chat(&json!({ "max_tokens": 30, "logprobs": true })).await.json();
    let said: String = whole["choices"][0]["logprobs"]["reasoning_content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["token"].as_str().unwrap())
        .collect();
    let (begun, rest) = said.split_at(said.len() / 2);
    let body = json!({
        "model": "polo-tiny", "temperature": 0, "max_tokens": 30,
        "messages": [
            { "role": "user", "content": [{ "type": "text", "text": "What is 12 + 34 * 5?" }] },
            { "role": "assistant", "content": begun },
        ],
    });
    let value = post(tiny(), "/v1/chat/completions", &body).await.json();
    let message = &value["choices"][0]["message"];
    let went = message["reasoning_content"].as_str().unwrap();
    assert!(went.trim_start().starts_with(rest.trim()), "the thought {went} goes on with {rest}");
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_refused_with_both_counts() {
    let body = json!({
        "model": "polo-tiny",
        "messages": [{ "role": "user", "content": "1 + ".repeat(40_000) }],
    });
    let text = json!({ "model": "polo-tiny", "prompt": "1 + ".repeat(40_000) });
    for (path, body, param, stream) in [
        ("/v1/chat/completions", &body, "messages", false),
        ("/v1/chat/completions", &body, "messages", true),
        ("/v1/completions", &text, "prompt", false),
    ] {
        let mut body = body.clone();
        body["stream"] = stream.into();
        let answer = post(tiny(), path, &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let error = &answer.json()["error"];
        assert_eq!((&error["code"], &error["param"]), (&json!("context_length_exceeded"), &json!(param)));
        let message = error["message"].as_str().unwrap();
        for count in [&error["prompt_tokens"], &error["context_length"]] {
            assert!(message.contains(&count.to_string()), "{message}");
        }
        assert!(error["prompt_tokens"].as_u64() > error["context_length"].as_u64());
    }
}

#[tokio::test]
async fn a_search_answers_with_its_tree() {
    let more =
        json!({ "search": { "rollouts": 4, "lanes": 2 }, "temperature": 0.8, "seed": 3, "max_tokens": 400 });
    let value = chat(&more).await.json();
    let search = &value["search"];
    assert!(search["nodes"].as_array().unwrap().len() > 3, "{value}");
    assert!(search["votes"]["votes"].as_u64().unwrap() > 0 && search["reply"].is_null());
    assert!(!value["choices"][0]["message"]["reasoning_content"].as_str().unwrap().is_empty());
    let mut streaming = more.clone();
    streaming["stream"] = true.into();
    let streamed = chat(&streaming).await;
    let named: Vec<String> =
        streamed.events().into_iter().map(|(name, _)| name).filter(|name| !name.is_empty()).collect();
    for name in ["polo.launched", "polo.expanded", "polo.visited", "polo.voted"] {
        assert!(named.iter().any(|other| other == name), "{name}");
    }
    // Who does not look at names sees chunks that say nothing.
    let chunks = streamed.chunks();
    assert!(chunks.iter().all(|chunk| chunk["choices"][0]["delta"].is_object()));
    let content: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(json!(content), value["choices"][0]["message"]["content"]);
    let effort = json!({ "reasoning_effort": "medium", "seed": 3, "max_tokens": 100, "stream": true });
    let plain = chat(&effort).await;
    assert!(
        plain.events().iter().all(|(name, _)| name.is_empty()),
        "only who asks for a search is told of it"
    );
    assert!(plain.chunks().iter().any(|chunk| chunk["search"].is_object()));
}

#[tokio::test]
async fn models_are_listed_and_found() {
    assert_eq!(chat(&json!({ "max_tokens": 1 })).await.status, StatusCode::OK);
    let list = get(tiny(), "/v1/models").await.json();
    assert_eq!(list["object"], "list");
    let model = &list["data"][0];
    assert_eq!((&model["id"], &model["object"]), (&json!("polo-tiny"), &json!("model")));
    assert!(model["created"].is_u64() && model["owned_by"] == "polo" && model["thoughts"] == "marco");
    let one = get(tiny(), "/v1/models/polo-tiny").await.json();
    assert_eq!((&one["id"], &one["context_length"]), (&model["id"], &model["context_length"]));
    let none = get(tiny(), "/v1/models/no/such").await;
    assert_eq!(
        (none.status, &none.json()["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("model_not_found"))
    );
    assert_eq!(get(tiny(), "/health").await.json(), json!({ "status": "ok" }));
    let metrics = get(tiny(), "/metrics").await.text;
    let number = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(&format!("{name} ")));
        line.and_then(|line| line.split(' ').nth(1)?.parse::<u64>().ok())
            .unwrap_or_else(|| panic!("{name}: {metrics}"))
    };
    assert!(
        number("polo_kv_pages_cached") <= number("polo_kv_pages_used")
            && number("polo_kv_pages_used") <= number("polo_kv_pages")
    );
    assert!(number("polo_kv_pages_cached") > 0 && number("polo_completion_tokens_total") > 0);
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
}
