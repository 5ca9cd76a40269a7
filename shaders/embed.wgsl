// out[t, c] = weight[token[t], c]
// One invocation four columns; a chunk of the table writes only the rows it holds.
override GROUP_SIZE: u32 = 64u;
struct Params { blocks: u32, columns: u32, row_offset: u32, rows: u32 }
@group(0) @binding(2) var<storage, read> steps: array<Row>;                // [T]
@group(0) @binding(3) var<storage, read> sampled: array<u32>;              // [sequences]
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;      // [T, K/4]
@group(0) @binding(5) var<uniform> params: Params;

@compute @workgroup_size(GROUP_SIZE)
fn embed(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x >= params.blocks * 8u) {
        return;
    }
    let step = steps[id.y];
    var token = step.token;
    if (token == 0xffffffffu) {
        token = sampled[step.sampled];
    }
    if (token < params.row_offset || token - params.row_offset >= params.rows) {
        return;
    }
    let row = token - params.row_offset;
    let scale = block_scale(row, id.x / 8u);
    let value = scale.x * unpack(load_block(row, id.x / 8u), id.x % 8u) + scale.y;
    // Columns of padding stay zero, whatever the format makes of a zero.
    let column = vec4<u32>(4u * id.x) + vec4<u32>(0u, 1u, 2u, 3u);
    out[id.y * params.blocks * 8u + id.x] = select(vec4<f32>(0.0), value, column < vec4<u32>(params.columns));
}
