//! The page: what a person sees. It knows the protocol, and nothing of the engine behind it.

pub mod formulas;
pub mod markdown;
pub mod maths;
pub mod symbols;
