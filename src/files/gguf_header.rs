//! The front of a GGUF file as a parser with a bound on everything: counts, lengths, nesting, bytes in all.
//!
//! ggml's docs/gguf.md, versions 2 and 3, little-endian. A hostile file can neither make this allocate
//! more than a few times its own length nor loop: nothing is reserved by a count that the file states,
//! every element takes bytes of the file, and arrays hold no arrays.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::ByteSource;
use crate::{Error, Result};

/// First guess at the length of the header; doubled until it fits, in bytes.
const FIRST_READ: u64 = 1 << 20;
/// No real header is longer: Qwen2's 152,000 tokens and merges take 6 MB. In bytes.
const MAX_HEADER: u64 = 64 << 20;
/// The largest models have some thousands.
const MAX_TENSORS: u64 = 1 << 16;
/// Real files have some dozens.
const MAX_METADATA: u64 = 1 << 14;
/// The format's own limit on keys, in bytes.
const MAX_KEY: u64 = u16::MAX as u64;
/// ggml's own limit on names is 64 bytes.
const MAX_NAME: u64 = 1 << 10;
/// Texts of all arrays together: tokens and merges, 700,000 in the largest vocabularies. Each costs memory
/// even where it is empty.
const MAX_TEXTS: u64 = 1 << 20;

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

/// Key and value, sorted by key.
pub(super) type Metadata = BTreeMap<String, Value>;

/// A tensor as the header tells it, unchecked.
pub(super) struct Entry {
    pub(super) name: String,
    /// Outermost first.
    pub(super) dims: Vec<usize>,
    /// ggml's number of the type.
    pub(super) kind: u32,
    /// From the start of the data, in bytes.
    pub(super) offset: u64,
}

/// What the front of the file says.
pub(super) struct Header {
    pub(super) metadata: Metadata,
    pub(super) tensors: Vec<Entry>,
    /// Length of the header, before padding to the alignment, in bytes.
    pub(super) len: u64,
}

/// Why a header could not be read from the bytes at hand.
enum Stop {
    /// It goes on past them.
    More,
    /// It is wrong.
    Bad(String),
}

/// Reads ever more of the front of the file until the header is whole.
pub(super) async fn read(source: &dyn ByteSource) -> Result<Header> {
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
            Err(Stop::More) if len == source.len() => {
                format!(
                    "its header goes on past its {len} bytes; it is truncated or damaged, download it again"
                )
            }
            Err(Stop::More) => {
                format!("its header is longer than {MAX_HEADER} bytes, which no model needs; it is damaged")
            }
        };
        return Err(Error::bad_model(source.name(), what));
    }
}

fn parse(bytes: &[u8]) -> Result<Header, Stop> {
    let mut cursor = Cursor { bytes, position: 0, texts: 0 };
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
    if metadata_count > MAX_METADATA {
        let what = format!("it claims {metadata_count} entries of metadata, expected at most {MAX_METADATA}");
        return Err(Stop::Bad(what));
    }
    let mut metadata = BTreeMap::new();
    for _ in 0..metadata_count {
        let key = cursor.text("a metadata key", MAX_KEY)?;
        let kind = cursor.u32()?;
        let value = cursor.value(&key, kind)?;
        if metadata.contains_key(&key) {
            return Err(Stop::Bad(format!("metadata {key} appears twice")));
        }
        metadata.insert(key, value);
    }
    let mut tensors = Vec::new();
    for _ in 0..tensor_count {
        let name = cursor.text("a tensor's name", MAX_NAME)?;
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
        tensors.push(Entry { name, dims, kind, offset: cursor.u64()? });
    }
    Ok(Header { metadata, tensors, len: cursor.position as u64 })
}

/// Reads little-endian values from the front of the file.
struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Texts in arrays so far.
    texts: u64,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.position..];
        let len = usize::try_from(len).ok().filter(|&len| len <= rest.len()).ok_or(Stop::More)?;
        self.position += len;
        Ok(&rest[..len])
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

    fn text(&mut self, what: &str, longest: u64) -> Result<String, Stop> {
        let len = self.u64()?;
        if len > longest {
            return Err(Stop::Bad(format!(
                "{what} claims {len} bytes, expected at most {longest}; the file is damaged"
            )));
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
            8 => Value::Text(self.text(&format!("metadata {key}"), MAX_HEADER)?),
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
            8 => return self.texts(key, count),
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

    fn texts(&mut self, key: &str, count: u64) -> Result<Value, Stop> {
        self.texts = self.texts.saturating_add(count);
        if self.texts > MAX_TEXTS {
            let what = format!(
                "metadata {key} claims {count} texts, expected at most {MAX_TEXTS} in all arrays together; \
                 the file is damaged"
            );
            return Err(Stop::Bad(what));
        }
        let what = format!("metadata {key}");
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(self.text(&what, MAX_HEADER)?);
        }
        Ok(Value::Texts(texts))
    }
}

/// The shortest decimal that is this f32: 1e-6 stays 1e-6, as in a config.json.
fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
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

/// A metadata value in words, shortened where it is a long list.
pub(super) fn to_text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Texts(texts) => texts.join(", "),
        Value::Integers(values) => format!("{values:?}"),
        Value::Other(count) => format!("{count} values"),
        Value::Unsigned(value) => value.to_string(),
        Value::Signed(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
    }
}
