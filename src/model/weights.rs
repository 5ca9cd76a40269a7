//! From named tensors in files to matrices on the GPU, a block of rows at a time: no tensor is ever
//! whole in memory.

use super::blueprint::{Joined, Part};
use super::canary::{Canary, sampled};
use super::{Config, random};
use crate::error::{Error, Result};
use crate::files::ModelFiles;
use crate::gpu::{Gpu, Tensor};
use crate::ops::step::Heads;
use crate::ops::{Chunk, Matrix, qkv};
use crate::protocol::{Quantize, TensorFormat};
use crate::quant::{self, BLOCK, DType, Format};

/// Packed bytes made and uploaded at a time.
const PIECE_BYTES: usize = 4 << 20;

/// Bytes that may wait in the driver's staging memory.
const STAGED_BYTES: usize = 64 << 20;

/// Where weights come from.
pub enum Source<'f> {
    /// A model's files.
    Files(&'f ModelFiles),
    /// Seeded random numbers; the seed.
    Random(u64),
}

/// One decoder layer.
pub(super) struct Layer {
    pub(super) qkv: Matrix,
    /// [C padded] norm weight, then [N] bias.
    pub(super) norm_bias: Tensor,
    /// The same norm weight alone, for kernels that take it so.
    pub(super) input_layernorm: Tensor,
    pub(super) o_proj: Matrix,
    pub(super) post_attention_layernorm: Tensor,
    pub(super) gate_up: Matrix,
    pub(super) down_proj: Matrix,
}

/// All weights of a model on the GPU.
pub struct Weights {
    pub(super) embed_tokens: Matrix,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Tensor,
    pub(super) lm_head: Option<Matrix>,
    /// How each tensor is held, for people.
    pub formats: Vec<TensorFormat>,
}

/// What loading needs to know.
pub(super) struct Loader<'l> {
    pub(super) gpu: &'l Gpu,
    pub(super) source: Source<'l>,
    pub(super) config: &'l Config,
    pub(super) quantize: Quantize,
    pub(super) max_chunk_bytes: u64,
    pub(super) progress: &'l mut dyn FnMut(u64),
    pub(super) formats: Vec<TensorFormat>,
    canary: Canary<'l>,
    /// Bytes given to the driver since it was last waited for.
    staged: usize,
}

impl Weights {
    /// The head: its own matrix, or the embedding table.
    pub(super) fn head(&self) -> &Matrix {
        self.lm_head.as_ref().unwrap_or(&self.embed_tokens)
    }

    /// Bytes on the GPU.
    pub fn bytes(&self) -> u64 {
        let layer = |layer: &Layer| {
            [&layer.qkv, &layer.o_proj, &layer.gate_up, &layer.down_proj]
                .map(Matrix::bytes)
                .iter()
                .sum::<u64>()
                + layer.norm_bias.bytes()
                + layer.input_layernorm.bytes()
                + layer.post_attention_layernorm.bytes()
        };
        self.embed_tokens.bytes()
            + self.lm_head.as_ref().map_or(0, Matrix::bytes)
            + self.norm.bytes()
            + self.layers.iter().map(layer).sum::<u64>()
    }

    /// Bytes of weights one decode step reads: everything but the rows of the embedding table that
    /// are not looked up.
    pub fn step_bytes(&self) -> u64 {
        self.bytes() - if self.lm_head.is_some() { self.embed_tokens.bytes() } else { 0 }
    }
}

impl<'l> Loader<'l> {
    pub(super) fn new(
        gpu: &'l Gpu,
        source: Source<'l>,
        config: &'l Config,
        options: &super::Options,
        progress: &'l mut dyn FnMut(u64),
    ) -> Self {
        let matrices = Joined::all(config);
        let widest = matrices.iter().map(Joined::rows).max().unwrap_or(0);
        Self {
            gpu,
            source,
            config,
            quantize: options.quantize,
            max_chunk_bytes: options.max_chunk_bytes,
            progress,
            formats: Vec::new(),
            canary: Canary::new(gpu, matrices.len(), widest),
            staged: 0,
        }
    }

