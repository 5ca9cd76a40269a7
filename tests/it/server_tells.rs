//! What the server makes of what its engine tells of replies, over a made-up engine: texts, tokens, counts and ends.

use axum::http::StatusCode;
use polo::protocol::{Channel, Event, FinishReason, Prompt, PromptToken, Request as Ask, TopLogprob, Usage};
use polo::server::ServerOptions;
use serde_json::{Value, json};

use crate::http::{Script, post};
use crate::server_guard::hello;

fn token(id: u64, choice: u32, channel: Channel, text: &str, logprob: f32) -> Event {
    let other = |text: &str, logprob: f32| TopLogprob { token: 9, text: text.into(), logprob, bytes: None };
    Event::Token {
        id,
        choice,
        node: 0,
        channel,
        text: text.into(),
        token: 7,
        logprob,
        // Two parts of characters look alike, and the token itself is not among them.
        top: vec![other("\u{fffd}", -1.0), other("\u{fffd}", -2.0)],
        bytes: Some(text.as_bytes().to_vec()),
    }
}

fn ended(id: u64, choice: u32, finish_reason: FinishReason) -> Event {
    Event::Ended { id, choice, finish_reason, stop: None, completion_tokens: 3, reasoning_tokens: 1 }
}

fn done(id: u64) -> Event {
    Event::Done { id, replies: Vec::new(), finish_reason: FinishReason::Stop, usage: Usage::default() }
}

/// Replies that say which they are: the prompt's number, and that of the choice.
fn numbered() -> Script {
    Script::telling(|asked| {
        let Ask::Generate { id, prompt: Prompt::Tokens { tokens }, sampling } = asked else { return None };
        let (id, prompt) = (*id, tokens[0]);
        let mut events = vec![Event::Started { id, prompt_tokens: 5, cached_tokens: 2 }];
        if sampling.echo {
            let one = |token, text: &str| PromptToken {
                token,
                text: text.into(),
                logprob: (token > 1).then_some(-0.5),
                top: Vec::new(),
                bytes: Some(text.as_bytes().to_vec()),
            };
            events.push(Event::Prompted { id, tokens: vec![one(1, &format!("天{prompt}")), one(2, "?")] });
        }
        for choice in 0..sampling.choices {
            let text = format!("p{prompt}c{choice}");
            events.push(token(id, choice, Channel::Output, &text, f32::NEG_INFINITY));
            events.push(ended(id, choice, FinishReason::Length));
        }
        events.push(done(id));
        Some(events)
    })
}

