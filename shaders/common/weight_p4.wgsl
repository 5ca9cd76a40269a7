// Weights in the plane P4: 32 four-bit numbers in a vec4<u32>, word j holding elements 4j..4j+3 in its low
// nibbles and 16+4j.. in its high nibbles.
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32]

struct Block { words: vec4<u32> }

fn load_block(row: u32, block: u32) -> Block {
    return Block(weight[row * params.blocks + block]);
}

// Elements 4i..4i+3 of the block, unscaled.
fn unpack(block: Block, i: u32) -> vec4<f32> {
    return vec4<f32>(unpack4xU8((block.words[i % 4u] >> (4u * (i / 4u))) & 0x0f0f0f0fu));
}
