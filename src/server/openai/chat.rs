//! `POST /v1/chat/completions`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::messages::{self, Incoming};
use super::sampling::{self, Knobs};
use super::{Head, Streaming, chunk, end, failed, logprobs, search, usage};
use crate::protocol::{Channel, Event, Message, Prompt, Request as Ask, SamplingOptions};
use crate::server::body::{self, Label};
use crate::server::log::Entry as Log;
use crate::server::queue::Place;
use crate::server::refusal::Refusal;
use crate::server::reply::{Entry, Replies, Step, finish_word, gone};
use crate::server::slot::Lease;
use crate::server::{Context, Ctx, json_response, names, stream};

/// The fields that are the chat's own.
#[derive(Debug, Deserialize)]
struct Chat {
    #[serde(default)]
    model: Option<String>,
    messages: Vec<Incoming>,
    #[serde(default)]
    logprobs: Option<bool>,
    #[serde(default)]
    top_logprobs: Option<u32>,
    #[serde(default)]
    tools: Value,
    #[serde(default)]
    functions: Value,
    #[serde(default)]
    modalities: Option<Vec<String>>,
}

impl Chat {
    /// What this server does not do is said, not left out.
    fn check(&self) -> Result<(), Refusal> {
        for (name, list) in [("tools", &self.tools), ("functions", &self.functions)] {
            match list {
                Value::Null => {}
                Value::Array(list) if list.is_empty() => {}
                _ => {
                    let message = format!("{name}: tools are not supported yet; leave {name} out");
                    return Err(Refusal::unsupported(name, message));
                }
            }
        }
        if self.modalities.iter().flatten().any(|modality| modality != "text") {
            return Err(Refusal::unsupported("modalities", "modalities: this model writes text only"));
        }
        if self.top_logprobs.is_some() && self.logprobs != Some(true) {
            let message = "top_logprobs is given without logprobs: true";
            return Err(Refusal::field("top_logprobs", message));
        }
        Ok(())
    }
}

/// Answers a conversation.
pub(in crate::server) async fn complete(
    State(context): Ctx,
    Extension(log): Extension<Arc<Log>>,
    request: Request,
) -> Result<Response, Refusal> {
    let body = body::read(request, Label::Json).await?;
    log.content(&context, &body);
    let chat: Chat = body::parse(&body)?;
    let knobs: Knobs = body::parse(&body)?;
    let streaming: Streaming = body::parse(&body)?;
    chat.check()?;
    let (turns, begun) = messages::conversation(&chat.messages)?;
    // What can be said without the model is said before anyone waits for it.
    let mut sampling = knobs.options(None)?;
    sampling.top_logprobs = chat.top_logprobs.unwrap_or(0);
    sampling.max_new_tokens = knobs.max_completion_tokens.or(knobs.max_tokens).unwrap_or(1);
    sampling::check(&sampling)?;
    let wish = search::wish(&body, chat_limits(&knobs))?;
    let named = names::resolve(&context, chat.model.as_deref()).await?;
    let place = context.queue.enter(sampling.choices)?;
    let lease = context.slot.lease(&named, context.options.keep_alive).await?;

    let mut sampling = knobs.options(lease.info.sampling.as_ref())?;
    let limit = knobs.max_completion_tokens.or(knobs.max_tokens);
    sampling.max_new_tokens = limit.unwrap_or(lease.info.context);
    let reported = chat.logprobs == Some(true);
    sampling.top_logprobs = chat.top_logprobs.unwrap_or(0);
    sampling.token_bytes = reported;
    if let Some(wish) = wish {
        if begun.is_some() || reported || sampling.format.is_some() || sampling.choices != 1 {
            return Err(search::alone());
        }
        let ask = search::Asked { turns, sampling, wish, streaming };
        return search::answer(&context, log, place, lease, ask).await;
    }
    let prompt = begin_with(&context, turns, begun, &mut sampling).await?;
    let replies = Replies::start(&context, vec![prompt], &sampling).await?;
    log.started(&context, &replies.counts);
    let head = |object| Head::new("chatcmpl", object, &lease.named.name);
    if streaming.is_on() {
        let told = Told { head: head("chat.completion.chunk"), reported, usage: streaming.usage() };
        return Ok(stream_out(context, log, (place, lease), replies, told, sampling.choices as usize));
    }
    let answer = gather(&head("chat.completion"), replies, reported, &log, &context, &sampling).await?;
    drop((place, lease));
    Ok(json_response(StatusCode::OK, &answer))
}

