//! Rows of f32 rounded into each format: `--quantize` at load, and random matrices for tests.

use half::{bf16, f16};

use super::format::SUPER;
use super::pack::push_halves;
use super::{BLOCK, Format, nf4};

/// Appends one row, rounded to the nearest that `format` holds.
pub(super) fn encode(format: Format, values: &[f32], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
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
        Format::Nf4 => nf4::encode(values, weight, scales),
        Format::Q4 { min } => quantize(values, 4, min, weight, scales),
        Format::Q5 { min } => quantize(values, 5, min, weight, scales),
        Format::Q8 { min } => quantize(values, 8, min, weight, scales),
        Format::Q4K => quantize_c(values, 4, weight, scales),
        Format::Q5K => quantize_c(values, 5, weight, scales),
        Format::Q6K => quantize_d(values, weight, scales),
    }
}

/// Values in blocks of 32, the last one padded with zeros.
fn blocks(values: &[f32]) -> impl Iterator<Item = [f32; BLOCK]> {
    values.chunks(BLOCK).map(|chunk| std::array::from_fn(|e| chunk.get(e).copied().unwrap_or(0.0)))
}

fn quantize(values: &[f32], bits: usize, min: bool, weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let (mut halves, mut high) = (Vec::new(), Vec::new());
    for block in blocks(values) {
        let (d, m, quants) = quantize_block(&block, bits, min);
        halves.push(d.to_bits());
        if min {
            halves.push(m.to_bits());
        }
        if bits == 8 {
            weight.extend(quants.as_chunks().0.iter().map(|four| u32::from_le_bytes(four.map(byte))));
        } else {
            push_planes(&quants, bits, weight, &mut high);
        }
    }
    push_halves(&halves, scales);
    weight.extend(high);
}

/// Rounds a block to `bits` bits: (d, m, quants) with value ~ d q + m, or the symmetric forms of ggml's
/// `quantize_row_q4_0`, `quantize_row_q5_0` and `quantize_row_q8_0` without minimum.
fn quantize_block(block: &[f32; BLOCK], bits: usize, min: bool) -> (f16, f16, [i32; BLOCK]) {
    let half = (1 << bits) / 2;
    let (d, m, low, high, shift) = if min {
        let low = block.iter().copied().fold(f32::INFINITY, f32::min);
        let high = block.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (levels, first) = (2 * half - 1, if bits == 8 { -half } else { 0 });
        let d = f16::from_f32((high - low) / levels as f32);
        let m = f16::from_f32(low - d.to_f32() * first as f32);
        (d, m, first, first + levels, 0)
    } else {
        let largest = largest(block);
        if bits == 8 {
            (f16::from_f32(largest.abs() / 127.0), f16::ZERO, -127, 127, 0)
        } else {
            (f16::from_f32(-largest / half as f32), f16::ZERO, 0, 2 * half - 1, half)
        }
    };
    let inverse = inverse(d.to_f32());
    let quant = |value: f32| ((value - m.to_f32()) * inverse + shift as f32).round() as i32;
    (d, m, block.map(|value| quant(value).clamp(low, high)))
}

/// Scales (c): in a block, steps from its smallest value or zero, if that is smaller, to its largest.
fn quantize_c(values: &[f32], bits: usize, weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let levels = (1 << bits) - 1;
    let mut high = Vec::new();
    for group in values.chunks(BLOCK * SUPER) {
        let range = |block: &[f32; BLOCK]| {
            let low = block.iter().copied().fold(0.0, f32::min);
            let high = block.iter().copied().fold(low, f32::max);
            ((high - low) / levels as f32, -low)
        };
        let ranges: Vec<(f32, f32)> = blocks(group).map(|block| range(&block)).collect();
        let d = f16::from_f32(ranges.iter().fold(0.0f32, |a, b| a.max(b.0)) / 255.0);
        let n = f16::from_f32(ranges.iter().fold(0.0f32, |a, b| a.max(b.1)) / 255.0);
        let mut bytes = [0; 2 * SUPER];
        for (part, (block, (step, low))) in blocks(group).zip(ranges).enumerate() {
            let share =
                |value: f32, unit: f16| byte(((value * inverse(unit.to_f32())).round() as i32).min(255));
            let (s, t) = (share(step, d), share(low, n));
            (bytes[2 * part], bytes[2 * part + 1]) = (s, t);
            let (step, low) = (inverse(d.to_f32() * f32::from(s)), n.to_f32() * f32::from(t));
            let quants = block.map(|value| (((value + low) * step).round() as i32).clamp(0, levels));
            push_planes(&quants, bits, weight, &mut high);
        }
        scales.push(u32::from(d.to_bits()) | u32::from(n.to_bits()) << 16);
        scales.extend(bytes.as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)));
    }
    weight.extend(high);
}

/// Scales (d): in every 16 weights the largest, with its sign, becomes -32.
fn quantize_d(values: &[f32], weight: &mut Vec<u32>, scales: &mut Vec<u32>) {
    let mut high = Vec::new();
    for group in values.chunks(BLOCK * SUPER) {
        let steps: Vec<f32> =
            blocks(group).flat_map(|block| [0, 16].map(|at| largest(&block[at..at + 16]) / -32.0)).collect();
        let d = f16::from_f32(largest(&steps).abs() / 127.0).to_f32();
        let mut bytes = [0; 2 * SUPER];
        for (byte, step) in bytes.iter_mut().zip(&steps) {
            *byte = (step * inverse(d)).round().clamp(-128.0, 127.0) as i8;
        }
        for (part, block) in blocks(group).enumerate() {
            let quants = std::array::from_fn(|e| {
                let step = inverse(d * f32::from(bytes[2 * part + e / 16]));
                ((block[e] * step).round() as i32).clamp(-32, 31) + 32
            });
            push_planes(&quants, 6, weight, &mut high);
        }
        scales.push(u32::from(f16::from_f32(d).to_bits()));
        scales.extend(
            bytes.as_chunks().0.iter().map(|four: &[i8; 4]| u32::from_le_bytes(four.map(i8::cast_unsigned))),
        );
    }
    weight.extend(high);
}

/// The value that is largest without its sign.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0f32, |a, &b| if b.abs() > a.abs() { b } else { a })
}

/// The lowest byte, two's complement.
fn byte(q: i32) -> u8 {
    q.to_le_bytes()[0]
}

fn inverse(step: f32) -> f32 {
    if step == 0.0 { 0.0 } else { 1.0 / step }
}

/// Low nibbles as P4; the fifth bits as P1, or fifth and sixth as P2, into `high`.
fn push_planes(quants: &[i32; BLOCK], bits: usize, weight: &mut Vec<u32>, high: &mut Vec<u32>) {
    let quant = |e: usize| quants[e].cast_unsigned();
    let low = |e: usize| quant(e) & 15;
    for j in 0..4 {
        let byte = |k: usize| low(4 * j + k) | low(16 + 4 * j + k) << 4;
        weight.push((0..4).fold(0, |word, k| word | byte(k) << (8 * k)));
    }
    let width = bits - 4;
    for j in 0..width {
        let each = BLOCK / width;
        let upper = |e: usize| quant(each * j + e) >> 4 << (8 * (e % 4) + e / 4 * width);
        high.push((0..each).fold(0, |word, e| word | upper(e)));
    }
}
