//! Models of a named shape with seeded random weights, for measuring speed where no file is at hand.

use half::f16;

use super::{Architecture, Config, RopeScaling};
use crate::error::{Error, Result};
use crate::quant::{BLOCK, DType};

/// Names of the shapes there are.
pub const SHAPES: [&str; 4] = ["tiny", "qwen2-0.5b", "qwen2-1.5b", "qwen2-7b"];

/// The configuration of a named shape; the sizes are those of the published models.
pub fn random_config(shape: &str) -> Result<Config> {
    let (hidden_size, layers, heads, kv_heads, intermediate_size, vocab_size, tied) = match shape {
        "tiny" => (192, 6, 6, 2, 512, 1280, true),
        "qwen2-0.5b" => (896, 24, 14, 2, 4864, 151_936, true),
        "qwen2-1.5b" => (1536, 28, 12, 2, 8960, 151_936, true),
        "qwen2-7b" => (3584, 28, 28, 4, 18944, 152_064, false),
        other => {
            return Err(Error::BadRequest(format!("no shape is called {other}, expected one of {SHAPES:?}")));
        }
    };
    Ok(Config {
        architecture: Architecture::Qwen2,
        rope_interleave: false,
        hidden_size,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: kv_heads,
        head_dim: hidden_size / heads,
        intermediate_size,
        vocab_size,
        rms_norm_eps: 1e-6,
        rope_theta: 1e6,
        rope_scaling: RopeScaling::None,
        max_position_embeddings: 32768,
        tie_word_embeddings: tied,
    })
}

fn hash(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Bytes of one row of a random tensor: Q4_0 for matrices, f32 for vectors (norms near 1, biases near 0).
pub(super) fn row_bytes(seed: u64, name: &str, row: usize, columns: usize, dtype: DType) -> Vec<u8> {
    let stream = name.bytes().fold(seed, |h, byte| hash(h ^ u64::from(byte)).wrapping_add(0x9e37_79b9));
    let mut state = hash(stream ^ (row as u64) << 20);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        hash(state)
    };
    if dtype == DType::F32 {
        let middle = if name.ends_with("bias") { 0.0 } else { 1.0 };
        let value = |bits: u64| middle + ((bits >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 0.2;
        return (0..columns).flat_map(|_| value(next()).to_le_bytes()).collect();
    }
    // Nibbles spread over -8..7 have a deviation of 4.6; keep products of unit variance.
    let d = f16::from_f32(1.0 / (4.6 * (columns as f32).sqrt()));
    let mut out = Vec::with_capacity(columns / BLOCK * 18);
    for _ in 0..columns / BLOCK {
        out.extend(d.to_le_bytes());
        out.extend(next().to_le_bytes());
        out.extend(next().to_le_bytes());
    }
    out
}
