//! Plain replies: one streamed request each.

use super::body;
use super::client::Trouble;
use super::server::{Question, Server};
use super::sse::{self, Pieces};
use super::wire::Told;
use crate::error::Result;
use crate::protocol::{FinishReason, SamplingOptions, TopLogprob};

/// A piece of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A token.
    Token {
        /// Its number: the server's, or one of ours.
        id: u32,
        /// What it says.
        text: String,
        /// Natural logarithm of its probability; 0 where nobody tells.
        logprob: f32,
        /// The most probable tokens, best first.
        top: Vec<TopLogprob>,
        /// Whether the server says that it belongs to the thought.
        thought: bool,
    },
    /// Tokens of the prompt, and how many of them cost nothing.
    Counted {
        /// Of the prompt.
        prompt_tokens: usize,
        /// Of them, cached.
        cached_tokens: usize,
    },
}

/// Asks for a reply. A connection that breaks before anything was said is opened again; later it is an error, because
/// a chat cannot be gone on with where it broke.
pub(super) async fn converse(
    server: &Server,
    question: &Question,
    sampling: &SamplingOptions,
    choice: u32,
    tell: &dyn Fn(Heard),
) -> Result<FinishReason> {
    let (path, body) = body::reply(server, question, sampling, choice)?;
    let mut failures = 0;
    loop {
        let mut said = false;
        let attempt = async {
            let mut pieces = sse::stream(&server.client, path, &body).await?;
            follow(server, &mut pieces, path, sampling, &mut said, tell).await
        };
        let trouble = match attempt.await {
            Ok(reason) => return Ok(reason),
            Err(Trouble::Passing(error, _)) if said => Trouble::Lasting(error),
            Err(trouble) => trouble,
        };
        server.client.recover(trouble, &mut failures).await?;
    }
}

async fn follow(
    server: &Server,
    pieces: &mut Pieces,
    path: &str,
    sampling: &SamplingOptions,
    said: &mut bool,
    tell: &dyn Fn(Heard),
) -> Result<FinishReason, Trouble> {
    let mut reason = None;
    while let Some(piece) = pieces.next(&server.client, path).await? {
        if let Some(usage) = &piece.usage {
            let (prompt_tokens, cached_tokens) = (usage.prompt_tokens, usage.cached_tokens());
            tell(Heard::Counted { prompt_tokens, cached_tokens });
        }
        let Some(choice) = piece.choices.first() else { continue };
        let thought = choice.text().is_empty() && !choice.thought().is_empty();
        let mut text = if thought { choice.thought() } else { choice.text() }.to_owned();
        let tokens = choice.tokens().map_err(|what| pieces.wrong(&what))?;
        let count = tokens.len();
        for (at, told) in tokens.into_iter().enumerate() {
            // The text of the piece is told once; one token a piece is the rule.
            let own = if at + 1 == count {
                std::mem::take(&mut text)
            } else {
                let own = String::from_utf8_lossy(&told.bytes).into_owned();
                match text.strip_prefix(own.as_str()) {
                    Some(rest) => {
                        text = rest.to_owned();
                        own
                    }
                    None => String::new(),
                }
            };
            *said = true;
            tell(token(server, told, own, sampling, thought));
        }
        reason = choice.finish_reason.clone().or(reason);
    }
    match reason.as_deref() {
        Some("length") => Ok(FinishReason::Length),
        Some(_) => Ok(FinishReason::Stop),
        None => Err(pieces.cut()),
    }
}

fn token(server: &Server, told: Told, text: String, sampling: &SamplingOptions, thought: bool) -> Heard {
    let mut vocabulary = server.vocabulary.borrow_mut();
    let mut number = |token: &Told| token.id.unwrap_or_else(|| vocabulary.intern(&token.bytes));
    let id = number(&told);
    let alternative = |other: &Told| {
        let text = String::from_utf8_lossy(&other.bytes).into_owned();
        let bytes = sampling.token_bytes.then(|| other.bytes.clone());
        Some(TopLogprob { token: number(other), text, logprob: other.logprob?, bytes })
    };
    let top = told.top.iter().filter_map(alternative).take(sampling.top_logprobs as usize).collect();
    Heard::Token { id, text, logprob: told.logprob.unwrap_or_default(), top, thought }
}
