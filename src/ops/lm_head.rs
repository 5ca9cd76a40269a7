//! `logits[t, v] = sum_k weight[v, k] rms_norm(x[t])[k]`: the last norm and the head of Qwen2 in one kernel.
//! Source: `Qwen2ForCausalLM.forward` (Hugging Face transformers).

use super::matvec::Params;
use super::{Launch, Matrix, check, matvec, rms_norm, source};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::{SelfTestResult, Variant};
use crate::quant::{BLOCK, Format};

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/lm_head.wgsl");

/// Records `logits = rms_norm(x) weight^T`; `x` [T, C padded], `norm` [C padded], `logits` [T, stride].
/// The serial family takes x already normalised.
pub fn record(
    r: &mut Recorder<'_>,
    launch: Launch,
    weight: &Matrix,
    x: &Tensor,
    norm: &Tensor,
    eps: f32,
    logits: &Tensor,
) {
    assert_eq!(x.dims()[1], weight.blocks() * BLOCK, "lm_head: x");
    assert_eq!(norm.len(), x.dims()[1], "lm_head: norm");
    for chunk in &weight.chunks {
        let mut overrides = source::weight_overrides(chunk.format);
        overrides.push(("NORM", f64::from(u8::from(launch.variant != Variant::Serial))));
        let text = source::pair_kernel("lm_head", SHADER, chunk.format, launch.variant, launch.batch);
        let kernel = r.gpu().kernel("lm_head", &text, &overrides);
        let params = Params::new(weight, chunk, eps, logits.dims()[1]);
        let groups = chunk.pairs().div_ceil(source::pairs_per_group(launch.variant, launch.batch));
        let tensors = [&chunk.weight, &chunk.scales, x, norm, logits];
        r.dispatch(&kernel, &tensors, &params, Grid::by_rows(groups, launch.batch, 1));
    }
}

/// [T, V] logits.
pub fn reference(weight: &[f32], x: &[f32], norm: &[f32], eps: f32) -> Vec<f64> {
    let normed: Vec<f32> = rms_norm::reference(x, norm, eps).iter().map(|v| *v as f32).collect();
    matvec::reference(weight, &normed, norm.len())
}

/// Runs one size against [`reference`], outliers included.
pub async fn check(gpu: &Gpu, launch: Launch, format: Format, rows: usize, columns: usize) -> SelfTestResult {
    let mut noise = check::Noise::new((rows * 37 + columns) as u64);
    let (batch, eps) = (launch.batch, 1e-6);
    let (weight, values) = matvec::matrix(gpu, format, 11, rows, columns, 1 << 20);
    let x = noise.outliers(batch * columns, 1.0);
    let norm = noise.normals(columns, 1.0);
    let want = reference(&values, &x, &norm, eps);
    let k = weight.blocks() * BLOCK;
    let input = if launch.variant == Variant::Serial {
        rms_norm::reference(&x, &norm, eps).iter().map(|v| *v as f32).collect()
    } else {
        x
    };
    let x = gpu.upload("x", &check::with_padding(&input, columns, k, batch), &[batch, k]);
    let norm = gpu.upload("norm", &check::with_padding(&norm, columns, k, 1), &[k]);
    let out = gpu.zeros("logits", &[batch, rows]);
    let name = format!("lm_head {} {:?} B={batch} [{rows}, {columns}]", format.name(), launch.variant);
    let record = |r: &mut Recorder<'_>| record(r, launch, &weight, &x, &norm, eps, &out);
    let case = check::Case { name, tolerance: check::matrix_tolerance(format), extent: batch.into() };
    check::check(gpu, case, &[&out], record, <[f32]>::to_vec, &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for variant in [Variant::Base, Variant::Serial, Variant::Subgroup] {
            for (rows, columns, batch) in [(5, 33, 1), (131, 56, 4), (257, 900, 16)] {
                for format in [Format::Q4 { min: false }, Format::Q8 { min: false }, Format::Q6K] {
                    let launch = Launch { variant, batch };
                    results.push(pollster::block_on(check(&gpu, launch, format, rows, columns)));
                }
            }
        }
        check::testing::assert_passed(&results);
    }
}
