//! What holds across modules, and what the programs do when run from outside.

mod big_model;
mod choosing;
mod cli;
mod cli_defaults;
#[cfg(unix)]
mod cli_run;
mod crowd;
mod door;
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
mod options;
mod pull;
mod quant;
mod real;
mod remote;
mod remote_llama;
mod remote_own;
mod search;
mod searches;
mod server;
mod server_guard;
mod server_hostile;
mod server_ollama;
mod servers;
mod shaders;
mod text;
