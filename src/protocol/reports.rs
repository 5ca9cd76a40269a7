//! What the engine reports: tokens, what a request took, the GPU, the model, and measurements.

use serde::{Deserialize, Serialize};

use super::{SamplingOptions, ThoughtFormat};

/// Part of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Inside `<Thought>` (or `<think>`).
    Thought,
    /// The answer.
    Output,
}

/// An alternative token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopLogprob {
    /// Its id.
    pub token: u32,
    /// Its text; a token that is part of a character is shown as `�`.
    pub text: String,
    /// Natural logarithm of its probability, from raw logits.
    pub logprob: f32,
    /// Its exact bytes, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Vec<u8>>,
}

/// How sure the model was of the token: its share among the five most probable,
///
/// ```text
/// c = exp(l_t - m) / sum over the K most probable of exp(l_k - m),   m = the largest l_k,   K = min(5, V)
/// ```
///
/// from log-probabilities before temperature, penalties, masks and top-k/top-p (Marco-o1, arXiv 2411.14405, section 4;
/// raw logits give the same). In (0, 1]. A token outside the five keeps its own numerator. Log-probabilities as f32
/// are what every engine tells, so the same model behind a server gives the same confidence to the bit. `None` where
/// there are no alternatives, or a number is none.
pub fn confidence(logprob: f32, top: impl Iterator<Item = f32> + Clone) -> Option<f32> {
    let max = f64::from(top.clone().next()?);
    if !top.clone().chain([logprob]).all(f32::is_finite) {
        return None;
    }
    let share = |l: f32| libm::exp(f64::from(l) - max);
    let c = share(logprob) / top.map(share).sum::<f64>();
    // Below the range of f32 it is still more than nothing.
    Some((c as f32).clamp(f32::MIN_POSITIVE, 1.0))
}

/// A token of a prompt, and what the model thought of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptToken {
    /// Its id.
    pub token: u32,
    /// Its text, special tokens too; a token that is part of a character is shown as `�`.
    pub text: String,
    /// Natural logarithm of its probability after the tokens before it, from raw logits; `None` for the first.
    pub logprob: Option<f32>,
    /// The most probable tokens in its place, best first; empty for the first, and unless asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<TopLogprob>,
    /// Its exact bytes, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Vec<u8>>,
}

/// By how much a prompt is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextCounts {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens of the context.
    pub limit: usize,
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// An end token or a stop text.
    Stop,
    /// `max_new_tokens` reached.
    Length,
    /// The context is full.
    Context,
    /// Cancelled.
    Cancelled,
}

/// What a request took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Of them, found in the key/value pages.
    pub cached_tokens: usize,
    /// Tokens of the reply (all choices).
    pub completion_tokens: usize,
    /// Of them, inside the thought.
    pub reasoning_tokens: usize,
    /// Tokens the context still holds.
    pub context_left: usize,
    /// From request to first token.
    pub first_token_ms: f64,
    /// From first to last token.
    pub decode_ms: f64,
}

/// The GPU in use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Name as the driver gives it (in browsers often only vendor and architecture).
    pub name: String,
    /// Vulkan, Metal, Dx12 or BrowserWebGpu.
    pub backend: String,
    /// DiscreteGpu, IntegratedGpu, Cpu, …
    pub device_type: String,
    /// Driver and its version, where known.
    pub driver: String,
    /// Features in use (`subgroup`, `timestamp-query`, …).
    pub features: Vec<String>,
    /// Limits that shape the engine: name, value.
    pub limits: Vec<(String, u64)>,
    /// Kernel, variant chosen and why.
    pub variants: Vec<(String, String)>,
}

/// A loaded model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Name to show.
    pub name: String,
    /// `qwen2` or `llama`.
    pub architecture: String,
    /// How it marks its thoughts, as far as the chat template shows.
    #[serde(default)]
    pub thoughts: ThoughtFormat,
    /// Weights, counted once.
    pub parameters: u64,
    /// Context in tokens.
    pub context: usize,
    /// Bytes of weights on the GPU.
    pub weight_bytes: u64,
    /// Bytes of key/value pages on the GPU.
    pub kv_bytes: u64,
    /// Every tensor: name, shape, format on the GPU.
    pub tensors: Vec<TensorFormat>,
    /// What the model claims to do (metadata `polo.*` and general.description): key, text.
    pub claims: Vec<(String, String)>,
    /// From pressing load to answering, in milliseconds.
    pub load_ms: f64,
    /// Sampling that the model's own `generation_config.json` recommends.
    pub sampling: Option<SamplingOptions>,
    /// Its chat template, in Jinja's words, where its files have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

