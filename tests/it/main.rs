//! Integration tests.

mod cli;
mod files;
mod gguf_writer;
mod text;
