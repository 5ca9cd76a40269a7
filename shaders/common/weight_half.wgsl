// Unquantised 16-bit weights, two a word: IEEE half, or bfloat16, which is the upper half of an f32.
override BF16: bool = false;
@group(0) @binding(0) var<storage, read> weight: array<vec2<u32>>;   // [N, K/4]
@group(0) @binding(1) var<storage, read> scales: array<f32>;         // [1]: one scale for the whole matrix

struct Block { at: u32 }

fn load_block(row: u32, block: u32) -> Block {
    return Block((row * params.blocks + block) * 8u);
}

// Elements 4i..4i+3 of the block, unscaled.
fn unpack(block: Block, i: u32) -> vec4<f32> {
    let words = weight[block.at + i];
    if (BF16) {
        return bitcast<vec4<f32>>(vec4<u32>(
            words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
    }
    return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}

// (d, m): a weight is d q + m.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    return vec2<f32>(scales[0], 0.0);
}

fn uses_min() -> bool { return false; }
