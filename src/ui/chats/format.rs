//! How conversations are kept and handed on: plain JSON with a version. Every version there was can be read; each
//! step to the next is a function of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::{ThoughtFormat, Usage};
use crate::ui::reply::Asked;
use crate::ui::tokens::Told;

/// The version that is written.
pub const VERSION: u32 = 2;
/// What a file of conversations calls itself.
pub const FORMAT: &str = "polo-chats";

/// A journal without a holder that was written this long ago, in milliseconds, is that of a tab that is gone.
const GONE_MS: f64 = 15_000.0;

/// One step from each version to the next, the first from 1 to 2.
const STEPS: [fn(&mut Value); VERSION as usize - 1] = [with_branches];

/// A conversation with all its branches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`VERSION`].
    pub version: u32,
    /// Distinct for each conversation, everywhere.
    pub id: String,
    /// The title that the person gave; otherwise it is the first question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When it was begun, in milliseconds since 1970.
    pub created_ms: f64,
    /// When it was last changed.
    pub changed_ms: f64,
    /// Differs after every change.
    #[serde(default)]
    pub revision: u64,
    /// All exchanges, in no particular order.
    pub exchanges: Vec<KeptExchange>,
}

/// A question with its reply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptExchange {
    /// Distinct for each exchange, everywhere.
    pub key: u64,
    /// The exchange it goes on from.
    pub parent: Option<u64>,
    /// When it was last turned to, in the order of these numbers.
    pub seen: u64,
    /// What was asked.
    pub question: String,
    /// The reply.
    pub reply: KeptReply,
}

/// How a reply ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// By itself.
    #[default]
    Stop,
    /// At the longest reply allowed.
    Length,
    /// The context was full.
    Context,
    /// The person stopped it.
    Cancelled,
    /// In an error.
    Failed,
    /// It was being written.
    Interrupted,
}

/// A reply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptReply {
    /// How it ended.
    pub end: End,
    /// Text of the thought.
    pub thought: String,
    /// Text of the output.
    pub output: String,
    /// All of it, as the model wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<String>,
    /// Tokens.
    pub tokens: usize,
    /// Of them, of the thought.
    pub thought_tokens: usize,
    /// Its tokens, with what else they could have been.
    #[serde(with = "shared", skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Arc<Told>>,
    /// Milliseconds from asking to the first token and to the last.
    pub span_ms: Option<(f64, f64)>,
    /// Milliseconds from asking to the end of the thought.
    pub thought_end_ms: Option<f64>,
    /// Tokens of the prompt, and how many of them were kept from before.
    pub prompt: (usize, usize),
    /// The engine's own count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Seed.
    pub seed: u64,
    /// Name of the model.
    pub model: String,
    /// How it marks its thoughts.
    pub thoughts: ThoughtFormat,
    /// How it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// What comes while a reply is made: the one exchange that is open. It goes into the conversation when the page
/// finds it at its next start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// The conversation, without its other exchanges.
    pub chat: Record,
    /// The exchange.
    pub open: KeptExchange,
    /// The lock that the tab which writes it holds for as long as it lives; none where there are no locks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
}

/// A conversation with its searches: what can be exported, deleted and put back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Whole {
    /// The conversation.
    pub chat: Record,
    /// What `Exported` held, by the key of the exchange.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trees: BTreeMap<u64, String>,
}

/// Why something is no conversation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No JSON, or not this JSON.
    #[error("{0}")]
    Broken(String),
    /// JSON of something else.
    #[error("no \"format\": \"{FORMAT}\" in it")]
    Foreign,
    /// Written by a newer Polo.
    #[error("its version is {0}, this Polo reads up to {VERSION}")]
    Newer(u64),
}

fn broken(error: &serde_json::Error) -> Unreadable {
    Unreadable::Broken(error.to_string())
}

/// Brings a conversation of any version to this one.
fn migrated(mut value: Value) -> Result<Value, Unreadable> {
    let version = value.get("version").and_then(Value::as_u64);
    let version = version.ok_or_else(|| Unreadable::Broken("it has no version".to_owned()))?;
    if version > u64::from(VERSION) {
        return Err(Unreadable::Newer(version));
    }
    let done = usize::try_from(version.max(1) - 1).unwrap_or(STEPS.len());
    for step in &STEPS[done..] {
        step(&mut value);
    }
    value["version"] = VERSION.into();
    Ok(value)
}

/// 1 to 2: exchanges in a line become a tree with one branch.
fn with_branches(chat: &mut Value) {
    let mut parent = Value::Null;
    for exchange in chat.get_mut("exchanges").and_then(Value::as_array_mut).into_iter().flatten() {
        let key = exchange.get("key").cloned().unwrap_or_default();
        exchange["parent"] = std::mem::replace(&mut parent, key.clone());
        exchange["seen"] = key;
    }
}

/// Reads a conversation of any version.
pub fn read_record(text: &str) -> Result<Record, Unreadable> {
    let value = serde_json::from_str(text).map_err(|error| broken(&error))?;
    record_of(value)
}

fn record_of(value: Value) -> Result<Record, Unreadable> {
    serde_json::from_value(migrated(value)?).map_err(|error| broken(&error))
}

/// Reads a journal of any version: its conversation bears the version of both.
pub fn read_journal(text: &str) -> Result<Journal, Unreadable> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| broken(&error))?;
    let chat = migrated(value.get_mut("chat").map(Value::take).unwrap_or_default())?;
    value["chat"] = chat;
    serde_json::from_value(value).map_err(|error| broken(&error))
}

