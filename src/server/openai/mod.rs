//! OpenAI's interface: chat, completions, models. What vLLM and llama.cpp add to it is taken over under their names.

pub(super) mod chat;
pub(super) mod completions;
mod logprobs;
mod messages;
pub(super) mod models;
pub(super) mod sampling;
pub(super) mod search;
pub(super) mod tokens;

use axum::response::sse;
use serde::Deserialize;
use serde_json::{Value, json};
use web_time::SystemTime;

use super::refusal::Refusal;
use super::reply::Counts;
use super::stream::Out;

/// What stands at the head of each answer and each chunk.
pub(super) struct Head {
    id: String,
    object: &'static str,
    created: u64,
    model: String,
}

impl Head {
    pub(super) fn new(prefix: &str, object: &'static str, model: &str) -> Self {
        let id = format!("{prefix}-{:016x}{:016x}", sampling::random(), sampling::random());
        Self { id, object, created: now_s(), model: model.to_owned() }
    }

    /// An answer or a chunk with these choices.
    pub(super) fn with(&self, choices: &Value) -> Value {
        json!({
            "id": self.id,
            "object": self.object,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        })
    }
}

/// Says which program answered.
pub(super) const FINGERPRINT: &str = concat!("polo-", env!("CARGO_PKG_VERSION"));

/// Seconds since 1970.
pub(super) fn now_s() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs())
}

/// What a request took.
pub(super) fn usage(counts: &Counts) -> Value {
    json!({
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion,
        "total_tokens": counts.prompt + counts.completion,
        "prompt_tokens_details": { "cached_tokens": counts.cached },
        "completion_tokens_details": { "reasoning_tokens": counts.reasoning },
    })
}

/// Whether and how to stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Streaming {
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StreamOptions {
    include_usage: Option<bool>,
}

impl Streaming {
    pub(super) fn is_on(&self) -> bool {
        self.stream == Some(true)
    }

    /// Whether a last chunk tells what the request took.
    pub(super) fn usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage == Some(true))
    }
}

/// A chunk of a stream.
pub(super) fn chunk(value: &Value) -> sse::Event {
    sse::Event::default().data(value.to_string())
}

/// Ends a stream that went well: what it took, where `told` asks for that, and the mark of the end.
pub(super) fn end(out: &Out<sse::Event>, head: &Head, told: bool, counts: &Counts) {
    if told {
        let mut value = head.with(&json!([]));
        value["usage"] = usage(counts);
        out.send(chunk(&value));
    }
    out.send(sse::Event::default().data("[DONE]"));
}

/// A failure after the status was sent.
pub(super) fn failed(refusal: &Refusal) -> sse::Event {
    chunk(&refusal.body())
}
