//! ggml's blocks of 256 (ggml-common.h: `block_q4_K`, `block_q5_K`, `block_q6_K`) into planes.
//!
//! In the file, a run of 32 bytes holds the low nibbles of one part of 32 weights and the high nibbles of another;
//! in P4 a block's own halves share bytes. Words of four bytes are masked, shifted and joined anew.

use super::pack::word;

const LOW: u32 = 0x0f0f_0f0f;

/// Appends a row of `Q4_K`, or with `fifth` of `Q5_K`: f16 d and dmin, twelve bytes of 6-bit scales and minima, with
/// `fifth` 32 bytes of fifth bits, 128 bytes of nibbles.
pub(super) fn pack_q4_q5(bytes: &[u8], fifth: bool, weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let block_bytes = if fifth { 176 } else { 144 };
    let mut high = Vec::new();
    for block in bytes.chunks_exact(block_bytes) {
        let block = block.as_chunks().0;
        scales.push(u32::from_le_bytes(block[0]));
        let packed = block[1..4].as_flattened();
        for part in [0, 2, 4, 6] {
            let ([s, t], [s_next, t_next]) = (scale_and_min(packed, part), scale_and_min(packed, part + 1));
            scales.push(u32::from_le_bytes([s, t, s_next, t_next]));
        }
        let nibbles = words::<32>(&block[block.len() - 32..]);
        for run in nibbles.as_chunks().0 {
            weight.extend(p4(run).as_flattened());
        }
        if fifth {
            let fifths = words::<8>(&block[4..12]);
            high.extend((0..8).map(|part| {
                fifths.iter().rev().fold(0, |plane, bits| plane << 1 | bits >> part & 0x0101_0101)
            }));
        }
    }
    weight.extend(high);
}

/// Appends a row of `Q6_K`: 128 bytes of low nibbles, 64 of upper bits, 16 signed scales, f16 d.
pub(super) fn pack_q6(bytes: &[u8], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let mut high = Vec::new();
    for block in bytes.chunks_exact(210) {
        let (block, d) = block.as_chunks();
        scales.push(word(d));
        scales.extend(words::<4>(&block[48..52]));
        let nibbles = words::<32>(&block[..32]);
        for runs in nibbles.as_chunks::<8>().0.as_chunks::<2>().0 {
            // The high nibbles of the first run are the third part of 32.
            let ([first, third], [second, fourth]) = (p4(&runs[0]), p4(&runs[1]));
            weight.extend([first, second, third, fourth].as_flattened());
        }
        let upper = words::<16>(&block[32..48]);
        for half in upper.as_chunks::<8>().0 {
            for quarter in 0..4 {
                high.extend(half.as_chunks::<4>().0.iter().map(|four| {
                    let bits = |bits: &u32| bits >> (2 * quarter) & 0x0303_0303;
                    four.iter().rev().fold(0, |plane, word| plane << 2 | bits(word))
                }));
            }
        }
    }
    weight.extend(high);
}

/// Little-endian words; there are `N`.
fn words<const N: usize>(bytes: &[[u8; 4]]) -> [u32; N] {
    std::array::from_fn(|index| u32::from_le_bytes(bytes[index]))
}

/// Two blocks of P4: of the low nibbles of 32 bytes, and of the high ones.
fn p4(run: &[u32; 8]) -> [[u32; 4]; 2] {
    [0, 4].map(|shift| {
        let quants = |j: usize| run[j] >> shift & LOW;
        std::array::from_fn(|j| quants(j) | quants(4 + j) << 4)
    })
}

/// Scale and minimum of one of eight parts, six bits each (ggml-quants.c: `get_scale_min_k4`).
fn scale_and_min(packed: &[u8], part: usize) -> [u8; 2] {
    if part < 4 {
        return [packed[part] & 63, packed[part + 4] & 63];
    }
    let upper = |at: usize| packed[at] >> 6 << 4;
    [packed[part + 4] & 15 | upper(part - 4), packed[part + 4] >> 4 | upper(part)]
}
