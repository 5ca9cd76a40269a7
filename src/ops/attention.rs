//! Attention of each row over its block table, the context cut into splits that run side by side
//! (flash-decoding); [`super::attention_merge`] joins them. All query heads of a KV head share its reads.

use bytemuck::{Pod, Zeroable};

use super::attention_serial::{self, Attention, PAGE_WGSL};
use super::step::{Heads, PAGE, ROW_WGSL};
use super::{attention_merge, check, source};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::SelfTestResult;

pub use super::attention_serial::reference;

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/attention.wgsl");

/// Block-table entries an invocation group scores at a time.
const TILE_ENTRIES: usize = 8;

/// Splits at most: beyond, merging costs more than it gains.
const MAX_SPLITS: usize = 32;

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    heads: u32,
    kv_heads: u32,
    half_dim: u32,
    q_stride: u32,
    scale: f32,
    splits: u32,
    entries_per_split: u32,
}

/// How a context is cut; fixed for a model, so that a sequence's sums do not depend on its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Splits {
    /// Splits of the longest context.
    pub count: usize,
    /// Block-table entries of one split.
    pub entries: usize,
}

impl Splits {
    /// For block tables of at most `max_entries`.
    pub fn new(max_entries: usize) -> Self {
        let count = max_entries.div_ceil(TILE_ENTRIES).clamp(1, MAX_SPLITS);
        let entries = max_entries.div_ceil(count).next_multiple_of(TILE_ENTRIES);
        Self { count: max_entries.div_ceil(entries).max(1), entries }
    }

    /// Shape of the partial results for `rows`: [T, H, splits, 2 + D].
    pub fn partial_dims(&self, heads: &Heads, rows: usize) -> [usize; 4] {
        [rows, heads.heads, self.count, 2 + heads.head_dim]
    }
}

/// The whole text.
pub fn text(heads: &Heads) -> String {
    let group = heads.heads / heads.kv_heads;
    let text = [SHADER, ROW_WGSL, PAGE_WGSL].concat();
    let text = text.replace("const HEADS: u32 = 1u;", &format!("const HEADS: u32 = {group}u;"));
    let half_dim = format!("const HALF_DIM: u32 = {}u;", heads.head_dim / 2);
    let text = text.replace("const HALF_DIM: u32 = 64u;", &half_dim);
    source::unroll(&text, &[("HEADS", group)])
}

/// Records attention of every row, at most `rows`; `partial` as [`Splits::partial_dims`], and the merge into `io.out`.
pub fn record(
    r: &mut Recorder<'_>,
    heads: &Heads,
    splits: Splits,
    io: Attention<'_>,
    partial: &Tensor,
    rows: usize,
) {
    assert!(heads.head_dim <= 256, "attention: head_dim {} is more than 256", heads.head_dim);
    assert!(partial.len() >= splits.partial_dims(heads, rows).iter().product(), "attention: partial");
    let kernel = r.gpu().kernel("attention", &text(heads), &[heads.kv_override()]);
    let params = Params {
        heads: heads.heads as u32,
        kv_heads: heads.kv_heads as u32,
        half_dim: heads.head_dim as u32 / 2,
        q_stride: io.q.dims()[1] as u32,
        scale: attention_serial::scale(heads),
        splits: splits.count as u32,
        entries_per_split: splits.entries as u32,
    };
    let tensors = [io.q, io.kv, io.steps, io.table, partial];
    r.dispatch(&kernel, &tensors, &params, Grid::by_rows(splits.count, 1, heads.kv_heads));
    attention_merge::record(r, heads, splits, partial, io.steps, io.out);
}

/// Runs one size against [`reference`], merge included; a row for each of `lengths`.
pub async fn check(gpu: &Gpu, heads: Heads, lengths: &[usize]) -> SelfTestResult {
    let scene = attention_serial::Scene::new(&heads, lengths);
    let ([q, kv, steps, table, out], stride) = attention_serial::upload(gpu, &heads, &scene);
    let longest = scene.rows.iter().map(|row| row.entries as usize).max().unwrap_or(1);
    let splits = Splits::new(longest.max(3 * PAGE));
    let rows = lengths.len();
    let partial = gpu.zeros("partial", &splits.partial_dims(&heads, rows));
    let io = Attention { q: &q, kv: &kv, steps: &steps, table: &table, out: &out };
    let record = |r: &mut Recorder<'_>| record(r, &heads, splits, io, &partial, rows);
    let pick = |v: &[f32]| check::without_padding(v, stride, heads.heads * heads.head_dim, rows);
    let name = format!("attention {heads:?} {lengths:?}");
    let case = check::Case { name, tolerance: attention_serial::TOLERANCE, rows };
    check::check(gpu, case, &[&out], record, pick, &scene.want).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::KvType;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for (heads, kv_heads, head_dim, lengths) in attention_serial::CASES {
            for kv in [KvType::F32, KvType::F16] {
                let heads = Heads { heads, kv_heads, head_dim, kv };
                results.push(pollster::block_on(check(&gpu, heads, lengths)));
            }
        }
        check::testing::assert_passed(&results);
    }

    #[test]
    fn splits_cover_every_entry() {
        for entries in [1, 7, 8, 9, 100, 256, 2048, 5000] {
            let splits = Splits::new(entries);
            assert!(splits.count * splits.entries >= entries, "{splits:?} for {entries}");
            assert!(splits.count <= MAX_SPLITS && splits.entries.is_multiple_of(TILE_ENTRIES));
        }
    }
}
