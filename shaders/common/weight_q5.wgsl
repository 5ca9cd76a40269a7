// Weights in the planes P4 (as in weight_q4) and P1: behind a row's P4, a word for each block holds the fifth bits,
// bit i of byte k that of element 4i+k. Scales (a): a word of f16 (d, m) a block; (b): f16 d, two a word.
override HAS_MIN: bool = false;
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32 + ceil(K/128)]
@group(0) @binding(1) var<storage, read> scales: array<u32>;         // [N, K/32] (a) or [N, ceil(K/64)] (b)

struct Block { words: vec4<u32>, fifth: u32 }

fn load_block(row: u32, block: u32) -> Block {
    let start = row * (params.blocks + (params.blocks + 3u) / 4u);
    return Block(weight[start + block], weight[start + params.blocks + block / 4u][block % 4u]);
}

// Elements 4i..4i+3 of the block, unscaled.
fn unpack(block: Block, i: u32) -> vec4<f32> {
    let low = (block.words[i % 4u] >> (4u * (i / 4u))) & 0x0f0f0f0fu;
    return vec4<f32>(unpack4xU8(low | (((block.fifth >> i) & 0x01010101u) << 4u)));
}

// (d, m): a weight is d q + m.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    if (HAS_MIN) {
        return unpack2x16float(scales[row * params.blocks + block]);
    }
    let d = unpack2x16float(scales[row * ((params.blocks + 1u) / 2u) + block / 2u])[block % 2u];
    return vec2<f32>(d, -16.0 * d);
}

fn uses_min() -> bool { return true; }
