//! One row of weights: out of a file, into planes, and back for tests.

use half::{bf16, f16};

use super::{BLOCK, DType, Format};

/// Values of one row as stored in a file. `bytes` must be exactly one row.
pub fn decode_row(dtype: DType, bytes: &[u8]) -> Vec<f32> {
    let half_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    match dtype {
        DType::F32 => bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
        DType::F16 => (0..bytes.len() / 2).map(|i| f16::from_bits(half_at(2 * i)).to_f32()).collect(),
        DType::BF16 => (0..bytes.len() / 2).map(|i| bf16::from_bits(half_at(2 * i)).to_f32()).collect(),
        DType::Q4_0 => {
            let mut values = Vec::with_capacity(bytes.len() / 18 * BLOCK);
            for block in bytes.chunks_exact(18) {
                let d = f16::from_le_bytes([block[0], block[1]]).to_f32();
                values.extend(block[2..].iter().map(|q| (f32::from(q & 15) - 8.0) * d));
                values.extend(block[2..].iter().map(|q| (f32::from(q >> 4) - 8.0) * d));
            }
            values
        }
        DType::Q4_1 => {
            let mut values = Vec::with_capacity(bytes.len() / 20 * BLOCK);
            for block in bytes.chunks_exact(20) {
                let d = f16::from_le_bytes([block[0], block[1]]).to_f32();
                let m = f16::from_le_bytes([block[2], block[3]]).to_f32();
                values.extend(block[4..].iter().map(|q| f32::from(q & 15) * d + m));
                values.extend(block[4..].iter().map(|q| f32::from(q >> 4) * d + m));
            }
            values
        }
        DType::Q8_0 => {
            let mut values = Vec::with_capacity(bytes.len() / 34 * BLOCK);
            for block in bytes.chunks_exact(34) {
                let d = f16::from_le_bytes([block[0], block[1]]).to_f32();
                values.extend(block[2..].iter().map(|&q| f32::from(q.cast_signed()) * d));
            }
            values
        }
    }
}

/// Appends one row, `bytes` of type `dtype` with `columns` elements, to the planes of `format`.
/// Lossless where `format` is [`Format::lossless`] of `dtype`, else rounded to the nearest.
pub fn pack_row(
    format: Format,
    dtype: DType,
    bytes: &[u8],
    columns: usize,
    weight: &mut Vec<u32>,
    scales: &mut Vec<u32>,
) {
    let weight_end = weight.len() + format.weight_words(columns);
    let scales_end = scales.len() + format.scale_words(columns);
    match (format, dtype) {
        (Format::Q4 { min: false }, DType::Q4_0) => copy_blocks(bytes, 18, weight, scales),
        (Format::Q4 { min: true }, DType::Q4_1) => {
            // The file's scale and minimum, in this order, are a word of scales (a).
            for block in bytes.chunks_exact(20) {
                scales.push(word(&block[..4]));
                weight.extend(block[4..].chunks_exact(4).map(word));
            }
        }
        (Format::Q8 { min: false }, DType::Q8_0) => copy_blocks(bytes, 34, weight, scales),
        (Format::Q8 { min: false }, DType::Q4_0) => widen_blocks(bytes, weight, scales),
        (Format::F32, DType::F32) | (Format::F16, DType::F16) | (Format::BF16, DType::BF16) => {
            weight.extend(bytes.chunks(4).map(word));
        }
        _ => encode_row(format, &decode_row(dtype, bytes), weight, scales),
    }
    weight.resize(weight_end, 0);
    scales.resize(scales_end, 0);
}

/// Up to four bytes, little end first.
fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

fn copy_blocks(bytes: &[u8], block_bytes: usize, weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let mut halves = Vec::with_capacity(bytes.len() / block_bytes);
    for block in bytes.chunks_exact(block_bytes) {
        halves.push(u16::from_le_bytes([block[0], block[1]]));
        weight.extend(block[2..].chunks_exact(4).map(word));
    }
    push_halves(&halves, scales);
}

