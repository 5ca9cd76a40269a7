//! How tokens are chosen.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How tokens are chosen. Saved searches hold these options: what is younger than they are is written only where
/// it is set.
///
/// The order: penalties and bias on the logits, then what `format` allows, then temperature, `top_k`, `top_p` and
/// `min_p`. Log-probabilities that are told are of the raw logits, before all of this.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SamplingOptions {
    /// 0 takes the most probable token; up to 4.
    pub temperature: f32,
    /// Keep the most probable tokens whose probabilities sum to this; in (0, 1], 1 keeps all.
    pub top_p: f32,
    /// Keep this many of the most probable tokens; 0 keeps all.
    pub top_k: u32,
    /// Same seed, same reply.
    pub seed: u64,
    /// Longest reply, in tokens; 0 only together with `echo`.
    pub max_new_tokens: usize,
    /// Alternatives reported for each token, 0 to 20.
    pub top_logprobs: u32,
    /// Texts that end the reply; they are not part of it.
    pub stop: Vec<String>,
    /// Replies to make, each with its own random numbers.
    pub choices: u32,
    /// Keep tokens at least this many times as probable as the most probable one; 0 keeps all, below 1.
    #[serde(skip_serializing_if = "is_default")]
    pub min_p: f32,
    /// Subtracted from the logit of every token that the reply holds already; -2 to 2, 0 is off.
    #[serde(skip_serializing_if = "is_default")]
    pub presence_penalty: f32,
    /// Subtracted from a token's logit for each time that the reply holds it; -2 to 2, 0 is off.
    #[serde(skip_serializing_if = "is_default")]
    pub frequency_penalty: f32,
    /// Divides positive logits, and multiplies negative ones, of tokens among the last 64, prompt included; more
    /// than 0, at most 4, 1 is off.
    #[serde(skip_serializing_if = "is_one")]
    pub repeat_penalty: f32,
    /// Added to the logits of these tokens, -100 to 100: token id, bias.
    #[serde(skip_serializing_if = "is_default")]
    pub logit_bias: Vec<(u32, f32)>,
    /// What the answer has to be. A thought before it is free.
    #[serde(skip_serializing_if = "is_default")]
    pub format: Option<Format>,
    /// Tell the tokens of the prompt as well, in [`super::Event::Prompted`].
    #[serde(skip_serializing_if = "is_default")]
    pub echo: bool,
    /// Tell the exact bytes of tokens and alternatives.
    #[serde(skip_serializing_if = "is_default")]
    pub token_bytes: bool,
    /// Number of the first reply in the random numbers: reply `i` draws as reply `first_choice + i` of a request
    /// without it.
    #[serde(skip_serializing_if = "is_default")]
    pub first_choice: u32,
    /// Tell the reply as it stands: thoughts and tags are text like any other, and no blank space is dropped.
    #[serde(skip_serializing_if = "is_default")]
    pub verbatim: bool,
    /// Go on after end tokens.
    #[serde(skip_serializing_if = "is_default")]
    pub ignore_end: bool,
    /// Tokens with which every reply begins, as an earlier reply told them: to go on with one that was cut off, or
    /// with another token in its place. Only what comes after them is told, draws as if they had been drawn, and
    /// counts; they count as prompt. Not together with `echo` or `format`.
    #[serde(skip_serializing_if = "is_default")]
    pub prefix: Vec<u32>,
}

/// What an answer has to be; enforced token by token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Format {
    /// A JSON object.
    JsonObject,
    /// JSON of this schema.
    JsonSchema {
        /// The JSON schema.
        schema: serde_json::Value,
    },
    /// Text that this regular expression matches as a whole.
    Regex {
        /// The expression.
        pattern: String,
    },
    /// Text of a grammar in the words of Lark.
    Grammar {
        /// The grammar; its first rule is `start`.
        lark: String,
    },
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self {
            temperature: 0.7,
            top_p: 0.9,
            top_k: 40,
            seed: 0,
            max_new_tokens: 2048,
            top_logprobs: 0,
            stop: Vec::new(),
            choices: 1,
            min_p: 0.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            repeat_penalty: 1.0,
            logit_bias: Vec::new(),
            format: None,
            echo: false,
            token_bytes: false,
            first_choice: 0,
            verbatim: false,
            ignore_end: false,
            prefix: Vec::new(),
        }
    }
}

impl SamplingOptions {
    /// Most alternatives that are reported for a token.
    pub const MAX_TOP_LOGPROBS: u32 = 20;
    /// Most replies of a request.
    pub const MAX_CHOICES: u32 = 64;

