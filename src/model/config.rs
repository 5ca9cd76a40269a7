//! The model's own numbers, from config.json. Names are Hugging Face's; nothing has a default unless Hugging Face
//! gives it one.

use serde_json::Value;

use crate::error::{Error, Result};

/// What config.json says of a Qwen2 model.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// C.
    pub hidden_size: usize,
    /// L.
    pub num_hidden_layers: usize,
    /// H.
    pub num_attention_heads: usize,
    /// G; divides H.
    pub num_key_value_heads: usize,
    /// D; even.
    pub head_dim: usize,
    /// F.
    pub intermediate_size: usize,
    /// V.
    pub vocab_size: usize,
    /// Added to the mean square in the norms.
    pub rms_norm_eps: f32,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// Longest context the model was made for, in tokens.
    pub max_position_embeddings: usize,
    /// Whether `lm_head` is the embedding table.
    pub tie_word_embeddings: bool,
}

/// No matrix or head of any known model comes near; beyond, arithmetic on sizes might overflow.
const LARGEST: u64 = 1 << 24;

impl Config {
    /// Reads config.json; `file` names it in errors.
    pub fn from_json(file: &str, json: &Value) -> Result<Self> {
        let bad = |what: String| Error::bad_model(file, what);
        let architecture = json["model_type"].as_str().unwrap_or("missing");
        if architecture != "qwen2" {
            return Err(bad(format!(
                "model_type is {architecture}, expected qwen2 (the architecture polo runs)"
            )));
        }
        let size = |key: &str| match json[key].as_u64() {
            Some(value) if (1..=LARGEST).contains(&value) => Ok(value as usize),
            _ => Err(bad(format!("{key} is {}, expected a whole number from 1 to {LARGEST}", json[key]))),
        };
        let hidden_size = size("hidden_size")?;
        let num_attention_heads = size("num_attention_heads")?;
        let num_key_value_heads = if json["num_key_value_heads"].is_null() {
            num_attention_heads
        } else {
            size("num_key_value_heads")?
        };
        let head_dim =
            if json["head_dim"].is_null() { hidden_size / num_attention_heads } else { size("head_dim")? };
        if !num_attention_heads.is_multiple_of(num_key_value_heads) {
            return Err(bad(format!(
                "num_attention_heads is {num_attention_heads}, expected a multiple of num_key_value_heads, {num_key_value_heads}"
            )));
        }
        if num_attention_heads / num_key_value_heads > 8 {
            return Err(bad(format!(
                "{num_attention_heads} query heads share {num_key_value_heads} key/value heads, expected at most 8 each"
            )));
        }
        if !head_dim.is_multiple_of(2) || !(2..=256).contains(&head_dim) {
            return Err(bad(format!("head_dim is {head_dim}, expected an even number from 2 to 256")));
        }
        match json["hidden_act"].as_str() {
            None | Some("silu") => {}
            Some(other) => return Err(bad(format!("hidden_act is {other}, expected silu"))),
        }
        if json["use_sliding_window"].as_bool() == Some(true) {
            return Err(bad("use_sliding_window is true; only full attention is supported".into()));
        }
        let scaling = &json["rope_scaling"];
        let plain = scaling["rope_type"].as_str().or(scaling["type"].as_str()) == Some("default");
        if !scaling.is_null() && !plain {
            return Err(bad(format!("rope_scaling is {scaling}, expected none")));
        }
        let number = |key: &str, low: f64, high: f64| match json[key].as_f64() {
            Some(value) if value > low && value < high => Ok(value),
            _ => Err(bad(format!("{key} is {}, expected a number between {low} and {high}", json[key]))),
        };
        Ok(Self {
            hidden_size,
            num_hidden_layers: size("num_hidden_layers")?,
            num_attention_heads,
            num_key_value_heads,
            head_dim,
            intermediate_size: size("intermediate_size")?,
            vocab_size: size("vocab_size")?,
            rms_norm_eps: number("rms_norm_eps", 0.0, 1.0)? as f32,
            rope_theta: number("rope_theta", 1.0, 1e12)?,
            max_position_embeddings: size("max_position_embeddings")?,
            tie_word_embeddings: json["tie_word_embeddings"].as_bool().unwrap_or(false),
        })
    }

    /// Weights, each counted once.
    pub fn parameters(&self) -> u64 {
        let (c, f, v) = (self.hidden_size as u64, self.intermediate_size as u64, self.vocab_size as u64);
        let q = (self.num_attention_heads * self.head_dim) as u64;
        let kv = (self.num_key_value_heads * self.head_dim) as u64;
        let attention = c * (q + 2 * kv) + q + 2 * kv + q * c;
        let layer = attention + 3 * c * f + 2 * c;
        let tables = if self.tie_word_embeddings { v * c } else { 2 * v * c };
        self.num_hidden_layers as u64 * layer + tables + c
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn marco() -> Value {
        json!({
            "model_type": "qwen2", "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
            "num_key_value_heads": 4, "intermediate_size": 18944, "vocab_size": 152_064, "rms_norm_eps": 1e-6,
            "rope_theta": 1e6, "max_position_embeddings": 32768, "tie_word_embeddings": false,
        })
    }

    #[test]
    fn marco_o1_has_7_6_billion_weights() {
        let config = Config::from_json("config.json", &marco()).unwrap();
        assert_eq!((config.head_dim, config.parameters()), (128, 7_615_616_512));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (key, value) in [
            ("model_type", json!("bert")),
            ("hidden_size", json!(-1)),
            ("hidden_size", json!(1e30)),
            ("num_key_value_heads", json!(3)),
            ("num_key_value_heads", json!(1)),
            ("head_dim", json!(7)),
            ("hidden_act", json!("gelu")),
            ("use_sliding_window", json!(true)),
            ("rope_scaling", json!({"rope_type": "yarn"})),
            ("rms_norm_eps", json!("small")),
            ("rope_theta", Value::Null),
        ] {
            let mut config = marco();
            config[key] = value;
            let error = Config::from_json("config.json", &config).unwrap_err();
            assert_eq!(error.kind(), "bad_model");
            assert!(error.to_string().contains(key) || key == "num_key_value_heads", "{error}");
        }
    }
}
