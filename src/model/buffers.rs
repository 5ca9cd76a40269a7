//! What the forward pass reads and writes between kernels. Allocated once; a step creates nothing.

use super::Config;
use crate::error::Result;
use crate::gpu::{Gpu, Tensor};
use crate::ops::attention::{Splits, WORK_WORDS};
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
    /// What attention is cut into, [pieces].
    pub(super) work: Tensor,
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

impl Sizes {
    /// Label and shape of each buffer, in the order of the fields of [`Buffers`].
    fn dims(&self, config: &Config, heads: &Heads) -> [(&'static str, Vec<usize>); 16] {
        let Self { tokens, batch, sequences, entries, many_splits } = *self;
        let pad = |size: usize| size.next_multiple_of(BLOCK);
        let c = pad(config.hidden_size);
        let q = pad(config.num_attention_heads * config.head_dim);
        let few: usize = Splits::new(entries).partial_dims(heads, batch).iter().product();
        let many: usize = many_splits.partial_dims(heads, tokens).iter().product();
        [
            ("steps", vec![tokens, 8]),
            ("picked", vec![batch]),
            ("table", vec![sequences, entries, 2]),
            ("work", vec![tokens.max(batch * Splits::new(entries).count), WORK_WORDS]),
            // One more, for rows that no sequence goes on from.
            ("sampled", vec![sequences + 1]),
            ("x", vec![tokens, c]),
            ("normed", vec![tokens, c]),
            ("qkv", vec![tokens, heads.qkv_rows()]),
            ("q", vec![tokens, q]),
            ("attended", vec![tokens, q]),
            ("partial", vec![few.max(many)]),
            ("gate_up", vec![tokens, 2 * config.intermediate_size]),
            ("mlp", vec![tokens, pad(config.intermediate_size)]),
            ("head_x", vec![batch, c]),
            ("head_normed", vec![batch, c]),
            ("logits", vec![batch, config.vocab_size]),
        ]
    }

    /// Bytes of all buffers.
    pub(super) fn bytes(&self, config: &Config, heads: &Heads) -> u64 {
        self.dims(config, heads).iter().map(|(_, dims)| dims.iter().product::<usize>() as u64 * 4).sum()
    }
}

impl Buffers {
    /// Allocates them all; a refusal by the driver is an error.
    pub(super) async fn new(gpu: &Gpu, config: &Config, heads: &Heads, sizes: &Sizes) -> Result<Self> {
        let dims = sizes.dims(config, heads);
        let mut made = Vec::with_capacity(dims.len());
        for (label, dims) in &dims {
            made.push(gpu.allocate(label, dims.iter().product::<usize>() as u64 * 4, dims).await?);
        }
        let mut made = made.into_iter();
        let mut next = || made.next().unwrap_or_else(|| unreachable!("one buffer a shape"));
        Ok(Self {
            steps: next(),
            picked: next(),
            table: next(),
            work: next(),
            sampled: next(),
            x: next(),
            normed: next(),
            qkv: next(),
            q: next(),
            attended: next(),
            partial: next(),
            gate_up: next(),
            mlp: next(),
            head_x: next(),
            head_normed: next(),
            logits: next(),
        })
    }
}
