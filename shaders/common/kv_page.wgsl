// Reading cached keys and values. A block table entry is (page * 32 + tokens held, position of the first).
override KV_F16: bool = true;

// Elements 2i and 2i + 1 of one head; `which` is 0 for keys and 1 for values.
fn kv_pair(page: u32, which: u32, kv_head: u32, place: u32, i: u32) -> vec2<f32> {
    let at = (((page * 2u + which) * params.kv_heads + kv_head) * 16u + place) * params.half_dim + i;
    if (KV_F16) {
        return unpack2x16float(kv[at]);
    }
    return vec2<f32>(bitcast<f32>(kv[2u * at]), bitcast<f32>(kv[2u * at + 1u]));
}
