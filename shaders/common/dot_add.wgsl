// Sums that come out the same in every kernel.

// a . b + c in a fixed order of roundings. A compiler may contract a * b + c * d either way, and differently
// in kernels of different batch sizes: a sequence's numbers would depend on who shares its batch.
fn dot_add(a: vec4<f32>, b: vec4<f32>, c: f32) -> f32 {
    return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, c))));
}

// The value as it is; `zero` is 0, which the compiler cannot know. It would otherwise move an addition that
// follows into the sum, and not alike for all batch sizes (seen with Mesa's llvmpipe).
fn as_rounded(value: vec2<f32>, zero: u32) -> vec2<f32> {
    return bitcast<vec2<f32>>(bitcast<vec2<u32>>(value) ^ vec2<u32>(zero));
}
