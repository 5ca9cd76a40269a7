//! `(q, k, v)[t] = W rms_norm(x[t]) + bias`, q and k rotated by position, k and v written to their page: the first
//! third of `Qwen2Attention` in one kernel, with the norm before it and the rotary embedding (arXiv 2104.09864).
//!
//! Rows of W are laid so that the two elements a rotation mixes, i and i + D/2 of a head, are adjacent
//! ([`interleave`]); q and k keep that order within a head, and q.k does not care.

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use super::step::{NONE, PAGE, ROW_WGSL, Row};
use super::{Launch, Matrix, matvec, rms_norm, rope, source, step::Heads};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::{SelfTestResult, Variant};
use crate::quant::{BLOCK, Format};

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/qkv.wgsl");

/// The end it shares with `rope`.
pub const STORE_WGSL: &str = include_str!("../../shaders/common/store_qkv.wgsl");

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    blocks: u32,
    pairs: u32,
    columns: u32,
    eps: f32,
    row_offset: u32,
    heads: u32,
    kv_heads: u32,
    half_dim: u32,
    q_stride: u32,
    zero: u32,
}

/// Everything but the weights that the attention projections read and write.
#[derive(Debug, Clone, Copy)]
pub struct Projection<'t> {
    /// [C padded] norm weight followed by [N] bias.
    pub norm_bias: &'t Tensor,
    /// [positions, D/2, 2] from [`rope::table`].
    pub rope_table: &'t Tensor,
    /// [T] rows.
    pub steps: &'t Tensor,
    /// [T, H D padded], out.
    pub q: &'t Tensor,
    /// The pages of the layer, out.
    pub kv: &'t Tensor,
}

/// The row of the joined projection, in file order (q, k, v), that lies at `row` on the GPU.
pub fn interleave(heads: &Heads, row: usize) -> usize {
    let (head, e) = (row / heads.head_dim, row % heads.head_dim);
    if head >= heads.heads + heads.kv_heads {
        return row;
    }
    head * heads.head_dim + e / 2 + e % 2 * (heads.head_dim / 2)
}

/// The whole text.
pub fn text(launch: Launch, format: Format) -> String {
    let kernel = [SHADER, ROW_WGSL, STORE_WGSL].concat();
    source::pair_kernel("qkv", &kernel, format, launch.variant, launch.batch)
}

/// Records the projections; `weight` [(H + 2 G) D, C] interleaved, `x` [T, C padded]. The serial family takes x
/// already normalised.
pub fn record(
    r: &mut Recorder<'_>,
    launch: Launch,
    heads: &Heads,
    weight: &Matrix,
    x: &Tensor,
    eps: f32,
    io: Projection<'_>,
) {
    assert_eq!(weight.rows, heads.qkv_rows(), "qkv: weight");
    assert_eq!(x.dims()[1], weight.blocks() * BLOCK, "qkv: x");
    assert_eq!(io.norm_bias.len(), x.dims()[1] + weight.rows, "qkv: norm and bias");
    for chunk in &weight.chunks {
        let mut overrides = source::weight_overrides(chunk.format);
        overrides.push(("NORM", f64::from(u8::from(launch.variant != Variant::Serial))));
        overrides.push(heads.kv_override());
        let kernel = r.gpu().kernel("qkv", &text(launch, chunk.format), &overrides);
        let params = Params {
            blocks: weight.blocks() as u32,
            pairs: chunk.pairs() as u32,
            columns: weight.columns as u32,
            eps,
            row_offset: chunk.first_row as u32,
            heads: heads.heads as u32,
            kv_heads: heads.kv_heads as u32,
            half_dim: heads.head_dim as u32 / 2,
            q_stride: io.q.dims()[1] as u32,
            zero: 0,
        };
        let groups = chunk.pairs().div_ceil(source::pairs_per_group(launch.variant, launch.batch));
        let tensors = [&chunk.weight, &chunk.scales, x, io.norm_bias, io.rope_table, io.steps, io.q, io.kv];
        r.dispatch(&kernel, &tensors, &params, Grid::by_rows(groups, launch.batch, 1));
    }
}

/// [T, (H + 2 G) D] with q and k rotated; everything in the order of the GPU. `theta` is `rope_theta`.
pub fn reference(heads: &Heads, projected: &[f64], bias: &[f32], positions: &[u32], theta: f64) -> Vec<f64> {
    let (rows, half) = (heads.qkv_rows(), heads.head_dim / 2);
    let mut out = Vec::with_capacity(projected.len());
    for (values, &position) in projected.chunks(rows).zip(positions) {
        for pair in 0..rows / 2 {
            let a = values[2 * pair] + f64::from(bias[2 * pair]);
            let b = values[2 * pair + 1] + f64::from(bias[2 * pair + 1]);
            if pair / half >= heads.heads + heads.kv_heads {
                out.extend([a, b]);
                continue;
            }
            let frequency = rope::frequency(pair % half, half, theta);
            let (sin, cos) = (f64::from(position) * f64::from(frequency)).sin_cos();
            out.extend([a * cos - b * sin, b * cos + a * sin]);
        }
    }
    out
}

