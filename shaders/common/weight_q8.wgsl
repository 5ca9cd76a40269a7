// Weights in the plane P8: 32 signed bytes in two vec4<u32>, word j holding elements 4j..4j+3.
// Scales (a): a word of f16 (d, m) a block; (b): f16 d, two a word.
override HAS_MIN: bool = false;
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32, 2]
@group(0) @binding(1) var<storage, read> scales: array<u32>;         // [N, K/32] (a) or [N, ceil(K/64)] (b)

struct Block { low: vec4<u32>, high: vec4<u32> }

fn load_block(row: u32, block: u32) -> Block {
    let at = (row * params.blocks + block) * 2u;
    return Block(weight[at], weight[at + 1u]);
}

// Elements 4i..4i+3 of the block, unscaled.
fn unpack(block: Block, i: u32) -> vec4<f32> {
    return vec4<f32>(unpack4xI8(select(block.low[i % 4u], block.high[i % 4u], i >= 4u)));
}

// (d, m): a weight is d q + m.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    if (HAS_MIN) {
        return unpack2x16float(scales[row * params.blocks + block]);
    }
    return vec2<f32>(unpack2x16float(scales[row * ((params.blocks + 1u) / 2u) + block / 2u])[block % 2u], 0.0);
}

fn uses_min() -> bool { return HAS_MIN; }
