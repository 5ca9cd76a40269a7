//! Which tensors a model has, how they are joined into matrices, in which format those are held, and what
//! that takes: known from the config and the head of the file, before a weight is read.

use std::ops::Range;

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
    /// The embedding or the head, which `--quantize q4` and `nf4` keep in 8 bits.
    pub(super) table: bool,
    /// Rows of the parts alternate.
    pub(super) interleaved: bool,
}

impl Joined {
    fn new(parts: &[(&str, usize)], columns: usize) -> Self {
        let parts = parts.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect();
        Self { parts, columns, table: false, interleaved: false }
    }

    fn in_layer(layer: usize, parts: &[(&str, usize)], columns: usize) -> Self {
        let named = |(name, rows): &(&str, usize)| (format!("model.layers.{layer}.{name}.weight"), *rows);
        Self { parts: parts.iter().map(named).collect(), columns, table: false, interleaved: false }
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
        Self { interleaved: true, ..Self::in_layer(layer, &parts, c.hidden_size) }
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

    /// The format of each part. Parts that lie one behind the other keep the file's; parts whose rows
    /// alternate share one that holds all of them without loss.
    pub(super) fn formats(&self, parts: &[Part], quantize: Quantize) -> Vec<Format> {
        let format = |part: &Part| match quantize {
            _ if !part.dtype.is_dense() => Format::lossless(part.dtype),
            Quantize::None => Format::lossless(part.dtype),
            Quantize::Q4 if !self.table => Format::Q4 { min: true },
            Quantize::Nf4 if !self.table => Format::Nf4,
            Quantize::Q4 | Quantize::Nf4 | Quantize::Q8 => Format::Q8 { min: false },
        };
        let formats: Vec<Format> = parts.iter().map(format).collect();
        if !self.interleaved || formats.iter().all(|format| *format == formats[0]) {
            return formats;
        }
        let eight = Format::Q8 { min: false };
        let fits = |format: &Format| *format == eight || *format == Format::Q4 { min: false };
        let common = if formats.iter().all(fits) { eight } else { Format::F32 };
        vec![common; parts.len()]
    }

    /// The rows of each chunk and their format, for the formats of the parts. Where these differ, so do chunks.
    pub(super) fn chunks(&self, formats: &[Format], max_chunk_bytes: u64) -> Vec<(Range<usize>, Format)> {
        let mut runs: Vec<(Range<usize>, Format)> = Vec::new();
        for ((_, rows), format) in self.parts.iter().zip(formats) {
            match runs.last_mut() {
                Some((run, same)) if same == format => run.end += rows,
                last => {
                    let first = last.map_or(0, |(run, _)| run.end);
                    assert!(first.is_multiple_of(2), "pairs of rows are never split");
                    runs.push((first..first + rows, *format));
                }
            }
        }
        let split = |(run, format): (Range<usize>, Format)| {
            let per_chunk = Matrix::rows_per_chunk(format, self.columns, max_chunk_bytes);
            run.clone().step_by(per_chunk).map(move |first| (first..(first + per_chunk).min(run.end), format))
        };
        runs.into_iter().flat_map(split).collect()
    }

    /// Bytes of the matrix on the GPU.
    pub(super) fn bytes(&self, formats: &[Format], max_chunk_bytes: u64) -> u64 {
        let buffer = |words: usize| (words as u64 * 4).next_multiple_of(16).max(16);
        let bytes = |(rows, format): (Range<usize>, Format)| {
            let rows = rows.len().next_multiple_of(2);
            buffer(rows * format.weight_words(self.columns)) + buffer(rows * format.scale_words(self.columns))
        };
        self.chunks(formats, max_chunk_bytes).into_iter().map(bytes).sum()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(dtypes: &[DType]) -> Vec<Part> {
        dtypes.iter().map(|&dtype| Part { name: String::new(), dtype, rows: 6 }).collect()
    }

    #[test]
    fn parts_of_different_types_become_chunks_of_different_formats() {
        let joined = Joined::new(&[("q", 6), ("k", 2), ("v", 2)], 256);
        let mixed = joined.formats(&parts(&[DType::Q4K, DType::Q4K, DType::Q6K]), Quantize::None);
        assert_eq!(joined.chunks(&mixed, 1 << 20), [(0..8, Format::Q4K), (8..10, Format::Q6K)]);
        // Two rows of Q4_K are 256 bytes, of Q6_K 384.
        let small = joined.chunks(&mixed, 512);
        assert_eq!(small, [(0..4, Format::Q4K), (4..8, Format::Q4K), (8..10, Format::Q6K)]);
        let quantised = joined.formats(&parts(&[DType::F16, DType::Q8_0, DType::BF16]), Quantize::Nf4);
        assert_eq!(quantised, [Format::Nf4, Format::Q8 { min: false }, Format::Nf4]);
    }

    #[test]
    fn alternating_rows_share_a_format_without_loss() {
        let joined = Joined { interleaved: true, ..Joined::new(&[("gate", 6), ("up", 6)], 256) };
        for (dtypes, format) in [
            ([DType::Q5K, DType::Q5K], Format::Q5K),
            ([DType::Q4_0, DType::Q8_0], Format::Q8 { min: false }),
            ([DType::Q4K, DType::Q6K], Format::F32),
            ([DType::F16, DType::BF16], Format::F32),
        ] {
            let formats = joined.formats(&parts(&dtypes), Quantize::None);
            assert_eq!(joined.chunks(&formats, 1 << 20), [(0..12, format)], "{dtypes:?}");
        }
    }
}
