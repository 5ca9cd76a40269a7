//! `blocks[b, i] = (max z, sum e^(z - max), sum e^((z - max) / T[b]), place of the max)` over each 256 logits z of a row:
//! what `sample` needs to know of a vocabulary before it looks closer (online softmax, arXiv 1805.02867).

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::{SelfTestResult, Variant};
use crate::sampler::{Draw, Rule, SampleRow};

/// The kernel.
pub const SHADER: &str = concat!(
    include_str!("../../shaders/logit_blocks.wgsl"),
    include_str!("../../shaders/common/sampling.wgsl")
);

/// Logits a block.
pub const BLOCK: usize = 256;

/// As in the shaders of the four sampling kernels.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub(super) struct Params {
    vocab: u32,
    stride: u32,
    blocks: u32,
}

/// The tensors and sizes that `logit_blocks` and `sample` speak of.
#[derive(Debug, Clone)]
pub struct Sampling {
    /// f32 [B, V or more]: a row's padding is not read.
    pub logits: Tensor,
    /// [`SampleRow`]s, [B, 12].
    pub samples: Tensor,
    /// f32 [B, ceil(V / 256), 4]: from `logit_blocks` to `sample`.
    pub blocks: Tensor,
    /// u32 [slots]: the token of each row, at the row's slot.
    pub sampled: Tensor,
    /// [`crate::sampler::Record`]s, [B, 16].
    pub records: Tensor,
    /// V.
    pub vocab: usize,
}

impl Sampling {
    /// Makes what lies between the logits and the ids: rows to be written, blocks, records.
    pub fn new(gpu: &Gpu, logits: &Tensor, vocab: usize, sampled: &Tensor) -> Self {
        let rows = logits.dims()[0];
        assert!(0 < vocab && vocab <= logits.dims()[1], "sampling: {vocab} of {logits:?}");
        Self {
            logits: logits.clone(),
            samples: gpu.zeros("samples", &[rows, size_of::<SampleRow>() / 4]),
            blocks: gpu.zeros("logit_blocks", &[rows, vocab.div_ceil(BLOCK), 4]),
            sampled: sampled.clone(),
            records: gpu.zeros("records", &[rows, 16]),
            vocab,
        }
    }

    /// ceil(V / 256).
    pub fn block_count(&self) -> usize {
        self.vocab.div_ceil(BLOCK)
    }

    pub(super) fn params(&self) -> Params {
        Params {
            vocab: self.vocab as u32,
            stride: self.logits.dims()[1] as u32,
            blocks: self.block_count() as u32,
        }
    }
}

/// Records `blocks` from `logits` and the temperatures of `samples`.
pub fn record(r: &mut Recorder<'_>, s: &Sampling) {
    let kernel = r.gpu().kernel("logit_blocks", SHADER, &[]);
    r.dispatch(
        &kernel,
        &[&s.logits, &s.samples, &s.blocks],
        &s.params(),
        Grid::by_rows(s.block_count(), 1, 1),
    );
}

/// [ceil(V / 256), 4] of one row.
pub fn reference(logits: &[f32], temperature: f32) -> Vec<f64> {
    let temperature = if temperature == 0.0 { 1.0 } else { f64::from(temperature) };
    let mut out = Vec::new();
    for block in logits.chunks(BLOCK) {
        let mut place = 0;
        for (i, z) in block.iter().enumerate() {
            if *z > block[place] {
                place = i;
            }
        }
        let max = f64::from(block[place]);
        let sum = |t: f64| block.iter().map(|z| ((f64::from(*z) - max) / t).exp()).sum();
        let finite = block.iter().all(|z| z.is_finite());
        out.extend([max, sum(1.0), sum(temperature), if finite { place as f64 } else { -1.0 }]);
    }
    out
}

/// Runs one size against [`reference`]; the serial family by [`super::logit_blocks_serial`].
pub async fn check(gpu: &Gpu, variant: Variant, rows: usize, vocab: usize) -> SelfTestResult {
    let mut noise = Noise::new((rows * 61 + vocab) as u64);
    let stride = vocab.next_multiple_of(4);
    let logits = noise.normals(rows * vocab, 5.0);
    let temperatures = [0.7, 1.0, 0.0, 4.0];
    let samples: Vec<SampleRow> = (0..rows)
        .map(|row| {
            let rule = Rule { temperature: temperatures[row % 4], top_k: 0, top_p: 1.0 };
            SampleRow::new(rule, Draw { seed: 1, choice: 0, position: 0 }, 0, &[])
        })
        .collect();
    let want: Vec<f64> =
        logits.chunks(vocab).zip(&samples).flat_map(|(row, s)| reference(row, s.temperature)).collect();
    let padded = check::with_padding(&logits, vocab, stride, rows);
    let logits = gpu.upload("logits", &padded, &[rows, stride]);
    let s = Sampling::new(gpu, &logits, vocab, &gpu.zeros("sampled", &[rows]));
    gpu.write(&s.samples, 0, &samples);
    let record = |r: &mut Recorder<'_>| match variant {
        Variant::Serial => super::logit_blocks_serial::record(r, &s),
        _ => record(r, &s),
    };
    let name = format!("logit_blocks {variant:?} [{rows}, {vocab}]");
    let case = check::Case { name, tolerance: check::F32_EXP, extent: rows.into() };
    // One measure for all four: sums and places would drown the maxima.
    let alike = |v: &[f32]| v.chunks(4).flat_map(|b| [b[0], b[1].ln(), b[2].ln(), b[3] / 256.0]).collect();
    let want: Vec<f64> = want.chunks(4).flat_map(|b| [b[0], b[1].ln(), b[2].ln(), b[3] / 256.0]).collect();
    check::check(gpu, case, &[&s.blocks], record, alike, &want).await
}

/// The sizes of the tests: one, less than a block, odd, Qwen2's own.
#[cfg(test)]
pub(super) const SIZES: [(usize, usize); 6] = [(1, 1), (3, 5), (9, 131), (4, 257), (2, 1024), (2, 152_064)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let results: Vec<_> =
            SIZES.iter().map(|(b, v)| pollster::block_on(check(&gpu, Variant::Base, *b, *v))).collect();
        check::testing::assert_passed(&results);
    }
}
