//! Choosing a token on the CPU, for sequences whose rules the kernels do not know.

use crate::error::{Error, Result};
use crate::sampler::{Draw, FLAG_END, Guide, Record, Rules, TOP, Taken, best, mask};

/// How a sequence chooses on the CPU.
#[derive(Debug)]
pub struct Chooser {
    /// Changes the logits and picks.
    pub rules: Rules,
    /// Alternatives to be told with each token.
    pub alternatives: usize,
    /// Tokens before the reply: penalties count those after it.
    pub reply_from: usize,
    /// What may come next, where that is bound.
    pub guide: Option<Box<dyn Guide>>,
}

impl Clone for Chooser {
    fn clone(&self) -> Self {
        Self {
            rules: self.rules.clone(),
            alternatives: self.alternatives,
            reply_from: self.reply_from,
            guide: self.guide.as_ref().map(|guide| guide.copy()),
        }
    }
}

/// A token chosen on the CPU.
pub(super) struct Choice {
    pub(super) record: Record,
    /// The most probable tokens with their log-probabilities, where the record's own are too few.
    pub(super) top: Vec<(u32, f32)>,
    /// Whether the reply is complete with it.
    pub(super) complete: bool,
}

impl Chooser {
    /// Chooses the token after `tokens`. `record` holds what the kernels say of the same logits.
    pub(super) fn choose(
        &mut self,
        record: Record,
        logits: &[f32],
        tokens: &[u32],
        draw: Draw,
        end_tokens: &[u32],
    ) -> Result<Choice> {
        let mut adjusted = logits.to_vec();
        self.rules.adjust(&mut adjusted, tokens, self.reply_from);
        let fault = |what: String| Error::BadRequest(format!("the format cannot be followed: {what}"));
        if let Some(guide) = &mut self.guide
            && let Some(allowed) = guide.allowed().map_err(fault)?
        {
            mask(&mut adjusted, &allowed);
        }
        let (id, complete) = loop {
            let picked = self.rules.pick(&adjusted, draw);
            let id = picked.ok_or_else(|| fault("no token may come next".into()))?;
            let taken = match &mut self.guide {
                Some(guide) => guide.take(id).map_err(fault)?,
                None => Taken::GoesOn,
            };
            if taken != Taken::Refused {
                break (id, taken == Taken::Complete);
            }
            adjusted[id as usize] = f32::NEG_INFINITY;
        };
        let mut record = Record { id, logit: logits[id as usize], ..record };
        record.flags = if end_tokens.contains(&id) { FLAG_END } else { 0 };
        Ok(Choice { record, top: top(logits, &record, self.alternatives), complete })
    }
}

/// The `count` most probable tokens with their log-probabilities, best first; none where those in the record do.
pub(super) fn top(logits: &[f32], record: &Record, count: usize) -> Vec<(u32, f32)> {
    if count <= TOP {
        return Vec::new();
    }
    let ids = best(logits, count);
    ids.into_iter().map(|id| (id, logits[id as usize] - record.log_sum_exp)).collect()
}
