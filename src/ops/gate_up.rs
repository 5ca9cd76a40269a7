//! `out[t, f] = silu(gate) up` with `(gate, up) = (gate_proj[f], up_proj[f]) . rms_norm(x[t])`: the first half of
//! `Qwen2MLP` with the norm before it, one kernel. Rows of the two matrices lie interleaved.

use super::matvec::Params;
use super::{Launch, Matrix, check, matvec, rms_norm, source, swiglu};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::{SelfTestResult, Variant};
use crate::quant::{BLOCK, Format};

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/gate_up.wgsl");

/// Records `out = silu(gate) up`; `weight` [2 F, C] interleaved (gate 0, up 0, gate 1, …), `x` [T, C padded],
/// `norm` [C padded], `out` [T, F padded]. The serial family takes x already normalised.
pub fn record(
    r: &mut Recorder<'_>,
    launch: Launch,
    weight: &Matrix,
    x: &Tensor,
    norm: &Tensor,
    eps: f32,
    out: &Tensor,
) {
    assert_eq!(x.dims()[1], weight.blocks() * BLOCK, "gate_up: x");
    assert_eq!(norm.len(), x.dims()[1], "gate_up: norm");
    assert!(out.dims()[1] >= weight.rows / 2, "gate_up: out");
    for chunk in &weight.chunks {
        let mut overrides = source::weight_overrides(chunk.format);
        overrides.push(("NORM", f64::from(u8::from(launch.variant != Variant::Serial))));
        let text = source::pair_kernel("gate_up", SHADER, chunk.format, launch.variant, launch.batch);
        let kernel = r.gpu().kernel("gate_up", &text, &overrides);
        let params = Params::new(weight, chunk, eps, out.dims()[1]);
        let groups = chunk.pairs().div_ceil(source::pairs_per_group(launch.variant, launch.batch));
        let tensors = [&chunk.weight, &chunk.scales, x, norm, out];
        r.dispatch(&kernel, &tensors, &params, Grid::by_rows(groups, launch.batch, 1));
    }
}

/// [T, F]; `weight` [2 F, C] interleaved.
pub fn reference(weight: &[f32], x: &[f32], norm: &[f32], eps: f32) -> Vec<f64> {
    let normed: Vec<f32> = rms_norm::reference(x, norm, eps).iter().map(|v| *v as f32).collect();
    let pairs: Vec<f32> = matvec::reference(weight, &normed, norm.len()).iter().map(|v| *v as f32).collect();
    swiglu::reference(&pairs)
}

/// Runs one size against [`reference`]; `features` is F.
pub async fn check(
    gpu: &Gpu,
    launch: Launch,
    format: Format,
    features: usize,
    columns: usize,
) -> SelfTestResult {
    let mut noise = check::Noise::new((features * 43 + columns) as u64);
    let (batch, eps) = (launch.batch, 1e-6);
    let (weight, values) = matvec::matrix(gpu, format, 13, 2 * features, columns, 1 << 20);
    let x = noise.normals(batch * columns, 3.0);
    let norm = noise.normals(columns, 0.3);
    let want = reference(&values, &x, &norm, eps);
    let k = weight.blocks() * BLOCK;
    let input = if launch.variant == Variant::Serial {
        rms_norm::reference(&x, &norm, eps).iter().map(|v| *v as f32).collect()
    } else {
        x
    };
    let x = gpu.upload("x", &check::with_padding(&input, columns, k, batch), &[batch, k]);
    let norm = gpu.upload("norm", &check::with_padding(&norm, columns, k, 1), &[k]);
    let n = features.next_multiple_of(BLOCK);
    let out = gpu.zeros("out", &[batch, n]);
    let name = format!("gate_up {} {:?} B={batch} [{features}, {columns}]", format.name(), launch.variant);
    let record = |r: &mut Recorder<'_>| record(r, launch, &weight, &x, &norm, eps, &out);
    let case = check::Case { name, tolerance: check::F32_EXP, extent: batch.into() };
    check::check(gpu, case, &[&out], record, |v| check::without_padding(v, n, features, batch), &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for variant in [Variant::Base, Variant::Serial, Variant::Subgroup] {
            for (features, columns, batch) in [(1, 33, 1), (77, 56, 4), (130, 900, 16)] {
                for format in [Format::Q4 { min: false }, Format::Q5K, Format::F16] {
                    let launch = Launch { variant, batch };
                    results.push(pollster::block_on(check(&gpu, launch, format, features, columns)));
                }
            }
        }
        check::testing::assert_passed(&results);
    }
}
