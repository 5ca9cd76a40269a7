//! One sequence: its tokens, its pages, how far the GPU is with it.

use super::Chooser;
use crate::model::BlockTable;
use crate::ops::step;
use crate::protocol::FinishReason;
use crate::sampler::{Draw, Rule, SampleRow};

/// Names a sequence of a scheduler.
pub type SequenceId = u64;

/// What to continue and how.
#[derive(Debug, Clone)]
pub struct SequenceRequest {
    /// The prompt; pages of any sequence that begins alike are shared.
    pub tokens: Vec<u32>,
    /// How tokens are chosen, where no `chooser` does it.
    pub rule: Rule,
    /// With `choice` and the position, the source of random numbers.
    pub seed: u64,
    /// Which of several replies, or which rollout.
    pub choice: u32,
    /// Longest continuation, in tokens.
    pub max_new_tokens: usize,
    /// Tokens that end the sequence; at most [`crate::sampler::MAX_END_TOKENS`].
    pub end_tokens: Vec<u32>,
    /// Whose sequence it is: requests take turns.
    pub group: u64,
    /// Chooses on the CPU what the kernels cannot; the sequence is then not run ahead.
    pub chooser: Option<Chooser>,
    /// Alternatives to be told with every token of the prompt, which is then computed anew; `None` tells nothing of it.
    pub echo: Option<usize>,
}

impl Default for SequenceRequest {
    /// Nothing to continue, greedily.
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            rule: Rule::GREEDY,
            seed: 0,
            choice: 0,
            max_new_tokens: 0,
            end_tokens: Vec::new(),
            group: 0,
            chooser: None,
            echo: None,
        }
    }
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
    /// Tokens of the prompt that are to be told, while they are.
    pub(super) echo: Option<Echo>,
    /// While it waits: the sequence that is just computing what both begin with.
    pub(super) behind: Option<SequenceId>,
    /// Tokens that were at hand when it was first admitted.
    pub(super) cached: Option<usize>,
}

/// A prompt being told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Echo {
    /// Its length.
    pub(super) len: usize,
    pub(super) alternatives: usize,
}

impl Sequence {
    pub(super) fn new(request: SequenceRequest, context: usize) -> Self {
        let prompt = request.tokens.len();
        let wanted = prompt.saturating_add(request.max_new_tokens);
        let (limit, limit_reason) =
            if wanted <= context { (wanted, FinishReason::Length) } else { (context, FinishReason::Context) };
        // A prompt of one token has none with a probability.
        let echo = request.echo.filter(|_| prompt > 1);
        Self {
            tokens: request.tokens.clone(),
            echo: echo.map(|alternatives| Echo { len: prompt, alternatives }),
            request,
            table: BlockTable::default(),
            slot: None,
            limit,
            limit_reason,
            written_entries: 0,
            behind: None,
            cached: None,
        }
    }

    /// Back to the queue without slot or pages: what is known becomes the prompt. `context` bounds it anew.
    pub(super) fn restart(&mut self, context: usize) {
        self.request.tokens.clone_from(&self.tokens);
        self.table = BlockTable::default();
        self.slot = None;
        self.behind = None;
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
        match self.request.chooser {
            // The token has to be known, which it is when its logits have come back.
            Some(_) => !self.is_prefilling() && self.submitted() < self.tokens.len(),
            None => !self.is_prefilling() && self.submitted() + 1 < self.limit,
        }
    }

    /// What its next step is told of the token before it: its id, or to look where the kernels left it.
    pub(super) fn next_token(&self) -> u32 {
        if self.request.chooser.is_some() { self.tokens[self.submitted()] } else { step::NONE }
    }

    /// Whether its logits are read back, to choose from them here.
    pub(super) fn is_choosing(&self) -> bool {
        self.request.chooser.is_some()
    }

    /// The source of randomness at `position`.
    pub(super) fn draw(&self, position: usize) -> Draw {
        Draw { seed: self.request.seed, choice: self.request.choice, position: position as u32 }
    }

    /// Parameters for the token chosen at `position`.
    pub(super) fn sample_row(&self, position: usize, slot: usize) -> SampleRow {
        // The kernels' choice does not count where a chooser follows; it gives the sum of the row, and its best.
        let rule = if self.is_choosing() { Rule::GREEDY } else { self.request.rule };
        SampleRow::new(rule, self.draw(position), slot as u32, &self.request.end_tokens)
    }
}
