//! The second half of [`super::qkv`] for many rows: bias, rotation by position (arXiv 2104.09864,
//! `apply_rotary_pos_emb`), keys and values into their page.

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use super::qkv::{self, Projection};
use super::step::{Heads, PAGE, ROW_WGSL};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::{KvType, SelfTestResult};
use crate::quant::BLOCK;

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/rope.wgsl");

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    heads: u32,
    kv_heads: u32,
    half_dim: u32,
    q_stride: u32,
    bias_offset: u32,
    qkv_stride: u32,
}

/// How far pair `i` of D/2 = `half` turns from one position to the next, theta^-(i / half), in radians.
pub fn frequency(i: usize, half: usize, theta: f64) -> f32 {
    // Hugging Face keeps it in f32, and the models were trained with that.
    theta.powf(-(i as f64) / half as f64) as f32
}

/// [D/2] of [`frequency`].
pub fn frequencies(head_dim: usize, theta: f64) -> Vec<f32> {
    (0..head_dim / 2).map(|i| frequency(i, head_dim / 2, theta)).collect()
}

/// [positions, D/2] of (cos, sin) times `factor`, made in f64: the functions of WGSL are too loose for large angles.
pub fn table(positions: usize, frequencies: &[f32], factor: f64) -> Vec<f32> {
    let mut out = Vec::with_capacity(positions * frequencies.len() * 2);
    for position in 0..positions {
        for &frequency in frequencies {
            let (sin, cos) = (position as f64 * f64::from(frequency)).sin_cos();
            out.extend([(cos * factor) as f32, (sin * factor) as f32]);
        }
    }
    out
}

/// The whole text.
pub fn text() -> String {
    [SHADER, ROW_WGSL, qkv::STORE_WGSL].concat()
}

/// Records the rotation of `qkv` [T, (H + 2 G) D], as the matrix product left it.
pub fn record(r: &mut Recorder<'_>, heads: &Heads, qkv: &Tensor, bias_offset: usize, io: Projection<'_>) {
    assert_eq!(qkv.dims()[1], heads.qkv_rows(), "rope: qkv");
    assert_eq!(io.norm_bias.len(), bias_offset + heads.qkv_rows(), "rope: norm and bias");
    let kernel = r.gpu().kernel("rope", &text(), &[heads.kv_override()]);
    let params = Params {
        heads: heads.heads as u32,
        kv_heads: heads.kv_heads as u32,
        half_dim: heads.head_dim as u32 / 2,
        q_stride: io.q.dims()[1] as u32,
        bias_offset: bias_offset as u32,
        qkv_stride: qkv.dims()[1] as u32,
    };
    let tensors = [qkv, io.norm_bias, io.rope_table, io.steps, io.q, io.kv];
    r.dispatch(&kernel, &tensors, &params, Grid::by_rows((heads.qkv_rows() / 2).div_ceil(64), 1, 1));
}

/// As [`qkv::reference`].
pub fn reference(heads: &Heads, projected: &[f64], bias: &[f32], positions: &[u32], theta: f64) -> Vec<f64> {
    qkv::reference(heads, projected, bias, positions, theta)
}

/// f32 everywhere, or f16 in the cache: 2^-11 relative a value.
pub(super) fn tolerance(heads: &Heads) -> f64 {
    if heads.kv == KvType::F16 { 5e-4 } else { check::F32 }
}

/// Runs one size against [`reference`].
pub async fn check(gpu: &Gpu, heads: Heads, tokens: usize) -> SelfTestResult {
    let mut noise = Noise::new((heads.qkv_rows() * 71 + tokens) as u64);
    let (theta, positions) = (1e4, 512);
    let projected = noise.normals(tokens * heads.qkv_rows(), 3.0);
    let bias = noise.normals(heads.qkv_rows(), 4.0);
    let rows = qkv::test_rows(&mut noise, tokens, positions);
    let at: Vec<u32> = rows.iter().map(|row| row.position).collect();
    let wide: Vec<f64> = projected.iter().map(|v| f64::from(*v)).collect();
    let mut want = reference(&heads, &wide, &bias, &at, theta);
    if tokens > 1 {
        let idle = want.len() - 2 * heads.kv_heads * heads.head_dim;
        want[idle..].fill(0.0);
    }
    let q_stride = (heads.heads * heads.head_dim).next_multiple_of(BLOCK);
    let qkv = gpu.upload("qkv", &projected, &[tokens, heads.qkv_rows()]);
    let norm_bias = gpu.upload("bias", &bias, &[bias.len()]);
    let table = table(positions, &frequencies(heads.head_dim, theta), 1.0);
    let table = gpu.upload("rope", &table, &[positions, heads.head_dim]);
    let steps = gpu.upload("steps", &rows, &[tokens, 8]);
    let q = gpu.zeros("q", &[tokens, q_stride]);
    let kv = gpu.zeros("kv", &[1 + (tokens * 5 + 3) / PAGE, heads.page_words()]);
    let io = Projection { norm_bias: &norm_bias, rope_table: &table, steps: &steps, q: &q, kv: &kv };
    let record = |r: &mut Recorder<'_>| record(r, &heads, &qkv, 0, io);
    let pick = |v: &[f32]| qkv::gathered(&heads, &rows, v, q_stride, &v[tokens * q_stride..]);
    let case = check::Case {
        name: format!("rope T={tokens} {heads:?}"),
        tolerance: tolerance(&heads),
        extent: tokens.into(),
    };
    check::check(gpu, case, &[&q, &kv], record, pick, &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for (heads, kv_heads, head_dim, tokens) in [(1, 1, 2, 1), (7, 1, 8, 33), (14, 2, 64, 70)] {
            for kv in [KvType::F32, KvType::F16] {
                let heads = Heads { heads, kv_heads, head_dim, kv };
                results.push(pollster::block_on(check(&gpu, heads, tokens)));
            }
        }
        check::testing::assert_passed(&results);
    }
}
