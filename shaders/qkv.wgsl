// (q, k, v)[t] = W rms_norm(x[t]) + bias;  q and k rotated by position;  k and v written to their page.
// Rows of W: H D of q, G D of k, G D of v. Within a head of q and k the rows lie so that the two elements a
// rotation mixes, i and i + D/2, are adjacent: a pair of rows (common/pair_dot_*.wgsl) is one rotation.
// q.k does not depend on the order within a head, so q and k stay in it.
override KV_F16: bool = true;
struct Params {
    blocks: u32, pairs: u32, columns: u32, eps: f32, row_offset: u32,
    heads: u32, kv_heads: u32, half_dim: u32, q_stride: u32, zero: u32, // H, G, D/2; q_stride in elements
}
@group(0) @binding(3) var<storage, read> norm_bias: array<f32>;        // [K] norm weight, then [N] bias
@group(0) @binding(4) var<storage, read> rope_table: array<vec2<f32>>; // [positions, D/2] (cos, sin)
@group(0) @binding(5) var<storage, read> steps: array<Row>;            // [T]
@group(0) @binding(6) var<storage, read_write> q: array<vec2<f32>>;    // [T, q_stride / 2]
@group(0) @binding(7) var<storage, read_write> kv: array<u32>;         // [pages, 2, G, 16, D/2] f16 pairs, or f32 twice that
@group(0) @binding(8) var<uniform> params: Params;

fn norm_weight(i: u32) -> vec4<f32> {
    return vec4<f32>(norm_bias[4u * i], norm_bias[4u * i + 1u], norm_bias[4u * i + 2u], norm_bias[4u * i + 3u]);
}

fn store_pair(pair: u32, token: u32, sum: vec2<f32>) {
    let row = params.row_offset / 2u + pair;                           // in pairs of rows
    let bias = params.blocks * 32u + 2u * row;
    let product = as_rounded(sum, params.zero);
    store_qkv(row, steps[token], token, product + vec2<f32>(norm_bias[bias], norm_bias[bias + 1u]));
}
