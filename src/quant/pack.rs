//! One row of weights: out of a file, into planes, and back for tests.

use half::{bf16, f16};

use super::blocks::{self, Block};
use super::format::SUPER;
use super::nf4::NF4;
use super::{BLOCK, DType, Format, encode, k_blocks, nf4};

/// Values of one row as stored in a file. `bytes` must be exactly one row.
pub fn decode_row(dtype: DType, bytes: &[u8]) -> Vec<f32> {
    let half_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    match dtype {
        DType::F32 => bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
        DType::F16 => (0..bytes.len() / 2).map(|i| f16::from_bits(half_at(2 * i)).to_f32()).collect(),
        DType::BF16 => (0..bytes.len() / 2).map(|i| bf16::from_bits(half_at(2 * i)).to_f32()).collect(),
        DType::U8 => bytes.iter().map(|byte| f32::from(*byte)).collect(),
        _ => {
            let (elements, block_bytes) = dtype.block();
            let columns = bytes.len() / block_bytes * elements;
            let format = Format::lossless(dtype);
            let (mut weight, mut scales) = (Vec::new(), Vec::new());
            pack_row(format, dtype, bytes, columns, &mut weight, &mut scales);
            unpack_row(format, columns, &weight, &scales)
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
    let block = |min, fifth, plane| Block { min, fifth, plane };
    match (format, dtype) {
        (Format::Q4 { min: false }, DType::Q4_0) => {
            blocks::pack(bytes, block(false, false, 16), weight, scales);
        }
        (Format::Q4 { min: true }, DType::Q4_1) => {
            blocks::pack(bytes, block(true, false, 16), weight, scales);
        }
        (Format::Q5 { min: false }, DType::Q5_0) => {
            blocks::pack(bytes, block(false, true, 16), weight, scales);
        }
        (Format::Q5 { min: true }, DType::Q5_1) => {
            blocks::pack(bytes, block(true, true, 16), weight, scales);
        }
        (Format::Q8 { min: false }, DType::Q8_0) => {
            blocks::pack(bytes, block(false, false, 32), weight, scales);
        }
        (Format::Q8 { min: false }, DType::Q4_0) => blocks::widen_q4_0(bytes, weight, scales),
        (Format::Q4K, DType::Q4K) => k_blocks::pack_q4_q5(bytes, false, weight, scales),
        (Format::Q5K, DType::Q5K) => k_blocks::pack_q4_q5(bytes, true, weight, scales),
        (Format::Q6K, DType::Q6K) => k_blocks::pack_q6(bytes, weight, scales),
        (Format::Nf4, DType::Nf4) => nf4::pack(bytes, weight, scales),
        (Format::F32, DType::F32) | (Format::F16, DType::F16) | (Format::BF16, DType::BF16) => {
            weight.extend(bytes.chunks(4).map(word));
        }
        _ => encode::encode(format, &decode_row(dtype, bytes), weight, scales),
    }
    weight.resize(weight_end, 0);
    scales.resize(scales_end, 0);
}

/// Up to four bytes, little end first.
pub(super) fn word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

/// Appends halves, two a word.
pub(super) fn push_halves(halves: &[u16], words: &mut Vec<u32>) {
    let pair = |pair: &[u16]| u32::from(pair[0]) | u32::from(pair.get(1).copied().unwrap_or(0)) << 16;
    words.extend(halves.chunks(2).map(pair));
}

/// What the shaders make of one row of planes; the reference of their unpacking.
pub fn unpack_row(format: Format, columns: usize, weight: &[u32], scales: &[u32]) -> Vec<f32> {
    let half = |words: &[u32], i: usize| (words[i / 2] >> (16 * (i % 2))) as u16;
    let byte = |words: &[u32], i: usize| (words[i / 4] >> (8 * (i % 4))) as u8;
    let float = |i: usize| f16::from_bits(half(scales, i)).to_f32();
    let upper = &weight[(4 * columns.div_ceil(BLOCK)).min(weight.len())..];
    let value = |column: usize| {
        let (block, e) = (column / BLOCK, column % BLOCK);
        let low = || byte(weight, 16 * block + e % 16) >> (4 * (e / 16)) & 15;
        let fifth = || byte(upper, 4 * block + e % 4) >> (e / 4) & 1;
        let fifth_sixth = || byte(upper, 8 * block + e / 16 * 4 + e % 4) >> (e % 16 / 4 * 2) & 3;
        // Of (a) and (b).
        let scaled = |q: f32, zero: f32, min: bool| {
            if min { float(2 * block) * q + float(2 * block + 1) } else { float(block) * (q - zero) }
        };
        // Of (c) and (d): first word, and the bytes behind it.
        let group = 5 * (block / SUPER);
        let parts = |i: usize| byte(&scales[group + 1..], i);
        let scaled_c = |q: u8| {
            let (s, t) = (parts(2 * (block % SUPER)), parts(2 * (block % SUPER) + 1));
            float(2 * group) * f32::from(s) * f32::from(q) - float(2 * group + 1) * f32::from(t)
        };
        match format {
            Format::F32 => f32::from_bits(weight[column]),
            Format::F16 => f16::from_bits(half(weight, column)).to_f32(),
            Format::BF16 => bf16::from_bits(half(weight, column)).to_f32(),
            Format::Q4 { min } => scaled(f32::from(low()), 8.0, min),
            Format::Q5 { min } => scaled(f32::from(low() | fifth() << 4), 16.0, min),
            Format::Q8 { min } => scaled(f32::from(byte(weight, column).cast_signed()), 0.0, min),
            Format::Q4K => scaled_c(low()),
            Format::Q5K => scaled_c(low() | fifth() << 4),
            Format::Q6K => {
                let s = parts(2 * (block % SUPER) + e / 16).cast_signed();
                float(2 * group) * f32::from(s) * (f32::from(low() | fifth_sixth() << 4) - 32.0)
            }
            Format::Nf4 => f32::from_bits(scales[block / 2]) * NF4[usize::from(low())],
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
            let exponents: &[usize] = match dtype {
                DType::F32 | DType::Nf4 => &[3],
                DType::Q4_1 | DType::Q5_1 | DType::Q4K | DType::Q5K => &[1, 3],
                DType::Q6K => &[209],
                _ => &[1],
            };
            for &at in exponents {
                chunk[at] &= 0x3f;
            }
        }
        row
    }

    proptest! {
        // That the values are right is held against the gguf package in tests/it/quant.rs.
        #[test]
        fn file_types_fill_their_planes(seed: u64, blocks in 1usize..6) {
            for dtype in [
                DType::F32, DType::F16, DType::BF16, DType::Q4_0, DType::Q4_1, DType::Q5_0, DType::Q5_1, DType::Q8_0,
                DType::Q4K, DType::Q5K, DType::Q6K, DType::Nf4,
            ] {
                let columns = blocks * dtype.block().0.max(BLOCK);
                let row = file_row(dtype, seed, columns);
                let format = Format::lossless(dtype);
                let (mut weight, mut scales) = (Vec::new(), Vec::new());
                pack_row(format, dtype, &row, columns, &mut weight, &mut scales);
                prop_assert_eq!(weight.len(), format.weight_words(columns));
                prop_assert_eq!(scales.len(), format.scale_words(columns));
                let values = decode_row(dtype, &row);
                prop_assert_eq!(&unpack_row(format, columns, &weight, &scales), &values);
                // An exact copy for matrices whose rows of several types lie interleaved.
                let (mut weight, mut scales) = (Vec::new(), Vec::new());
                pack_row(Format::F32, dtype, &row, columns, &mut weight, &mut scales);
                prop_assert_eq!(unpack_row(Format::F32, columns, &weight, &scales), values);
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
            // The blocks are padded with zeros, which count for their range.
            let largest = |values: &[f32]| values.iter().fold(0.0f32, |a, b| a.max(b.abs()));
            for format in Format::ALL {
                let (mut weight, mut scales) = (Vec::new(), Vec::new());
                pack_row(format, DType::F32, &bytes, values.len(), &mut weight, &mut scales);
                let back = unpack_row(format, values.len(), &weight, &scales);
                for (block, (got, want)) in back.chunks(BLOCK).zip(values.chunks(BLOCK)).enumerate() {
                    let (largest, widest) = (largest(want), largest(&values));
                    let step = match format {
                        Format::Q4 { min: true } => 2.0 * largest / 15.0,
                        Format::Q5 { min: true } => 2.0 * largest / 31.0,
                        // The side opposite to the largest value has one level less.
                        Format::Q4 { min: false } => 2.0 * largest / 8.0,
                        Format::Q5 { min: false } => 2.0 * largest / 16.0,
                        Format::Q8 { min: true } => 2.0 * largest / 255.0,
                        Format::Q8 { min: false } => largest / 127.0,
                        // Scales and minima are rounded to a 255th part of the widest block's, and count up to 31 times.
                        Format::Q4K => 2.0 * (largest + widest * 19.0 / 255.0) / 15.0,
                        Format::Q5K => 2.0 * (largest + widest * 35.0 / 255.0) / 31.0,
                        Format::Q6K => 2.0 * (largest + widest * 32.0 / 127.0) / 32.0,
                        // The widest gap between two of the sixteen values; a group is two blocks.
                        Format::Nf4 => 0.304 * widest,
                        Format::BF16 => largest / 128.0,
                        Format::F16 | Format::F32 => 0.0,
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
