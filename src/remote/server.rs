//! A server and what it can; questions in the form that it takes.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::client::{Client, Counts};
use super::vocabulary::{OWN, Vocabulary};
use crate::error::{Error, Result};
use crate::protocol::{
    Message, Mode, ModelInfo, Prompt, Role, SamplingOptions, SearchOptions, ThoughtFormat, VoteRule,
};
use crate::search::forced_texts;

/// Whose server it is, as far as that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// Our own: draws are those of this machine.
    Polo,
    Vllm,
    LlamaCpp,
    /// Nothing is known but the API.
    Other,
}

/// How a reply is continued, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Completions of token ids: exactly the tokens that were said.
    Tokens,
    /// Completions of text, which the server may read as other tokens.
    Text,
    /// Chats whose last message is the beginning of the reply.
    Prefill,
    /// Not at all.
    Whole,
}

/// What is continued, in the form that the server takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    Tokens(Vec<u32>),
    Text(String),
    Chat(Vec<Message>),
}

/// A question as the server understands it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub(super) form: Form,
    /// Tokens that it has; an estimate where the server cannot count.
    pub length: usize,
}

impl Question {
    /// A conversation for the server's own template.
    pub fn of_chat(messages: &[Message]) -> Self {
        Self { form: Form::Chat(messages.to_vec()), length: estimate(messages) }
    }

    /// Its token ids, where they are known.
    pub fn tokens(&self) -> &[u32] {
        match &self.form {
            Form::Tokens(tokens) => tokens,
            Form::Text(_) | Form::Chat(_) => &[],
        }
    }
}

/// A server that has been asked what it can.
pub struct Server {
    pub(super) client: Client,
    pub(super) flavour: Flavour,
    /// As the server names it.
    pub(super) model: String,
    pub(super) way: Way,
    /// Alternatives that it tells for each token; 0 where it tells no probabilities.
    pub(super) alternatives: u32,
    /// In tokens; `None` where nobody tells.
    pub(super) context: Option<usize>,
    pub(super) thoughts: ThoughtFormat,
    pub(super) vocabulary: RefCell<Vocabulary>,
    /// What it lacks, and what is done instead.
    pub(super) notices: Vec<String>,
}

/// Context where the server tells none: only the search's own limits count then. In tokens.
const UNKNOWN_CONTEXT: usize = 1 << 20;

impl Server {
    /// What it lacks, and what is done instead; a sentence each.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// How replies are continued.
    pub fn way(&self) -> Way {
        self.way
    }

    /// How it has gone so far.
    pub fn counts(&self) -> Counts {
        self.client.counts.get()
    }

    /// The model as front ends know models.
    pub fn info(&self) -> ModelInfo {
        ModelInfo {
            name: self.model.clone(),
            architecture: "remote".into(),
            thoughts: self.thoughts,
            context: self.context.unwrap_or(UNKNOWN_CONTEXT),
            ..ModelInfo::default()
        }
    }

    /// Refuses a search that this server cannot serve, with the reason.
    pub fn check(&self, options: &SearchOptions, sampling: &SamplingOptions) -> Result<()> {
        let options = options.resolved();
        let penalties = sampling.presence_penalty != 0.0
            || sampling.frequency_penalty != 0.0
            || (sampling.repeat_penalty - 1.0).abs() > 0.0
            || sampling.min_p > 0.0
            || !sampling.logit_bias.is_empty();
        if sampling.format.is_some() || sampling.echo || sampling.ignore_end || penalties {
            let what = "a search at a server knows temperature, top_k and top_p, but no format, echo, penalties, min_p or \
                        bias, and has to see the end of replies: leave them out, or ask for a single reply";
            return Err(Error::BadRequest(what.into()));
        }
        let refuse = |what: &str, instead: &str| {
            let host = self.client.base();
            Err(Error::BadRequest(format!("{host} {what}; {instead}")))
        };
        let one = options.mode == Mode::ChainOfThought;
        if self.alternatives == 0
            && !one
            && (options.vote != VoteRule::Majority || options.mode == Mode::Mcts)
        {
            return refuse(
                "tells no log-probabilities, so nothing is known of confidence",
                "choose self-consistency, which counts votes, or chain of thought",
            );
        }
        if self.way == Way::Whole && options.mode == Mode::Mcts {
            return refuse(
                "cannot continue a reply from the middle, so a tree cannot grow there",
                "choose self-consistency, best-of-N or chain of thought",
            );
        }
        Ok(())
    }

