//! Who decodes when. A step is one submit: a chunk of one prompt, or one token for up to 16 sequences.
//!
//! Token ids stay on the GPU, so steps are submitted ahead of the readback; what comes back is one
//! 64-byte record a token, late. What was submitted for a sequence after its end is discarded.
//!
//! A sequence that chooses on the CPU has its logits read back, and takes part again when its token is known.

mod admit;
mod collect;
mod step;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::cache::{PrefixCache, common_prefix};
use super::sequence::{Sequence, SequenceId, SequenceRequest};
use crate::error::{Error, Result};
use crate::gpu::{Extent, Pending, Plan, Ring};
use crate::model::{Pages, Qwen2};
use crate::ops::logit_blocks::Sampling;
use crate::protocol::FinishReason;
use crate::sampler::Record;

/// Steps submitted ahead of the readback.
const RUN_AHEAD: usize = 4;

/// Steps submitted ahead while a sequence waits for its token from the CPU: the more there are, the later is its turn.
const RUN_AHEAD_CHOOSING: usize = 2;

/// Bytes of one record.
const RECORD_BYTES: usize = size_of::<Record>();

/// What a step brought.
#[derive(Debug, Clone)]
pub enum Output {
    /// A token was chosen.
    Token {
        /// For which sequence.
        id: SequenceId,
        /// The token, its logit, its alternatives.
        record: Record,
        /// The most probable tokens with their log-probabilities, best first, where more were asked for than a record
        /// holds.
        top: Vec<(u32, f32)>,
    },
    /// A token of the prompt, after the first; from the second on, in order, perhaps more than once.
    Prompt {
        /// Of which sequence.
        id: SequenceId,
        /// Its place in the prompt.
        position: usize,
        /// Natural logarithm of its probability.
        logprob: f32,
        /// The most probable tokens in its place, best first, as many as were asked for.
        top: Vec<(u32, f32)>,
    },
    /// The sequence has its place among those that run, for the first time.
    Admitted {
        /// Which sequence.
        id: SequenceId,
        /// Tokens of its prompt that were at hand.
        cached: usize,
    },
    /// The sequence is over and forgotten.
    Finished {
        /// Which sequence.
        id: SequenceId,
        /// Why.
        reason: FinishReason,
    },
    /// The sequence ended in an error and is forgotten.
    Failed {
        /// Which sequence.
        id: SequenceId,
        /// Why.
        error: Error,
    },
}

/// What the logits of a row are for.
#[derive(Debug, Clone, Copy)]
struct Picked {
    id: SequenceId,
    /// Whether it is told what they say of the next token of the prompt; else a token is chosen.
    told: bool,
}

/// A submitted step: what each record is for (none for a prompt chunk that samples nothing).
struct InFlight {
    pending: Pending,
    records: Vec<Picked>,
    /// The logits of the first rows.
    logits: Option<Pending>,
}

/// Owns the model, its pages and every sequence.
pub struct Scheduler {
    model: Qwen2,
    pages: Pages,
    sampling: Sampling,
    sample_plan: Option<Rc<Plan>>,
    sequences: BTreeMap<SequenceId, Sequence>,
    waiting: VecDeque<SequenceId>,
    slots: Vec<Option<SequenceId>>,
    cache: PrefixCache,
    in_flight: VecDeque<InFlight>,
    ring: Ring,
    /// For whole rows of logits; made when they are first wanted.
    logits_ring: Option<Ring>,
    next_id: SequenceId,
    // Where the next decode batch starts among the slots, so that more than 16 take turns.
    turn: usize,
    prefilled_last: bool,
    /// Whose prompt was read last.
    prefilled: SequenceId,
    outputs: Vec<Output>,
}

/// Sequences without a device; see [`Scheduler::resume`].
pub struct Suspended {
    sequences: BTreeMap<SequenceId, Sequence>,
    /// Come back, but not yet told.
    outputs: Vec<Output>,
    next_id: SequenceId,
}

impl Scheduler {
    /// Takes over a loaded model.
    pub fn new(model: Qwen2) -> Self {
        let sampling = Sampling::new(model.gpu(), model.logits(), model.config().vocab_size, model.sampled());
        let ring = Ring::new(model.gpu(), RUN_AHEAD, (Qwen2::MAX_BATCH * RECORD_BYTES) as u64);
        Self {
            pages: Pages::new(model.options().pages),
            slots: vec![None; model.options().sequences],
            sampling,
            ring,
            logits_ring: None,
            model,
            sample_plan: None,
            sequences: BTreeMap::new(),
            waiting: VecDeque::new(),
            cache: PrefixCache::default(),
            in_flight: VecDeque::new(),
            next_id: 1,
            turn: 0,
            prefilled_last: false,
            prefilled: 0,
            outputs: Vec::new(),
        }
    }

    /// Takes over what another scheduler had in progress when its device was lost: every sequence starts
    /// again from the tokens that are known. The next ones are drawn as they would have been: a draw
    /// depends on seed, choice and position alone.
    pub fn resume(&mut self, suspended: Suspended) {
        self.next_id = self.next_id.max(suspended.next_id);
        self.outputs.extend(suspended.outputs);
        for (id, mut sequence) in suspended.sequences {
            // The pages went with the device.
            sequence.restart(self.model.options().context);
            let full = sequence.tokens.len() >= sequence.limit && sequence.echo.is_none();
            self.sequences.insert(id, sequence);
            self.waiting.push_back(id);
            if full {
                self.finish(id, FinishReason::Context);
            }
        }
    }

