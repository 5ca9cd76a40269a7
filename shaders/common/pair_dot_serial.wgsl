// As pair_dot_base without barriers: one invocation a pair of rows, for adapters that are a CPU.
// Here the norm is better made once, by rms_norm_serial, than once for every pair of rows; NORM works all the same.
// Arrays are set to zero in so many words: Chromium 156 on SwiftShader does not do it for `var raw: array<…>;`
// in a loop, as WGSL says it should, and keeps the sums of the block before.
const BATCH: u32 = 1u;
const GROUP_SIZE: u32 = 32u;
override NORM: bool = false;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;        // [T, K/4]

fn pair_dot(group: vec3<u32>, local: u32) {
    let pair = group.x * GROUP_SIZE + local;
    if (pair >= params.pairs) {
        return;
    }
    let first_row = 2u * pair;
    let first_token = group.y * BATCH;
    var dots = array<vec2<f32>, BATCH>();
    var squares = array<f32, BATCH>();
    for (var block = 0u; block < params.blocks; block++) {
        let block0 = load_block(first_row, block);
        let block1 = load_block(first_row + 1u, block);
        var raw = array<vec2<f32>, BATCH>();
        var sums = array<f32, BATCH>();
        for (var i = 0u; i < 8u; i++) { // unroll
            let w0 = unpack(block0, i);
            let w1 = unpack(block1, i);
            let n = norm_weight(block * 8u + i);
            for (var b = 0u; b < BATCH; b++) { // unroll
                var v = x[((first_token + b) * params.blocks + block) * 8u + i];
                if (NORM) {
                    squares[b] = dot_add(v, v, squares[b]);
                    v *= n;
                }
                raw[b] = vec2<f32>(dot_add(w0, v, raw[b].x), dot_add(w1, v, raw[b].y));
                if (uses_min()) { sums[b] += (v.x + v.y) + (v.z + v.w); }
            }
        }
        let scale0 = block_scale(first_row, block);
        let scale1 = block_scale(first_row + 1u, block);
        for (var b = 0u; b < BATCH; b++) { // unroll
            let smallest = fma(vec2<f32>(scale0.y, scale1.y), vec2<f32>(sums[b]), dots[b]);
            dots[b] = fma(vec2<f32>(scale0.x, scale1.x), raw[b], smallest);
        }
    }
    for (var b = 0u; b < BATCH; b++) { // unroll
        if (NORM) {
            dots[b] *= 1.0 / sqrt(squares[b] / f32(params.columns) + params.eps);
        }
        store_pair(pair, first_token + b, dots[b]);
    }
}