    /// A prompt in the form that the server takes.
    pub async fn understand(&self, prompt: &Prompt) -> Result<Question> {
        let form = match (prompt, self.way) {
            (Prompt::Chat { messages }, Way::Tokens) => Form::Tokens(self.render(messages).await?),
            (Prompt::Chat { messages }, Way::Text) => Form::Text(self.apply_template(messages).await?),
            (Prompt::Chat { messages }, Way::Prefill | Way::Whole) => Form::Chat(messages.clone()),
            (Prompt::Raw { text }, Way::Tokens) => {
                Form::Tokens(self.tokenize(text).await?.into_iter().map(|(id, _)| id).collect())
            }
            (Prompt::Marked { text }, Way::Tokens) => {
                // As the model's own template would be read: special tokens count.
                Form::Tokens(self.tokenize_marked(text).await?)
            }
            (Prompt::Raw { text } | Prompt::Marked { text }, Way::Text) => Form::Text(text.clone()),
            (Prompt::Tokens { tokens }, Way::Tokens) => Form::Tokens(tokens.clone()),
            (Prompt::Raw { .. } | Prompt::Marked { .. } | Prompt::Tokens { .. }, _) => {
                let what = format!("{} takes conversations only: ask as a chat", self.client.base());
                return Err(Error::BadRequest(what));
            }
        };
        let length = match &form {
            Form::Tokens(tokens) => tokens.len(),
            // Three letters a token, and some for the template: rather too many.
            Form::Text(text) => text.len() / 3 + 1,
            Form::Chat(messages) => estimate(messages),
        };
        Ok(Question { form, length })
    }

    /// Asks for the tokens of every text that a search may put into a reply.
    pub(super) async fn learn_forced(&self) -> Result<()> {
        for text in forced_texts(self.thoughts) {
            let tokens = self.tokenize(&text).await?;
            self.vocabulary.borrow_mut().learn_text(&text, tokens);
        }
        Ok(())
    }

    /// Tokens of ordinary text, each with what it says.
    pub(super) async fn tokenize(&self, text: &str) -> Result<Vec<(u32, Vec<u8>)>> {
        let body = match self.flavour {
            Flavour::LlamaCpp => json!({ "content": text, "add_special": false, "with_pieces": true }),
            _ => json!({
                "model": self.model, "prompt": text, "add_special_tokens": false, "return_token_strs": true,
            }),
        };
        let (status, answer) = self.client.json("/tokenize", Some(&body)).await?;
        let bad = || self.client.error("/tokenize", if status == 200 { 500 } else { status }, &answer);
        if status != 200 {
            return Err(bad());
        }
        read_tokens(&answer, text).ok_or_else(bad)
    }

    /// Tokens of a text in which special tokens count; llama.cpp has to be told.
    async fn tokenize_marked(&self, text: &str) -> Result<Vec<u32>> {
        let body = json!({
            "model": self.model, "prompt": text, "content": text, "add_special_tokens": false,
            "add_special": false, "parse_special": true,
        });
        self.ids(&body).await
    }

    async fn ids(&self, body: &Value) -> Result<Vec<u32>> {
        let (status, answer) = self.client.json("/tokenize", Some(body)).await?;
        let tokens = serde_json::from_value(answer["tokens"].clone()).ok().filter(|_| status == 200);
        let status = if status == 200 { 500 } else { status };
        tokens.ok_or_else(|| self.client.error("/tokenize", status, &answer))
    }

    /// Token ids of a conversation, the beginning of the reply included.
    async fn render(&self, messages: &[Message]) -> Result<Vec<u32>> {
        let body = match self.flavour {
            Flavour::LlamaCpp => {
                let text = self.apply_template(messages).await?;
                json!({ "content": text, "add_special": true, "parse_special": true })
            }
            _ => json!({
                "model": self.model, "messages": chat(messages), "add_generation_prompt": true,
            }),
        };
        self.ids(&body).await
    }

    async fn apply_template(&self, messages: &[Message]) -> Result<String> {
        let body = json!({ "messages": chat(messages) });
        let (status, answer) = self.client.json("/apply-template", Some(&body)).await?;
        let text = answer["prompt"].as_str().filter(|_| status == 200);
        text.map(str::to_owned).ok_or_else(|| self.client.error("/apply-template", status, &answer))
    }

    /// Ids that the server knows, for a path with numbers of ours in it.
    pub(super) async fn real_ids(&self, path: &[u32]) -> Result<Vec<u32>> {
        let mut ids = Vec::with_capacity(path.len());
        for run in path.chunk_by(|a, b| (*a >= OWN) == (*b >= OWN)) {
            if run[0] < OWN {
                ids.extend_from_slice(run);
                continue;
            }
            let bytes: Vec<u8> = {
                let vocabulary = self.vocabulary.borrow();
                run.iter().flat_map(|&id| vocabulary.bytes(id).unwrap_or_default().to_vec()).collect()
            };
            let text = String::from_utf8_lossy(&bytes);
            if !text.is_empty() {
                ids.extend(self.tokenize(&text).await?.into_iter().map(|(id, _)| id));
            }
        }
        Ok(ids)
    }

    /// Tokens of a text that is put into a reply.
    pub fn encode(&self, text: &str) -> Vec<(u32, Vec<u8>)> {
        self.vocabulary.borrow_mut().encode(text)
    }

    /// What a token says, if it has been seen.
    pub fn bytes(&self, token: u32) -> Option<Vec<u8>> {
        self.vocabulary.borrow().bytes(token).map(<[u8]>::to_vec)
    }

