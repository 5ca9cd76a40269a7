//! The model's own numbers, from config.json. Names are Hugging Face's; nothing has a default unless Hugging Face
//! gives it one.

use serde_json::Value;

use super::rope::{self, RopeScaling};
use crate::error::{Error, Result};
use crate::files::ModelFiles;

/// Families of models that share the forward pass; they differ in biases and in how files lay out rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Qwen2 and Qwen2.5: q, k and v have a bias.
    Qwen2,
    /// Llama, SmolLM2, …: no bias anywhere.
    Llama,
}

impl Architecture {
    /// Hugging Face's `model_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qwen2 => "qwen2",
            Self::Llama => "llama",
        }
    }

    /// Whether q, k and v have a bias.
    pub fn has_bias(self) -> bool {
        self == Self::Qwen2
    }
}

/// What config.json says of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Which family.
    pub architecture: Architecture,
    /// Whether the file lays the two rows of q and k that a rotation mixes side by side (llama in GGUF)
    /// instead of half a head apart.
    pub rope_interleave: bool,
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
    /// How the rotary frequencies are scaled.
    pub rope_scaling: RopeScaling,
    /// Longest context the model was made for, in tokens.
    pub max_position_embeddings: usize,
    /// Whether `lm_head` is the embedding table.
    pub tie_word_embeddings: bool,
}

/// No matrix or head of any known model comes near; beyond, arithmetic on sizes might overflow.
const LARGEST: u64 = 1 << 24;

/// The tensors of a layer, and those of one with biases.
const LAYER: [&str; 9] = [
    "input_layernorm.weight",
    "self_attn.q_proj.weight",
    "self_attn.k_proj.weight",
    "self_attn.v_proj.weight",
    "self_attn.o_proj.weight",
    "post_attention_layernorm.weight",
    "mlp.gate_proj.weight",
    "mlp.up_proj.weight",
    "mlp.down_proj.weight",
];
const BIAS: [&str; 3] = ["self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias"];

impl Config {
    /// Reads config.json; `file` names it in errors.
    pub fn from_json(file: &str, json: &Value) -> Result<Self> {
        let bad = |what: String| Error::bad_model(file, what);
        let architecture = match json["model_type"].as_str() {
            Some("qwen2") => Architecture::Qwen2,
            Some("llama") => Architecture::Llama,
            other => {
                let found: String = other.unwrap_or("missing").chars().take(60).collect();
                return Err(bad(format!(
                    "model_type is {found}, supported are qwen2 and llama; choose a model of these families"
                )));
            }
        };
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
        for key in ["attention_bias", "mlp_bias"] {
            if architecture == Architecture::Llama && json[key].as_bool() == Some(true) {
                return Err(bad(format!("{key} is true; only llama models without biases are supported")));
            }
        }
        if json["num_local_experts"].as_u64().is_some_and(|experts| experts > 0) {
            return Err(bad(format!(
                "num_local_experts is {}; mixtures of experts are not supported",
                json["num_local_experts"]
            )));
        }
        if json["partial_rotary_factor"].as_f64().is_some_and(|factor| (factor - 1.0).abs() > 1e-9) {
            return Err(bad(format!(
                "partial_rotary_factor is {}, expected 1: every element of a head rotates",
                json["partial_rotary_factor"]
            )));
        }
        let longest = size("max_position_embeddings")?;
        let rope_scaling = RopeScaling::from_json(&json["rope_scaling"], longest).map_err(bad)?;
        let number = |key: &str, low: f64, high: f64| match json[key].as_f64() {
            Some(value) if value > low && value < high => Ok(value),
            _ => Err(bad(format!("{key} is {}, expected a number between {low} and {high}", json[key]))),
        };
        let rope_theta = match (&json["rope_theta"], architecture) {
            // LlamaConfig's default, which old files rely on.
            (Value::Null, Architecture::Llama) => 1e4,
            _ => number("rope_theta", 1.0, 1e12)?,
        };
        Ok(Self {
            architecture,
            rope_interleave: json["rope_interleave"].as_bool().unwrap_or(false),
            hidden_size,
            num_hidden_layers: size("num_hidden_layers")?,
            num_attention_heads,
            num_key_value_heads,
            head_dim,
            intermediate_size: size("intermediate_size")?,
            vocab_size: size("vocab_size")?,
            rms_norm_eps: number("rms_norm_eps", 0.0, 1.0)? as f32,
            rope_theta,
            rope_scaling,
            max_position_embeddings: rope_scaling.longest(longest),
            tie_word_embeddings: json["tie_word_embeddings"].as_bool().unwrap_or(false),
        })
    }

