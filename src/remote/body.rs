//! What is sent: a question, what has been said so far, and how to go on; each server is sent what it knows.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::server::{Flavour, Form, Question, Server, Way, chat};
use crate::error::{Error, Result};
use crate::protocol::{Format, SamplingOptions};
use crate::sampler::Rule;

/// What the last word is where a server cannot continue a reply and an answer is wanted.
const ANSWER_NOW: &str = "Now give only the final answer.";

/// The highest temperature that the API knows.
const HOTTEST: f32 = 2.0;

/// How to go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    pub(super) rule: Rule,
    pub(super) seed: u64,
    pub(super) choice: u32,
    /// Tokens at most.
    pub(super) limit: usize,
    /// Alternatives wanted for each token.
    pub(super) alternatives: u32,
}

/// Where to send it, and what. `ids` and `text` are what has been said after the question.
pub(super) fn completion(
    server: &Server,
    question: &Question,
    ids: &[u32],
    text: &[u8],
    how: How,
) -> (&'static str, Value) {
    let mut body = base(server, how, ids.len());
    let text = sendable(text);
    match &question.form {
        Form::Tokens(prompt) => {
            let prompt: Vec<u32> = prompt.iter().chain(ids).copied().collect();
            body.insert("prompt".into(), json!(prompt));
            completions_only(server, how, &mut body);
            ("completions", Value::Object(body))
        }
        Form::Text(prompt) => {
            body.insert("prompt".into(), format!("{prompt}{text}").into());
            completions_only(server, how, &mut body);
            ("completions", Value::Object(body))
        }
        Form::Chat(messages) => {
            let mut messages = chat(messages);
            if !text.is_empty() {
                messages.push(json!({ "role": "assistant", "content": text }));
                if server.way == Way::Whole {
                    messages.push(json!({ "role": "user", "content": ANSWER_NOW }));
                } else if server.flavour == Flavour::Vllm {
                    body.insert("continue_final_message".into(), true.into());
                    body.insert("add_generation_prompt".into(), false.into());
                }
            }
            body.insert("messages".into(), messages.into());
            chat_only(how, &mut body);
            ("chat/completions", Value::Object(body))
        }
    }
}

/// The text as it can be sent: a character that is cut at the end cannot, and the model says it again.
fn sendable(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(&text[..error.valid_up_to()]),
        _ => String::from_utf8_lossy(text),
    }
}

/// A plain reply to a question.
pub(super) fn reply(
    server: &Server,
    question: &Question,
    sampling: &SamplingOptions,
    choice: u32,
) -> Result<(&'static str, Value)> {
    let rule = Rule { temperature: sampling.temperature, top_k: sampling.top_k, top_p: sampling.top_p };
    let alternatives = if server.alternatives > 0 { sampling.top_logprobs } else { 0 };
    let how = How { rule, seed: sampling.seed, choice, limit: sampling.max_new_tokens, alternatives };
    let (path, mut body) = completion(server, question, &[], &[], how);
    let mut put = |key: &str, value: Value| body[key] = value;
    if !sampling.stop.is_empty() {
        put("stop", json!(sampling.stop));
    }
    for (key, penalty) in
        [("presence_penalty", sampling.presence_penalty), ("frequency_penalty", sampling.frequency_penalty)]
    {
        if penalty != 0.0 {
            put(key, json!(penalty));
        }
    }
    if !sampling.logit_bias.is_empty() {
        let bias = sampling.logit_bias.iter().map(|(id, bias)| (id.to_string(), json!(bias)));
        put("logit_bias", Value::Object(bias.collect()));
    }
    // Not of the API: who does not know them says so, or passes over them.
    if (sampling.repeat_penalty - 1.0).abs() > 0.0 {
        let llama = server.flavour == Flavour::LlamaCpp;
        put(if llama { "repeat_penalty" } else { "repetition_penalty" }, json!(sampling.repeat_penalty));
    }
    if sampling.min_p > 0.0 {
        put("min_p", json!(sampling.min_p));
    }
    if sampling.ignore_end {
        put("ignore_eos", true.into());
    }
    let refuse =
        |what: &str| Err(Error::BadRequest(format!("a server is not asked for {what}: leave it out")));
    match &sampling.format {
        None => {}
        Some(Format::JsonObject) => put("response_format", json!({ "type": "json_object" })),
        Some(Format::JsonSchema { schema }) => {
            let schema = json!({ "name": "answer", "schema": schema });
            put("response_format", json!({ "type": "json_schema", "json_schema": schema }));
        }
        Some(Format::Regex { .. }) => return refuse("text of a regular expression"),
        Some(Format::Grammar { .. }) => return refuse("text of a grammar"),
    }
    if sampling.echo {
        return refuse("the tokens of the prompt");
    }
    Ok((path, body))
}

fn base(server: &Server, how: How, position: usize) -> Map<String, Value> {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.into(), value));
    put("model", server.model.clone().into());
    put("max_tokens", how.limit.into());
    put("stream", true.into());
    put("stream_options", json!({ "include_usage": true }));
    let own = server.flavour == Flavour::Polo;
    let temperature = if how.rule.is_greedy() { 0.0 } else { how.rule.temperature };
    put("temperature", json!(if own { temperature } else { temperature.min(HOTTEST) }));
    put("top_p", json!(how.rule.top_p));
    if server.flavour != Flavour::Other {
        // 0 is off for all three.
        put("top_k", how.rule.top_k.into());
    }
    if server.flavour == Flavour::LlamaCpp {
        // It has a default of its own.
        put("min_p", json!(0.0));
    }
    if own {
        put("seed", how.seed.into());
        put("first_choice", how.choice.into());
    } else if !how.rule.is_greedy() {
        put("seed", mixed(how.seed, how.choice, position).into());
    }
    body
}

fn completions_only(server: &Server, how: How, body: &mut Map<String, Value>) {
    if how.alternatives > 0 {
        body.insert("logprobs".into(), how.alternatives.into());
    }
    if matches!(server.flavour, Flavour::Polo | Flavour::Vllm) {
        body.insert("return_token_ids".into(), true.into());
    }
    if server.flavour == Flavour::Polo {
        // Else what its model recommends would count.
        body.insert("min_p".into(), json!(0.0));
        body.insert("repetition_penalty".into(), json!(1.0));
    }
    if server.flavour == Flavour::Vllm {
        // The template has written what begins a text.
        body.insert("add_special_tokens".into(), false.into());
    }
}

fn chat_only(how: How, body: &mut Map<String, Value>) {
    if how.alternatives > 0 {
        body.insert("logprobs".into(), true.into());
        body.insert("top_logprobs".into(), how.alternatives.into());
    }
}

/// A seed of its own for every request, where the server knows none of our draws: else rollouts would be alike.
fn mixed(seed: u64, choice: u32, position: usize) -> u32 {
    let words = [seed, u64::from(choice), position as u64];
    let hash = words.iter().fold(0x9e37_79b9_7f4a_7c15_u64, |hash, word| {
        let hash = (hash ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash ^ (hash >> 29)
    });
    // Some servers read a signed number.
    (hash >> 33) as u32
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
