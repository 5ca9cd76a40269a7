//! What every side shares: requests, events and options, as plain serde data.
//!
//! The page, the command and (later) the server speak to the engine in these words only. The enums
//! grow by named messages, never by flags, and every message about a request carries its `id`.

use serde::{Deserialize, Serialize};

mod compare;
mod library;
mod search;
mod tree;

pub use compare::{Candidate, Compared, Comparison};
pub use library::{
    CatalogueEntry, Fit, FitReport, Library, Listing, ListingOption, LoadPhase, PullPhase, RemoteFile,
    StoredModel, ThoughtFormat,
};
pub use search::{
    Action, AnswerKind, KNOBS, Knob, Mode, Preset, Reflection, Repeats, SearchOptions, Selection, VoteRule,
};
pub use tree::{
    Chosen, NodeDetail, NodeId, NodeKind, SearchProgress, SearchReport, Standing, StopCause, TokenDetail,
    TreeNode, VoteClass, Votes,
};

/// Chosen by the sender of a [`Request`]; every [`Event`] about it carries it back.
pub type RequestId = u64;

/// What a front end asks of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// Open the GPU (if it is not open yet) and load a model; answered by `Device`, `Loading`… and `Loaded`.
    Load {
        /// Whose answers.
        id: RequestId,
        /// Where the model is.
        source: ModelSource,
        /// How to hold it.
        #[serde(default)]
        options: LoadOptions,
    },
    /// Answer a conversation; answered by `Started`, `Token`… and `Done`.
    Generate {
        /// Whose answers.
        id: RequestId,
        /// What to continue.
        prompt: Prompt,
        /// How to choose tokens.
        #[serde(default)]
        sampling: SamplingOptions,
    },
    /// Stop a request; it ends with `Done { finish_reason: Cancelled }`.
    Cancel {
        /// The request to stop.
        id: RequestId,
    },
    /// Measure the loaded model; answered by `Benched`.
    Bench {
        /// Whose answers.
        id: RequestId,
        /// What to measure.
        #[serde(default)]
        options: BenchOptions,
    },
    /// Compile every shader variant and hold it against its reference; answered by `SelfTested`.
    SelfTest {
        /// Whose answers.
        id: RequestId,
    },
    /// Hold models against a reference on the same texts; answered by `Loading`… and `Compared`. The model in
    /// use goes.
    Compare {
        /// Whose answers.
        id: RequestId,
        /// The model whose predictions count as right.
        reference: ModelSource,
        /// What to hold against it.
        candidates: Vec<Candidate>,
        /// What they all read.
        texts: Vec<String>,
        /// The device; how weights are held is each candidate's own matter.
        #[serde(default)]
        options: LoadOptions,
    },
    /// Read the head of a model and judge whether it would fit; answered by `Inspected`.
    Inspect {
        /// Whose answers.
        id: RequestId,
        /// Where the model is.
        source: ModelSource,
        /// How it would be held.
        #[serde(default)]
        options: LoadOptions,
    },
    /// What is stored, and what is known to suit; answered by `Library`.
    Library {
        /// Whose answers.
        id: RequestId,
    },
    /// Look up an alias, a repository (`user/repo`, `hf.co/user/repo:Q4_K_M`) or an address; answered by `Found`.
    Find {
        /// Whose answers.
        id: RequestId,
        /// As the person typed it.
        reference: String,
    },
    /// Bring a model into local storage, going on where an earlier try stopped; answered by `Pulling`… and
    /// `Pulled`. `Cancel` pauses it: what is here stays.
    Pull {
        /// Whose answers.
        id: RequestId,
        /// A `Hub` or `Url` source.
        source: ModelSource,
    },
    /// Delete a stored model, whole or in part; answered by `Library`.
    Remove {
        /// Whose answers.
        id: RequestId,
        /// `StoredModel::name`.
        name: String,
    },
    /// Search for an answer; answered by `Started`, `Launched`, `Token`, `Expanded`, `Visited`, `Voted`,
    /// `Searched`… and `SearchDone`. `Cancel` ends it at once with the best answer so far.
    Search {
        /// Whose answers.
        id: RequestId,
        /// What to continue.
        prompt: Prompt,
        /// How to choose tokens; length and number of replies are the search's.
        #[serde(default)]
        sampling: SamplingOptions,
        /// How to search.
        #[serde(default)]
        search: SearchOptions,
    },
    /// Go on with a search that was exported, as if it had never stopped; answered by `Imported`, then as `Search`.
    Import {
        /// Whose answers.
        id: RequestId,
        /// What `Exported` held.
        json: String,
    },
    /// The whole tree of a search, running or done; answered by `Exported`.
    Export {
        /// The search.
        id: RequestId,
    },
    /// A node in full: its tokens, their alternatives, and how it stands; answered by `Node`.
    Node {
        /// The search.
        id: RequestId,
        /// The node.
        node: NodeId,
    },
    /// Hold a search; nothing is lost, and the lanes are free for others.
    Pause {
        /// The search.
        id: RequestId,
    },
    /// Go on after `Pause`.
    Resume {
        /// The search.
        id: RequestId,
    },
    /// Leave a branch alone from now on, and do not count its votes.
    Prune {
        /// The search.
        id: RequestId,
        /// Where the branch begins; not the root.
        node: NodeId,
        /// Whether it is out; false takes it in again.
        pruned: bool,
    },
    /// Grow a branch before all others, while it can grow.
    Pin {
        /// The search.
        id: RequestId,
        /// Where the branch begins.
        node: NodeId,
        /// Whether it goes first.
        pinned: bool,
    },
    /// One more rollout, from this node on, with tokens of its own; wakes a search that is done.
    Continue {
        /// The search.
        id: RequestId,
        /// A node that is no leaf.
        node: NodeId,
    },
    /// One more rollout, with another token in the place of one of a node's.
    Branch {
        /// The search.
        id: RequestId,
        /// The node.
        node: NodeId,
        /// Which of its tokens, from 0.
        at: u32,
        /// Id of the token to put there: one of the alternatives that were reported.
        token: u32,
    },
}

