//! How the server is, and answers to what there is not.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::refusal::Refusal;
use super::{Context, Ctx, json_response};
use crate::protocol::{Event, Request as Ask};

/// `GET /health`: 200 when it answers, 503 while a model is being loaded or when the engine is gone.
pub(super) async fn health(State(context): Ctx) -> Response {
    let (status, body) = if let Some(message) = context.host.ended() {
        (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "error", "message": message }))
    } else if context.starting.load(Ordering::Relaxed) || context.slot.is_loading() {
        (StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "loading" }))
    } else {
        (StatusCode::OK, json!({ "status": "ok" }))
    };
    json_response(status, &body)
}

/// `GET /metrics`
pub(super) async fn metrics(State(context): Ctx) -> Response {
    let bytes = context.slot.shown().map_or(0, |loaded| loaded.info.weight_bytes + loaded.info.kv_bytes);
    let engine = if bytes > 0 { engine_status(&context).await } else { None };
    let text = context.metrics.text(context.queue.taken(), bytes, engine);
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// What the engine is at: requests being answered, pages in all, used, cached. A busy engine answers between two steps;
/// one that does not is not waited for.
async fn engine_status(context: &Context) -> Option<[usize; 4]> {
    let mut told = context.host.ask(|id| Ask::Status { id });
    let answer = tokio::time::timeout(Duration::from_secs(5), told.next()).await.ok()??.1;
    match answer {
        Event::Status { running, pages, pages_used, pages_cached, .. } => {
            Some([running, pages, pages_used, pages_cached])
        }
        _ => None,
    }
}

/// `GET /version`
pub(super) async fn version() -> Response {
    json_response(StatusCode::OK, &json!({ "name": "polo", "version": env!("CARGO_PKG_VERSION") }))
}

/// `GET /openapi.json`
pub(super) async fn openapi() -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], include_str!("openapi.json")).into_response()
}

/// A path that is none.
pub(super) fn not_found(method: &Method, uri: &Uri) -> Response {
    let path: String = uri.path().chars().take(200).collect();
    let message = format!("Unknown request URL: {method} {path}");
    Refusal::status(StatusCode::NOT_FOUND, "unknown_url", message).respond_on(&path)
}

/// A method that a path does not have.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> Response {
    let path: String = uri.path().chars().take(200).collect();
    let message = format!("Not allowed to {method} on {path}");
    Refusal::status(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message).respond_on(&path)
}
