//! What a front end chooses: the model, how to hold it, what to continue, what to measure.

use serde::{Deserialize, Serialize};

use super::ThoughtFormat;

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
        /// [`super::StoredModel::name`].
        name: String,
    },
    /// Files that the person picked or dropped in the page; they go to the worker beside the message.
    Picked {
        /// Names of the files.
        names: Vec<String>,
    },
    /// A model behind a server that speaks OpenAI's API. Its key goes by `Request::Authorize`, never by this.
    Remote {
        /// Where the API is, e.g. `http://host:8000/v1`.
        url: String,
        /// Which of the server's models; `None` for its only one.
        #[serde(default)]
        model: Option<String>,
        /// Requests at once; `None` for as many as a search has lanes.
        #[serde(default)]
        connections: Option<usize>,
        /// Silence after which a request counts as dead, in seconds; `None` for two minutes.
        #[serde(default)]
        timeout_s: Option<u32>,
        /// How the model marks its thoughts; `None` to find out.
        #[serde(default)]
        thoughts: Option<ThoughtFormat>,
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
    /// Sequences of one request that decode at once; there is room for a few of others beside them.
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
    /// Text in which special tokens are written out, as the model's own template would write them. Not for what
    /// people write: whoever writes it can speak for anyone.
    Marked {
        /// The text; `<|im_start|>` in it is that token.
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
    /// Measure branches of one prefix as well, which is as long as the prompt.
    #[serde(default)]
    pub search: bool,
}

impl Default for BenchOptions {
    fn default() -> Self {
        Self {
            prompt_tokens: 128,
            decode_tokens: 64,
            batches: vec![1, 4, 8],
            bandwidth_bytes: 256 << 20,
            search: false,
        }
    }
}
