//! `out[t, n] (+)= sum_k weight[n, k] x[t, k]` for the many rows t of a prefill (`torch.nn.functional.linear`).

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use super::{Matrix, matvec, source};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::SelfTestResult;
use crate::quant::{BLOCK, Format};

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/matmul.wgsl");

/// Rows t, and rows n, of a workgroup's tile; `x` and `out` are allocated in multiples of it.
pub const TILE: usize = 64;

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    blocks: u32,
    rows: u32,
    row_offset: u32,
    out_stride: u32,
    chunk_rows: u32,
}

/// The whole text for one weight format.
pub fn text(format: Format) -> String {
    source::unroll(&[SHADER, &source::weight_fragment(format)].concat(), &[])
}

/// Records `out (+)= x weight^T`; `x` [T, K padded], `out` [T, stride], T a multiple of [`TILE`].
pub fn record(r: &mut Recorder<'_>, weight: &Matrix, x: &Tensor, out: &Tensor, add: bool) {
    assert_eq!(x.dims()[1], weight.blocks() * BLOCK, "matmul: x");
    assert!(x.dims()[0].is_multiple_of(TILE) && out.dims()[0].is_multiple_of(TILE), "matmul: whole tiles");
    for chunk in &weight.chunks {
        let mut overrides = source::weight_overrides(chunk.format);
        overrides.push(("ADD", f64::from(u8::from(add))));
        let kernel = r.gpu().kernel("matmul", &text(chunk.format), &overrides);
        let params = Params {
            blocks: weight.blocks() as u32,
            rows: weight.rows as u32,
            row_offset: chunk.first_row as u32,
            out_stride: out.dims()[1] as u32,
            chunk_rows: 2 * chunk.pairs() as u32,
        };
        let grid = Grid::by_rows((2 * chunk.pairs()).div_ceil(TILE), TILE, 1);
        r.dispatch(&kernel, &[&chunk.weight, &chunk.scales, x, out], &params, grid);
    }
}

/// [T, N] = x [T, K] times the transpose of weight [N, K].
pub fn reference(weight: &[f32], x: &[f32], columns: usize) -> Vec<f64> {
    matvec::reference(weight, x, columns)
}

/// Runs one size against [`reference`], outliers included.
pub async fn check(
    gpu: &Gpu,
    format: Format,
    tokens: usize,
    rows: usize,
    columns: usize,
    chunk: usize,
) -> SelfTestResult {
    let mut noise = Noise::new((rows * 61 + columns) as u64);
    let (weight, values) = matvec::matrix(gpu, format, 19, rows, columns, chunk);
    let x = noise.outliers(tokens * columns, 1.0);
    let residual = noise.normals(tokens * rows, 1.0);
    let want: Vec<f64> =
        reference(&values, &x, columns).iter().zip(&residual).map(|(y, r)| y + f64::from(*r)).collect();
    let (t, k, n) = (tokens.next_multiple_of(TILE), weight.blocks() * BLOCK, rows.next_multiple_of(BLOCK));
    let x = gpu.upload("x", &check::with_padding(&x, columns, k, t), &[t, k]);
    let out = gpu.upload("out", &check::with_padding(&residual, rows, n, t), &[t, n]);
    let record = |r: &mut Recorder<'_>| record(r, &weight, &x, &out, true);
    let name = format!("matmul {} T={tokens} [{rows}, {columns}]", format.name());
    let case = check::Case { name, tolerance: check::matrix_tolerance(format), extent: tokens.into() };
    check::check(gpu, case, &[&out], record, |v| check::without_padding(v, n, rows, tokens), &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for format in Format::ALL {
            for (tokens, rows, columns, chunk) in
                [(1, 1, 1, 2), (65, 70, 100, 1000), (17, 131, 56, 30), (128, 64, 896, 1000)]
            {
                results.push(pollster::block_on(check(&gpu, format, tokens, rows, columns, chunk)));
            }
        }
        check::testing::assert_passed(&results);
    }
}
