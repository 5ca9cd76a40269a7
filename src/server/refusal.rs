//! How the server says no: a status, and a body in the words of whoever asks.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::json_response;
use crate::Error;
use crate::protocol::ContextCounts;

/// Why a request gets no answer, in OpenAI's words.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// OpenAI's word for the kind, e.g. `invalid_request_error`.
    pub kind: &'static str,
    /// A word for programs, e.g. `model_not_found`.
    pub code: Option<&'static str>,
    /// The field at fault.
    pub param: Option<String>,
    /// What was found, what was expected, what to do.
    pub message: String,
    /// The lengths, where a prompt is too long.
    pub context: Option<ContextCounts>,
    /// Seconds after which another try makes sense.
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    fn new(status: StatusCode, kind: &'static str, code: Option<&'static str>, message: String) -> Self {
        Self { status, kind, code, param: None, message, context: None, retry_after_s: None }
    }

    /// The request is at fault.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", None, message.into())
    }

    /// A field of the request is at fault.
    pub(super) fn field(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..Self::bad(message) }
    }

    /// A field asks for what this server does not do.
    pub(super) fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: Some("unsupported_parameter"), ..Self::field(param, message) }
    }

    /// There is no such model.
    pub(super) fn no_model(message: impl Into<String>) -> Self {
        let code = Some("model_not_found");
        let this = Self::new(StatusCode::NOT_FOUND, "invalid_request_error", code, message.into());
        Self { param: Some("model".into()), ..this }
    }

    /// Another status that is the client's fault.
    pub(super) fn status(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self::new(status, "invalid_request_error", Some(code), message.into())
    }

    /// The key is missing or wrong.
    pub(super) fn no_key(message: impl Into<String>) -> Self {
        let code = Some("invalid_api_key");
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", code, message.into())
    }

    /// Too much to do.
    pub(super) fn overloaded(message: impl Into<String>, retry_after_s: u32) -> Self {
        let code = Some("server_overloaded");
        let this = Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", code, message.into());
        Self { retry_after_s: Some(retry_after_s), ..this }
    }

    /// What the engine said.
    pub(super) fn of_engine(kind: &str, message: String, context: Option<ContextCounts>) -> Self {
        let server = |status, code| Self::new(status, "server_error", Some(code), message.clone());
        if let Some(ContextCounts { prompt_tokens, limit }) = context {
            // OpenAI's sentence: programs look for its beginning.
            let message = format!(
                "This model's maximum context length is {limit} tokens. However, your messages resulted in \
                 {prompt_tokens} tokens. Please reduce the length of the messages."
            );
            return Self {
                code: Some("context_length_exceeded"),
                context,
                ..Self::field("messages", message)
            };
        }
        match kind {
            "bad_request" => Self::bad(message),
            "not_found" => Self::no_model(message),
            "gpu_lost" => server(StatusCode::SERVICE_UNAVAILABLE, "gpu_lost"),
            "busy" => server(StatusCode::SERVICE_UNAVAILABLE, "busy"),
            "shutdown" => server(StatusCode::SERVICE_UNAVAILABLE, "shutting_down"),
            "no_gpu" => server(StatusCode::SERVICE_UNAVAILABLE, "no_gpu"),
            "out_of_memory" => server(StatusCode::INTERNAL_SERVER_ERROR, "out_of_memory"),
            "bad_model" | "damaged" => server(StatusCode::INTERNAL_SERVER_ERROR, "bad_model"),
            "bad_numbers" => server(StatusCode::INTERNAL_SERVER_ERROR, "bad_numbers"),
            "fetch" | "gated" => server(StatusCode::BAD_GATEWAY, "fetch"),
            _ => server(StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        }
    }

    /// The body as OpenAI has it, also sent in the middle of a stream.
    pub(super) fn body(&self) -> Value {
        let mut error = json!({
            "message": self.message, "type": self.kind, "param": self.param, "code": self.code,
        });
        if let Some(ContextCounts { prompt_tokens, limit }) = self.context {
            error["prompt_tokens"] = prompt_tokens.into();
            error["context_length"] = limit.into();
        }
        json!({ "error": error })
    }

    /// The body as Ollama has it.
    pub(super) fn ollama_body(&self) -> Value {
        json!({ "error": self.message })
    }

    fn respond(&self, body: &Value) -> Response {
        let mut response = json_response(self.status, body);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// The answer in the words that a path's clients understand.
    pub(super) fn respond_on(&self, path: &str) -> Response {
        let body = if path.starts_with("/api/") { self.ollama_body() } else { self.body() };
        self.respond(&body)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let context = match error {
            Error::ContextFull { prompt_tokens, limit } => Some(ContextCounts { prompt_tokens, limit }),
            _ => None,
        };
        Self::of_engine(error.kind(), error.to_string(), context)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.respond(&self.body())
    }
}

/// A refusal to a client of Ollama.
pub(super) struct OllamaRefusal(pub(super) Refusal);

impl<T: Into<Refusal>> From<T> for OllamaRefusal {
    fn from(refusal: T) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for OllamaRefusal {
    fn into_response(self) -> Response {
        self.0.respond(&self.0.ollama_body())
    }
}
