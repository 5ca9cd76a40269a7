//! The page: what a person sees. It knows the protocol, and nothing of the engine behind it.

pub mod formulas;
pub mod markdown;
pub mod maths;
pub mod notices;
pub mod reply;
pub mod settings;
pub mod state;
pub mod symbols;
pub mod task;
