//! Words for holding models against one another.

use serde::{Deserialize, Serialize};

use super::{ModelSource, Quantize};

/// A model to hold against the reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// How it is called in the result.
    pub name: String,
    /// Where it is; it must have the reference's vocabulary.
    pub source: ModelSource,
    /// How its weights are held.
    pub quantize: Quantize,
}

/// How far models stray from a reference on the same text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the reference.
    pub reference: String,
    /// Predictions that were compared.
    pub positions: usize,
    /// The reference itself, then the candidates in the order they were given.
    pub rows: Vec<Compared>,
}

/// One model against the reference.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// [`Candidate::name`].
    pub name: String,
    /// Bytes of its weights on the GPU.
    pub weight_bytes: u64,
    /// Mean of the Kullback-Leibler divergence of its next-token distributions from the reference's, in nats.
    pub mean_kl: f64,
    /// The largest of those divergences.
    pub worst_kl: f64,
    /// Share of the predictions whose most probable token is the reference's.
    pub same_top: f64,
    /// Perplexity of the text.
    pub perplexity: f64,
}
