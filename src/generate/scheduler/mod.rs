//! Who decodes when. A step is one submit: a chunk of one prompt, or one token for up to 16 sequences.
//!
//! Token ids stay on the GPU, so steps are submitted ahead of the readback; what comes back is one
//! 64-byte record a token, late. What was submitted for a sequence after its end is discarded.

mod step;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::cache::{PrefixCache, common_prefix};
use super::sequence::{Sequence, SequenceId, SequenceRequest};
use crate::error::{Error, Result};
use crate::gpu::{Extent, Pending, Plan, Ring};
use crate::model::{Pages, Qwen2};
use crate::ops::logit_blocks::Sampling;
use crate::ops::step::PAGE;
use crate::protocol::FinishReason;
use crate::sampler::Record;

/// Steps submitted ahead of the readback.
const RUN_AHEAD: usize = 4;

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

/// A submitted step: which sequence each record is of (none for a prompt chunk that samples nothing).
struct InFlight {
    pending: Pending,
    records: Vec<SequenceId>,
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
    next_id: SequenceId,
    // Where the next decode batch starts among the slots, so that more than 16 take turns.
    turn: usize,
    prefilled_last: bool,
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
            model,
            sample_plan: None,
            sequences: BTreeMap::new(),
            waiting: VecDeque::new(),
            cache: PrefixCache::default(),
            in_flight: VecDeque::new(),
            next_id: 1,
            turn: 0,
            prefilled_last: false,
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
            let full = sequence.tokens.len() >= sequence.limit;
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
        if let Some(token) = request.tokens.iter().find(|token| **token as usize >= vocab) {
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
        let running =
            self.sequences.values().map(|other| common_prefix(&other.tokens, tokens).min(other.submitted()));
        running.max().unwrap_or(0).max(self.cache.best_len(tokens)).min(tokens.len().saturating_sub(1))
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
        let submitted = self.ring.has_room() && self.submit_step()?;
        if !submitted && let Some(oldest) = self.in_flight.pop_front() {
            self.collect(oldest).await?;
        }
        while let Some(oldest) = self.in_flight.front_mut() {
            if !oldest.pending.is_ready(self.model.gpu()) {
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

    /// Gives waiting sequences a slot and the pages of the longest prefix at hand. One whose beginning another is
    /// just computing waits for it, so that branches of one prompt compute it once.
    fn admit(&mut self) {
        let mut at = 0;
        while at < self.waiting.len()
            && let Some(slot) = self.slots.iter().position(Option::is_none)
        {
            let id = self.waiting[at];
            let Some(sequence) = self.sequences.get(&id) else {
                self.waiting.remove(at);
                continue;
            };
            // The last token is computed again: its logits are wanted.
            let most = sequence.prefill_len() - 1;
            let tokens = &sequence.request.tokens;
            let begins = |other: &Sequence| common_prefix(&other.tokens, tokens).min(most);
            let running = self.sequences.values().filter(|other| other.slot.is_some());
            let parent = running.clone().max_by_key(|other| begins(other).min(other.submitted()));
            let shared = parent.map_or(0, |other| begins(other).min(other.submitted()));
            let cached = self.cache.best_len(tokens).min(most);
            let coming = running.filter(|other| other.is_prefilling());
            let coming = coming.map(|other| begins(other).min(other.prefill_len())).max().unwrap_or(0);
            if coming >= shared.max(cached) + PAGE {
                at += 1;
                continue;
            }
            let table = match parent {
                Some(other) if shared > 0 && shared >= cached => {
                    Some(other.table.fork(shared, &mut self.pages))
                }
                _ => self.cache.fork(tokens, most, &mut self.pages),
            };
            self.waiting.remove(at);
            if let Some(sequence) = self.sequences.get_mut(&id) {
                sequence.table = table.unwrap_or_default();
                sequence.written_entries = 0;
                sequence.slot = Some(slot);
                self.slots[slot] = Some(id);
            }
        }
    }

    /// Encodes and submits one step, if there is one to do. Prompt chunks and decode steps take turns.
    fn submit_step(&mut self) -> Result<bool> {
        let running: Vec<SequenceId> = self.slots.iter().flatten().copied().collect();
        let prefilling = running.iter().copied().filter(|id| self.sequences[id].is_prefilling()).min();
        let decoding = running.iter().any(|id| self.sequences[id].wants_decode());
        match prefilling {
            Some(id) if !(decoding && self.prefilled_last) => {
                self.prefilled_last = true;
                if self.prefill(id)? {
                    return Ok(true);
                }
                self.decode()
            }
            _ => {
                self.prefilled_last = false;
                self.decode()
            }
        }
    }

    /// Nothing can go on for want of pages: the youngest running sequence gives its pages up and starts
    /// again later from its tokens; a sequence alone in the cache that does not fit it is ended.
    fn preempt(&mut self) {
        let Some((&id, _)) = self.sequences.iter().rev().find(|(_, sequence)| sequence.slot.is_some()) else {
            return;
        };
        if self.slots.iter().flatten().count() == 1 {
            self.finish(id, FinishReason::Context);
            return;
        }
        if let Some(sequence) = self.sequences.get_mut(&id) {
            std::mem::take(&mut sequence.table).release(&mut self.pages);
            if let Some(slot) = sequence.slot {
                self.slots[slot] = None;
            }
            sequence.restart(sequence.limit);
            self.waiting.push_back(id);
        }
    }
}
