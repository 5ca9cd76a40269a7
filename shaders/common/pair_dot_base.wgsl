// Two adjacent rows of a matrix times BATCH vectors: 16 lanes a pair of rows, weights read once for all vectors.
// The kernel defines params (blocks, pairs, columns, eps), norm_weight and store_pair.
// With NORM the vectors are RMS-normalised on the way: the sum of squares is gathered in the same loop.
// Arrays are set to zero in so many words: Chromium 156 on SwiftShader does not do it for `var raw: array<…>;`
// in a loop, as WGSL says it should, and keeps the sums of the block before.
const BATCH: u32 = 1u;
const PAIRS: u32 = 8u;         // of rows, a workgroup
const LANES: u32 = 16u;        // a pair
const GROUP_SIZE: u32 = PAIRS * LANES;
override NORM: bool = false;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;        // [T, K/4]

var<workgroup> partial_dots: array<vec2<f32>, GROUP_SIZE * BATCH>;
var<workgroup> partial_squares: array<f32, LANES * BATCH>;

fn pair_dot(group: vec3<u32>, local: u32) {
    let lane = local % LANES;
    let first_row = 2u * min(group.x * PAIRS + local / LANES, params.pairs - 1u);
    let first_token = group.y * BATCH;
    var dots = array<vec2<f32>, BATCH>();
    var squares = array<f32, BATCH>();
    for (var block = lane; block < params.blocks; block += LANES) {
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
        partial_dots[local * BATCH + b] = dots[b];
    }
    if (NORM && local < LANES) {
        for (var b = 0u; b < BATCH; b++) { // unroll
            partial_squares[local * BATCH + b] = squares[b];
        }
    }
    workgroupBarrier();
    // From here an invocation finishes one (pair, vector).
    let pair = local / BATCH;
    let token = local % BATCH;
    if (pair >= PAIRS || group.x * PAIRS + pair >= params.pairs) {
        return;
    }
    var sum = vec2<f32>(0.0);
    var square = 0.0;
    for (var l = 0u; l < LANES; l++) {
        sum += partial_dots[(pair * LANES + l) * BATCH + token];
        square += partial_squares[l * BATCH + token];
    }
    if (NORM) {
        sum *= 1.0 / sqrt(square / f32(params.columns) + params.eps);
    }
    store_pair(group.x * PAIRS + pair, first_token + token, sum);
}
