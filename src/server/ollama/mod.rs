//! Ollama's own interface, so that clients made for it find what they look for.

pub(super) mod chat;
pub(super) mod models;
mod options;
pub(super) mod pull;

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use web_time::SystemTime;

use super::json_response;
use super::refusal::{OllamaRefusal, Refusal};
use super::slot::{KeepAlive, parse_keep_alive};

/// The time as Ollama writes it, in nanoseconds.
fn now() -> String {
    rfc3339(SystemTime::now())
}

fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_nanos(time).to_string()
}

/// Names carry a tag in Ollama.
fn tagged(name: &str) -> String {
    if name.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}

/// A request about a model; its name was called `name` once.
#[derive(Debug, Deserialize)]
struct About {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    stream: Option<bool>,
}

impl About {
    fn model(&self) -> Result<&str, Refusal> {
        let name = self.model.as_deref().or(self.name.as_deref()).map(str::trim);
        name.filter(|name| !name.is_empty()).ok_or_else(|| Refusal::field("model", "model is required"))
    }
}

/// A number of seconds, or a time such as `5m`; negative ones are for ever.
fn keep_alive(value: Option<&Value>, default: KeepAlive) -> Result<KeepAlive, Refusal> {
    let text = match value {
        None | Some(Value::Null) => return Ok(default),
        Some(Value::Number(seconds)) => seconds.to_string(),
        Some(Value::String(text)) => text.clone(),
        Some(_) => return Err(Refusal::field("keep_alive", "keep_alive: expected a time or seconds")),
    };
    parse_keep_alive(&text).map_err(|what| Refusal::field("keep_alive", format!("keep_alive: {what}")))
}

/// `GET /api/version`
pub(super) async fn version() -> Response {
    json_response(StatusCode::OK, &serde_json::json!({ "version": env!("CARGO_PKG_VERSION") }))
}

/// What Ollama does and this server does not.
pub(super) async fn not_done() -> OllamaRefusal {
    let message = "this server makes no embeddings and no models; it answers chats and goes on with texts";
    OllamaRefusal(Refusal::status(StatusCode::NOT_IMPLEMENTED, "not_implemented", message))
}
