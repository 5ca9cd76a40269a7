//! Sequences that decode together: one scheduler owns them all, mixes prompts with decode steps, and
//! serves chat, search lanes and clients of a server alike.

mod cache;
mod chooser;
mod scheduler;
mod sequence;

pub use chooser::Chooser;
pub use scheduler::{Output, Scheduler, Suspended};
pub use sequence::{SequenceId, SequenceRequest};