    /// Checks every range; the error says which value is out of which range.
    pub fn validate(&self) -> Result<()> {
        let within = |name: &str, value: f32, low: f32, high: f32| {
            let fine = (low..=high).contains(&value);
            let what = || Error::BadRequest(format!("{name} is {value}, expected {low} to {high}"));
            if fine { Ok(()) } else { Err(what()) }
        };
        let bad = |what: String| Err(Error::BadRequest(what));
        within("temperature", self.temperature, 0.0, 4.0)?;
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return bad(format!("top_p is {}, expected more than 0 and at most 1", self.top_p));
        }
        if !(self.min_p >= 0.0 && self.min_p < 1.0) {
            return bad(format!("min_p is {}, expected at least 0 and less than 1", self.min_p));
        }
        within("presence_penalty", self.presence_penalty, -2.0, 2.0)?;
        within("frequency_penalty", self.frequency_penalty, -2.0, 2.0)?;
        if !(self.repeat_penalty > 0.0 && self.repeat_penalty <= 4.0) {
            let penalty = self.repeat_penalty;
            return bad(format!("repeat_penalty is {penalty}, expected more than 0 and at most 4"));
        }
        for (token, bias) in &self.logit_bias {
            within(&format!("logit_bias of token {token}"), *bias, -100.0, 100.0)?;
        }
        if self.top_logprobs > Self::MAX_TOP_LOGPROBS {
            let most = Self::MAX_TOP_LOGPROBS;
            return bad(format!("top_logprobs is {}, expected 0 to {most}", self.top_logprobs));
        }
        if self.max_new_tokens == 0 && !self.echo {
            return bad("max_new_tokens is 0, expected at least 1 (0 only with echo)".into());
        }
        if !self.prefix.is_empty() && (self.echo || self.format.is_some()) {
            return bad("prefix goes neither with echo nor with format".into());
        }
        if !(1..=Self::MAX_CHOICES).contains(&self.choices) {
            let most = Self::MAX_CHOICES;
            return bad(format!("choices is {}, expected 1 to {most}", self.choices));
        }
        Ok(())
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
#[expect(clippy::float_cmp, reason = "1 exactly is what nobody has changed")]
fn is_one(value: &f32) -> bool {
    *value == 1.0
}

#[cfg(test)]
mod tests {
    use super::{Format, SamplingOptions};

    #[test]
    fn what_nobody_set_is_not_written() {
        let json = serde_json::to_value(SamplingOptions::default()).unwrap();
        let mut names: Vec<&String> = json.as_object().unwrap().keys().collect();
        names.sort();
        let old =
            ["choices", "max_new_tokens", "seed", "stop", "temperature", "top_k", "top_logprobs", "top_p"];
        assert_eq!(names, old);
    }

    #[test]
    fn every_option_survives_json() {
        let options = SamplingOptions {
            top_k: 1000,
            min_p: 0.05,
            presence_penalty: -2.0,
            frequency_penalty: 0.5,
            repeat_penalty: 1.1,
            logit_bias: vec![(7, -100.0), (9, 2.5)],
            format: Some(Format::JsonSchema { schema: serde_json::json!({"type": "object"}) }),
            echo: true,
            max_new_tokens: 0,
            token_bytes: true,
            first_choice: 3,
            ignore_end: true,
            prefix: vec![5, 6],
            top_logprobs: 20,
            ..SamplingOptions::default()
        };
        let apart = SamplingOptions { prefix: Vec::new(), ..options.clone() };
        apart.validate().unwrap();
        let json = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<SamplingOptions>(&json).unwrap(), options);
        assert!(json.contains(r#""format":{"type":"json_schema","schema""#), "{json}");
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let fine = SamplingOptions::default();
        let check = |options: SamplingOptions, name: &str| {
            let error = options.validate().unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        };
        check(SamplingOptions { temperature: f32::NAN, ..fine.clone() }, "temperature is NaN");
        check(SamplingOptions { min_p: 1.0, ..fine.clone() }, "min_p is 1");
        check(SamplingOptions { min_p: f32::NAN, ..fine.clone() }, "min_p is NaN");
        check(SamplingOptions { presence_penalty: 2.1, ..fine.clone() }, "presence_penalty is 2.1");
        check(SamplingOptions { frequency_penalty: -3.0, ..fine.clone() }, "frequency_penalty is -3");
        check(SamplingOptions { repeat_penalty: 0.0, ..fine.clone() }, "repeat_penalty is 0");
        check(SamplingOptions { logit_bias: vec![(5, 101.0)], ..fine.clone() }, "logit_bias of token 5");
        check(SamplingOptions { top_logprobs: 21, ..fine.clone() }, "top_logprobs is 21");
        check(SamplingOptions { max_new_tokens: 0, ..fine.clone() }, "max_new_tokens is 0");
        check(SamplingOptions { prefix: vec![1], echo: true, ..fine.clone() }, "prefix goes");
        check(SamplingOptions { choices: 65, ..fine }, "choices is 65");
    }
}