/// What the engine tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The engine listens; sent once, before anything else.
    Ready,
    /// The GPU in use.
    Device {
        /// Adapter, limits, variants.
        device: DeviceInfo,
    },
    /// Something the person should know that stops nothing: a context that was shortened, a chat template
    /// that failed.
    Notice {
        /// The request it is about.
        id: Option<RequestId>,
        /// `template`, `sampling`, `context`, `kv`, `recovered`, …
        kind: String,
        /// What happened and what was done about it.
        message: String,
    },
    /// Progress of a load.
    Loading {
        /// The load.
        id: RequestId,
        /// What is being done.
        #[serde(default)]
        phase: LoadPhase,
        /// Bytes read so far.
        done_bytes: u64,
        /// Bytes in all; 0 while unknown.
        total_bytes: u64,
    },
    /// The model answers from now on.
    Loaded {
        /// The load.
        id: RequestId,
        /// What was loaded.
        model: ModelInfo,
    },
    /// The prompt is tokenised and accepted.
    Started {
        /// The request.
        id: RequestId,
        /// Tokens of the prompt, template included.
        prompt_tokens: usize,
        /// How many of them were already in the key/value pages.
        cached_tokens: usize,
    },
    /// One token of a reply.
    Token {
        /// The request.
        id: RequestId,
        /// Which of several replies (0 when one was asked for).
        choice: u32,
        /// Node of a search tree (0 outside a search).
        node: u32,
        /// Thought or output.
        channel: Channel,
        /// New text; empty while a character, a tag or a template marker is still incomplete.
        text: String,
        /// The token's id.
        token: u32,
        /// Natural logarithm of its probability, from raw logits (before temperature).
        logprob: f32,
        /// The most probable tokens, best first; empty unless asked for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        top: Vec<TopLogprob>,
    },
    /// Text that became certain only after its token was told (it might have been the start of a tag).
    Text {
        /// The request.
        id: RequestId,
        /// Which of several replies.
        choice: u32,
        /// Node of a search tree (0 outside a search).
        node: u32,
        /// Thought or output.
        channel: Channel,
        /// The text.
        text: String,
    },
    /// A request ended well.
    Done {
        /// The request.
        id: RequestId,
        /// The whole reply of each choice, tags included, as the next turn of the conversation needs it.
        replies: Vec<String>,
        /// Why it ended.
        finish_reason: FinishReason,
        /// What it took.
        usage: Usage,
    },
    /// A request ended in an error; nothing else was disturbed.
    Failed {
        /// The request; `None` for a failure of the engine itself.
        id: Option<RequestId>,
        /// [`crate::Error::kind`], or `panic`.
        kind: String,
        /// What was found, what was expected, what to do.
        message: String,
    },
    /// Result of [`Request::Bench`].
    Benched {
        /// The request.
        id: RequestId,
        /// The figures.
        report: BenchReport,
    },
    /// Result of [`Request::Inspect`].
    Inspected {
        /// The request.
        id: RequestId,
        /// Numbers and verdict.
        report: FitReport,
    },
    /// Result of [`Request::Library`] and [`Request::Remove`].
    Library {
        /// The request.
        id: RequestId,
        /// What is here.
        library: Library,
    },
    /// Result of [`Request::Find`].
    Found {
        /// The request.
        id: RequestId,
        /// What there is to load.
        listing: Listing,
    },
    /// Progress of a pull.
    Pulling {
        /// The pull.
        id: RequestId,
        /// What is being done.
        phase: PullPhase,
        /// Bytes done in this phase.
        done_bytes: u64,
        /// Bytes of this phase.
        total_bytes: u64,
        /// Speed over the last seconds, in bytes a second.
        bytes_per_s: f64,
        /// At that speed, the seconds that are left; `None` while nobody can tell.
        seconds_left: Option<f64>,
    },
    /// Result of [`Request::Pull`].
    Pulled {
        /// The pull.
        id: RequestId,
        /// What is stored now.
        model: StoredModel,
    },
    /// Result of [`Request::Compare`].
    Compared {
        /// The request.
        id: RequestId,
        /// The table.
        comparison: Comparison,
    },
    /// A lane begins or goes on with a rollout; the rollout's `Token` events follow.
    Launched {
        /// The search.
        id: RequestId,
        /// The rollout, from 0; its `Token` events bear it as `choice`.
        rollout: u32,
        /// The node it leaves from.
        node: NodeId,
        /// What it says after that node so far; what was told before does not count.
        text: String,
    },
    /// A search was imported; what is in its tree follows as if it happened now.
    Imported {
        /// The search.
        id: RequestId,
        /// The question.
        prompt: Prompt,
        /// How tokens are chosen.
        sampling: SamplingOptions,
        /// How it searches, as its mode has made the options.
        search: SearchOptions,
    },
    /// Nodes that a rollout added to a tree, parents first.
    Expanded {
        /// The search.
        id: RequestId,
        /// The nodes.
        nodes: Vec<TreeNode>,
    },
    /// A rollout ended: it counts at every node of its path.
    Visited {
        /// The search.
        id: RequestId,
        /// The rollout, from 0. Its `Token` events bore it as `choice`, and the node it left from as `node`.
        rollout: u32,
        /// From the root to where it ended.
        path: Vec<NodeId>,
        /// Its value, 0 to 1.
        value: f64,
    },
    /// The votes have changed.
    Voted {
        /// The search.
        id: RequestId,
        /// All of them.
        votes: Votes,
    },
    /// How far a search is; sent with every change.
    Searched {
        /// The search.
        id: RequestId,
        /// Rollouts and tokens.
        progress: SearchProgress,
    },
    /// A search ended; its tree stays until eight others have ended, for `Node`, `Continue`, `Branch` and `Export`.
    SearchDone {
        /// The search.
        id: RequestId,
        /// Answer, why it won, and at what cost.
        report: SearchReport,
    },
    /// Result of [`Request::Node`].
    Node {
        /// The search.
        id: RequestId,
        /// The node.
        detail: NodeDetail,
    },
    /// Result of [`Request::Export`].
    Exported {
        /// The search.
        id: RequestId,
        /// The tree with all that is needed to go on.
        json: String,
        /// The tree as a picture.
        svg: String,
    },
    /// Result of [`Request::SelfTest`].
    SelfTested {
        /// The request.
        id: RequestId,
        /// One line for each kernel variant.
        results: Vec<SelfTestResult>,
    },
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ModelSource {
    /// Polo Tiny, the model that comes with the program.
    Embedded,
    /// A GGUF file or a Hugging Face folder on disk (native only).
    Path {
        /// File or folder.
        path: String,
    },
    /// A GGUF file, or a folder that holds config.json, at an address.
    Url {
        /// The address; relative addresses are resolved against the page.
        url: String,
    },
    /// A model on a Hugging Face hub.
    Hub {
        /// `user/name`.
        repo: String,
        /// Branch, tag or commit; `None` for `main`.
        #[serde(default)]
        revision: Option<String>,
        /// A file, or a quantisation such as `Q4_K_M`; `None` for the first of `Q4_K_M`, `Q4_0`, `Q8_0` that is
        /// there, else safetensors.
        #[serde(default)]
        file: Option<String>,
    },
    /// A model in local storage.
    Stored {
        /// [`StoredModel::name`].
        name: String,
    },
    /// Files that the person picked or dropped in the page; they go to the worker beside the message.
    Picked {
        /// Names of the files.
        names: Vec<String>,
    },
    /// Seeded random weights of a named shape, for measuring.
    Random {
        /// `tiny`, `qwen2-0.5b`, `qwen2-1.5b` or `qwen2-7b`.
        shape: String,
        /// Seed of the weights.
        seed: u64,
    },
}

