//! Holding a kernel against its f64 reference: in `cargo test`, and in the browser, where another
//! compiler and another driver run the same text.

use crate::gpu::{Extent, Gpu, Recorder, Tensor};
use crate::protocol::SelfTestResult;
use crate::quant::Format;

/// Largest relative RMS error of a kernel that computes in f32.
///
/// A sum of n products in f32 errs by about sqrt(n) 2^-24; for the longest rows tested (18944) that is 8e-6 of
/// a typical term, and a typical term is smaller than the sum by no more than sqrt(n).
pub const F32: f64 = 1e-6;

/// As [`F32`] for kernels with exp, whose WGSL error grows with the argument (3 + 2 |x| ulp).
pub const F32_EXP: f64 = 1e-5;

/// Largest relative RMS error of a product with weights of `format`. With a minimum, d (q.x) and m (sum x)
/// nearly cancel for weights near zero: the terms are up to 8 times their difference.
pub fn matrix_tolerance(format: Format) -> f64 {
    match format {
        Format::Q4 { .. } | Format::Q5 { .. } | Format::Q8 { min: true } | Format::Q4K | Format::Q5K => {
            4.0 * F32
        }
        Format::Q8 { .. } | Format::Q6K | Format::Nf4 | Format::F16 | Format::BF16 | Format::F32 => F32,
    }
}

/// Deterministic test data.
#[derive(Debug, Clone)]
pub struct Noise(u64);

impl Noise {
    /// A stream of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd1b5_4a32_d192_ed03)
    }

    /// 64 random bits (splitmix64, Steele et al. 2014).
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// About normal with deviation `scale` (sum of four uniforms).
    pub fn normal(&mut self, scale: f32) -> f32 {
        let sum: f32 = (0..4).map(|_| self.uniform()).sum();
        (sum - 2.0) * scale * 3.0f32.sqrt()
    }

    /// `count` values of [`Noise::normal`].
    pub fn normals(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.normal(scale)).collect()
    }

    /// As [`Noise::normals`] with about one value in 64 larger a hundred thousand times, as in Qwen2.
    pub fn outliers(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count)
            .map(|_| {
                let value = self.normal(scale);
                if self.bits().is_multiple_of(64) { value * 1e5 } else { value }
            })
            .collect()
    }
}

/// Root of the summed squared differences over that of the wanted values; infinite if anything is
/// not a number or a length differs.
pub fn relative_rms(got: &[f32], want: &[f64]) -> f64 {
    if got.len() != want.len() {
        return f64::INFINITY;
    }
    let squares: f64 = want.iter().map(|w| w * w).sum();
    let errors: f64 = got.iter().zip(want).map(|(g, w)| (f64::from(*g) - w).powi(2)).sum();
    let error = if errors == 0.0 { 0.0 } else { (errors / squares).sqrt() };
    if error.is_finite() { error } else { f64::INFINITY }
}

/// One run of a kernel to be judged.
#[derive(Debug, Clone)]
pub struct Case {
    /// Kernel, variant and size.
    pub name: String,
    /// Largest relative RMS error.
    pub tolerance: f64,
    /// What the plan is replayed for.
    pub extent: Extent,
}

/// Records and runs what `record` says, reads the tensors `outs` and compares them with `want`. `pick`
/// takes out of their values, one after the other, what the reference speaks of (without padding).
pub async fn check(
    gpu: &Gpu,
    case: Case,
    outs: &[&Tensor],
    record: impl FnOnce(&mut Recorder<'_>),
    pick: impl FnOnce(&[f32]) -> Vec<f32>,
    want: &[f64],
) -> SelfTestResult {
    let Case { name, tolerance, extent } = case;
    let run = || {
        let mut recorder = Recorder::new(gpu);
        record(&mut recorder);
        recorder.finish().run(gpu, extent);
    };
    let failed = |failure: String| SelfTestResult {
        name: name.clone(),
        error: f64::INFINITY,
        tolerance,
        failure: Some(failure),
    };
    if let Err(message) = gpu.check(run).await {
        return failed(message);
    }
    let mut values = Vec::new();
    for out in outs {
        match gpu.read::<f32>(out).await {
            Ok(part) => values.extend(part),
            Err(error) => return failed(error.to_string()),
        }
    }
    let error = relative_rms(&pick(&values), want);
    SelfTestResult { name, error, tolerance, failure: None }
}

/// Rows of `stride` cut to their first `columns`.
pub fn without_padding(values: &[f32], stride: usize, columns: usize, rows: usize) -> Vec<f32> {
    values.chunks(stride).take(rows).flat_map(|row| row[..columns].iter().copied()).collect()
}

/// Rows of `columns` padded with zeros to `stride`, and rows of zeros up to `rows`.
pub fn with_padding(values: &[f32], columns: usize, stride: usize, rows: usize) -> Vec<f32> {
    let mut out = vec![0.0; stride * rows];
    for (row, values) in values.chunks(columns).enumerate() {
        out[row * stride..row * stride + columns].copy_from_slice(values);
    }
    out
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::gpu::DeviceOptions;

    /// A device for tests; without one they fail and say what to install.
    pub(crate) fn gpu() -> Gpu {
        pollster::block_on(Gpu::open(&DeviceOptions::default()))
            .expect("tests need a Vulkan device: apt install mesa-vulkan-drivers")
    }

    /// Fails with every check that failed.
    pub(crate) fn assert_passed(results: &[SelfTestResult]) {
        let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(!results.is_empty(), "nothing was checked");
    }
}
