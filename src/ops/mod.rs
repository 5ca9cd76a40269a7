//! The kernels: one file each, with what it computes, how it is recorded, its f64 reference and the
//! check of one against the other. A faster variant is chosen here, by what the device is and has.

pub mod attention;
pub mod attention_merge;
pub mod attention_serial;
pub mod check;
pub mod embed;
pub mod gate_up;
pub mod gather;
pub mod lm_head;
pub mod logit_blocks;
pub mod logit_blocks_serial;
pub mod matmul;
pub mod matrix;
pub mod matvec;
pub mod qkv;
pub mod read_bandwidth;
pub mod rms_norm;
pub mod rms_norm_serial;
pub mod rope;
pub mod sample;
pub mod sample_serial;
pub mod self_test;
pub mod source;
pub mod step;
pub mod swiglu;

pub use matrix::{Chunk, Matrix};
pub use self_test::all_shaders;
pub use step::{Row, TableEntry};

use crate::protocol::Variant;

/// How a kernel on pairs of rows runs: which family, and how many vectors at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launch {
    /// Kernel family.
    pub variant: Variant,
    /// Vectors at once: 1, 2, 4, 8 or 16. The weights are read once for all of them.
    pub batch: usize,
}

impl Launch {
    /// Batch sizes there are kernels for.
    pub const BATCHES: [usize; 5] = [1, 2, 4, 8, 16];

    /// The smallest batch that holds `rows`, or the largest there is.
    pub fn batch_for(rows: usize) -> usize {
        Self::BATCHES.into_iter().find(|batch| *batch >= rows).unwrap_or(16)
    }
}