/// How to hold a model in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadOptions {
    /// Quantise unquantised weights while loading.
    pub quantize: Quantize,
    /// Type of the key/value cache.
    pub kv: KvType,
    /// Context in tokens; `None` for the model's own, at most 8192.
    pub context: Option<usize>,
    /// Part of the adapter's name, or its index in `polo doctor`; `None` for the fastest.
    pub device: Option<String>,
    /// Largest weight buffer, in bytes; bigger matrices are split by rows.
    pub max_chunk_bytes: u64,
    /// Use only what every WebGPU device has: no subgroups, default limits.
    pub baseline: bool,
    /// Force a kernel family instead of choosing by the adapter; `None` chooses.
    pub variant: Option<Variant>,
    /// Sequences that decode at once.
    pub max_batch: usize,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            quantize: Quantize::default(),
            kv: KvType::default(),
            context: None,
            device: None,
            max_chunk_bytes: 128 << 20,
            baseline: false,
            variant: None,
            max_batch: 16,
        }
    }
}

/// What to do with f32, f16 and bf16 weights at load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantize {
    /// Keep them as they are.
    #[default]
    None,
    /// 4 bits, 32 weights a block, scale and minimum.
    Q4,
    /// 4 bits, the 16 values of bitsandbytes' `NormalFloat`, 64 weights a block.
    Nf4,
    /// 8 bits, 32 weights a block.
    Q8,
}

