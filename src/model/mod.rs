//! Qwen2: its configuration, its weights on the GPU, the pages of its key/value cache and its forward pass.

mod blueprint;
mod buffers;
mod canary;
mod config;
mod memory;
mod pages;
mod qwen2;
mod random;
mod weights;

pub use config::Config;
pub use memory::{Needs, SHORTEST_CONTEXT};
pub use pages::{BlockTable, Pages};
pub use qwen2::{Options, Qwen2, StepShape};
pub use random::{SHAPES, random_config};
pub use weights::{Source, Weights};