    /// The config of opened files, if they hold no tensor that the forward pass would leave out: the numbers
    /// would be wrong without a word.
    pub fn of(files: &ModelFiles) -> Result<Self> {
        let mut config = Self::from_json(&files.name, &files.config)?;
        let plain = config.architecture == Architecture::Llama && config.rope_scaling == RopeScaling::None;
        if plain && files.tensors.contains_key(rope::DIVISORS) {
            config.rope_scaling = RopeScaling::Divisors;
        }
        let unknown = |name: &str| {
            let layer = name.strip_prefix("model.layers.").and_then(|rest| rest.split_once('.'));
            match layer {
                // What old checkpoints keep of the rotation is computed here.
                Some((_, part)) if part.ends_with("rotary_emb.inv_freq") => false,
                Some((_, part)) => {
                    // Quantised weights may bring parts of their own: `…weight.absmax`.
                    let belongs = |known: &&str| {
                        part.strip_prefix(*known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                    };
                    let bias = config.architecture.has_bias() && BIAS.contains(&part);
                    !bias && !LAYER.iter().any(belongs)
                }
                None => name == rope::DIVISORS && config.rope_scaling != RopeScaling::Divisors,
            }
        };
        match files.tensors.keys().find(|name| unknown(name)) {
            None => Ok(config),
            Some(name) => {
                let what = format!(
                    "tensor {name} has no place in a {} as polo runs it: the model is of a newer or another kind; \
                     choose another one",
                    config.architecture.name()
                );
                Err(Error::bad_model(&files.name, what))
            }
        }
    }

    /// Weights, each counted once.
    pub fn parameters(&self) -> u64 {
        let (c, f, v) = (self.hidden_size as u64, self.intermediate_size as u64, self.vocab_size as u64);
        let q = (self.num_attention_heads * self.head_dim) as u64;
        let kv = (self.num_key_value_heads * self.head_dim) as u64;
        let bias = if self.architecture.has_bias() { q + 2 * kv } else { 0 };
        let attention = c * (q + 2 * kv) + bias + q * c;
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
    fn smollm2_has_135_million_weights_and_no_bias() {
        let json = json!({
            "model_type": "llama", "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9,
            "num_key_value_heads": 3, "intermediate_size": 1536, "vocab_size": 49152, "rms_norm_eps": 1e-5,
            "max_position_embeddings": 8192, "tie_word_embeddings": true,
        });
        let config = Config::from_json("config.json", &json).unwrap();
        assert_eq!((config.head_dim, config.parameters()), (64, 134_515_008));
        assert_eq!((config.rope_theta, config.rope_interleave), (1e4, false));
        for (key, value) in [("attention_bias", json!(true)), ("mlp_bias", json!(true))] {
            let mut wrong = json.clone();
            wrong[key] = value;
            assert!(Config::from_json("config.json", &wrong).unwrap_err().to_string().contains(key));
        }
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
            ("rope_scaling", json!({"rope_type": "longrope"})),
            ("rope_scaling", json!({"rope_type": "yarn"})),
            ("rms_norm_eps", json!("small")),
            ("rope_theta", Value::Null),
            ("num_local_experts", json!(8)),
            ("partial_rotary_factor", json!(0.5)),
        ] {
            let mut config = marco();
            config[key] = value;
            let error = Config::from_json("config.json", &config).unwrap_err();
            assert_eq!(error.kind(), "bad_model");
            assert!(error.to_string().contains(key) || key == "num_key_value_heads", "{error}");
        }
    }
}
