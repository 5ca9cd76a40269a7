//! What the CPU tells the kernels about one step; the twin of `shaders/common/step.wgsl`.

use bytemuck::{Pod, Zeroable};

use crate::protocol::KvType;

/// Tokens of a page.
pub const PAGE: usize = 16;

/// "None" for token and slot.
pub const NONE: u32 = u32::MAX;

/// The fragment that declares `Row`.
pub const ROW_WGSL: &str = include_str!("../../shaders/common/step.wgsl");

/// One row of a step.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct Row {
    /// Token id, or [`NONE`]: the one sampled last for this sequence.
    pub token: u32,
    /// Place in the sequence, from 0.
    pub position: u32,
    /// Where its key and value go: page * 16 + place, or [`NONE`].
    pub slot: u32,
    /// First entry of its block table.
    pub table: u32,
    /// Entries of its block table.
    pub entries: u32,
    /// Where the last sampled token of its sequence lies.
    pub sampled: u32,
    /// Unused.
    pub spare: [u32; 2],
}

impl Row {
    /// A row that pads a batch: it attends to nothing and writes nothing that is read.
    pub const IDLE: Self =
        Self { token: 0, position: 0, slot: NONE, table: 0, entries: 0, sampled: 0, spare: [0; 2] };
}

/// One entry of a block table.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
pub struct TableEntry {
    /// page * 32 + tokens held (1 to 16).
    pub page_and_len: u32,
    /// Position of the first token.
    pub position: u32,
}

impl TableEntry {
    /// `len` tokens from the start of `page`, the first at `position`.
    pub fn new(page: u32, len: usize, position: usize) -> Self {
        assert!((1..=PAGE).contains(&len), "a page holds 1 to 16 tokens, not {len}");
        Self { page_and_len: page * 32 + len as u32, position: position as u32 }
    }

    /// The page.
    pub fn page(&self) -> u32 {
        self.page_and_len / 32
    }
}

/// The attention heads of a layer and how their keys and values are cached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heads {
    /// H, query heads.
    pub heads: usize,
    /// G, key/value heads; divides H.
    pub kv_heads: usize,
    /// D; even.
    pub head_dim: usize,
    /// Type of the cache.
    pub kv: KvType,
}

impl Heads {
    /// Rows of the joined projection: H D of q, G D of k, G D of v.
    pub fn qkv_rows(&self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head_dim
    }

    /// Words of one page of one layer, keys and values.
    pub fn page_words(&self) -> usize {
        let elements = 2 * self.kv_heads * PAGE * self.head_dim;
        if self.kv == KvType::F16 { elements / 2 } else { elements }
    }

    /// The override constants of kernels that touch the cache.
    pub fn kv_override(&self) -> (&'static str, f64) {
        ("KV_F16", f64::from(u8::from(self.kv == KvType::F16)))
    }

    /// Value of element `pair` of `page` in a cache read back as f32 words; for tests.
    pub fn cached(&self, kv: &[f32], page: usize, which: usize, head: usize, place: usize, e: usize) -> f32 {
        let at = (((page * 2 + which) * self.kv_heads + head) * PAGE + place) * self.head_dim + e;
        match self.kv {
            KvType::F32 => kv[at],
            KvType::F16 => half::f16::from_bits((kv[at / 2].to_bits() >> (16 * (at % 2))) as u16).to_f32(),
        }
    }
}
