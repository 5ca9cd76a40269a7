//! One sequence: its tokens, its pages, how far the GPU is with it.

use crate::model::BlockTable;
use crate::protocol::FinishReason;
use crate::sampler::{Draw, Rule, SampleRow};

/// Names a sequence of a scheduler.
pub type SequenceId = u64;

/// What to continue and how.
#[derive(Debug, Clone)]
pub struct SequenceRequest {
    /// The prompt; pages of any sequence that begins alike are shared.
    pub tokens: Vec<u32>,
    /// How tokens are chosen.
    pub rule: Rule,
    /// With `choice` and the position, the source of random numbers.
    pub seed: u64,
    /// Which of several replies, or which rollout.
    pub choice: u32,
    /// Longest continuation, in tokens.
    pub max_new_tokens: usize,
    /// Tokens that end the sequence; at most [`crate::sampler::MAX_END_TOKENS`].
    pub end_tokens: Vec<u32>,
}

/// A sequence in progress.
pub(super) struct Sequence {
    pub(super) request: SequenceRequest,
    /// Prompt and what was sampled and read back.
    pub(super) tokens: Vec<u32>,
    /// Slots of everything submitted.
    pub(super) table: BlockTable,
    /// Place among the running sequences, while it has one.
    pub(super) slot: Option<usize>,
    /// Tokens that the continuation may bring the sequence to, and why it ends there.
    pub(super) limit: usize,
    pub(super) limit_reason: FinishReason,
    /// Entries of the table that the GPU already has.
    pub(super) written_entries: usize,
}

impl Sequence {
    pub(super) fn new(request: SequenceRequest, context: usize) -> Self {
        let prompt = request.tokens.len();
        let wanted = prompt.saturating_add(request.max_new_tokens);
        let (limit, limit_reason) =
            if wanted <= context { (wanted, FinishReason::Length) } else { (context, FinishReason::Context) };
        Self {
            tokens: request.tokens.clone(),
            request,
            table: BlockTable::default(),
            slot: None,
            limit,
            limit_reason,
            written_entries: 0,
        }
    }

    /// Back to the queue without slot or pages: what is known becomes the prompt. `context` bounds it anew.
    pub(super) fn restart(&mut self, context: usize) {
        self.request.tokens.clone_from(&self.tokens);
        self.table = BlockTable::default();
        self.slot = None;
        self.written_entries = 0;
        if context < self.limit {
            (self.limit, self.limit_reason) = (context, FinishReason::Context);
        }
    }

    /// Tokens whose keys and values are submitted.
    pub(super) fn submitted(&self) -> usize {
        self.table.len()
    }

    /// Whether known tokens still wait to be submitted (beyond the last, which decoding takes from the GPU).
    pub(super) fn is_prefilling(&self) -> bool {
        self.submitted() < self.prefill_len()
    }

    /// Tokens to be submitted by value: the prompt, or after a preemption everything known.
    pub(super) fn prefill_len(&self) -> usize {
        self.request.tokens.len()
    }

    /// Whether another decode step may be submitted: each step k submits token k and samples token k + 1.
    pub(super) fn wants_decode(&self) -> bool {
        !self.is_prefilling() && self.submitted() + 1 < self.limit
    }

    /// Parameters for the token chosen at `position`.
    pub(super) fn sample_row(&self, position: usize, slot: usize) -> SampleRow {
        let draw = Draw { seed: self.request.seed, choice: self.request.choice, position: position as u32 };
        SampleRow::new(self.request.rule, draw, slot as u32, &self.request.end_tokens)
    }
}
