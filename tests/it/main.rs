//! What holds across modules, and what the programs do when run from outside.

mod cli;
mod files;
mod gguf_writer;
mod layout;
mod shaders;
mod text;
