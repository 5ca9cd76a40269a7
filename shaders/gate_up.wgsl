// out[t, f] = silu(gate) up,  (gate, up) = (gate_proj[f], up_proj[f]) . rms_norm(x[t]),  silu(g) = g / (1 + e^-g)
// Rows lie interleaved (gate 0, up 0, gate 1, ...), so that a pair of rows (common/pair_dot_*.wgsl) makes one output.
struct Params { blocks: u32, pairs: u32, columns: u32, eps: f32, row_offset: u32, rows: u32, out_stride: u32, zero: u32 }
@group(0) @binding(3) var<storage, read> norm: array<vec4<f32>>;       // [K/4]
@group(0) @binding(4) var<storage, read_write> out: array<f32>;        // [T, out_stride]
@group(0) @binding(5) var<uniform> params: Params;

fn norm_weight(i: u32) -> vec4<f32> { return norm[i]; }

fn store_pair(pair: u32, token: u32, sum: vec2<f32>) {
    let row = params.row_offset + 2u * pair;
    if (row < params.rows) {
        out[token * params.out_stride + row / 2u] = sum.x / (1.0 + exp(-sum.x)) * sum.y;
    }
}
