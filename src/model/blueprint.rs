//! Which tensors a model has, how they are joined into matrices, in which format those are held, and what
//! that takes: known from the config and the head of the file, before a weight is read.

use super::{Config, Source};
use crate::error::{Error, Result};
use crate::ops::Matrix;
use crate::protocol::Quantize;
use crate::quant::{BLOCK, DType, Format};

/// A tensor to read rows of.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) dtype: DType,
    pub(super) rows: usize,
}

/// Tensors that are joined into one matrix.
pub(super) struct Joined {
    /// Hugging Face names and rows of the parts.
    pub(super) parts: Vec<(String, usize)>,
    /// K.
    pub(super) columns: usize,
    /// The embedding or the head, which `--quantize q4` keeps in 8 bits.
    pub(super) table: bool,
}

impl Joined {
    fn new(parts: &[(&str, usize)], columns: usize) -> Self {
        let parts = parts.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect();
        Self { parts, columns, table: false }
    }

    fn in_layer(layer: usize, parts: &[(&str, usize)], columns: usize) -> Self {
        let named = |(name, rows): &(&str, usize)| (format!("model.layers.{layer}.{name}.weight"), *rows);
        Self { parts: parts.iter().map(named).collect(), columns, table: false }
    }

    pub(super) fn embed_tokens(c: &Config) -> Self {
        let joined = Self::new(&[("model.embed_tokens.weight", c.vocab_size)], c.hidden_size);
        Self { table: true, ..joined }
    }

    pub(super) fn qkv(c: &Config, layer: usize) -> Self {
        let (q, kv) = (c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim);
        let parts = [("self_attn.q_proj", q), ("self_attn.k_proj", kv), ("self_attn.v_proj", kv)];
        Self::in_layer(layer, &parts, c.hidden_size)
    }

    pub(super) fn o_proj(c: &Config, layer: usize) -> Self {
        let q = c.num_attention_heads * c.head_dim;
        Self::in_layer(layer, &[("self_attn.o_proj", c.hidden_size)], q)
    }

    pub(super) fn gate_up(c: &Config, layer: usize) -> Self {
        let parts = [("mlp.gate_proj", c.intermediate_size), ("mlp.up_proj", c.intermediate_size)];
        Self::in_layer(layer, &parts, c.hidden_size)
    }

    pub(super) fn down_proj(c: &Config, layer: usize) -> Self {
        Self::in_layer(layer, &[("mlp.down_proj", c.hidden_size)], c.intermediate_size)
    }

    /// The head, where it is not the embedding table.
    pub(super) fn lm_head(c: &Config) -> Option<Self> {
        let joined = Self::new(&[("lm_head.weight", c.vocab_size)], c.hidden_size);
        (!c.tie_word_embeddings).then_some(Self { table: true, ..joined })
    }

    /// Every matrix of a model.
    pub(super) fn all(c: &Config) -> Vec<Self> {
        let mut all = vec![Self::embed_tokens(c)];
        for layer in 0..c.num_hidden_layers {
            all.extend([Self::qkv, Self::o_proj, Self::gate_up, Self::down_proj].map(|of| of(c, layer)));
        }
        all.extend(Self::lm_head(c));
        all
    }

    /// N, rows of all parts.
    pub(super) fn rows(&self) -> usize {
        self.parts.iter().map(|(_, rows)| rows).sum()
    }

    /// Finds the parts in the source and checks their shapes.
    pub(super) fn find(&self, source: &Source<'_>) -> Result<Vec<Part>> {
        self.parts.iter().map(|(name, rows)| source.part(name, &[*rows, self.columns])).collect()
    }

    /// The format of the matrix: that of the file if the parts agree, else one that holds them all.
    pub(super) fn format(&self, parts: &[Part], quantize: Quantize) -> Format {
        let dense = |dtype: DType| matches!(dtype, DType::F32 | DType::F16 | DType::BF16);
        if parts.iter().all(|part| dense(part.dtype)) {
            match quantize {
                Quantize::None => {}
                Quantize::Q4 | Quantize::Nf4 if !self.table => return Format::Q4 { min: true },
                Quantize::Q4 | Quantize::Nf4 | Quantize::Q8 => return Format::Q8 { min: false },
            }
        }
        let first = Format::lossless(parts[0].dtype);
        if parts.iter().all(|part| Format::lossless(part.dtype) == first) {
            first
        } else if parts.iter().all(|part| matches!(part.dtype, DType::Q4_0 | DType::Q8_0)) {
            Format::Q8 { min: false }
        } else {
            Format::F32
        }
    }

    /// Bytes of the matrix on the GPU.
    pub(super) fn bytes(&self, format: Format, max_chunk_bytes: u64) -> u64 {
        let per_chunk = Matrix::rows_per_chunk(format, self.columns, max_chunk_bytes);
        let buffer = |words: usize| (words as u64 * 4).next_multiple_of(16).max(16);
        (0..self.rows())
            .step_by(per_chunk)
            .map(|first| per_chunk.min(self.rows() - first).next_multiple_of(2))
            .map(|rows| {
                buffer(rows * format.weight_words(self.columns))
                    + buffer(rows * format.scale_words(self.columns))
            })
            .sum()
    }
}

impl Source<'_> {
    /// Finds a tensor and checks its shape.
    pub(super) fn part(&self, name: &str, dims: &[usize]) -> Result<Part> {
        let rows = dims[..dims.len() - 1].iter().product();
        let Self::Files(files) = self else {
            let blocks = dims.len() == 2 && dims[1].is_multiple_of(BLOCK);
            let dtype = if blocks { DType::Q4_0 } else { DType::F32 };
            return Ok(Part { name: name.into(), dtype, rows });
        };
        let info = files.tensor(name)?;
        if info.dims != dims {
            let what = format!("tensor {name} is {:?}, expected {dims:?} by the config", info.dims);
            return Err(Error::bad_model(&files.name, what));
        }
        Ok(Part { name: name.into(), dtype: info.dtype, rows })
    }
}
