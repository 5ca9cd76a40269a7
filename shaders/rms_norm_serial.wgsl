// As rms_norm without barriers: one invocation a row, for adapters that are a CPU.
override GROUP_SIZE: u32 = 8u;
struct Params { vectors: u32, columns: u32, eps: f32, rows: u32 }          // vectors = padded columns / 4
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;              // [T, C/4]
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;         // [C/4]
@group(0) @binding(2) var<storage, read_write> out: array<vec4<f32>>;      // [T, C/4]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(GROUP_SIZE)
fn rms_norm_serial(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.y * GROUP_SIZE + id.x;
    if (row >= params.rows) {
        return;
    }
    let first = row * params.vectors;
    var sum = vec4<f32>(0.0);
    for (var i = 0u; i < params.vectors; i++) {
        sum += x[first + i] * x[first + i];
    }
    let scale = 1.0 / sqrt(dot(sum, vec4<f32>(1.0)) / f32(params.columns) + params.eps);
    for (var i = 0u; i < params.vectors; i++) {
        out[first + i] = x[first + i] * scale * weight[i];
    }
}
