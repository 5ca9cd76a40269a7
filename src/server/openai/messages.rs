//! Messages of a conversation, as OpenAI has them.

use serde::Deserialize;
use serde_json::Value;

use crate::protocol::{Message, Role};
use crate::server::body::kind_of;
use crate::server::refusal::Refusal;

/// A message; `name` and the like are accepted and mean nothing here.
#[derive(Debug, Deserialize)]
pub(super) struct Incoming {
    role: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    tool_calls: Value,
    #[serde(default)]
    function_call: Value,
}

/// The conversation, and what the reply has to begin with: a last message of the assistant's is gone on with.
pub(super) fn conversation(messages: &[Incoming]) -> Result<(Vec<Message>, Option<String>), Refusal> {
    if messages.is_empty() {
        return Err(Refusal::field("messages", "messages is empty, expected at least one message"));
    }
    let mut turns = messages
        .iter()
        .enumerate()
        .map(|(at, message)| turn(at, message))
        .collect::<Result<Vec<Message>, Refusal>>()?;
    let begun = match turns.last() {
        Some(Message { role: Role::Assistant, .. }) => turns.pop().map(|message| message.content),
        _ => None,
    };
    if turns.is_empty() {
        let message = "messages holds only what the assistant said: there is nothing to answer";
        return Err(Refusal::field("messages", message));
    }
    Ok((turns, begun))
}

fn turn(at: usize, message: &Incoming) -> Result<Message, Refusal> {
    let field = |name: &str| format!("messages[{at}].{name}");
    let role = match message.role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => {
            let message = format!("messages[{at}]: tools are not supported, so nothing can come from one");
            return Err(Refusal::unsupported(field("role"), message));
        }
        other => {
            let other: String = other.chars().take(40).collect();
            let message =
                format!("{}: {other:?}, expected system, developer, user or assistant", field("role"));
            return Err(Refusal::field(field("role"), message));
        }
    };
    let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if !empty(&message.tool_calls) || !empty(&message.function_call) {
        return Err(Refusal::unsupported(field("tool_calls"), "tools are not supported"));
    }
    let content = match &message.content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .enumerate()
            .map(|(part, value)| part_text(&format!("messages[{at}].content[{part}]"), value))
            .collect::<Result<String, Refusal>>()?,
        Value::Null if role == Role::Assistant => String::new(),
        other => {
            let message = format!("{}: {}, expected a text or text parts", field("content"), kind_of(other));
            return Err(Refusal::field(field("content"), message));
        }
    };
    Ok(Message { role, content })
}

fn part_text<'a>(path: &str, part: &'a Value) -> Result<&'a str, Refusal> {
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("missing");
    let text = match kind {
        "text" => part.get("text").and_then(Value::as_str),
        "refusal" => part.get("refusal").and_then(Value::as_str),
        other => {
            let other: String = other.chars().take(40).collect();
            let message = format!("{path}: a part of type {other:?}; this model reads text only");
            return Err(Refusal::unsupported(path, message));
        }
    };
    text.ok_or_else(|| Refusal::field(path, format!("{path}: the text is missing")))
}
