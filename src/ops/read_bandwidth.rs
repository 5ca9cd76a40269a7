//! `out[i] = sum of x[i], x[i + n], x[i + 2 n], …` (in vectors of four): reads a buffer once, as fast as the device
//! reads; what the speed of decoding is held against. Method: `BabelStream` (Deakin et al. 2018), reading alone.

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::SelfTestResult;

/// The kernel.
pub const SHADER: &str = include_str!("../../shaders/read_bandwidth.wgsl");

/// Invocations of a workgroup.
const GROUP: usize = 64;

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    vectors: u32,
    invocations: u32,
}

/// Records one pass over `x`, of a multiple of 4 elements; `out` [n], n a multiple of 64.
pub fn record(r: &mut Recorder<'_>, x: &Tensor, out: &Tensor) {
    assert!(x.len().is_multiple_of(4) && out.len().is_multiple_of(GROUP), "read_bandwidth: sizes");
    let kernel = r.gpu().kernel("read_bandwidth", SHADER, &[]);
    let params = Params { vectors: (x.len() / 4) as u32, invocations: out.len() as u32 };
    r.dispatch(&kernel, &[x, out], &params, Grid::fixed(out.len() / GROUP, 1, 1));
}

/// [n].
pub fn reference(x: &[f32], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n];
    for (i, vector) in x.chunks(4).enumerate() {
        out[i % n] += vector.iter().map(|v| f64::from(*v)).sum::<f64>();
    }
    out
}

/// Runs one size against [`reference`].
pub async fn check(gpu: &Gpu, vectors: usize, invocations: usize) -> SelfTestResult {
    let values = Noise::new(vectors as u64).normals(vectors * 4, 1.0);
    let want = reference(&values, invocations);
    let x = gpu.upload("x", &values, &[values.len()]);
    let out = gpu.zeros("out", &[invocations]);
    let record = |r: &mut Recorder<'_>| record(r, &x, &out);
    let case = check::Case {
        name: format!("read_bandwidth {vectors} by {invocations}"),
        tolerance: check::F32,
        extent: 1.into(),
    };
    check::check(gpu, case, &[&out], record, <[f32]>::to_vec, &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let sizes = [(1, 64), (64, 64), (1000, 128), (4096, 64)];
        let results: Vec<_> = sizes.iter().map(|(v, n)| pollster::block_on(check(&gpu, *v, *n))).collect();
        check::testing::assert_passed(&results);
    }
}
