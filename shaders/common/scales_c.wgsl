// Scales (c): for 256 weights a word of f16 (d, n), then a byte s and a byte t for each block of 32.
@group(0) @binding(1) var<storage, read> scales: array<u32>;         // [N, ceil(K/256), 5]

// (d s, -n t): a weight is d s q - n t.
fn block_scale(row: u32, block: u32) -> vec2<f32> {
    let at = 5u * (row * ((params.blocks + 7u) / 8u) + block / 8u);
    let parts = scales[at + 1u + block % 8u / 2u] >> (16u * (block % 2u));
    return unpack2x16float(scales[at]) * vec2<f32>(f32(parts & 0xffu), -f32((parts >> 8u) & 0xffu));
}

fn uses_min() -> bool { return true; }
