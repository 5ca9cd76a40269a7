//! `POST /v1/completions`: text or token ids, gone on with as they stand.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::sampling::{self, Knobs};
use super::{Head, Streaming, chunk, end, failed, logprobs, usage};
use crate::protocol::{FinishReason, Prompt, PromptToken};
use crate::server::body::{self, Label};
use crate::server::log::Entry as Log;
use crate::server::refusal::Refusal;
use crate::server::reply::{Entry, Replies, Step, finish_word};
use crate::server::{Ctx, json_response, names, stream};

/// Most prompts of a request.
const MAX_PROMPTS: usize = 64;
/// Longest reply where the request names none, in tokens: OpenAI's and vLLM's number.
const DEFAULT_TOKENS: usize = 16;

/// The fields that are the completions' own.
#[derive(Debug, Deserialize)]
struct Completion {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    prompt: Value,
    #[serde(default)]
    suffix: Option<String>,
    #[serde(default)]
    best_of: Option<u32>,
    #[serde(default)]
    n: Option<u32>,
    #[serde(default)]
    echo: Option<bool>,
    #[serde(default)]
    logprobs: Option<u32>,
    #[serde(default)]
    return_token_ids: Option<bool>,
    /// Special tokens that are written out in the prompt count as such.
    #[serde(default)]
    parse_special: Option<bool>,
}

impl Completion {
    fn check(&self) -> Result<(), Refusal> {
        if self.suffix.as_ref().is_some_and(|suffix| !suffix.is_empty()) {
            return Err(Refusal::unsupported(
                "suffix",
                "suffix: this model only goes on at the end of a text",
            ));
        }
        let n = self.n.unwrap_or(1);
        if self.best_of.is_some_and(|best_of| best_of != n) {
            let message = "best_of is not n; ask for n replies and choose by their logprobs, or use search";
            return Err(Refusal::unsupported("best_of", message));
        }
        Ok(())
    }

    /// Texts or token ids, one or several.
    fn prompts(&self) -> Result<Vec<Prompt>, Refusal> {
        let wrong = || {
            let message =
                "prompt: expected a text, a list of texts, a list of token ids, or a list of such lists";
            Refusal::field("prompt", message)
        };
        let text = |text: &str| match self.parse_special {
            Some(true) => Prompt::Marked { text: text.to_owned() },
            _ => Prompt::Raw { text: text.to_owned() },
        };
        let ids = |list: &[Value]| {
            let id = |id: &Value| id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(wrong);
            let tokens = list.iter().map(id).collect::<Result<Vec<u32>, Refusal>>()?;
            Ok(Prompt::Tokens { tokens })
        };
        let prompts = match &self.prompt {
            Value::String(one) => vec![text(one)],
            Value::Array(list) if list.first().is_some_and(Value::is_number) => vec![ids(list)?],
            Value::Array(list) => {
                if list.len() > MAX_PROMPTS {
                    let message =
                        format!("prompt holds {} prompts, expected at most {MAX_PROMPTS}", list.len());
                    return Err(Refusal::field("prompt", message));
                }
                let one = |value: &Value| match value {
                    Value::String(one) => Ok(text(one)),
                    Value::Array(list) => ids(list),
                    _ => Err(wrong()),
                };
                list.iter().map(one).collect::<Result<_, Refusal>>()?
            }
            _ => return Err(wrong()),
        };
        let empty = |prompt: &Prompt| match prompt {
            Prompt::Raw { text } | Prompt::Marked { text } => text.is_empty(),
            Prompt::Tokens { tokens } => tokens.is_empty(),
            Prompt::Chat { .. } => false,
        };
        if prompts.is_empty() || prompts.iter().any(empty) {
            return Err(Refusal::field("prompt", "prompt is empty: there is nothing to go on with"));
        }
        Ok(prompts)
    }
}

