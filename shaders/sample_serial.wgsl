// As sample without barriers: one invocation a row, alone in its workgroup, for adapters that are a CPU.
// llvmpipe ends every loop once an invocation has gone through 65535 rounds of all its loops together, so the long
// ones are written out 32 at a time.
override BLOCKS: u32 = 608u;                                               // params.blocks, a multiple of 32
struct Params { vocab: u32, stride: u32, blocks: u32 }                     // vocab = V, blocks = V / 256 rounded up
@group(0) @binding(0) var<storage, read> logits: array<f32>;               // [B, stride]
@group(0) @binding(1) var<storage, read> samples: array<SampleRow>;        // [B]
@group(0) @binding(2) var<storage, read> blocks: array<vec4<f32>>;         // [B, blocks], from logit_blocks
@group(0) @binding(3) var<storage, read_write> sampled: array<u32>;        // [slots]
@group(0) @binding(4) var<storage, read_write> records: array<u32>;        // [B, 16]
@group(0) @binding(5) var<uniform> params: Params;

// First the best (key, id) of each block that is not yet extracted, later (bits of its mass, unused).
var<workgroup> left: array<vec2<u32>, BLOCKS>;
var<workgroup> bins: array<f32, 256>;

@compute @workgroup_size(1)
fn sample_serial(@builtin(workgroup_id) group: vec3<u32>) {
    let row = samples[group.y];
    var best = NOTHING;
    var fault = false;
    for (var b = params.blocks; b < BLOCKS; b++) {
        left[b] = NOTHING;
    }
    for (var b = 0u; b < params.blocks; b++) {
        let block = blocks[group.y * params.blocks + b];
        fault = fault || block.w < 0.0;
        left[b] = vec2<u32>(key(block.x), b * BLOCK + u32(max(block.w, 0.0)));
        best = better(best, left[b]);
    }
    let scale = Scale(group.y, logit_of(best.x), inverse_temperature(row));
    var total = vec2<f32>(0.0);
    for (var b = 0u; b < params.blocks; b++) {
        let block = blocks[group.y * params.blocks + b];
        let depth = block.x - scale.largest;
        total += block.yz * vec2<f32>(exp(depth), exp(depth * scale.inverse));
    }
    extract(scale, best, candidate_count(row));
    var choice = 0u;
    if (is_whole(row)) {
        choice = walk(row, scale, find_threshold(row, scale, total.y));
    } else {
        choice = choose_candidate(row, scale).y;
    }
    write_record(row, scale, choice, scale.largest + log(total.x), fault);
}

// Fills `candidates`: what is best in a block after the last one taken from it replaces that one.
fn extract(scale: Scale, best: vec2<u32>, count: u32) {
    var taken = best;
    candidates[0] = taken;
    for (var n = 1u; n < count; n++) {
        let block = taken.y / BLOCK;
        var next = NOTHING;
        for (var i = block * BLOCK; i < min((block + 1u) * BLOCK, params.vocab); i += 32u) {
            for (var j = 0u; j < 32u; j++) { // unroll
                if (i + j < params.vocab) {
                    let here = vec2<u32>(key(logits[scale.row * params.stride + i + j]), i + j);
                    if (here.x < taken.x || (here.x == taken.x && here.y > taken.y)) {
                        next = better(next, here);
                    }
                }
            }
        }
        left[block] = next;
        taken = NOTHING;
        for (var b = 0u; b < params.blocks; b += 32u) {
            for (var j = 0u; j < 32u; j++) { // unroll
                taken = better(taken, left[b + j]);
            }
        }
        candidates[n] = taken;
    }
}

// The least key that top-p keeps, where the candidates have not decided it: the mass of 256 stretches of keys at
// once, then of 256 parts of the stretch in which it passes the goal, until that is a single key.
fn find_threshold(row: SampleRow, scale: Scale, total: f32) -> u32 {
    let bounds = threshold_bounds(row, scale, total);
    var low = bounds.x;
    var width = bounds.y - bounds.x;
    while (width > 1u) {
        let shift = 24u - min(24u, countLeadingZeros(width - 1u));
        for (var i = 0u; i < 256u; i++) {
            bins[i] = 0.0;
        }
        var above = 0.0;
        for (var b = 0u; b < params.blocks; b++) {
            if (key(blocks[scale.row * params.blocks + b].x) >= low) {
                above += fill_bins(scale, b, low, width, shift);
            }
        }
        var bin = (width - 1u) >> shift;
        var sum = above + bins[bin];
        while (bin > 0u && sum < row.top_p * total) {
            bin -= 1u;
            sum += bins[bin];
        }
        width = 1u << shift;
        low += bin << shift;
    }
    return low;
}

// Adds the tokens of a block to the bins of their keys; the mass of those beyond the last bin comes back.
fn fill_bins(scale: Scale, block: u32, low: u32, width: u32, shift: u32) -> f32 {
    var above = 0.0;
    for (var i = block * BLOCK; i < min((block + 1u) * BLOCK, params.vocab); i += 32u) {
        for (var j = 0u; j < 32u; j++) { // unroll
            if (i + j < params.vocab) {
                let k = key(logits[scale.row * params.stride + i + j]);
                if (k >= low) {
                    let mass = weight(scale, k);
                    if (k - low >= width) {
                        above += mass;
                    } else {
                        bins[(k - low) >> shift] += mass;
                    }
                }
            }
        }
    }
    return above;
}

// The token at which the cumulative mass, by id, passes the draw.
fn walk(row: SampleRow, scale: Scale, threshold: u32) -> u32 {
    var total = 0.0;
    for (var b = 0u; b < params.blocks; b++) {
        let mass = block_mass(scale, b, threshold);
        left[b].x = bitcast<u32>(mass);
        total += mass;
    }
    let mark = uniform_of(row) * total;
    var sum = 0.0;
    var block = 0u;
    var before = 0.0;
    for (var b = 0u; b < params.blocks; b++) {
        let mass = bitcast<f32>(left[b].x);
        if (mass > 0.0) {
            block = b;
            before = sum;
            sum += mass;
            if (sum > mark) {
                break;
            }
        }
    }
    var choice = 0u;
    sum = before;
    for (var i = block * BLOCK; i < min((block + 1u) * BLOCK, params.vocab); i++) {
        let mass = token_mass(scale, i, threshold);
        // Rounding may leave the sum a hair below the mark: then the last token that has mass.
        if (mass > 0.0) {
            choice = i;
            sum += mass;
            if (sum > mark) {
                break;
            }
        }
    }
    return choice;
}
