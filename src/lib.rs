//! Polo: a reasoning model that runs on the user's own GPU, in a browser tab or in the terminal.
//!
//! ARCHITECTURE.md has the map; this file only names the modules and holds the one `cfg(feature)`.

pub mod engine;
pub mod error;
pub mod eval;
pub mod files;
pub mod generate;
pub mod gpu;
pub mod model;
pub mod ops;
pub mod platform;
pub mod protocol;
pub mod quant;
pub mod remote;
pub mod sampler;
pub mod search;
pub mod text;

#[cfg(feature = "native")]
#[path = "grammar/native.rs"]
pub mod grammar;
#[cfg(not(feature = "native"))]
#[path = "grammar/none.rs"]
pub mod grammar;

#[cfg(feature = "native")]
pub mod cli;
#[cfg(feature = "native")]
pub mod server;
#[cfg(feature = "web")]
pub mod ui;
#[cfg(feature = "web")]
pub mod worker;

pub use error::{Error, Result};
