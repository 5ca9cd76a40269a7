//! ggml's blocks of 32 (ggml-common.h: `block_q4_0`, `block_q4_1`, `block_q5_0`, `block_q5_1`, `block_q8_0`) into planes.

use super::pack::{push_halves, word};

/// Appends a row whose blocks are an f16 scale, with `min` an f16 minimum, with `fifth` 32 bits, and the plane.
pub(super) fn pack(bytes: &[u8], kind: Block, weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let Block { min, fifth, plane } = kind;
    let plane_at = 2 + 2 * usize::from(min) + 4 * usize::from(fifth);
    let mut halves = Vec::new();
    let mut high = Vec::new();
    for block in bytes.chunks_exact(plane_at + plane) {
        if min {
            scales.push(word(&block[..4]));
        } else {
            halves.push(u16::from_le_bytes([block[0], block[1]]));
        }
        if fifth {
            high.push(fifth_bits(word(&block[plane_at - 4..plane_at])));
        }
        weight.extend(block[plane_at..].as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)));
    }
    push_halves(&halves, scales);
    weight.extend(high);
}

/// What a block of 32 is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// An f16 minimum after the scale.
    pub(super) min: bool,
    /// A word of fifth bits.
    pub(super) fifth: bool,
    /// Bytes of P4 or P8.
    pub(super) plane: usize,
}

/// From the file's order, bit `e` for element `e`, to that of P1.
fn fifth_bits(bits: u32) -> u32 {
    // The product sets four bits of a nibble apart by 7, so that each is the lowest of a byte.
    (0..8).fold(0, |plane, i| plane | ((bits >> (4 * i) & 15).wrapping_mul(0x0020_4081) & 0x0101_0101) << i)
}

/// Q4_0 into P8 without loss, for matrices whose rows of both types lie interleaved.
pub(super) fn widen_q4_0(bytes: &[u8], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let mut halves = Vec::with_capacity(bytes.len() / 18);
    for block in bytes.chunks_exact(18) {
        halves.push(u16::from_le_bytes([block[0], block[1]]));
        let low = block[2..].iter().map(|q| (q & 15).wrapping_sub(8));
        let high = block[2..].iter().map(|q| (q >> 4).wrapping_sub(8));
        let quants: Vec<u8> = low.chain(high).collect();
        weight.extend(quants.chunks_exact(4).map(word));
    }
    push_halves(&halves, scales);
}