/// Rows of a step for tests: distinct positions and slots, the last row idle.
pub(super) fn test_rows(noise: &mut Noise, count: usize, positions: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = (0..count as u32)
        .map(|t| Row { position: (noise.bits() % positions as u64) as u32, slot: t * 5 + 3, ..Row::IDLE })
        .collect();
    if count > 1 {
        rows[count - 1].slot = NONE;
    }
    rows
}

/// q, then k and v found in the cache (zeros for rows without a slot), [T, (H + 2 G) D].
pub(super) fn gathered(heads: &Heads, rows: &[Row], q: &[f32], q_stride: usize, kv: &[f32]) -> Vec<f32> {
    let (q_rows, d) = (heads.heads * heads.head_dim, heads.head_dim);
    let mut out = Vec::new();
    for (t, row) in rows.iter().enumerate() {
        out.extend(&q[t * q_stride..t * q_stride + q_rows]);
        for e in 0..2 * heads.kv_heads * d {
            let (which, head) = (e / d / heads.kv_heads, e / d % heads.kv_heads);
            let slot = row.slot as usize;
            out.push(match row.slot {
                NONE => 0.0,
                _ => heads.cached(kv, slot / PAGE, which, head, slot % PAGE, e % d),
            });
        }
    }
    out
}

/// Runs one size against [`reference`].
pub async fn check(
    gpu: &Gpu,
    launch: Launch,
    format: Format,
    heads: Heads,
    columns: usize,
) -> SelfTestResult {
    let mut noise = Noise::new((heads.qkv_rows() * 67 + columns) as u64);
    let (batch, eps, theta, positions) = (launch.batch, 1e-6, 1e6, 2048);
    let (weight, values) = matvec::matrix(gpu, format, 23, heads.qkv_rows(), columns, 1 << 20);
    let x = noise.normals(batch * columns, 2.0);
    let norm = noise.normals(columns, 0.3);
    let bias = noise.normals(heads.qkv_rows(), 4.0);
    let rows = test_rows(&mut noise, batch, positions);
    let at: Vec<u32> = rows.iter().map(|row| row.position).collect();
    let normed: Vec<f32> = rms_norm::reference(&x, &norm, eps).iter().map(|v| *v as f32).collect();
    let mut want = reference(&heads, &matvec::reference(&values, &normed, columns), &bias, &at, theta);
    if batch > 1 {
        // The idle row is not stored.
        let idle = want.len() - 2 * heads.kv_heads * heads.head_dim;
        want[idle..].fill(0.0);
    }
    let (k, q_stride) = (weight.blocks() * BLOCK, (heads.heads * heads.head_dim).next_multiple_of(BLOCK));
    let input = if launch.variant == Variant::Serial { normed } else { x };
    let x = gpu.upload("x", &check::with_padding(&input, columns, k, batch), &[batch, k]);
    let mut norm_bias = check::with_padding(&norm, columns, k, 1);
    norm_bias.extend(&bias);
    let norm_bias = gpu.upload("norm_bias", &norm_bias, &[norm_bias.len()]);
    let table = rope::table(positions, &rope::frequencies(heads.head_dim, theta), 1.0);
    let table = gpu.upload("rope", &table, &[positions, heads.head_dim]);
    let steps = gpu.upload("steps", &rows, &[batch, 8]);
    let q = gpu.zeros("q", &[batch, q_stride]);
    let pages = 1 + (batch * 5 + 3) / PAGE;
    let kv = gpu.zeros("kv", &[pages, heads.page_words()]);
    let io = Projection { norm_bias: &norm_bias, rope_table: &table, steps: &steps, q: &q, kv: &kv };
    let record = |r: &mut Recorder<'_>| record(r, launch, &heads, &weight, &x, eps, io);
    let pick = |v: &[f32]| gathered(&heads, &rows, v, q_stride, &v[batch * q_stride..]);
    let name = format!("qkv {} {:?} B={batch} {heads:?} [{columns}]", format.name(), launch.variant);
    let case = check::Case { name, tolerance: rope::tolerance(&heads), extent: batch.into() };
    check::check(gpu, case, &[&q, &kv], record, pick, &want).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::KvType;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for variant in [Variant::Base, Variant::Serial, Variant::Subgroup] {
            for (heads, kv_heads, head_dim, columns, batch) in
                [(1, 1, 2, 40, 1), (7, 1, 8, 56, 4), (4, 2, 18, 100, 8), (3, 3, 64, 192, 16)]
            {
                for (kv, format) in [(KvType::F32, Format::F32), (KvType::F16, Format::Q4 { min: false })] {
                    let heads = Heads { heads, kv_heads, head_dim, kv };
                    let launch = Launch { variant, batch };
                    results.push(pollster::block_on(check(&gpu, launch, format, heads, columns)));
                }
            }
        }
        check::testing::assert_passed(&results);
    }

    #[test]
    fn interleaving_is_a_permutation_that_pairs_halves() {
        let heads = Heads { heads: 2, kv_heads: 1, head_dim: 6, kv: KvType::F32 };
        let order: Vec<usize> = (0..heads.qkv_rows()).map(|row| interleave(&heads, row)).collect();
        assert_eq!(order[..6], [0, 3, 1, 4, 2, 5]);
        assert_eq!(order[12..18], [12, 15, 13, 16, 14, 17], "k is interleaved");
        assert_eq!(order[18..], [18, 19, 20, 21, 22, 23], "v is not");
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..24).collect::<Vec<_>>());
    }
}
