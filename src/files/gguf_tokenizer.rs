//! A `tokenizer.json` from GGUF metadata: byte-level BPE with the pre-tokenizers in use.

use serde_json::{Map, Value as Json, json};

use super::TokenizerSource;
use super::gguf_header::{Metadata, Value};
use crate::{Error, Result};

/// `pre_tokenizer` of Qwen2's tokenizer.json.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// `pre_tokenizer` of Llama 3's tokenizer.json: digits in threes.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Token types of ggml (llama.h, enum `llama_token_type`) that matter here.
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

pub(super) fn tokenizer(file_name: &str, metadata: &Metadata) -> Result<TokenizerSource> {
    let bad = |what: String| Error::bad_model(file_name, what);
    let Some(Value::Texts(tokens)) = metadata.get("tokenizer.ggml.tokens") else {
        return Err(bad(
            "metadata tokenizer.ggml.tokens is missing: the file has no vocabulary; choose another file"
                .into(),
        ));
    };
    let special = |name: &str| match metadata.get(&format!("tokenizer.ggml.{name}_token_id")) {
        Some(Value::Unsigned(id)) => tokens.get(usize::try_from(*id).ok()?).cloned(),
        _ => None,
    };
    // Where the file carries the tokenizer.json it was made from, that is the truth.
    let json = match metadata.get("tokenizer.huggingface.json") {
        Some(Value::Text(json)) => json.clone().into_bytes(),
        _ => translate(metadata, tokens).map_err(bad)?.to_string().into_bytes(),
    };
    Ok(TokenizerSource { json, bos_token: special("bos"), eos_token: special("eos") })
}

fn translate(metadata: &Metadata, tokens: &[String]) -> Result<Json, String> {
    let text = |key: &str| match metadata.get(key) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let model = text("tokenizer.ggml.model").unwrap_or("(none)");
    if model != "gpt2" {
        let found: String = model.chars().take(60).collect();
        return Err(format!(
            "metadata tokenizer.ggml.model is {found}, supported is gpt2 (byte-level BPE); choose another model"
        ));
    }
    let Some(Value::Texts(merges)) = metadata.get("tokenizer.ggml.merges") else {
        return Err(
            "metadata tokenizer.ggml.merges is missing; the file is incomplete, download it again".into()
        );
    };
    let types = match metadata.get("tokenizer.ggml.token_type") {
        Some(Value::Integers(types)) if types.len() == tokens.len() => types.as_slice(),
        Some(_) => {
            return Err(format!(
                "metadata tokenizer.ggml.token_type has not {} entries, as there are tokens; \
                 the file is damaged, download it again",
                tokens.len()
            ));
        }
        None => &[],
    };
    // Files from before May 2024 do not say; of Qwen2 there is only one.
    let unsaid = if text("general.architecture") == Some("qwen2") { "qwen2" } else { "default" };
    let pre = text("tokenizer.ggml.pre").unwrap_or(unsaid);
    let (normalizer, pre_tokenizers, ignore_merges) = match pre {
        // As the tokenizer.json of the models has it; llama.cpp's regexes for these names cut alike
        // (src/llama-vocab.cpp there), but for Qwen2's NFC, which it leaves out.
        "qwen2" | "deepseek-r1-qwen" => {
            (json!({ "type": "NFC" }), json!([split(QWEN2), byte_level(false)]), false)
        }
        "llama-bpe" | "llama3" => (Json::Null, json!([split(LLAMA3), byte_level(false)]), true),
        "smollm" => {
            let digits = json!({ "type": "Digits", "individual_digits": true });
            (Json::Null, json!([digits, byte_level(true)]), false)
        }
        "gpt-2" | "gpt2" | "default" => (Json::Null, json!([byte_level(true)]), false),
        other => {
            let found: String = other.chars().take(60).collect();
            let what = format!(
                "metadata tokenizer.ggml.pre is {found}, supported are qwen2, deepseek-r1-qwen, llama-bpe, smollm, \
                 gpt-2 and default; choose another model"
            );
            return Err(what);
        }
    };
    let mut vocab = Map::new();
    let mut added = Vec::new();
    for (id, token) in tokens.iter().enumerate() {
        let kind = types.get(id).copied().unwrap_or(1);
        if kind == CONTROL || kind == USER_DEFINED {
            added.push(json!({
                "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": kind == CONTROL,
            }));
        }
        // In the vocabulary too, so that each token has exactly the id the file gives it.
        if vocab.insert(token.clone(), json!(id)).is_some() {
            let shown: String = token.chars().take(60).collect();
            return Err(format!(
                "metadata tokenizer.ggml.tokens: {shown:?} is there twice; the file is damaged, download it again"
            ));
        }
    }
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": normalizer,
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": pre_tokenizers },
        "post_processor": null,
        "decoder": byte_level(true),
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "ignore_merges": ignore_merges, "vocab": vocab, "merges": merges,
        },
    }))
}

fn split(pattern: &str) -> Json {
    json!({ "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false })
}

fn byte_level(use_regex: bool) -> Json {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": use_regex })
}
