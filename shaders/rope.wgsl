// The second half of qkv for many rows: add the bias, rotate q and k by position, store k and v in their page.
// One invocation a pair of elements.
override GROUP_SIZE: u32 = 64u;
override KV_F16: bool = true;
struct Params { heads: u32, kv_heads: u32, half_dim: u32, q_stride: u32, bias_offset: u32, qkv_stride: u32 }
@group(0) @binding(0) var<storage, read> qkv: array<vec2<f32>>;        // [T, (H + 2 G) D / 2], as the matrix product left it
@group(0) @binding(1) var<storage, read> norm_bias: array<f32>;        // [K] norm weight, then [N] bias
@group(0) @binding(2) var<storage, read> rope_table: array<vec2<f32>>; // [positions, D/2] (cos, sin)
@group(0) @binding(3) var<storage, read> steps: array<Row>;            // [T]
@group(0) @binding(4) var<storage, read_write> q: array<vec2<f32>>;    // [T, q_stride / 2]
@group(0) @binding(5) var<storage, read_write> kv: array<u32>;         // [pages, 2, G, 16, D/2] f16 pairs, or f32 twice that
@group(0) @binding(6) var<uniform> params: Params;

@compute @workgroup_size(GROUP_SIZE)
fn rope(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    if (row >= (params.heads + 2u * params.kv_heads) * params.half_dim) {
        return;
    }
    let bias = params.bias_offset + 2u * row;
    let value = qkv[id.y * (params.qkv_stride / 2u) + row] + vec2<f32>(norm_bias[bias], norm_bias[bias + 1u]);
    store_qkv(row, steps[id.y], id.y, value);
}
