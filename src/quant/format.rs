//! The types of weights in files and on the GPU.

use serde::{Deserialize, Serialize};

/// Weights that share a scale; rows are padded to a multiple of it.
pub const BLOCK: usize = 32;

/// Element type of a tensor in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// IEEE half.
    F16,
    /// bfloat16.
    BF16,
    /// ggml: blocks of 32, f16 scale, 4-bit values minus 8.
    #[serde(rename = "Q4_0")]
    Q4_0,
    /// ggml: blocks of 32, f16 scale and minimum, 4-bit values.
    #[serde(rename = "Q4_1")]
    Q4_1,
    /// ggml: blocks of 32, f16 scale, signed 8-bit values.
    #[serde(rename = "Q8_0")]
    Q8_0,
}

impl DType {
    /// (elements, bytes) of one block.
    pub fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::BF16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q8_0 => (32, 34),
        }
    }

    /// Bytes of a row of `columns` elements; `None` if they do not fill whole blocks.
    pub fn row_bytes(self, columns: usize) -> Option<usize> {
        let (elements, bytes) = self.block();
        columns.is_multiple_of(elements).then(|| columns / elements * bytes)
    }

    /// The name people know.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q8_0 => "Q8_0",
        }
    }
}

/// How a matrix lies on the GPU: bit planes and scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// P4 with scales (a), or (b) where there is no minimum.
    Q4 {
        /// Scales (a).
        min: bool,
    },
    /// P8 with scales (a), or (b) where there is no minimum.
    Q8 {
        /// Scales (a).
        min: bool,
    },
    /// IEEE half, two a word.
    F16,
    /// bfloat16, two a word.
    BF16,
    /// 32-bit float.
    F32,
}

impl Format {
    /// Every format, for tests.
    pub const ALL: [Self; 7] = [
        Self::Q4 { min: true },
        Self::Q4 { min: false },
        Self::Q8 { min: true },
        Self::Q8 { min: false },
        Self::F16,
        Self::BF16,
        Self::F32,
    ];

    /// The format that holds `dtype` without loss.
    pub fn lossless(dtype: DType) -> Self {
        match dtype {
            DType::F32 => Self::F32,
            DType::F16 => Self::F16,
            DType::BF16 => Self::BF16,
            DType::Q4_0 => Self::Q4 { min: false },
            DType::Q4_1 => Self::Q4 { min: true },
            DType::Q8_0 => Self::Q8 { min: false },
        }
    }

    /// Words of the plane for one row of `columns`.
    pub fn weight_words(self, columns: usize) -> usize {
        let words_per_block = match self {
            Self::Q4 { .. } => 4,
            Self::Q8 { .. } => 8,
            Self::F16 | Self::BF16 => 16,
            Self::F32 => 32,
        };
        columns.div_ceil(BLOCK) * words_per_block
    }

    /// Words of scales for one row of `columns`; 0 for the unquantised formats.
    pub fn scale_words(self, columns: usize) -> usize {
        let blocks = columns.div_ceil(BLOCK);
        match self {
            Self::Q4 { min: true } | Self::Q8 { min: true } => blocks,
            Self::Q4 { min: false } | Self::Q8 { min: false } => blocks.div_ceil(2),
            Self::F16 | Self::BF16 | Self::F32 => 0,
        }
    }

    /// Bytes of one row, scales included.
    pub fn row_bytes(self, columns: usize) -> usize {
        (self.weight_words(columns) + self.scale_words(columns)) * 4
    }

    /// As shown to users: plane and kind of scales.
    pub fn name(self) -> &'static str {
        match self {
            Self::Q4 { min: true } => "P4+a",
            Self::Q4 { min: false } => "P4+b",
            Self::Q8 { min: true } => "P8+a",
            Self::Q8 { min: false } => "P8+b",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::F32 => "F32",
        }
    }
}
