//! Qwen2 and Llama: their configuration, their weights on the GPU, the pages of the key/value cache and the forward pass.

mod blueprint;
mod buffers;
mod canary;
mod config;
mod memory;
mod options;
mod pages;
mod qwen2;
mod random;
mod rope;
mod weights;

pub use config::{Architecture, Config};
pub use memory::{Needs, SHORTEST_CONTEXT};
pub use options::Options;
pub use pages::{BlockTable, Pages};
pub use qwen2::{Qwen2, StepShape};
pub use random::{SHAPES, random_config};
pub use rope::RopeScaling;
pub use weights::{Source, Weights};
