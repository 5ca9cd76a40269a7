//! What goes to the GPU and comes back for each token: the draw, the row of parameters, the record.

use bytemuck::{Pod, Zeroable};

use super::{MAX_TOP_K, Rule};

/// Alternatives in a [`Record`].
pub const TOP: usize = 5;

/// End tokens a row can have.
pub const MAX_END_TOKENS: usize = 4;

/// No token: an unused end token, or an alternative beyond a vocabulary of fewer than five.
pub const NO_TOKEN: u32 = u32::MAX;

/// [`Record::flags`]: the token is one of the row's end tokens.
pub const FLAG_END: u32 = 1;

/// [`Record::flags`]: a logit was not finite; the record's other values mean nothing.
pub const FLAG_FAULT: u32 = 2;

/// What a random number is made of. Neither lane nor batch slot is in it, so a sequence draws the same numbers
/// whoever shares its batch, and again after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The user's seed.
    pub seed: u64,
    /// Which of several replies, or which rollout of a search.
    pub choice: u32,
    /// Absolute position of the token that is chosen, counted from the start of the sequence.
    pub position: u32,
}

impl Draw {
    /// 24 random bits: the first word of pcg4d (Jarzynski and Olano, 'Hash Functions for GPU Rendering', JCGT 2020).
    /// `shaders/common/sampling.wgsl` holds the same, bit for bit.
    pub fn bits(self) -> u32 {
        let mut v = [self.seed as u32, (self.seed >> 32) as u32, self.choice, self.position];
        v = v.map(|word| word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        mix(&mut v);
        v = v.map(|word| word ^ (word >> 16));
        mix(&mut v);
        v[0] >> 8
    }

    /// A number in [0, 1): a multiple of 2^-24, so exact in f32.
    pub fn uniform(self) -> f32 {
        self.bits() as f32 / 16_777_216.0
    }
}

fn mix(v: &mut [u32; 4]) {
    v[0] = v[0].wrapping_add(v[1].wrapping_mul(v[3]));
    v[1] = v[1].wrapping_add(v[2].wrapping_mul(v[0]));
    v[2] = v[2].wrapping_add(v[0].wrapping_mul(v[1]));
    v[3] = v[3].wrapping_add(v[1].wrapping_mul(v[2]));
}

/// What the GPU needs to choose one row's token; one element of a buffer, written by the CPU for every step.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct SampleRow {
    /// [`Rule::temperature`], 0 for greedy.
    pub temperature: f32,
    /// [`Rule::top_p`].
    pub top_p: f32,
    /// [`Rule::top_k`].
    pub top_k: u32,
    /// [`Draw::seed`], low word first.
    pub seed: [u32; 2],
    /// [`Draw::choice`].
    pub choice: u32,
    /// [`Draw::position`].
    pub position: u32,
    /// Where in the buffer of sampled ids the token goes, for the next step's embedding to read.
    pub slot: u32,
    /// Tokens that set [`FLAG_END`]; [`NO_TOKEN`] where there are fewer.
    pub end: [u32; MAX_END_TOKENS],
}

impl SampleRow {
    /// A row from its parts.
    pub fn new(rule: Rule, draw: Draw, slot: u32, end_tokens: &[u32]) -> Self {
        assert!(rule.top_k <= MAX_TOP_K, "sampler: top_k is {}, at most {MAX_TOP_K}", rule.top_k);
        assert!(end_tokens.len() <= MAX_END_TOKENS, "sampler: {} end tokens", end_tokens.len());
        let mut end = [NO_TOKEN; MAX_END_TOKENS];
        end[..end_tokens.len()].copy_from_slice(end_tokens);
        Self {
            temperature: if rule.is_greedy() { 0.0 } else { rule.temperature },
            top_p: rule.top_p,
            top_k: rule.top_k,
            seed: [draw.seed as u32, (draw.seed >> 32) as u32],
            choice: draw.choice,
            position: draw.position,
            slot,
            end,
        }
    }

    /// The rule it was made of.
    pub fn rule(&self) -> Rule {
        Rule { temperature: self.temperature, top_k: self.top_k, top_p: self.top_p }
    }

    /// The draw it was made of.
    pub fn draw(&self) -> Draw {
        let seed = u64::from(self.seed[0]) | u64::from(self.seed[1]) << 32;
        Draw { seed, choice: self.choice, position: self.position }
    }
}

/// What comes back for one row: 64 bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub struct Record {
    /// The token.
    pub id: u32,
    /// Its logit, before temperature.
    pub logit: f32,
    /// Natural logarithm of the sum of exp(logit) over the vocabulary, at temperature 1.
    pub log_sum_exp: f32,
    /// The most probable tokens, best first, of two alike the lower id; [`NO_TOKEN`] beyond the vocabulary.
    pub top_ids: [u32; TOP],
    /// Their logits, minus infinity beyond the vocabulary.
    pub top_logits: [f32; TOP],
    /// [`FLAG_END`], [`FLAG_FAULT`].
    pub flags: u32,
    /// The row's [`SampleRow::position`]: what this record is the answer to.
    pub position: u32,
    /// The row's [`SampleRow::slot`].
    pub slot: u32,
}

