// out[b, c] = x[row[b], c]: the rows of a prefill whose logits are wanted.
// One invocation four columns.
override GROUP_SIZE: u32 = 64u;
struct Params { vectors: u32 }                                             // padded columns / 4
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;              // [T, C/4]
@group(0) @binding(1) var<storage, read> row: array<u32>;                  // [B]
@group(0) @binding(2) var<storage, read_write> out: array<vec4<f32>>;      // [B, C/4]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(GROUP_SIZE)
fn gather(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < params.vectors) {
        out[id.y * params.vectors + id.x] = x[row[id.y] * params.vectors + id.x];
    }
}
