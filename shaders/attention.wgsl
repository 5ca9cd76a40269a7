// Per split of the context: m = max_j s_j, l = sum_j e^(s_j - m), o = sum_j e^(s_j - m) v[j]
// with s_j = q[t, h] . k[j] / sqrt(D) over the positions j up to t's own; attention_merge joins the splits.
// A workgroup takes one split, one KV head with all its HEADS query heads, one row; 128 tokens at a time:
// an invocation scores one token for all heads, then sums one pair of elements over all tokens.
const HEADS: u32 = 1u;                                                     // H/G, written by the wrapper
const TILE: u32 = 128u;                                                    // tokens, and invocations
const HALF_DIM: u32 = 64u;                                                 // D/2, written by the wrapper
struct Params {
    heads: u32, kv_heads: u32, half_dim: u32, q_stride: u32, scale: f32, splits: u32, entries_per_split: u32,
}
@group(0) @binding(0) var<storage, read> q: array<vec2<f32>>;              // [T, q_stride / 2]
@group(0) @binding(1) var<storage, read> kv: array<u32>;                   // [pages, 2, G, 16, D/2]
@group(0) @binding(2) var<storage, read> steps: array<Row>;                // [T]
@group(0) @binding(3) var<storage, read> table: array<vec2<u32>>;          // block tables
@group(0) @binding(4) var<storage, read_write> partial: array<vec2<f32>>;  // [T, H, splits, 1 + D/2]: (m, l), then o
@group(0) @binding(5) var<uniform> params: Params;

var<workgroup> query: array<vec2<f32>, HEADS * HALF_DIM>;              // [HEADS, D/2]
var<workgroup> scores: array<f32, HEADS * TILE>;                           // [HEADS, TILE]
var<workgroup> maxima: array<f32, HEADS * 8u>;                             // [HEADS, 8]

@compute @workgroup_size(128)
fn attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let split = group.x;
    let row = group.y;
    let kv_head = group.z;
    let half_dim = params.half_dim;
    let position = steps[row].position;
    let entries = steps[row].entries;
    let table_start = steps[row].table;
    for (var i = local; i < HEADS * half_dim; i += TILE) {
        query[i] = q[row * (params.q_stride / 2u) + kv_head * HEADS * half_dim + i] * params.scale;
    }
    // In the second half an invocation owns pair `own` of the heads whose number leaves remainder `share`.
    let own = local % half_dim;
    let shares = TILE / half_dim;
    let share = local / half_dim;
    var sum = array<vec2<f32>, HEADS>();
    var largest = array<f32, HEADS>();
    var total = array<f32, HEADS>();
    for (var h = 0u; h < HEADS; h++) { // unroll
        largest[h] = -1e30;
    }
    let first = split * params.entries_per_split;
    for (var tile = 0u; tile < params.entries_per_split && first + tile < entries; tile += 8u) {
        workgroupBarrier();
        let e = first + tile + local / 16u;
        let place = local % 16u;
        var valid = false;
        var page = 0u;
        if (e < entries) {
            let entry = table[table_start + e];
            page = entry.x / 32u;
            valid = place < entry.x % 32u && entry.y + place <= position;
        }
        var score = array<f32, HEADS>();
        if (valid) {
            for (var i = 0u; i < half_dim; i++) {
                let key = kv_pair(page, 0u, kv_head, place, i);
                for (var h = 0u; h < HEADS; h++) { // unroll
                    score[h] += dot(query[h * half_dim + i], key);
                }
            }
        }
        for (var h = 0u; h < HEADS; h++) { // unroll
            scores[h * TILE + local] = select(-1e30, score[h], valid);
        }
        workgroupBarrier();
        for (var part = local; part < HEADS * 8u; part += TILE) {
            var most = -1e30;
            for (var j = 0u; j < 16u; j++) {
                most = max(most, scores[part * 16u + j]);
            }
            maxima[part] = most;
        }
        workgroupBarrier();
        var shrink = array<f32, HEADS>();
        for (var h = 0u; h < HEADS; h++) { // unroll
            var most = largest[h];
            for (var j = 0u; j < 8u; j++) {
                most = max(most, maxima[h * 8u + j]);
            }
            shrink[h] = exp(largest[h] - most);
            largest[h] = most;
            scores[h * TILE + local] = select(0.0, exp(score[h] - most), valid);
        }
        workgroupBarrier();
        for (var h = 0u; h < HEADS; h++) { // unroll
            sum[h] *= shrink[h];
            total[h] *= shrink[h];
        }
        if (share < shares) {
            for (var j = 0u; j < TILE; j++) {
                let tile_entry = first + tile + j / 16u;
                if (tile_entry >= entries) {
                    break;
                }
                let tile_page = table[table_start + tile_entry].x / 32u;
                let value = kv_pair(tile_page, 1u, kv_head, j % 16u, own);
                for (var h = 0u; h < HEADS; h++) { // unroll
                    // A score of 0 marks a token that is not there; its value may be anything, even NaN.
                    let weight = scores[h * TILE + j];
                    total[h] += weight;
                    sum[h] += select(vec2<f32>(0.0), weight * value, weight > 0.0);
                }
            }
        }
    }
    for (var h = 0u; h < HEADS; h++) { // unroll
        let at = ((row * params.heads + kv_head * HEADS + h) * params.splits + split) * (1u + half_dim);
        if (local == 0u) {
            partial[at] = vec2<f32>(largest[h], total[h]);
        }
        if (share < shares && share == h % shares) {
            partial[at + 1u + own] = sum[h];
        }
    }
}
