//! ggml's blocks of 256 (ggml-common.h: `block_q4_K`, `block_q5_K`, `block_q6_K`) into planes.
//!
//! In the file, a run of 32 bytes holds the low nibbles of one part of 32 weights and the high nibbles of another;
//! in P4 a block's own halves share bytes. Four bytes at a time are masked, shifted and joined anew.

use super::pack::word;

const LOW: u32 = 0x0f0f_0f0f;

/// Appends a row of `Q4_K`, or with `fifth` of `Q5_K`: f16 d and dmin, twelve bytes of 6-bit scales and minima, with
/// `fifth` 32 bytes of fifth bits, 128 bytes of nibbles.
pub(super) fn pack_q4_q5(bytes: &[u8], fifth: bool, weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let nibbles_at = if fifth { 48 } else { 16 };
    let mut high = Vec::new();
    for block in bytes.chunks_exact(nibbles_at + 128) {
        scales.push(word(&block[..4]));
        let parts: Vec<u8> = (0..8).flat_map(|part| scale_and_min(&block[4..16], part)).collect();
        scales.extend(parts.chunks_exact(4).map(word));
        for part in 0..8 {
            let run = &block[nibbles_at + part / 2 * 32..][..32];
            weight.extend(p4(run, part % 2));
            if fifth {
                let bits = |i: usize| word(&block[16 + 4 * i..][..4]) >> part & 0x0101_0101;
                high.push((0..8).fold(0, |plane, i| plane | bits(i) << i));
            }
        }
    }
    weight.extend(high);
}

/// Appends a row of `Q6_K`: 128 bytes of low nibbles, 64 of upper bits, 16 signed scales, f16 d.
pub(super) fn pack_q6(bytes: &[u8], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let mut high = Vec::new();
    for block in bytes.chunks_exact(210) {
        scales.push(word(&block[208..210]));
        scales.extend(block[192..208].chunks_exact(4).map(word));
        for part in 0..8 {
            let (half, quarter) = (part / 4, part % 4);
            weight.extend(p4(&block[64 * half + 32 * (quarter % 2)..][..32], quarter / 2));
            let bits = |i: usize| word(&block[128 + 32 * half + 4 * i..][..4]) >> (2 * quarter) & 0x0303_0303;
            for j in 0..2 {
                high.push((0..4).fold(0, |plane, i| plane | bits(4 * j + i) << (2 * i)));
            }
        }
    }
    weight.extend(high);
}

/// A block of P4 from the low (0) or high (1) nibbles of 32 bytes.
fn p4(run: &[u8], nibble: usize) -> [u32; 4] {
    let quants = |at: usize| word(&run[at..at + 4]) >> (4 * nibble) & LOW;
    std::array::from_fn(|j| quants(4 * j) | quants(16 + 4 * j) << 4)
}

/// Scale and minimum of one of eight parts, six bits each (ggml-quants.c: `get_scale_min_k4`).
fn scale_and_min(packed: &[u8], part: usize) -> [u8; 2] {
    if part < 4 {
        return [packed[part] & 63, packed[part + 4] & 63];
    }
    let upper = |at: usize| packed[at] >> 6 << 4;
    [packed[part + 4] & 15 | upper(part - 4), packed[part + 4] >> 4 | upper(part)]
}
