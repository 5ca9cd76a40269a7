//! What the forward pass reads and writes between kernels. Allocated once; a step creates nothing.

use super::Config;
use crate::gpu::{Gpu, Tensor};
use crate::ops::attention::Splits;
use crate::ops::step::Heads;
use crate::quant::BLOCK;

/// Activations and the tables of a step. T is the largest prefill chunk.
pub(super) struct Buffers {
    /// [T, 8] rows of the step.
    pub(super) steps: Tensor,
    /// Rows of the step whose logits are wanted, [B].
    pub(super) picked: Tensor,
    /// Block tables of all sequences, [sequences, entries, 2].
    pub(super) table: Tensor,
    /// Token sampled last, [sequences].
    pub(super) sampled: Tensor,
    /// Residual stream, [T, C].
    pub(super) x: Tensor,
    /// x after a norm, [T, C].
    pub(super) normed: Tensor,
    /// [T, (H + 2 G) D], prefill only.
    pub(super) qkv: Tensor,
    /// [T, H D].
    pub(super) q: Tensor,
    /// Output of attention, [T, H D].
    pub(super) attended: Tensor,
    /// Split results of attention.
    pub(super) partial: Tensor,
    /// [T, 2 F], prefill only.
    pub(super) gate_up: Tensor,
    /// [T, F].
    pub(super) mlp: Tensor,
    /// Rows of x whose logits are wanted, [B, C].
    pub(super) head_x: Tensor,
    /// The same after the norm, [B, C].
    pub(super) head_normed: Tensor,
    /// [B, V].
    pub(super) logits: Tensor,
}

/// What the buffers are made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// T, rows of the largest prefill chunk.
    pub(super) tokens: usize,
    /// B, rows of the largest decode step.
    pub(super) batch: usize,
    /// Sequences that can be running.
    pub(super) sequences: usize,
    /// Entries of a block table.
    pub(super) entries: usize,
    /// How attention of a prefill chunk is cut.
    pub(super) many_splits: Splits,
}

impl Buffers {
    pub(super) fn new(gpu: &Gpu, config: &Config, heads: &Heads, sizes: Sizes) -> Self {
        let Sizes { tokens, batch, sequences, entries, many_splits } = sizes;
        let pad = |size: usize| size.next_multiple_of(BLOCK);
        let c = pad(config.hidden_size);
        let q = pad(config.num_attention_heads * config.head_dim);
        let few: usize = Splits::new(entries).partial_dims(heads, batch).iter().product();
        let many: usize = many_splits.partial_dims(heads, tokens).iter().product();
        Self {
            steps: gpu.zeros("steps", &[tokens, 8]),
            picked: gpu.zeros("picked", &[batch]),
            table: gpu.zeros("table", &[sequences, entries, 2]),
            sampled: gpu.zeros("sampled", &[sequences]),
            x: gpu.zeros("x", &[tokens, c]),
            normed: gpu.zeros("normed", &[tokens, c]),
            qkv: gpu.zeros("qkv", &[tokens, heads.qkv_rows()]),
            q: gpu.zeros("q", &[tokens, q]),
            attended: gpu.zeros("attended", &[tokens, q]),
            partial: gpu.zeros("partial", &[few.max(many)]),
            gate_up: gpu.zeros("gate_up", &[tokens, 2 * config.intermediate_size]),
            mlp: gpu.zeros("mlp", &[tokens, pad(config.intermediate_size)]),
            head_x: gpu.zeros("head_x", &[batch, c]),
            head_normed: gpu.zeros("head_normed", &[batch, c]),
            logits: gpu.zeros("logits", &[batch, config.vocab_size]),
        }
    }
}
