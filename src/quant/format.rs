//! The types of weights in files and on the GPU.

use serde::{Deserialize, Serialize};

/// Weights the kernels read at a time; rows are padded to a multiple of it.
pub const BLOCK: usize = 32;

/// Blocks that share the f16 scales of ggml's K types: 256 weights.
pub(super) const SUPER: usize = 8;

/// Element type of a tensor in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// IEEE half.
    F16,
    /// bfloat16.
    BF16,
    /// A byte without sign: in files a piece of something else, never a weight by itself.
    U8,
    /// ggml: blocks of 32, f16 scale, 4-bit values minus 8.
    #[serde(rename = "Q4_0")]
    Q4_0,
    /// ggml: blocks of 32, f16 scale and minimum, 4-bit values.
    #[serde(rename = "Q4_1")]
    Q4_1,
    /// ggml: blocks of 32, f16 scale, 5-bit values minus 16.
    #[serde(rename = "Q5_0")]
    Q5_0,
    /// ggml: blocks of 32, f16 scale and minimum, 5-bit values.
    #[serde(rename = "Q5_1")]
    Q5_1,
    /// ggml: blocks of 32, f16 scale, signed 8-bit values.
    #[serde(rename = "Q8_0")]
    Q8_0,
    /// ggml: blocks of 256 in eight parts, each with a 6-bit scale and minimum, 4-bit values.
    #[serde(rename = "Q4_K")]
    Q4K,
    /// ggml: as `Q4_K` with 5-bit values.
    #[serde(rename = "Q5_K")]
    Q5K,
    /// ggml: blocks of 256 in sixteen parts, each with a signed 8-bit scale, 6-bit values minus 32.
    #[serde(rename = "Q6_K")]
    Q6K,
    /// bitsandbytes: blocks of 64, f32 scale, indices into 16 values. Files hold scales and indices as
    /// tensors of their own; a row as `files` hands it on has each block's scale before its indices.
    #[serde(rename = "NF4")]
    Nf4,
}

impl DType {
    /// (elements, bytes) of one block.
    pub fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::BF16 => (1, 2),
            Self::U8 => (1, 1),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
            Self::Nf4 => (64, 36),
        }
    }

    /// Bytes of a row of `columns` elements; `None` if they do not fill whole blocks.
    pub fn row_bytes(self, columns: usize) -> Option<usize> {
        let (elements, bytes) = self.block();
        columns.is_multiple_of(elements).then(|| columns / elements * bytes)
    }

    /// Whether it holds numbers one by one, which may be quantised at load.
    pub fn is_dense(self) -> bool {
        matches!(self, Self::F32 | Self::F16 | Self::BF16)
    }

    /// The name people know.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::U8 => "U8",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q8_0 => "Q8_0",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
            Self::Nf4 => "NF4",
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
    /// P4 and P1 with scales (a), or (b) where there is no minimum.
    Q5 {
        /// Scales (a).
        min: bool,
    },
    /// P8 with scales (a), or (b) where there is no minimum.
    Q8 {
        /// Scales (a).
        min: bool,
    },
    /// P4 with scales (c).
    Q4K,
    /// P4 and P1 with scales (c).
    Q5K,
    /// P4 and P2 with scales (d).
    Q6K,
    /// P4 of indices into [`super::NF4`], with scales (e).
    Nf4,
    /// IEEE half, two a word.
    F16,
    /// bfloat16, two a word.
    BF16,
    /// 32-bit float.
    F32,
}

impl Format {
    /// Every format, for tests.
    pub const ALL: [Self; 13] = [
        Self::Q4 { min: true },
        Self::Q4 { min: false },
        Self::Q5 { min: true },
        Self::Q5 { min: false },
        Self::Q8 { min: true },
        Self::Q8 { min: false },
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
        Self::Nf4,
        Self::F16,
        Self::BF16,
        Self::F32,
    ];

    /// The format that holds `dtype` without loss.
    pub fn lossless(dtype: DType) -> Self {
        match dtype {
            DType::F32 | DType::U8 => Self::F32,
            DType::F16 => Self::F16,
            DType::BF16 => Self::BF16,
            DType::Q4_0 => Self::Q4 { min: false },
            DType::Q4_1 => Self::Q4 { min: true },
            DType::Q5_0 => Self::Q5 { min: false },
            DType::Q5_1 => Self::Q5 { min: true },
            DType::Q8_0 => Self::Q8 { min: false },
            DType::Q4K => Self::Q4K,
            DType::Q5K => Self::Q5K,
            DType::Q6K => Self::Q6K,
            DType::Nf4 => Self::Nf4,
        }
    }

    /// Words of the planes for one row of `columns`.
    pub fn weight_words(self, columns: usize) -> usize {
        let blocks = columns.div_ceil(BLOCK);
        4 * match self {
            Self::Q4 { .. } | Self::Q4K | Self::Nf4 => blocks,
            Self::Q5 { .. } | Self::Q5K => blocks + blocks.div_ceil(4),
            Self::Q6K => blocks + blocks.div_ceil(2),
            Self::Q8 { .. } => 2 * blocks,
            Self::F16 | Self::BF16 => 4 * blocks,
            Self::F32 => 8 * blocks,
        }
    }

    /// Words of scales for one row of `columns`; 0 for the unquantised formats.
    pub fn scale_words(self, columns: usize) -> usize {
        let blocks = columns.div_ceil(BLOCK);
        match self {
            Self::Q4 { min: true } | Self::Q5 { min: true } | Self::Q8 { min: true } => blocks,
            Self::Q4 { .. } | Self::Q5 { .. } | Self::Q8 { .. } | Self::Nf4 => blocks.div_ceil(2),
            Self::Q4K | Self::Q5K | Self::Q6K => 5 * blocks.div_ceil(SUPER),
            Self::F16 | Self::BF16 | Self::F32 => 0,
        }
    }

    /// Bytes of one row, scales included.
    pub fn row_bytes(self, columns: usize) -> usize {
        (self.weight_words(columns) + self.scale_words(columns)) * 4
    }

    /// As shown to users: planes and kind of scales.
    pub fn name(self) -> &'static str {
        match self {
            Self::Q4 { min: true } => "P4+a",
            Self::Q4 { min: false } => "P4+b",
            Self::Q5 { min: true } => "P4+P1+a",
            Self::Q5 { min: false } => "P4+P1+b",
            Self::Q8 { min: true } => "P8+a",
            Self::Q8 { min: false } => "P8+b",
            Self::Q4K => "P4+c",
            Self::Q5K => "P4+P1+c",
            Self::Q6K => "P4+P2+d",
            Self::Nf4 => "P4+e",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::F32 => "F32",
        }
    }
}