/// Goes on with a text.
pub(in crate::server) async fn complete(
    State(context): Ctx,
    Extension(log): Extension<Arc<Log>>,
    request: Request,
) -> Result<Response, Refusal> {
    let body = body::read(request, Label::Json).await?;
    log.content(&context, &body);
    let wanted: Completion = body::parse(&body)?;
    let knobs: Knobs = body::parse(&body)?;
    let streaming: Streaming = body::parse(&body)?;
    wanted.check()?;
    let prompts = wanted.prompts()?;
    let named = names::resolve(&context, wanted.model.as_deref()).await?;
    let options = |recommended| {
        let mut sampling = knobs.options(recommended)?;
        sampling.max_new_tokens = knobs.max_tokens.unwrap_or(DEFAULT_TOKENS);
        sampling.top_logprobs = wanted.logprobs.unwrap_or(0);
        sampling.token_bytes = wanted.logprobs.is_some();
        sampling.echo = wanted.echo == Some(true);
        sampling.verbatim = true;
        sampling::check(&sampling)?;
        Ok::<_, Refusal>(sampling)
    };
    let sampling = options(None)?;
    let count = sampling.choices.saturating_mul(prompts.len() as u32);
    let place = context.queue.enter(count)?;
    let lease = context.slot.lease(&named, context.options.keep_alive).await?;
    let sampling = options(lease.info.sampling.as_ref())?;

    let replies = Replies::start(&context, prompts, &sampling).await.map_err(|refusal| Refusal {
        // What is too long has another name here.
        param: refusal.param.clone().map(|param| if param == "messages" { "prompt".into() } else { param }),
        ..refusal
    })?;
    log.started(&context, &replies.counts);
    let told = Told {
        head: Head::new("cmpl", "text_completion", &lease.named.name),
        reported: wanted.logprobs.is_some(),
        ids: wanted.return_token_ids == Some(true),
        usage: streaming.usage(),
        choices: sampling.choices as usize,
    };
    let open = count as usize;
    if streaming.is_on() {
        let response = stream::sse(move |out| async move {
            let _held = (place, lease);
            let mut replies = replies;
            let mut offsets = vec![0; open];
            while let Some(step) = replies.next().await {
                match step {
                    Ok(step) => {
                        for (index, piece) in told.pieces(step) {
                            let Some(offset) = offsets.get_mut(index) else { continue };
                            out.send(chunk(&told.chunk(index, piece, offset)));
                        }
                    }
                    Err(refusal) => {
                        log.refused(&refusal);
                        out.send(failed(&refusal));
                        return;
                    }
                }
            }
            log.ended(&context, &replies.counts);
            end(&out, &told.head, told.usage, &replies.counts);
        });
        return Ok(response);
    }
    let mut replies = replies;
    let mut gathered: Vec<Piece> = Vec::new();
    gathered.resize_with(open, Piece::default);
    while let Some(step) = replies.next().await {
        for (index, piece) in told.pieces(step?) {
            if let Some(reply) = gathered.get_mut(index) {
                reply.add(piece);
            }
        }
    }
    drop((place, lease));
    log.ended(&context, &replies.counts);
    let choices = gathered.into_iter().enumerate().map(|(index, piece)| told.choice(index, piece, &mut 0));
    let mut answer = told.head.with(&choices.collect());
    answer["usage"] = usage(&replies.counts);
    Ok(json_response(StatusCode::OK, &answer))
}

/// A part of a reply.
#[derive(Default)]
struct Piece {
    text: String,
    entries: Vec<Entry>,
    finish: Option<FinishReason>,
    stop: Option<String>,
    /// The ids of the prompt, with its first piece where it is asked back.
    prompt: Option<Vec<u32>>,
}

impl Piece {
    fn add(&mut self, other: Self) {
        self.text.push_str(&other.text);
        self.entries.extend(other.entries);
        self.finish = self.finish.or(other.finish);
        self.stop = self.stop.take().or(other.stop);
        self.prompt = self.prompt.take().or(other.prompt);
    }
}

/// How it is told.
struct Told {
    head: Head,
    reported: bool,
    ids: bool,
    usage: bool,
    choices: usize,
}

impl Told {
    /// A step as parts of replies: the prompt is the beginning of each of its replies.
    fn pieces(&self, step: Step) -> Vec<(usize, Piece)> {
        match step {
            Step::Delta { index, text, entries, .. } => {
                vec![(index, Piece { text, entries, ..Piece::default() })]
            }
            Step::Ended { index, reason, stop, entries } => {
                vec![(index, Piece { entries, finish: Some(reason), stop, ..Piece::default() })]
            }
            Step::Prompted { part, tokens } => {
                let text: String = tokens.iter().map(|token| token.text.as_str()).collect();
                let ids: Vec<u32> = tokens.iter().map(|token| token.token).collect();
                let entries: Vec<Entry> = tokens.into_iter().map(entry_of).collect();
                let first = part * self.choices;
                let piece = |index| {
                    let (text, entries, prompt) = (text.clone(), entries.clone(), Some(ids.clone()));
                    (index, Piece { text, entries, prompt, ..Piece::default() })
                };
                (first..first + self.choices).map(piece).collect()
            }
        }
    }

    fn choice(&self, index: usize, piece: Piece, offset: &mut usize) -> Value {
        let mut logprobs = Value::Null;
        if self.reported && !piece.entries.is_empty() {
            (logprobs, *offset) = logprobs::completion(&piece.entries, *offset);
        }
        let mut choice = json!({
            "index": index,
            "text": piece.text,
            "logprobs": logprobs,
            "finish_reason": piece.finish.map(finish_word),
            "stop_reason": piece.stop,
        });
        if self.ids {
            let skipped = piece.prompt.as_ref().map_or(0, Vec::len);
            let ids: Vec<u32> = piece.entries.iter().skip(skipped).map(|entry| entry.token).collect();
            choice["token_ids"] = ids.into();
            choice["prompt_token_ids"] = piece.prompt.into();
        }
        choice
    }

    fn chunk(&self, index: usize, piece: Piece, offset: &mut usize) -> Value {
        let mut value = self.head.with(&json!([self.choice(index, piece, offset)]));
        if self.usage {
            value["usage"] = Value::Null;
        }
        value
    }
}

fn entry_of(token: PromptToken) -> Entry {
    let bytes = token.bytes.unwrap_or_else(|| token.text.clone().into_bytes());
    Entry {
        token: token.token,
        text: String::from_utf8_lossy(&bytes).into_owned(),
        bytes,
        logprob: token.logprob,
        top: token.top,
    }
}
