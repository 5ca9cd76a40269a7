// out[t, f] = silu(gate[t, f]) up[t, f],  silu(g) = g / (1 + e^-g); gate and up lie interleaved, as gate_up makes them.
// One invocation an output.
override GROUP_SIZE: u32 = 64u;
struct Params { columns: u32, out_stride: u32 }                            // columns = F
@group(0) @binding(0) var<storage, read> gate_up: array<vec2<f32>>;        // [T, F] (gate, up)
@group(0) @binding(1) var<storage, read_write> out: array<f32>;            // [T, out_stride]
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(GROUP_SIZE)
fn swiglu(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.columns) {
        return;
    }
    let pair = gate_up[id.y * params.columns + id.x];
    out[id.y * params.out_stride + id.x] = pair.x / (1.0 + exp(-pair.x)) * pair.y;
}
