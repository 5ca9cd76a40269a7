//! The canary: while a matrix is uploaded, up to 64 of its rows are multiplied on the CPU as well, and what
//! the GPU makes of the same rows must agree. A driver that miscompiles, a buffer that is not what was
//! written, a broken memory: all end in a refusal here, not in gibberish later.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recorder, Tensor};
use crate::ops::check::Noise;
use crate::ops::{Launch, Matrix, matvec};
use crate::quant::BLOCK;

/// Rows of each matrix that are compared.
const ROWS: usize = 64;

/// Largest difference, as a share of the sum of the absolute products. Sums of n f32 products err by
/// about sqrt(n) 2^-24 of it, 1e-5 for the longest rows; a wrong weight shows by at least 1 / n, 5e-5.
const TOLERANCE: f64 = 2e-5;

/// A row's product as the CPU has it.
struct Expected {
    tensor: String,
    row: usize,
    value: f64,
    /// Sum of the absolute products.
    magnitude: f64,
}

/// Collects what to compare while weights are loaded; reads the GPU's side once, at the end.
pub(super) struct Canary<'g> {
    gpu: &'g Gpu,
    /// Input vectors by length, [1, K padded].
    inputs: HashMap<usize, (Vec<f32>, Tensor)>,
    /// A product as the GPU has it, [1, N].
    out: Tensor,
    /// The compared rows of all products, one after the other.
    results: Tensor,
    expected: Vec<Expected>,
}

/// Rows of one matrix of `rows` that are compared: spread evenly, with the first and the last.
pub(super) fn sampled(rows: usize) -> impl Iterator<Item = usize> {
    let count = ROWS.min(rows);
    (0..count).map(move |index| if count == 1 { 0 } else { index * (rows - 1) / (count - 1) })
}

impl<'g> Canary<'g> {
    /// For `matrices` matrices of at most `rows` rows.
    pub(super) fn new(gpu: &'g Gpu, matrices: usize, rows: usize) -> Self {
        Self {
            gpu,
            inputs: HashMap::new(),
            out: gpu.zeros("canary product", &[1, rows]),
            results: gpu.zeros("canary rows", &[matrices * ROWS]),
            expected: Vec::new(),
        }
    }

    fn input(&mut self, columns: usize) -> &(Vec<f32>, Tensor) {
        self.inputs.entry(columns).or_insert_with(|| {
            let values = Noise::new(columns as u64).normals(columns, 1.0);
            let mut padded = values.clone();
            padded.resize(columns.next_multiple_of(BLOCK), 0.0);
            let tensor = self.gpu.upload("canary input", &padded, &[1, padded.len()]);
            (values, tensor)
        })
    }

    /// Takes the weights of one sampled row; rows come in order.
    pub(super) fn row(&mut self, tensor: &str, row: usize, weights: &[f32]) {
        let (x, _) = self.input(weights.len());
        let products = weights.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x));
        let (mut value, mut magnitude) = (0.0, 0.0);
        for product in products {
            value += product;
            magnitude += product.abs();
        }
        self.expected.push(Expected { tensor: tensor.into(), row, value, magnitude });
    }

    /// Multiplies the matrix whose rows were just given.
    pub(super) fn matrix(&mut self, matrix: &Matrix) {
        let first = self.expected.len() - sampled(matrix.rows).count();
        let input = self.input(matrix.columns).1.clone();
        let mut r = Recorder::new(self.gpu);
        let launch = Launch { variant: self.gpu.variant(), batch: 1 };
        matvec::record(&mut r, launch, matrix, &input, &self.out, false);
        let plan = r.finish();
        let mut encoder = self.gpu.encoder();
        plan.encode(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()), 1);
        for (at, expected) in self.expected.iter().enumerate().skip(first) {
            let (from, to) = (expected.row as u64 * 4, at as u64 * 4);
            encoder.copy_buffer_to_buffer(self.out.buffer(), from, self.results.buffer(), to, 4);
        }
        self.gpu.queue().submit([encoder.finish()]);
    }

    /// Reads the GPU's side and compares.
    pub(super) async fn finish(self) -> Result<()> {
        let results: Vec<f32> = self.gpu.read(&self.results).await?;
        for (expected, &got) in self.expected.iter().zip(&results) {
            let Expected { tensor, row, value, magnitude } = expected;
            if !magnitude.is_finite() {
                return Err(Error::bad_model(
                    tensor,
                    format!("row {row} holds weights that are not finite numbers; download the file again"),
                ));
            }
            let allowed = TOLERANCE * magnitude + f64::from(f32::MIN_POSITIVE);
            let close = (f64::from(got) - value).abs() <= allowed;
            if !close {
                return Err(Error::BadNumbers(format!(
                    "row {row} of {tensor} times a test vector is {got} on {}, expected {value}; \
                     update the graphics driver, or try another device or `variant`",
                    self.gpu.info().name
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Canary, sampled};
    use crate::gpu::{DeviceOptions, Gpu};
    use crate::ops::Matrix;
    use crate::ops::check::Noise;
    use crate::quant::Format;

    /// Uploads a matrix of 70 rows with one weight of row `wrong` off by 1 % of the row's largest.
    async fn check(wrong: Option<usize>) -> Result<(), crate::Error> {
        let gpu = Gpu::open(&DeviceOptions::default()).await.unwrap();
        let (rows, columns) = (70, 100);
        let values = Noise::new(5).normals(rows * columns, 1.0);
        let mut canary = Canary::new(&gpu, 2, 80);
        for _ in 0..2 {
            for row in sampled(rows) {
                canary.row("w", row, &values[row * columns..][..columns]);
            }
            let mut uploaded = values.clone();
            if let Some(row) = wrong {
                uploaded[row * columns + 50] += 0.02;
            }
            canary.matrix(&Matrix::from_f32(&gpu, Format::F32, &uploaded, columns, 40));
        }
        canary.finish().await
    }

    #[test]
    fn a_wrong_weight_is_refused() {
        pollster::block_on(async {
            check(None).await.unwrap();
            for row in [0, 69] {
                let error = check(Some(row)).await.unwrap_err();
                assert_eq!(error.kind(), "bad_numbers");
                assert!(error.to_string().contains(&format!("row {row} of w ")), "{error}");
            }
        });
    }

    #[test]
    fn sampled_rows_are_in_order_and_reach_both_ends() {
        for rows in [1, 2, 63, 64, 65, 1000, 152_064] {
            let picked: Vec<usize> = sampled(rows).collect();
            assert_eq!((picked[0], picked[picked.len() - 1]), (0, rows - 1));
            assert!(picked.windows(2).all(|pair| pair[0] < pair[1]), "{rows}");
            assert_eq!(picked.len(), rows.min(super::ROWS));
        }
    }
}
