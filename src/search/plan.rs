//! When the next rollout is launched, where, and what it may spend: by what is in the tree, never by the clock.

use super::machine::Search;
use super::select::{Climate, Launch, select};
use super::tree::ROOT;
use crate::protocol::{Repeats, StopCause};

impl Search {
    /// What the selection formula knows now.
    pub fn climate(&self) -> Climate {
        let used = f64::from(self.used) / f64::from(self.options.max_tokens);
        Climate { range: self.range, used: used.min(1.0) }
    }

    /// Where the next rollout sets out, and what it may spend.
    pub(super) fn plan(&self) -> Result<(Launch, u32), StopCause> {
        let (available, least) = (self.available(), 2 * self.options.answer_reserve);
        if available < least {
            return Err(StopCause::Tokens);
        }
        let start = select(&self.tree, &self.options, self.path_limit, self.climate());
        let start = start.or_else(|| self.anew()).ok_or(StopCause::Exhausted)?;
        let from = self.tree.node(start.node);
        let room = self.path_limit - from.length;
        // Who reconsiders begins anew, and needs as much again.
        let done = if start.reflect || from.reflects { 0 } else { from.length };
        // A rollout that will be cut short is worth less than one that waits for tokens to come back.
        let need = self.usual_length().saturating_sub(done).clamp(least, room);
        if available < need {
            return Err(StopCause::Tokens);
        }
        // What is left is shared by the lanes that are not at work.
        let busy = (self.rollouts.len() as u32).min(self.options.lanes - 1);
        Ok((start, (available / (self.options.lanes - busy)).clamp(need, room)))
    }

    /// A whole reply more, where nothing in the tree can grow. If it was there already, that is a vote.
    fn anew(&self) -> Option<Launch> {
        let counts = self.options.repeats == Repeats::Count && !self.tree.node(ROOT).pruned;
        counts.then_some(Launch { node: ROOT, reflect: false })
    }

    /// What most paths need: a quarter more than the mean of those that ended by themselves, and the reserve. 0 while
    /// there is none.
    fn usual_length(&self) -> u32 {
        let mean = self.ended.1.checked_div(self.ended.0);
        mean.map_or(0, |mean| mean + mean / 4 + self.options.answer_reserve)
    }

    /// Tokens that nobody has used and no rollout under way may use.
    pub(super) fn available(&self) -> u32 {
        let reserved: u32 = self.rollouts.iter().map(|rollout| rollout.limit).sum();
        self.options.max_tokens.saturating_sub(self.used + self.dropped + reserved)
    }
}

/// How many rollouts may be under way, or waiting for an earlier one, when number `number` (from 1) is launched: the
/// tree then holds exactly those before. One with one lane, which is then sequential; else between one and two a lane,
/// but at most half of what was launched, or short searches would never see a result.
pub fn window(number: u32, lanes: u32) -> u32 {
    let window = if lanes == 1 { 1 } else { (number / 2).clamp(lanes, 2 * lanes) };
    window.min(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_grows_with_the_search() {
        let windows = |lanes| [1, 2, 4, 5, 8, 12, 16, 100].map(|number| window(number, lanes));
        // One lane sees everything that came before; number 5 of four lanes sees the first, number 8 the first four.
        assert_eq!(windows(1), [1; 8]);
        assert_eq!(windows(4), [1, 2, 4, 4, 4, 6, 8, 8]);
        assert_eq!(windows(2), [1, 2, 2, 2, 4, 4, 4, 4]);
        // What a rollout sees never shrinks.
        for lanes in 1..=16 {
            let seen: Vec<u32> = (1..200).map(|number| number - window(number, lanes)).collect();
            assert!(seen.is_sorted(), "{lanes} lanes: {seen:?}");
        }
    }
}
