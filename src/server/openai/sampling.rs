//! OpenAI's and vLLM's fields on how tokens are chosen, as the protocol has them.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use serde::Deserialize;
use serde_json::{Number, Value};

use crate::protocol::{Format, SamplingOptions};
use crate::server::refusal::Refusal;

/// Most texts that may end a reply.
const MAX_STOPS: usize = 16;
/// Most tokens that may be made more or less probable.
const MAX_BIASES: usize = 1024;

/// Fields that chat and completions share. `null` is the same as nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Knobs {
    temperature: Option<f32>,
    top_p: Option<f32>,
    top_k: Option<i64>,
    min_p: Option<f32>,
    seed: Option<Number>,
    n: Option<u32>,
    presence_penalty: Option<f32>,
    frequency_penalty: Option<f32>,
    repetition_penalty: Option<f32>,
    logit_bias: Option<BTreeMap<String, f32>>,
    stop: Option<Value>,
    response_format: Option<Value>,
    pub(super) max_tokens: Option<usize>,
    pub(super) max_completion_tokens: Option<usize>,
    /// Number of the first reply in the random numbers.
    first_choice: Option<u32>,
    ignore_eos: Option<bool>,
}

impl Knobs {
    /// The engine's options: what is given, else what the model recommends, else the defaults. `max_new_tokens` and
    /// `top_logprobs` are the caller's, and so is the check of ranges.
    pub(super) fn options(&self, recommended: Option<&SamplingOptions>) -> Result<SamplingOptions, Refusal> {
        let base = recommended.cloned().unwrap_or_default();
        Ok(SamplingOptions {
            temperature: self.temperature.unwrap_or(base.temperature),
            top_p: self.top_p.unwrap_or(base.top_p),
            // vLLM: -1 considers all tokens.
            top_k: match self.top_k {
                None => base.top_k,
                Some(-1) => 0,
                Some(top_k) => u32::try_from(top_k).map_err(|_| {
                    Refusal::field("top_k", format!("top_k is {top_k}, expected 0 (all) or more"))
                })?,
            },
            min_p: self.min_p.unwrap_or(base.min_p),
            seed: match &self.seed {
                None => random(),
                Some(seed) => seed_of(seed)?,
            },
            choices: self.n.unwrap_or(1),
            presence_penalty: self.presence_penalty.unwrap_or(base.presence_penalty),
            frequency_penalty: self.frequency_penalty.unwrap_or(base.frequency_penalty),
            repeat_penalty: self.repetition_penalty.unwrap_or(base.repeat_penalty),
            logit_bias: self.biases()?,
            stop: stops(self.stop.as_ref())?,
            format: format_of(self.response_format.as_ref())?,
            first_choice: self.first_choice.unwrap_or(0),
            ignore_end: self.ignore_eos.unwrap_or(false),
            ..base
        })
    }

    fn biases(&self) -> Result<Vec<(u32, f32)>, Refusal> {
        let Some(biases) = &self.logit_bias else { return Ok(Vec::new()) };
        if biases.len() > MAX_BIASES {
            let message = format!("logit_bias has {} entries, expected at most {MAX_BIASES}", biases.len());
            return Err(Refusal::field("logit_bias", message));
        }
        let bias = |(token, bias): (&String, &f32)| {
            let message = format!("logit_bias: {token:?} is no token id");
            let token = token.parse().map_err(|_| Refusal::field("logit_bias", message))?;
            Ok((token, *bias))
        };
        biases.iter().map(bias).collect()
    }
}

/// A number that nobody can know before.
pub(in crate::server) fn random() -> u64 {
    // The standard library seeds its hash tables from the system's random numbers, and differs each time.
    RandomState::new().hash_one(0u8)
}

/// Any whole number of 64 bits is a seed, negative ones by their bits.
#[expect(clippy::cast_sign_loss, reason = "the bits are what counts")]
fn seed_of(seed: &Number) -> Result<u64, Refusal> {
    let known = seed.as_u64().or_else(|| seed.as_i64().map(|seed| seed as u64));
    known.ok_or_else(|| Refusal::field("seed", format!("seed is {seed}, expected a whole number of 64 bits")))
}

/// A text or a list of texts.
pub(in crate::server) fn stops(stop: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let wrong = || Refusal::field("stop", "stop: expected a text or a list of texts");
    let stops: Vec<String> = match stop {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list
            .iter()
            .map(|text| text.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(wrong()),
    };
    if stops.len() > MAX_STOPS {
        let message = format!("stop has {} texts, expected at most {MAX_STOPS}", stops.len());
        return Err(Refusal::field("stop", message));
    }
    if stops.iter().any(String::is_empty) {
        return Err(Refusal::field("stop", "stop: a text is empty, and would end every reply at once"));
    }
    Ok(stops)
}

/// OpenAI's three kinds, and the two in which `huggingface_hub` and TGI carry a schema.
fn format_of(format: Option<&Value>) -> Result<Option<Format>, Refusal> {
    const FIELD: &str = "response_format";
    let Some(format) = format.filter(|format| !format.is_null()) else { return Ok(None) };
    let schema = |path: &str, schema: Option<&Value>| match schema {
        Some(schema) if schema.is_object() || schema.is_boolean() => {
            Ok(Some(Format::JsonSchema { schema: schema.clone() }))
        }
        _ => {
            Err(Refusal::field(format!("{FIELD}.{path}"), format!("{FIELD}.{path}: expected a JSON schema")))
        }
    };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(None),
        Some("json_object") if format.get("value").is_some_and(Value::is_object) => {
            schema("value", format.get("value"))
        }
        Some("json_object") => Ok(Some(Format::JsonObject)),
        Some("json_schema") => schema("json_schema.schema", format.pointer("/json_schema/schema")),
        Some("json") => schema("value", format.get("value")),
        other => {
            let message = format!(
                "{FIELD}.type is {}, expected text, json_object or json_schema",
                other.unwrap_or("missing")
            );
            Err(Refusal::field(format!("{FIELD}.type"), message))
        }
    }
}

/// Checks every range in the engine's words, and names the field as the client does.
pub(in crate::server) fn check(options: &SamplingOptions) -> Result<(), Refusal> {
    let Err(error) = options.validate() else { return Ok(()) };
    let message = error.to_string();
    let ours = message.split(' ').next().unwrap_or_default();
    let theirs = match ours {
        "choices" => "n",
        "max_new_tokens" => "max_tokens",
        "repeat_penalty" => "repetition_penalty",
        other => other,
    };
    Err(Refusal::field(theirs, message.replacen(ours, theirs, 1)))
}
