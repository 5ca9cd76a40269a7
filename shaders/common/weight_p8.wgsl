// Weights in the plane P8: 32 signed bytes in two vec4<u32>, word j holding elements 4j..4j+3.
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32, 2]

struct Block { low: vec4<u32>, high: vec4<u32> }

fn load_block(row: u32, block: u32) -> Block {
    let at = (row * params.blocks + block) * 2u;
    return Block(weight[at], weight[at + 1u]);
}

// Elements 4i..4i+3 of the block, unscaled.
fn unpack(block: Block, i: u32) -> vec4<f32> {
    return vec4<f32>(unpack4xI8(select(block.low[i % 4u], block.high[i % 4u], i >= 4u)));
}
