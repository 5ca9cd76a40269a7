//! What sampling means: logits to a token, its log-probability and the five best, in plain Rust and f64.
//!
//! The GPU does it (`ops::logit_blocks`, `ops::sample`); this file defines the data both sides share and the rules the
//! kernels are tested against. The order is that of Hugging Face's logits processors: temperature, top-k, top-p, each
//! on what the one before has left.

use bytemuck::Zeroable;

mod row;
mod rules;

pub use row::{Draw, FLAG_END, FLAG_FAULT, MAX_END_TOKENS, NO_TOKEN, Record, SampleRow, TOP};
pub use rules::{Guide, REPEAT_WINDOW, Rules, Taken, mask};

/// The largest `top_k` of the kernels; 0 turns it off.
pub const MAX_TOP_K: u32 = 64;

/// Temperatures below this count as 0, the most probable token: their reciprocal would leave the range of f32.
pub const MIN_TEMPERATURE: f32 = 1e-4;

/// How a token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Divides the logits; 0 takes the most probable token.
    pub temperature: f32,
    /// Candidates kept, in the kernels 1 to [`MAX_TOP_K`]; 0 keeps all.
    pub top_k: u32,
    /// Probability kept, in (0, 1]; 1 keeps all.
    pub top_p: f32,
}

impl Rule {
    /// The most probable token.
    pub const GREEDY: Self = Self { temperature: 0.0, top_k: 0, top_p: 1.0 };

    /// Whether it takes the most probable token without a draw.
    pub fn is_greedy(&self) -> bool {
        self.temperature < MIN_TEMPERATURE
    }
}

