//! `out[t, n] (+)= sum_k weight[n, k] x[t, k]` for up to 16 rows t at once: `o_proj` and `down_proj` of Qwen2, with
//! the residual added in place. Source: `torch.nn.functional.linear`.

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use super::{Chunk, Launch, Matrix, source};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::SelfTestResult;
use crate::quant::{BLOCK, Format};

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/matvec.wgsl");

/// Parameters of the kernels on pairs of rows that store a plain matrix product.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub struct Params {
    blocks: u32,
    pairs: u32,
    columns: u32,
    eps: f32,
    row_offset: u32,
    rows: u32,
    out_stride: u32,
    zero: u32,
}

impl Params {
    /// Of one chunk of a matrix; `out_stride` is the distance of two rows of the output, in elements.
    pub(super) fn new(weight: &Matrix, chunk: &Chunk, eps: f32, out_stride: usize) -> Self {
        Self {
            blocks: weight.blocks() as u32,
            pairs: chunk.pairs() as u32,
            columns: weight.columns as u32,
            eps,
            row_offset: chunk.first_row as u32,
            rows: weight.rows as u32,
            out_stride: out_stride as u32,
            zero: 0,
        }
    }
}

/// Records `out (+)= x weight^T`; `x` [T, K padded], `out` [T, stride], T a multiple of the batch; the rows in use
/// are given when the plan is replayed.
pub fn record(r: &mut Recorder<'_>, launch: Launch, weight: &Matrix, x: &Tensor, out: &Tensor, add: bool) {
    assert_eq!(x.dims()[1], weight.blocks() * BLOCK, "matvec: x");
    for chunk in &weight.chunks {
        let mut overrides = source::weight_overrides(chunk.format);
        overrides.push(("ADD", f64::from(u8::from(add))));
        let text = source::pair_kernel("matvec", SHADER, chunk.format, launch.variant, launch.batch);
        let kernel = r.gpu().kernel("matvec", &text, &overrides);
        let params = Params::new(weight, chunk, 0.0, out.dims()[1]);
        let groups = chunk.pairs().div_ceil(source::pairs_per_group(launch.variant, launch.batch));
        r.dispatch(
            &kernel,
            &[&chunk.weight, &chunk.scales, x, out],
            &params,
            Grid::by_rows(groups, launch.batch, 1),
        );
    }
}

/// [T, N] = x [T, K] times the transpose of weight [N, K].
pub fn reference(weight: &[f32], x: &[f32], columns: usize) -> Vec<f64> {
    let dot = |row: &[f32], x: &[f32]| row.iter().zip(x).map(|(w, v)| f64::from(*w) * f64::from(*v)).sum();
    x.chunks(columns).flat_map(|x| weight.chunks(columns).map(move |row| dot(row, x))).collect()
}

/// Random weights [N, K] that `format` holds exactly.
pub(super) fn exact_weights(noise: &mut Noise, format: Format, rows: usize, columns: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(rows * columns);
    for _ in 0..rows {
        let row = noise.normals(columns, 0.5);
        let (mut weight, mut scales) = (Vec::new(), Vec::new());
        let bytes: &[u8] = bytemuck::cast_slice(&row);
        crate::quant::pack_row(format, crate::quant::DType::F32, bytes, columns, &mut weight, &mut scales);
        values.extend(crate::quant::unpack_row(format, columns, &weight, &scales));
    }
    values
}

/// A matrix that holds `values` packed from their own planes: repacking exact values must not round again.
pub(super) fn matrix(
    gpu: &Gpu,
    format: Format,
    seed: u64,
    rows: usize,
    columns: usize,
    chunk: usize,
) -> (Matrix, Vec<f32>) {
    let raw = Noise::new(seed).normals(rows * columns, 0.5);
    let matrix = Matrix::from_f32(gpu, format, &raw, columns, chunk);
    (matrix, exact_weights(&mut Noise::new(seed), format, rows, columns))
}

/// Runs one size against [`reference`], outliers included.
pub async fn check(
    gpu: &Gpu,
    launch: Launch,
    format: Format,
    rows: usize,
    columns: usize,
    chunk: usize,
) -> SelfTestResult {
    let mut noise = Noise::new((rows * 31 + columns) as u64);
    let batch = launch.batch;
    let (weight, values) = matrix(gpu, format, 7, rows, columns, chunk);
    let x = noise.outliers(batch * columns, 1.0);
    let residual = noise.normals(batch * rows, 1.0);
    let want: Vec<f64> =
        reference(&values, &x, columns).iter().zip(&residual).map(|(y, r)| y + f64::from(*r)).collect();
    let (k, n) = (weight.blocks() * BLOCK, rows.next_multiple_of(BLOCK));
    let x = gpu.upload("x", &check::with_padding(&x, columns, k, batch), &[batch, k]);
    let out = gpu.upload("out", &check::with_padding(&residual, rows, n, batch), &[batch, n]);
    let name = format!("matvec {} {:?} B={batch} [{rows}, {columns}]", format.name(), launch.variant);
    let record = |r: &mut Recorder<'_>| record(r, launch, &weight, &x, &out, true);
    let case = check::Case { name, tolerance: check::matrix_tolerance(format), extent: batch.into() };
    check::check(gpu, case, &[&out], record, |v| check::without_padding(v, n, rows, batch), &want).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Variant;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for variant in [Variant::Base, Variant::Serial, Variant::Subgroup] {
            for format in Format::ALL {
                let sizes =
                    [(1, 1, 1), (2, 32, 1), (37, 612, 2), (64, 896, 4), (131, 1000, 8), (19, 514, 16)];
                // Every batch size with every variant and two formats; compiling them all takes minutes.
                for (rows, columns, batch) in sizes {
                    if batch > 2 && ![Format::Q4 { min: false }, Format::Q6K].contains(&format) {
                        continue;
                    }
                    let launch = Launch { variant, batch };
                    results.push(pollster::block_on(check(&gpu, launch, format, rows, columns, 1 << 20)));
                }
            }
            // Split into chunks of six rows.
            let launch = Launch { variant, batch: 4 };
            results.push(pollster::block_on(check(&gpu, launch, Format::Q4 { min: false }, 37, 100, 6)));
        }
        check::testing::assert_passed(&results);
    }

    #[test]
    fn a_row_does_not_depend_on_the_batch() {
        let gpu = check::testing::gpu();
        let (rows, columns) = (70, 480);
        for variant in [Variant::Base, Variant::Serial, Variant::Subgroup] {
            for format in [Format::Q4 { min: true }, Format::Q6K, Format::Nf4, Format::F32] {
                let (weight, _) = matrix(&gpu, format, 3, rows, columns, 1 << 20);
                let x = Noise::new(5).outliers(16 * columns, 1.0);
                let mut first: Option<Vec<f32>> = None;
                for batch in Launch::BATCHES {
                    let xs = gpu.upload("x", &x[..batch * columns], &[batch, columns]);
                    // The residual too: compilers like to move its addition into the sum.
                    let residual = Noise::new(6).normals(batch * rows, 1.0);
                    let out = gpu.upload("out", &residual, &[batch, rows]);
                    let mut r = Recorder::new(&gpu);
                    record(&mut r, Launch { variant, batch }, &weight, &xs, &out, true);
                    r.finish().run(&gpu, batch);
                    let got: Vec<f32> = pollster::block_on(gpu.read(&out)).unwrap();
                    let alone = first.get_or_insert_with(|| got[..rows].to_vec());
                    assert_eq!(&got[..rows], &alone[..], "{variant:?} {format:?} B={batch}");
                }
            }
        }
    }
}
