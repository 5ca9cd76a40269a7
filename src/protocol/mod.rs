//! What every side shares: requests, events and options, as plain serde data.
//!
//! The page, the command and (later) the server speak to the engine in these words only. The enums
//! grow by named messages, never by flags, and every message about a request carries its `id`.

use serde::{Deserialize, Serialize};

mod compare;
mod event;
mod library;
mod options;
mod reports;
mod sampling;
mod search;
mod tree;

pub use compare::{Candidate, Compared, Comparison};
pub use event::Event;
pub use library::{
    CatalogueEntry, Fit, FitReport, Library, Listing, ListingOption, LoadPhase, PullPhase, RemoteFile,
    StoredModel, ThoughtFormat,
};
pub use options::{BenchOptions, KvType, LoadOptions, Message, ModelSource, Prompt, Quantize, Role, Variant};
pub use reports::{
    BenchReport, Channel, ContextCounts, DecodeBench, DeviceInfo, FinishReason, KernelBench, LaneBench,
    ModelInfo, PromptToken, SearchBench, SelfTestResult, TensorFormat, TopLogprob, Usage, confidence,
};
pub use sampling::{Format, SamplingOptions};
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
    /// Give the model and its memory back; what it was answering fails. Answered by `Unloaded`.
    Unload {
        /// Whose answers.
        id: RequestId,
    },
    /// What is under way on the loaded model, and its pages; answered by `Status`.
    Status {
        /// Whose answers.
        id: RequestId,
    },
    /// Answer a conversation; answered by `Started`, `Prompted` where it was asked for, `Token`…, `Ended` for each
    /// reply, and `Done`.
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
    /// What a prompt is in tokens; answered by `Tokenized`.
    Tokenize {
        /// Whose answers.
        id: RequestId,
        /// The prompt; a conversation goes through the model's chat template.
        prompt: Prompt,
    },
    /// What tokens are in text; answered by `Detokenized`.
    Detokenize {
        /// Whose answers.
        id: RequestId,
        /// The tokens.
        tokens: Vec<u32>,
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
    /// From now on requests to one origin, and to no other, carry a token. Nothing answers it.
    Authorize {
        /// `https://host`; `None` for the hub of models.
        #[serde(default)]
        origin: Option<String>,
        /// The secret; `None` takes it back.
        token: Option<String>,
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
    /// Give a stored model a second name; no byte is copied, and either name can be removed without the other.
    /// Answered by `Library`.
    Copy {
        /// Whose answers.
        id: RequestId,
        /// `StoredModel::name`.
        name: String,
        /// The second name.
        copy: String,
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
