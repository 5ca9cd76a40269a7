// What a row of a step is: which token, where it stands, and where its keys and values are.
struct Row {
    token: u32,        // id, or all ones: the one sampled last for this sequence
    position: u32,     // in the sequence, from 0
    slot: u32,         // where its own key and value go: page * 16 + place, or all ones for nowhere
    table: u32,        // first entry of its block table
    entries: u32,      // entries of its block table
    sampled: u32,      // where the last sampled token of its sequence lies
    spare: vec2<u32>,
}
