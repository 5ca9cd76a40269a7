//! From named tensors in files to matrices on the GPU, a block of rows at a time: no tensor is ever
//! whole in memory.

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
}

/// A tensor to read rows of.
struct Part {
    name: String,
    dtype: DType,
    rows: usize,
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

impl Loader<'_> {
    pub(super) async fn load(mut self) -> Result<Weights> {
        let c = self.config;
        let heads = c.heads(crate::protocol::KvType::F32);
        let (q, kv) = (heads.heads * heads.head_dim, heads.kv_heads * heads.head_dim);
        let table = [c.vocab_size];
        let embed_tokens =
            self.matrix(&["model.embed_tokens.weight"], &table, c.hidden_size, true, |row| (0, row)).await?;
        let mut layers = Vec::with_capacity(c.num_hidden_layers);
        for index in 0..c.num_hidden_layers {
            let name = |part: &str| format!("model.layers.{index}.{part}");
            let attention = |part: &str| format!("model.layers.{index}.self_attn.{part}");
            let input_norm = self.vector(&name("input_layernorm.weight"), c.hidden_size).await?;
            let mut bias = Vec::new();
            for (part, len) in [("q_proj.bias", q), ("k_proj.bias", kv), ("v_proj.bias", kv)] {
                bias.extend(self.vector(&attention(part), len).await?);
            }
            let mut norm_bias = padded(&input_norm);
            norm_bias.extend((0..bias.len()).map(|row| bias[qkv::interleave(&heads, row)]));
            let names = [attention("q_proj.weight"), attention("k_proj.weight"), attention("v_proj.weight")];
            let order = |row: usize| {
                let row = qkv::interleave(&heads, row);
                if row < q {
                    (0, row)
                } else if row < q + kv {
                    (1, row - q)
                } else {
                    (2, row - q - kv)
                }
            };
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let qkv = self.matrix(&names, &[q, kv, kv], c.hidden_size, false, order).await?;
            let o_proj = self
                .matrix(&[&attention("o_proj.weight")], &[c.hidden_size], q, false, |row| (0, row))
                .await?;
            let post_norm = self.vector(&name("post_attention_layernorm.weight"), c.hidden_size).await?;
            let names = [name("mlp.gate_proj.weight"), name("mlp.up_proj.weight")];
            let sizes = [c.intermediate_size; 2];
            let gate_up = self
                .matrix(&[&names[0], &names[1]], &sizes, c.hidden_size, false, |row| (row % 2, row / 2))
                .await?;
            let down = name("mlp.down_proj.weight");
            let down_proj =
                self.matrix(&[&down], &[c.hidden_size], c.intermediate_size, false, |row| (0, row)).await?;
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
        let lm_head = if c.tie_word_embeddings {
            None
        } else {
            Some(
                self.matrix(&["lm_head.weight"], &[c.vocab_size], c.hidden_size, true, |row| (0, row))
                    .await?,
            )
        };
        Ok(Weights { embed_tokens, layers, norm, lm_head, formats: self.formats })
    }

    fn upload(&self, values: &[f32]) -> Tensor {
        self.gpu.upload("vector", values, &[values.len()])
    }

    /// Finds a tensor and checks its shape.
    fn part(&self, name: &str, dims: &[usize]) -> Result<Part> {
        let rows = dims[..dims.len() - 1].iter().product();
        let Source::Files(files) = &self.source else {
            let blocks = dims.len() == 2 && dims[1].is_multiple_of(BLOCK);
            return Ok(Part {
                name: name.into(),
                dtype: if blocks { DType::Q4_0 } else { DType::F32 },
                rows,
            });
        };
        let info = files.tensor(name)?;
        if info.dims != dims {
            let what = format!("tensor {name} is {:?}, expected {dims:?} by the config", info.dims);
            return Err(Error::bad_model(&files.name, what));
        }
        Ok(Part { name: name.into(), dtype: info.dtype, rows })
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
        let part = self.part(name, &[len])?;
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

    /// The format of one part: that of the file, unless it is to be quantised. `table` is set for the
    /// embedding and the head, which `--quantize q4` and `nf4` keep in 8 bits.
    fn format(&self, part: &Part, table: bool) -> Format {
        match self.quantize {
            _ if !part.dtype.is_dense() => Format::lossless(part.dtype),
            Quantize::None => Format::lossless(part.dtype),
            Quantize::Q4 if !table => Format::Q4 { min: true },
            Quantize::Nf4 if !table => Format::Nf4,
            Quantize::Q4 | Quantize::Nf4 | Quantize::Q8 => Format::Q8 { min: false },
        }
    }

    /// Runs of rows of a joined matrix in one format. Parts that lie one behind the other (q, k, v) keep each
    /// its own; parts whose rows alternate (gate, up) share one that holds all of them without loss.
    fn runs(
        &self,
        parts: &[Part],
        table: bool,
        order: &impl Fn(usize) -> (usize, usize),
    ) -> Vec<(std::ops::Range<usize>, Format)> {
        let formats: Vec<Format> = parts.iter().map(|part| self.format(part, table)).collect();
        let total = parts.iter().map(|part| part.rows).sum();
        let mut runs: Vec<(std::ops::Range<usize>, Format)> = Vec::new();
        for row in 0..total {
            let format = formats[order(row).0];
            match runs.last_mut() {
                Some((rows, same)) if *same == format => rows.end = row + 1,
                _ => runs.push((row..row + 1, format)),
            }
        }
        // Kernels work on pairs of rows.
        if runs.len() <= parts.len() && runs.iter().all(|(rows, _)| rows.start.is_multiple_of(2)) {
            return runs;
        }
        let eight = Format::Q8 { min: false };
        let fits = |format: &Format| *format == eight || *format == Format::Q4 { min: false };
        vec![(0..total, if formats.iter().all(fits) { eight } else { Format::F32 })]
    }

    /// Joins tensors into one matrix; `order` says which part and row of it lies at a row.
    async fn matrix(
        &mut self,
        names: &[&str],
        rows: &[usize],
        columns: usize,
        table: bool,
        order: impl Fn(usize) -> (usize, usize),
    ) -> Result<Matrix> {
        let parts: Vec<Part> = names
            .iter()
            .zip(rows)
            .map(|(name, rows)| self.part(name, &[*rows, columns]))
            .collect::<Result<_>>()?;
        let runs = self.runs(&parts, table, &order);
        let total: usize = parts.iter().map(|part| part.rows).sum();
        let mut chunks = Vec::new();
        for (first_row, end, format) in runs.iter().flat_map(|(rows, format)| {
            let per_chunk = Matrix::rows_per_chunk(*format, columns, self.max_chunk_bytes);
            rows.clone()
                .step_by(per_chunk)
                .map(move |first| (first, (first + per_chunk).min(rows.end), *format))
        }) {
            let held = end - first_row;
            let (weight_words, scale_words) = (format.weight_words(columns), format.scale_words(columns));
            let per_piece = (PIECE_BYTES / format.row_bytes(columns) / 2 * 2).max(2);
            let padded = held.next_multiple_of(2);
            let weight_dims = [padded, weight_words];
            let weight =
                self.gpu.allocate(names[0], (padded * weight_words * 4) as u64, &weight_dims).await?;
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
                // Lets the driver free what it staged.
                self.gpu.queue().submit([]);
            }
            chunks.push(Chunk { first_row, rows: held, format, weight, scales });
        }
        for part in &parts {
            let format = if let [(_, only)] = &runs[..] { *only } else { self.format(part, table) };
            let held = chunks.iter().filter(|chunk| chunk.format == format).count();
            self.note(&part.name, &[part.rows, columns], part.dtype, format.name(), held);
        }
        Ok(Matrix { rows: total, columns, chunks })
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
        for (index, row) in wanted {
            let part = &parts[index];
            let (first, bytes) = &read[index];
            let row_bytes = part.dtype.row_bytes(columns).unwrap_or(0);
            let bytes = &bytes[(row - first) * row_bytes..][..row_bytes];
            quant::pack_row(format, part.dtype, bytes, columns, &mut words, &mut halves);
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
