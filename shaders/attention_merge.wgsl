// out[t, h] = sum_s e^(m_s - m) o_s / sum_s e^(m_s - m) l_s,  m = max_s m_s   over the splits s of attention
// One invocation a pair of elements.
override GROUP_SIZE: u32 = 64u;
struct Params { heads: u32, half_dim: u32, out_stride: u32, splits: u32, entries_per_split: u32 }
@group(0) @binding(0) var<storage, read> partial: array<vec2<f32>>;        // [T, H, splits, 1 + D/2]: (m, l), then o
@group(0) @binding(1) var<storage, read> steps: array<Row>;                // [T]
@group(0) @binding(2) var<storage, read_write> out: array<vec2<f32>>;      // [T, out_stride / 2]
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(GROUP_SIZE)
fn attention_merge(@builtin(global_invocation_id) id: vec3<u32>) {
    let pair = id.x;
    let row = id.y;
    if (pair >= params.heads * params.half_dim) {
        return;
    }
    let head = pair / params.half_dim;
    let stride = 1u + params.half_dim;
    let first = (row * params.heads + head) * params.splits * stride;
    let splits = (steps[row].entries + params.entries_per_split - 1u) / params.entries_per_split;
    var largest = -1e30;
    for (var s = 0u; s < splits; s++) {
        largest = max(largest, partial[first + s * stride].x);
    }
    var total = 0.0;
    var sum = vec2<f32>(0.0);
    for (var s = 0u; s < splits; s++) {
        let part = partial[first + s * stride];
        let weight = exp(part.x - largest);
        total += weight * part.y;
        sum += weight * partial[first + s * stride + 1u + pair % params.half_dim];
    }
    out[row * (params.out_stride / 2u) + pair] = select(sum / total, vec2<f32>(0.0), total == 0.0);
}