#[tokio::test]
async fn replies_to_several_prompts_are_each_in_their_place() {
    let server = numbered().server(ServerOptions::default());
    let ask = |more: Value| {
        let mut body = json!({ "model": "polo-tiny", "prompt": [[10], [20]], "n": 2, "logprobs": 2 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let texts = |value: &Value| {
        let choices = value["choices"].as_array().unwrap();
        choices.iter().map(|choice| choice["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let value = post(&server, "/v1/completions", &ask(json!({}))).await.json();
    assert_eq!(texts(&value), ["p10c0", "p10c1", "p20c0", "p20c1"]);
    assert_eq!(
        value["usage"],
        json!({
            "prompt_tokens": 10,
            "completion_tokens": 12,
            "total_tokens": 22,
            "prompt_tokens_details": { "cached_tokens": 4 },
            "completion_tokens_details": { "reasoning_tokens": 4 },
        })
    );
    let choice = &value["choices"][0];
    assert_eq!(choice["finish_reason"], "length");
    let told = &choice["logprobs"];
    assert_eq!(told["token_logprobs"], json!([-9999.0]), "JSON knows no infinity");
    assert_eq!(
        told["top_logprobs"],
        json!([{ "\u{fffd}": -1.0, "p10c0": -9999.0 }]),
        "of those that look alike the most probable, and the token itself"
    );
    // Asked back, the prompt is the beginning of each of its replies.
    let echoed = ask(json!({ "echo": true, "return_token_ids": true }));
    let value = post(&server, "/v1/completions", &echoed).await.json();
    assert_eq!(texts(&value), ["天10?p10c0", "天10?p10c1", "天20?p20c0", "天20?p20c1"]);
    let choice = &value["choices"][2];
    assert_eq!((&choice["prompt_token_ids"], &choice["token_ids"]), (&json!([1, 2]), &json!([7])));
    assert_eq!(choice["logprobs"]["text_offset"], json!([0, 3, 4]), "in characters");
    assert_eq!(choice["logprobs"]["token_logprobs"], json!([null, -0.5, -9999.0]));
    // In pieces it is the same, and the offsets go on.
    let mut streaming = echoed;
    streaming["stream"] = true.into();
    streaming["stream_options"] = json!({ "include_usage": true });
    let mut chunks = post(&server, "/v1/completions", &streaming).await.chunks();
    assert_eq!(chunks.pop().unwrap()["usage"]["completion_tokens"], 12);
    let (mut text, mut offsets) = (String::new(), Vec::new());
    for chunk in &chunks {
        assert_eq!(chunk.get("usage"), Some(&Value::Null));
        let choice = &chunk["choices"][0];
        if choice["index"] == 3 {
            text.push_str(choice["text"].as_str().unwrap());
            offsets.extend(choice["logprobs"]["text_offset"].as_array().cloned().unwrap_or_default());
        }
    }
    assert_eq!((text.as_str(), json!(offsets)), ("天20?p20c1", json!([0, 3, 4])));
}

/// An answer after a thought, of tokens that have no text of their own too, that ends for this reason.
fn thinking(finish_reason: FinishReason, stop: Option<&str>) -> Script {
    let stop = stop.map(str::to_owned);
    Script::telling(move |asked| {
        let Ask::Generate { id, .. } = asked else { return None };
        let mut last = ended(*id, 0, finish_reason);
        if let Event::Ended { stop: told, .. } = &mut last {
            told.clone_from(&stop);
        }
        let mut events = vec![Event::Started { id: *id, prompt_tokens: 5, cached_tokens: 2 }];
        for (channel, text) in [(Channel::Thought, "hm"), (Channel::Output, ""), (Channel::Output, "42")] {
            events.push(token(*id, 0, channel, text, -0.5));
        }
        // It may prove to be the end.
        events.push(token(*id, 0, Channel::Output, "", -0.25));
        if let Some(Event::Token { bytes, .. }) = events.last_mut() {
            *bytes = Some(b"<end>".to_vec());
        }
        events.extend([last, done(*id)]);
        Some(events)
    })
}

#[tokio::test]
async fn ends_and_tokens_without_text_are_told() {
    let ask = json!({ "logprobs": true, "top_logprobs": 2 });
    for (reason, stop, word, stop_reason, last) in [
        (FinishReason::Stop, None, "stop", Value::Null, ""),
        (FinishReason::Stop, Some("END"), "stop", json!("END"), "<end>"),
        (FinishReason::Length, None, "length", Value::Null, "<end>"),
        (FinishReason::Context, None, "length", Value::Null, "<end>"),
    ] {
        let server = thinking(reason, stop).server(ServerOptions::default());
        let value = post(&server, "/v1/chat/completions", &hello(&ask)).await.json();
        let choice = &value["choices"][0];
        assert_eq!(
            (&choice["finish_reason"], &choice["stop_reason"]),
            (&json!(word), &stop_reason),
            "{reason:?}"
        );
        let tokens = |list: &Value| {
            list.as_array().unwrap().iter().map(|entry| entry["token"].clone()).collect::<Vec<_>>()
        };
        // The one without text goes with the next that has some; the end token is no text.
        assert_eq!(tokens(&choice["logprobs"]["content"]), ["", "42", last], "{reason:?}");
        assert_eq!(tokens(&choice["logprobs"]["reasoning_content"]), ["hm"]);
        let mut streaming = hello(&ask);
        streaming["stream"] = true.into();
        let chunks = post(&server, "/v1/chat/completions", &streaming).await.chunks();
        let end = &chunks.last().unwrap()["choices"][0];
        assert_eq!((&end["finish_reason"], &end["stop_reason"]), (&json!(word), &stop_reason));
        assert_eq!(tokens(&end["logprobs"]["content"]), [last]);
        for stream in [false, true] {
            let ollama = json!({ "model": "polo-tiny", "prompt": "Hi", "stream": stream });
            let text = post(&server, "/api/generate", &ollama).await.text;
            let value: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!((&value["done_reason"], &value["done"]), (&json!(word), &json!(true)), "{reason:?}");
            assert!(text.contains("\"thinking\":\"hm\""), "{text}");
            let silent = json!({ "model": "polo-tiny", "prompt": "Hi", "stream": stream, "think": false });
            assert!(!post(&server, "/api/generate", &silent).await.text.contains("hm"));
        }
    }
}

#[tokio::test]
async fn a_failure_in_the_middle_ends_the_stream() {
    let script = Script::telling(|asked| {
        let Ask::Generate { id, .. } = asked else { return None };
        let (kind, message) = ("gpu_lost".into(), "the GPU is lost".into());
        Some(vec![
            Event::Started { id: *id, prompt_tokens: 5, cached_tokens: 2 },
            token(*id, 0, Channel::Output, "4", -0.5),
            Event::Failed { id: Some(*id), kind, message, context: None },
        ])
    });
    let server = script.server(ServerOptions::default());
    for (path, body) in [
        ("/v1/chat/completions", hello(&json!({ "stream": true }))),
        ("/v1/completions", json!({ "model": "polo-tiny", "prompt": "x", "stream": true })),
    ] {
        let answer = post(&server, path, &body).await;
        let (_, last) = answer.events().pop().unwrap();
        assert!(last.contains("gpu_lost") && !answer.text.contains("[DONE]"), "{path}: {}", answer.text);
    }
    let plain = post(&server, "/v1/chat/completions", &hello(&json!({}))).await;
    assert_eq!(
        (plain.status, &plain.json()["error"]["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("gpu_lost"))
    );
    let lines = post(&server, "/api/chat", &hello(&json!({}))).await.text;
    assert_eq!(lines.lines().last(), Some("{\"error\":\"the GPU is lost\"}"));
}
