//! What a server can: asked once, with a handful of tiny requests.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::client::Client;
use super::server::{Flavour, Server, Way};
use super::vocabulary::Vocabulary;
use super::wire::Piece;
use crate::error::{Error, Result};
use crate::protocol::ThoughtFormat;
use crate::sampler::TOP;
use crate::text::thoughts_in;

/// A server as the person names it.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// Where the API is, e.g. `http://host:8000/v1`.
    pub url: String,
    /// Which of its models; `None` for the only one.
    pub model: Option<String>,
    /// Requests at once; `None` for as many as there are lanes.
    pub connections: Option<usize>,
    /// Silence after which a request counts as dead, in seconds; `None` for two minutes.
    pub timeout_s: Option<u32>,
    /// How the model marks its thoughts; `None` to find out.
    pub thoughts: Option<ThoughtFormat>,
    /// Context in tokens; `None` for what the server says.
    pub context: Option<usize>,
}

/// As many lanes as a search can have.
const MOST_LANES: usize = 16;
/// A long prompt may take its time, and a busy server lets wait.
const TIMEOUT_S: u32 = 120;
/// A text that every vocabulary has.
const SOME_TEXT: &str = "1 + 1 =";
/// A beginning that can be gone on with in one way only.
const TO_REPEAT: &str = "Repeat exactly: alpha beta gamma delta epsilon";
const REPEATED: &str = "alpha beta gamma";

/// Finds out what a server can. Any server that lists models and completes chats will do.
pub async fn open(address: &Address) -> Result<Server> {
    let url = address.url.trim().trim_end_matches('/');
    if !url.starts_with("http://") && !url.starts_with("https://") {
        let what = format!("{url:?} is no address of a server: expected http://host:port/v1");
        return Err(Error::BadRequest(what));
    }
    let connections = address.connections.unwrap_or(MOST_LANES);
    let stall_ms = address.timeout_s.unwrap_or(TIMEOUT_S).clamp(1, 86_400) * 1000;
    let mut client = Client::new(url, connections, stall_ms);
    let (mut status, mut models) = client.json("models", None).await?;
    if status == 404 && !url.ends_with("/v1") {
        client = Client::new(&format!("{url}/v1"), connections, stall_ms);
        (status, models) = client.json("models", None).await?;
    }
    if status != 200 || !models["data"].is_array() {
        if status == 200 {
            let what = "it lists no models as OpenAI's API does; give the address that ends in /v1";
            return Err(Error::fetch(client.url("models"), what));
        }
        return Err(client.error("models", status, &models));
    }
    let entry = choose(&models, address.model.as_deref(), client.base())?;
    let model = entry["id"].as_str().unwrap_or_default().to_owned();
    let server = Server {
        flavour: flavour(entry),
        thoughts: ThoughtFormat::None,
        context: context_of(entry),
        vocabulary: RefCell::new(Vocabulary::default()),
        notices: Vec::new(),
        way: Way::Whole,
        alternatives: 0,
        client,
        model,
    };
    Probe { server, thoughts: None, has_ids: false }.run(entry, address).await
}

/// The model that was named, or the only one.
fn choose<'a>(models: &'a Value, named: Option<&str>, base: &str) -> Result<&'a Value> {
    let list: Vec<&Value> = models["data"].as_array().into_iter().flatten().collect();
    let is = |entry: &&&Value| {
        let aliases = entry["aliases"].as_array().into_iter().flatten();
        named.is_none_or(|named| {
            entry["id"].as_str() == Some(named)
                || aliases.filter_map(Value::as_str).any(|alias| alias == named)
        })
    };
    let mut fitting = list.iter().filter(is);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        // Our own server lists all that it has, the one that it was started with first.
        (Some(first), Some(_)) if named.is_some() || first["owned_by"] == "polo" => Ok(first),
        _ => {
            let names: Vec<&str> = list.iter().filter_map(|entry| entry["id"].as_str()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let what = match named {
                Some(named) => format!("{base} has no model {named:?}; it has: {names}"),
                None => format!(
                    "{base} does not have exactly one model, name one (--remote-model); it has: {names}"
                ),
            };
            Err(Error::NotFound(what))
        }
    }
}

