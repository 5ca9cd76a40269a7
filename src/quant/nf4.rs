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
        for block in group[4..].as_chunks::<4>().0.as_chunks::<4>().0 {
            // Eight indices a word, the first one lowest, then four, each in a byte.
            let eights = block.map(|four| {
                let word = u32::from_le_bytes(four);
                (word & 0x0f0f_0f0f) << 4 | word >> 4 & 0x0f0f_0f0f
            });
            let quads = eights.map(|eight| [spread(eight & 0xffff), spread(eight >> 16)]);
            let quads = quads.as_flattened();
            weight.extend((0..4).map(|j| quads[j] | quads[j + 4] << 4));
        }
    }
}

/// Four nibbles, each in a byte of its own.
fn spread(nibbles: u32) -> u32 {
    let pairs = (nibbles | nibbles << 8) & 0x00ff_00ff;
    (pairs | pairs << 4) & 0x0f0f_0f0f
}

/// Appends a row, quantised as `bitsandbytes.functional.quantize_4bit(…, quant_type="nf4", blocksize=64)` does it.
pub(super) fn encode(values: &[f32], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let middles: [f32; 15] = std::array::from_fn(|index| f32::midpoint(NF4[index], NF4[index + 1]));
    for group in values.chunks(GROUP) {
        let largest = group.iter().fold(0.0f32, |a, b| a.max(b.abs()));
        scales.push(largest.to_bits());
        let inverse = 1.0 / largest.max(1e-38);
        let indices: [u32; GROUP] = std::array::from_fn(|e| {
            let value = group.get(e).map_or(0.0, |value| (value * inverse).clamp(-1.0, 1.0));
            // The nearest; of two as near, the lower.
            middles.iter().take_while(|middle| value > **middle).count() as u32
        });
        for block in indices.as_chunks::<32>().0 {
            for j in 0..4 {
                let byte = |k: usize| block[4 * j + k] | block[16 + 4 * j + k] << 4;
                weight.push((0..4).fold(0, |word, k| word | byte(k) << (8 * k)));
            }
        }
    }
}