/// Writes something that was made here.
pub fn write(what: &impl Serialize) -> String {
    // Maps with numbers for keys and plain structures: there is nothing in them that JSON has not.
    serde_json::to_string(what).unwrap_or_default()
}

/// A file of these conversations.
pub fn write_file(chats: &[Whole]) -> String {
    // What it is stands at its beginning: a file that is dropped is known by that.
    #[derive(Serialize)]
    struct File<'a> {
        format: &'static str,
        version: u32,
        chats: &'a [Whole],
    }
    serde_json::to_string_pretty(&File { format: FORMAT, version: VERSION, chats }).unwrap_or_default()
}

/// Whether this text is meant as a file of conversations, well-formed or not. Some say what they are at the end.
pub fn looks_like_chats(text: &str) -> bool {
    let mark = format!("\"{FORMAT}\"");
    let (head, tail): (String, String) =
        (text.chars().take(400).collect(), text.chars().rev().take(100).collect());
    head.contains(&mark) || tail.chars().rev().collect::<String>().contains(&mark)
}

/// Reads a file of conversations: all of it, or why nothing.
pub fn read_file(text: &str) -> Result<Vec<Whole>, Unreadable> {
    let mut file: Value = serde_json::from_str(text).map_err(|error| broken(&error))?;
    if file.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(Unreadable::Foreign);
    }
    let Some(Value::Array(chats)) = file.get_mut("chats").map(Value::take) else {
        return Err(Unreadable::Broken("it has no list \"chats\"".to_owned()));
    };
    chats.into_iter().map(whole_of).collect()
}

fn whole_of(mut value: Value) -> Result<Whole, Unreadable> {
    let chat = record_of(value.get_mut("chat").map(Value::take).unwrap_or_default())?;
    if chat.id.is_empty() || chat.exchanges.is_empty() {
        return Err(Unreadable::Broken("one of its chats is empty".to_owned()));
    }
    let trees = value.get_mut("trees").map_or_else(|| Value::Object(serde_json::Map::new()), Value::take);
    let trees = serde_json::from_value(trees).map_err(|error| broken(&error))?;
    Ok(Whole { chat, trees })
}

impl Record {
    /// The title: the person's own, or the beginning of the first question.
    pub fn shown_title(&self) -> String {
        let first = self.exchanges.iter().filter(|exchange| exchange.parent.is_none());
        let first = first.min_by_key(|exchange| exchange.key);
        self.title.clone().unwrap_or_else(|| {
            super::list::title_of(first.map(|exchange| exchange.question.as_str()).unwrap_or_default())
        })
    }

    /// Both in one, with the title and the look of the one that was changed last.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let (mut newer, older) =
            if other.changed_ms > self.changed_ms { (other, self) } else { (self, other) };
        newer.take_in(&older);
        newer
    }

    /// Takes in what another tab or a journal has written of the same conversation: what is unknown here, and
    /// what went further there. Whether that changed anything.
    pub fn take_in(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for theirs in &other.exchanges {
            match self.exchanges.iter_mut().find(|ours| ours.key == theirs.key) {
                Some(ours) if ours.reply.is_behind(&theirs.reply) => {
                    ours.reply = theirs.reply.clone();
                    changed = true;
                }
                Some(_) => {}
                None => {
                    self.exchanges.push(theirs.clone());
                    changed = true;
                }
            }
        }
        if self.title.is_none() && other.title.is_some() {
            self.title.clone_from(&other.title);
            changed = true;
        }
        changed
    }
}

impl KeptReply {
    /// Whether the other is the same reply, further on.
    pub fn is_behind(&self, other: &Self) -> bool {
        let cut = |reply: &Self| matches!(reply.end, End::Interrupted | End::Failed | End::Cancelled);
        cut(self) && (!cut(other) || other.tokens > self.tokens)
    }
}

impl Journal {
    /// Whether the tab that wrote it is gone. `before` is what this tab showed before it was reloaded, `held` the
    /// locks that living tabs hold, where there are locks.
    pub fn is_left_behind(&self, before: Option<&str>, held: Option<&[String]>, now_ms: f64) -> bool {
        match (&self.holder, held) {
            (Some(holder), Some(held)) => !held.contains(holder),
            _ => before == Some(self.chat.id.as_str()) || now_ms - self.chat.changed_ms >= GONE_MS,
        }
    }

    /// The conversation as it was when the page went away; `kept` is what was kept of it before.
    pub fn recovered(self, kept: Option<Record>) -> Record {
        let mut chat = kept.unwrap_or_else(|| Record { exchanges: Vec::new(), ..self.chat.clone() });
        chat.changed_ms = chat.changed_ms.max(self.chat.changed_ms);
        let open = Record { exchanges: vec![self.open], ..Record::default() };
        chat.take_in(&open);
        chat
    }
}

/// Tokens are shared with the page while it shows them.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Told;

    #[expect(clippy::ptr_arg, reason = "serde gives the field as it is")]
    pub(super) fn serialize<S: Serializer>(told: &Vec<Arc<Told>>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(told.iter().map(AsRef::as_ref))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Arc<Told>>, D::Error> {
        Ok(Vec::<Told>::deserialize(from)?.into_iter().map(Arc::new).collect())
    }
}

#[cfg(test)]
#[path = "format_tests.rs"]
pub(super) mod tests;
