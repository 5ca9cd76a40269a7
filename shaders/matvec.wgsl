// out[t, n] (+)= sum_k weight[n, k] x[t, k]
// A pair of adjacent rows n at a time (common/pair_dot_*.wgsl), BATCH rows t at once.
override ADD: bool = false;                                            // add to what out holds (the residual)
struct Params { blocks: u32, pairs: u32, columns: u32, eps: f32, row_offset: u32, rows: u32, out_stride: u32, zero: u32 }
@group(0) @binding(3) var<storage, read_write> out: array<f32>;        // [T, out_stride]
@group(0) @binding(4) var<uniform> params: Params;

fn norm_weight(i: u32) -> vec4<f32> { return vec4<f32>(1.0); }

fn store_pair(pair: u32, token: u32, sum: vec2<f32>) {
    let product = as_rounded(sum, params.zero);
    for (var i = 0u; i < 2u; i++) { // unroll
        let row = params.row_offset + 2u * pair + i;
        if (row < params.rows) {
            let at = token * params.out_stride + row;
            out[at] = select(product[i], out[at] + product[i], ADD);
        }
    }
}
