// Weights in the plane P4: 32 four-bit numbers in a vec4<u32>, word j holding elements 4j..4j+3 in its low
// nibbles and 16+4j.. in its high nibbles. Scales (a): a word of f16 (d, m) a block; (b): f16 d, two a word.
override HAS_MIN: bool = false;
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32]
@group(0) @binding(1) var<storage, read> scales: array<u32>;         // [N, K/32] (a) or [N, ceil(K/64)] (b)

struct Block { words: vec4<u32> }

fn load_block(row: u32, block: u32) -> Block {
    return Block(weight[row * params.blocks + block]);
}

// Elements 4i..4i+3 of the block, unscaled.
fn unpack(block: Block, i: u32) -> vec4<f32> {
    return vec4<f32>(unpack4xU8((block.words[i % 4u] >> (4u * (i / 4u))) & 0x0f0f0f0fu));
}

// (d, m): a weight is d q + m.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    if (HAS_MIN) {
        return unpack2x16float(scales[row * params.blocks + block]);
    }
    let d = unpack2x16float(scales[row * ((params.blocks + 1u) / 2u) + block / 2u])[block % 2u];
    return vec2<f32>(d, -8.0 * d);
}

fn uses_min() -> bool { return true; }