fn flavour(entry: &Value) -> Flavour {
    match entry["owned_by"].as_str() {
        Some("polo") => Flavour::Polo,
        Some("vllm") => Flavour::Vllm,
        Some("llamacpp") => Flavour::LlamaCpp,
        _ => Flavour::Other,
    }
}

fn context_of(entry: &Value) -> Option<usize> {
    let places = [&entry["max_model_len"], &entry["context_length"], &entry["meta"]["n_ctx"]];
    places.into_iter().find_map(Value::as_u64).map(|tokens| tokens as usize)
}

/// By its name, where nothing else is known of a model.
fn thoughts_of(name: &str) -> ThoughtFormat {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["marco"]) {
        ThoughtFormat::Marco
    } else if has(&["deepseek-r1", "qwq", "qwen3", "-r1-"]) {
        ThoughtFormat::Think
    } else {
        ThoughtFormat::None
    }
}

struct Probe {
    server: Server,
    thoughts: Option<ThoughtFormat>,
    /// Whether log-probabilities come with the ids of tokens.
    has_ids: bool,
}

impl Probe {
    async fn run(mut self, entry: &Value, address: &Address) -> Result<Server> {
        self.thoughts = serde_json::from_value(entry["thoughts"].clone()).ok();
        if self.server.flavour == Flavour::LlamaCpp {
            self.ask_properties().await?;
        }
        if self.server.flavour != Flavour::Other {
            self.ask_for_completions().await?;
        }
        if self.server.way == Way::Whole {
            self.ask_for_chats().await?;
        }
        if self.server.flavour == Flavour::Polo && self.server.context.is_none() {
            // It had not been loaded before it was asked something.
            let path = format!("models/{}", self.server.model);
            let (_, entry) = self.server.client.json(&path, None).await?;
            self.server.context = context_of(&entry);
            self.thoughts = serde_json::from_value(entry["thoughts"].clone()).ok().or(self.thoughts);
        }
        let found = self.thoughts.unwrap_or_else(|| thoughts_of(&self.server.model));
        self.server.thoughts = address.thoughts.unwrap_or(found);
        self.server.context = address.context.or(self.server.context);
        if self.server.way == Way::Tokens {
            self.server.learn_forced().await?;
        }
        self.server.notices = notices(&self.server, self.has_ids);
        Ok(self.server)
    }

    async fn post(&self, path: &str, body: Value) -> Result<(u16, Value)> {
        let (status, answer) = self.server.client.json(path, Some(&body)).await?;
        if matches!(status, 401 | 403) {
            return Err(self.server.client.error(path, status, &answer));
        }
        Ok((status, answer))
    }

    /// llama.cpp tells its context and its template.
    async fn ask_properties(&mut self) -> Result<()> {
        let (status, answer) = self.server.client.json("/props", None).await?;
        if status == 200 {
            let context = answer["default_generation_settings"]["n_ctx"].as_u64();
            self.server.context = context.map(|tokens| tokens as usize).or(self.server.context);
            self.thoughts = answer["chat_template"].as_str().map(thoughts_in).or(self.thoughts);
        }
        Ok(())
    }

