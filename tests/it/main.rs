//! Integration tests.

mod files;
mod gguf_writer;
mod text;
