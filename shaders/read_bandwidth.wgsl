// out[i] = sum of the elements i, i + n, i + 2 n, ... of x: reads a buffer once, as fast as the device reads.
// One invocation an output; neighbours read neighbouring elements.
override GROUP_SIZE: u32 = 64u;
struct Params { vectors: u32, invocations: u32 }                           // of x; n
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;            // [n]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(GROUP_SIZE)
fn read_bandwidth(@builtin(global_invocation_id) id: vec3<u32>) {
    var sum0 = vec4<f32>(0.0);
    var sum1 = vec4<f32>(0.0);
    let n = params.invocations;
    var i = id.x;
    for (; i + n < params.vectors; i += 2u * n) {
        sum0 += x[i];
        sum1 += x[i + n];
    }
    if (i < params.vectors) {
        sum0 += x[i];
    }
    out[id.x] = dot(sum0 + sum1, vec4<f32>(1.0));
}
