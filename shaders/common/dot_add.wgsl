// a . b + c in a fixed order of roundings. A compiler may contract a * b + c * d either way, and differently
// in kernels of different batch sizes: a sequence's numbers would depend on who shares its batch.
fn dot_add(a: vec4<f32>, b: vec4<f32>, c: f32) -> f32 {
    return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, c))));
}
