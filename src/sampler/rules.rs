//! What the GPU's sampler does not know: penalties, biases, `min_p`, any `top_k`, masks. Rows of such sequences are
//! read back, and chosen here.

use std::collections::{BTreeSet, HashMap};

use super::{Draw, MAX_TOP_K, Rule, candidates, choose};

/// Tokens that [`Rules::repeat_penalty`] looks back on, as `repeat_last_n` of llama.cpp.
pub const REPEAT_WINDOW: usize = 64;

/// How a token is chosen, in full. First the logits are changed: repetition, then frequency and presence, then bias;
/// then a [`Rule`] picks, and `min_p` thins out what it leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Temperature, top-k (any here), top-p.
    pub rule: Rule,
    /// Keep tokens at least this many times as probable as the most probable one, at the temperature; 0 keeps all.
    pub min_p: f32,
    /// Subtracted once from the logit of every token that the reply holds.
    pub presence_penalty: f32,
    /// Subtracted from a token's logit for each time that the reply holds it.
    pub frequency_penalty: f32,
    /// Divides positive and multiplies negative logits of tokens among the last [`REPEAT_WINDOW`]; 1 is off.
    pub repeat_penalty: f32,
    /// Added to logits: token, bias.
    pub logit_bias: Vec<(u32, f32)>,
}

impl Rules {
    /// A rule and nothing else.
    pub fn of(rule: Rule) -> Self {
        Self {
            rule,
            min_p: 0.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            repeat_penalty: 1.0,
            logit_bias: Vec::new(),
        }
    }

    /// Whether the kernels can do it.
    pub fn is_plain(&self) -> bool {
        self.rule.top_k <= MAX_TOP_K && *self == Self::of(self.rule)
    }

    /// Changes the logits of one row for the token after `tokens`, of which the reply begins at `reply_from`. Tokens
    /// beyond the vocabulary count for nothing.
    pub fn adjust(&self, logits: &mut [f32], tokens: &[u32], reply_from: usize) {
        if (self.repeat_penalty - 1.0).abs() > 0.0 {
            let recent: BTreeSet<u32> = tokens.iter().rev().take(REPEAT_WINDOW).copied().collect();
            for token in recent {
                if let Some(logit) = logits.get_mut(token as usize) {
                    *logit = if *logit > 0.0 {
                        *logit / self.repeat_penalty
                    } else {
                        *logit * self.repeat_penalty
                    };
                }
            }
        }
        if self.presence_penalty != 0.0 || self.frequency_penalty != 0.0 {
            let mut counts = HashMap::new();
            for &token in tokens.get(reply_from..).unwrap_or_default() {
                *counts.entry(token).or_insert(0u32) += 1;
            }
            for (token, count) in counts {
                if let Some(logit) = logits.get_mut(token as usize) {
                    *logit -= count as f32 * self.frequency_penalty + self.presence_penalty;
                }
            }
        }
        for &(token, bias) in &self.logit_bias {
            if let Some(logit) = logits.get_mut(token as usize) {
                *logit += bias;
            }
        }
    }

    /// The token that a draw chooses; `None` if every token is out (minus infinity).
    pub fn pick(&self, logits: &[f32], draw: Draw) -> Option<u32> {
        let mut list = candidates(logits, self.rule);
        let highest = list.iter().fold(0.0f64, |highest, &(_, p)| highest.max(p));
        let least = highest * f64::from(self.min_p);
        // What is out has no weight; it must not be the last of the list either.
        list.retain(|&(id, p)| p >= least && logits[id as usize] > f32::NEG_INFINITY);
        let kept: f64 = list.iter().map(|&(_, p)| p).sum();
        for (_, p) in &mut list {
            *p /= kept;
        }
        (!list.is_empty()).then(|| choose(&list, f64::from(draw.uniform())))
    }
}

/// Takes the tokens whose bits are not set out: `allowed` has 32 tokens a word, the lowest bit first.
pub fn mask(logits: &mut [f32], allowed: &[u32]) {
    for (id, logit) in logits.iter_mut().enumerate() {
        let bit = allowed.get(id / 32).is_some_and(|word| word >> (id % 32) & 1 == 1);
        if !bit {
            *logit = f32::NEG_INFINITY;
        }
    }
}

/// Says what may come next in a reply; see [`crate::sampler::mask`].
pub trait Guide: std::fmt::Debug {
    /// What may come after the tokens taken so far, 32 tokens a word; `None` if anything may.
    fn allowed(&mut self) -> Result<Option<Vec<u32>>, String>;
    /// Takes the token that was chosen.
    fn take(&mut self, token: u32) -> Result<Taken, String>;
    /// One more, at the same place.
    fn copy(&self) -> Box<dyn Guide>;
}

