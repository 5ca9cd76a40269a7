//! `out[t, h] = sum_j softmax_j(q[t, h] . k[j] / sqrt(D)) v[j]` over the positions j up to t's own
//! (arXiv 1706.03762, `eager_attention_forward`), without barriers: for adapters that are a CPU.
//! The reference here serves the other attention kernels too.

use std::collections::VecDeque;

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use super::source;
use super::step::{Heads, PAGE, ROW_WGSL, Row, TableEntry};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::{KvType, SelfTestResult};
use crate::quant::BLOCK;

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/attention_serial.wgsl");

/// The fragment that reads the cache.
pub const PAGE_WGSL: &str = include_str!("../../shaders/common/kv_page.wgsl");

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    heads: u32,
    kv_heads: u32,
    half_dim: u32,
    q_stride: u32,
    out_stride: u32,
    scale: f32,
    rows: u32,
}

/// What attention reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'t> {
    /// [T, H D padded].
    pub q: &'t Tensor,
    /// The pages of the layer.
    pub kv: &'t Tensor,
    /// [T] rows.
    pub steps: &'t Tensor,
    /// Block tables, [entries].
    pub table: &'t Tensor,
    /// [T, H D padded].
    pub out: &'t Tensor,
}

/// The whole text.
pub fn text(heads: &Heads) -> String {
    let half_dim = heads.head_dim / 2;
    let text = [SHADER, ROW_WGSL, PAGE_WGSL].concat();
    let text = text.replace("const HALF_DIM: u32 = 1u;", &format!("const HALF_DIM: u32 = {half_dim}u;"));
    source::unroll(&text, &[("HALF_DIM", half_dim)])
}

/// Records attention of every row over its own block table.
pub fn record(r: &mut Recorder<'_>, heads: &Heads, io: Attention<'_>) {
    assert_eq!(io.q.dims()[1], io.out.dims()[1], "attention_serial: out");
    let kernel = r.gpu().kernel("attention_serial", &text(heads), &[heads.kv_override()]);
    let params = Params {
        heads: heads.heads as u32,
        kv_heads: heads.kv_heads as u32,
        half_dim: heads.head_dim as u32 / 2,
        q_stride: io.q.dims()[1] as u32,
        out_stride: io.out.dims()[1] as u32,
        scale: scale(heads),
        rows: io.q.dims()[0] as u32,
    };
    let tensors = [io.q, io.kv, io.steps, io.table, io.out];
    r.dispatch(&kernel, &tensors, &params, Grid::by_rows(heads.heads.div_ceil(8), 1, 1));
}

/// 1 / sqrt(D).
pub(super) fn scale(heads: &Heads) -> f32 {
    (1.0 / (heads.head_dim as f64).sqrt()) as f32
}

/// One row: `q` [H, D], `keys` and `values` [tokens][G D]; [H D].
pub fn reference(heads: &Heads, q: &[f32], keys: &[Vec<f32>], values: &[Vec<f32>]) -> Vec<f64> {
    let d = heads.head_dim;
    let mut out = Vec::with_capacity(heads.heads * d);
    for h in 0..heads.heads {
        let g = h / (heads.heads / heads.kv_heads);
        let scores: Vec<f64> = keys
            .iter()
            .map(|key| (0..d).map(|e| f64::from(q[h * d + e]) * f64::from(key[g * d + e])).sum::<f64>())
            .map(|score| score / (d as f64).sqrt())
            .collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let total: f64 = weights.iter().sum();
        out.extend((0..d).map(|e| {
            weights.iter().zip(values).map(|(w, v)| w * f64::from(v[g * d + e])).sum::<f64>() / total
        }));
    }
    out
}

/// A scene for attention tests: rows with block tables whose pages are partly filled, shared between
/// rows and in no order, as forks leave them.
pub(super) struct Scene {
    pub(super) rows: Vec<Row>,
    pub(super) table: Vec<TableEntry>,
    pub(super) q: Vec<f32>,
    pub(super) kv: Vec<u32>,
    pub(super) want: Vec<f64>,
}

