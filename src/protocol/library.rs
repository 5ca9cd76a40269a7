//! Words about models that are not loaded: where they are, whether they fit, what is stored.

use serde::{Deserialize, Serialize};

use super::ModelSource;

/// How a model marks its thoughts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThoughtFormat {
    /// `<Thought>…</Thought>` and `<Output>…</Output>`, as Marco-o1.
    Marco,
    /// `<think>…</think>`, then the answer.
    Think,
    /// Not at all: everything is output.
    #[default]
    None,
}

/// What a reference (an alias, a repository, an address) turned out to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// What was asked for.
    pub reference: String,
    /// Name to show.
    pub title: String,
    /// Commit the listing is of; `None` where there are no revisions.
    pub revision: Option<String>,
    /// As the hub names it, e.g. `apache-2.0`.
    pub license: Option<String>,
    /// Forms the model comes in, the recommended one first.
    pub options: Vec<ListingOption>,
}

/// One form of a model: a GGUF file (or its parts), or a folder of safetensors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingOption {
    /// `Q4_K_M`, `Q8_0`, `safetensors`, …
    pub label: String,
    /// What to load or pull.
    pub source: ModelSource,
    /// Every file that belongs to it.
    pub files: Vec<RemoteFile>,
    /// Their bytes.
    pub bytes: u64,
    /// Whether it can be loaded; the reason if not.
    pub unsupported: Option<String>,
    /// Whether it is in local storage, complete.
    pub stored: bool,
}

/// A file somewhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFile {
    /// Path in its repository, or the last part of its address.
    pub path: String,
    /// Where to fetch it.
    pub url: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal, where the hub tells it.
    pub sha256: Option<String>,
}

/// What a pull is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullPhase {
    /// Bytes come in.
    Download,
    /// The network failed; waiting before the next try.
    Wait,
    /// What was written is hashed and compared.
    Verify,
}

/// What a load is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadPhase {
    /// Reading the head of the file.
    #[default]
    Open,
    /// Weights go to the GPU, sampled rows of each are checked there.
    Upload,
    /// Kernels are compiled.
    Compile,
    /// A short prompt is run and its numbers are looked at.
    Check,
}

/// A model in local storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredModel {
    /// Names it in `ModelSource::Stored`, in `polo show` and `polo rm`; e.g. `bartowski/Marco-o1-GGUF:Q4_K_M`.
    pub name: String,
    /// Where it came from; of a second name, the model that it is a name of.
    pub source: ModelSource,
    /// Bytes it will have, or has.
    pub bytes: u64,
    /// Bytes that are here.
    pub done_bytes: u64,
    /// Whether every file is here and verified; else a pull goes on from `done_bytes`.
    pub complete: bool,
    /// When it was last written, in milliseconds since 1970.
    pub modified_ms: u64,
    /// Where its files are.
    #[serde(default)]
    pub folder: String,
}

/// A model known to suit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueEntry {
    /// Short name for commands, e.g. `marco-o1`.
    pub alias: String,
    /// Name to show.
    pub title: String,
    /// One sentence on what it is for.
    pub about: String,
    /// Repository and recommended file.
    pub source: ModelSource,
    /// Weights.
    pub parameters: u64,
    /// Bytes of the recommended file, rounded.
    pub bytes: u64,
    /// Licence, as SPDX names it.
    pub license: String,
    /// How it thinks.
    pub thoughts: ThoughtFormat,
}

/// Local storage and the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Where models are kept, for people: a folder, or "this browser".
    pub location: String,
    /// Models that are here, in whole or in part.
    pub models: Vec<StoredModel>,
    /// Bytes used by them.
    pub used_bytes: u64,
    /// Bytes that may still be used; `None` where nobody knows.
    pub free_bytes: Option<u64>,
    /// Whether the browser has promised to keep them; natively true.
    pub persistent: bool,
    /// Models known to suit.
    pub catalogue: Vec<CatalogueEntry>,
}

/// Whether a model can run here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// It fits with the chosen context.
    Fits,
    /// It fits with a shorter context (`FitReport::largest_context`).
    Shorter,
    /// It does not fit.
    TooLarge,
    /// The device does not tell its memory: the numbers are there to judge by.
    #[default]
    Unknown,
}

/// What a model would take, from the head of its file alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// Name to show.
    pub name: String,
    /// `qwen2` or `llama`.
    pub architecture: String,
    /// Weights.
    pub parameters: u64,
    /// Bytes of the weights in the files.
    pub file_bytes: u64,
    /// Bytes of the weights on the GPU.
    pub weight_bytes: u64,
    /// Bytes of keys and values at `context`.
    pub kv_bytes: u64,
    /// Bytes of everything else the engine allocates.
    pub scratch_bytes: u64,
    /// Context judged, in tokens.
    pub context: usize,
    /// Longest context that fits, in tokens; the model's own limit where memory is unknown.
    pub largest_context: usize,
    /// Longest context the model was made for, in tokens.
    pub model_context: usize,
    /// Memory of the GPU in bytes, where the driver tells it.
    pub device_bytes: Option<u64>,
    /// The verdict.
    pub fit: Fit,
    /// The verdict with its numbers, for people.
    pub reason: String,
    /// How it marks its thoughts, as far as the chat template shows.
    pub thoughts: ThoughtFormat,
}
