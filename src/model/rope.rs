//! How positions turn: the rotary frequencies of a model, scaled where it was made to read beyond the context
//! it was trained on. The formulas are those of Hugging Face's `modeling_rope_utils.py`.

use std::f64::consts::TAU;

use serde_json::Value;

use super::{Config, Source};
use crate::error::{Error, Result};
use crate::ops::rope;
use crate::quant;

/// llama.cpp's place for the divisors of the frequencies (Llama 3.1 and later in GGUF), [D/2].
pub(super) const DIVISORS: &str = "rope_freqs.weight";

/// What a config says of scaled positions.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum RopeScaling {
    /// Positions as they are.
    #[default]
    None,
    /// All frequencies divided by the same.
    Linear {
        /// The divisor.
        factor: f64,
    },
    /// Low frequencies divided, high ones left, a smooth passage between (Llama 3.1 and later).
    Llama3 {
        /// The divisor.
        factor: f64,
        /// Turns within `original` below which a frequency is divided.
        low_freq_factor: f64,
        /// Turns above which it is left.
        high_freq_factor: f64,
        /// Context of the training, in tokens.
        original: f64,
    },
    /// Low frequencies divided, high ones left, a linear passage between, and larger scores (arXiv 2309.00071).
    Yarn {
        /// The divisor.
        factor: f64,
        /// Context of the training, in tokens.
        original: f64,
        /// Turns within `original` above which a frequency is left.
        beta_fast: f64,
        /// Turns below which it is divided.
        beta_slow: f64,
        /// Whether the passage begins and ends at whole pairs.
        truncate: bool,
        /// What cosines and sines are multiplied by.
        attention_factor: f64,
    },
    /// Divided by what the file holds in `rope_freqs.weight`.
    Divisors,
}

impl RopeScaling {
    /// Reads `rope_scaling` of a config.json; `longest` is its `max_position_embeddings`. The error is what is wrong.
    pub(super) fn from_json(scaling: &Value, longest: usize) -> Result<Self, String> {
        let kind = scaling["rope_type"].as_str().or(scaling["type"].as_str());
        if scaling.is_null() || kind == Some("default") {
            return Ok(Self::None);
        }
        let found = || scaling.to_string().chars().take(200).collect::<String>();
        let number = |key: &str, default: Option<f64>, low: f64, high: f64| match (&scaling[key], default) {
            (Value::Null, Some(default)) => Ok(default),
            (value, _) => value
                .as_f64()
                .filter(|value| (low..=high).contains(value))
                .ok_or_else(|| format!("rope_scaling is {}, expected {key} from {low} to {high}", found())),
        };
        let factor = || number("factor", None, 1.0, 1e4);
        let original = |default: Option<f64>| number("original_max_position_embeddings", default, 1.0, 1e9);
        match kind {
            // It scales beyond `max_position_embeddings` only, and no context here is longer than that.
            Some("dynamic") if scaling["original_max_position_embeddings"].is_null() => Ok(Self::None),
            Some("linear") => Ok(Self::Linear { factor: factor()? }),
            Some("llama3") => {
                let low_freq_factor = number("low_freq_factor", None, 1e-3, 1e3)?;
                let high_freq_factor = number("high_freq_factor", None, 1e-3, 1e3)?;
                if high_freq_factor <= low_freq_factor {
                    return Err(format!(
                        "rope_scaling is {}, expected high_freq_factor above low_freq_factor",
                        found()
                    ));
                }
                Ok(Self::Llama3 {
                    factor: factor()?,
                    low_freq_factor,
                    high_freq_factor,
                    original: original(None)?,
                })
            }
            Some("yarn") => {
                let original = original(Some(longest as f64))?;
                let factor = factor()?;
                let scale = |weight: f64| 1.0 + 0.1 * weight * factor.ln();
                let usual = match (scaling["mscale"].as_f64(), scaling["mscale_all_dim"].as_f64()) {
                    (Some(one), Some(all)) if one != 0.0 && all != 0.0 => scale(one) / scale(all),
                    _ => scale(1.0),
                };
                Ok(Self::Yarn {
                    factor,
                    original,
                    beta_fast: number("beta_fast", Some(32.0), 1e-3, 1e6)?,
                    beta_slow: number("beta_slow", Some(1.0), 1e-3, 1e6)?,
                    truncate: scaling["truncate"].as_bool().unwrap_or(true),
                    attention_factor: number("attention_factor", Some(usual), 1e-2, 1e2)?,
                })
            }
            _ => Err(format!(
                "rope_scaling is {}, supported are linear, llama3 and yarn; choose another model",
                found()
            )),
        }
    }

