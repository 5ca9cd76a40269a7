//! `POST /api/chat` and `POST /api/generate`.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use web_time::Instant;

use super::options::Options;
use super::{keep_alive, now};
use crate::protocol::{Channel, FinishReason, Message, Prompt, Role, SamplingOptions};
use crate::server::body::{self, Label};
use crate::server::log::Entry as Log;
use crate::server::openai::chat::begin_with;
use crate::server::refusal::{OllamaRefusal, Refusal};
use crate::server::reply::{Counts, Entry, Replies, Step};
use crate::server::slot::KeepAlive;
use crate::server::{Context, Ctx, json_response, names, stream};

/// What both take.
#[derive(Debug, Deserialize)]
struct Common {
    model: String,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    options: Option<Options>,
    #[serde(default)]
    format: Option<Value>,
    #[serde(default)]
    think: Option<Value>,
    #[serde(default)]
    keep_alive: Option<Value>,
    #[serde(default)]
    logprobs: Option<bool>,
    #[serde(default)]
    top_logprobs: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Chat {
    #[serde(default)]
    messages: Option<Vec<Incoming>>,
    #[serde(default)]
    tools: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
struct Incoming {
    role: String,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    images: Option<Vec<Value>>,
    #[serde(default)]
    tool_calls: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
struct Generate {
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default)]
    suffix: Option<String>,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    template: Option<String>,
    #[serde(default)]
    context: Option<Vec<u32>>,
    #[serde(default)]
    raw: Option<bool>,
    #[serde(default)]
    images: Option<Vec<Value>>,
}

/// What is to be answered.
enum Question {
    /// A conversation, and what the reply begins with.
    Turns(Vec<Message>, Option<String>),
    /// A prompt as it stands.
    Raw(String),
    /// Nothing: the model is to be loaded, or to go.
    Nothing,
}

/// Which of the two interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Chat,
    Generate,
}

/// `POST /api/chat`
pub(in crate::server) async fn chat(
    State(context): Ctx,
    Extension(log): Extension<Arc<Log>>,
    request: Request,
) -> Result<Response, OllamaRefusal> {
    let started = Instant::now();
    let body = body::read(request, Label::Any).await?;
    log.content(&context, &body);
    let (common, chat): (Common, Chat) = (body::parse(&body)?, body::parse(&body)?);
    if chat.tools.is_some_and(|tools| !tools.is_empty()) {
        return Err(Refusal::unsupported("tools", "tools are not supported yet; leave them out").into());
    }
    let mut turns = chat
        .messages
        .unwrap_or_default()
        .into_iter()
        .enumerate()
        .map(|(at, message)| turn(at, message))
        .collect::<Result<Vec<_>, Refusal>>()?;
    let begun = match turns.last() {
        Some(Message { role: Role::Assistant, .. }) if turns.len() > 1 => {
            turns.pop().map(|turn| turn.content)
        }
        _ => None,
    };
    let question = if turns.is_empty() { Question::Nothing } else { Question::Turns(turns, begun) };
    Ok(answer(context, log, started, Form::Chat, common, question).await?)
}

fn turn(at: usize, message: Incoming) -> Result<Message, Refusal> {
    let some = |list: &Option<Vec<Value>>| list.as_ref().is_some_and(|list| !list.is_empty());
    if some(&message.images) {
        return Err(Refusal::unsupported("images", format!("messages[{at}]: this model reads text only")));
    }
    let role = match message.role.as_str() {
        "system" => Role::System,
        "user" => Role::User,
        "assistant" if !some(&message.tool_calls) => Role::Assistant,
        other => {
            let other: String = other.chars().take(40).collect();
            let message =
                format!("messages[{at}]: role {other:?}, expected system, user or assistant, without tools");
            return Err(Refusal::unsupported("role", message));
        }
    };
    Ok(Message { role, content: message.content.unwrap_or_default() })
}