    pub(super) async fn load(mut self) -> Result<Weights> {
        let c = self.config;
        let heads = c.heads(crate::protocol::KvType::F32);
        let (q, kv) = (heads.heads * heads.head_dim, heads.kv_heads * heads.head_dim);
        let embed_tokens = self.matrix(&Joined::embed_tokens(c), |row| (0, row)).await?;
        let mut layers = Vec::with_capacity(c.num_hidden_layers);
        for index in 0..c.num_hidden_layers {
            let name = |part: &str| format!("model.layers.{index}.{part}");
            let attention = |part: &str| format!("model.layers.{index}.self_attn.{part}");
            let input_norm = self.vector(&name("input_layernorm.weight"), c.hidden_size).await?;
            let mut bias = Vec::new();
            for (part, len) in [("q_proj.bias", q), ("k_proj.bias", kv), ("v_proj.bias", kv)] {
                if c.architecture.has_bias() {
                    bias.extend(self.vector(&attention(part), len).await?);
                } else {
                    bias.resize(bias.len() + len, 0.0);
                }
            }
            // Some files lay rows as the kernels want them.
            let in_file = |row: usize| if c.rope_interleave { row } else { qkv::interleave(&heads, row) };
            let mut norm_bias = padded(&input_norm);
            norm_bias.extend((0..bias.len()).map(|row| bias[in_file(row)]));
            let order = |row: usize| {
                let row = in_file(row);
                if row < q {
                    (0, row)
                } else if row < q + kv {
                    (1, row - q)
                } else {
                    (2, row - q - kv)
                }
            };
            let qkv = self.matrix(&Joined::qkv(c, index), order).await?;
            let o_proj = self.matrix(&Joined::o_proj(c, index), |row| (0, row)).await?;
            let post_norm = self.vector(&name("post_attention_layernorm.weight"), c.hidden_size).await?;
            // A gate, then its up: the kernels multiply pairs of rows.
            let gate_up = self.matrix(&Joined::gate_up(c, index), |row| (row % 2, row / 2)).await?;
            let down_proj = self.matrix(&Joined::down_proj(c, index), |row| (0, row)).await?;
            layers.push(Layer {
                qkv,
                norm_bias: self.upload(&norm_bias),
                input_layernorm: self.upload(&padded(&input_norm)),
                o_proj,
                post_attention_layernorm: self.upload(&padded(&post_norm)),
                gate_up,
                down_proj,
            });
        }
        let norm = self.vector("model.norm.weight", c.hidden_size).await?;
        let norm = self.upload(&padded(&norm));
        let lm_head = match Joined::lm_head(c) {
            Some(head) => Some(self.matrix(&head, |row| (0, row)).await?),
            None => None,
        };
        self.canary.finish().await?;
        Ok(Weights { embed_tokens, layers, norm, lm_head, formats: self.formats })
    }

    fn upload(&self, values: &[f32]) -> Tensor {
        self.gpu.upload("vector", values, &[values.len()])
    }

    async fn read(&mut self, part: &Part, rows: std::ops::Range<usize>, columns: usize) -> Result<Vec<u8>> {
        let bytes = match &self.source {
            Source::Files(files) => files.read_rows(&part.name, rows).await?,
            Source::Random(seed) => {
                rows.flat_map(|row| random::row_bytes(*seed, &part.name, row, columns, part.dtype)).collect()
            }
        };
        (self.progress)(bytes.len() as u64);
        Ok(bytes)
    }

