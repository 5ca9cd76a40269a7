//! A Hugging Face folder: config, tokenizer, chat template, and safetensors in one or several files.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::beside::Beside;
use super::{ByteSource, ModelFiles, TensorInfo, TokenizerSource, file_stem, nf4, safetensors};
use crate::{Error, Result};

/// Longest tokenizer.json; Qwen2's has 7 MB. In bytes.
const MAX_TOKENIZER: u64 = 64 << 20;
/// Longest of the other files that are read whole: a hundred thousand tensors fill an index of 10 MB. In bytes.
const MAX_TEXT: u64 = 16 << 20;
/// The largest models come in fewer parts.
const MAX_SHARDS: usize = 1000;

/// The folder, if this is the path of weights in it: `model.safetensors`, or a part of several.
pub(super) fn of_weights(location: &str) -> Option<&str> {
    let (folder, name) = location.rsplit_once('/').unwrap_or((".", location));
    let name = name.split(['?', '#']).next()?;
    (name.starts_with("model") && name.strip_suffix(".safetensors").is_some()).then_some(folder)
}

pub(super) async fn open(folder: &str, beside: &Beside) -> Result<ModelFiles> {
    let read = async |name: &str| read(folder, beside, name).await;
    let Some(config) = read("config.json").await? else {
        let what = "there is no config.json; give a folder in Hugging Face's layout, or a .gguf file itself";
        return Err(Error::fetch(folder, what));
    };
    let mut config = object(&path(folder, "config.json"), &config)?;
    let Some(tokenizer_json) = read("tokenizer.json").await? else {
        let what = "there is no tokenizer.json; download it from the model's page";
        return Err(Error::fetch(folder, what));
    };
    let optional = async |name: &str| match read(name).await? {
        Some(bytes) => object(&path(folder, name), &bytes).map(Some),
        None => Ok(None),
    };
    let tokenizer_config = optional("tokenizer_config.json").await?.unwrap_or_default();
    let generation_config = optional("generation_config.json").await?.map(Value::Object);
    let chat_template = match read("chat_template.jinja").await? {
        Some(bytes) => Some(text(&path(folder, "chat_template.jinja"), bytes)?),
        None => template_of(&tokenizer_config),
    };
    let (sources, mut tensors) = weights(folder, beside).await?;
    let nf4 = nf4::join(folder, &sources, &mut tensors).await?;
    normalise(&mut config, &tensors);
    let name = config.get("_name_or_path").and_then(Value::as_str).filter(|name| !name.is_empty());
    Ok(ModelFiles {
        name: name.map_or_else(|| file_stem(folder), file_stem),
        config: Value::Object(config),
        tensors,
        tokenizer: TokenizerSource {
            json: tokenizer_json,
            bos_token: token_of(&tokenizer_config, "bos_token"),
            eos_token: token_of(&tokenizer_config, "eos_token"),
        },
        chat_template,
        generation_config,
        claims: Vec::new(),
        sources,
        nf4,
    })
}