/// `POST /api/generate`
pub(in crate::server) async fn generate(
    State(context): Ctx,
    Extension(log): Extension<Arc<Log>>,
    request: Request,
) -> Result<Response, OllamaRefusal> {
    let started = Instant::now();
    let body = body::read(request, Label::Any).await?;
    log.content(&context, &body);
    let (common, wanted): (Common, Generate) = (body::parse(&body)?, body::parse(&body)?);
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    for (name, asked) in [
        ("suffix", given(&wanted.suffix)),
        ("template", given(&wanted.template)),
        ("context", wanted.context.as_ref().is_some_and(|context| !context.is_empty())),
        ("images", wanted.images.as_ref().is_some_and(|images| !images.is_empty())),
    ] {
        if asked {
            let message =
                format!("{name} is not supported; /api/chat takes a conversation, raw a prompt as it stands");
            return Err(Refusal::unsupported(name, message).into());
        }
    }
    let prompt = wanted.prompt.unwrap_or_default();
    let question = match (prompt.is_empty(), wanted.raw) {
        (true, _) => Question::Nothing,
        (false, Some(true)) => Question::Raw(prompt),
        (false, _) => {
            let system = wanted.system.filter(|system| !system.is_empty());
            let system = system.map(|content| Message { role: Role::System, content });
            let user = Message { role: Role::User, content: prompt };
            Question::Turns(system.into_iter().chain([user]).collect(), None)
        }
    };
    Ok(answer(context, log, started, Form::Generate, common, question).await?)
}

async fn answer(
    context: Context,
    log: Arc<Log>,
    started: Instant,
    form: Form,
    common: Common,
    question: Question,
) -> Result<Response, Refusal> {
    let keep: KeepAlive = keep_alive(common.keep_alive.as_ref(), context.options.keep_alive)?;
    let options = common.options.unwrap_or_default();
    let sampling = |recommended, room| {
        let mut sampling: SamplingOptions = options.sampling(recommended, common.format.as_ref(), room)?;
        sampling.top_logprobs = common.top_logprobs.unwrap_or(0);
        sampling.token_bytes = common.logprobs == Some(true);
        crate::server::openai::sampling::check(&sampling)?;
        Ok::<_, Refusal>(sampling)
    };
    sampling(None, 1)?;
    let named = names::resolve(&context, Some(&common.model)).await?;
    let told = Told {
        form,
        model: common.model.clone(),
        // Whether a thought is shown; the model has it in any case.
        thinks: common.think != Some(Value::Bool(false)),
        reported: common.logprobs == Some(true),
    };
    let place = context.queue.enter(1)?;
    let prompt_of = match question {
        Question::Nothing if keep == Some(Duration::ZERO) => {
            context.slot.release(&named);
            context.slot.tidy().await;
            return Ok(json_response(StatusCode::OK, &told.empty("unload")));
        }
        Question::Nothing => {
            drop(context.slot.lease(&named, keep).await?);
            return Ok(json_response(StatusCode::OK, &told.empty("load")));
        }
        Question::Raw(text) => Err(Prompt::Marked { text }),
        Question::Turns(turns, begun) => Ok((turns, begun)),
    };
    let lease = context.slot.lease(&named, keep).await?;
    let mut sampling = sampling(lease.info.sampling.as_ref(), lease.info.context)?;
    let prompt = match prompt_of {
        Err(prompt) => prompt,
        Ok((turns, begun)) => begin_with(&context, turns, begun, &mut sampling).await?,
    };
    let mut replies = Replies::start(&context, vec![prompt], &sampling).await?;
    log.started(&context, &replies.counts);
    let load = lease.load;
    let held = (place, lease);
    if common.stream != Some(false) {
        return Ok(stream::lines(move |out| async move {
            let _held = held;
            let mut end = FinishReason::Stop;
            while let Some(step) = replies.next().await {
                match step {
                    Ok(Step::Delta { channel, text, entries, .. }) => {
                        if told.thinks || channel == Channel::Output {
                            out.send(told.piece(channel, &text, &entries));
                        }
                    }
                    Ok(Step::Ended { reason, .. }) => end = reason,
                    Ok(Step::Prompted { .. }) => {}
                    Err(refusal) => {
                        log.refused(&refusal);
                        out.send(refusal.ollama_body());
                        return;
                    }
                }
            }
            log.ended(&context, &replies.counts);
            out.send(told.last(end, &replies.counts, started, load));
        }));
    }
    let (mut thought, mut output, mut all, mut end) =
        (String::new(), String::new(), Vec::new(), FinishReason::Stop);
    while let Some(step) = replies.next().await {
        match step? {
            Step::Delta { channel, text, entries, .. } => {
                match channel {
                    Channel::Thought => thought.push_str(&text),
                    Channel::Output => output.push_str(&text),
                }
                all.extend(entries);
            }
            Step::Ended { reason, .. } => end = reason,
            Step::Prompted { .. } => {}
        }
    }
    drop(held);
    log.ended(&context, &replies.counts);
    let mut value = told.last(end, &replies.counts, started, load);
    told.say(&mut value, Channel::Output, &output);
    if told.thinks && !thought.is_empty() {
        told.say(&mut value, Channel::Thought, &thought);
    }
    told.report(&mut value, &all);
    Ok(json_response(StatusCode::OK, &value))
}

