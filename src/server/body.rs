//! Bodies of requests: bounded in size, time and depth, and read strictly.

use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::refusal::Refusal;

/// Longest body, in bytes: a prompt of a million tokens is shorter.
pub const MAX_BODY_BYTES: usize = 16 << 20;
/// A body that is not here after this long is given up.
const MAX_BODY_TIME: Duration = Duration::from_secs(30);

/// Whether a body has to be called JSON by its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// It has to, where it is called anything.
    Json,
    /// It need not: what is written for Ollama often calls it a form.
    Any,
}

/// Reads a JSON object.
pub(super) async fn read(request: Request, label: Label) -> Result<Value, Refusal> {
    let (parts, body) = request.into_parts();
    if label == Label::Json {
        check_type(&parts.headers)?;
    }
    let too_long = || {
        let message = format!("the body is longer than {MAX_BODY_BYTES} bytes");
        Refusal::status(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    };
    // What says itself that it is too long is not waited for.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(too_long());
    }
    let limited = Limited::new(body, MAX_BODY_BYTES);
    let slow = |_| {
        let message = format!("the body did not arrive within {} s", MAX_BODY_TIME.as_secs());
        Refusal::status(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
    };
    let bytes = tokio::time::timeout(MAX_BODY_TIME, limited.collect()).await.map_err(slow)?;
    let bytes = match bytes {
        Ok(bytes) => bytes.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_long()),
        Err(error) => return Err(Refusal::bad(format!("the body could not be read: {error}"))),
    };
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::bad(format!("the body is not JSON: {error}")))?;
    if !value.is_object() {
        return Err(Refusal::bad(format!("the body is {}, expected a JSON object", kind_of(&value))));
    }
    Ok(value)
}

fn check_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(found) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let text = found.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    let message = format!("the body is called {found:?}, expected content-type: application/json");
    Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message))
}

/// What a body says, field by field; a field of the wrong type is named.
pub(super) fn parse<T: DeserializeOwned>(body: &Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(body).map_err(|error| {
        let path = error.path().to_string();
        let what = error.into_inner().to_string();
        if path == "." {
            // A field that is missing is named by the message alone.
            let name = what.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
            return Refusal { param: name.map(str::to_owned), ..Refusal::bad(what.clone()) };
        }
        Refusal::field(path.clone(), format!("{path}: {what}"))
    })
}

/// A JSON value's type, for messages.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
