// out[t, c] = x[t, c] * weight[c] / sqrt(mean_c(x[t, c]^2) + eps)
// One workgroup a row t.
override GROUP_SIZE: u32 = 128u;
struct Params { vectors: u32, columns: u32, eps: f32 }                     // vectors = padded columns / 4
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;              // [T, C/4]
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;         // [C/4]
@group(0) @binding(2) var<storage, read_write> out: array<vec4<f32>>;      // [T, C/4]
@group(0) @binding(3) var<uniform> params: Params;

var<workgroup> squares: array<f32, GROUP_SIZE>;

@compute @workgroup_size(GROUP_SIZE)
fn rms_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let first = group.y * params.vectors;
    var sum = 0.0;
    for (var i = local; i < params.vectors; i += GROUP_SIZE) {
        sum += dot(x[first + i], x[first + i]);
    }
    squares[local] = sum;
    for (var reach = GROUP_SIZE / 2u; reach > 0u; reach /= 2u) {
        workgroupBarrier();
        if (local < reach) {
            squares[local] += squares[local + reach];
        }
    }
    workgroupBarrier();
    let scale = 1.0 / sqrt(squares[0] / f32(params.columns) + params.eps);
    for (var i = local; i < params.vectors; i += GROUP_SIZE) {
        out[first + i] = x[first + i] * scale * weight[i];
    }
}
