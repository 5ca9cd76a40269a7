// Weights in the planes P4 (as in weight_p4) and P1: behind a row's P4, a word for each block holds the fifth bits,
// bit i of byte k that of element 4i+k.
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32 + ceil(K/128)]

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
