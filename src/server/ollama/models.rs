//! `/api/tags`, `/api/ps`, `/api/show`, `/api/delete`: the models that are here, and the one in memory.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use web_time::SystemTime;

use super::{About, rfc3339, tagged};
use crate::platform;
use crate::protocol::{Event, FitReport, Library, ModelSource, Request as Ask, StoredModel, ThoughtFormat};
use crate::server::body::{self, Label};
use crate::server::names::{self, EMBEDDED};
use crate::server::refusal::{OllamaRefusal, Refusal};
use crate::server::reply::gone;
use crate::server::slot::Named;
use crate::server::{Ctx, hex, json_response};

/// What Ollama calls a model's digest: here it only tells models apart.
fn digest(name: &str, bytes: u64) -> String {
    hex(&Sha256::digest(format!("{name} {bytes}")))
}

/// A number of weights for people: 7.6B, 135M.
fn size_of(parameters: u64) -> String {
    match parameters {
        0 => String::new(),
        1..1_000_000_000 => format!("{:.1}M", parameters as f64 / 1e6),
        _ => format!("{:.1}B", parameters as f64 / 1e9),
    }
}

fn details(name: &str, family: &str, parameters: u64) -> Value {
    let level = name.rsplit_once(':').map_or("", |(_, tag)| tag);
    let format = if level == "safetensors" { "safetensors" } else { "gguf" };
    let families: Vec<&str> = Some(family).filter(|family| !family.is_empty()).into_iter().collect();
    json!({
        "parent_model": "",
        "format": format,
        "family": family,
        "families": families,
        "parameter_size": size_of(parameters),
        "quantization_level": if level == "latest" { "" } else { level },
    })
}

fn listed(model: &StoredModel, library: &Library) -> Value {
    let known = library.catalogue.iter().find(|entry| {
        matches!((&entry.source, &model.source),
            (ModelSource::Hub { repo: a, .. }, ModelSource::Hub { repo: b, .. }) if a == b)
    });
    let modified = SystemTime::UNIX_EPOCH + Duration::from_millis(model.modified_ms);
    json!({
        "name": tagged(&model.name),
        "model": tagged(&model.name),
        "modified_at": rfc3339(modified),
        "size": model.bytes,
        "digest": digest(&model.name, model.bytes),
        "details": details(&model.name, "", known.map_or(0, |entry| entry.parameters)),
    })
}

/// `GET /api/tags`
pub(in crate::server) async fn tags(State(context): Ctx) -> Result<Response, OllamaRefusal> {
    let library = names::library(&context).await?;
    let mut models: Vec<Value> =
        library.models.iter().filter(|model| model.complete).map(|model| listed(model, &library)).collect();
    let started = SystemTime::UNIX_EPOCH + Duration::from_secs(context.started_s);
    let mut others = vec![(EMBEDDED, platform::embedded_model().map_or(0, |bytes| bytes.len() as u64))];
    let default = context.options.model.name.as_str();
    if default != EMBEDDED && !library.models.iter().any(|model| model.name == default) {
        others.push((default, 0));
    }
    models.extend(others.into_iter().map(|(name, bytes)| {
        json!({
            "name": tagged(name),
            "model": tagged(name),
            "modified_at": rfc3339(started),
            "size": bytes,
            "digest": digest(name, bytes),
            "details": details(name, "", 0),
        })
    }));
    Ok(json_response(StatusCode::OK, &json!({ "models": models })))
}

/// `GET /api/ps`
pub(in crate::server) async fn running(State(context): Ctx) -> Response {
    let model = context.slot.shown().map(|loaded| {
        let (name, info) = (&loaded.named.name, &loaded.info);
        let bytes = info.weight_bytes + info.kv_bytes;
        // One that stays for ever, or is in use, goes in a hundred years: clients want a date.
        let far = || SystemTime::now() + Duration::from_hours(100 * 365 * 24);
        json!({
            "name": tagged(name),
            "model": tagged(name),
            "size": bytes,
            "digest": digest(name, bytes),
            "details": details(name, &info.architecture, info.parameters),
            "expires_at": rfc3339(context.slot.expires().unwrap_or_else(far)),
            "size_vram": bytes,
            "context_length": info.context,
        })
    });
    json_response(StatusCode::OK, &json!({ "models": model.into_iter().collect::<Vec<_>>() }))
}

/// `POST /api/show`
pub(in crate::server) async fn show(
    State(context): Ctx,
    request: Request,
) -> Result<Response, OllamaRefusal> {
    let about: About = body::parse(&body::read(request, Label::Any).await?)?;
    let Named { name, source } = names::resolve(&context, Some(about.model()?)).await?;
    let options = context.options.load.clone();
    let mut running = context.host.ask(|id| Ask::Inspect { id, source, options });
    while let Some((_, event)) = running.next().await {
        match event {
            Event::Inspected { report, .. } => {
                return Ok(json_response(StatusCode::OK, &shown(&name, &report)));
            }
            Event::Failed { kind, message, context, .. } => {
                return Err(Refusal::of_engine(&kind, message, context).into());
            }
            _ => {}
        }
    }
    Err(gone().into())
}

fn shown(name: &str, report: &FitReport) -> Value {
    let mut capabilities = vec!["completion"];
    if report.thoughts != ThoughtFormat::None {
        capabilities.push("thinking");
    }
    let family = &report.architecture;
    let context = format!("{family}.context_length");
    json!({
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": details(name, family, report.parameters),
        "model_info": {
            "general.architecture": family,
            "general.name": report.name,
            "general.parameter_count": report.parameters,
            context: report.model_context,
        },
        "capabilities": capabilities,
        "modified_at": rfc3339(SystemTime::now()),
    })
}

/// `DELETE /api/delete`
pub(in crate::server) async fn delete(
    State(context): Ctx,
    request: Request,
) -> Result<Response, OllamaRefusal> {
    let about: About = body::parse(&body::read(request, Label::Any).await?)?;
    let Named { name, source } = names::resolve(&context, Some(about.model()?)).await?;
    if !matches!(source, ModelSource::Stored { .. }) {
        return Err(Refusal::bad(format!("{name} is no stored model, and cannot be deleted")).into());
    }
    let mut running = context.host.ask(|id| Ask::Remove { id, name });
    while let Some((_, event)) = running.next().await {
        match event {
            Event::Library { .. } => return Ok(json_response(StatusCode::OK, &json!({}))),
            Event::Failed { kind, message, context, .. } => {
                return Err(Refusal::of_engine(&kind, message, context).into());
            }
            _ => {}
        }
    }
    Err(gone().into())
}
