// Weights in the plane P4 (as in weight_p4), indices into the sixteen values of bitsandbytes' NormalFloat. Scales (e):
// an f32 for 64 weights.
@group(0) @binding(0) var<storage, read> weight: array<vec4<u32>>;   // [N, K/32]
@group(0) @binding(1) var<storage, read> scales: array<f32>;         // [N, ceil(K/64)]

struct Block { words: vec4<u32> }

fn load_block(row: u32, block: u32) -> Block {
    return Block(weight[row * params.blocks + block]);
}

// Elements 4i..4i+3 of the block, unscaled. Chosen bit by bit: a table that is indexed would lie in slow memory.
fn unpack(block: Block, i: u32) -> vec4<f32> {
    let q = unpack4xU8((block.words[i % 4u] >> (4u * (i / 4u))) & 0x0f0f0f0fu);
    let bit0 = (q & vec4<u32>(1u)) != vec4<u32>(0u);
    let bit1 = (q & vec4<u32>(2u)) != vec4<u32>(0u);
    let bit2 = (q & vec4<u32>(4u)) != vec4<u32>(0u);
    let bit3 = (q & vec4<u32>(8u)) != vec4<u32>(0u);
    let v0 = select(vec4<f32>(-1.0), vec4<f32>(-0.69619280), bit0);
    let v2 = select(vec4<f32>(-0.52507305), vec4<f32>(-0.39491749), bit0);
    let v4 = select(vec4<f32>(-0.28444138), vec4<f32>(-0.18477343), bit0);
    let v6 = select(vec4<f32>(-0.091050036), vec4<f32>(0.0), bit0);
    let v8 = select(vec4<f32>(0.079580300), vec4<f32>(0.16093020), bit0);
    let v10 = select(vec4<f32>(0.24611230), vec4<f32>(0.33791524), bit0);
    let v12 = select(vec4<f32>(0.44070983), vec4<f32>(0.56261700), bit0);
    let v14 = select(vec4<f32>(0.72295684), vec4<f32>(1.0), bit0);
    let low = select(select(v0, v2, bit1), select(v4, v6, bit1), bit2);
    let high = select(select(v8, v10, bit1), select(v12, v14, bit1), bit2);
    return select(low, high, bit3);
}

// (d, m): a weight is d q + m.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    return vec2<f32>(scales[row * ((params.blocks + 1u) / 2u) + block / 2u], 0.0);
}

fn uses_min() -> bool { return false; }