/// The files and the tensors of one or several safetensors files.
async fn weights(
    folder: &str,
    beside: &Beside,
) -> Result<(Vec<Box<dyn ByteSource>>, BTreeMap<String, TensorInfo>)> {
    if let Some(source) = beside.open("model.safetensors").await? {
        let tensors = safetensors::tensors(&*source, 0).await?;
        return Ok((vec![source], tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect()));
    }
    let index_path = path(folder, "model.safetensors.index.json");
    let Some(index) = read(folder, beside, "model.safetensors.index.json").await? else {
        let what = "there is no model.safetensors (nor model.safetensors.index.json); \
                    models in other forms must be converted to safetensors or GGUF first";
        return Err(Error::fetch(folder, what));
    };
    let bad = |what: String| Error::bad_model(&index_path, what);
    let index = object(&index_path, &index)?;
    let Some(Value::Object(map)) = index.get("weight_map") else {
        return Err(bad("it has no weight_map, expected an object of tensor names and files".into()));
    };
    let mut files: Vec<&str> = Vec::new();
    let mut wanted = BTreeMap::new();
    for (tensor, file) in map {
        let file = file
            .as_str()
            .ok_or_else(|| bad(format!("tensor {tensor}: its file is {file}, expected a name")))?;
        if file.contains(['/', '\\', ':', '?', '#']) || file.starts_with('.') || file.is_empty() {
            return Err(bad(format!(
                "tensor {tensor} is said to be in {file:?}, expected a file beside the index"
            )));
        }
        let number = files.iter().position(|known| *known == file).unwrap_or_else(|| {
            files.push(file);
            files.len() - 1
        });
        if files.len() > MAX_SHARDS {
            return Err(bad(format!("it names more than {MAX_SHARDS} files")));
        }
        wanted.insert(tensor, number);
    }
    let mut sources = Vec::new();
    let mut tensors = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        let Some(source) = beside.open(file).await? else {
            let what = format!("there is no {file}, which model.safetensors.index.json names; get it too");
            return Err(Error::fetch(folder, what));
        };
        for tensor in safetensors::tensors(&*source, number).await? {
            // A tensor that the index puts elsewhere, or does not know, is not this model's.
            if wanted.get(&tensor.name) == Some(&number) {
                tensors.insert(tensor.name.clone(), tensor);
            }
        }
        sources.push(source);
    }
    if let Some((missing, number)) = wanted.iter().find(|(name, _)| !tensors.contains_key(**name)) {
        return Err(bad(format!("tensor {missing} is said to be in {}, but is not there", files[*number])));
    }
    Ok((sources, tensors))
}

/// Brings the config's newer spellings to one form, and says whether the embedding is the head too.
fn normalise(config: &mut Map<String, Value>, tensors: &BTreeMap<String, TensorInfo>) {
    // transformers 5 keeps both in rope_parameters.
    if let Some(Value::Object(rope)) = config.get("rope_parameters").cloned() {
        if let Some(theta) = rope.get("rope_theta").filter(|_| !config.contains_key("rope_theta")) {
            config.insert("rope_theta".into(), theta.clone());
        }
        let scaled = rope.get("rope_type").and_then(Value::as_str).is_some_and(|kind| kind != "default");
        if scaled && !config.contains_key("rope_scaling") {
            config.insert("rope_scaling".into(), Value::Object(rope));
        }
    }
    let has_head = tensors.contains_key("lm_head.weight");
    let said = config.get("tie_word_embeddings").and_then(Value::as_bool);
    let tied = !has_head || said.unwrap_or(false);
    config.insert("tie_word_embeddings".into(), tied.into());
}

/// The template in `tokenizer_config.json`: a text, or a list of named ones.
fn template_of(config: &Map<String, Value>) -> Option<String> {
    match config.get("chat_template")? {
        Value::String(template) => Some(template.clone()),
        Value::Array(list) => {
            let named =
                list.iter().find(|entry| entry.get("name").and_then(Value::as_str) == Some("default"));
            named.and_then(|entry| entry.get("template")?.as_str()).map(str::to_owned)
        }
        _ => None,
    }
}

/// A special token in `tokenizer_config.json`: a text, or an object with its content.
fn token_of(config: &Map<String, Value>, key: &str) -> Option<String> {
    let value = config.get(key)?;
    value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_owned)
}

fn path(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// A whole small file, if it is there.
async fn read(folder: &str, beside: &Beside, name: &str) -> Result<Option<Vec<u8>>> {
    let Some(source) = beside.open(name).await? else { return Ok(None) };
    let longest = if name == "tokenizer.json" { MAX_TOKENIZER } else { MAX_TEXT };
    if source.len() > longest {
        let what =
            format!("it has {} bytes, expected at most {longest}; is it the right file?", source.len());
        return Err(Error::bad_model(path(folder, name), what));
    }
    source.read_at(0, source.len() as usize).await.map(Some)
}

fn object(path: &str, bytes: &[u8]) -> Result<Map<String, Value>> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::bad_model(path, format!("expected a JSON object: {error}; download it again"))
    })
}

fn text(path: &str, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| Error::bad_model(path, format!("expected UTF-8 text: {error}")))
}
