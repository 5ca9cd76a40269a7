//! Joins the splits of [`super::attention`]:
//! `out[t, h] = sum_s e^(m_s - m) o_s / sum_s e^(m_s - m) l_s`, `m = max_s m_s` (arXiv 1805.02867).

use bytemuck::{Pod, Zeroable};

use super::attention::Splits;
use super::check::{self, Noise};
use super::step::{Heads, ROW_WGSL, Row};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::{KvType, SelfTestResult};

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/attention_merge.wgsl");

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    heads: u32,
    half_dim: u32,
    out_stride: u32,
    splits: u32,
    entries_per_split: u32,
}

/// The whole text.
pub fn text() -> String {
    [SHADER, ROW_WGSL].concat()
}

/// Records the merge; `partial` [T, H, splits, 2 + D], `out` [T, H D padded].
pub fn record(
    r: &mut Recorder<'_>,
    heads: &Heads,
    splits: Splits,
    partial: &Tensor,
    steps: &Tensor,
    out: &Tensor,
) {
    let kernel = r.gpu().kernel("attention_merge", &text(), &[]);
    let params = Params {
        heads: heads.heads as u32,
        half_dim: heads.head_dim as u32 / 2,
        out_stride: out.dims()[1] as u32,
        splits: splits.count as u32,
        entries_per_split: splits.entries as u32,
    };
    let pairs = heads.heads * heads.head_dim / 2;
    r.dispatch(&kernel, &[partial, steps, out], &params, Grid::by_rows(pairs.div_ceil(64), 1, 1));
}

/// One head: splits of (m, l, o [D]); [D].
pub fn reference(splits: &[(f32, f32, Vec<f32>)]) -> Vec<f64> {
    let largest = splits.iter().map(|(m, _, _)| f64::from(*m)).fold(f64::NEG_INFINITY, f64::max);
    let weight = |m: f32| (f64::from(m) - largest).exp();
    let total: f64 = splits.iter().map(|(m, l, _)| weight(*m) * f64::from(*l)).sum();
    let dim = splits.first().map_or(0, |(_, _, o)| o.len());
    let sum = |e: usize| splits.iter().map(|(m, _, o)| weight(*m) * f64::from(o[e])).sum::<f64>();
    (0..dim).map(|e| sum(e) / total).collect()
}

/// Runs one size against [`reference`]; `used` of `count` splits hold something.
pub async fn check(gpu: &Gpu, heads: usize, head_dim: usize, count: usize, used: usize) -> SelfTestResult {
    let mut noise = Noise::new((heads * 79 + count) as u64);
    let heads = Heads { heads, kv_heads: 1, head_dim, kv: KvType::F32 };
    let splits = Splits { count, entries: 8 };
    let (mut partial, mut want) = (Vec::new(), Vec::new());
    for _ in 0..heads.heads {
        let parts: Vec<(f32, f32, Vec<f32>)> = (0..used)
            .map(|_| (noise.normal(20.0), 1.0 + noise.uniform() * 50.0, noise.normals(head_dim, 5.0)))
            .collect();
        want.extend(reference(&parts));
        for (m, l, o) in &parts {
            partial.extend([*m, *l]);
            partial.extend(o);
        }
        // What lies beyond the splits in use is left over from another step.
        partial.extend(std::iter::repeat_n(f32::NAN, (count - used) * (2 + head_dim)));
    }
    let rows = [Row { entries: 8 * used as u32, ..Row::IDLE }];
    let partial = gpu.upload("partial", &partial, &splits.partial_dims(&heads, 1));
    let steps = gpu.upload("steps", &rows, &[1, 8]);
    let out = gpu.zeros("out", &[1, heads.heads * head_dim]);
    let record = |r: &mut Recorder<'_>| record(r, &heads, splits, &partial, &steps, &out);
    let name = format!("attention_merge H={} D={head_dim} {used} of {count}", heads.heads);
    let case = check::Case { name, tolerance: check::F32_EXP, extent: 1.into() };
    check::check(gpu, case, &[&out], record, <[f32]>::to_vec, &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let sizes = [(1, 2, 1, 1), (7, 18, 4, 3), (28, 128, 32, 32), (3, 64, 32, 5)];
        let results: Vec<_> =
            sizes.iter().map(|(h, d, c, u)| pollster::block_on(check(&gpu, *h, *d, *c, *u))).collect();
        check::testing::assert_passed(&results);
    }
}
