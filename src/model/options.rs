//! What is chosen when a model is loaded, in the engine's own terms.

use crate::ops::step::PAGE;
use crate::protocol::{KvType, Quantize};

/// Choices made when a model is loaded.
#[derive(Debug, Clone)]
pub struct Options {
    /// Quantise unquantised weights.
    pub quantize: Quantize,
    /// Type of the key/value cache.
    pub kv: KvType,
    /// Longest sequence, in tokens.
    pub context: usize,
    /// Sequences that can be running.
    pub sequences: usize,
    /// Of them, those kept for requests that have none running.
    pub spare: usize,
    /// Pages of the cache in all.
    pub pages: usize,
    /// Largest weight buffer, in bytes.
    pub max_chunk_bytes: u64,
}

impl Options {
    /// The same for another context, with as many pages in proportion.
    #[must_use]
    pub fn with_context(&self, context: usize) -> Self {
        Self { context, pages: Self::pages_for(context), ..self.clone() }
    }

    /// One full context, half as much again for other sequences, and a little for many short ones.
    pub fn pages_for(context: usize) -> usize {
        context.div_ceil(PAGE) * 3 / 2 + 64
    }
}