    /// The longest context, in tokens, of a model whose config says `longest`: with `YaRN` that is often
    /// still the context of the training.
    #[expect(clippy::cast_sign_loss, reason = "neither factor is negative")]
    pub(super) fn longest(&self, longest: usize) -> usize {
        match self {
            Self::Yarn { factor, original, .. } => longest.max((factor * original) as usize),
            _ => longest,
        }
    }

    /// What cosines and sines are multiplied by.
    fn attention_factor(&self) -> f64 {
        match self {
            Self::Yarn { attention_factor, .. } => *attention_factor,
            _ => 1.0,
        }
    }

    /// Scales the frequencies of a head's pairs, in radians a position.
    fn scale(&self, frequencies: &mut [f32], theta: f64) {
        let pairs = frequencies.len() as f64;
        // A passage that is empty is a step.
        let ramp = |at: f64, low: f64, high: f64| ((at - low) / (high - low).max(1e-3)).clamp(0.0, 1.0);
        for (pair, frequency) in frequencies.iter_mut().enumerate() {
            let plain = f64::from(*frequency);
            // How much of it is left as it is, 0 to 1; the rest is divided.
            let (factor, kept) = match *self {
                Self::None | Self::Divisors => continue,
                Self::Linear { factor } => (factor, 0.0),
                Self::Llama3 { factor, low_freq_factor, high_freq_factor, original } => {
                    (factor, ramp(original * plain / TAU, low_freq_factor, high_freq_factor))
                }
                Self::Yarn { factor, original, beta_fast, beta_slow, truncate, .. } => {
                    // The pair that makes so many turns.
                    let pair_of = |turns: f64| pairs * (original / (turns * TAU)).ln() / theta.ln();
                    let (low, high) = (pair_of(beta_fast), pair_of(beta_slow));
                    let (low, high) = if truncate { (low.floor(), high.ceil()) } else { (low, high) };
                    let (low, high) = (low.max(0.0), high.min(2.0 * pairs - 1.0));
                    (factor, 1.0 - ramp(pair as f64, low, high))
                }
            };
            *frequency = (plain / factor * (1.0 - kept) + plain * kept) as f32;
        }
    }
}

/// The rotations of a model: what [`rope::table`] is made of.
pub(super) struct Rotation {
    /// [D/2], in radians a position.
    frequencies: Vec<f32>,
    attention_factor: f64,
}

impl Rotation {
    /// Of a config; reads the divisors where the file holds them.
    pub(super) async fn of(config: &Config, source: &Source<'_>) -> Result<Self> {
        let mut frequencies = rope::frequencies(config.head_dim, config.rope_theta);
        config.rope_scaling.scale(&mut frequencies, config.rope_theta);
        if let (RopeScaling::Divisors, Source::Files(files)) = (config.rope_scaling, source) {
            let part = source.part(DIVISORS, &[frequencies.len()])?;
            let divisors = quant::decode_row(part.dtype, &files.read_rows(DIVISORS, 0..1).await?);
            for (frequency, divisor) in frequencies.iter_mut().zip(divisors) {
                if !(1.0..=1e4).contains(&divisor) {
                    let what = format!("tensor {DIVISORS} has {divisor}, expected numbers from 1 to 10000");
                    return Err(Error::bad_model(&files.name, what));
                }
                *frequency /= divisor;
            }
        }
        Ok(Self { frequencies, attention_factor: config.rope_scaling.attention_factor() })
    }

