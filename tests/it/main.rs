//! What holds across modules, and what the programs do when run from outside.

mod cli;
mod files;
mod generate;
mod gguf_writer;
mod golden;
mod layout;
mod quant;
mod search;
mod shaders;
mod text;
