// logits[t, v] = sum_k weight[v, k] rms_norm(x[t])[k]
// A pair of adjacent rows v at a time (common/pair_dot_*.wgsl), BATCH rows t at once; the final norm is folded in.
struct Params { blocks: u32, pairs: u32, columns: u32, eps: f32, row_offset: u32, rows: u32, out_stride: u32, zero: u32 }
@group(0) @binding(3) var<storage, read> norm: array<vec4<f32>>;       // [K/4]
@group(0) @binding(4) var<storage, read_write> logits: array<f32>;     // [T, out_stride]
@group(0) @binding(5) var<uniform> params: Params;

fn norm_weight(i: u32) -> vec4<f32> { return norm[i]; }

fn store_pair(pair: u32, token: u32, sum: vec2<f32>) {
    for (var i = 0u; i < 2u; i++) { // unroll
        let row = params.row_offset + 2u * pair + i;
        if (row < params.rows) {
            logits[token * params.out_stride + row] = sum[i];
        }
    }
}
