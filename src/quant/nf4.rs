//! 4-bit `NormalFloat` (arXiv 2305.14314): indices into 16 values, an f32 scale for 64 weights.

use super::pack::word;

/// Weights that share a scale.
const GROUP: usize = 64;

/// The values (bitsandbytes 0.50, `backends/utils.py`; the paper's appendix E).
pub const NF4: [f32; 16] = [
    -1.0,
    -0.696_192_8,
    -0.525_073_05,
    -0.394_917_5,
    -0.284_441_38,
    -0.184_773_43,
    -0.091_050_036,
    0.0,
    0.079_580_3,
    0.160_930_2,
    0.246_112_3,
    0.337_915_24,
    0.440_709_83,
    0.562_617,
    0.722_956_84,
    1.0,
];

/// Appends a row of groups, each an f32 scale and 32 bytes of which the high nibble comes first.
pub(super) fn pack(bytes: &[u8], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    for group in bytes.chunks_exact(4 + GROUP / 2) {
        scales.push(word(&group[..4]));
        let index = |e: usize| u32::from(group[4 + e / 2] >> (4 - 4 * (e % 2)) & 15);
        push_indices(index, weight);
    }
}

/// Appends a row, quantised as `bitsandbytes.functional.quantize_4bit(…, quant_type="nf4", blocksize=64)` does it.
pub(super) fn encode(values: &[f32], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    for group in values.chunks(GROUP) {
        let largest = group.iter().fold(0.0f32, |a, b| a.max(b.abs()));
        scales.push(largest.to_bits());
        let inverse = 1.0 / largest.max(1e-38);
        let index = |e: usize| {
            let value = group.get(e).map_or(0.0, |value| (value * inverse).clamp(-1.0, 1.0));
            // The nearest; of two as near, the lower.
            NF4.windows(2).take_while(|pair| value > f32::midpoint(pair[0], pair[1])).count() as u32
        };
        push_indices(index, weight);
    }
}

/// Two blocks of P4.
fn push_indices(index: impl Fn(usize) -> u32, weight: &mut Vec<u32>) {
    for first in [0, 32] {
        for j in 0..4 {
            let byte = |k: usize| index(first + 4 * j + k) | index(first + 16 + 4 * j + k) << 4;
            weight.push((0..4).fold(0, |word, k| word | byte(k) << (8 * k)));
        }
    }
}