impl Record {
    /// Whether the token is one of the row's end tokens.
    pub fn is_end(&self) -> bool {
        self.flags & FLAG_END != 0
    }

    /// Whether a logit was NaN or infinite: the model or the device is broken, the token is no answer.
    pub fn is_fault(&self) -> bool {
        self.flags & FLAG_FAULT != 0
    }

    /// Why these numbers cannot be those of a language model, if they cannot: all alternatives alike (zeros were
    /// read where weights should be), or logits beyond anything that training leaves.
    pub fn implausible(&self) -> Option<String> {
        let known = self.top().count();
        let alike =
            self.top_logits[..known].iter().all(|logit| logit.to_bits() == self.top_logits[0].to_bits());
        if known > 1 && alike {
            return Some(format!("the {known} most probable tokens all have the logit {}", self.logit));
        }
        (self.logit.abs() > LARGEST_LOGIT)
            .then(|| format!("the most probable token has the logit {}", self.logit))
    }

    /// Natural logarithm of the token's probability at temperature 1.
    pub fn logprob(&self) -> f32 {
        self.logit - self.log_sum_exp
    }

    /// The alternatives with their log-probabilities at temperature 1, best first.
    pub fn top(&self) -> impl Iterator<Item = (u32, f32)> + '_ {
        let known = self.top_ids.iter().zip(&self.top_logits).take_while(|(id, _)| **id != NO_TOKEN);
        known.map(|(&id, &logit)| (id, logit - self.log_sum_exp))
    }
}

/// Logits of real models stay below a hundred; random ones of odd shapes reach thousands.
const LARGEST_LOGIT: f32 = 1e6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_and_giants_are_not_plausible() {
        let record = |logits: [f32; TOP]| Record {
            id: 1,
            logit: logits[0],
            log_sum_exp: logits[0] + 1.0,
            top_ids: [1, 2, 3, 4, 5],
            top_logits: logits,
            flags: 0,
            position: 0,
            slot: 0,
        };
        assert_eq!(record([9.0, 8.0, 8.0, 1.0, -3.0]).implausible(), None);
        assert!(record([0.0; TOP]).implausible().is_some());
        assert!(record([1e7, 8.0, 8.0, 1.0, -3.0]).implausible().is_some());
    }

    fn draw(position: u32) -> Draw {
        Draw { seed: 0x0123_4567_89ab_cdef, choice: 3, position }
    }

    #[test]
    fn a_draw_depends_on_every_part_and_nothing_else() {
        let first = draw(7).bits();
        assert_eq!(first, draw(7).bits());
        assert!(first < 1 << 24);
        let others = [
            Draw { seed: 0x0123_4567_89ab_cdee, ..draw(7) },
            Draw { seed: 0x1123_4567_89ab_cdef, ..draw(7) },
            Draw { choice: 4, ..draw(7) },
            draw(8),
        ];
        assert!(others.iter().all(|other| other.bits() != first));
    }

    #[test]
    fn draws_are_uniform_along_positions_choices_and_seeds() {
        // Chi-square over 256 cells with 255 degrees of freedom: mean 255, standard deviation 22.6. The draws
        // are fixed, so this cannot flake; a hash that favours cells lands in the thousands.
        let lines: [fn(u32) -> Draw; 4] = [
            |i| Draw { seed: 1, choice: 0, position: i },
            |i| Draw { seed: 1, choice: i, position: 40 },
            |i| Draw { seed: u64::from(i), choice: 0, position: 40 },
            |i| Draw { seed: u64::from(i) << 32, choice: 2, position: 1000 },
        ];
        let samples = 1 << 16;
        for line in lines {
            let mut cells = vec![0u32; 256];
            let mut pairs = vec![0u32; 256];
            for i in 0..samples {
                let (here, next) = (line(i).bits(), line(i + 1).bits());
                cells[(here >> 16) as usize] += 1;
                // The high four bits of neighbours: serial correlation shows here.
                pairs[((here >> 20) << 4 | next >> 20) as usize] += 1;
            }
            let expected = f64::from(samples) / 256.0;
            for counts in [cells, pairs] {
                let chi: f64 = counts.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
                assert!((150.0..370.0).contains(&chi), "chi-square {chi}");
            }
        }
    }

    #[test]
    fn a_row_keeps_its_rule_and_draw() {
        let rule = Rule { temperature: 0.7, top_k: 40, top_p: 0.9 };
        let row = SampleRow::new(rule, draw(9), 2, &[5, 6]);
        assert_eq!((row.rule(), row.draw()), (rule, draw(9)));
        assert_eq!(row.end, [5, 6, NO_TOKEN, NO_TOKEN]);
        assert_eq!((size_of::<SampleRow>(), size_of::<Record>()), (48, 64));
    }
}
