//! Log-probabilities as chat and completions report them. Every entry carries the token's id as well, as llama.cpp's
//! server has it.

use serde_json::{Map, Value, json};

use crate::protocol::TopLogprob;
use crate::server::reply::Entry;

/// What stands for minus infinity, which JSON does not have; OpenAI's own number.
const LEAST: f64 = -9999.0;

/// Exact: an f32 is an f64, and comes back as the same f32.
fn number(logprob: f32) -> Value {
    let logprob = f64::from(logprob);
    json!(if logprob.is_finite() { logprob } else { LEAST })
}

fn top_json(top: &TopLogprob) -> Value {
    let bytes = top.bytes.as_deref().unwrap_or(top.text.as_bytes());
    json!({
        "token": String::from_utf8_lossy(bytes),
        "id": top.token,
        "logprob": number(top.logprob),
        "bytes": bytes,
    })
}

/// A token as chat reports it.
pub(super) fn entry(entry: &Entry) -> Value {
    let top: Vec<Value> = entry.top.iter().map(top_json).collect();
    json!({
        "token": entry.text,
        "id": entry.token,
        "logprob": entry.logprob.map_or(Value::Null, number),
        "bytes": entry.bytes,
        "top_logprobs": top,
    })
}

/// Tokens as completions report them, from an offset in the text (in characters, as Python counts), and the offset
/// after them.
pub(super) fn completion(entries: &[Entry], mut offset: usize) -> (Value, usize) {
    let mut offsets = Vec::new();
    for entry in entries {
        offsets.push(offset);
        offset += entry.text.chars().count();
    }
    let tops = entries.iter().map(|entry| {
        if entry.logprob.is_none() {
            return Value::Null;
        }
        // As OpenAI's own did: the token that was chosen is among them.
        let mut map = Map::new();
        for top in &entry.top {
            let bytes = top.bytes.as_deref().unwrap_or(top.text.as_bytes());
            let text = String::from_utf8_lossy(bytes).into_owned();
            // Several parts of characters look alike: the first is the most probable.
            map.entry(text).or_insert_with(|| number(top.logprob));
        }
        if let Some(logprob) = entry.logprob {
            map.entry(entry.text.clone()).or_insert_with(|| number(logprob));
        }
        Value::Object(map)
    });
    let value = json!({
        "tokens": entries.iter().map(|entry| entry.text.as_str()).collect::<Vec<_>>(),
        "token_logprobs": entries.iter().map(|entry| entry.logprob.map_or(Value::Null, number)).collect::<Vec<_>>(),
        "top_logprobs": tops.collect::<Vec<_>>(),
        "text_offset": offsets,
        "content": entries.iter().map(self::entry).collect::<Vec<_>>(),
    });
    (value, offset)
}