/// Q4_0 into P8 without loss, for matrices joined from parts of both types.
fn widen_blocks(bytes: &[u8], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
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

fn push_halves(halves: &[u16], words: &mut Vec<u32>) {
    let pair = |pair: &[u16]| u32::from(pair[0]) | u32::from(pair.get(1).copied().unwrap_or(0)) << 16;
    words.extend(halves.chunks(2).map(pair));
}

fn encode_row(format: Format, values: &[f32], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    match format {
        Format::F32 => weight.extend(values.iter().map(|value| value.to_bits())),
        Format::F16 => {
            let halves: Vec<u16> = values.iter().map(|&value| f16::from_f32(value).to_bits()).collect();
            push_halves(&halves, weight);
        }
        Format::BF16 => {
            let halves: Vec<u16> = values.iter().map(|&value| bf16::from_f32(value).to_bits()).collect();
            push_halves(&halves, weight);
        }
        Format::Q4 { min } | Format::Q8 { min } => {
            let bits = if matches!(format, Format::Q4 { .. }) { 4 } else { 8 };
            let mut halves = Vec::new();
            for chunk in values.chunks(BLOCK) {
                let mut block = [0.0; BLOCK];
                block[..chunk.len()].copy_from_slice(chunk);
                let (d, m, quants) = quantize_block(&block, bits, min);
                halves.push(d.to_bits());
                if min {
                    halves.push(m.to_bits());
                }
                for j in 0..bits {
                    weight.push(quant_word(&quants, bits, j));
                }
            }
            push_halves(&halves, scales);
        }
    }
}

fn quant_word(quants: &[i32; BLOCK], bits: usize, j: usize) -> u32 {
    (0..4).fold(0, |word, byte| {
        let e = 4 * j + byte;
        let value = if bits == 4 {
            (quants[e] | quants[e + 16] << 4).cast_unsigned()
        } else {
            quants[e].cast_unsigned() & 0xff
        };
        word | value << (8 * byte)
    })
}

/// Rounds a block to `bits` bits: (d, m, quants) with value ~ d q + m, or the symmetric forms of ggml's
/// `quantize_row_q4_0` and `quantize_row_q8_0` without minimum.
fn quantize_block(block: &[f32; BLOCK], bits: usize, min: bool) -> (f16, f16, [i32; BLOCK]) {
    let largest = block.iter().fold(0.0f32, |a, &b| if b.abs() > a.abs() { b } else { a });
    let (d, m, low, high, shift) = if min {
        let low = block.iter().copied().fold(f32::INFINITY, f32::min);
        let high = block.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (levels, first) = if bits == 4 { (15.0, 0) } else { (255.0, -128) };
        let d = f16::from_f32((high - low) / levels);
        let m = f16::from_f32(low - d.to_f32() * first as f32);
        (d, m, first, first + levels as i32, 0.0)
    } else if bits == 4 {
        (f16::from_f32(largest / -8.0), f16::ZERO, 0, 15, 8.0)
    } else {
        (f16::from_f32(largest.abs() / 127.0), f16::ZERO, -127, 127, 0.0)
    };
    let step = d.to_f32();
    let inverse = if step == 0.0 { 0.0 } else { 1.0 / step };
    let quant = |value: f32| ((value - m.to_f32()) * inverse + shift).round() as i32;
    (d, m, block.map(|value| quant(value).clamp(low, high)))
}

fn scaled(q: f32, zero: f32, min: bool, block: usize, scales: &[u32]) -> f32 {
    let half = |i: usize| f16::from_bits((scales[i / 2] >> (16 * (i % 2))) as u16).to_f32();
    if min { half(2 * block) * q + half(2 * block + 1) } else { half(block) * (q - zero) }
}

/// What the shaders make of one row of planes; the reference of their unpacking.
pub fn unpack_row(format: Format, columns: usize, weight: &[u32], scales: &[u32]) -> Vec<f32> {
    let half = |words: &[u32], i: usize| (words[i / 2] >> (16 * (i % 2))) as u16;
    let float = |bits: u16| f16::from_bits(bits).to_f32();
    let value = |column: usize| {
        let (block, e) = (column / BLOCK, column % BLOCK);
        match format {
            Format::F32 => f32::from_bits(weight[column]),
            Format::F16 => float(half(weight, column)),
            Format::BF16 => bf16::from_bits(half(weight, column)).to_f32(),
            Format::Q4 { min } => {
                let q = weight[4 * block + e % 16 / 4] >> (8 * (e % 4) + 4 * (e / 16)) & 15;
                scaled(q as f32, 8.0, min, block, scales)
            }
            Format::Q8 { min } => {
                let q = (weight[8 * block + e / 4] >> (8 * (e % 4))) as u8;
                scaled(f32::from(q.cast_signed()), 0.0, min, block, scales)
            }
        }
    };
    (0..columns).map(value).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file_row(dtype: DType, seed: u64, columns: usize) -> Vec<u8> {
        let bytes = dtype.row_bytes(columns).expect("whole blocks");
        let mut state = seed;
        let mut row: Vec<u8> = (0..bytes)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        // Keep exponents away from NaN: equality of NaN would tell nothing.
        let (_, block) = dtype.block();
        for chunk in row.chunks_mut(block) {
            match dtype {
                DType::F32 => chunk[3] &= 0x3f,
                DType::Q4_1 => {
                    chunk[1] &= 0x3f;
                    chunk[3] &= 0x3f;
                }
                _ => chunk[1] &= 0x3f,
            }
        }
        row
    }

    proptest! {
        #[test]
        fn file_types_are_packed_without_loss(seed: u64, blocks in 1usize..6) {
            for dtype in [DType::F32, DType::F16, DType::BF16, DType::Q4_0, DType::Q4_1, DType::Q8_0] {
                let columns = blocks * BLOCK;
                let row = file_row(dtype, seed, columns);
                let format = Format::lossless(dtype);
                let (mut weight, mut scales) = (Vec::new(), Vec::new());
                pack_row(format, dtype, &row, columns, &mut weight, &mut scales);
                prop_assert_eq!(weight.len(), format.weight_words(columns));
                prop_assert_eq!(scales.len(), format.scale_words(columns));
                prop_assert_eq!(unpack_row(format, columns, &weight, &scales), decode_row(dtype, &row));
            }
        }

        #[test]
        fn four_bits_fit_eight(seed: u64) {
            let row = file_row(DType::Q4_0, seed, 96);
            let (mut weight, mut scales) = (Vec::new(), Vec::new());
            pack_row(Format::Q8 { min: false }, DType::Q4_0, &row, 96, &mut weight, &mut scales);
            let got = unpack_row(Format::Q8 { min: false }, 96, &weight, &scales);
            prop_assert_eq!(got, decode_row(DType::Q4_0, &row));
        }

        #[test]
        fn quantising_errs_by_at_most_half_a_step(
            values in prop::collection::vec(-4.0f32..4.0, 1..100),
            offset in -2.0f32..2.0,
        ) {
            let values: Vec<f32> = values.iter().map(|v| v + offset).collect();
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            for format in [Format::Q4 { min: true }, Format::Q4 { min: false }, Format::Q8 { min: true }, Format::Q8 { min: false }] {
                let (mut weight, mut scales) = (Vec::new(), Vec::new());
                pack_row(format, DType::F32, &bytes, values.len(), &mut weight, &mut scales);
                let back = unpack_row(format, values.len(), &weight, &scales);
                for (block, (got, want)) in back.chunks(BLOCK).zip(values.chunks(BLOCK)).enumerate() {
                    let largest = want.iter().fold(0.0f32, |a, b| a.max(b.abs()));
                    // The block is padded with zeros, which count for the range.
                    let step = match format {
                        Format::Q4 { min: true } => (2.0 * largest) / 15.0,
                        // The side opposite to the largest value has one level less.
                        Format::Q4 { min: false } => 2.0 * largest / 8.0,
                        Format::Q8 { min: true } => 2.0 * largest / 255.0,
                        _ => largest / 127.0,
                    };
                    // f16 scales are off by up to 2^-11 of 15 (or 255) steps, the minimum by 2^-11 of itself.
                    let tolerance = step * 0.52 + largest * 0.002;
                    for (g, w) in got.iter().zip(want) {
                        prop_assert!((g - w).abs() <= tolerance, "{format:?} block {block}: {g} for {w}");
                    }
                }
            }
        }
    }

    #[test]
    fn odd_columns_are_padded() {
        let bytes: Vec<u8> = [1.0f32, -2.0, 3.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        for format in Format::ALL {
            let (mut weight, mut scales) = (Vec::new(), Vec::new());
            pack_row(format, DType::F32, &bytes, 3, &mut weight, &mut scales);
            assert_eq!(
                (weight.len(), scales.len()),
                (format.weight_words(3), format.scale_words(3)),
                "{format:?}"
            );
        }
    }
}