/// The longest reply that a request allows, in tokens.
fn chat_limits(knobs: &Knobs) -> Option<usize> {
    knobs.max_completion_tokens.or(knobs.max_tokens)
}

/// The prompt of a reply that begins with what the assistant has begun to say: a thought that is open goes on as one.
pub(in crate::server) async fn begin_with(
    context: &Context,
    turns: Vec<Message>,
    begun: Option<String>,
    sampling: &mut SamplingOptions,
) -> Result<Prompt, Refusal> {
    let Some(text) = begun.filter(|begun| !begun.is_empty()) else {
        return Ok(Prompt::Chat { messages: turns });
    };
    if sampling.format.is_some() {
        // What is to have a format has it from here on.
        return prompt(context, turns, Some(text)).await;
    }
    sampling.prefix = tokenize(context, Prompt::Raw { text }).await?.0;
    Ok(Prompt::Chat { messages: turns })
}

/// The prompt. What the assistant has begun to say goes behind it token by token, without the mark of its end.
pub(in crate::server) async fn prompt(
    context: &Context,
    turns: Vec<Message>,
    begun: Option<String>,
) -> Result<Prompt, Refusal> {
    let chat = Prompt::Chat { messages: turns };
    let Some(begun) = begun.filter(|begun| !begun.is_empty()) else { return Ok(chat) };
    let mut tokens = tokenize(context, chat).await?.0;
    tokens.extend(tokenize(context, Prompt::Raw { text: begun }).await?.0);
    Ok(Prompt::Tokens { tokens })
}

/// The tokens of a prompt: ids, and the text of each.
pub(in crate::server) async fn tokenize(
    context: &Context,
    prompt: Prompt,
) -> Result<(Vec<u32>, Vec<String>), Refusal> {
    let mut running = context.host.ask(|id| Ask::Tokenize { id, prompt });
    while let Some((_, event)) = running.next().await {
        match event {
            Event::Tokenized { tokens, texts, .. } => return Ok((tokens, texts)),
            Event::Failed { kind, message, context, .. } => {
                return Err(Refusal::of_engine(&kind, message, context));
            }
            _ => {}
        }
    }
    Err(gone())
}

/// A reply, gathered.
#[derive(Default)]
struct Gathered {
    thought: String,
    output: String,
    /// Tokens of the thought, and of the answer.
    thought_entries: Vec<Value>,
    entries: Vec<Value>,
    finish: Value,
    stop: Value,
}

fn report(into: &mut Vec<Value>, entries: &[Entry], reported: bool) {
    if reported {
        into.extend(entries.iter().map(logprobs::entry));
    }
}

