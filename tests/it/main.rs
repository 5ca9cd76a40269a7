//! What holds across modules, and what the programs do when run from outside.

mod big_model;
mod choosing;
mod cli;
mod cli_defaults;
#[cfg(unix)]
mod cli_run;
mod driver;
mod errors;
mod failures;
mod files;
mod generate;
mod gguf_writer;
mod golden;
mod http;
mod hub;
mod layout;
mod library;
mod nf4;
mod pull;
mod quant;
mod real;
mod search;
mod searches;
mod server;
mod server_guard;
mod shaders;
mod text;
