//! Encoding one step.

use std::rc::Rc;

use super::{InFlight, Picked, RECORD_BYTES, RUN_AHEAD_CHOOSING, Scheduler};
use crate::error::Result;
use crate::generate::SequenceId;
use crate::gpu::{self, Recorder, Ring};
use crate::model::Qwen2;
use crate::ops::{Row, sample};
use crate::sampler::{Rule, SampleRow};

/// A row of a step that chooses a token, or whose logits are told.
struct Wanted {
    row: u32,
    parameters: SampleRow,
    picked: Picked,
    /// Whether its logits are read back.
    logits: bool,
}

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

    /// The next chunk of a prompt; false if no page is free, or no room for logits that are wanted.
    pub(super) fn prefill(&mut self, id: SequenceId) -> Result<bool> {
        let sequence = &self.sequences[&id];
        let (start, end) = (sequence.submitted(), sequence.prefill_len());
        // The logits of all rows are wanted where the prompt is told.
        let told = sequence.echo.map_or(0, |echo| echo.len - 1);
        let most = if start < told { Qwen2::MAX_BATCH } else { self.model.max_rows() };
        let last = end.min(start + most);
        if (start < told || (last == end && sequence.is_choosing())) && !self.can_read_logits() {
            return Ok(false);
        }
        let mut rows = Vec::new();
        for at in start..last {
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
        let Some(slot) = sequence.slot else { return Ok(false) };
        let mut wanted = Vec::new();
        for row in 0..rows.len() {
            let position = start + row + 1;
            let logits = position <= told;
            if logits && position < end {
                // It leaves its token where nobody looks for it.
                let nowhere = self.slots.len();
                let parameters = SampleRow::new(Rule::GREEDY, sequence.draw(position), nowhere as u32, &[]);
                wanted.push(Wanted {
                    row: row as u32,
                    parameters,
                    picked: Picked { id, told: true },
                    logits,
                });
            } else if position == end {
                let logits = sequence.is_choosing();
                let parameters = sequence.sample_row(position, slot);
                wanted.push(Wanted {
                    row: row as u32,
                    parameters,
                    picked: Picked { id, told: false },
                    logits,
                });
            }
        }
        self.send(&rows, &wanted);
        Ok(true)
    }

    /// The next token of up to 16 sequences; false if none wants one or gets a page.
    pub(super) fn decode(&mut self) -> Result<bool> {
        let count = self.slots.len();
        let can_read = self.can_read_logits();
        let mut found = Vec::new();
        for offset in 0..count {
            let slot = (self.turn + offset) % count;
            let Some(id) = self.slots[slot] else { continue };
            if found.len() == Qwen2::MAX_BATCH {
                self.turn = slot;
                break;
            }
            let sequence = &self.sequences[&id];
            let logits = sequence.is_choosing();
            if !sequence.wants_decode() || (logits && !can_read) {
                continue;
            }
            let token = sequence.next_token();
            let Some(row) = self.row(id, token)? else { continue };
            let parameters = self.sequences[&id].sample_row(row.position as usize + 1, slot);
            let picked = Picked { id, told: false };
            found.push((row, Wanted { row: 0, parameters, picked, logits }));
        }
        if found.is_empty() {
            return Ok(false);
        }
        // Logits are read from the first row on.
        found.sort_by_key(|(_, wanted)| !wanted.logits);
        let (rows, mut wanted): (Vec<Row>, Vec<Wanted>) = found.into_iter().unzip();
        for (wanted, row) in wanted.iter_mut().zip(0..) {
            wanted.row = row;
        }
        self.send(&rows, &wanted);
        Ok(true)
    }

    /// Whether a step may have its logits read now.
    fn can_read_logits(&self) -> bool {
        self.logits_ring.as_ref().is_none_or(Ring::has_room)
    }

    /// Submits one step and asks for what is wanted of it; rows whose logits are wanted come first.
    fn send(&mut self, rows: &[Row], wanted: &[Wanted]) {
        let gpu = self.model.gpu().clone();
        let mut encoder = gpu.encoder();
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.model.encode(&mut pass, rows);
            if !wanted.is_empty() {
                let picked: Vec<u32> = wanted.iter().map(|wanted| wanted.row).collect();
                self.model.encode_head(&mut pass, &picked);
                let parameters: Vec<SampleRow> = wanted.iter().map(|wanted| wanted.parameters).collect();
                gpu.write(&self.sampling.samples, 0, &parameters);
                let sampling = &self.sampling;
                let plan = self.sample_plan.get_or_insert_with(|| {
                    let mut r = Recorder::new(&gpu);
                    sample::record_step(&mut r, gpu.variant(), sampling);
                    Rc::new(r.finish())
                });
                plan.encode(&mut pass, wanted.len());
            }
        }
        // A chunk without samples reads one stale record: the wait for it paces the prompt.
        let bytes = (wanted.len().max(1) * RECORD_BYTES) as u64;
        let records = self.ring.copy(&mut encoder, &self.sampling.records, bytes);
        let read = wanted.iter().take_while(|wanted| wanted.logits).count();
        let logits = if read > 0 { self.copy_logits(&mut encoder, read) } else { None };
        let submission = gpu.queue().submit([encoder.finish()]);
        if let Some(records) = records {
            self.in_flight.push_back(InFlight {
                pending: records.map(submission.clone()),
                records: wanted.iter().map(|wanted| wanted.picked).collect(),
                logits: logits.map(|logits| logits.map(submission)),
            });
        }
    }

    fn copy_logits(&mut self, encoder: &mut wgpu::CommandEncoder, rows: usize) -> Option<gpu::Copy> {
        let logits = self.model.logits();
        let row_bytes = (logits.dims()[1] * size_of::<f32>()) as u64;
        let most = row_bytes * Qwen2::MAX_BATCH as u64;
        let ring =
            self.logits_ring.get_or_insert_with(|| Ring::new(self.model.gpu(), RUN_AHEAD_CHOOSING, most));
        ring.copy(encoder, logits, rows as u64 * row_bytes)
    }
}