impl Scene {
    pub(super) fn new(heads: &Heads, lengths: &[usize]) -> Self {
        let (d, g) = (heads.head_dim, heads.kv_heads);
        let mut noise = Noise::new((heads.qkv_rows() * 73 + lengths.len()) as u64);
        let longest = lengths.iter().copied().max().unwrap_or(1);
        let pages = longest.div_ceil(PAGE) * 4 + 4;
        // Garbage, even NaN, wherever nothing was written: it must not leak.
        let mut kv = vec![f32::NAN.to_bits() | 0x7e00; pages * heads.page_words()];
        let mut store = |page: usize, which: usize, head: usize, place: usize, values: &[f32]| {
            for (e, value) in values.iter().enumerate() {
                let at = (((page * 2 + which) * g + head) * PAGE + place) * d + e;
                match heads.kv {
                    KvType::F32 => kv[at] = value.to_bits(),
                    KvType::F16 => {
                        let bits = u32::from(half::f16::from_f32(*value).to_bits());
                        let shift = 16 * (at % 2);
                        kv[at / 2] = kv[at / 2] & !(0xffff << shift) | bits << shift;
                    }
                }
            }
        };
        let round = |v: f32| if heads.kv == KvType::F16 { half::f16::from_f32(v).to_f32() } else { v };
        let (mut rows, mut table, mut want) = (Vec::new(), Vec::new(), Vec::new());
        let q = noise.normals(lengths.len() * heads.heads * d, 1.5);
        let mut free: VecDeque<usize> = (0..pages).collect();
        // Tokens of one long sequence; every row sees a prefix of it, then pages of its own.
        let (mut keys, mut values, mut shared): (Vec<Vec<f32>>, Vec<Vec<f32>>, Vec<TableEntry>) =
            Default::default();
        for (t, &length) in lengths.iter().enumerate() {
            while keys.len() < length {
                // Pages from both ends, so that their order in memory is not that of the sequence.
                let page = if free.len().is_multiple_of(2) { free.pop_front() } else { free.pop_back() };
                let Some(page) = page else { break };
                let held = 1 + (noise.bits() as usize % PAGE);
                shared.push(TableEntry::new(page as u32, held, keys.len()));
                for place in 0..held {
                    let (key, value) = (noise.normals(g * d, 1.0), noise.normals(g * d, 1.0));
                    for head in 0..g {
                        store(page, 0, head, place, &key[head * d..][..d]);
                        store(page, 1, head, place, &value[head * d..][..d]);
                    }
                    keys.push(key.into_iter().map(round).collect());
                    values.push(value.into_iter().map(round).collect());
                }
            }
            let length = length.min(keys.len());
            let entries: Vec<TableEntry> =
                shared.iter().copied().take_while(|entry| (entry.position as usize) < length).collect();
            rows.push(Row {
                position: length as u32 - 1,
                table: table.len() as u32,
                entries: entries.len() as u32,
                ..Row::IDLE
            });
            table.extend(entries);
            let row_q = &q[t * heads.heads * d..][..heads.heads * d];
            want.extend(reference(heads, row_q, &keys[..length], &values[..length]));
        }
        Self { rows, table, q, kv, want }
    }
}

/// Relative RMS: exp of scores up to some tens, and f32 sums; the cache itself is rounded alike on both sides.
pub(super) const TOLERANCE: f64 = 1e-5;

/// The scene on the GPU: q, kv, steps, table, out, and the stride of q and out.
pub(super) fn upload(gpu: &Gpu, heads: &Heads, scene: &Scene) -> ([Tensor; 5], usize) {
    let (t, width) = (scene.rows.len(), heads.heads * heads.head_dim);
    let stride = width.next_multiple_of(BLOCK);
    let q = gpu.upload("q", &check::with_padding(&scene.q, width, stride, t), &[t, stride]);
    let kv = gpu.upload("kv", &scene.kv, &[scene.kv.len()]);
    let steps = gpu.upload("steps", &scene.rows, &[t, 8]);
    let table = gpu.upload("table", &scene.table, &[scene.table.len(), 2]);
    ([q, kv, steps, table, gpu.zeros("out", &[t, stride])], stride)
}

/// Runs one size against [`reference`]; a row for each of `lengths`.
pub async fn check(gpu: &Gpu, heads: Heads, lengths: &[usize]) -> SelfTestResult {
    let scene = Scene::new(&heads, lengths);
    let ([q, kv, steps, table, out], stride) = upload(gpu, &heads, &scene);
    let io = Attention { q: &q, kv: &kv, steps: &steps, table: &table, out: &out };
    let record = |r: &mut Recorder<'_>| record(r, &heads, io);
    let rows = lengths.len();
    let pick = |v: &[f32]| check::without_padding(v, stride, heads.heads * heads.head_dim, rows);
    let case = check::Case {
        name: format!("attention_serial {heads:?} {lengths:?}"),
        tolerance: TOLERANCE,
        extent: rows.into(),
    };
    check::check(gpu, case, &[&out], record, pick, &scene.want).await
}

/// Head layouts and context lengths that tests and the self-test run.
pub(super) const CASES: [(usize, usize, usize, &[usize]); 5] = [
    (1, 1, 2, &[1]),
    (7, 1, 8, &[1, 3, 200]),
    (4, 2, 18, &[33, 16, 17]),
    (14, 2, 64, &[300, 129]),
    (3, 3, 32, &[5, 6, 7, 128]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for (heads, kv_heads, head_dim, lengths) in CASES {
            for kv in [KvType::F32, KvType::F16] {
                let heads = Heads { heads, kv_heads, head_dim, kv };
                results.push(pollster::block_on(check(&gpu, heads, lengths)));
            }
        }
        check::testing::assert_passed(&results);
    }
}
