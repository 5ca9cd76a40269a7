//! Encoding one step, and what to do with its records when they come back.

use std::rc::Rc;

use super::{InFlight, Output, RECORD_BYTES, Scheduler};
use crate::error::{Error, Result};
use crate::generate::SequenceId;
use crate::gpu::Recorder;
use crate::model::Qwen2;
use crate::ops::{Row, sample, step};
use crate::protocol::FinishReason;
use crate::sampler::{Record, SampleRow};

impl Scheduler {
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

    /// The next chunk of a prompt; false if no page is free.
    pub(super) fn prefill(&mut self, id: SequenceId) -> Result<bool> {
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

    /// The next token of up to 16 sequences; false if none wants one or gets a page.
    pub(super) fn decode(&mut self) -> Result<bool> {
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
                let plan = self.sample_plan.get_or_insert_with(|| {
                    let mut r = Recorder::new(&gpu);
                    sample::record_step(&mut r, gpu.variant(), sampling);
                    Rc::new(r.finish())
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

    /// Waits for a step and hands its records to their sequences.
    pub(super) async fn collect(&mut self, step: InFlight) -> Result<()> {
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
}
