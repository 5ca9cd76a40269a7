//! Weights that bitsandbytes quantised to 4-bit `NormalFloat`: several tensors of a safetensors file are one of the
//! model's (`QuantState.as_dict` of bitsandbytes.functional). Beside `X.weight`, two indices a byte, lie
//! - `X.weight.quant_state.bitsandbytes__nf4`: JSON with the shape and the sizes of blocks,
//! - `X.weight.quant_map`: the sixteen values,
//! - `X.weight.absmax`: a scale for every 64 weights, f32; or, quantised themselves, bytes into
//!   `nested_quant_map`, times a `nested_absmax` for every 256 of them, plus `nested_offset` of the JSON.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;

use super::{ByteSource, TensorInfo};
use crate::quant::{DType, NF4};
use crate::{Error, Result};

/// Weights that share a scale.
const GROUP: usize = 64;
/// Scales that share a scale.
const NESTED_GROUP: usize = 256;
/// The JSON has some 200 bytes; longer ones are faults of the file.
const MAX_STATE: u64 = 1 << 16;

/// Where one weight's indices and scales are.
pub(super) struct Nf4 {
    columns: usize,
    indices: TensorInfo,
    absmax: TensorInfo,
    nested: Option<Nested>,
}

/// How bytes become scales.
struct Nested {
    map: Vec<f32>,
    absmax: Vec<f32>,
    offset: f32,
}

#[derive(Deserialize)]
struct State {
    quant_type: String,
    blocksize: usize,
    shape: Vec<usize>,
    nested_blocksize: Option<usize>,
    nested_offset: Option<f32>,
}

/// Takes out of `tensors` what bitsandbytes wrote and puts the weights themselves in, under their names.
pub(super) async fn join(
    folder: &str,
    sources: &[Box<dyn ByteSource>],
    tensors: &mut BTreeMap<String, TensorInfo>,
) -> Result<BTreeMap<String, Nf4>> {
    const STATE: &str = ".quant_state.bitsandbytes__";
    let states: Vec<String> = tensors.keys().filter(|name| name.contains(STATE)).cloned().collect();
    let mut found = BTreeMap::new();
    for state_name in states {
        let (name, kind) = state_name.split_once(STATE).unwrap_or((&state_name, ""));
        let bad = |what: String| Error::bad_model(folder, format!("tensor {name}: {what}"));
        if kind != "nf4" {
            let what = format!(
                "it is quantised by bitsandbytes to {kind}, expected nf4: take the unquantised model"
            );
            return Err(bad(what));
        }
        let mut take = |ending: &str| tensors.remove(&format!("{name}{ending}"));
        let missing = |ending: &str| bad(format!("{name}{ending} is missing; download the model again"));
        let state = take(&format!("{STATE}nf4")).ok_or_else(|| missing(STATE))?;
        if state.bytes > MAX_STATE {
            return Err(bad(format!(
                "its quant_state has {} bytes, expected at most {MAX_STATE}",
                state.bytes
            )));
        }
        let state = sources[state.file].read_at(state.offset, state.bytes as usize).await?;
        let state: State = serde_json::from_slice(&state)
            .map_err(|error| bad(format!("its quant_state is not the JSON of bitsandbytes: {error}")))?;
        let indices = take("").ok_or_else(|| missing(""))?;
        let absmax = take(".absmax").ok_or_else(|| missing(".absmax"))?;
        let map = take(".quant_map").ok_or_else(|| missing(".quant_map"))?;
        let (nested_map, nested_absmax) = (take(".nested_quant_map"), take(".nested_absmax"));
        if state.quant_type != "nf4" || state.blocksize != GROUP || floats(sources, &map, 16).await? != NF4 {
            let State { quant_type, blocksize, .. } = state;
            return Err(bad(format!(
                "{quant_type} in blocks of {blocksize}, expected nf4 in blocks of {GROUP}"
            )));
        }
        let info = TensorInfo::new(folder, name.to_owned(), state.shape, DType::Nf4)?;
        let groups = info.rows() * info.columns() / GROUP;
        let nested = if absmax.dtype == DType::F32 {
            None
        } else {
            if state.nested_blocksize != Some(NESTED_GROUP) {
                let found = state.nested_blocksize;
                return Err(bad(format!("scales in blocks of {found:?}, expected {NESTED_GROUP}")));
            }
            let map = nested_map.ok_or_else(|| missing(".nested_quant_map"))?;
            let scales = nested_absmax.ok_or_else(|| missing(".nested_absmax"))?;
            Some(Nested {
                map: floats(sources, &map, 256).await?,
                absmax: floats(sources, &scales, groups.div_ceil(NESTED_GROUP)).await?,
                offset: state.nested_offset.unwrap_or(0.0),
            })
        };
        let scale_bytes = if nested.is_some() { 1 } else { 4 };
        let (packed, scales) = ((groups * GROUP / 2) as u64, (groups * scale_bytes) as u64);
        if (indices.dtype, indices.bytes, absmax.bytes) != (DType::U8, packed, scales) {
            return Err(bad(format!(
                "{} bytes of {} and {} of scales, expected {packed} of U8 and {scales} for {:?}",
                indices.bytes,
                indices.dtype.name(),
                absmax.bytes,
                info.dims
            )));
        }
        found.insert(name.to_owned(), Nf4 { columns: info.columns(), indices, absmax, nested });
        tensors.insert(name.to_owned(), info);
    }
    match tensors.values().find(|tensor| tensor.dtype == DType::U8) {
        None => Ok(found),
        Some(other) => {
            let what = format!(
                "tensor {} has type U8; supported are F32, F16, BF16 and bitsandbytes' NF4: \
                 take the unquantised model (it can be quantised while loading) or a GGUF file",
                other.name
            );
            Err(Error::bad_model(folder, what))
        }
    }
}