/// Orders logits as unsigned integers: larger logit, larger key. The two zeros are alike.
pub fn key(logit: f32) -> u32 {
    let bits = if logit == 0.0 { 0 } else { logit.to_bits() };
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// Natural logarithm of the sum of exp(logits / temperature).
pub fn log_sum_exp(logits: &[f32], temperature: f64) -> f64 {
    let max = logits.iter().fold(f64::NEG_INFINITY, |max, &z| max.max(f64::from(z)));
    let sum: f64 = logits.iter().map(|&z| ((f64::from(z) - max) / temperature).exp()).sum();
    max / temperature + sum.ln()
}

/// Ids of the `count` largest logits, best first; of two alike the lower id comes first.
pub fn best(logits: &[f32], count: usize) -> Vec<u32> {
    let place = |(id, &logit): (usize, &f32)| u64::from(!key(logit)) << 32 | id as u64;
    let mut order: Vec<u64> = logits.iter().enumerate().map(place).collect();
    if 0 < count && count < order.len() {
        order.select_nth_unstable(count - 1);
        order.truncate(count);
    }
    order.sort_unstable();
    order.truncate(count);
    order.into_iter().map(|place| place as u32).collect()
}

/// The tokens that may be chosen, with probabilities that sum to 1, in the order in which a draw walks them: best
/// first under top-k, else by id.
///
/// Top-p keeps the smallest set of the most probable tokens that holds `top_p` of what top-k left, always at least
/// one, and every token exactly as probable as the last of them (Hugging Face cuts between equals by sort order).
pub fn candidates(logits: &[f32], rule: Rule) -> Vec<(u32, f64)> {
    if rule.is_greedy() {
        return vec![(best(logits, 1)[0], 1.0)];
    }
    let temperature = f64::from(rule.temperature);
    let max = logits.iter().fold(f64::NEG_INFINITY, |max, &z| max.max(f64::from(z)));
    let weight = |id: u32| ((f64::from(logits[id as usize]) - max) / temperature).exp();
    let all = 0..logits.len() as u32;
    let (mut list, sum) = if rule.top_k > 0 {
        let ids = best(logits, rule.top_k as usize);
        let total = ids.iter().map(|&id| weight(id)).sum();
        smallest(logits, &ids, rule.top_p, total, weight).0
    } else if rule.top_p < 1.0 {
        // Few tokens hold most of the probability: the whole vocabulary is seldom to be sorted.
        let total = all.map(weight).sum();
        let mut count = SORTED_FIRST;
        loop {
            let ids = best(logits, count.min(logits.len()));
            let (found, cut) = smallest(logits, &ids, rule.top_p, total, weight);
            if cut || ids.len() == logits.len() {
                break found;
            }
            count *= 8;
        }
    } else {
        let list: Vec<(u32, f64)> = all.map(|id| (id, weight(id))).collect();
        let sum = list.iter().map(|(_, weight)| weight).sum();
        (list, sum)
    };
    if rule.top_k == 0 {
        list.sort_by_key(|&(id, _)| id);
    }
    list.iter().map(|&(id, weight)| (id, weight / sum)).collect()
}

/// Tokens sorted at first when top-p stands alone.
const SORTED_FIRST: usize = 256;

/// Top-p: the tokens kept of `ids`, best first, with their weights; the sum of these; and whether any were left out.
fn smallest(
    logits: &[f32],
    ids: &[u32],
    top_p: f32,
    total: f64,
    weight: impl Fn(u32) -> f64,
) -> ((Vec<(u32, f64)>, f64), bool) {
    let mut sum = 0.0;
    let mut list = Vec::new();
    for (i, &id) in ids.iter().enumerate() {
        let equal = i > 0 && key(logits[id as usize]) == key(logits[ids[i - 1] as usize]);
        if i > 0 && top_p < 1.0 && sum >= f64::from(top_p) * total && !equal {
            return ((list, sum), true);
        }
        sum += weight(id);
        list.push((id, weight(id)));
    }
    ((list, sum), false)
}

/// The token that `uniform` in [0, 1) chooses: the first whose cumulative probability exceeds it.
pub fn choose(candidates: &[(u32, f64)], uniform: f64) -> u32 {
    let mut sum = 0.0;
    for &(id, probability) in candidates {
        sum += probability;
        if sum > uniform {
            return id;
        }
    }
    // The probabilities may sum to a hair under 1.
    candidates.last().expect("top-k and top-p keep at least one token").0
}

/// All of it for one row: what the kernels compute, up to the rounding of f32.
pub fn reference(logits: &[f32], row: &SampleRow) -> Record {
    let (position, slot) = (row.position, row.slot);
    let mut record = Record { position, slot, ..Record::zeroed() };
    if logits.iter().any(|z| !z.is_finite()) {
        record.flags = FLAG_FAULT;
        return record;
    }
    record.id = choose(&candidates(logits, row.rule()), f64::from(row.draw().uniform()));
    record.logit = logits[record.id as usize];
    record.log_sum_exp = log_sum_exp(logits, 1.0) as f32;
    record.top_ids = [NO_TOKEN; TOP];
    record.top_logits = [f32::NEG_INFINITY; TOP];
    for (i, id) in best(logits, TOP).into_iter().enumerate() {
        record.top_ids[i] = id;
        record.top_logits[i] = logits[id as usize];
    }
    record.flags = if row.end.contains(&record.id) { FLAG_END } else { 0 };
    record
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn draw(position: u32) -> Draw {
        Draw { seed: 0x0123_4567_89ab_cdef, choice: 3, position }
    }

    fn rules() -> impl Strategy<Value = Rule> {
        let temperature = prop_oneof![Just(0.0f32), 0.05f32..4.0];
        let top_p = prop_oneof![Just(1.0f32), 0.01f32..1.0];
        (temperature, 0..=MAX_TOP_K, top_p).prop_map(|(temperature, top_k, top_p)| Rule {
            temperature,
            top_k,
            top_p,
        })
    }

    #[test]
    fn keys_order_as_the_logits_do() {
        let sorted = [f32::MIN, -2.5, -1e-30, 0.0, 1e-40, 1e-3, 7.0, f32::MAX];
        assert!(sorted.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert_eq!(key(-0.0), key(0.0));
    }

    #[test]
    fn top_k_then_top_p_by_hand() {
        // Probabilities 0.4, 0.3, 0.2, 0.1, shuffled.
        let logits = [0.2f32, 0.4, 0.1, 0.3].map(f32::ln);
        let ids = |top_k, top_p| -> Vec<u32> {
            let rule = Rule { temperature: 1.0, top_k, top_p };
            candidates(&logits, rule).iter().map(|&(id, _)| id).collect()
        };
        assert_eq!(ids(0, 1.0), [0, 1, 2, 3]);
        assert_eq!(ids(3, 1.0), [1, 3, 0]);
        assert_eq!(ids(0, 0.69), [1, 3]);
        assert_eq!(ids(0, 0.71), [0, 1, 3]);
        // Renormalised over the two that top-k keeps, the first alone holds 4/7 = 0.571.
        assert_eq!(ids(2, 0.57), [1]);
        assert_eq!(ids(2, 0.58), [1, 3]);
        assert_eq!(ids(0, 1e-6), [1]);
    }

    #[test]
    fn equals_stand_or_fall_together_under_top_p() {
        let logits = [1.0f32, 2.0, 1.0, 1.0];
        let rule = Rule { temperature: 1.0, top_k: 0, top_p: 0.6 };
        assert_eq!(candidates(&logits, rule).len(), 4);
        assert_eq!(best(&logits, 3), [1, 0, 2]);
    }

    #[test]
    fn frequencies_follow_the_distribution() {
        let logits = [0.5f32, -1.0, 2.0, 0.0, 1.5, -3.0, 1.0];
        for rule in [
            Rule { temperature: 1.0, top_k: 0, top_p: 1.0 },
            Rule { temperature: 2.5, top_k: 0, top_p: 0.9 },
            Rule { temperature: 0.7, top_k: 4, top_p: 0.95 },
        ] {
            let list = candidates(&logits, rule);
            let draws = 20_000;
            let mut counts = [0u32; 7];
            for position in 0..draws {
                counts[choose(&list, f64::from(draw(position).uniform())) as usize] += 1;
            }
            for (id, &count) in counts.iter().enumerate() {
                let p = list.iter().find(|&&(kept, _)| kept as usize == id).map_or(0.0, |&(_, p)| p);
                // Five standard deviations of a binomial count.
                let spread = 5.0 * (f64::from(draws) * p * (1.0 - p)).sqrt();
                let off = (f64::from(count) - f64::from(draws) * p).abs();
                assert!(off <= spread, "{rule:?}: token {id} came {count} times, probability {p}");
            }
        }
    }

    proptest! {
        #[test]
        fn candidates_are_a_distribution_over_the_most_probable(
            logits in prop::collection::vec(-30.0f32..30.0, 1..200),
            rule in rules(),
            uniform in 0.0..1.0f64,
        ) {
            let list = candidates(&logits, rule);
            let sum: f64 = list.iter().map(|&(_, p)| p).sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
            prop_assert!(list.iter().any(|&(id, _)| id == choose(&list, uniform)));
            // Nothing outside is more probable than anything inside.
            let kept = best(&logits, list.len());
            prop_assert!(list.iter().all(|(id, _)| kept.contains(id)));
            if rule.top_k > 0 {
                prop_assert!(list.len() <= rule.top_k as usize);
            }
        }

        #[test]
        fn top_p_keeps_the_smallest_sufficient_prefix(
            logits in prop::collection::hash_set(-3000i32..3000, 2..100),
            temperature in 0.1f32..4.0,
            top_p in 0.01f32..0.999,
        ) {
            // Distinct logits, so that no two are equal.
            let logits: Vec<f32> = logits.into_iter().map(|z| z as f32 / 100.0).collect();
            let rule = Rule { temperature, top_k: 0, top_p: 1.0 };
            let mut all = candidates(&logits, rule);
            all.sort_by(|a, b| b.1.total_cmp(&a.1));
            let kept = candidates(&logits, Rule { top_p, ..rule }).len();
            let mass = |n: usize| all[..n].iter().map(|&(_, p)| p).sum::<f64>();
            prop_assert!(mass(kept) >= f64::from(top_p) - 1e-12);
            prop_assert!(kept == 1 || mass(kept - 1) < f64::from(top_p) + 1e-12);
        }
    }
}
