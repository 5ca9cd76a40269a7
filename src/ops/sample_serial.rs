//! As [`super::sample`] without barriers, one invocation a row: for adapters that are a CPU.

use super::logit_blocks::Sampling;
use super::sample::MAX_VOCAB;
use super::source;
use crate::gpu::{Grid, Recorder};

pub use super::sample::reference;

/// The kernel.
pub const SHADER: &str = concat!(
    include_str!("../../shaders/sample_serial.wgsl"),
    include_str!("../../shaders/common/choose.wgsl"),
    include_str!("../../shaders/common/sampling.wgsl")
);

/// Records `sampled` and `records` from `logits`, `samples` and `blocks`.
pub fn record(r: &mut Recorder<'_>, s: &Sampling) {
    assert!(s.vocab <= MAX_VOCAB, "sample_serial: a vocabulary of {}, at most {MAX_VOCAB}", s.vocab);
    let blocks = s.block_count().next_multiple_of(32);
    let kernel = r.gpu().kernel("sample_serial", &source::unroll(SHADER, &[]), &[("BLOCKS", blocks as f64)]);
    let tensors = [&s.logits, &s.samples, &s.blocks, &s.sampled, &s.records];
    r.dispatch(&kernel, &tensors, &s.params(), Grid::by_rows(1, 1, 1));
}

#[cfg(test)]
mod tests {
    use crate::ops::sample::tests;
    use crate::protocol::Variant;

    #[test]
    fn gpu_matches_reference() {
        tests::every_rule_at_every_size(Variant::Serial);
    }

    #[test]
    fn faults_are_flagged_and_stay_in_their_row() {
        tests::faults(Variant::Serial);
    }

    #[test]
    fn rows_repeat_whatever_else_is_in_the_batch() {
        tests::rows_are_independent(Variant::Serial);
    }

    #[test]
    fn frequencies_follow_the_distribution() {
        tests::frequencies(Variant::Serial);
    }
}