    /// [positions, D/2] of (cos, sin), for the GPU.
    pub(super) fn table(&self, positions: usize) -> Vec<f32> {
        rope::table(positions, &self.frequencies, self.attention_factor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What `transformers.modeling_rope_utils` 5.23 computes for heads of 16 and a base of 10000: the
    /// frequencies and the factor of cosines and sines (`tests/data/make_golden_rope.py` prints them).
    #[test]
    fn frequencies_are_those_of_transformers() {
        for (scaling, expected, factor) in EXPECTED {
            let scaling = RopeScaling::from_json(&serde_json::from_str(scaling).unwrap(), 64).unwrap();
            let mut got = rope::frequencies(16, 1e4);
            scaling.scale(&mut got, 1e4);
            let expected: Vec<f32> = expected.split(' ').map(|number| number.parse().unwrap()).collect();
            assert_eq!(got.len(), expected.len());
            for (got, expected) in got.iter().zip(expected) {
                assert!((got / expected - 1.0).abs() < 5e-7, "{scaling:?}: {got} instead of {expected}");
            }
            assert!((scaling.attention_factor() - factor).abs() < 1e-9, "{scaling:?}");
        }
    }

    /// The scaling, the eight frequencies, the factor.
    const EXPECTED: [(&str, &str, f64); 6] = [
        (
            r#"{"type": "linear", "factor": 2.5}"#,
            "4.00000006e-1 1.26491100e-1 3.99999991e-2 1.26491115e-2 3.99999972e-3 1.26491115e-3 4.00000019e-4 1.26491112e-4",
            1.0,
        ),
        (
            r#"{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}"#,
            "1 2.443845868e-01 1.304225624e-02 3.952847328e-03 1.249999972e-03 3.952847328e-04 1.250000059e-04 3.952847328e-05",
            1.0,
        ),
        (
            r#"{"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}"#,
            "1 3.162277639e-01 1.000000015e-01 3.162277862e-02 9.999999776e-03 3.162277862e-03 1.293512469e-04 9.882118320e-06",
            1.0,
        ),
        (
            r#"{"type": "yarn", "factor": 4.0}"#,
            "1 2.371708155e-01 4.999999702e-02 7.905694656e-03 2.499999944e-03 7.905694656e-04 2.500000119e-04 7.905694656e-05",
            1.138_629_436_111_989,
        ),
        (
            r#"{"type": "yarn", "factor": 40.0, "original_max_position_embeddings": 4096, "mscale": 1.0, "mscale_all_dim": 0.5}"#,
            "1 3.162277639e-01 1.000000015e-01 2.391472459e-02 5.124999676e-03 8.498621755e-04 2.499999937e-05 7.905694474e-06",
            1.155_721_990_196_260_8,
        ),
        (
            r#"{"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512, "beta_fast": 16, "beta_slow": 2, "truncate": false, "attention_factor": 1.25}"#,
            "1 3.162277639e-01 7.566440105e-02 1.079610921e-02 2.499999944e-03 7.905694656e-04 2.500000119e-04 7.905694656e-05",
            1.25,
        ),
    ];

    #[test]
    fn what_cannot_be_followed_is_named() {
        let refused = |scaling: Value, said: &str| {
            let error = RopeScaling::from_json(&scaling, 4096).unwrap_err();
            assert!(error.contains(said) && error.starts_with("rope_scaling is "), "{error}");
        };
        refused(json!({ "rope_type": "longrope" }), "supported are linear, llama3 and yarn");
        refused(json!({ "factor": 2.0 }), "supported are");
        refused(json!("linear"), "supported are");
        refused(json!({ "type": "linear" }), "expected factor from 1 to 10000");
        refused(json!({ "type": "linear", "factor": 0.0 }), "expected factor");
        refused(json!({ "type": "yarn", "factor": "4" }), "expected factor");
        refused(json!({ "type": "yarn", "factor": 4.0, "beta_fast": -1.0 }), "expected beta_fast");
        let llama = json!({ "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0,
            "high_freq_factor": 1.0, "original_max_position_embeddings": 8192 });
        refused(llama, "high_freq_factor above");
        refused(
            json!({ "type": "dynamic", "factor": 2.0, "original_max_position_embeddings": 9 }),
            "supported",
        );
    }

    #[test]
    fn what_changes_nothing_is_plain() {
        for scaling in
            [json!(null), json!({ "rope_type": "default" }), json!({ "type": "dynamic", "factor": 2.0 })]
        {
            assert_eq!(RopeScaling::from_json(&scaling, 4096), Ok(RopeScaling::None));
        }
    }

    #[test]
    fn yarn_reads_further_than_its_training() {
        let yarn = json!({ "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768 });
        let yarn = RopeScaling::from_json(&yarn, 32768).unwrap();
        assert_eq!((yarn.longest(32768), RopeScaling::None.longest(32768)), (131_072, 32768));
    }
}
