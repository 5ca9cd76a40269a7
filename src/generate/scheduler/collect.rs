//! What to do with the records of a step, and with its logits, when they come back.

use super::{InFlight, Output, Scheduler};
use crate::error::{Error, Result};
use crate::generate::chooser;
use crate::generate::sequence::SequenceId;
use crate::protocol::FinishReason;
use crate::sampler::{Record, best};

impl Scheduler {
    /// Waits for a step and hands its records to their sequences.
    pub(super) async fn collect(&mut self, step: InFlight) -> Result<()> {
        let bytes = step.pending.wait(self.model.gpu()).await?;
        let records: Vec<Record> = bytemuck::pod_collect_to_vec(&bytes);
        let logits: Vec<f32> = match step.logits {
            Some(logits) => bytemuck::pod_collect_to_vec(&logits.wait(self.model.gpu()).await?),
            None => Vec::new(),
        };
        let (vocab, stride) = (self.model.config().vocab_size, self.model.logits().dims()[1]);
        let mut rows = logits.chunks_exact(stride).map(|row| &row[..vocab]);
        for (picked, record) in step.records.into_iter().zip(records) {
            let (id, row) = (picked.id, rows.next());
            // Discarded: the sequence ended before this step came back.
            if !self.sequences.contains_key(&id) {
                continue;
            }
            if record.is_fault() {
                let what = format!("a logit at position {} is not a finite number", record.position);
                self.fail(id, Error::BadNumbers(what));
                continue;
            }
            match row {
                Some(row) if picked.told => self.tell_prompt(id, &record, row),
                _ => self.choose(id, record, row),
            }
        }
        Ok(())
    }

    fn fail(&mut self, id: SequenceId, error: Error) {
        self.retire(id);
        self.outputs.push(Output::Failed { id, error });
    }

    /// Takes what the logits of a row say of the next token of a prompt.
    fn tell_prompt(&mut self, id: SequenceId, record: &Record, logits: &[f32]) {
        let Some(sequence) = self.sequences.get_mut(&id) else { return };
        let Some(echo) = sequence.echo else { return };
        let position = record.position as usize;
        let token = sequence.tokens[position];
        let top = best(logits, echo.alternatives);
        let logprob = |token: u32| logits[token as usize] - record.log_sum_exp;
        self.outputs.push(Output::Prompt {
            id,
            position,
            logprob: logprob(token),
            top: top.into_iter().map(|token| (token, logprob(token))).collect(),
        });
        if position + 1 == echo.len {
            sequence.echo = None;
        }
    }

    /// Takes the token that was chosen; of a sequence that chooses here, chooses it.
    fn choose(&mut self, id: SequenceId, record: Record, logits: Option<&[f32]>) {
        let Some(sequence) = self.sequences.get_mut(&id) else { return };
        let at = record.position as usize;
        assert_eq!(at, sequence.tokens.len(), "records arrive in order");
        let reason = sequence.limit_reason;
        if at >= sequence.limit {
            // Nothing but the prompt was asked for.
            return self.finish(id, reason);
        }
        let draw = sequence.draw(at);
        let (record, top, complete) = match (&mut sequence.request.chooser, logits) {
            (Some(chooser), Some(logits)) => {
                let end_tokens = &sequence.request.end_tokens;
                match chooser.choose(record, logits, &sequence.tokens, draw, end_tokens) {
                    Ok(chooser::Choice { record, top, complete }) => (record, top, complete),
                    Err(error) => return self.fail(id, error),
                }
            }
            (None, _) => (record, Vec::new(), false),
            (Some(_), None) => unreachable!("the logits of a row that is chosen here are read"),
        };
        sequence.tokens.push(record.id);
        let full = sequence.tokens.len() >= sequence.limit;
        self.outputs.push(Output::Token { id, record, top });
        if record.is_end() || complete {
            self.finish(id, FinishReason::Stop);
        } else if full {
            self.finish(id, reason);
        }
    }
}
