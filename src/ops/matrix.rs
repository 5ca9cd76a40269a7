//! A weight matrix on the GPU: planes, scales, and the row chunks it is split into.

use crate::gpu::{Gpu, Tensor};
use crate::quant::{self, DType, Format};

/// Rows `first_row..first_row + rows` of a matrix, in buffers of their own.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// First row of the matrix in this chunk; even.
    pub first_row: usize,
    /// Rows held, not counting a row of padding that makes their number even.
    pub rows: usize,
    /// How the weights are stored; chunks of one matrix may differ, as the types of its parts in the file do.
    pub format: Format,
    /// The plane, [rows, words].
    pub weight: Tensor,
    /// The scales, [rows, words], or [1] for unquantised formats.
    pub scales: Tensor,
}

impl Chunk {
    /// Pairs of rows, padding included.
    pub fn pairs(&self) -> usize {
        self.rows.div_ceil(2)
    }
}

/// A matrix [N, K], row-major, split by rows.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// N, outputs.
    pub rows: usize,
    /// K, inputs.
    pub columns: usize,
    /// In order of rows.
    pub chunks: Vec<Chunk>,
}

impl Matrix {
    /// Blocks of 32 in a row, the last one padded.
    pub fn blocks(&self) -> usize {
        self.columns.div_ceil(quant::BLOCK)
    }

    /// Bytes on the GPU.
    pub fn bytes(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.weight.bytes() + chunk.scales.bytes()).sum()
    }

    /// Even number of rows whose planes fit `max_bytes`; at least 2.
    pub fn rows_per_chunk(format: Format, columns: usize, max_bytes: u64) -> usize {
        let row_bytes = format.weight_words(columns) as u64 * 4;
        usize::try_from(max_bytes / row_bytes / 2 * 2).unwrap_or(usize::MAX - 1).max(2)
    }

    /// Packs f32 rows [N, K] and uploads them in one piece a chunk; for tests and random models.
    pub fn from_f32(
        gpu: &Gpu,
        format: Format,
        values: &[f32],
        columns: usize,
        rows_per_chunk: usize,
    ) -> Self {
        assert!(rows_per_chunk.is_multiple_of(2), "pairs of rows are never split");
        let rows = values.len() / columns;
        let mut chunks = Vec::new();
        for (index, part) in values.chunks(rows_per_chunk * columns).enumerate() {
            let part_rows = part.len() / columns;
            let padded = part_rows.next_multiple_of(2);
            let (mut weight, mut scales) = (Vec::new(), Vec::new());
            for row in part.chunks(columns) {
                quant::pack_row(
                    format,
                    DType::F32,
                    bytemuck::cast_slice(row),
                    columns,
                    &mut weight,
                    &mut scales,
                );
            }
            let (weight_words, scale_words) = (format.weight_words(columns), format.scale_words(columns));
            weight.resize(padded * weight_words, 0);
            scales.resize(padded * scale_words, 0);
            let scales = if scale_words == 0 {
                gpu.upload("scales", &[1.0f32], &[1])
            } else {
                gpu.upload("scales", &scales, &[padded, scale_words])
            };
            chunks.push(Chunk {
                first_row: index * rows_per_chunk,
                rows: part_rows,
                format,
                weight: gpu.upload("weight", &weight, &[padded, weight_words]),
                scales,
            });
        }
        Self { rows, columns, chunks }
    }
}
