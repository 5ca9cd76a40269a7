//! What the engine tells.

use serde::{Deserialize, Serialize};

use super::{
    BenchReport, Channel, Comparison, ContextCounts, DeviceInfo, FinishReason, FitReport, Library, Listing,
    LoadPhase, ModelInfo, NodeDetail, NodeId, Prompt, PromptToken, PullPhase, RequestId, SamplingOptions,
    SearchOptions, SearchProgress, SearchReport, SelfTestResult, StoredModel, TopLogprob, TreeNode, Usage,
    Votes,
};
use crate::Error;

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
    /// The tokens of the prompt, where they were asked for; before the first `Token`.
    Prompted {
        /// The request.
        id: RequestId,
        /// All of them, in order.
        tokens: Vec<PromptToken>,
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
        /// The token's exact bytes, where they were asked for; `text` may come late or lose them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<Vec<u8>>,
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
    /// One of the replies to a request ended; `Done` follows the last.
    Ended {
        /// The request.
        id: RequestId,
        /// Which of several replies.
        choice: u32,
        /// Why it ended.
        finish_reason: FinishReason,
        /// The stop text that ended it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop: Option<String>,
        /// Tokens of this reply.
        completion_tokens: usize,
        /// Of them, inside the thought.
        reasoning_tokens: usize,
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
        /// The lengths, where a prompt does not fit (`context_full`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<ContextCounts>,
    },
    /// Result of [`super::Request::Unload`].
    Unloaded {
        /// The request.
        id: RequestId,
    },
    /// Result of [`super::Request::Status`].
    Status {
        /// The request.
        id: RequestId,
        /// Requests and searches being answered.
        running: usize,
        /// Key/value pages of 16 tokens.
        pages: usize,
        /// Of them, held by what is being answered or by the cache.
        pages_used: usize,
        /// Of them, held by the cache of what was answered.
        pages_cached: usize,
    },
    /// Result of [`super::Request::Tokenize`].
    Tokenized {
        /// The request.
        id: RequestId,
        /// The ids.
        tokens: Vec<u32>,
        /// The text of each, special tokens too; a part of a character is shown as `�`.
        texts: Vec<String>,
    },
    /// Result of [`super::Request::Detokenize`].
    Detokenized {
        /// The request.
        id: RequestId,
        /// The text, special tokens too.
        text: String,
    },
    /// Result of [`super::Request::Bench`].
    Benched {
        /// The request.
        id: RequestId,
        /// The figures.
        report: BenchReport,
    },
    /// Result of [`super::Request::Inspect`].
    Inspected {
        /// The request.
        id: RequestId,
        /// Numbers and verdict.
        report: FitReport,
    },
    /// Result of [`super::Request::Library`] and [`super::Request::Remove`].
    Library {
        /// The request.
        id: RequestId,
        /// What is here.
        library: Library,
    },
    /// Result of [`super::Request::Find`].
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
    /// Result of [`super::Request::Pull`].
    Pulled {
        /// The pull.
        id: RequestId,
        /// What is stored now.
        model: StoredModel,
    },
    /// Result of [`super::Request::Compare`].
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
    /// Result of [`super::Request::Node`].
    Node {
        /// The search.
        id: RequestId,
        /// The node.
        detail: NodeDetail,
    },
    /// Result of [`super::Request::Export`].
    Exported {
        /// The search.
        id: RequestId,
        /// The tree with all that is needed to go on.
        json: String,
        /// The tree as a picture.
        svg: String,
    },
    /// Result of [`super::Request::SelfTest`].
    SelfTested {
        /// The request.
        id: RequestId,
        /// One line for each kernel variant.
        results: Vec<SelfTestResult>,
    },
}

impl Event {
    /// The end of a request, or (`None`) of the engine itself, in an error.
    pub fn failed(id: Option<RequestId>, error: &Error) -> Self {
        let context = match *error {
            Error::ContextFull { prompt_tokens, limit } => Some(ContextCounts { prompt_tokens, limit }),
            _ => None,
        };
        Self::Failed { id, kind: error.kind().into(), message: error.to_string(), context }
    }
}
