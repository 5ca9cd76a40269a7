// Weights in the planes P4 and P1 (as in weight_q5). Scales (c): for 256 weights a word of f16 (d, n), then a byte s
// and a byte t for each block of 32.
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32 + ceil(K/128)]
@group(0) @binding(1) var<storage, read> scales: array<u32>;         // [N, ceil(K/256), 5]

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

// (d s, -n t): a weight is d s q - n t.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    let at = 5u * (row * ((params.blocks + 7u) / 8u) + block / 8u);
    let parts = scales[at + 1u + block % 8u / 2u] >> (16u * (block % 2u));
    return unpack2x16float(scales[at]) * vec2<f32>(f32(parts & 0xffu), -f32((parts >> 8u) & 0xffu));
}

fn uses_min() -> bool { return true; }