/// What a [`Guide`] says to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The reply goes on.
    GoesOn,
    /// The reply is complete with it.
    Complete,
    /// It cannot stand here, and was not taken: another one has to be chosen.
    Refused,
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "numbers that are exact")]
mod tests {
    use super::*;

    fn draw(position: u32) -> Draw {
        Draw { seed: 5, choice: 0, position }
    }

    const SAMPLED: Rule = Rule { temperature: 1.0, top_k: 0, top_p: 1.0 };

    #[test]
    fn penalties_and_bias_by_hand() {
        let rules = Rules {
            presence_penalty: 0.5,
            frequency_penalty: 0.25,
            repeat_penalty: 2.0,
            logit_bias: vec![(3, -100.0), (0, 1.0), (99, 5.0)],
            ..Rules::of(SAMPLED)
        };
        // The prompt is 0 1, the reply 1 2 2.
        let mut logits = [4.0f32, -1.0, 3.0, 2.0, -2.0];
        rules.adjust(&mut logits, &[0, 1, 1, 2, 2], 2);
        // 0: halved, plus 1; 1: doubled, less 0.75; 2: halved, less 0.5 + 2 * 0.25; 3: bias only; 4: nothing.
        assert_eq!(logits, [3.0, -2.75, 0.5, -98.0, -2.0]);
    }

    #[test]
    fn the_window_of_the_repeat_penalty_ends() {
        let rules = Rules { repeat_penalty: 2.0, ..Rules::of(SAMPLED) };
        let mut tokens = vec![0, 1];
        tokens.extend([2; REPEAT_WINDOW - 1]);
        let mut logits = [1.0f32; 3];
        rules.adjust(&mut logits, &tokens, 0);
        assert_eq!(logits, [1.0, 0.5, 0.5]);
    }

    #[test]
    fn min_p_is_relative_to_the_most_probable_at_the_temperature() {
        // Probabilities 0.5, 0.3, 0.15, 0.05.
        let logits = [0.5f32, 0.3, 0.15, 0.05].map(f32::ln);
        let seen = |rules: &Rules| -> BTreeSet<u32> {
            (0..2000).filter_map(|position| rules.pick(&logits, draw(position))).collect()
        };
        let at = |temperature, min_p| Rules { min_p, ..Rules::of(Rule { temperature, ..SAMPLED }) };
        assert_eq!(seen(&at(1.0, 0.0)), BTreeSet::from([0, 1, 2, 3]));
        assert_eq!(seen(&at(1.0, 0.29)), BTreeSet::from([0, 1, 2]));
        assert_eq!(seen(&at(1.0, 0.31)), BTreeSet::from([0, 1]));
        // Squared and scaled: 1, 0.36, 0.09, 0.01.
        assert_eq!(seen(&at(0.5, 0.31)), BTreeSet::from([0, 1]));
        assert_eq!(seen(&at(0.5, 0.37)), BTreeSet::from([0]));
    }

    #[test]
    fn what_is_masked_is_never_chosen() {
        let mut logits = vec![0.0f32; 70];
        logits[40] = 50.0;
        mask(&mut logits, &[1 << 3, 0, 1 << 5]);
        for rule in [SAMPLED, Rule::GREEDY, Rule { top_k: 5, ..SAMPLED }, Rule { top_p: 0.5, ..SAMPLED }] {
            let rules = Rules::of(rule);
            let seen: BTreeSet<u32> = (0..200).filter_map(|at| rules.pick(&logits, draw(at))).collect();
            assert!(!seen.is_empty() && seen.is_subset(&BTreeSet::from([3, 69])), "{rule:?}: {seen:?}");
        }
        // A mask shorter than the vocabulary leaves out what it does not speak of.
        mask(&mut logits, &[]);
        assert!([SAMPLED, Rule::GREEDY].iter().all(|&rule| Rules::of(rule).pick(&logits, draw(1)).is_none()));
    }

    #[test]
    fn only_what_the_kernels_know_is_plain() {
        let rule = Rule { temperature: 0.7, top_k: MAX_TOP_K, top_p: 0.9 };
        assert!(Rules::of(rule).is_plain());
        assert!(!Rules::of(Rule { top_k: MAX_TOP_K + 1, ..rule }).is_plain());
        assert!(!Rules { min_p: 0.1, ..Rules::of(rule) }.is_plain());
        assert!(!Rules { repeat_penalty: 1.1, ..Rules::of(rule) }.is_plain());
        assert!(!Rules { logit_bias: vec![(1, 1.0)], ..Rules::of(rule) }.is_plain());
    }
}