async fn gather(
    head: &Head,
    mut replies: Replies,
    reported: bool,
    log: &Log,
    context: &Context,
    sampling: &SamplingOptions,
) -> Result<Value, Refusal> {
    let mut gathered: Vec<Gathered> = Vec::new();
    gathered.resize_with(sampling.choices as usize, Gathered::default);
    while let Some(step) = replies.next().await {
        match step? {
            Step::Delta { index, channel, text, entries } => {
                let Some(reply) = gathered.get_mut(index) else { continue };
                let (into, told) = match channel {
                    Channel::Thought => (&mut reply.thought, &mut reply.thought_entries),
                    Channel::Output => (&mut reply.output, &mut reply.entries),
                };
                into.push_str(&text);
                report(told, &entries, reported);
            }
            Step::Ended { index, reason, stop, entries } => {
                let Some(reply) = gathered.get_mut(index) else { continue };
                report(&mut reply.entries, &entries, reported);
                reply.finish = finish_word(reason).into();
                reply.stop = stop.into();
            }
            Step::Prompted { .. } => {}
        }
    }
    log.ended(context, &replies.counts);
    let choices: Vec<Value> = gathered
        .into_iter()
        .enumerate()
        .map(|(index, reply)| {
            let mut message = json!({ "role": "assistant", "content": reply.output, "refusal": null });
            if !reply.thought.is_empty() {
                message["reasoning_content"] = reply.thought.into();
            }
            let logprobs = if reported {
                json!({ "content": reply.entries, "refusal": null, "reasoning_content": reply.thought_entries })
            } else {
                Value::Null
            };
            json!({
                "index": index,
                "message": message,
                "logprobs": logprobs,
                "finish_reason": reply.finish,
                "stop_reason": reply.stop,
            })
        })
        .collect();
    let mut answer = head.with(&Value::Array(choices));
    answer["usage"] = usage(&replies.counts);
    Ok(answer)
}

/// How a stream is told.
pub(super) struct Told {
    pub(super) head: Head,
    pub(super) reported: bool,
    pub(super) usage: bool,
}

impl Told {
    /// A chunk about one reply.
    #[expect(clippy::needless_pass_by_value, reason = "most are made where they are given")]
    pub(super) fn delta(&self, index: usize, delta: &Value, logprobs: Value, finish: Value) -> Value {
        let choice = json!({ "index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish });
        self.chunk(&json!([choice]))
    }

    pub(super) fn chunk(&self, choices: &Value) -> Value {
        let mut value = self.head.with(choices);
        // As OpenAI has it: null until the last, where it is asked for at all.
        if self.usage {
            value["usage"] = Value::Null;
        }
        value
    }
}

fn stream_out(
    context: Context,
    log: Arc<Log>,
    held: (Place, Lease),
    mut replies: Replies,
    told: Told,
    choices: usize,
) -> Response {
    stream::sse(move |out| async move {
        // Until the client has its last byte, or has gone.
        let _held = held;
        for index in 0..choices {
            let delta = json!({ "role": "assistant", "content": "" });
            out.send(chunk(&told.delta(index, &delta, Value::Null, Value::Null)));
        }
        while let Some(step) = replies.next().await {
            match step {
                Ok(Step::Delta { index, channel, text, entries }) => {
                    let name = match channel {
                        Channel::Thought => "reasoning_content",
                        Channel::Output => "content",
                    };
                    let mut logprobs = Value::Null;
                    if told.reported {
                        let entries: Vec<Value> = entries.iter().map(super::logprobs::entry).collect();
                        logprobs = json!({ "content": null });
                        logprobs[name] = entries.into();
                    }
                    out.send(chunk(&told.delta(index, &json!({ name: text }), logprobs, Value::Null)));
                }
                Ok(Step::Ended { index, reason, stop, entries }) => {
                    let mut logprobs = Value::Null;
                    if told.reported {
                        let entries: Vec<Value> = entries.iter().map(super::logprobs::entry).collect();
                        logprobs = json!({ "content": entries });
                    }
                    let finish = finish_word(reason).into();
                    let mut value = told.delta(index, &json!({}), logprobs, finish);
                    value["choices"][0]["stop_reason"] = stop.into();
                    out.send(chunk(&value));
                }
                Ok(Step::Prompted { .. }) => {}
                Err(refusal) => {
                    log.refused(&refusal);
                    out.send(failed(&refusal));
                    return;
                }
            }
        }
        log.ended(&context, &replies.counts);
        end(&out, &told.head, told.usage, &replies.counts);
    })
}
