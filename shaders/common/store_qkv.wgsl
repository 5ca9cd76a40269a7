// The end of the attention projections, shared by qkv (decode) and rope (prefill): rotate, then store q in
// place and k, v in their page. `row` counts pairs of output rows; q, k and v follow one another.
fn store_qkv(row: u32, step: Row, token: u32, value: vec2<f32>) {
    var pair = value;
    let head = row / params.half_dim;
    let i = row % params.half_dim;
    if (head >= params.heads + 2u * params.kv_heads) {
        return;
    }
    if (head < params.heads + params.kv_heads) {
        let turn = rope_table[step.position * params.half_dim + i];
        // fma: one order of roundings, whatever kernel this ends.
        pair = vec2<f32>(fma(pair.x, turn.x, -(pair.y * turn.y)), fma(pair.y, turn.x, pair.x * turn.y));
    }
    if (head < params.heads) {
        q[token * (params.q_stride / 2u) + row] = pair;
        return;
    }
    if (step.slot == 0xffffffffu) {
        return;
    }
    let kv_head = head - params.heads;                                 // G heads of k, then G of v
    let page = (step.slot / 16u) * 2u * params.kv_heads + kv_head;
    let at = (page * 16u + step.slot % 16u) * params.half_dim + i;
    if (KV_F16) {
        // Beyond the range of f16 the result of packing is undefined: the largest finite value stands in.
        kv[at] = pack2x16float(clamp(pair, vec2<f32>(-65504.0), vec2<f32>(65504.0)));
    } else {
        kv[2u * at] = bitcast<u32>(pair.x);
        kv[2u * at + 1u] = bitcast<u32>(pair.y);
    }
}
