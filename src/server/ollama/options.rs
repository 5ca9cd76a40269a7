//! Ollama's options on how tokens are chosen.

use serde::Deserialize;
use serde_json::{Number, Value};

use crate::protocol::{Format, SamplingOptions};
use crate::server::openai::sampling::{check, random, stops};
use crate::server::refusal::Refusal;

/// What has a meaning here; the rest (threads, layers, `num_ctx`) is the server's own affair and accepted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Options {
    temperature: Option<f32>,
    top_p: Option<f32>,
    top_k: Option<i64>,
    min_p: Option<f32>,
    seed: Option<Number>,
    num_predict: Option<i64>,
    repeat_penalty: Option<f32>,
    presence_penalty: Option<f32>,
    frequency_penalty: Option<f32>,
    stop: Option<Value>,
}

impl Options {
    /// The engine's options; `context` is the length in tokens that a reply without limit may have.
    pub(super) fn sampling(
        &self,
        recommended: Option<&SamplingOptions>,
        format: Option<&Value>,
        context: usize,
    ) -> Result<SamplingOptions, Refusal> {
        let base = recommended.cloned().unwrap_or_default();
        let options = SamplingOptions {
            temperature: self.temperature.unwrap_or(base.temperature),
            top_p: self.top_p.unwrap_or(base.top_p),
            // 0 and less are off.
            top_k: self.top_k.map_or(base.top_k, |top_k| u32::try_from(top_k).unwrap_or(0)),
            min_p: self.min_p.unwrap_or(base.min_p),
            seed: self.seed.as_ref().and_then(Number::as_u64).unwrap_or_else(random),
            // -1 is without limit, -2 until the context is full: here that is the same.
            max_new_tokens: self
                .num_predict
                .and_then(|tokens| usize::try_from(tokens).ok())
                .unwrap_or(context),
            repeat_penalty: self.repeat_penalty.unwrap_or(base.repeat_penalty),
            presence_penalty: self.presence_penalty.unwrap_or(base.presence_penalty),
            frequency_penalty: self.frequency_penalty.unwrap_or(base.frequency_penalty),
            stop: stops(self.stop.as_ref())?,
            format: match format {
                None | Some(Value::Null) => None,
                Some(Value::String(name)) if name.is_empty() => None,
                Some(Value::String(name)) if name == "json" => Some(Format::JsonObject),
                Some(Value::Object(_)) => format.map(|schema| Format::JsonSchema { schema: schema.clone() }),
                Some(_) => {
                    return Err(Refusal::field("format", "format: expected \"json\" or a JSON schema"));
                }
            },
            ..base
        };
        check(&options)?;
        Ok(options)
    }
}
