//! safetensors: an 8-byte length, a JSON header, then the tensors (huggingface/safetensors, README).
//!
//! The header is read entry by entry, so that a hostile one cannot take much more memory than it has bytes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{ByteSource, TensorInfo, check_layout};
use crate::quant::DType;
use crate::{Error, Result};

/// A hundred thousand tensors fill 12 MB; Hugging Face's own limit is 100 MB. In bytes.
const MAX_HEADER: u64 = 32 << 20;
/// More dimensions than any tensor of a model has.
const MAX_RANK: usize = 8;

/// One entry of the header.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Shape,
    data_offsets: [u64; 2],
}

/// Sizes, outermost first.
struct Shape(Vec<usize>);

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sizes;
        impl<'de> Visitor<'de> for Sizes {
            type Value = Shape;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "a list of at most {MAX_RANK} sizes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
                let mut sizes = Vec::new();
                while let Some(size) = list.next_element::<u64>()? {
                    if sizes.len() == MAX_RANK {
                        return Err(A::Error::custom(format!("more than {MAX_RANK} dimensions")));
                    }
                    // Sizes are checked later; this only keeps a 64-bit number from being cut on wasm.
                    sizes.push(usize::try_from(size).unwrap_or(usize::MAX));
                }
                Ok(Shape(sizes))
            }
        }
        deserializer.deserialize_seq(Sizes)
    }
}

/// The whole header, without the file's own remarks.
struct Header(BTreeMap<String, Entry>);

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let entry = map
                        .next_value::<Entry>()
                        .map_err(|error| A::Error::custom(format!("tensor {name}: {error}")))?;
                    if entries.contains_key(&name) {
                        return Err(A::Error::custom(format!("tensor {name} appears twice")));
                    }
                    entries.insert(name, entry);
                }
                Ok(Header(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// Reads and checks the tensor table of one file; `file` is its number among the model's files.
pub async fn tensors(source: &dyn ByteSource, file: usize) -> Result<Vec<TensorInfo>> {
    let file_name = source.name();
    let bad = |what: String| Error::bad_model(file_name, what);
    if source.len() < 8 {
        let what =
            format!("it has {} bytes, too few for a safetensors file; download it again", source.len());
        return Err(bad(what));
    }
    let front = source.read_at(0, 8).await?;
    let header_len = front.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    if header_len > MAX_HEADER || header_len > source.len() - 8 {
        let what = format!(
            "its header claims {header_len} bytes of a file of {}, expected at most {MAX_HEADER}; \
             it is truncated or no safetensors file, download it again",
            source.len()
        );
        return Err(bad(what));
    }
    let header = source.read_at(8, header_len as usize).await?;
    let Header(entries) = serde_json::from_slice(&header).map_err(|error| {
        bad(format!(
            "its header is not valid JSON of tensors: {error}; the file is damaged, download it again"
        ))
    })?;
    drop(header);
    let data_start = 8 + header_len;
    let mut tensors = Vec::new();
    for (name, entry) in entries {
        let dtype = match entry.dtype.as_str() {
            "F32" => DType::F32,
            "F16" => DType::F16,
            "BF16" => DType::BF16,
            "U8" => DType::U8,
            other => {
                let found: String = other.chars().take(40).collect();
                let what = format!(
                    "tensor {name} has type {found}; supported are F32, F16 and BF16: \
                     take the unquantised model (it can be quantised while loading) or a GGUF file"
                );
                return Err(bad(what));
            }
        };
        let mut tensor = TensorInfo::new(file_name, name, entry.shape.0, dtype)?;
        let [start, end] = entry.data_offsets;
        if end.checked_sub(start) != Some(tensor.bytes) {
            let what = format!(
                "tensor {}: data_offsets [{start}, {end}], but {:?} of {} is {} bytes; \
                 the file is damaged, download it again",
                tensor.name,
                tensor.dims,
                dtype.name(),
                tensor.bytes
            );
            return Err(bad(what));
        }
        tensor.file = file;
        tensor.offset = data_start.saturating_add(start);
        tensors.push(tensor);
    }
    check_layout(file_name, source.len(), &tensors.iter().collect::<Vec<_>>())?;
    Ok(tensors)
}
