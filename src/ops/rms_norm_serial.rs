//! As [`super::rms_norm`] without barriers, one invocation a row: for adapters that are a CPU.

use bytemuck::{Pod, Zeroable};

use crate::gpu::{Grid, Recorder, Tensor};
use crate::quant::BLOCK;

pub use super::rms_norm::reference;

/// The kernel.
pub const SHADER: &str = include_str!("../../shaders/rms_norm_serial.wgsl");

/// Invocations of a workgroup.
const GROUP: usize = 8;

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    vectors: u32,
    columns: u32,
    eps: f32,
    rows: u32,
}

/// Records `out = rms_norm(x)`; `x`, `out` [T, C padded], `weight` [C padded], C = `columns`.
pub fn record(r: &mut Recorder<'_>, x: &Tensor, weight: &Tensor, columns: usize, eps: f32, out: &Tensor) {
    assert_eq!(x.dims()[1], columns.next_multiple_of(BLOCK), "rms_norm_serial: x");
    assert_eq!((weight.len(), out.dims()[1]), (x.dims()[1], x.dims()[1]), "rms_norm_serial: weight and out");
    let kernel = r.gpu().kernel("rms_norm_serial", SHADER, &[("GROUP_SIZE", GROUP as f64)]);
    let rows = x.dims()[0] as u32;
    let params = Params { vectors: x.dims()[1] as u32 / 4, columns: columns as u32, eps, rows };
    r.dispatch(&kernel, &[x, weight, out], &params, Grid::by_rows(1, GROUP, 1));
}

#[cfg(test)]
mod tests {
    use crate::ops::{check, rms_norm};
    use crate::protocol::Variant;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for (rows, columns) in [(1, 1), (1, 896), (3, 100), (17, 3584), (70, 40)] {
            results.push(pollster::block_on(rms_norm::check(&gpu, Variant::Serial, rows, columns)));
        }
        check::testing::assert_passed(&results);
    }
}
