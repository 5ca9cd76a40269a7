//! GGUF: header, metadata and tensor table (ggml's docs/gguf.md), versions 2 and 3, little-endian.
//!
//! A hostile file can neither make this allocate more than a few times its own length nor loop:
//! nothing is reserved by a count that the file states, and every element takes bytes of the file.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{ByteSource, ModelFiles, TensorInfo, check_layout, gguf_config, gguf_tokenizer};
use crate::quant::DType;
use crate::{Error, Result};

/// First guess at the length of the header; doubled until it fits, in bytes.
const FIRST_READ: u64 = 1 << 20;
/// No real header is longer: Qwen2's 152,000 tokens and merges take 6 MB. In bytes.
const MAX_HEADER: u64 = 64 << 20;
/// Far above any model's number of tensors.
const MAX_TENSORS: u64 = 1 << 20;

/// A metadata value. Numbers in arrays stay packed, so that a file cannot blow up in memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    /// Integers of any width (token types are i32).
    Integers(Vec<i32>),
    /// An array of another kind; only its length is kept.
    Other(u64),
}

/// What the front of the file says.
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, Value>,
    tensors: Vec<(String, Vec<usize>, u32, u64)>,
    /// Length of the header, before padding to the alignment, in bytes.
    len: u64,
}

/// Why a header could not be read from the bytes at hand.
enum Stop {
    /// It goes on past them.
    More,
    /// It is wrong.
    Bad(String),
}

pub(super) async fn open(name: String, source: Box<dyn ByteSource>) -> Result<ModelFiles> {
    let file_name = source.name().to_owned();
    let header = read_header(&*source).await?;
    let alignment = match header.metadata.get("general.alignment") {
        None => 32,
        Some(Value::Unsigned(value)) if value.is_power_of_two() && *value <= 1 << 20 => *value,
        Some(other) => {
            let what = format!("general.alignment is {other:?}, expected a power of two up to 1048576");
            return Err(Error::bad_model(file_name, what));
        }
    };
    let data_start = header.len.next_multiple_of(alignment);
    let mut tensors = BTreeMap::new();
    for (gguf_name, dims, kind, offset) in &header.tensors {
        let Some(dtype) = dtype(*kind) else {
            let what = format!(
                "tensor {gguf_name} has type {}; supported are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, \
                 Q8_0, Q4_K, Q5_K and Q6_K: take a file quantised to Q4_K_M, Q4_0 or Q8_0",
                type_name(*kind)
            );
            return Err(Error::bad_model(file_name, what));
        };
        if !offset.is_multiple_of(alignment) {
            let what = format!("tensor {gguf_name} is at offset {offset}, not a multiple of {alignment}");
            return Err(Error::bad_model(file_name, what));
        }
        let hf_name = gguf_config::hugging_face_name(gguf_name);
        let mut tensor = TensorInfo::new(&file_name, hf_name.clone(), dims.clone(), dtype)?;
        tensor.offset = data_start.saturating_add(*offset);
        if tensors.insert(hf_name, tensor).is_some() {
            return Err(Error::bad_model(file_name, format!("tensor {gguf_name} appears twice")));
        }
    }
    check_layout(&file_name, source.len(), &tensors.values().collect::<Vec<_>>())?;
    let metadata = &header.metadata;
    let config = gguf_config::config(&file_name, metadata, &tensors)?;
    let tokenizer = gguf_tokenizer::tokenizer(&file_name, metadata)?;
    let text = |key: &str| match metadata.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    Ok(ModelFiles {
        name: text("general.name").unwrap_or(name),
        generation_config: gguf_config::generation_config(metadata),
        chat_template: text("tokenizer.chat_template"),
        claims: claims(metadata),
        config,
        tensors,
        tokenizer,
        sources: vec![source],
        nf4: BTreeMap::new(),
    })
}

/// Reads ever more of the front of the file until the header is whole.
async fn read_header(source: &dyn ByteSource) -> Result<Header> {
    let mut wanted = FIRST_READ;
    loop {
        let len = wanted.min(source.len());
        let bytes = source.read_at(0, len as usize).await?;
        let what = match parse(&bytes) {
            Ok(header) => return Ok(header),
            Err(Stop::Bad(what)) => what,
            Err(Stop::More) if len < source.len() && len < MAX_HEADER => {
                wanted = (wanted * 2).min(MAX_HEADER);
                continue;
            }
            Err(Stop::More) => {
                let len = source.len();
                format!(
                    "its header goes on past its {len} bytes; it is truncated or damaged, download it again"
                )
            }
        };
        return Err(Error::bad_model(source.name(), what));
    }
}

