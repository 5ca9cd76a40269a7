//! What a model's own files say about how it is used: its thoughts, its end, its sampling; and what of that
//! is not done here.

use serde_json::Value;

use crate::files::ModelFiles;
use crate::protocol::{SamplingOptions, ThoughtFormat};
use crate::sampler::MAX_END_TOKENS;
use crate::text::{self, Tokenizer};

/// How a model marks its thoughts, as far as its chat template shows. The models made by this project say
/// nothing there; they are known by their claims.
pub(super) fn thoughts(files: &ModelFiles) -> ThoughtFormat {
    let template = files.chat_template.as_deref().unwrap_or_default();
    match text::thoughts_in(template) {
        ThoughtFormat::None if files.claims.iter().any(|(key, _)| key.starts_with("polo.")) => {
            ThoughtFormat::Marco
        }
        found => found,
    }
}

/// Tokens that end a reply: those the files name, and those that do where a file forgot to.
pub(super) fn end_tokens(files: &ModelFiles, tokenizer: &Tokenizer) -> Vec<u32> {
    let mut ids = files.end_tokens();
    let named = ["<|im_end|>", "<|endoftext|>", "<|eot_id|>"].map(|token| tokenizer.token_id(token));
    ids.extend(named.into_iter().flatten().filter(|&id| tokenizer.is_special(id)));
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(MAX_END_TOKENS);
    ids
}

/// Ways of choosing tokens that are not done here: key, and the value that asks for nothing.
const NOT_DONE: [(&str, f64); 7] = [
    ("repetition_penalty", 1.0),
    ("no_repeat_ngram_size", 0.0),
    ("min_p", 0.0),
    ("typical_p", 1.0),
    ("epsilon_cutoff", 0.0),
    ("num_beams", 1.0),
    ("penalty_alpha", 0.0),
];

/// Recommended sampling: what the config names, and our defaults for the rest. None if it names nothing.
/// The text says what could not be followed.
pub(super) fn recommended(config: &Value) -> (Option<SamplingOptions>, Option<String>) {
    let mut options = SamplingOptions::default();
    let number = |key: &str| config[key].as_f64().map(|value| value as f32);
    let known = ["temperature", "top_p", "top_k", "do_sample"].iter().any(|key| !config[*key].is_null());
    options.temperature = number("temperature").unwrap_or(options.temperature);
    options.top_p = number("top_p").unwrap_or(options.top_p);
    if let Some(top_k) = config["top_k"].as_u64() {
        options.top_k = top_k.min(64) as u32;
    }
    if config["do_sample"].as_bool() == Some(false) {
        options.temperature = 0.0;
    }
    let mut remarks = Vec::new();
    let asked = |(key, neutral): &(&str, f64)| {
        let value = config[*key].as_f64().filter(|value| (value - neutral).abs() > 1e-6)?;
        Some(format!("{key} {value}"))
    };
    let asked: Vec<String> = NOT_DONE.iter().filter_map(asked).collect();
    if !asked.is_empty() {
        remarks.push(format!(
            "the model's generation config asks for {}, which is not supported and is left out",
            asked.join(", ")
        ));
    }
    let valid = options.validate();
    if let (true, Err(error)) = (known, &valid) {
        remarks.push(format!("the model's generation config is not followed: {error}"));
    }
    ((known && valid.is_ok()).then_some(options), (!remarks.is_empty()).then(|| remarks.join("; ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::platform;

    use super::*;

    #[test]
    fn what_the_model_asks_for_is_taken() {
        let qwen2 =
            json!({ "do_sample": true, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "eos_token_id": [1] });
        let (options, remark) = recommended(&qwen2);
        let options = options.unwrap();
        assert_eq!((options.temperature, options.top_p, options.top_k), (0.7, 0.8, 20));
        assert_eq!((options.max_new_tokens, remark), (SamplingOptions::default().max_new_tokens, None));
        let (greedy, _) = recommended(&json!({ "do_sample": false, "temperature": 0.6 }));
        let greedy = greedy.unwrap();
        assert_eq!((greedy.temperature, greedy.top_p), (0.0, SamplingOptions::default().top_p));
        let (partly, _) = recommended(&json!({ "top_k": 1000 }));
        let partly = partly.unwrap();
        assert_eq!((partly.top_k, partly.temperature), (64, SamplingOptions::default().temperature));
        assert_eq!(recommended(&json!({ "eos_token_id": 3, "repetition_penalty": 1.0 })), (None, None));
    }

    #[test]
    fn polo_tiny_thinks_as_marco_does() {
        let bytes = platform::embedded_model().unwrap();
        let files = pollster::block_on(ModelFiles::from_bytes("tiny", bytes)).unwrap();
        assert_eq!(thoughts(&files), ThoughtFormat::Marco);
        let tokenizer = Tokenizer::from_json(&files.tokenizer.json).unwrap();
        let ends = end_tokens(&files, &tokenizer);
        assert_eq!(ends, ["<|endoftext|>", "<|im_end|>"].map(|token| tokenizer.token_id(token).unwrap()));
    }

    #[test]
    fn what_is_not_done_is_said() {
        let (options, remark) =
            recommended(&json!({ "top_p": 0.8, "repetition_penalty": 1.05, "num_beams": 4 }));
        let options = options.unwrap();
        assert_eq!((options.top_p, options.top_k), (0.8, SamplingOptions::default().top_k));
        let remark = remark.unwrap();
        assert!(remark.contains("repetition_penalty 1.05") && remark.contains("num_beams 4"), "{remark}");
        let (none, remark) = recommended(&json!({ "temperature": 9 }));
        assert!(none.is_none() && remark.as_ref().unwrap().contains("temperature is 9"), "{remark:?}");
    }
}
