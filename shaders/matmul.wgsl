// out[t, n] (+)= sum_k weight[n, k] x[t, k]   for many rows t
// A workgroup makes a tile of 64 n by 64 t, a block of 32 k at a time; an invocation 4 by 4 of it.
override ADD: bool = false;                                                // add to what out holds (the residual)
struct Params { blocks: u32, rows: u32, row_offset: u32, out_stride: u32, chunk_rows: u32 }
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;              // [T, K/4], T a multiple of 64
@group(0) @binding(3) var<storage, read_write> out: array<f32>;            // [T, out_stride]
@group(0) @binding(4) var<uniform> params: Params;

var<workgroup> weight_tile: array<f32, 2048>;                              // [32 k, 64 n]
var<workgroup> x_tile: array<f32, 2048>;                                   // [32 k, 64 t]

@compute @workgroup_size(256)
fn matmul(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let first_row = group.x * 64u;
    let first_token = group.y * 64u;
    let n = (local % 16u) * 4u;
    let t = (local / 16u) * 4u;
    var sums = array<vec4<f32>, 4>();
    for (var block = 0u; block < params.blocks; block++) {
        workgroupBarrier();
        for (var part = local; part < 512u; part += 256u) {
            let i = part / 64u;                                            // four columns of the block
            let lane = part % 64u;
            let row = min(first_row + lane, params.chunk_rows - 1u);
            let scale = block_scale(row, block);
            let w = scale.x * unpack(load_block(row, block), i) + scale.y;
            let v = x[((first_token + lane) * params.blocks + block) * 8u + i];
            for (var c = 0u; c < 4u; c++) { // unroll
                weight_tile[(4u * i + c) * 64u + lane] = w[c];
                x_tile[(4u * i + c) * 64u + lane] = v[c];
            }
        }
        workgroupBarrier();
        for (var k = 0u; k < 32u; k++) {
            let at = k * 64u;
            let w = vec4<f32>(
                weight_tile[at + n], weight_tile[at + n + 1u], weight_tile[at + n + 2u], weight_tile[at + n + 3u]);
            for (var c = 0u; c < 4u; c++) { // unroll
                sums[c] += w * x_tile[at + t + c];
            }
        }
    }
    for (var c = 0u; c < 4u; c++) { // unroll
        for (var r = 0u; r < 4u; r++) {
            let row = first_row + n + r;
            if (row < params.chunk_rows && params.row_offset + row < params.rows) {
                let at = (first_token + t + c) * params.out_stride + params.row_offset + row;
                out[at] = select(sums[c][r], out[at] + sums[c][r], ADD);
            }
        }
    }
}
