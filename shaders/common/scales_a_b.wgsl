// Scales (a): a word of f16 (d, m) a block; (b): f16 d, two a word, where a number q stands for q - ZERO.
override HAS_MIN: bool = false;
override ZERO: f32 = 0.0;
@group(0) @binding(1) var<storage, read> scales: array<u32>;         // [N, K/32] (a) or [N, ceil(K/64)] (b)

// (d, m): a weight is d q + m.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    if (HAS_MIN) {
        return unpack2x16float(scales[row * params.blocks + block]);
    }
    let d = unpack2x16float(scales[row * ((params.blocks + 1u) / 2u) + block / 2u])[block % 2u];
    return vec2<f32>(d, -ZERO * d);
}

fn uses_min() -> bool { return HAS_MIN || ZERO > 0.0; }