/// Type of cached keys and values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KvType {
    /// Half precision: half the memory, right for almost every model.
    #[default]
    F16,
    /// Full precision.
    F32,
}

/// Family of kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// Workgroup reductions; works on every WebGPU device.
    Base,
    /// Reductions by subgroup operations.
    Subgroup,
    /// One invocation a row, without barriers: for adapters that are a CPU.
    Serial,
}

/// What to continue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Prompt {
    /// A conversation, put through the model's chat template.
    Chat {
        /// Oldest first.
        messages: Vec<Message>,
    },
    /// Text as it stands, without template.
    Raw {
        /// The text; special tokens in it are ordinary text.
        text: String,
    },
    /// Token ids as they are.
    Tokens {
        /// The ids.
        tokens: Vec<u32>,
    },
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said. For the assistant: the whole reply, tags included.
    pub content: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// How tokens are chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SamplingOptions {
    /// 0 takes the most probable token; up to 4.
    pub temperature: f32,
    /// Keep the most probable tokens whose probabilities sum to this; in (0, 1], 1 keeps all.
    pub top_p: f32,
    /// Keep this many of the most probable tokens; at most 64, 0 keeps all.
    pub top_k: u32,
    /// Same seed, same reply.
    pub seed: u64,
    /// Longest reply, in tokens.
    pub max_new_tokens: usize,
    /// Alternatives reported for each token, 0 to 5.
    pub top_logprobs: u32,
    /// Texts that end the reply; they are not part of it.
    pub stop: Vec<String>,
    /// Replies to make, each with its own random numbers.
    pub choices: u32,
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
        }
    }
}

impl SamplingOptions {
    /// Checks every range; the error says which value is out of which range.
    pub fn validate(&self) -> crate::Result<()> {
        let bad = |what: String| Err(crate::Error::BadRequest(what));
        if !(0.0..=4.0).contains(&self.temperature) {
            return bad(format!("temperature is {}, expected 0 to 4", self.temperature));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return bad(format!("top_p is {}, expected more than 0 and at most 1", self.top_p));
        }
        if self.top_k > 64 {
            return bad(format!("top_k is {}, expected 0 (off) to 64", self.top_k));
        }
        if self.top_logprobs > 5 {
            return bad(format!("top_logprobs is {}, expected 0 to 5", self.top_logprobs));
        }
        if self.max_new_tokens == 0 {
            return bad("max_new_tokens is 0, expected at least 1".into());
        }
        if !(1..=64).contains(&self.choices) {
            return bad(format!("choices is {}, expected 1 to 64", self.choices));
        }
        Ok(())
    }
}

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

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BenchOptions {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens decoded by each sequence.
    pub decode_tokens: usize,
    /// Batch sizes.
    pub batches: Vec<usize>,
    /// Bytes of the buffer read to measure bandwidth.
    pub bandwidth_bytes: u64,
}

impl Default for BenchOptions {
    fn default() -> Self {
        Self { prompt_tokens: 128, decode_tokens: 64, batches: vec![1, 4, 8], bandwidth_bytes: 256 << 20 }
    }
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
