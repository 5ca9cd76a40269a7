//! Model files: GGUF and Hugging Face folders, read by ranges and told in one form.
//!
//! Whatever the file, the result is the same [`ModelFiles`]: Hugging Face's names for the config and
//! the tensors, a `tokenizer.json`, a chat template. The weights stay where they are and are read a
//! few rows at a time. Every length found in a file is checked before it is believed.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use crate::protocol::ModelSource;
use crate::quant::DType;
use crate::{Error, Result, platform};

pub use crate::platform::ByteSource;

mod address;
mod beside;
mod catalogue;
mod copies;
mod download;
mod folder;
mod forms;
mod gguf;
mod gguf_config;
mod gguf_header;
mod gguf_tokenizer;
mod hub;
mod journal;
mod memory;
mod nf4;
mod reference;
mod safetensors;
mod shelf;
mod store;
mod transfer;

use beside::Beside;
pub use download::DownloadOptions;
pub use memory::MemorySource;
pub use reference::{HUB, parse as parse_reference};
pub use safetensors::tensors as safetensors_tensors;
pub use store::{PullProgress, Store, StoreOptions};

/// A model's files, opened and checked; weights are read on demand.
pub struct ModelFiles {
    /// Name to show.
    pub name: String,
    /// Hugging Face's config.json; GGUF metadata translated to the same names.
    pub config: Value,
    /// Every tensor, by its Hugging Face name.
    pub tensors: BTreeMap<String, TensorInfo>,
    /// How text becomes tokens.
    pub tokenizer: TokenizerSource,
    /// The chat template (Jinja), if the model has one.
    pub chat_template: Option<String>,
    /// `generation_config.json`, if there is one.
    pub generation_config: Option<Value>,
    /// What the model says of itself (general.name, general.description, `polo.*`, …): key, text.
    pub claims: Vec<(String, String)>,
    sources: Vec<Box<dyn ByteSource>>,
    /// Tensors that lie in several pieces.
    nf4: BTreeMap<String, nf4::Nf4>,
}

/// Where a tensor is and how it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Hugging Face name, e.g. `model.layers.0.self_attn.q_proj.weight`.
    pub name: String,
    /// Outermost first; the last is the length of a row.
    pub dims: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Which of the model's files.
    pub file: usize,
    /// First byte in that file.
    pub offset: u64,
    /// Size in bytes; whole rows of whole blocks.
    pub bytes: u64,
}

/// How text becomes tokens, in Hugging Face's form whatever the file was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizerSource {
    /// A `tokenizer.json`; written from the metadata if the file was GGUF.
    pub json: Vec<u8>,
    /// Text of the token that begins a sequence, if the model has one (chat templates ask).
    pub bos_token: Option<String>,
    /// Text of the token that ends a sequence.
    pub eos_token: Option<String>,
}

impl TensorInfo {
    /// Checks shape and type, and computes the size. `file_name` is for messages.
    fn new(file_name: &str, name: String, dims: Vec<usize>, dtype: DType) -> Result<Self> {
        let bad = |what: String| Error::bad_model(file_name, format!("tensor {name}: {what}"));
        if dims.is_empty() || dims.len() > 4 || dims.contains(&0) {
            return Err(bad(format!(
                "shape {dims:?}, expected 1 to 4 dimensions, none of them 0; the file is damaged, download it again"
            )));
        }
        if dims.iter().any(|&dim| dim > MAX_DIM) {
            return Err(bad(format!(
                "shape {dims:?} is too large to be true; the file is damaged, download it again"
            )));
        }
        let elements = dims.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim));
        let columns = dims[dims.len() - 1];
        let Some(row_bytes) = dtype.row_bytes(columns) else {
            let block = dtype.block().0;
            let what = format!(
                "rows of {columns}, expected a multiple of {block} for {}; the file is damaged, download it again",
                dtype.name()
            );
            return Err(bad(what));
        };
        let bytes = elements.and_then(|elements| (elements / columns).checked_mul(row_bytes));
        let Some(bytes) = bytes.filter(|&bytes| bytes as u64 <= MAX_TENSOR_BYTES) else {
            return Err(bad(format!(
                "shape {dims:?} is too large to be true; the file is damaged, download it again"
            )));
        };
        Ok(Self { name, dims, dtype, file: 0, offset: 0, bytes: bytes as u64 })
    }

    /// Length of the innermost dimension.
    pub fn columns(&self) -> usize {
        self.dims[self.dims.len() - 1]
    }

    /// Product of the other dimensions; a vector is one row.
    pub fn rows(&self) -> usize {
        self.dims[..self.dims.len() - 1].iter().product()
    }

    /// Bytes of one row in the file.
    pub fn row_bytes(&self) -> usize {
        self.bytes as usize / self.rows()
    }
}

/// Far above any vocabulary; keeps the size of a row within 32 bits.
const MAX_DIM: usize = 1 << 28;
/// No tensor of any model comes near; larger sizes are faults of the file. In bytes.
const MAX_TENSOR_BYTES: u64 = 1 << 40;

