//! Who decodes when. A step is one submit: a chunk of one prompt, or one token for up to 16 sequences.
//!
//! Token ids stay on the GPU, so steps are submitted ahead of the readback; what comes back is one
//! 64-byte record a token, late. What was submitted for a sequence after its end is discarded.

use std::collections::{BTreeMap, VecDeque};

use super::cache::{PrefixCache, common_prefix};
use super::sequence::{Sequence, SequenceId, SequenceRequest};
use crate::error::{Error, Result};
use crate::gpu::{Pending, Plan, Recorder, Ring};
use crate::model::{Pages, Qwen2};
use crate::ops::logit_blocks::Sampling;
use crate::ops::{Launch, Row, sample, step};
use crate::protocol::FinishReason;
use crate::sampler::{Record, SampleRow};

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
    sample_plans: BTreeMap<usize, Plan>,
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
            sample_plans: BTreeMap::new(),
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

    /// The model.
    pub fn model(&self) -> &Qwen2 {
        &self.model
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

    /// Gives waiting sequences a slot and the pages of the longest prefix at hand.
    fn admit(&mut self) {
        while let Some(slot) = self.slots.iter().position(Option::is_none) {
            let Some(id) = self.waiting.pop_front() else { break };
            let Some(sequence) = self.sequences.get(&id) else { continue };
            // The last token is computed again: its logits are wanted.
            let most = sequence.prefill_len() - 1;
            let tokens = &sequence.request.tokens;
            let shared =
                |other: &Sequence| common_prefix(&other.tokens, tokens).min(other.submitted()).min(most);
            let parent = self
                .sequences
                .iter()
                .filter(|(other, _)| **other != id)
                .max_by_key(|(_, other)| shared(other));
            let running = parent.map_or(0, |(_, other)| shared(other));
            let table = if running > 0 && running >= self.cache.best_len(tokens).min(most) {
                parent.map(|(_, other)| other.table.fork(running, &mut self.pages))
            } else {
                self.cache.fork(tokens, most, &mut self.pages)
            };
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

    /// One more slot for a sequence, at the cost of finished ones if need be.
    fn push(&mut self, id: SequenceId) -> Option<u32> {
        loop {
            if let Some(slot) = self.sequences.get_mut(&id)?.table.push(&mut self.pages) {
                return Some(slot);
            }
            if !self.cache.evict(&mut self.pages) {
                return None;
            }
        }
    }

    /// A row of a step for the next token of a sequence; `None` if no page is free.
    fn row(&mut self, id: SequenceId, token: u32) -> Result<Option<Row>> {
        let Some(kv_slot) = self.push(id) else { return Ok(None) };
        let Some(sequence) = self.sequences.get_mut(&id) else { return Ok(None) };
        let Some(slot) = sequence.slot else { return Ok(None) };
        if sequence.table.entry_count() != sequence.written_entries {
            // The entry before the new one may have been sent as a page still being written.
            let entries = sequence.table.entries();
            let first = sequence.written_entries.saturating_sub(1);
            self.model.write_table(slot, first, &entries[first..])?;
            sequence.written_entries = entries.len();
        }
        Ok(Some(Row {
            token,
            position: sequence.submitted() as u32 - 1,
            slot: kv_slot,
            table: self.model.table_start(slot),
            entries: sequence.table.entry_count() as u32,
            sampled: slot as u32,
            spare: [0; 2],
        }))
    }

    fn prefill(&mut self, id: SequenceId) -> Result<bool> {
        let (start, end) = {
            let sequence = &self.sequences[&id];
            (sequence.submitted(), sequence.prefill_len())
        };
        let mut rows = Vec::new();
        for at in start..end.min(start + self.model.max_rows()) {
            let token = self.sequences[&id].request.tokens[at];
            match self.row(id, token)? {
                Some(row) => rows.push(row),
                None => break,
            }
        }
        // All rows of a chunk read the table as the last of them left it.
        let entries = self.sequences[&id].table.entry_count() as u32;
        for row in &mut rows {
            row.entries = entries;
        }
        if rows.is_empty() {
            return Ok(false);
        }
        let sequence = &self.sequences[&id];
        let sample = match sequence.slot {
            Some(slot) if !sequence.is_prefilling() => {
                vec![(rows.len() as u32 - 1, sequence.sample_row(end, slot), id)]
            }
            _ => Vec::new(),
        };
        self.send(&rows, &sample);
        Ok(true)
    }

    fn decode(&mut self) -> Result<bool> {
        let count = self.slots.len();
        let mut rows = Vec::new();
        let mut samples = Vec::new();
        for offset in 0..count {
            let slot = (self.turn + offset) % count;
            let Some(id) = self.slots[slot] else { continue };
            if rows.len() == Qwen2::MAX_BATCH {
                self.turn = slot;
                break;
            }
            if !self.sequences[&id].wants_decode() {
                continue;
            }
            let Some(row) = self.row(id, step::NONE)? else { continue };
            samples.push((
                rows.len() as u32,
                self.sequences[&id].sample_row(row.position as usize + 1, slot),
                id,
            ));
            rows.push(row);
        }
        if rows.is_empty() {
            return Ok(false);
        }
        self.send(&rows, &samples);
        Ok(true)
    }

    /// Submits one step; `samples` are (row, parameters, sequence) of the rows that choose a token.
    fn send(&mut self, rows: &[Row], samples: &[(u32, SampleRow, SequenceId)]) {
        let gpu = self.model.gpu().clone();
        let batch = Launch::batch_for(samples.len().max(1));
        let mut encoder = gpu.encoder();
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.model.encode(&mut pass, rows);
            if !samples.is_empty() {
                let picked: Vec<u32> = samples.iter().map(|(row, _, _)| *row).collect();
                self.model.encode_head(&mut pass, &picked);
                let parameters: Vec<SampleRow> =
                    samples.iter().map(|(_, parameters, _)| *parameters).collect();
                gpu.write(&self.sampling.samples, 0, &parameters);
                let sampling = &self.sampling;
                let plan = self.sample_plans.entry(batch).or_insert_with(|| {
                    let mut r = Recorder::new(&gpu);
                    sample::record_step(&mut r, gpu.variant(), sampling);
                    r.finish()
                });
                plan.encode(&mut pass, samples.len());
            }
        }
        // A chunk without samples reads one stale record: the wait for it paces the prompt.
        let bytes = (samples.len().max(1) * RECORD_BYTES) as u64;
        let copy = self.ring.copy(&mut encoder, &self.sampling.records, bytes);
        let submission = gpu.queue().submit([encoder.finish()]);
        if let Some(copy) = copy {
            let records = samples.iter().map(|(_, _, id)| *id).collect();
            self.in_flight.push_back(InFlight { pending: copy.map(submission), records });
        }
    }

    async fn collect(&mut self, step: InFlight) -> Result<()> {
        let bytes = step.pending.wait(self.model.gpu()).await?;
        let records: Vec<Record> = bytemuck::pod_collect_to_vec(&bytes);
        for (id, record) in step.records.into_iter().zip(records) {
            // Discarded: the sequence ended before this step came back.
            let Some(sequence) = self.sequences.get_mut(&id) else { continue };
            if record.is_fault() {
                let what = format!("a logit at position {} is not a finite number", record.position);
                self.retire(id);
                self.outputs.push(Output::Failed { id, error: Error::BadNumbers(what) });
                continue;
            }
            assert_eq!(record.position as usize, sequence.tokens.len(), "records arrive in order");
            sequence.tokens.push(record.id);
            let (full, reason) = (sequence.tokens.len() >= sequence.limit, sequence.limit_reason);
            self.outputs.push(Output::Token { id, record });
            if record.is_end() {
                self.finish(id, FinishReason::Stop);
            } else if full {
                self.finish(id, reason);
            }
        }
        Ok(())
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
            sequence.request.tokens.clone_from(&sequence.tokens);
            std::mem::take(&mut sequence.table).release(&mut self.pages);
            if let Some(slot) = sequence.slot.take() {
                self.slots[slot] = None;
            }
            self.waiting.push_back(id);
        }
    }
}
