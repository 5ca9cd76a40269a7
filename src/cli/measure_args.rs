//! Arguments of `polo doctor` and `polo bench`.

use super::args::ModelArgs;
use super::failure::Failure;
use crate::protocol::{BenchOptions, ModelSource};

pub(super) const DOCTOR_EXAMPLES: &str = "\
Examples:
  polo doctor
  polo doctor --device 1 --baseline             another GPU, with what every device has
  polo doctor --json | jq .healthy";

/// Arguments of `polo doctor`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct DoctorArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) model: ModelArgs,
}

pub(super) const BENCH_EXAMPLES: &str = "\
Examples:
  polo bench
  polo bench --shape qwen2-1.5b --batch 1,2,4,8
  polo bench --model ./qwen2.gguf --json
  polo bench --search --prompt-tokens 2000      eight lanes of a search, and what they share

The speeds are of this machine, now. A shape has random weights: it measures, it does not answer.";

/// Arguments of `polo bench`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct BenchArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Seeded random weights of a known size instead of a model
    #[arg(long, conflicts_with = "model", value_parser = ["tiny", "qwen2-0.5b", "qwen2-1.5b", "qwen2-7b"])]
    pub(super) shape: Option<String>,
    /// Seed of a shape's weights
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// Tokens of the prompt
    #[arg(long, value_name = "N", default_value_t = BenchOptions::default().prompt_tokens)]
    pub(super) prompt_tokens: usize,
    /// Tokens decoded by each sequence
    #[arg(long, value_name = "N", default_value_t = BenchOptions::default().decode_tokens)]
    pub(super) decode_tokens: usize,
    /// Sequences at once
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = BenchOptions::default().batches)]
    pub(super) batch: Vec<usize>,
    /// Bytes of the buffer that measures the read bandwidth; at least four times the last-level cache
    #[arg(long, value_name = "BYTES", default_value_t = BenchOptions::default().bandwidth_bytes)]
    pub(super) bandwidth_bytes: u64,
    /// Measure branches over a common prefix as well, which is as long as the prompt: 1 to 16 lanes
    #[arg(long)]
    pub(super) search: bool,
    #[command(flatten)]
    pub(super) model: ModelArgs,
}

impl BenchArgs {
    /// What to load.
    pub(super) fn source(&self) -> Result<ModelSource, Failure> {
        match &self.shape {
            Some(shape) => Ok(ModelSource::Random { shape: shape.clone(), seed: self.seed }),
            None => self.model.source(),
        }
    }

    /// What to measure.
    pub(super) fn options(&self) -> BenchOptions {
        BenchOptions {
            prompt_tokens: self.prompt_tokens,
            decode_tokens: self.decode_tokens,
            batches: self.batch.clone(),
            bandwidth_bytes: self.bandwidth_bytes,
            search: self.search,
        }
    }
}
