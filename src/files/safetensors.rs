//! safetensors: an 8-byte length, a JSON header, then the tensors (huggingface/safetensors, README).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{ByteSource, TensorInfo, check_layout};
use crate::quant::DType;
use crate::{Error, Result};

/// Hugging Face's own limit on the header, in bytes.
const MAX_HEADER: u64 = 100 << 20;

/// One entry of the header.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// Reads and checks the tensor table of one file; `file` is its number among the model's files.
pub(super) async fn tensors(source: &dyn ByteSource, file: usize) -> Result<Vec<TensorInfo>> {
    let file_name = source.name();
    let bad = |what: String| Error::bad_model(file_name, what);
    if source.len() < 8 {
        return Err(bad(format!("it has {} bytes, too few for a safetensors file", source.len())));
    }
    let front = source.read_at(0, 8).await?;
    let header_len = front.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    if header_len > MAX_HEADER || header_len > source.len() - 8 {
        let what = format!(
            "its header claims {header_len} bytes of a file of {}; it is truncated or no safetensors file",
            source.len()
        );
        return Err(bad(what));
    }
    let header = source.read_at(8, header_len as usize).await?;
    let entries: BTreeMap<String, Value> = serde_json::from_slice(&header)
        .map_err(|error| bad(format!("its header is not valid JSON: {error}")))?;
    drop(header);
    let data_start = 8 + header_len;
    let mut tensors = Vec::new();
    for (name, entry) in entries {
        if name == "__metadata__" {
            continue;
        }
        let entry: Entry = serde_json::from_value(entry)
            .map_err(|error| bad(format!("tensor {name}: its entry: {error}")))?;
        let dtype = match entry.dtype.as_str() {
            "F32" => DType::F32,
            "F16" => DType::F16,
            "BF16" => DType::BF16,
            "U8" => DType::U8,
            other => {
                let what = format!(
                    "tensor {name} has type {other}; supported are F32, F16 and BF16: \
                     take the unquantised model (it can be quantised while loading) or a GGUF file"
                );
                return Err(bad(what));
            }
        };
        let mut tensor = TensorInfo::new(file_name, name, entry.shape, dtype)?;
        let [start, end] = entry.data_offsets;
        if end.checked_sub(start) != Some(tensor.bytes) {
            let what = format!(
                "tensor {}: data_offsets [{start}, {end}], but {:?} of {} is {} bytes",
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
