// id[b] ~ softmax of what top-k, then top-p keep of logits[b] / T, and its record: log-sum-exp, five best, flags
// One workgroup a row b. sampler/mod.rs defines the rules; sums run in a fixed order, so a row repeats exactly.
override BLOCKS: u32 = 594u;                                               // = params.blocks
struct Params { vocab: u32, stride: u32, blocks: u32 }                     // vocab = V, blocks = V / 256 rounded up
@group(0) @binding(0) var<storage, read> logits: array<f32>;               // [B, stride]
@group(0) @binding(1) var<storage, read> samples: array<SampleRow>;        // [B]
@group(0) @binding(2) var<storage, read> blocks: array<vec4<f32>>;         // [B, blocks], from logit_blocks
@group(0) @binding(3) var<storage, read_write> sampled: array<u32>;        // [slots]
@group(0) @binding(4) var<storage, read_write> records: array<u32>;        // [B, 16]
@group(0) @binding(5) var<uniform> params: Params;

// First the best (key, id) of each block that is not yet extracted, later (bits of its mass, unused).
var<workgroup> left: array<vec2<u32>, BLOCKS>;
var<workgroup> bests: array<vec2<u32>, BLOCK>;
var<workgroup> sums: array<vec3<f32>, BLOCK>;
var<workgroup> bounds: vec2<u32>;                          // of top-p's threshold
var<workgroup> found: vec2<u32>;                           // what the walk found: (index, bits of the mass before it)

// An invocation a logit of a block.
@compute @workgroup_size(BLOCK)
fn sample(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = samples[group.y];
    var faults = 0.0;
    for (var b = local; b < params.blocks; b += BLOCK) {
        let block = blocks[group.y * params.blocks + b];
        faults += select(0.0, 1.0, block.w < 0.0);
        left[b] = vec2<u32>(key(block.x), b * BLOCK + u32(max(block.w, 0.0)));
    }
    let best = best_of_group(local, best_left(local));
    let scale = Scale(group.y, logit_of(best.x), inverse_temperature(row));
    var mass = vec3<f32>(0.0, 0.0, faults);
    for (var b = local; b < params.blocks; b += BLOCK) {
        let block = blocks[group.y * params.blocks + b];
        let depth = block.x - scale.largest;
        mass += vec3<f32>(block.yz * vec2<f32>(exp(depth), exp(depth * scale.inverse)), 0.0);
    }
    let total = sum_of_group(local, mass);
    extract(local, scale, best, candidate_count(row));
    workgroupBarrier();
    var choice = 0u;
    if (is_whole(row)) {
        choice = walk(local, row, scale, find_threshold(local, row, scale, total.y));
    } else if (local == 0u) {
        choice = choose_candidate(row, scale).y;
    }
    if (local == 0u) {
        write_record(row, scale, choice, scale.largest + log(total.x), total.z > 0.0);
    }
}

// The best of the blocks this invocation owns; no other touches their places in `left`.
fn best_left(local: u32) -> vec2<u32> {
    var best = NOTHING;
    for (var b = local; b < params.blocks; b += BLOCK) {
        best = better(best, left[b]);
    }
    return best;
}

// Sixteen by sixteen: two barriers instead of eight.
fn best_of_group(local: u32, mine: vec2<u32>) -> vec2<u32> {
    bests[local] = mine;
    workgroupBarrier();
    var best = NOTHING;
    if (local % 16u == 0u) {
        for (var i = 0u; i < 16u; i++) {
            best = better(best, bests[local + i]);
        }
        bests[local] = best;
    }
    workgroupBarrier();
    best = NOTHING;
    for (var i = 0u; i < 16u; i++) {
        best = better(best, bests[16u * i]);
    }
    workgroupBarrier();
    return best;
}

fn sum_of_group(local: u32, mine: vec3<f32>) -> vec3<f32> {
    sums[local] = mine;
    workgroupBarrier();
    var sum = vec3<f32>(0.0);
    if (local % 16u == 0u) {
        for (var i = 0u; i < 16u; i++) {
            sum += sums[local + i];
        }
        sums[local] = sum;
    }
    workgroupBarrier();
    sum = vec3<f32>(0.0);
    for (var i = 0u; i < 16u; i++) {
        sum += sums[16u * i];
    }
    workgroupBarrier();
    return sum;
}

