//! `POST /api/pull`: a model of the catalogue or of the hub comes into the store. Addresses are not followed: whoever
//! may ask this server may not send it anywhere.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::About;
use crate::engine::{HUB, parse_reference};
use crate::protocol::{Event, FinishReason, ModelSource, PullPhase, Request as Ask};
use crate::server::body::{self, Label};
use crate::server::refusal::{OllamaRefusal, Refusal};
use crate::server::reply::gone;
use crate::server::{Ctx, json_response, stream};

/// Brings a model here, and tells how far it is. When the client goes away the download pauses.
pub(in crate::server) async fn pull(
    State(context): Ctx,
    request: Request,
) -> Result<Response, OllamaRefusal> {
    let about: About = body::parse(&body::read(request, Label::Any).await?)?;
    let name = about.model()?.to_owned();
    let source = parse_reference(&name, HUB).map_err(Refusal::from)?;
    if !matches!(source, ModelSource::Hub { .. }) {
        let message = "expected a name of the catalogue or a repository of the hub (user/repo:TYPE)";
        return Err(Refusal::field("model", message).into());
    }
    let mut running = context.host.ask(|id| Ask::Pull { id, source });
    let progress = move |event: Event| match event {
        Event::Pulling { phase, done_bytes, total_bytes, .. } => Some(Ok(match phase {
            PullPhase::Download => json!({
                "status": format!("pulling {name}"), "digest": name, "total": total_bytes, "completed": done_bytes,
            }),
            PullPhase::Wait => json!({ "status": "waiting for the network" }),
            PullPhase::Verify => json!({ "status": "verifying sha256 digest" }),
        })),
        Event::Pulled { .. } => Some(Ok(json!({ "status": "success" }))),
        Event::Failed { kind, message, context, .. } => {
            Some(Err(Refusal::of_engine(&kind, message, context)))
        }
        Event::Done { finish_reason: FinishReason::Cancelled, .. } => Some(Err(gone())),
        _ => None,
    };
    if about.stream == Some(false) {
        let mut last: Option<Result<Value, Refusal>> = None;
        while let Some((_, event)) = running.next().await {
            last = progress(event).or(last);
        }
        return Ok(json_response(StatusCode::OK, &last.unwrap_or_else(|| Err(gone()))?));
    }
    Ok(stream::lines(move |out| async move {
        out.send(json!({ "status": "pulling manifest" }));
        while let Some((_, event)) = running.next().await {
            match progress(event) {
                Some(Ok(value)) => out.send(value),
                Some(Err(refusal)) => out.send(refusal.ollama_body()),
                None => {}
            }
        }
    }))
}