/// How one tensor is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorFormat {
    /// Hugging Face name.
    pub name: String,
    /// Outermost first.
    pub dims: Vec<usize>,
    /// Type in the file, e.g. `Q4_0`.
    pub file: String,
    /// Format on the GPU, e.g. `P4+b`.
    pub gpu: String,
    /// Buffers it is split into.
    pub chunks: usize,
}

/// Figures of one run; speeds are of this machine only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchReport {
    /// GPU.
    pub device: DeviceInfo,
    /// Model name.
    pub model: String,
    /// Weights.
    pub parameters: u64,
    /// Time to load, in milliseconds.
    pub load_ms: f64,
    /// Of it, reading, packing and uploading the weights, in milliseconds.
    pub weights_ms: f64,
    /// Bytes of weights on the GPU over that time, in GB/s (1e9).
    pub load_gb_per_s: f64,
    /// What merely reading the files brings, in GB/s; `None` where the weights come from no file.
    pub file_gb_per_s: Option<f64>,
    /// What merely writing to the GPU brings, in GB/s.
    pub upload_gb_per_s: f64,
    /// Prompt tokens a second.
    pub prefill_tokens_per_s: f64,
    /// Read bandwidth measured in this run, in GB/s (1e9).
    pub read_gb_per_s: f64,
    /// Bytes of the buffer that was read for it.
    pub bandwidth_bytes: u64,
    /// One row a batch size.
    pub decode: Vec<DecodeBench>,
    /// Branches over a common prefix, if they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchBench>,
}

/// What a search costs: branches of one prefix that decode as one batch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchBench {
    /// Tokens that all branches have in common.
    pub prefix_tokens: usize,
    /// Tokens that each has of its own in the end.
    pub branch_tokens: usize,
    /// One row a number of lanes.
    pub lanes: Vec<LaneBench>,
    /// Making a branch at the end of the prefix, in microseconds: a copy of its block table, no key or value.
    pub fork_us: f64,
    /// From asking for a branch whose prefix is at hand to its first token, in milliseconds.
    pub first_token_ms: f64,
    /// Each kernel of the step with eight lanes, the dearest first.
    pub kernels: Vec<KernelBench>,
}

/// Decoding with so many lanes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LaneBench {
    /// Branches that decode together.
    pub lanes: usize,
    /// Tokens a second, all lanes together.
    pub tokens_per_s: f64,
    /// Bytes of keys and values held at the end.
    pub kv_bytes: u64,
    /// What they would be without shared pages.
    pub kv_bytes_unshared: u64,
    /// Bytes of keys and values that attention read for a step, on average.
    pub kv_read_bytes: u64,
    /// What it would have read if every lane read its own.
    pub kv_read_bytes_unshared: u64,
    /// Time of a step, in milliseconds.
    pub step_ms: f64,
    /// Time of the same dispatches one step after the other with nothing between, in milliseconds.
    pub gpu_ms: f64,
    /// Share of the time in which the GPU waits for the next step, 0 to 1: 1 - `gpu_ms` / `step_ms`.
    pub idle_share: f64,
}

/// A kernel in a step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KernelBench {
    /// Its entry point.
    pub name: String,
    /// Dispatches of it in a step.
    pub dispatches: usize,
    /// Time of them alone, one after the other, in milliseconds.
    pub ms: f64,
    /// Of the time of all kernels, 0 to 1.
    pub share: f64,
}

/// Decoding at one batch size.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DecodeBench {
    /// Sequences at once.
    pub batch: usize,
    /// Tokens a second, all sequences together.
    pub tokens_per_s: f64,
    /// Weight and key/value bytes read for one step.
    pub bytes_per_step: u64,
    /// Those bytes over the time of a step, in GB/s.
    pub gb_per_s: f64,
    /// Of the measured read bandwidth, 0 to 1.
    pub bandwidth_share: f64,
    /// Dispatches recorded for one step.
    pub dispatches_per_step: usize,
    /// Bytes read back for one token.
    pub readback_bytes_per_token: usize,
}

/// Outcome of one kernel variant against its reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTestResult {
    /// Kernel and variant, e.g. `matvec q4 serial B=4`.
    pub name: String,
    /// Relative RMS error against the f64 reference.
    pub error: f64,
    /// Highest error allowed.
    pub tolerance: f64,
    /// Compile or validation message, if it did not even run.
    pub failure: Option<String>,
}

impl SelfTestResult {
    /// Whether the kernel ran and is within its tolerance (a NaN error is not).
    pub fn passed(&self) -> bool {
        self.failure.is_none() && self.error <= self.tolerance
    }
}