fn parse(bytes: &[u8]) -> Result<Header, Stop> {
    let mut cursor = Cursor { bytes, position: 0 };
    let magic = cursor.take(4)?;
    if magic != b"GGUF" {
        let found = magic.escape_ascii();
        return Err(Stop::Bad(format!("it begins with \"{found}\", expected \"GGUF\"; is it a GGUF file?")));
    }
    match cursor.u32()? {
        2 | 3 => {}
        version if version.swap_bytes() <= 3 => {
            return Err(Stop::Bad("it is a big-endian GGUF file, expected a little-endian one".into()));
        }
        version => return Err(Stop::Bad(format!("GGUF version {version}, expected 2 or 3"))),
    }
    let tensor_count = cursor.u64()?;
    let metadata_count = cursor.u64()?;
    if tensor_count > MAX_TENSORS {
        return Err(Stop::Bad(format!("it claims {tensor_count} tensors, expected at most {MAX_TENSORS}")));
    }
    let mut metadata = BTreeMap::new();
    for _ in 0..metadata_count {
        let key = cursor.text("a metadata key")?;
        let kind = cursor.u32()?;
        let value = cursor.value(&key, kind)?;
        if metadata.contains_key(&key) {
            return Err(Stop::Bad(format!("metadata {key} appears twice")));
        }
        metadata.insert(key, value);
    }
    let mut tensors = Vec::new();
    for _ in 0..tensor_count {
        let name = cursor.text("a tensor's name")?;
        let rank = cursor.u32()?;
        if rank == 0 || rank > 4 {
            return Err(Stop::Bad(format!("tensor {name} has {rank} dimensions, expected 1 to 4")));
        }
        let mut dims = Vec::new();
        for _ in 0..rank {
            let dim = cursor.u64()?;
            // Sizes are checked later; this only keeps a 64-bit number from being cut on wasm.
            dims.push(usize::try_from(dim).unwrap_or(usize::MAX));
        }
        dims.reverse();
        let kind = cursor.u32()?;
        tensors.push((name, dims, kind, cursor.u64()?));
    }
    Ok(Header { metadata, tensors, len: cursor.position as u64 })
}

/// Reads little-endian values from the front of the file.
struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.position..];
        let taken = usize::try_from(len).ok().and_then(|len| rest.get(..len)).ok_or(Stop::More)?;
        self.position += taken.len();
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.take(N as u64)?;
        Ok(bytes.try_into().expect("take gives as many bytes as it was asked for"))
    }

    fn u32(&mut self) -> Result<u32, Stop> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, Stop> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn text(&mut self, what: &str) -> Result<String, Stop> {
        let len = self.u64()?;
        if len > MAX_HEADER {
            return Err(Stop::Bad(format!("{what} claims {len} bytes; the file is damaged")));
        }
        let bytes = self.take(len)?.to_vec();
        String::from_utf8(bytes).map_err(|_| Stop::Bad(format!("{what} is not UTF-8; the file is damaged")))
    }

    fn value(&mut self, key: &str, kind: u32) -> Result<Value, Stop> {
        Ok(match kind {
            0 => Value::Unsigned(u64::from(self.array::<1>()?[0])),
            1 => Value::Signed(i64::from(i8::from_le_bytes(self.array()?))),
            2 => Value::Unsigned(u64::from(u16::from_le_bytes(self.array()?))),
            3 => Value::Signed(i64::from(i16::from_le_bytes(self.array()?))),
            4 => Value::Unsigned(u64::from(self.u32()?)),
            5 => Value::Signed(i64::from(i32::from_le_bytes(self.array()?))),
            6 => Value::Float(widen(f32::from_le_bytes(self.array()?))),
            7 => Value::Bool(self.array::<1>()? != [0]),
            8 => Value::Text(self.text(key)?),
            9 => self.list(key)?,
            10 => Value::Unsigned(self.u64()?),
            11 => Value::Signed(i64::from_le_bytes(self.array()?)),
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            _ => return Err(Stop::Bad(format!("metadata {key} has type {kind}, expected 0 to 12"))),
        })
    }

    fn list(&mut self, key: &str) -> Result<Value, Stop> {
        let kind = self.u32()?;
        let count = self.u64()?;
        let width = match kind {
            8 => {
                let mut texts = Vec::new();
                for _ in 0..count {
                    texts.push(self.text(key)?);
                }
                return Ok(Value::Texts(texts));
            }
            4 | 5 => {
                let bytes = self.take(count.checked_mul(4).ok_or(Stop::More)?)?;
                let integer = |four: &[u8]| i32::from_le_bytes([four[0], four[1], four[2], four[3]]);
                return Ok(Value::Integers(bytes.chunks_exact(4).map(integer).collect()));
            }
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            6 => 4,
            10..=12 => 8,
            _ => {
                let what = format!("metadata {key} is an array of type {kind}, expected texts or numbers");
                return Err(Stop::Bad(what));
            }
        };
        self.take(count.checked_mul(width).ok_or(Stop::More)?)?;
        Ok(Value::Other(count))
    }
}

/// The shortest decimal that is this f32: 1e-6 stays 1e-6, as in a config.json.
fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// What the model says of itself.
fn claims(metadata: &BTreeMap<String, Value>) -> Vec<(String, String)> {
    let told = ["general.name", "general.description", "general.license"];
    let wanted = |key: &str| told.contains(&key) || key.starts_with("polo.");
    metadata
        .iter()
        .filter(|(key, _)| wanted(key))
        .map(|(key, value)| (key.clone(), gguf_config::to_text(value)))
        .collect()
}

fn dtype(kind: u32) -> Option<DType> {
    Some(match kind {
        0 => DType::F32,
        1 => DType::F16,
        2 => DType::Q4_0,
        3 => DType::Q4_1,
        6 => DType::Q5_0,
        7 => DType::Q5_1,
        8 => DType::Q8_0,
        12 => DType::Q4K,
        13 => DType::Q5K,
        14 => DType::Q6K,
        30 => DType::BF16,
        _ => return None,
    })
}

/// ggml's name of a type (ggml.h, enum `ggml_type`), for messages.
fn type_name(kind: u32) -> String {
    let name = match kind {
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return format!("number {kind}, which this version does not know"),
    };
    name.into()
}

/// A metadata value as JSON; `None` for the arrays whose content is not kept.
pub(super) fn to_json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Unsigned(value) => (*value).into(),
        Value::Signed(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Bool(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::Texts(_) | Value::Integers(_) | Value::Other(_) => return None,
    })
}
