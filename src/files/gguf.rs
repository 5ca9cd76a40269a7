//! GGUF files: tensor table, types, split models; the header itself is read in `gguf_header.rs`.

use std::collections::{BTreeMap, btree_map};

use super::beside::Beside;
use super::gguf_header::{self, Header, Metadata, Value, to_text};
use super::{ByteSource, ModelFiles, TensorInfo, check_layout, gguf_config, gguf_tokenizer};
use crate::quant::DType;
use crate::{Error, Result};

/// The largest models come in fewer parts.
const MAX_PARTS: u64 = 1000;
/// Longest claim that is passed on, in characters; and how many at most.
const MAX_CLAIM: usize = 2000;
const MAX_CLAIMS: usize = 100;

/// Opens the first or only file of a model; the other parts lie beside it.
pub(super) async fn open(name: String, source: Box<dyn ByteSource>, beside: &Beside) -> Result<ModelFiles> {
    let file_name = source.name().to_owned();
    let header = gguf_header::read(&*source).await?;
    let split = Split::of(&file_name, &header.metadata)?;
    if let Some(split) = &split
        && split.number > 0
    {
        return Err(Error::bad_model(&file_name, split.not_the_first(&file_name)));
    }
    gguf_config::check_architecture(&file_name, &header.metadata)?;
    let mut tensors = BTreeMap::new();
    add_tensors(&mut tensors, &*source, &header, 0)?;
    let mut sources = vec![source];
    if let Some(split) = split {
        for number in 1..split.count {
            let part = split.open(&file_name, number, beside).await?;
            let header = gguf_header::read(&*part).await?;
            split.check_part(part.name(), &header.metadata, number)?;
            add_tensors(&mut tensors, &*part, &header, sources.len())?;
            sources.push(part);
        }
        if split.tensors.is_some_and(|count| count != tensors.len() as u64) {
            let what = format!(
                "metadata split.tensors.count is {}, but its {} parts hold {} tensors; download them again",
                split.tensors.unwrap_or_default(),
                split.count,
                tensors.len()
            );
            return Err(Error::bad_model(file_name, what));
        }
    }
    let metadata = &header.metadata;
    let config = gguf_config::config(&file_name, metadata, &tensors)?;
    let tokenizer = gguf_tokenizer::tokenizer(&file_name, metadata)?;
    let text = |key: &str| match metadata.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    Ok(ModelFiles {
        name: text("general.name").map_or(name, |name| shortened(&name, 200)),
        generation_config: gguf_config::generation_config(metadata),
        chat_template: text("tokenizer.chat_template"),
        claims: claims(metadata),
        config,
        tensors,
        tokenizer,
        sources,
        nf4: BTreeMap::new(),
    })
}

/// Checks the tensor table of one file and adds it to the model's.
fn add_tensors(
    tensors: &mut BTreeMap<String, TensorInfo>,
    source: &dyn ByteSource,
    header: &Header,
    file: usize,
) -> Result<()> {
    let file_name = source.name();
    let bad = |what: String| Error::bad_model(file_name, what);
    let alignment = match header.metadata.get("general.alignment") {
        None => 32,
        Some(Value::Unsigned(value)) if value.is_power_of_two() && *value <= 1 << 20 => *value,
        Some(other) => {
            let found = shortened(&to_text(other), 60);
            return Err(bad(format!(
                "metadata general.alignment is {found}, expected a power of two up to 1048576; \
                 the file is damaged, download it again"
            )));
        }
    };
    let data_start = header.len.next_multiple_of(alignment);
    let mut names = Vec::with_capacity(header.tensors.len());
    for entry in &header.tensors {
        let gguf_name = &entry.name;
        let Some(dtype) = dtype(entry.kind) else {
            return Err(bad(format!(
                "tensor {gguf_name} has type {}; supported are {}: take a file quantised to Q4_K_M, Q4_0 or Q8_0",
                type_name(entry.kind),
                supported()
            )));
        };
        if !entry.offset.is_multiple_of(alignment) {
            let offset = entry.offset;
            return Err(bad(format!(
                "tensor {gguf_name} is at offset {offset}, expected a multiple of {alignment}; \
                 the file is damaged, download it again"
            )));
        }
        let hf_name = gguf_config::hugging_face_name(gguf_name);
        let mut tensor = TensorInfo::new(file_name, hf_name.clone(), entry.dims.clone(), dtype)?;
        tensor.offset = data_start.saturating_add(entry.offset);
        tensor.file = file;
        match tensors.entry(hf_name.clone()) {
            btree_map::Entry::Vacant(place) => place.insert(tensor),
            btree_map::Entry::Occupied(_) => {
                let what =
                    format!("tensor {gguf_name} appears twice; the file is damaged, download it again");
                return Err(bad(what));
            }
        };
        names.push(hf_name);
    }
    let mine: Vec<&TensorInfo> = names.iter().filter_map(|name| tensors.get(name)).collect();
    check_layout(file_name, source.len(), &mine)
}

