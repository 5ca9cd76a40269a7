//! What servers say, one piece of a stream at a time: OpenAI's two forms, and what vLLM, llama.cpp and our own add.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A piece of an answer, or all of it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Piece {
    #[serde(default)]
    pub(super) choices: Vec<Choice>,
    /// Some servers send this instead of choices when something went wrong on the way.
    #[serde(default)]
    pub(super) error: Option<Value>,
    #[serde(default)]
    pub(super) usage: Option<Usage>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) prompt_tokens: usize,
    #[serde(default)]
    prompt_tokens_details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<usize>,
}

impl Usage {
    /// Tokens of the prompt that cost nothing.
    pub(super) fn cached_tokens(&self) -> usize {
        self.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens).unwrap_or_default()
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    delta: Option<Said>,
    #[serde(default)]
    message: Option<Said>,
    #[serde(default)]
    logprobs: Option<Logprobs>,
    #[serde(default)]
    token_ids: Option<Vec<u32>>,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<String>,
    /// The thought, where the server takes it out; two names are in use.
    #[serde(default)]
    reasoning_content: Option<String>,
    #[serde(default)]
    reasoning: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Logprobs {
    // As chats have it.
    #[serde(default)]
    content: Option<Vec<Entry>>,
    #[serde(default)]
    reasoning_content: Option<Vec<Entry>>,
    // As completions have it.
    #[serde(default)]
    tokens: Option<Vec<String>>,
    #[serde(default)]
    token_logprobs: Option<Vec<Option<f32>>>,
    #[serde(default)]
    token_ids: Option<Vec<u32>>,
    #[serde(default)]
    top: Option<Vec<Vec<Entry>>>,
    #[serde(default)]
    top_logprobs: Option<Vec<Option<Map<String, Value>>>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Entry {
    #[serde(default)]
    token: Option<String>,
    #[serde(default, alias = "token_id")]
    id: Option<u32>,
    #[serde(default)]
    bytes: Option<Vec<u8>>,
    #[serde(default)]
    logprob: Option<f32>,
    #[serde(default)]
    top_logprobs: Vec<Entry>,
}

/// A token as the server tells it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Told {
    /// Its number, where the server tells it.
    pub(super) id: Option<u32>,
    /// What it says.
    pub(super) bytes: Vec<u8>,
    /// Natural logarithm of its probability.
    pub(super) logprob: Option<f32>,
    /// The most probable tokens, best first; empty for the alternatives themselves.
    pub(super) top: Vec<Told>,
}

impl Choice {
    /// Text of the thought that the server has taken out of the reply.
    pub(super) fn thought(&self) -> &str {
        let said = self.delta.as_ref().or(self.message.as_ref());
        said.and_then(|said| said.reasoning_content.as_deref().or(said.reasoning.as_deref()))
            .unwrap_or_default()
    }

    /// Text of the reply.
    pub(super) fn text(&self) -> &str {
        let said = self.delta.as_ref().or(self.message.as_ref()).and_then(|said| said.content.as_deref());
        self.text.as_deref().or(said).unwrap_or_default()
    }

    /// The tokens, or why they cannot be right. Without log-probabilities a piece counts as a token.
    pub(super) fn tokens(&self) -> Result<Vec<Told>, String> {
        let text = if self.text().is_empty() { self.thought() } else { self.text() };
        let Some(logprobs) = self.logprobs.as_ref().filter(|logprobs| !logprobs.is_empty()) else {
            if text.is_empty() {
                return Ok(Vec::new());
            }
            let id = self.token_ids.as_ref().filter(|ids| ids.len() == 1).map(|ids| ids[0]);
            return Ok(vec![Told { id, bytes: text.into(), ..Told::default() }]);
        };
        let mut tokens = logprobs.entries()?;
        if let Some(ids) = &self.token_ids {
            same_length("token_ids", ids.len(), tokens.len())?;
            tokens.iter_mut().zip(ids).for_each(|(token, id)| token.id = Some(*id));
        }
        // The bytes are the last word; a text per token is not, where tokens cut characters.
        if !tokens.iter().all(|token| token.bytes.is_some()) {
            let joined: String = tokens.iter().filter_map(|token| token.token.as_deref()).collect();
            let count = tokens.len();
            for (at, token) in tokens.iter_mut().enumerate() {
                let own = token.token.as_deref().unwrap_or_default();
                let own = if joined == text {
                    own
                } else if at + 1 == count {
                    text
                } else {
                    ""
                };
                token.bytes = Some(own.into());
            }
        }
        Ok(tokens.into_iter().map(Entry::told).collect())
    }
}

impl Logprobs {
    fn is_empty(&self) -> bool {
        self.content.as_ref().is_none_or(Vec::is_empty)
            && self.reasoning_content.as_ref().is_none_or(Vec::is_empty)
            && self.tokens.as_ref().is_none_or(Vec::is_empty)
    }

    fn entries(&self) -> Result<Vec<Entry>, String> {
        let content = self.content.iter().chain(&self.reasoning_content).find(|entries| !entries.is_empty());
        if let Some(entries) = content {
            return Ok(entries.clone());
        }
        let tokens = self.tokens.as_deref().unwrap_or_default();
        let logprobs = self.token_logprobs.as_deref().unwrap_or_default();
        same_length("token_logprobs", logprobs.len(), tokens.len())?;
        let mut entries: Vec<Entry> = tokens
            .iter()
            .zip(logprobs)
            .map(|(token, logprob)| Entry { logprob: *logprob, ..Entry::named(token) })
            .collect();
        if let Some(ids) = &self.token_ids {
            same_length("token_ids", ids.len(), tokens.len())?;
            entries.iter_mut().zip(ids).for_each(|(entry, id)| entry.id = Some(*id));
        }
        if let Some(top) = &self.top {
            same_length("top", top.len(), tokens.len())?;
            entries.iter_mut().zip(top).for_each(|(entry, top)| entry.top_logprobs.clone_from(top));
        } else if let Some(top) = &self.top_logprobs {
            same_length("top_logprobs", top.len(), tokens.len())?;
            for (entry, top) in entries.iter_mut().zip(top) {
                let top = top.iter().flatten();
                let named = |(token, logprob): (&String, &Value)| Entry {
                    logprob: logprob.as_f64().map(|l| l as f32),
                    ..Entry::named(token)
                };
                entry.top_logprobs = top.map(named).collect();
                // An object has no order.
                entry
                    .top_logprobs
                    .sort_by(|a, b| b.logprob.partial_cmp(&a.logprob).unwrap_or(std::cmp::Ordering::Equal));
            }
        }
        Ok(entries)
    }
}

impl Entry {
    /// A token by its text, or by its number as vLLM writes it when asked to.
    fn named(token: &str) -> Self {
        let id = token.strip_prefix("token_id:").and_then(|id| id.parse().ok());
        Self { token: id.is_none().then(|| token.to_owned()), id, ..Self::default() }
    }

    fn told(self) -> Told {
        let bytes = self.bytes.or(self.token.map(String::into_bytes)).unwrap_or_default();
        let top = self.top_logprobs.into_iter().map(Self::told).collect();
        Told { id: self.id, bytes, logprob: self.logprob, top }
    }
}

fn same_length(name: &str, found: usize, expected: usize) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{name} has {found} entries for {expected} tokens")) }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
