//! Weight formats: from the types found in files to the bit planes the shaders read.

use serde::{Deserialize, Serialize};

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
            Self::Q8_0 => "Q8_0",
        }
    }
}
