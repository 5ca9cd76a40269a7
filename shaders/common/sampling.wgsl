// What the sampling kernels share: a row's rule (sampler::SampleRow in Rust), the order of logits, the draw.
const BLOCK: u32 = 256u;                            // logits a block
const NO_TOKEN: u32 = 0xffffffffu;
const NOTHING = vec2<u32>(0u, NO_TOKEN);            // a (key, id) behind every other

struct SampleRow {
    temperature: f32,      // 0 takes the most probable
    top_p: f32,
    top_k: u32,            // 0 keeps all
    seed_low: u32,
    seed_high: u32,
    choice: u32,
    position: u32,
    slot: u32,             // where in `sampled` the token goes
    end: vec4<u32>,        // tokens that set the end flag
}

// Orders logits as integers: larger logit, larger key. No comparison of floats, so no rounding of subnormals to zero
// by one device and not by another. The two zeros are alike.
fn key(logit: f32) -> u32 {
    var bits = bitcast<u32>(logit);
    bits = select(bits, 0u, bits == 0x80000000u);
    return select(bits | 0x80000000u, ~bits, bits >> 31u == 1u);
}

fn logit_of(key: u32) -> f32 {
    return bitcast<f32>(select(~key, key & 0x7fffffffu, key >> 31u == 1u));
}

// By its bits: a compiler may assume that no float is NaN.
fn is_finite(logit: f32) -> bool {
    return (bitcast<u32>(logit) & 0x7f800000u) != 0x7f800000u;
}

// Of two (key, id) the one with the larger logit, of two alike the lower id.
fn better(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return select(b, a, a.x > b.x || (a.x == b.x && a.y <= b.y));
}

fn inverse_temperature(row: SampleRow) -> f32 {
    return select(1.0 / row.temperature, 1.0, row.temperature == 0.0);
}

fn mix(v: vec4<u32>) -> vec4<u32> {
    var w = v;
    w.x += w.y * w.w;
    w.y += w.z * w.x;
    w.z += w.x * w.y;
    w.w += w.y * w.z;
    return w;
}

// A multiple of 2^-24 in [0, 1): pcg4d (Jarzynski and Olano, JCGT 2020), as sampler::Draw.
fn uniform_of(row: SampleRow) -> f32 {
    var v = vec4<u32>(row.seed_low, row.seed_high, row.choice, row.position) * 1664525u + 1013904223u;
    v = mix(v);
    v = mix(v ^ (v >> vec4<u32>(16u)));
    return f32(v.x >> 8u) / 16777216.0;
}