/// What a file says of the parts of its model (llama.cpp's `gguf-split`).
struct Split {
    /// From 0.
    number: u64,
    count: u64,
    /// Tensors of all parts together.
    tensors: Option<u64>,
}

impl Split {
    /// `None` for a model in one file.
    fn of(file_name: &str, metadata: &Metadata) -> Result<Option<Self>> {
        let number = |key: &str| match metadata.get(key) {
            None => Ok(None),
            Some(Value::Unsigned(value)) => Ok(Some(*value)),
            Some(Value::Signed(value)) if *value >= 0 => Ok(Some(value.unsigned_abs())),
            Some(other) => {
                let found = shortened(&to_text(other), 60);
                Err(Error::bad_model(
                    file_name,
                    format!("metadata {key} is {found}, expected a whole number"),
                ))
            }
        };
        let count = number("split.count")?.unwrap_or(1);
        let this = number("split.no")?.unwrap_or(0);
        if count > MAX_PARTS || (this >= count && this > 0) {
            let what = format!(
                "metadata split.no is {this} and split.count {count}, expected at most {MAX_PARTS} parts \
                 numbered from 0; the file is damaged, download it again"
            );
            return Err(Error::bad_model(file_name, what));
        }
        let tensors = number("split.tensors.count")?;
        Ok((count > 1).then_some(Self { number: this, count, tensors }))
    }

    /// `-00002-of-00003.gguf`, for the part of this number.
    fn ending(&self, number: u64) -> String {
        format!("-{:05}-of-{:05}.gguf", number + 1, self.count)
    }

    fn not_the_first(&self, file_name: &str) -> String {
        let (part, count) = (self.number + 1, self.count);
        let name = last_part(file_name);
        match name.strip_suffix(&self.ending(self.number)) {
            Some(stem) => {
                format!("it is part {part} of {count} of a split model; open {stem}{}", self.ending(0))
            }
            None => format!("it is part {part} of {count} of a split model; open the first part"),
        }
    }

    /// Opens the part of this number, which has the first one's name but for the ending.
    async fn open(&self, first: &str, number: u64, beside: &Beside) -> Result<Box<dyn ByteSource>> {
        let name = last_part(first);
        let count = self.count;
        let Some(stem) = name.strip_suffix(&self.ending(0)) else {
            let what = format!(
                "it is the first of {count} parts of a split model, but its name does not end in {}, by which \
                 the others would be found; give all parts their original names",
                self.ending(0)
            );
            return Err(Error::bad_model(first, what));
        };
        let wanted = format!("{stem}{}", self.ending(number));
        beside.open(&wanted).await?.ok_or_else(|| {
            let what = format!("it is the first of {count} parts, and {wanted} is not beside it; get it too");
            Error::bad_model(first, what)
        })
    }

    /// Whether the file found is the one that was wanted.
    fn check_part(&self, file_name: &str, metadata: &Metadata, number: u64) -> Result<()> {
        let found = Self::of(file_name, metadata)?.map_or((0, 1), |found| (found.number, found.count));
        if found == (number, self.count) {
            return Ok(());
        }
        let what = format!(
            "it says that it is part {} of {}, expected part {} of {}; get all parts from the same place",
            found.0 + 1,
            found.1,
            number + 1,
            self.count
        );
        Err(Error::bad_model(file_name, what))
    }
}

/// The name of a file without its folder and without the query of an address.
fn last_part(location: &str) -> &str {
    let path = location.split(['?', '#']).next().unwrap_or(location);
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What the model says of itself.
fn claims(metadata: &Metadata) -> Vec<(String, String)> {
    let told = ["general.name", "general.description", "general.license"];
    let wanted = |key: &str| told.contains(&key) || key.starts_with("polo.");
    let claims = metadata.iter().filter(|(key, _)| wanted(key));
    claims.map(|(key, value)| (key.clone(), shortened(&to_text(value), MAX_CLAIM))).take(MAX_CLAIMS).collect()
}

/// Names of the types that can be read.
fn supported() -> String {
    let names: Vec<&str> = (0..64).filter_map(dtype).map(DType::name).collect();
    names.join(", ")
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
