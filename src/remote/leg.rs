//! One leg: a streamed request, opened again with what has been said where it breaks, and cut into tokens.

use std::rc::Rc;

use super::body::{self, How};
use super::client::Trouble;
use super::server::{Question, Server, Way};
use super::sse;
use super::wire::{Choice, Told};
use crate::error::{Error, Result};
use crate::protocol::{FinishReason, ThoughtFormat};
use crate::sampler::{Rule, TOP};
use crate::search::Token;
use crate::text::{Format, MARCO, THINK};

/// Tokens to be decoded after a question and what has been said.
#[derive(Debug, Clone)]
pub struct Leg {
    /// What is answered.
    pub question: Rc<Question>,
    /// Tokens after it.
    pub path: Vec<u32>,
    /// What they say.
    pub text: Vec<u8>,
    /// How tokens are chosen.
    pub rule: Rule,
    /// With `choice`, what is drawn.
    pub seed: u64,
    /// Which rollout, and which try of it.
    pub choice: u32,
    /// Tokens at most.
    pub limit: usize,
}

/// Decodes a leg. `tell` takes each token, and whether it is an end token.
pub(super) async fn decode(server: &Server, leg: Leg, tell: &dyn Fn(Token, bool)) -> Result<FinishReason> {
    let mut mouth = Mouth::new(server, leg, tell);
    let mut failures = 0;
    loop {
        let before = mouth.told;
        match mouth.attempt().await {
            Ok(reason) => return Ok(reason),
            Err(trouble) => {
                if mouth.told > before {
                    failures = 0;
                }
                match server.client.recover(trouble, &mut failures).await {
                    Ok(()) => {}
                    // What has been said filled the context.
                    Err(Error::ContextFull { .. }) if !mouth.leg.text.is_empty() => {
                        return Ok(FinishReason::Context);
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

/// What comes, on its way to the search.
struct Mouth<'a> {
    server: &'a Server,
    /// With all that was told: a connection that breaks goes on from here.
    leg: Leg,
    tell: &'a dyn Fn(Token, bool),
    told: usize,
    /// A token without text: it may prove to be the end token.
    held: Option<Token>,
    /// Tokens that are part of a character.
    parts: Vec<Told>,
    /// Whether the server has begun a thought in its own channel, and ended it.
    thinking: Option<bool>,
}

impl<'a> Mouth<'a> {
    fn new(server: &'a Server, leg: Leg, tell: &'a dyn Fn(Token, bool)) -> Self {
        Self { server, leg, tell, told: 0, held: None, parts: Vec::new(), thinking: None }
    }

    async fn attempt(&mut self) -> Result<FinishReason, Trouble> {
        let server = self.server;
        let ids = match server.way {
            Way::Tokens => server.real_ids(&self.leg.path).await?,
            Way::Text | Way::Prefill | Way::Whole => Vec::new(),
        };
        let how = How {
            rule: self.leg.rule,
            seed: self.leg.seed,
            choice: self.leg.choice,
            limit: self.leg.limit,
            alternatives: server.alternatives.min(TOP as u32),
        };
        let (path, body) = body::completion(server, &self.leg.question, &ids, &self.leg.text, how);
        let mut pieces = sse::stream(&server.client, path, &body).await?;
        let mut reason = None;
        while let Some(piece) = pieces.next(&server.client, path).await? {
            let Some(choice) = piece.choices.first() else { continue };
            let tokens = choice.tokens().map_err(|what| pieces.wrong(&what))?;
            self.channel(choice);
            for token in tokens {
                self.take(token)?;
            }
            reason = choice.finish_reason.clone().or(reason);
        }
        let reason = match reason.as_deref() {
            Some("stop" | "eos" | "eos_token" | "stop_sequence") => FinishReason::Stop,
            Some("length") if self.leg.limit == 0 => FinishReason::Length,
            Some("length") => FinishReason::Context,
            Some(other @ ("content_filter" | "tool_calls")) => {
                let what = format!("the server ended the reply for a reason of its own ({other})");
                return Err(Trouble::Lasting(Error::BadRequest(what)));
            }
            _ => return Err(pieces.cut()),
        };
        self.finish(reason)?;
        Ok(reason)
    }

    /// A thought that the server takes out of the reply is put back, with its tags.
    fn channel(&mut self, choice: &Choice) {
        let format: &Format = if self.server.thoughts == ThoughtFormat::Marco { &MARCO } else { &THINK };
        if !choice.thought().is_empty() && self.thinking.is_none() {
            self.thinking = Some(true);
            self.put(format!("{}\n", format.open));
        }
        if !choice.text().is_empty() && self.thinking == Some(true) {
            self.thinking = Some(false);
            let output = format.output.map(|(open, _)| format!("{open}\n")).unwrap_or_default();
            self.put(format!("\n{}\n{output}", format.close));
        }
    }

    fn put(&mut self, text: String) {
        let id = self.server.vocabulary.borrow_mut().intern(text.as_bytes());
        self.leg.limit += 1;
        self.say(Token::forced(id, text.into_bytes()), false);
    }

    /// Takes a token. Where a path is sent as text it must end with a whole character, so parts of one are joined.
    fn take(&mut self, token: Told) -> Result<(), Trouble> {
        if self.server.way == Way::Tokens {
            return self.make(token);
        }
        self.parts.push(token);
        let bytes: Vec<u8> = self.parts.iter().flat_map(|part| part.bytes.iter().copied()).collect();
        let is_cut = std::str::from_utf8(&bytes).is_err_and(|error| error.error_len().is_none());
        if is_cut && self.parts.len() < 4 {
            return Ok(());
        }
        let mut parts = std::mem::take(&mut self.parts);
        if parts.len() == 1 {
            return self.make(parts.remove(0));
        }
        // As sure as its least sure part.
        let least =
            |a: &&Told, b: &&Told| a.logprob.partial_cmp(&b.logprob).unwrap_or(std::cmp::Ordering::Equal);
        let top = parts.iter().min_by(least).map(|part| part.top.clone()).unwrap_or_default();
        let logprob = parts.iter().filter_map(|part| part.logprob).reduce(f32::min);
        self.make(Told { id: None, bytes, logprob, top })
    }

    fn make(&mut self, told: Told) -> Result<(), Trouble> {
        let mut vocabulary = self.server.vocabulary.borrow_mut();
        let mut number = |token: &Told| match token.id {
            Some(id) => {
                vocabulary.learn(id, &token.bytes);
                id
            }
            None => vocabulary.intern(&token.bytes),
        };
        let id = number(&told);
        let top: Vec<(u32, f32)> =
            told.top.iter().filter_map(|other| Some((number(other), other.logprob?))).collect();
        drop(vocabulary);
        let bytes = told.bytes;
        let token = match told.logprob {
            Some(logprob) if !top.is_empty() => {
                Token::chosen(id, bytes, logprob, top).map_err(Trouble::Lasting)?
            }
            _ => Token::unscored(id, bytes),
        };
        if let Some(held) = self.held.take() {
            self.say(held, false);
        }
        if token.bytes.0.is_empty() {
            self.held = Some(token);
        } else {
            self.say(token, false);
        }
        Ok(())
    }

    fn say(&mut self, token: Token, is_end: bool) {
        self.told += 1;
        self.leg.limit = self.leg.limit.saturating_sub(1);
        self.leg.path.push(token.id);
        self.leg.text.extend_from_slice(&token.bytes.0);
        (self.tell)(token, is_end);
    }

    /// The stream is whole: what was held back is told.
    fn finish(&mut self, reason: FinishReason) -> Result<(), Trouble> {
        for part in std::mem::take(&mut self.parts) {
            self.make(part)?;
        }
        let is_end = reason == FinishReason::Stop;
        match self.held.take() {
            Some(held) => self.say(held, is_end),
            None if is_end => {
                // The server does not tell its end token.
                let id = self.server.vocabulary.borrow_mut().intern(&[]);
                self.say(Token::forced(id, Vec::new()), true);
            }
            None => {}
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "leg_tests.rs"]
mod tests;
