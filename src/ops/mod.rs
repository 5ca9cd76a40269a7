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

    /// For `rows` rows: the smallest batch that holds them, or the largest there is; what is left goes into
    /// more workgroups.
    ///
    /// The serial family takes one vector at a time. Mesa's llvmpipe runs its kernels for more tens of times
    /// slower (measured with Polo Tiny: a step of four sequences takes 109 ms by fours, 9 ms one by one), and
    /// a CPU, whose caches hold the weights, loses little by reading them again.
    pub fn for_rows(variant: Variant, rows: usize) -> Self {
        let most = if variant == Variant::Serial { 1 } else { 16 };
        let batch = Self::BATCHES.into_iter().find(|batch| *batch >= rows.min(most)).unwrap_or(most);
        Self { variant, batch }
    }
}
