//! `/tokenize` and `/detokenize`, in vLLM's shapes.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::chat;
use super::messages::{self, Incoming};
use crate::protocol::{Event, Prompt, Request as Ask};
use crate::server::body::{self, Label};
use crate::server::refusal::Refusal;
use crate::server::reply::gone;
use crate::server::{Ctx, json_response, names};

#[derive(Debug, Deserialize)]
struct Tokenize {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default)]
    messages: Option<Vec<Incoming>>,
    /// Special tokens that are written out count as such.
    #[serde(default)]
    parse_special: Option<bool>,
    #[serde(default)]
    return_token_strs: Option<bool>,
}

/// Text or a conversation as tokens.
pub(in crate::server) async fn tokenize(State(context): Ctx, request: Request) -> Result<Response, Refusal> {
    let wanted: Tokenize = body::parse(&body::read(request, Label::Json).await?)?;
    let named = names::resolve(&context, wanted.model.as_deref()).await?;
    let prompt = match (wanted.prompt, wanted.messages) {
        (Some(text), None) if wanted.parse_special == Some(true) => Ok(Prompt::Marked { text }),
        (Some(text), None) => Ok(Prompt::Raw { text }),
        (None, Some(messages)) => Err(messages::conversation(&messages)?),
        _ => return Err(Refusal::field("prompt", "expected either prompt or messages")),
    };
    let lease = context.slot.lease(&named, context.options.keep_alive).await?;
    let prompt = match prompt {
        Ok(prompt) => prompt,
        Err((turns, begun)) => chat::prompt(&context, turns, begun).await?,
    };
    let (tokens, texts) = chat::tokenize(&context, prompt).await?;
    let mut answer = json!({ "count": tokens.len(), "max_model_len": lease.info.context, "tokens": tokens });
    if wanted.return_token_strs == Some(true) {
        answer["token_strs"] = json!(texts);
    }
    Ok(json_response(StatusCode::OK, &answer))
}

#[derive(Debug, Deserialize)]
struct Detokenize {
    #[serde(default)]
    model: Option<String>,
    tokens: Vec<u32>,
}

/// Tokens as text.
pub(in crate::server) async fn detokenize(
    State(context): Ctx,
    request: Request,
) -> Result<Response, Refusal> {
    let wanted: Detokenize = body::parse(&body::read(request, Label::Json).await?)?;
    let named = names::resolve(&context, wanted.model.as_deref()).await?;
    let _lease = context.slot.lease(&named, context.options.keep_alive).await?;
    let mut running = context.host.ask(|id| Ask::Detokenize { id, tokens: wanted.tokens });
    while let Some((_, event)) = running.next().await {
        match event {
            Event::Detokenized { text, .. } => {
                return Ok(json_response(StatusCode::OK, &json!({ "prompt": text })));
            }
            Event::Failed { kind, message, context, .. } => {
                return Err(Refusal::of_engine(&kind, message, context));
            }
            _ => {}
        }
    }
    Err(gone())
}