    /// Lets go of the model and keeps what is in progress, for [`Scheduler::resume`].
    pub fn suspend(self) -> Suspended {
        Suspended { sequences: self.sequences, outputs: self.outputs, next_id: self.next_id }
    }

    /// The model.
    pub fn model(&self) -> &Qwen2 {
        &self.model
    }

    /// The plans of the last decode step, which had `rows` rows, each with its grids; for measurements. What they
    /// compute when run again means nothing: no sequence may be in progress.
    pub fn last_step(&self, rows: usize) -> Vec<(Rc<Plan>, Extent)> {
        let (plans, extent) = self.model.last_step(rows);
        let [layers, head] = plans;
        let sampling = self.sample_plan.clone().map(|plan| (plan, rows.into()));
        [(layers, extent), (head, rows.into())].into_iter().chain(sampling).collect()
    }

    /// Pages held by sequences and by the cache of finished ones.
    pub fn pages_used(&self) -> usize {
        self.pages.used()
    }

    /// Of these, the pages that the cache holds.
    pub fn pages_cached(&self) -> usize {
        self.cache.page_count()
    }

    /// Whether there is anything to do.
    pub fn is_busy(&self) -> bool {
        !self.sequences.is_empty() || !self.in_flight.is_empty() || !self.outputs.is_empty()
    }

    /// Dispatches of one decode step of `rows` rows, sampling included.
    pub fn dispatches(&self, rows: usize) -> usize {
        self.model.dispatches(rows) + 2
    }

    /// Queues a sequence. A prompt that fills the context, or is empty, is refused.
    pub fn submit(&mut self, request: SequenceRequest) -> Result<SequenceId> {
        let (prompt_tokens, limit) = (request.tokens.len(), self.model.options().context);
        if prompt_tokens == 0 {
            return Err(Error::BadRequest("the prompt is empty".into()));
        }
        if prompt_tokens >= limit {
            return Err(Error::ContextFull { prompt_tokens, limit });
        }
        let vocab = self.model.config().vocab_size;
        let biased =
            request.chooser.iter().flat_map(|chooser| &chooser.rules.logit_bias).map(|(token, _)| token);
        if let Some(token) = request.tokens.iter().chain(biased).find(|token| **token as usize >= vocab) {
            return Err(Error::BadRequest(format!(
                "token {token} is not in the model's vocabulary of {vocab}"
            )));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.sequences.insert(id, Sequence::new(request, limit));
        self.waiting.push_back(id);
        Ok(id)
    }

    /// Tokens of this prompt that need no work because a sequence that began alike is at hand.
    pub fn cached_len(&self, tokens: &[u32]) -> usize {
        let running = self.slots.iter().flatten().map(|id| &self.sequences[id]);
        let shared = running.map(|other| common_prefix(&other.tokens, tokens).min(other.submitted()));
        shared.max().unwrap_or(0).max(self.cache.best_len(tokens)).min(tokens.len().saturating_sub(1))
    }

    /// Ends a sequence now; what is in flight for it is discarded. Unknown ids (already over) are fine.
    pub fn cancel(&mut self, id: SequenceId) {
        self.finish(id, FinishReason::Cancelled);
    }

    /// Ends a sequence after its first `len` tokens, e.g. where a stop text was found late.
    pub fn truncate(&mut self, id: SequenceId, len: usize, reason: FinishReason) {
        if let Some(sequence) = self.sequences.get_mut(&id) {
            sequence.tokens.truncate(len);
        }
        self.finish(id, reason);
    }

    /// Gives the pages of finished sequences back.
    pub fn clear_cache(&mut self) {
        while self.cache.evict(&mut self.pages) {}
    }

    fn finish(&mut self, id: SequenceId, reason: FinishReason) {
        if self.retire(id) {
            self.outputs.push(Output::Finished { id, reason });
        }
    }

    fn retire(&mut self, id: SequenceId) -> bool {
        let Some(mut sequence) = self.sequences.remove(&id) else { return false };
        self.waiting.retain(|waiting| *waiting != id);
        if let Some(slot) = sequence.slot {
            self.slots[slot] = None;
        }
        let known = sequence.tokens.len().min(sequence.table.len());
        sequence.table.truncate(known, &mut self.pages);
        self.cache.keep(sequence.tokens, sequence.table, &mut self.pages);
        true
    }

    /// Submits what can be submitted and returns what has come back; waits only when it can submit nothing.
    pub async fn step(&mut self) -> Result<Vec<Output>> {
        self.admit();
        let choosing = self.slots.iter().flatten().any(|id| self.sequences[id].is_choosing());
        let ahead = if choosing { RUN_AHEAD_CHOOSING } else { RUN_AHEAD };
        let submitted = self.in_flight.len() < ahead && self.ring.has_room() && self.submit_step()?;
        if !submitted && let Some(oldest) = self.in_flight.pop_front() {
            self.collect(oldest).await?;
        }
        while let Some(oldest) = self.in_flight.front_mut() {
            let gpu = self.model.gpu();
            let logits_ready = oldest.logits.as_mut().is_none_or(|logits| logits.is_ready(gpu));
            if !(oldest.pending.is_ready(gpu) && logits_ready) {
                break;
            }
            if let Some(oldest) = self.in_flight.pop_front() {
                self.collect(oldest).await?;
            }
        }
        if !submitted && self.in_flight.is_empty() && self.outputs.is_empty() && !self.sequences.is_empty() {
            self.preempt();
        }
        if let Some(error) = self.model.gpu().lost() {
            return Err(error);
        }
        Ok(std::mem::take(&mut self.outputs))
    }
}
