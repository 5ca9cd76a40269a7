//! `out[t, f] = silu(gate[t, f]) up[t, f]`, `silu(g) = g / (1 + e^-g)` (arXiv 2002.05202; `Qwen2MLP`), for prefill,
//! where the matrix product before it is a kernel of its own.

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::SelfTestResult;
use crate::quant::BLOCK;

/// The kernel.
pub const SHADER: &str = include_str!("../../shaders/swiglu.wgsl");

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    columns: u32,
    out_stride: u32,
}

/// Records `out = silu(gate) up`; `gate_up` [T, 2 F] interleaved, `out` [T, F padded], F = `columns`.
pub fn record(r: &mut Recorder<'_>, gate_up: &Tensor, columns: usize, out: &Tensor) {
    assert_eq!(gate_up.dims()[1], 2 * columns, "swiglu: gate_up");
    assert!(out.dims()[1] >= columns, "swiglu: out");
    let kernel = r.gpu().kernel("swiglu", SHADER, &[]);
    let params = Params { columns: columns as u32, out_stride: out.dims()[1] as u32 };
    r.dispatch(&kernel, &[gate_up, out], &params, Grid::by_rows(columns.div_ceil(64), 1, 1));
}

/// One output for each (gate, up).
pub fn reference(pairs: &[f32]) -> Vec<f64> {
    let silu = |g: f64| g / (1.0 + (-g).exp());
    pairs.chunks(2).map(|pair| silu(f64::from(pair[0])) * f64::from(pair[1])).collect()
}

/// Runs one size against [`reference`].
pub async fn check(gpu: &Gpu, rows: usize, columns: usize) -> SelfTestResult {
    let pairs = Noise::new((rows * 47 + columns) as u64).outliers(rows * columns * 2, 2.0);
    let want = reference(&pairs);
    let n = columns.next_multiple_of(BLOCK);
    let gate_up = gpu.upload("gate_up", &pairs, &[rows, 2 * columns]);
    let out = gpu.zeros("out", &[rows, n]);
    let record = |r: &mut Recorder<'_>| record(r, &gate_up, columns, &out);
    let case = check::Case {
        name: format!("swiglu [{rows}, {columns}]"),
        tolerance: check::F32_EXP,
        extent: rows.into(),
    };
    check::check(gpu, case, &[&out], record, |v| check::without_padding(v, n, columns, rows), &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let sizes = [(1, 1), (3, 100), (65, 512), (1, 4864)];
        let results: Vec<_> = sizes.iter().map(|(t, f)| pollster::block_on(check(&gpu, *t, *f))).collect();
        check::testing::assert_passed(&results);
    }
}
