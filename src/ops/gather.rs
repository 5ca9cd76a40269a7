//! `out[b, c] = x[row[b], c]`: the rows of a prefill whose logits are wanted (`torch.index_select`).

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::SelfTestResult;

/// The kernel.
pub const SHADER: &str = include_str!("../../shaders/gather.wgsl");

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    vectors: u32,
}

/// Records `out = x[row]`; `x` [T, C], `row` [B] of u32, `out` [B, C], C a multiple of 4.
pub fn record(r: &mut Recorder<'_>, x: &Tensor, row: &Tensor, out: &Tensor) {
    assert_eq!(x.dims()[1], out.dims()[1], "gather: out");
    assert!(x.dims()[1].is_multiple_of(4) && row.len() >= out.dims()[0], "gather: row");
    let kernel = r.gpu().kernel("gather", SHADER, &[]);
    let vectors = x.dims()[1] / 4;
    r.dispatch(
        &kernel,
        &[x, row, out],
        &Params { vectors: vectors as u32 },
        Grid::by_rows(vectors.div_ceil(64), 1, 1),
    );
}

/// [B, C].
pub fn reference(x: &[f32], row: &[u32], columns: usize) -> Vec<f64> {
    let row_of = |row: &u32| &x[*row as usize * columns..][..columns];
    row.iter().flat_map(row_of).map(|v| f64::from(*v)).collect()
}

/// Runs one size against [`reference`].
pub async fn check(gpu: &Gpu, rows: usize, picked: usize, columns: usize) -> SelfTestResult {
    let mut noise = Noise::new((rows * 53 + columns) as u64);
    let x = noise.normals(rows * columns, 1.0);
    let row: Vec<u32> = (0..picked).map(|_| (noise.bits() % rows as u64) as u32).collect();
    let want = reference(&x, &row, columns);
    let x = gpu.upload("x", &x, &[rows, columns]);
    let row = gpu.upload("row", &row, &[picked]);
    let out = gpu.zeros("out", &[picked, columns]);
    let record = |r: &mut Recorder<'_>| record(r, &x, &row, &out);
    // A copy is exact.
    let case = check::Case {
        name: format!("gather [{picked} of {rows}, {columns}]"),
        tolerance: 0.0,
        extent: picked.into(),
    };
    check::check(gpu, case, &[&out], record, <[f32]>::to_vec, &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let sizes = [(1, 1, 4), (7, 3, 96), (300, 16, 3584)];
        let results: Vec<_> =
            sizes.iter().map(|(t, b, c)| pollster::block_on(check(&gpu, *t, *b, *c))).collect();
        check::testing::assert_passed(&results);
    }
}
