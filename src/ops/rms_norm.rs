//! `out[t, c] = x[t, c] weight[c] / sqrt(mean_c(x[t, c]^2) + eps)` (arXiv 1910.07467; `Qwen2RMSNorm`).

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::{SelfTestResult, Variant};
use crate::quant::BLOCK;

/// The kernel.
pub const SHADER: &str = include_str!("../../shaders/rms_norm.wgsl");

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    vectors: u32,
    columns: u32,
    eps: f32,
}

/// Records `out = rms_norm(x)`; `x`, `out` [T, C padded], `weight` [C padded], C = `columns`.
pub fn record(r: &mut Recorder<'_>, x: &Tensor, weight: &Tensor, columns: usize, eps: f32, out: &Tensor) {
    assert_eq!(x.dims()[1], columns.next_multiple_of(BLOCK), "rms_norm: x");
    assert_eq!((weight.len(), out.dims()[1]), (x.dims()[1], x.dims()[1]), "rms_norm: weight and out");
    let kernel = r.gpu().kernel("rms_norm", SHADER, &[]);
    let params = Params { vectors: x.dims()[1] as u32 / 4, columns: columns as u32, eps };
    r.dispatch(&kernel, &[x, weight, out], &params, Grid::by_rows(1, 1, 1));
}

/// [T, C], C = the length of `weight`.
pub fn reference(x: &[f32], weight: &[f32], eps: f32) -> Vec<f64> {
    let mut out = Vec::with_capacity(x.len());
    for row in x.chunks(weight.len()) {
        let squares: f64 = row.iter().map(|v| f64::from(*v).powi(2)).sum();
        let scale = 1.0 / (squares / row.len() as f64 + f64::from(eps)).sqrt();
        out.extend(row.iter().zip(weight).map(|(v, w)| f64::from(*v) * f64::from(*w) * scale));
    }
    out
}

/// Runs one size against [`reference`]; the serial family by [`super::rms_norm_serial`].
pub async fn check(gpu: &Gpu, variant: Variant, rows: usize, columns: usize) -> SelfTestResult {
    let mut noise = Noise::new((rows * 41 + columns) as u64);
    let eps = 1e-6;
    let x = noise.outliers(rows * columns, 1.0);
    let weight = noise.normals(columns, 1.0);
    let want = reference(&x, &weight, eps);
    let k = columns.next_multiple_of(BLOCK);
    let x = gpu.upload("x", &check::with_padding(&x, columns, k, rows), &[rows, k]);
    let weight = gpu.upload("weight", &check::with_padding(&weight, columns, k, 1), &[k]);
    let out = gpu.zeros("out", &[rows, k]);
    let name = format!("rms_norm {variant:?} [{rows}, {columns}]");
    let record = |r: &mut Recorder<'_>| match variant {
        Variant::Serial => super::rms_norm_serial::record(r, &x, &weight, columns, eps, &out),
        _ => record(r, &x, &weight, columns, eps, &out),
    };
    let case = check::Case { name, tolerance: check::F32, extent: rows.into() };
    check::check(gpu, case, &[&out], record, |v| check::without_padding(v, k, columns, rows), &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for (rows, columns) in [(1, 1), (1, 896), (3, 100), (17, 3584), (70, 40)] {
            results.push(pollster::block_on(check(&gpu, Variant::Base, rows, columns)));
        }
        check::testing::assert_passed(&results);
    }
}
