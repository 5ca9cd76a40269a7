// Weights in the planes P4 (as in weight_p4) and P2: behind a row's P4, two words for each block hold the fifth and
// sixth bits, bits 2i and 2i+1 of byte k of word j those of element 16j+4i+k. Scales (d): for 256 weights a word with
// f16 d, then a signed byte s for every 16; s belongs to half a block, so it is part of what is unpacked.
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32 + ceil(K/64)]
@group(0) @binding(1) var<storage, read> scales: array<u32>;         // [N, ceil(K/256), 5]

struct Block { words: vec4<u32>, upper: vec2<u32>, parts: vec2<f32> }

fn load_block(row: u32, block: u32) -> Block {
    let start = row * (params.blocks + (params.blocks + 1u) / 2u);
    let pair = weight[start + params.blocks + block / 2u];
    let at = 5u * (row * ((params.blocks + 7u) / 8u) + block / 8u);
    let parts = unpack4xI8(scales[at + 1u + block % 8u / 2u] >> (16u * (block % 2u)));
    return Block(weight[start + block], select(pair.xy, pair.zw, block % 2u == 1u), vec2<f32>(parts.xy));
}

// Elements 4i..4i+3 of the block, s q: whole numbers below 2^13, so nothing is rounded.
fn unpack(block: Block, i: u32) -> vec4<f32> {
    let low = (block.words[i % 4u] >> (4u * (i / 4u))) & 0x0f0f0f0fu;
    let high = ((block.upper[i / 4u] >> (2u * (i % 4u))) & 0x03030303u) << 4u;
    return block.parts[i / 4u] * (vec4<f32>(unpack4xU8(low | high)) - 32.0);
}

// (d, m): a weight is d s q + m.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    let at = 5u * (row * ((params.blocks + 7u) / 8u) + block / 8u);
    return vec2<f32>(unpack2x16float(scales[at]).x, 0.0);
}

fn uses_min() -> bool { return false; }
