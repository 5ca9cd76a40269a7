// Per split of the context: m = max_j s_j, l = sum_j e^(s_j - m), o = sum_j e^(s_j - m) v[j]
// with s_j = q[t, h] . k[j] / sqrt(D) over the positions j up to t's own; attention_merge joins the splits.
// A workgroup takes one piece of work: one split of a context and one KV head, for up to ROWS rows whose block
// tables agree in that split, so that a shared page is read once for all of them. It goes 64 tokens at a time:
// an invocation scores one token for all queries, then sums PAIRS pairs of elements over all tokens.
// What a query gets does not depend on who shares its work, bit for bit: sums are fma, in the order of tokens.
const HEADS: u32 = 1u;                                                     // H/G, written by the wrapper
const ROWS: u32 = 1u;                                                      // rows at most, written by the wrapper
const QUERIES: u32 = 1u;                                                   // ROWS * HEADS, at most 60
const PAIRS: u32 = 1u;                                                     // ceil(D/2 / 64), written by the wrapper
const TILE: u32 = 64u;                                                     // tokens, and invocations
struct Params {
    heads: u32, kv_heads: u32, half_dim: u32, q_stride: u32, scale: f32, splits: u32, entries_per_split: u32,
}
struct Work { split: u32, table: u32, entries: u32, count: u32, rows: array<u32, 8> }
@group(0) @binding(0) var<storage, read> q: array<vec2<f32>>;              // [T, q_stride / 2]
@group(0) @binding(1) var<storage, read> kv: array<u32>;                   // [pages, 2, G, 16, D/2]
@group(0) @binding(2) var<storage, read> steps: array<Row>;                // [T]
@group(0) @binding(3) var<storage, read> table: array<vec2<u32>>;          // block tables
@group(0) @binding(4) var<storage, read> work: array<Work>;                // [pieces]
@group(0) @binding(5) var<storage, read_write> partial: array<vec2<f32>>;  // [T, H, splits, 1 + D/2]: (m, l), then o
@group(0) @binding(6) var<uniform> params: Params;

var<workgroup> scores: array<f32, QUERIES * TILE>;                         // [QUERIES, TILE]
var<workgroup> largest: array<f32, QUERIES>;
var<workgroup> shrink: array<f32, QUERIES>;

@compute @workgroup_size(64)
fn attention(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let piece = work[group.y];
    let kv_head = group.z;
    let half_dim = params.half_dim;
    // The position up to which each row looks, and where its queries begin.
    var position = array<u32, ROWS>();
    var query = array<u32, ROWS>();
    var last = 0u;
    for (var r = 0u; r < ROWS; r++) { // unroll
        if (r < piece.count) {
            let row = work[group.y].rows[r];
            position[r] = steps[row].position;
            query[r] = row * (params.q_stride / 2u) + kv_head * HEADS * half_dim;
            last = max(last, position[r]);
        }
    }
    if (local < QUERIES) {
        largest[local] = -1e30;
    }
    var sum = array<vec2<f32>, QUERIES * PAIRS>();
    var total = 0.0;                                                       // of query `local`
    let first = piece.split * params.entries_per_split;
    let end = min(first + params.entries_per_split, piece.entries);
    for (var tile = first; tile < end; tile += TILE / 16u) {
        // Every invocation reads the same entry: all leave together, before what none of the rows sees.
        if (table[piece.table + tile].y > last) {
            break;
        }
        let e = tile + local / 16u;
        let place = local % 16u;
        var held = false;
        var page = 0u;
        var at = 0u;
        if (e < end) {
            let entry = table[piece.table + e];
            page = entry.x / 32u;
            held = place < entry.x % 32u;
            at = entry.y + place;
        }
        var score = array<f32, QUERIES>();
        if (held) {
            for (var i = 0u; i < half_dim; i++) {
                let key = kv_pair(page, 0u, kv_head, place, i);
                for (var r = 0u; r < ROWS; r++) { // unroll
                    if (r < piece.count) {
                        for (var h = 0u; h < HEADS; h++) { // unroll
                            let wanted = q[query[r] + h * half_dim + i];
                            score[r * HEADS + h] = fma(wanted.x, key.x, fma(wanted.y, key.y, score[r * HEADS + h]));
                        }
                    }
                }
            }
        }
        workgroupBarrier();
        for (var r = 0u; r < ROWS; r++) { // unroll
            let seen = held && at <= position[r];
            for (var h = 0u; h < HEADS; h++) { // unroll
                scores[(r * HEADS + h) * TILE + local] = select(-1e30, score[r * HEADS + h] * params.scale, seen);
            }
        }
        workgroupBarrier();
        if (local < piece.count * HEADS) {
            var most = largest[local];
            for (var j = 0u; j < TILE; j++) {
                most = max(most, scores[local * TILE + j]);
            }
            shrink[local] = exp(largest[local] - most);
            largest[local] = most;
            total *= shrink[local];
            // A weight of 0 marks a token that is not there, or not for this query.
            for (var j = 0u; j < TILE; j++) {
                let s = scores[local * TILE + j];
                let weight = select(exp(s - most), 0.0, s <= -1e30);
                scores[local * TILE + j] = weight;
                total += weight;
            }
        }
        workgroupBarrier();
        for (var p = 0u; p < PAIRS; p++) { // unroll
            let own = local + p * TILE;
            if (own < half_dim) {
                for (var r = 0u; r < ROWS; r++) { // unroll
                    if (r < piece.count) {
                        for (var h = 0u; h < HEADS; h++) { // unroll
                            sum[(r * HEADS + h) * PAIRS + p] *= shrink[r * HEADS + h];
                        }
                    }
                }
                for (var j = 0u; j < TILE; j++) {
                    if (tile + j / 16u >= end) {
                        break;
                    }
                    let entry = table[piece.table + tile + j / 16u];
                    // What no row sees may be anything, even NaN.
                    if (j % 16u >= entry.x % 32u || entry.y + j % 16u > last) {
                        continue;
                    }
                    let value = kv_pair(entry.x / 32u, 1u, kv_head, j % 16u, own);
                    for (var r = 0u; r < ROWS; r++) { // unroll
                        if (r < piece.count) {
                            for (var h = 0u; h < HEADS; h++) { // unroll
                                let weight = vec2<f32>(scores[(r * HEADS + h) * TILE + j]);
                                sum[(r * HEADS + h) * PAIRS + p] = fma(weight, value, sum[(r * HEADS + h) * PAIRS + p]);
                            }
                        }
                    }
                }
            }
        }
        workgroupBarrier();
    }
    workgroupBarrier();
    for (var r = 0u; r < ROWS; r++) { // unroll
        if (r < piece.count) {
            let row = work[group.y].rows[r];
            for (var h = 0u; h < HEADS; h++) { // unroll
                let start = ((row * params.heads + kv_head * HEADS + h) * params.splits + piece.split) * (1u + half_dim);
                if (local == r * HEADS + h) {
                    partial[start] = vec2<f32>(largest[r * HEADS + h], total);
                }
                for (var p = 0u; p < PAIRS; p++) { // unroll
                    if (local + p * TILE < half_dim) {
                        partial[start + 1u + local + p * TILE] = sum[(r * HEADS + h) * PAIRS + p];
                    }
                }
            }
        }
    }
}
