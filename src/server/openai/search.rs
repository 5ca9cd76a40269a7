//! A chat that is answered by a search: the answer in `content`, the winning thought in `reasoning_content`, the tree
//! and the votes under `search`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{Response, sse};
use serde_json::{Value, json};

use super::chat::Told;
use super::{Head, Streaming, chunk, end, failed, usage};
use crate::engine::split_reply;
use crate::protocol::{
    Event, Message, NodeId, NodeKind, Preset, Prompt, Request, SamplingOptions, SearchOptions, SearchReport,
    TreeNode,
};
use crate::server::body;
use crate::server::host::Running;
use crate::server::log::Entry as Log;
use crate::server::queue::Place;
use crate::server::refusal::Refusal;
use crate::server::reply::{Counts, gone};
use crate::server::slot::Lease;
use crate::server::{Context, json_response, stream};

/// How to search.
pub(super) struct Wish {
    options: SearchOptions,
    /// Whether the tree is told while it grows. Only who speaks of `search` knows such events.
    events: bool,
}

/// Whether and how a request wants a search: by `search`, or else by `reasoning_effort`.
pub(super) fn wish(body: &Value, limit: Option<usize>) -> Result<Option<Wish>, Refusal> {
    let plain = |preset| Ok(Some((SearchOptions::preset(preset), false)));
    let found = match (&body["search"], &body["reasoning_effort"]) {
        (Value::Bool(false), _) | (Value::Null, Value::Null) => Ok(None),
        (Value::Bool(true), _) => Ok(Some((SearchOptions::default(), true))),
        (Value::String(name), _) => Ok(Some((preset(name)?, true))),
        (Value::Object(_), _) => overlay(&body["search"]).map(|options| Some((options, true))),
        (Value::Null, Value::String(effort)) => match effort.as_str() {
            "none" | "minimal" | "low" => Ok(None),
            "medium" => plain(Preset::Balanced),
            "high" | "xhigh" | "max" => plain(Preset::Thorough),
            other => {
                let other: String = other.chars().take(40).collect();
                let message = format!(
                    "reasoning_effort is {other:?}, expected none, minimal or low (no search), medium or high"
                );
                Err(Refusal::field("reasoning_effort", message))
            }
        },
        (Value::Null, _) => Err(Refusal::field("reasoning_effort", "reasoning_effort: expected a text")),
        (other, _) => {
            let message = format!("search is {}, expected an object, a preset or true", body::kind_of(other));
            Err(Refusal::field("search", message))
        }
    };
    let Some((mut options, events)) = found? else { return Ok(None) };
    // The longest reply is the longest branch.
    if let (Some(limit), true) = (limit, body["search"]["path_tokens"].is_null()) {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let length = options.path_tokens.min(limit.max(64));
        options = options.with_path_tokens(length);
    }
    options.validate().map_err(|error| {
        let message = error.to_string();
        let name = message.split(' ').next().unwrap_or_default();
        Refusal::field(format!("search.{name}"), format!("search: {message}"))
    })?;
    Ok(Some(Wish { options, events }))
}

fn preset(name: &str) -> Result<SearchOptions, Refusal> {
    let preset: Result<Preset, _> = serde_json::from_value(name.into());
    preset.map(SearchOptions::preset).map_err(|_| {
        let name: String = name.chars().take(40).collect();
        let message = format!("search preset {name:?}, expected quick, balanced, thorough or paper");
        Refusal::field("search.preset", message)
    })
}

/// The options that are given over those of the preset.
fn overlay(given: &Value) -> Result<SearchOptions, Refusal> {
    let base = match &given["preset"] {
        Value::Null => SearchOptions::default(),
        Value::String(name) => preset(name)?,
        _ => return Err(Refusal::field("search.preset", "search.preset: expected a text")),
    };
    let mut merged = serde_json::to_value(base).unwrap_or_default();
    for (name, value) in given.as_object().into_iter().flatten().filter(|(name, _)| *name != "preset") {
        let name: String = name.chars().take(60).collect();
        if merged.get(&name).is_none() {
            let message = format!("search.{name}: there is no such option; see docs/SERVER.md");
            return Err(Refusal::field(format!("search.{name}"), message));
        }
        merged[&name] = value.clone();
    }
    body::parse(&merged).map_err(|refusal| {
        let param = refusal.param.clone().unwrap_or_default();
        Refusal::field(format!("search.{param}"), format!("search.{}", refusal.message))
    })
}

/// What a search does not go together with.
pub(super) fn alone() -> Refusal {
    let message = "search goes without n, logprobs, response_format and a reply that is begun; with \
                   reasoning_effort medium and high, too, a search answers";
    Refusal::unsupported("search", message)
}

/// A chat that wants a search.
pub(super) struct Asked {
    pub(super) turns: Vec<Message>,
    pub(super) sampling: SamplingOptions,
    pub(super) wish: Wish,
    pub(super) streaming: Streaming,
}

