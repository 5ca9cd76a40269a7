// out[t, h] = sum_j softmax_j(q[t, h] . k[j] / sqrt(D)) v[j]   over the positions j up to t's own
// For adapters that are a CPU: one invocation a (row, head), no barriers. Softmax in one pass, rescaled when
// the maximum grows (arXiv 1805.02867).
const HALF_DIM: u32 = 1u;                                                  // D/2, written by the wrapper
override GROUP_SIZE: u32 = 8u;
struct Params { heads: u32, kv_heads: u32, half_dim: u32, q_stride: u32, out_stride: u32, scale: f32, rows: u32 }
@group(0) @binding(0) var<storage, read> q: array<vec2<f32>>;              // [T, q_stride / 2]
@group(0) @binding(1) var<storage, read> kv: array<u32>;                   // [pages, 2, G, 16, D/2]
@group(0) @binding(2) var<storage, read> steps: array<Row>;                // [T]
@group(0) @binding(3) var<storage, read> table: array<vec2<u32>>;          // block tables
@group(0) @binding(4) var<storage, read_write> out: array<vec2<f32>>;      // [T, out_stride / 2]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(GROUP_SIZE)
fn attention_serial(@builtin(global_invocation_id) id: vec3<u32>) {
    let head = id.x;
    let row = id.y;
    if (head >= params.heads || row >= params.rows) {
        return;
    }
    let kv_head = head / (params.heads / params.kv_heads);
    let step = steps[row];
    var query = array<vec2<f32>, HALF_DIM>();
    var sum = array<vec2<f32>, HALF_DIM>();
    for (var i = 0u; i < HALF_DIM; i++) { // unroll
        query[i] = q[row * (params.q_stride / 2u) + head * HALF_DIM + i] * params.scale;
    }
    var largest = -1e30;
    var total = 0.0;
    for (var e = 0u; e < step.entries; e++) {
        let entry = table[step.table + e];
        let page = entry.x / 32u;
        for (var place = 0u; place < entry.x % 32u; place++) {
            if (entry.y + place > step.position) {
                break;
            }
            var score = 0.0;
            for (var i = 0u; i < HALF_DIM; i++) { // unroll
                score += dot(query[i], kv_pair(page, 0u, kv_head, place, i));
            }
            let grown = max(largest, score);
            let shrink = exp(largest - grown);
            let weight = exp(score - grown);
            largest = grown;
            total = total * shrink + weight;
            for (var i = 0u; i < HALF_DIM; i++) { // unroll
                sum[i] = sum[i] * shrink + weight * kv_pair(page, 1u, kv_head, place, i);
            }
        }
    }
    let share = select(1.0 / total, 0.0, total == 0.0);
    for (var i = 0u; i < HALF_DIM; i++) { // unroll
        out[row * (params.out_stride / 2u) + head * HALF_DIM + i] = sum[i] * share;
    }
}
