//! `/v1/models`: what a request may name.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::now_s;
use crate::server::names::{self, EMBEDDED};
use crate::server::refusal::Refusal;
use crate::server::slot::Named;
use crate::server::{Context, Ctx, json_response};

/// A model, with what vLLM tells of it too; lengths and thoughts are known of the one in memory.
fn model_json(context: &Context, name: &str, created: u64) -> Value {
    let loaded = context.slot.shown().filter(|loaded| loaded.named.name == name);
    let mut model = json!({ "id": name, "object": "model", "created": created, "owned_by": "polo" });
    if let Some(loaded) = loaded {
        model["context_length"] = loaded.info.context.into();
        model["max_model_len"] = loaded.info.context.into();
        model["thoughts"] = json!(loaded.info.thoughts);
    }
    model
}

/// `GET /v1/models`
pub(in crate::server) async fn list(State(context): Ctx) -> Result<Response, Refusal> {
    let default = context.options.model.name.clone();
    let mut names = vec![(default, context.started_s)];
    let library = names::library(&context).await?;
    let stored = library.models.iter().filter(|model| model.complete);
    names.extend(stored.map(|model| (model.name.clone(), model.modified_ms / 1000)));
    names.push((EMBEDDED.to_owned(), context.started_s));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|(name, _)| seen.insert(name.clone()));
    let data: Vec<Value> = names.iter().map(|(name, created)| model_json(&context, name, *created)).collect();
    Ok(json_response(StatusCode::OK, &json!({ "object": "list", "data": data })))
}

/// `GET /v1/models/{id}`, whose id may hold slashes.
pub(in crate::server) async fn one(State(context): Ctx, Path(id): Path<String>) -> Result<Response, Refusal> {
    let Named { name, .. } = names::resolve(&context, Some(&id)).await?;
    Ok(json_response(StatusCode::OK, &model_json(&context, &name, now_s().min(context.started_s))))
}