    /// Completions of token ids, or of text; and what the server says about a token.
    async fn ask_for_completions(&mut self) -> Result<()> {
        let ids = self.server.tokenize(SOME_TEXT).await.ok();
        let ids: Option<Vec<u32>> = ids.map(|tokens| tokens.into_iter().map(|(id, _)| id).collect());
        let mut prompts: Vec<(Way, Value)> = ids.map(|ids| (Way::Tokens, json!(ids))).into_iter().collect();
        // A template in the server's hands only is of no use for a text.
        if self.server.flavour == Flavour::LlamaCpp {
            prompts.push((Way::Text, SOME_TEXT.into()));
        }
        for (way, prompt) in prompts {
            let body = json!({
                "model": self.server.model, "prompt": prompt, "max_tokens": 1, "temperature": 0.0,
                "logprobs": TOP, "return_token_ids": true,
            });
            let (status, answer) = self.post("completions", body).await?;
            if status == 200 && self.look_at(&answer) {
                self.server.way = way;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Chats: with log-probabilities or without, continued or not.
    async fn ask_for_chats(&mut self) -> Result<()> {
        let ask = json!({ "role": "user", "content": TO_REPEAT });
        let begun = json!({ "role": "assistant", "content": REPEATED });
        let mut refused = None;
        for prefill in [true, false] {
            for logprobs in [true, false] {
                let messages = if prefill { json!([ask, begun]) } else { json!([ask]) };
                let mut body = json!({
                    "model": self.server.model, "messages": messages, "max_tokens": 8, "temperature": 0.0,
                });
                if logprobs {
                    body["logprobs"] = true.into();
                    body["top_logprobs"] = TOP.into();
                }
                if prefill && self.server.flavour == Flavour::Vllm {
                    body["continue_final_message"] = true.into();
                    body["add_generation_prompt"] = false.into();
                }
                let (status, answer) = self.post("chat/completions", body).await?;
                if status != 200 {
                    refused = Some((status, answer));
                    continue;
                }
                if !self.look_at(&answer) {
                    let what = "it answered a chat with something that is no chat completion";
                    return Err(Error::fetch(self.server.client.url("chat/completions"), what));
                }
                if prefill && goes_on(&answer) {
                    self.server.way = Way::Prefill;
                }
                return Ok(());
            }
        }
        let (status, answer) = refused.unwrap_or_default();
        Err(self.server.client.error("chat/completions", status, &answer))
    }

    /// What an answer says about tokens; false where it is none.
    fn look_at(&mut self, answer: &Value) -> bool {
        let Ok(piece) = serde_json::from_value::<Piece>(answer.clone()) else { return false };
        let Some(choice) = piece.choices.first() else { return false };
        let Ok(tokens) = choice.tokens() else { return false };
        if !choice.thought().is_empty() {
            self.thoughts.get_or_insert(ThoughtFormat::Think);
        }
        let told = tokens.first().filter(|told| told.logprob.is_some());
        self.server.alternatives = told.map_or(0, |told| told.top.len().min(TOP) as u32);
        self.has_ids = tokens.first().is_some_and(|told| told.id.is_some());
        true
    }
}

/// Whether a reply goes on after [`REPEATED`] and does not begin anew.
fn goes_on(answer: &Value) -> bool {
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap_or_default();
    let text = text.trim_start().to_ascii_lowercase();
    text.starts_with("delta")
}

/// What the server lacks, and what is done instead.
fn notices(server: &Server, has_ids: bool) -> Vec<String> {
    let mut notices = Vec::new();
    let mut say = |text: &str| notices.push(format!("{} {text}", server.client.base()));
    match server.way {
        Way::Tokens if !has_ids => say(
            "does not tell the ids of the tokens that it chooses: they are looked up again from their text, and may \
             not be the same",
        ),
        Way::Tokens => {}
        Way::Text => {
            say("takes no token ids: branches go on from their text, which it may read as other tokens");
        }
        Way::Prefill => say(
            "completes chats only: branches go on from the text of the last message, which it may read as other tokens",
        ),
        Way::Whole => say(
            "cannot continue a reply: chain of thought, self-consistency and best-of-N work, a tree search does not; a \
             reply that runs out of tokens is asked for its answer in a turn of its own",
        ),
    }
    match server.alternatives {
        0 => say("tells no log-probabilities: answers are counted, not weighed by confidence"),
        count if (count as usize) < TOP => {
            say(&format!(
                "tells {count} alternatives a token: confidence is the share among {count}, not {TOP}"
            ));
        }
        _ => {}
    }
    if server.flavour != Flavour::Polo {
        say("draws its own random numbers: the same seed may not give the same replies again");
    }
    if server.context.is_none() {
        say("does not tell its context: a search is bounded by its own limits only");
    }
    notices
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
