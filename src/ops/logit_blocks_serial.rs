//! As [`super::logit_blocks`] without barriers, one invocation a block: for adapters that are a CPU.

use super::logit_blocks::Sampling;
use crate::gpu::{Grid, Recorder};

pub use super::logit_blocks::reference;

/// The kernel.
pub const SHADER: &str = concat!(
    include_str!("../../shaders/logit_blocks_serial.wgsl"),
    include_str!("../../shaders/common/sampling.wgsl")
);

/// Invocations of a workgroup.
const GROUP: usize = 8;

/// Records `blocks` from `logits` and the temperatures of `samples`.
pub fn record(r: &mut Recorder<'_>, s: &Sampling) {
    let kernel = r.gpu().kernel("logit_blocks_serial", SHADER, &[("GROUP_SIZE", GROUP as f64)]);
    let grid = Grid::by_rows(s.block_count().div_ceil(GROUP), 1, 1);
    r.dispatch(&kernel, &[&s.logits, &s.samples, &s.blocks], &s.params(), grid);
}

#[cfg(test)]
mod tests {
    use crate::ops::{check, logit_blocks};
    use crate::protocol::Variant;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let results: Vec<_> = logit_blocks::SIZES
            .iter()
            .map(|(b, v)| pollster::block_on(logit_blocks::check(&gpu, Variant::Serial, *b, *v)))
            .collect();
        check::testing::assert_passed(&results);
    }
}
