// Weights in the plane P4 (as in weight_q4). Scales (c): for 256 weights a word of f16 (d, n), then a byte s and a
// byte t for each block of 32.
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32]
@group(0) @binding(1) var<storage, read> scales: array<u32>;         // [N, ceil(K/256), 5]

struct Block { words: vec4<u32> }

fn load_block(row: u32, block: u32) -> Block {
    return Block(weight[row * params.blocks + block]);
}

// Elements 4i..4i+3 of the block, unscaled.
fn unpack(block: Block, i: u32) -> vec4<f32> {
    return vec4<f32>(unpack4xU8((block.words[i % 4u] >> (4u * (i / 4u))) & 0x0f0f0f0fu));
}

// (d s, -n t): a weight is d s q - n t.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    let at = 5u * (row * ((params.blocks + 7u) / 8u) + block / 8u);
    let parts = scales[at + 1u + block % 8u / 2u] >> (16u * (block % 2u));
    return unpack2x16float(scales[at]) * vec2<f32>(f32(parts & 0xffu), -f32((parts >> 8u) & 0xffu));
}

fn uses_min() -> bool { return true; }
