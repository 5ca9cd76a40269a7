// blocks[b, i] = (max z, sum e^(z - max), sum e^((z - max) / T[b]), place of the max)   over 256 logits z of row b
// The place is -1 if one of them is not finite.
// One workgroup a block; row b on the second axis.
override GROUP_SIZE: u32 = 64u;
struct Params { vocab: u32, stride: u32, blocks: u32 }                     // vocab = V, blocks = V / 256 rounded up
@group(0) @binding(0) var<storage, read> logits: array<f32>;               // [B, stride]
@group(0) @binding(1) var<storage, read> samples: array<SampleRow>;        // [B]
@group(0) @binding(2) var<storage, read_write> blocks: array<vec4<f32>>;   // [B, blocks]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> bests: array<vec2<u32>, GROUP_SIZE>;
var<workgroup> sums: array<vec3<f32>, GROUP_SIZE>;

@compute @workgroup_size(GROUP_SIZE)
fn logit_blocks(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let first = group.x * BLOCK;
    let count = min(BLOCK, params.vocab - first);
    let start = group.y * params.stride + first;
    var best = NOTHING;
    var faults = 0.0;
    for (var i = local; i < count; i += GROUP_SIZE) {
        let z = logits[start + i];
        faults += select(1.0, 0.0, is_finite(z));
        best = better(best, vec2<u32>(key(z), i));
    }
    bests[local] = best;
    for (var reach = GROUP_SIZE / 2u; reach > 0u; reach /= 2u) {
        workgroupBarrier();
        if (local < reach) {
            bests[local] = better(bests[local], bests[local + reach]);
        }
    }
    workgroupBarrier();
    let largest = logit_of(bests[0].x);
    let inverse = inverse_temperature(samples[group.y]);
    var sum = vec3<f32>(0.0, 0.0, faults);
    for (var i = local; i < count; i += GROUP_SIZE) {
        let z = logits[start + i] - largest;
        sum += vec3<f32>(exp(z), exp(z * inverse), 0.0);
    }
    sums[local] = sum;
    for (var reach = GROUP_SIZE / 2u; reach > 0u; reach /= 2u) {
        workgroupBarrier();
        if (local < reach) {
            sums[local] += sums[local + reach];
        }
    }
    if (local == 0u) {
        let place = select(f32(bests[0].y), -1.0, sums[0].z > 0.0);
        blocks[group.y * params.blocks + group.x] = vec4<f32>(largest, sums[0].xy, place);
    }
}
