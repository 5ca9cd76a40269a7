//! GGUF's names and metadata in Hugging Face's words.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::TensorInfo;
use super::gguf_header::{Metadata, Value, to_json, to_text};
use crate::{Error, Result};

/// GGUF's name of a part of a layer, and Hugging Face's.
const LAYER_NAMES: [(&str, &str); 11] = [
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// Hugging Face's name of a tensor; a name without a counterpart stays as it is.
///
pub(super) fn hugging_face_name(name: &str) -> String {
    match name {
        "token_embd.weight" => return "model.embed_tokens.weight".into(),
        "output_norm.weight" => return "model.norm.weight".into(),
        "output.weight" => return "lm_head.weight".into(),
        _ => {}
    }
    let parts = name.strip_prefix("blk.").and_then(|rest| {
        let (layer, rest) = rest.split_once('.')?;
        let (part, kind) = rest.rsplit_once('.')?;
        Some((layer.parse::<usize>().ok()?, part, kind))
    });
    let Some((layer, part, kind)) = parts else { return name.into() };
    match LAYER_NAMES.iter().find(|(gguf, _)| *gguf == part) {
        Some((_, hf)) => format!("model.layers.{layer}.{hf}.{kind}"),
        None => name.into(),
    }
}

/// Architectures whose metadata is known, and the class that Hugging Face has for them.
const ARCHITECTURES: [(&str, &str); 2] = [("qwen2", "Qwen2ForCausalLM"), ("llama", "LlamaForCausalLM")];

/// Refuses a file of another architecture before anything else is said of it.
pub(super) fn check_architecture(file_name: &str, metadata: &Metadata) -> Result<()> {
    let what = match metadata.get("general.architecture") {
        Some(Value::Text(arch)) if ARCHITECTURES.iter().any(|(known, _)| known == arch) => return Ok(()),
        Some(Value::Text(arch)) => format!(
            "metadata general.architecture is {}, supported are qwen2 and llama; choose a model of these families",
            arch.chars().take(60).collect::<String>()
        ),
        Some(_) => "metadata general.architecture is no text; the file is damaged, download it again".into(),
        None => "metadata general.architecture is missing; is it a language model?".into(),
    };
    Err(Error::bad_model(file_name, what))
}

/// The metadata as a config.json would tell it.
pub(super) fn config(
    file_name: &str,
    metadata: &Metadata,
    tensors: &BTreeMap<String, TensorInfo>,
) -> Result<Json> {
    let bad = |what: String| Error::bad_model(file_name, what);
    let Some(Value::Text(arch)) = metadata.get("general.architecture") else {
        return Err(bad("metadata general.architecture is missing; is it a language model?".into()));
    };
    let mut config = Map::new();
    let class = ARCHITECTURES.iter().find(|(known, _)| known == arch).map_or("", |(_, class)| class);
    config.insert("model_type".into(), json!(arch));
    config.insert("architectures".into(), json!([class]));
    config.insert("hidden_act".into(), json!("silu"));
    if arch == "llama" {
        // Its converter lays the rows of q and k so that the two that a rotation mixes are neighbours
        // (`LlamaModel.permute` in llama.cpp's convert_hf_to_gguf.py); Qwen2's stay as Hugging Face has them.
        config.insert("rope_interleave".into(), json!(true));
    }
    let wanted = [
        ("hidden_size", "embedding_length"),
        ("num_hidden_layers", "block_count"),
        ("num_attention_heads", "attention.head_count"),
        ("intermediate_size", "feed_forward_length"),
        ("rms_norm_eps", "attention.layer_norm_rms_epsilon"),
        ("max_position_embeddings", "context_length"),
    ];
    for (hf, gguf) in wanted {
        let key = format!("{arch}.{gguf}");
        let value = metadata.get(&key).ok_or_else(|| {
            bad(format!("metadata {key} is missing; the file is incomplete, download it again"))
        })?;
        config.insert(hf.into(), number(value).ok_or_else(|| bad(not_a_number(&key, value)))?);
    }
    let optional = [
        ("num_key_value_heads", "attention.head_count_kv", config["num_attention_heads"].clone()),
        // llama.cpp's default, where the file says nothing.
        ("rope_theta", "rope.freq_base", json!(10000.0)),
        ("head_dim", "attention.key_length", Json::Null),
    ];
    for (hf, gguf, default) in optional {
        let key = format!("{arch}.{gguf}");
        let value = match metadata.get(&key) {
            Some(value) => number(value).ok_or_else(|| bad(not_a_number(&key, value)))?,
            None => default,
        };
        if !value.is_null() {
            config.insert(hf.into(), value);
        }
    }
    if let Some(scaling) = rope_scaling(arch, metadata) {
        config.insert("rope_scaling".into(), scaling);
    }
    let said = |key: &str| match metadata.get(&format!("{arch}.{key}")) {
        Some(Value::Unsigned(value)) => Some(*value),
        _ => None,
    };
    if let Some(experts) = said("expert_count").filter(|&experts| experts > 0) {
        config.insert("num_local_experts".into(), json!(experts));
    }
    let head_dim = config
        .get("head_dim")
        .and_then(Json::as_u64)
        .or_else(|| config["hidden_size"].as_u64()?.checked_div(config["num_attention_heads"].as_u64()?));
    if let Some((turned, size)) = said("rope.dimension_count").zip(head_dim).filter(|(a, b)| a != b) {
        config.insert("partial_rotary_factor".into(), json!(turned as f64 / size as f64));
    }
    for (hf, gguf) in [("bos_token_id", "bos"), ("eos_token_id", "eos"), ("pad_token_id", "padding")] {
        if let Some(id) = metadata.get(&format!("tokenizer.ggml.{gguf}_token_id")).and_then(number) {
            config.insert(hf.into(), id);
        }
    }
    if let Some(embedding) = tensors.get("model.embed_tokens.weight") {
        config.insert("vocab_size".into(), json!(embedding.rows()));
    }
    config.insert("tie_word_embeddings".into(), json!(!tensors.contains_key("lm_head.weight")));
    Ok(Json::Object(config))
}

/// How positions are scaled, as `rope_scaling` of a config.json; `None` where they are not.
fn rope_scaling(arch: &str, metadata: &Metadata) -> Option<Json> {
    let get = |key: &str| metadata.get(&format!("{arch}.rope.{key}"));
    let mut scaling = Map::new();
    match get("scaling.type") {
        Some(Value::Text(kind)) if kind != "none" => {
            scaling.insert("rope_type".into(), json!(kind));
        }
        // The spelling of the first files.
        None => {
            let factor =
                get("scale_linear").and_then(number).filter(|factor| factor.as_f64() != Some(1.0))?;
            return Some(json!({ "rope_type": "linear", "factor": factor }));
        }
        Some(_) => return None,
    }
    let keys = [
        ("factor", "factor"),
        ("original_max_position_embeddings", "original_context_length"),
        ("beta_fast", "yarn_beta_fast"),
        ("beta_slow", "yarn_beta_slow"),
    ];
    for (hf, gguf) in keys {
        if let Some(value) = get(&format!("scaling.{gguf}")).and_then(to_json) {
            scaling.insert(hf.into(), value);
        }
    }
    // What Hugging Face has no word for is not known here either.
    for (key, neutral) in
        [("attn_factor", 1.0), ("yarn_attn_factor", 1.0), ("yarn_ext_factor", 1.0), ("alpha", 0.0)]
    {
        let value = get(&format!("scaling.{key}")).and_then(to_json);
        if let Some(value) = value.filter(|value| value.as_f64() != Some(neutral)) {
            scaling.insert("rope_type".into(), json!(format!("scaled with {key} {value}")));
        }
    }
    Some(Json::Object(scaling))
}

/// End tokens beyond the first: end of turn and end of message, as a `generation_config.json` lists them.
pub(super) fn generation_config(metadata: &Metadata) -> Option<Json> {
    let ids = ["eos", "eot", "eom"].iter();
    let ids =
        ids.filter_map(|name| metadata.get(&format!("tokenizer.ggml.{name}_token_id")).and_then(number));
    let mut ids: Vec<Json> = ids.collect();
    ids.dedup();
    let mut config = Map::new();
    if !ids.is_empty() {
        config.insert("eos_token_id".into(), Json::Array(ids));
    }
    // llama.cpp's names for the sampling a model recommends.
    for (hf, gguf) in [("temperature", "temp"), ("top_p", "top_p"), ("top_k", "top_k")] {
        if let Some(value) = metadata.get(&format!("general.sampling.{gguf}")).and_then(number) {
            config.insert(hf.into(), value);
        }
    }
    (!config.is_empty()).then_some(Json::Object(config))
}

fn not_a_number(key: &str, value: &Value) -> String {
    let found: String = to_text(value).chars().take(60).collect();
    format!("metadata {key} is {found}, expected a number; the file is damaged, download it again")
}

/// A metadata value if it is a finite number.
fn number(value: &Value) -> Option<Json> {
    to_json(value).filter(Json::is_number)
}

#[cfg(test)]
mod tests {
    use super::hugging_face_name;

    #[test]
    fn names_are_hugging_face_names() {
        let check = |gguf: &str, hf: &str| assert_eq!(hugging_face_name(gguf), hf);
        check("token_embd.weight", "model.embed_tokens.weight");
        check("output_norm.weight", "model.norm.weight");
        check("output.weight", "lm_head.weight");
        check("blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj.weight");
        check("blk.27.attn_k.bias", "model.layers.27.self_attn.k_proj.bias");
        check("blk.3.ffn_down.weight", "model.layers.3.mlp.down_proj.weight");
        check("blk.3.ffn_norm.weight", "model.layers.3.post_attention_layernorm.weight");
        check("blk.x.ffn_norm.weight", "blk.x.ffn_norm.weight");
        check("rope_freqs.weight", "rope_freqs.weight");
    }
}
