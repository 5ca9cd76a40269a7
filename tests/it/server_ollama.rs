//! Polo Tiny behind the server: Ollama's interface, and the socket that speaks the protocol.

use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::http::{get, post, send};
use crate::server::tiny;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn question() -> Value {
    json!({
        "model": "polo-tiny:latest",
        "messages": [{ "role": "user", "content": "What is 12 + 34 * 5?" }],
        "options": { "temperature": 0 },
    })
}

#[tokio::test]
async fn a_chat_comes_in_lines() {
    let streamed = post(tiny(), "/api/chat", &question()).await;
    assert_eq!(streamed.headers["content-type"], "application/x-ndjson");
    let mut pieces = lines(&streamed.text);
    let last = pieces.pop().unwrap();
    let (mut thought, mut content) = (String::new(), String::new());
    for piece in &pieces {
        assert_eq!((&piece["done"], &piece["model"]), (&json!(false), &json!("polo-tiny:latest")));
        assert!(piece["created_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(piece["message"]["role"], "assistant");
        thought.push_str(piece["message"]["thinking"].as_str().unwrap_or_default());
        content.push_str(piece["message"]["content"].as_str().unwrap());
    }
    assert!(content.contains("182") && thought.contains("170"), "{content} {thought}");
    assert_eq!((&last["done"], &last["done_reason"]), (&json!(true), &json!("stop")));
    for name in ["total_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"]
    {
        assert!(last[name].as_u64().unwrap() > 0, "{name}: {last}");
    }
    assert!(last["load_duration"].is_u64());
    let mut whole = question();
    whole["stream"] = false.into();
    let value = post(tiny(), "/api/chat", &whole).await.json();
    assert_eq!(
        (&value["message"]["content"], &value["message"]["thinking"]),
        (&json!(content), &json!(thought))
    );
    whole["think"] = false.into();
    whole["options"]["num_predict"] = 5.into();
    let value = post(tiny(), "/api/chat", &whole).await.json();
    assert!(value["message"].get("thinking").is_none());
    assert_eq!((&value["done_reason"], &value["eval_count"]), (&json!("length"), &json!(5)));
}

#[tokio::test]
async fn generating_and_what_is_known_of_models() {
    let body = json!({ "model": "polo-tiny", "prompt": "What is 2 + 3?", "stream": false, "options": { "temperature": 0 } });
    let value = post(tiny(), "/api/generate", &body).await.json();
    assert!(value["response"].as_str().unwrap().contains('5'), "{value}");
    let raw = json!({
        "model": "polo-tiny", "raw": true, "stream": false, "options": { "temperature": 0 },
        "prompt": "<|im_start|>user\nWhat is 2 + 3?<|im_end|>\n<|im_start|>assistant\n",
    });
    let raw = post(tiny(), "/api/generate", &raw).await.json();
    assert!(raw["response"].as_str().unwrap().contains('5'), "special tokens in a raw prompt count: {raw}");
    let empty = post(tiny(), "/api/generate", &json!({ "model": "polo-tiny" })).await.json();
    assert_eq!((&empty["done"], &empty["done_reason"]), (&json!(true), &json!("load")));
    let tags = get(tiny(), "/api/tags").await.json();
    let tiny_model = &tags["models"][0];
    assert_eq!(tiny_model["name"], "polo-tiny:latest");
    assert!(tiny_model["size"].as_u64().unwrap() > 1_000_000);
    let ps = get(tiny(), "/api/ps").await.json();
    assert!(ps["models"][0]["size_vram"].as_u64().unwrap() > 1_000_000, "{ps}");
    let show = post(tiny(), "/api/show", &json!({ "name": "polo-tiny" })).await.json();
    assert_eq!(show["details"]["family"], "qwen2");
    assert!(show["capabilities"].as_array().unwrap().contains(&json!("thinking")));
    assert!(show["model_info"]["qwen2.context_length"].as_u64().unwrap() > 100);
    assert!(get(tiny(), "/api/version").await.json()["version"].is_string());
    for (path, body, status) in [
        ("/api/embed", json!({ "model": "polo-tiny", "input": "x" }), StatusCode::NOT_IMPLEMENTED),
        (
            "/api/generate",
            json!({ "model": "polo-tiny", "prompt": "x", "template": "y" }),
            StatusCode::BAD_REQUEST,
        ),
        (
            "/api/chat",
            json!({ "model": "polo-tiny", "messages": [{ "role": "user", "content": "1+".repeat(40_000) }] }),
            StatusCode::BAD_REQUEST,
        ),
        ("/api/show", json!({}), StatusCode::BAD_REQUEST),
        ("/api/chat", json!({}), StatusCode::BAD_REQUEST),
    ] {
        let answer = post(tiny(), path, &body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(answer.json()["error"].is_string(), "{}", answer.text);
    }
    // As curl sends what Ollama's own documents show.
    let form = Request::post("/api/chat").header("content-type", "application/x-www-form-urlencoded");
    let answer = send(tiny(), form.body(question().to_string().into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
}
