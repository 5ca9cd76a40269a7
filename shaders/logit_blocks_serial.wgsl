// As logit_blocks without barriers: one invocation a block, for adapters that are a CPU.
override GROUP_SIZE: u32 = 8u;
struct Params { vocab: u32, stride: u32, blocks: u32 }                     // vocab = V, blocks = V / 256 rounded up
@group(0) @binding(0) var<storage, read> logits: array<f32>;               // [B, stride]
@group(0) @binding(1) var<storage, read> samples: array<SampleRow>;        // [B]
@group(0) @binding(2) var<storage, read_write> blocks: array<vec4<f32>>;   // [B, blocks]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(GROUP_SIZE)
fn logit_blocks_serial(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.blocks) {
        return;
    }
    let first = id.x * BLOCK;
    let count = min(BLOCK, params.vocab - first);
    let start = id.y * params.stride + first;
    var best = NOTHING;
    var finite = true;
    for (var i = 0u; i < count; i++) {
        let z = logits[start + i];
        finite = finite && is_finite(z);
        best = better(best, vec2<u32>(key(z), i));
    }
    let largest = logit_of(best.x);
    let inverse = inverse_temperature(samples[id.y]);
    var sum = vec2<f32>(0.0);
    for (var i = 0u; i < count; i++) {
        let z = logits[start + i] - largest;
        sum += vec2<f32>(exp(z), exp(z * inverse));
    }
    blocks[id.y * params.blocks + id.x] = vec4<f32>(largest, sum, select(-1.0, f32(best.y), finite));
}
