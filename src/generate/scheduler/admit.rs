//! Who gets a slot next, whose turn it is to read its prompt, and who gives way when pages run out.

use std::collections::BTreeMap;

use super::{Output, Scheduler};
use crate::generate::cache::common_prefix;
use crate::generate::sequence::{Sequence, SequenceId};
use crate::ops::step::PAGE;
use crate::protocol::FinishReason;

/// What came of a try to admit a sequence.
enum Tried {
    Admitted,
    /// Another is just computing what it begins with.
    Behind(SequenceId),
    /// Its prompt finds no pages while the others run.
    NoPages,
}

impl Scheduler {
    /// Gives waiting sequences a slot and the pages of the longest prefix at hand: first those of requests that have the
    /// fewest running, then those that came first. One whose beginning another is just computing waits for it, so that
    /// branches of one prompt compute it once.
    pub(super) fn admit(&mut self) {
        let mut free: Vec<usize> =
            (0..self.slots.len()).rev().filter(|&slot| self.slots[slot].is_none()).collect();
        if free.is_empty() || self.waiting.is_empty() {
            return;
        }
        let mut running = BTreeMap::new();
        for id in self.slots.iter().flatten() {
            *running.entry(self.sequences[id].request.group).or_insert(0usize) += 1;
        }
        // Those that are known to wait for another cost no more than a look at that one.
        let mut ready: Vec<SequenceId> = Vec::new();
        for id in &self.waiting {
            let behind = self.sequences.get(id).and_then(|sequence| sequence.behind);
            let leader = behind.and_then(|leader| self.sequences.get(&leader));
            if !leader.is_some_and(|leader| leader.slot.is_some() && leader.is_prefilling()) {
                ready.push(*id);
            }
        }
        while let Some(&slot) = free.last() {
            let of = |id: &SequenceId| running.get(&self.sequences[id].request.group).copied().unwrap_or(0);
            let Some(at) = (0..ready.len()).min_by_key(|&at| of(&ready[at])) else { return };
            // The last slots are for requests that have none.
            if free.len() <= self.model.options().spare && of(&ready[at]) > 0 {
                return;
            }
            let id = ready.remove(at);
            match self.try_admit(id, slot) {
                Tried::Admitted => {
                    free.pop();
                    self.waiting.retain(|waiting| *waiting != id);
                    *running.entry(self.sequences[&id].request.group).or_insert(0) += 1;
                }
                Tried::Behind(leader) => {
                    if let Some(sequence) = self.sequences.get_mut(&id) {
                        sequence.behind = Some(leader);
                    }
                }
                Tried::NoPages => return,
            }
        }
    }

    fn try_admit(&mut self, id: SequenceId, slot: usize) -> Tried {
        let sequence = &self.sequences[&id];
        // The last token is computed again: its logits are wanted. Those of a prompt that is told all are.
        let most = if sequence.echo.is_some() { 0 } else { sequence.prefill_len() - 1 };
        let tokens = &sequence.request.tokens;
        let begins = |other: &Sequence| common_prefix(&other.tokens, tokens).min(most);
        let running = || self.slots.iter().flatten().map(|id| (*id, &self.sequences[id]));
        let parent = running().max_by_key(|(_, other)| begins(other).min(other.submitted()));
        let shared = parent.map_or(0, |(_, other)| begins(other).min(other.submitted()));
        let cached = self.cache.best_len(tokens).min(most);
        let coming = running().filter(|(_, other)| other.is_prefilling());
        let coming = coming.map(|(id, other)| (begins(other).min(other.prefill_len()), id)).max();
        if let Some((coming, leader)) = coming
            && coming >= shared.max(cached) + PAGE
        {
            return Tried::Behind(leader);
        }
        let promised: usize = running().map(|(_, other)| pages_to_come(other)).sum();
        let table = match parent {
            Some((_, other)) if shared > 0 && shared >= cached => {
                Some(other.table.fork(shared, &mut self.pages))
            }
            _ => self.cache.fork(tokens, most, &mut self.pages),
        };
        let table = table.unwrap_or_default();
        let needed = promised + (sequence.prefill_len() - table.len()).div_ceil(PAGE) + 1;
        if !self.room_for(needed) {
            table.release(&mut self.pages);
            return Tried::NoPages;
        }
        self.slots[slot] = Some(id);
        if let Some(sequence) = self.sequences.get_mut(&id) {
            if sequence.cached.is_none() {
                sequence.cached = Some(table.len());
                self.outputs.push(Output::Admitted { id, cached: table.len() });
            }
            sequence.table = table;
            sequence.written_entries = 0;
            sequence.slot = Some(slot);
        }
        Tried::Admitted
    }

    /// Whether so many pages are free, or can be at the cost of finished sequences. Where nobody runs there is nobody
    /// to wait for.
    fn room_for(&mut self, pages: usize) -> bool {
        while self.pages.free() < pages {
            if !self.cache.evict(&mut self.pages) {
                return self.slots.iter().all(Option::is_none);
            }
        }
        true
    }

    /// Encodes and submits one step, if there is one to do. Prompt chunks and decode steps take turns, and so do the
    /// prompts among themselves.
    pub(super) fn submit_step(&mut self) -> crate::Result<bool> {
        let running: Vec<SequenceId> = self.slots.iter().flatten().copied().collect();
        let prefilling = || running.iter().copied().filter(|id| self.sequences[id].is_prefilling());
        let next = prefilling().filter(|id| *id > self.prefilled).min().or_else(|| prefilling().min());
        let decoding = running.iter().any(|id| self.sequences[id].wants_decode());
        match next {
            Some(id) if !(decoding && self.prefilled_last) => {
                self.prefilled_last = true;
                self.prefilled = id;
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
    pub(super) fn preempt(&mut self) {
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

/// Pages that the rest of its prompt will take.
fn pages_to_come(sequence: &Sequence) -> usize {
    sequence.prefill_len().saturating_sub(sequence.submitted()).div_ceil(PAGE)
}
