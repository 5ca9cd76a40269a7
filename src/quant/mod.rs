//! Weight formats: from the types found in files to the bit planes the shaders read.
//!
//! Everything here is plain arithmetic on one row at a time, so that a matrix can be repacked while
//! it streams. A row of K columns is padded with zeros to whole blocks of 32.
//!
//! Planes, for block `b` of a row (element `e` is column `32 b + e`):
//! - P4: one `vec4<u32>`; word `j` holds elements `4j..4j+3` in the low nibbles of its bytes and
//!   `16+4j..` in the high nibbles (the order of ggml's Q4_0, so its bytes are copied as they are).
//! - P1, fifth bits: one word; bit `i` of byte `k` is that of element `4i+k`. It lies behind the row's
//!   P4, padded to whole `vec4<u32>`.
//! - P2, fifth and sixth bits: two words; bits `2i` and `2i+1` of byte `k` of word `j` are those of
//!   element `16j+4i+k`. They lie behind the row's P4, padded likewise.
//! - P8: two `vec4<u32>`; word `j` holds elements `4j..4j+3` as signed bytes (the order of Q8_0).
//! - F16, BF16: word `j` holds elements `2j` (low half) and `2j+1`; F32: one word an element.
//!
//! Scales:
//! - (a) one word a block, f16 `d` in the low half and f16 `m` in the high half; weight = `d q + m`.
//! - (b) f16 `d` alone, two blocks a word, rows padded to whole words; weight = `d (q - 8)` for P4,
//!   `d (q - 16)` with P1, `d q` for P8.
//! - (c) five words for 256 weights: f16 `d` and `n`, then a byte `s` and a byte `t` for each block;
//!   weight = `d s q - n t`.
//! - (d) five words for 256 weights: f16 `d`, then a signed byte `s` for every 16; weight = `d s (q - 32)`.
//! - (e) one f32 for 64 weights; weight = `d NF4[q]`.
//!
//! Unquantised formats carry the single scale 1.

mod blocks;
mod encode;
mod format;
mod k_blocks;
mod nf4;
mod pack;

pub use format::{BLOCK, DType, Format};
pub use nf4::NF4;
pub use pack::{decode_row, pack_row, unpack_row};