// Fills `candidates`: what is best in a block after the last one taken from it replaces that one.
fn extract(local: u32, scale: Scale, best: vec2<u32>, count: u32) {
    var taken = best;
    if (local == 0u) {
        candidates[0] = taken;
    }
    for (var n = 1u; n < count; n++) {
        let block = taken.y / BLOCK;
        let id = block * BLOCK + local;
        var next = NOTHING;
        if (id < params.vocab) {
            let here = vec2<u32>(key(logits[scale.row * params.stride + id]), id);
            if (here.x < taken.x || (here.x == taken.x && id > taken.y)) {
                next = here;
            }
        }
        next = best_of_group(local, next);
        if (local == block % BLOCK) {
            left[block] = next;
        }
        taken = best_of_group(local, best_left(local));
        if (local == 0u) {
            candidates[n] = taken;
        }
    }
}

// The least key that top-p keeps: bisection, where the candidates have not decided it.
fn find_threshold(local: u32, row: SampleRow, scale: Scale, total: f32) -> u32 {
    if (local == 0u) {
        bounds = threshold_bounds(row, scale, total);
    }
    for (var step = 0u; step < 32u; step++) {
        let now = workgroupUniformLoad(&bounds);
        if (now.y - now.x <= 1u) {
            break;
        }
        let middle = now.x + (now.y - now.x) / 2u;
        var mass = 0.0;
        for (var b = 0u; b < params.blocks; b++) {
            if (key(blocks[scale.row * params.blocks + b].x) >= middle) {
                mass += token_mass(scale, b * BLOCK + local, middle);
            }
        }
        mass = sum_of_group(local, vec3<f32>(mass, 0.0, 0.0)).x;
        if (local == 0u) {
            bounds = select(vec2<u32>(now.x, middle), vec2<u32>(middle, now.y), mass >= row.top_p * total);
        }
    }
    return workgroupUniformLoad(&bounds).x;
}

// The token at which the cumulative mass, by id, passes the draw: first which run of blocks, then which block of it,
// then which token of the block.
fn walk(local: u32, row: SampleRow, scale: Scale, threshold: u32) -> u32 {
    let run = (params.blocks + BLOCK - 1u) / BLOCK;
    var mine = 0.0;
    for (var b = local * run; b < min((local + 1u) * run, params.blocks); b++) {
        let mass = block_mass(scale, b, threshold);
        left[b].x = bitcast<u32>(mass);
        mine += mass;
    }
    sums[local].x = mine;
    workgroupBarrier();
    var mark = 0.0;
    if (local == 0u) {
        var total = 0.0;
        for (var i = 0u; i < BLOCK; i++) {
            total += sums[i].x;
        }
        mark = uniform_of(row) * total;
        let place = passes(mark, 0.0);
        var sum = bitcast<f32>(place.y);
        for (var b = place.x * run; b < min((place.x + 1u) * run, params.blocks); b++) {
            let mass = bitcast<f32>(left[b].x);
            if (mass > 0.0) {
                found = vec2<u32>(b, bitcast<u32>(sum));
                sum += mass;
                if (sum > mark) {
                    break;
                }
            }
        }
    }
    let block = workgroupUniformLoad(&found);
    let id = block.x * BLOCK + local;
    sums[local].x = token_mass(scale, id, threshold);
    workgroupBarrier();
    return block.x * BLOCK + passes(mark, bitcast<f32>(block.y)).x;
}

// The first of `sums` at which the sum from `start` passes `mark`, and the sum before it. Rounding may leave the sum
// a hair below the mark: then the last that has mass.
fn passes(mark: f32, start: f32) -> vec2<u32> {
    var place = vec2<u32>(0u, bitcast<u32>(start));
    var sum = start;
    for (var i = 0u; i < BLOCK; i++) {
        if (sums[i].x > 0.0) {
            place = vec2<u32>(i, bitcast<u32>(sum));
            sum += sums[i].x;
            if (sum > mark) {
                break;
            }
        }
    }
    return place;
}