/// How it is told.
struct Told {
    form: Form,
    model: String,
    thinks: bool,
    reported: bool,
}

impl Told {
    fn base(&self, done: bool) -> Value {
        let mut value = json!({ "model": self.model, "created_at": now(), "done": done });
        match self.form {
            Form::Chat => value["message"] = json!({ "role": "assistant", "content": "" }),
            Form::Generate => value["response"] = "".into(),
        }
        value
    }

    fn say(&self, value: &mut Value, channel: Channel, text: &str) {
        let into = match self.form {
            Form::Chat => &mut value["message"],
            Form::Generate => value,
        };
        let name = match (channel, self.form) {
            (Channel::Thought, _) => "thinking",
            (Channel::Output, Form::Chat) => "content",
            (Channel::Output, Form::Generate) => "response",
        };
        into[name] = text.into();
    }

    fn report(&self, value: &mut Value, entries: &[Entry]) {
        if self.reported {
            let entry = |entry: &Entry| {
                let top: Vec<Value> = entry
                    .top
                    .iter()
                    .map(|top| json!({ "token": top.text, "logprob": top.logprob, "bytes": top.bytes }))
                    .collect();
                json!({
                    "token": entry.text, "logprob": entry.logprob, "bytes": entry.bytes, "top_logprobs": top,
                })
            };
            value["logprobs"] = entries.iter().map(entry).collect();
        }
    }

    fn piece(&self, channel: Channel, text: &str, entries: &[Entry]) -> Value {
        let mut value = self.base(false);
        self.say(&mut value, channel, text);
        self.report(&mut value, entries);
        value
    }

    /// Nothing was asked.
    fn empty(&self, reason: &str) -> Value {
        let mut value = self.base(true);
        value["done_reason"] = reason.into();
        value
    }

    fn last(&self, end: FinishReason, counts: &Counts, started: Instant, load: Duration) -> Value {
        let reason = match end {
            FinishReason::Length | FinishReason::Context => "length",
            FinishReason::Stop | FinishReason::Cancelled => "stop",
        };
        let mut value = self.empty(reason);
        let nanoseconds = |time: Duration| json!(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        let numbers = Map::from_iter([
            ("total_duration".to_owned(), nanoseconds(started.elapsed())),
            ("load_duration".to_owned(), nanoseconds(load)),
            ("prompt_eval_count".to_owned(), counts.prompt.into()),
            ("prompt_eval_duration".to_owned(), nanoseconds(Duration::from_micros(counts.first_token_us))),
            ("eval_count".to_owned(), counts.completion.into()),
            ("eval_duration".to_owned(), nanoseconds(Duration::from_micros(counts.decode_us))),
        ]);
        if let Some(fields) = value.as_object_mut() {
            fields.extend(numbers);
        }
        value
    }
}
