// What sample and sample_serial share: the choice among extracted candidates, masses of blocks, the record.
// The kernel defines the bindings (logits, samples, blocks, sampled, records, params).
const MAX_TOP_K: u32 = 64u;
const FLAG_END: u32 = 1u;
const FLAG_FAULT: u32 = 2u;

var<workgroup> candidates: array<vec2<u32>, MAX_TOP_K>;    // (key, id), best first

// What the logits of one row of the batch stand in: where it starts, its largest logit, 1 / T.
struct Scale { row: u32, largest: f32, inverse: f32 }

fn is_whole(row: SampleRow) -> bool {
    return row.top_k == 0u && row.temperature > 0.0;
}

// How many of the most probable to extract: five for the record, k for top-k; for top-p over the whole vocabulary
// as many as there is room for, since most often they hold enough.
fn candidate_count(row: SampleRow) -> u32 {
    var count = max(5u, min(row.top_k, MAX_TOP_K));
    count = select(count, MAX_TOP_K, is_whole(row) && row.top_p < 1.0);
    return min(count, params.vocab);
}

fn weight(scale: Scale, key: u32) -> f32 {
    return exp((logit_of(key) - scale.largest) * scale.inverse);
}

// Temperature 0, or top-k with top-p: a draw from the candidates, best first.
fn choose_candidate(row: SampleRow, scale: Scale) -> vec2<u32> {
    if (row.temperature == 0.0) {
        return candidates[0];
    }
    let count = min(row.top_k, candidate_count(row));
    var total = 0.0;
    for (var i = 0u; i < count; i++) {
        total += weight(scale, candidates[i].x);
    }
    var kept = 0.0;
    var last = 0u;
    for (var i = 0u; i < count; i++) {
        if (i > 0u && kept >= row.top_p * total && candidates[i].x < candidates[last].x) {
            break;
        }
        kept += weight(scale, candidates[i].x);
        last = i;
    }
    // The draw is below 1 and the sum runs in the same order, so it passes the target at a candidate of weight > 0.
    let mark = uniform_of(row) * kept;
    var sum = 0.0;
    for (var i = 0u; i < last; i++) {
        sum += weight(scale, candidates[i].x);
        if (sum > mark) {
            return candidates[i];
        }
    }
    return candidates[last];
}

// Keys between which top-p's threshold over the whole vocabulary lies: the tokens from the first on hold at least
// top_p of `total`, those from the second on do not. Adjacent if the candidates decide it.
fn threshold_bounds(row: SampleRow, scale: Scale, total: f32) -> vec2<u32> {
    if (row.top_p >= 1.0) {
        return vec2<u32>(0u, 1u);
    }
    let count = candidate_count(row);
    var kept = 0.0;
    for (var i = 0u; i < count; i++) {
        kept += weight(scale, candidates[i].x);
        if (kept >= row.top_p * total) {
            return vec2<u32>(candidates[i].x, candidates[i].x + 1u);
        }
    }
    // V tokens, each e^(threshold / T) or less, hold under 1 - top_p of a total that is at least e^(largest / T).
    let depth = log(f32(params.vocab) / (1.0 - row.top_p)) + 1.0;
    let last = candidates[count - 1u].x;
    return vec2<u32>(min(last, key(scale.largest - depth / scale.inverse)), last + 1u);
}

// Mass at temperature T of the tokens of a block whose key reaches the threshold; 1 is the most probable token's.
fn block_mass(scale: Scale, block: u32, threshold: u32) -> f32 {
    let summary = blocks[scale.row * params.blocks + block];
    if (key(summary.x) < threshold) {
        return 0.0;
    }
    if (threshold == 0u) {
        return summary.z * exp((summary.x - scale.largest) * scale.inverse);
    }
    var sum = 0.0;
    for (var i = block * BLOCK; i < min((block + 1u) * BLOCK, params.vocab); i += 32u) {
        for (var j = 0u; j < 32u; j++) { // unroll
            sum += token_mass(scale, i + j, threshold);
        }
    }
    return sum;
}

fn token_mass(scale: Scale, id: u32, threshold: u32) -> f32 {
    if (id >= params.vocab) {
        return 0.0;
    }
    let k = key(logits[scale.row * params.stride + id]);
    return select(0.0, weight(scale, k), k >= threshold);
}

// Sixteen words a row, sampler::Record in Rust.
fn write_record(row: SampleRow, scale: Scale, choice: u32, log_sum_exp: f32, fault: bool) {
    let at = scale.row * 16u;
    let id = select(choice, 0u, fault);
    let flags = select(0u, FLAG_END, any(vec4<u32>(id) == row.end));
    let logit = bitcast<u32>(logits[scale.row * params.stride + id]);
    sampled[row.slot] = id;
    records[at] = id;
    records[at + 1u] = select(logit, 0u, fault);
    records[at + 2u] = select(bitcast<u32>(log_sum_exp), 0u, fault);
    for (var i = 0u; i < 5u; i++) {
        // Beyond a vocabulary of fewer than five: no token, minus infinity.
        var best = vec2<u32>(0xff800000u, NO_TOKEN);
        if (i < params.vocab) {
            best = vec2<u32>(bitcast<u32>(logit_of(candidates[i].x)), candidates[i].y);
        }
        records[at + 3u + i] = select(best.y, 0u, fault);
        records[at + 8u + i] = select(best.x, 0u, fault);
    }
    records[at + 13u] = select(flags, FLAG_FAULT, fault);
    records[at + 14u] = row.position;
    records[at + 15u] = row.slot;
}