/// Answers it.
pub(super) async fn answer(
    context: &Context,
    log: Arc<Log>,
    place: Place,
    lease: Lease,
    asked: Asked,
) -> Result<Response, Refusal> {
    let Asked { turns, sampling, wish, streaming } = asked;
    let (prompt, search) = (Prompt::Chat { messages: turns }, wish.options);
    let mut running = context.host.ask(|id| Request::Search { id, prompt, sampling, search });
    let mut counts = Counts::default();
    loop {
        match running.next().await {
            Some((_, Event::Started { prompt_tokens, cached_tokens, .. })) => {
                (counts.prompt, counts.cached) = (prompt_tokens, cached_tokens);
                break;
            }
            Some((_, Event::Failed { kind, message, context, .. })) => {
                return Err(Refusal::of_engine(&kind, message, context));
            }
            Some(_) => {}
            None => return Err(gone()),
        }
    }
    log.started(context, &counts);
    let mut tree = Tree { nodes: BTreeMap::new(), counts };
    if streaming.is_on() {
        let head = Head::new("chatcmpl", "chat.completion.chunk", &lease.named.name);
        let told = Told { head, reported: false, usage: streaming.usage() };
        let (context, events) = (context.clone(), wish.events);
        return Ok(stream::sse(move |out| async move {
            let _held = (place, lease);
            let start = json!({ "role": "assistant", "content": "" });
            out.send(chunk(&told.delta(0, &start, Value::Null, Value::Null)));
            let tell = |event: &Event| {
                if let Some(event) = named(&told, event).filter(|_| events) {
                    out.send(event);
                }
            };
            match tree.grow(&mut running, tell).await {
                Err(refusal) => {
                    log.refused(&refusal);
                    out.send(failed(&refusal));
                    return;
                }
                Ok(report) => {
                    log.ended(&context, &tree.counts);
                    let (thought, output) = split_reply(&report.reply);
                    for (name, text) in [("reasoning_content", thought), ("content", output)] {
                        if !text.is_empty() {
                            out.send(chunk(&told.delta(0, &json!({ name: text }), Value::Null, Value::Null)));
                        }
                    }
                    let mut last = told.delta(0, &json!({}), Value::Null, "stop".into());
                    last["search"] = tree.outcome(&report, !events);
                    out.send(chunk(&last));
                }
            }
            end(&out, &told.head, told.usage, &tree.counts);
        }));
    }
    let report = tree.grow(&mut running, |_| ()).await?;
    log.ended(context, &tree.counts);
    let head = Head::new("chatcmpl", "chat.completion", &lease.named.name);
    drop((place, lease));
    let (thought, output) = split_reply(&report.reply);
    let mut message = json!({ "role": "assistant", "content": output, "refusal": null });
    if !thought.is_empty() {
        message["reasoning_content"] = thought.into();
    }
    let mut answer = head.with(&json!([
        { "index": 0, "message": message, "logprobs": null, "finish_reason": "stop" }
    ]));
    answer["usage"] = usage(&tree.counts);
    answer["search"] = tree.outcome(&report, true);
    Ok(json_response(StatusCode::OK, &answer))
}

/// What is known of a tree.
struct Tree {
    nodes: BTreeMap<NodeId, TreeNode>,
    counts: Counts,
}

impl Tree {
    /// Until the search ends.
    async fn grow(&mut self, running: &mut Running, tell: impl Fn(&Event)) -> Result<SearchReport, Refusal> {
        while let Some((_, event)) = running.next().await {
            tell(&event);
            match event {
                Event::Expanded { nodes, .. } => {
                    self.nodes.extend(nodes.into_iter().map(|node| (node.node, node)));
                }
                Event::SearchDone { report, .. } => {
                    let of_answer = |node: &&NodeId| {
                        self.nodes
                            .get(*node)
                            .is_some_and(|node| matches!(node.kind, NodeKind::Final | NodeKind::Truncated))
                    };
                    let answer: u32 =
                        report.path.iter().filter(of_answer).map(|node| self.nodes[node].tokens).sum();
                    self.counts.completion = report.progress.tokens as usize;
                    // All branches are thoughts, but for the end of the one that won.
                    self.counts.reasoning = self.counts.completion.saturating_sub(answer as usize);
                    return Ok(report);
                }
                Event::Failed { kind, message, context, .. } => {
                    return Err(Refusal::of_engine(&kind, message, context));
                }
                Event::Notice { message, .. } => eprintln!("polo: {message}"),
                _ => {}
            }
        }
        Err(gone())
    }

    /// What goes under `search`: the report without the reply, which stands elsewhere, and the tree.
    fn outcome(&self, report: &SearchReport, nodes: bool) -> Value {
        let mut value = serde_json::to_value(report).unwrap_or_default();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("reply");
        }
        if nodes {
            value["nodes"] = json!(self.nodes.values().collect::<Vec<_>>());
        }
        value
    }
}

/// An event of the tree as a named event whose data is a chunk that says nothing new: clients that do not look at
/// names take it for that.
fn named(told: &Told, event: &Event) -> Option<sse::Event> {
    let name = match event {
        Event::Launched { .. } => "polo.launched",
        Event::Expanded { .. } => "polo.expanded",
        Event::Visited { .. } => "polo.visited",
        Event::Voted { .. } => "polo.voted",
        Event::Searched { .. } => "polo.searched",
        _ => return None,
    };
    let mut data = told.delta(0, &json!({}), Value::Null, Value::Null);
    let mut event = serde_json::to_value(event).unwrap_or_default();
    if let Some(fields) = event.as_object_mut() {
        fields.remove("id");
    }
    data["polo"] = event;
    Some(chunk(&data).event(name))
}