    async fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>> {
        let part = self.source.part(name, &[len])?;
        let bytes = self.read(&part, 0..1, len).await?;
        let values = quant::decode_row(part.dtype, &bytes);
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            let what =
                format!("tensor {name} has {} at {position}, expected finite numbers", values[position]);
            return Err(Error::bad_model(self.file(), what));
        }
        self.note(name, &[len], part.dtype, "F32", 1);
        Ok(values)
    }

    fn file(&self) -> String {
        match &self.source {
            Source::Files(files) => files.name.clone(),
            Source::Random(seed) => format!("random weights of seed {seed}"),
        }
    }

    fn note(&mut self, name: &str, dims: &[usize], dtype: DType, gpu: &str, chunks: usize) {
        self.formats.push(TensorFormat {
            name: name.into(),
            dims: dims.to_vec(),
            file: dtype.name().into(),
            gpu: gpu.into(),
            chunks,
        });
    }

    /// Joins tensors into one matrix; `order` says which part and row of it lies at a row.
    async fn matrix(&mut self, joined: &Joined, order: impl Fn(usize) -> (usize, usize)) -> Result<Matrix> {
        let parts = joined.find(&self.source)?;
        let formats = joined.formats(&parts, self.quantize);
        let columns = joined.columns;
        let mut chunks: Vec<Chunk> = Vec::new();
        for (rows, format) in joined.chunks(&formats, self.max_chunk_bytes) {
            let (first_row, held) = (rows.start, rows.len());
            let (weight_words, scale_words) = (format.weight_words(columns), format.scale_words(columns));
            let per_piece = (PIECE_BYTES / format.row_bytes(columns) / 2 * 2).max(2);
            let padded = held.next_multiple_of(2);
            let weight_dims = [padded, weight_words];
            let weight =
                self.gpu.allocate(&parts[0].name, (padded * weight_words * 4) as u64, &weight_dims).await?;
            let scales = if scale_words == 0 {
                self.gpu.upload("scales", &[1.0f32], &[1])
            } else {
                self.gpu.allocate("scales", (padded * scale_words * 4) as u64, &[padded, scale_words]).await?
            };
            for piece in (0..held).step_by(per_piece) {
                let end = (piece + per_piece).min(held);
                let (words, halves) =
                    self.piece(&parts, format, columns, first_row + piece..first_row + end, &order).await?;
                self.gpu.write(&weight, (piece * weight_words * 4) as u64, &words);
                if scale_words > 0 {
                    self.gpu.write(&scales, (piece * scale_words * 4) as u64, &halves);
                }
                // Lets the driver free what it staged, and waits before that becomes much.
                self.gpu.queue().submit([]);
                self.staged += size_of_val(&*words) + size_of_val(&*halves);
                if self.staged > STAGED_BYTES {
                    self.staged = 0;
                    self.gpu.finish().await?;
                }
            }
            chunks.push(Chunk { first_row, rows: held, format, weight, scales });
        }
        for (part, format) in parts.iter().zip(formats) {
            let held = chunks.iter().filter(|chunk| chunk.format == format).count();
            self.note(&part.name, &[part.rows, columns], part.dtype, format.name(), held);
        }
        let matrix = Matrix { rows: joined.rows(), columns, chunks };
        self.canary.matrix(&matrix);
        Ok(matrix)
    }

    /// Packs a few rows of a joined matrix.
    async fn piece(
        &mut self,
        parts: &[Part],
        format: Format,
        columns: usize,
        rows: std::ops::Range<usize>,
        order: &impl Fn(usize) -> (usize, usize),
    ) -> Result<(Vec<u32>, Vec<u32>)> {
        let first_row = rows.start;
        let wanted: Vec<(usize, usize)> = rows.map(order).collect();
        let mut read = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            let mine = wanted.iter().filter(|(part, _)| *part == index).map(|(_, row)| *row);
            let span = mine.clone().min().map(|low| low..mine.max().unwrap_or(low) + 1);
            let bytes = match span.clone() {
                Some(span) => self.read(part, span, columns).await?,
                None => Vec::new(),
            };
            read.push((span.map_or(0, |span| span.start), bytes));
        }
        let (mut words, mut halves) = (Vec::new(), Vec::new());
        let mut sampled =
            sampled(parts.iter().map(|part| part.rows).sum()).skip_while(|at| *at < first_row).peekable();
        for (at, (index, row)) in (first_row..).zip(wanted) {
            let part = &parts[index];
            let (first, bytes) = &read[index];
            let row_bytes = part.dtype.row_bytes(columns).unwrap_or(0);
            let bytes = &bytes[(row - first) * row_bytes..][..row_bytes];
            let (word, half) = (words.len(), halves.len());
            quant::pack_row(format, part.dtype, bytes, columns, &mut words, &mut halves);
            if sampled.next_if_eq(&at).is_some() {
                self.canary.row(
                    &part.name,
                    at,
                    &quant::unpack_row(format, columns, &words[word..], &halves[half..]),
                );
            }
        }
        Ok((words, halves))
    }
}

impl Config {
    /// The attention heads, with the given type of cache.
    pub fn heads(&self, kv: crate::protocol::KvType) -> Heads {
        Heads {
            heads: self.num_attention_heads,
            kv_heads: self.num_key_value_heads,
            head_dim: self.head_dim,
            kv,
        }
    }
}

fn padded(values: &[f32]) -> Vec<f32> {
    let mut out = values.to_vec();
    out.resize(values.len().next_multiple_of(BLOCK), 0.0);
    out
}