impl ModelFiles {
    /// Opens a GGUF file, or a folder in Hugging Face's layout.
    pub async fn open(source: &ModelSource) -> Result<Self> {
        match source {
            ModelSource::Path { path: location } | ModelSource::Url { url: location } => {
                if platform::is_folder(location)? {
                    folder::open(location, &Beside::in_folder(location)).await
                } else if let Some(folder) = folder::of_weights(location) {
                    folder::open(folder, &Beside::around(location)).await
                } else {
                    let source = platform::open(location).await?;
                    gguf::open(file_stem(location), source, &Beside::around(location)).await
                }
            }
            ModelSource::Embedded => Err(Error::BadRequest("the embedded model is read from memory".into())),
            ModelSource::Hub { .. } | ModelSource::Stored { .. } | ModelSource::Picked { .. } => {
                Err(Error::BadRequest("the store has to locate this model first, which is a bug".into()))
            }
            ModelSource::Random { .. } => Err(Error::BadRequest("a random model has no files".into())),
            ModelSource::Remote { url, .. } => {
                Err(Error::BadRequest(format!("the model at {url} has no files here; it can only be asked")))
            }
        }
    }

    /// Reads a GGUF file that is in memory, such as the embedded model.
    pub async fn from_bytes(name: &str, bytes: impl Into<std::borrow::Cow<'static, [u8]>>) -> Result<Self> {
        gguf::open(name.into(), Box::new(MemorySource::new(name, bytes)), &Beside::NOTHING).await
    }

    /// The tensor of this name; the error names it.
    pub fn tensor(&self, name: &str) -> Result<&TensorInfo> {
        self.tensors.get(name).ok_or_else(|| {
            let what = format!(
                "tensor {name} is missing among {}; the model is incomplete or of another kind, choose another file",
                self.tensors.len()
            );
            Error::bad_model(&self.name, what)
        })
    }

    /// Bytes of some rows as they are in the file; a row is the innermost dimension.
    pub async fn read_rows(&self, tensor: &str, rows: Range<usize>) -> Result<Vec<u8>> {
        let info = self.tensor(tensor)?;
        assert!(
            rows.start <= rows.end && rows.end <= info.rows(),
            "read_rows: {tensor} has no rows {rows:?}"
        );
        if let Some(nf4) = self.nf4.get(tensor) {
            return nf4.read_rows(&self.sources, rows).await;
        }
        let row_bytes = info.row_bytes();
        let offset = info.offset + (rows.start * row_bytes) as u64;
        self.sources[info.file].read_at(offset, rows.len() * row_bytes).await
    }

    /// Bytes of all weights in the files.
    pub fn weight_bytes(&self) -> u64 {
        self.tensors.values().map(|tensor| tensor.bytes).sum()
    }

    /// Ids of the tokens that end a reply: of the config and of the generation config.
    pub fn end_tokens(&self) -> Vec<u32> {
        let configs = [self.generation_config.as_ref(), Some(&self.config)];
        let mut ids = Vec::new();
        for value in configs.into_iter().flatten().filter_map(|config| config.get("eos_token_id")) {
            let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            ids.extend(several.iter().filter_map(Value::as_u64).filter_map(|id| u32::try_from(id).ok()));
        }
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// Checks that tensors lie inside their file and apart from each other.
fn check_layout(file_name: &str, file_len: u64, tensors: &[&TensorInfo]) -> Result<()> {
    let mut sorted = tensors.to_vec();
    sorted.sort_by_key(|tensor| tensor.offset);
    let mut before: Option<(&str, u64)> = None;
    for tensor in sorted {
        let name = &tensor.name;
        let end = tensor.offset.checked_add(tensor.bytes).filter(|&end| end <= file_len);
        let Some(end) = end else {
            let what = format!(
                "tensor {name}: {} bytes at byte {}, but the file ends at {file_len}; \
                 it is truncated or damaged, download it again",
                tensor.bytes, tensor.offset
            );
            return Err(Error::bad_model(file_name, what));
        };
        if let Some((other, _)) = before.filter(|&(_, other_end)| other_end > tensor.offset) {
            let what = format!("tensors {other} and {name} overlap; the file is damaged, download it again");
            return Err(Error::bad_model(file_name, what));
        }
        before = Some((name, end));
    }
    Ok(())
}

/// The last part of a location, without its ending.
fn file_stem(location: &str) -> String {
    let path = location.split(['?', '#']).next().unwrap_or(location);
    // Folders of the hub and of its cache are called by their commit: the repository is what people know.
    if let Some((before, commit)) = path.trim_end_matches('/').rsplit_once("/snapshots/")
        && !commit.contains('/')
        && let Some((_, repo)) = before.rsplit_once("models--")
    {
        return repo.rsplit("--").next().unwrap_or(repo).into();
    }
    if let Some((before, commit)) = path.trim_end_matches('/').rsplit_once("/resolve/")
        && !commit.contains('/')
    {
        return file_stem(before);
    }
    let name = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = name.strip_suffix(".gguf").unwrap_or(name);
    if stem.is_empty() { location.into() } else { stem.into() }
}
