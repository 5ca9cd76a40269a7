//! What a search stands on: lanes that decode its legs, and the words of the model that does. The scheduler and a
//! remote server are two of these.

use super::{Emit, choosing};
use crate::error::{Error, Result};
use crate::generate::{Scheduler, SequenceId, SequenceRequest};
use crate::protocol::{FinishReason, RequestId, SamplingOptions};
use crate::sampler::Rule;
use crate::text::Tokenizer;

/// A leg of a rollout, as lanes take it.
pub(super) struct Leg<'a> {
    /// The search.
    pub(super) request: RequestId,
    /// Tokens of the question; empty where lanes know it by its text alone.
    pub(super) prompt: &'a [u32],
    /// Tokens after it, forced ones included.
    pub(super) path: Vec<u32>,
    /// What they say.
    pub(super) text: Vec<u8>,
    /// How tokens of the search are chosen.
    pub(super) sampling: &'a SamplingOptions,
    /// How they are in this leg.
    pub(super) rule: Rule,
    /// With `choice` and the position, the source of random numbers.
    pub(super) seed: u64,
    /// Which rollout, and which try of it.
    pub(super) choice: u32,
    /// Tokens at most.
    pub(super) limit: usize,
}

/// Where legs are decoded, several at once. What comes is told to `SearchJob::token` and `SearchJob::finished`.
pub(super) trait Lanes {
    /// Begins a leg.
    fn submit(&mut self, leg: Leg<'_>) -> Result<SequenceId>;

    /// Ends one now; nothing more is told of it.
    fn cancel(&mut self, id: SequenceId);

    /// Ends one that is whole: the first `len` tokens, prompt included, were wanted.
    fn end(&mut self, id: SequenceId, len: usize);
}

/// How the model turns text into tokens.
pub(super) trait Words {
    /// Tokens of ordinary text, each with what it says.
    fn encode(&self, text: &str) -> Result<Vec<(u32, Vec<u8>)>>;

    /// What a token adds to a text; special tokens add nothing. An error where there is no such token.
    fn bytes(&self, token: u32) -> Result<Vec<u8>>;

    /// A token for people.
    fn show(&self, token: u32) -> String;
}

/// What a search needs of the session it runs in.
pub(super) struct Ground<'a> {
    pub(super) lanes: Box<dyn Lanes + 'a>,
    pub(super) words: &'a dyn Words,
    pub(super) emit: &'a Emit,
}

/// Lanes of the model on this machine: sequences of the scheduler, beside everything else.
pub(super) struct Sequences<'a> {
    pub(super) scheduler: &'a mut Scheduler,
    pub(super) end_tokens: &'a [u32],
}

impl Lanes for Sequences<'_> {
    fn submit(&mut self, leg: Leg<'_>) -> Result<SequenceId> {
        let chooser = choosing::chooser(leg.rule, leg.sampling, 0, leg.prompt.len(), None);
        self.scheduler.submit(SequenceRequest {
            tokens: [leg.prompt, &leg.path].concat(),
            rule: if chooser.is_some() { Rule::GREEDY } else { leg.rule },
            seed: leg.seed,
            choice: leg.choice,
            max_new_tokens: leg.limit,
            end_tokens: if leg.sampling.ignore_end { Vec::new() } else { self.end_tokens.to_vec() },
            group: leg.request,
            chooser,
            echo: None,
        })
    }

    fn cancel(&mut self, id: SequenceId) {
        self.scheduler.cancel(id);
    }

    /// What was submitted beyond the end goes; what is kept serves the lanes to come.
    fn end(&mut self, id: SequenceId, len: usize) {
        self.scheduler.truncate(id, len, FinishReason::Stop);
    }
}

impl Words for Tokenizer {
    fn encode(&self, text: &str) -> Result<Vec<(u32, Vec<u8>)>> {
        Self::encode(self, text)?.into_iter().map(|id| Ok((id, plain_bytes(self, id)))).collect()
    }

    fn bytes(&self, token: u32) -> Result<Vec<u8>> {
        if token >= self.id_count() {
            let what = format!("there is no token {token}: the vocabulary has {}", self.id_count());
            return Err(Error::BadRequest(what));
        }
        Ok(plain_bytes(self, token))
    }

    fn show(&self, token: u32) -> String {
        self.token_text(token)
    }
}

/// What a token adds to the text; special tokens add nothing.
pub(super) fn plain_bytes(tokenizer: &Tokenizer, token: u32) -> Vec<u8> {
    if tokenizer.is_special(token) { Vec::new() } else { tokenizer.token_bytes(token).into_owned() }
}