/// A small tensor of exactly `count` floats.
async fn floats(sources: &[Box<dyn ByteSource>], tensor: &TensorInfo, count: usize) -> Result<Vec<f32>> {
    let source = &sources[tensor.file];
    if (tensor.dtype, tensor.bytes) != (DType::F32, 4 * count as u64) {
        let (dims, dtype) = (&tensor.dims, tensor.dtype.name());
        let what = format!("tensor {}: {dims:?} of {dtype}, expected [{count}] of F32", tensor.name);
        return Err(Error::bad_model(source.name(), what));
    }
    let bytes = source.read_at(tensor.offset, 4 * count).await?;
    Ok(bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

impl Nf4 {
    /// Some rows in the form of [`DType::Nf4`]: for each group its scale in f32, then its indices.
    pub(super) async fn read_rows(
        &self,
        sources: &[Box<dyn ByteSource>],
        rows: Range<usize>,
    ) -> Result<Vec<u8>> {
        let groups = rows.start * self.columns / GROUP..rows.end * self.columns / GROUP;
        let read = async |tensor: &TensorInfo, each: usize| {
            let offset = tensor.offset + (groups.start * each) as u64;
            sources[tensor.file].read_at(offset, groups.len() * each).await
        };
        let indices = read(&self.indices, GROUP / 2).await?;
        let scales = read(&self.absmax, if self.nested.is_some() { 1 } else { 4 }).await?;
        let mut out = Vec::with_capacity(groups.len() * (4 + GROUP / 2));
        for (at, (group, indices)) in groups.clone().zip(indices.chunks_exact(GROUP / 2)).enumerate() {
            match &self.nested {
                None => out.extend(&scales[4 * at..4 * at + 4]),
                Some(nested) => {
                    let scale = nested.map[usize::from(scales[at])] * nested.absmax[group / NESTED_GROUP];
                    out.extend((scale + nested.offset).to_le_bytes());
                }
            }
            out.extend(indices);
        }
        Ok(out)
    }
}
