//! `out[t, c] = weight[token[t], c]` (`torch.nn.Embedding`); the token may be the one just sampled on the GPU.

use bytemuck::{Pod, Zeroable};

use super::check::{self, Noise};
use super::step::{NONE, ROW_WGSL, Row};
use super::{Matrix, matvec, source};
use crate::gpu::{Gpu, Grid, Recorder, Tensor};
use crate::protocol::SelfTestResult;
use crate::quant::{BLOCK, Format};

/// The kernel without its fragments.
pub const SHADER: &str = include_str!("../../shaders/embed.wgsl");

#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    blocks: u32,
    columns: u32,
    row_offset: u32,
    rows: u32,
}

/// The whole text for one weight format.
pub fn text(format: Format) -> String {
    [SHADER, ROW_WGSL, &source::weight_fragment(format)].concat()
}

/// Records `out = weight[token]`; `steps` [T] rows, `sampled` [sequences], `out` [T, C padded].
pub fn record(r: &mut Recorder<'_>, weight: &Matrix, steps: &Tensor, sampled: &Tensor, out: &Tensor) {
    assert_eq!(out.dims()[1], weight.blocks() * BLOCK, "embed: out");
    for chunk in &weight.chunks {
        let overrides = source::weight_overrides(chunk.format);
        let kernel = r.gpu().kernel("embed", &text(chunk.format), &overrides);
        let params = Params {
            blocks: weight.blocks() as u32,
            columns: weight.columns as u32,
            row_offset: chunk.first_row as u32,
            rows: chunk.rows as u32,
        };
        let tensors = [&chunk.weight, &chunk.scales, steps, sampled, out];
        r.dispatch(&kernel, &tensors, &params, Grid::by_rows((weight.blocks() * 8).div_ceil(64), 1, 1));
    }
}

/// [T, C].
pub fn reference(weight: &[f32], tokens: &[u32], columns: usize) -> Vec<f64> {
    super::gather::reference(weight, tokens, columns)
}

/// Runs one size against [`reference`]; every third token is taken from `sampled`.
pub async fn check(gpu: &Gpu, format: Format, vocab: usize, columns: usize, chunk: usize) -> SelfTestResult {
    let mut noise = Noise::new((vocab * 59 + columns) as u64);
    let (weight, values) = matvec::matrix(gpu, format, 17, vocab, columns, chunk);
    let tokens: Vec<u32> = (0..13).map(|_| (noise.bits() % vocab as u64) as u32).collect();
    let want = reference(&values, &tokens, columns);
    let rows: Vec<Row> = (0u32..)
        .zip(&tokens)
        .map(|(t, token)| Row { token: if t % 3 == 1 { NONE } else { *token }, sampled: t, ..Row::IDLE })
        .collect();
    let steps = gpu.upload("steps", &rows, &[rows.len(), 8]);
    let sampled = gpu.upload("sampled", &tokens, &[tokens.len()]);
    let k = weight.blocks() * BLOCK;
    let out = gpu.zeros("out", &[rows.len(), k]);
    let name = format!("embed {} [{vocab}, {columns}]", format.name());
    let record = |r: &mut Recorder<'_>| record(r, &weight, &steps, &sampled, &out);
    let case = check::Case { name, tolerance: check::F32, extent: rows.len().into() };
    let pick = |v: &[f32]| check::without_padding(v, k, columns, rows.len());
    check::check(gpu, case, &[&out], record, pick, &want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpu_matches_reference() {
        let gpu = check::testing::gpu();
        let mut results = Vec::new();
        for format in Format::ALL {
            for (vocab, columns, chunk) in [(1, 1, 2), (131, 56, 1000), (301, 612, 44)] {
                results.push(pollster::block_on(check(&gpu, format, vocab, columns, chunk)));
            }
        }
        check::testing::assert_passed(&results);
    }
}
