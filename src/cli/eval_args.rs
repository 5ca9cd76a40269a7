//! Arguments of `polo eval`.

use std::path::PathBuf;

use super::args::ModelArgs;
use super::search_args::SearchArgs;
use crate::protocol::SamplingOptions;

pub(super) const EXAMPLES: &str = "\
Examples:
  polo eval --suite arithmetic --count 100
  polo eval --suite arithmetic,words-ru --split test --count 500 --json
  polo eval --suite arithmetic4 --modes cot,sc,bon,mcts --rollouts 64 --budget 800 --results DIR --report out.md
  polo eval --suite arithmetic4 --modes mcts,mcts:action=mini32,mcts:reflection=off --results DIR
  polo eval --suite gsm8k --file test.jsonl --model marco-o1 --modes sc,mcts --results DIR
  polo eval --suite quantization --model FOLDER --compare model-Q4_K_M.gguf

--modes holds ways of searching against one another with the same tokens: cot (one chain), sc (the majority of
whole replies), bon (the most confident of them), mcts (the tree). cot, sc and bon are read from the same replies.
mcts:action=mini64+reflection=off is a search with other flags than the rest. With --results the
same command goes on where it was interrupted. Choices are made on the dev split; the test split is looked at once,
at the end.";

/// Arguments of `polo eval`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct EvalArgs {
    /// Kinds of problems, joined by commas: arithmetic, words, decimals, …, words-ru, all; gsm8k or mgsm with
    /// --file; or quantization
    #[arg(long, default_value = "arithmetic")]
    pub(super) suite: String,
    /// For --suite gsm8k (JSON lines with question and answer) and mgsm (question, tab, answer): the file
    #[arg(long, value_name = "PATH")]
    pub(super) file: Option<PathBuf>,
    /// For --suite quantization: another file of the same model, e.g. a GGUF file; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(super) compare: Vec<String>,
    /// Part of the problems; no two share one
    #[arg(long, default_value = "dev", value_parser = ["train", "dev", "test"])]
    pub(super) split: String,
    /// Problems to ask
    #[arg(long, value_name = "N", default_value_t = 500)]
    pub(super) count: usize,
    /// Ways of searching to compare, joined by commas [default: one reply each, without a search]
    #[arg(long, value_name = "MODE,…", value_delimiter = ',')]
    pub(super) modes: Vec<String>,
    /// For --modes: folder in which every search is kept, and found again
    #[arg(long, value_name = "DIR", requires = "modes")]
    pub(super) results: Option<PathBuf>,
    /// For --modes: file for the tables; the plot goes beside it, as .svg
    #[arg(long, value_name = "FILE", requires = "modes")]
    pub(super) report: Option<PathBuf>,
    /// Seed of the problems
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) problems_seed: u64,
    /// Replies decoded at once, 1 to 16
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(super) batch: u16,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Put every problem with its answer into the JSON
    #[arg(long, requires = "json", conflicts_with = "modes")]
    pub(super) outcomes: bool,
    /// 0 is greedy [default: 0, for --modes 0.7]
    #[arg(long, value_name = "T")]
    pub(super) temperature: Option<f32>,
    /// For --modes: keep the most probable tokens that sum to this, in (0, 1]
    #[arg(long, value_name = "P", default_value_t = SamplingOptions::default().top_p)]
    pub(super) top_p: f32,
    /// For --modes: keep so many of the most probable tokens, at most 64; 0 keeps all
    #[arg(long, value_name = "K", default_value_t = SamplingOptions::default().top_k)]
    pub(super) top_k: u32,
    /// Same seed, same replies; with --modes there may be several, and each problem is asked with each
    #[arg(long, alias = "seed", value_name = "N,…", value_delimiter = ',', default_value = "0")]
    pub(super) seeds: Vec<u64>,
    /// Longest reply, in tokens [default: 2048]
    #[arg(long, value_name = "N")]
    pub(super) max_tokens: Option<usize>,
    #[command(flatten)]
    pub(super) search: SearchArgs,
    #[command(flatten)]
    pub(super) model: ModelArgs,
}