    /// Notes what tokens of a search from elsewhere say.
    pub fn learn(&self, token: u32, bytes: &[u8]) {
        self.vocabulary.borrow_mut().learn(token, bytes);
    }
}

fn estimate(messages: &[Message]) -> usize {
    messages.iter().map(|message| message.content.len() / 3 + 8).sum()
}

/// Messages as the API has them.
pub(super) fn chat(messages: &[Message]) -> Vec<Value> {
    let role = |role: Role| match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    messages.iter().map(|message| json!({ "role": role(message.role), "content": message.content })).collect()
}

/// Tokens and what they say, as llama.cpp, vLLM or our own server tell them.
fn read_tokens(answer: &Value, text: &str) -> Option<Vec<(u32, Vec<u8>)>> {
    let list = answer["tokens"].as_array()?;
    let id = |value: &Value| u32::try_from(value.as_u64()?).ok();
    let bytes = |value: &Value| match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        other => serde_json::from_value(other.clone()).ok(),
    };
    if list.iter().any(Value::is_object) {
        return list.iter().map(|token| Some((id(&token["id"])?, bytes(&token["piece"])?))).collect();
    }
    let ids: Vec<u32> = list.iter().map(id).collect::<Option<_>>()?;
    let told = ["token_bytes", "token_strs"].iter().find_map(|key| {
        let pieces: Vec<Vec<u8>> = answer[*key].as_array()?.iter().map(bytes).collect::<Option<_>>()?;
        (pieces.len() == ids.len() && pieces.concat() == text.as_bytes()).then_some(pieces)
    });
    // Where the server writes tokens in an alphabet of its own, all that is said is said by the last.
    let pieces = told.unwrap_or_else(|| {
        let mut pieces = vec![Vec::new(); ids.len()];
        if let Some(last) = pieces.last_mut() {
            *last = text.into();
        }
        pieces
    });
    Some(ids.into_iter().zip(pieces).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::made_up::a_server;

    #[test]
    fn a_search_asks_for_nothing_that_the_server_cannot_give() {
        let refused = |server: &Server, options: SearchOptions, sampling: SamplingOptions| {
            server.check(&options, &sampling).err().map(|error| error.to_string()).unwrap_or_default()
        };
        let able = a_server(Flavour::Other, Way::Prefill);
        let plain = SamplingOptions::default;
        let of = |mode| SearchOptions { mode, ..SearchOptions::default() };
        assert_eq!(refused(&able, of(Mode::Mcts), plain()), "");
        for sampling in [
            SamplingOptions { presence_penalty: 1.0, ..plain() },
            SamplingOptions { frequency_penalty: 1.0, ..plain() },
            SamplingOptions { repeat_penalty: 1.25, ..plain() },
            SamplingOptions { min_p: 0.25, ..plain() },
            SamplingOptions { logit_bias: vec![(1, 1.0)], ..plain() },
            SamplingOptions { echo: true, ..plain() },
            SamplingOptions { ignore_end: true, ..plain() },
        ] {
            assert!(refused(&able, of(Mode::Mcts), sampling).contains("leave them out"));
        }
        let silent = Server { alternatives: 0, ..a_server(Flavour::Other, Way::Prefill) };
        for (mode, said) in [
            (Mode::Mcts, "log-probabilities"),
            (Mode::BestOfN, "log-probabilities"),
            (Mode::ChainOfThought, ""),
        ] {
            let told = refused(&silent, of(mode), plain());
            assert!(told.contains(said) && told.is_empty() == said.is_empty(), "{mode:?}: {told}");
        }
        let counting = SearchOptions { vote: VoteRule::Majority, ..of(Mode::SelfConsistency) };
        assert_eq!(refused(&silent, counting, plain()), "");
        let whole = a_server(Flavour::Other, Way::Whole);
        assert!(refused(&whole, of(Mode::Mcts), plain()).contains("a tree cannot grow there"));
        assert_eq!(refused(&whole, of(Mode::BestOfN), plain()), "");
    }

    #[test]
    fn tokens_of_three_servers() {
        let llama = json!({ "tokens": [{ "id": 1, "piece": "a" }, { "id": 2, "piece": [229, 164] }] });
        assert_eq!(read_tokens(&llama, "a天"), Some(vec![(1, b"a".to_vec()), (2, vec![229, 164])]));
        let own = json!({ "tokens": [1, 2], "token_strs": ["�", "�"], "token_bytes": [[229, 164], [169]] });
        assert_eq!(read_tokens(&own, "天"), Some(vec![(1, vec![229, 164]), (2, vec![169])]));
        let vllm = json!({ "tokens": [1, 2], "token_strs": ["Ġa", "Ċ"] });
        assert_eq!(read_tokens(&vllm, " a\n"), Some(vec![(1, Vec::new()), (2, b" a\n".to_vec())]));
        assert_eq!(read_tokens(&json!({ "tokens": ["a"] }), "a"), None);
        assert_eq!(read_tokens(&json!({ "error": "no" }), "a"), None);
    }
}
