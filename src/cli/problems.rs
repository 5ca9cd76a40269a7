//! `polo problems`: problems with worked solutions, made from a seed.

use super::failure::Failure;
use super::output::Output;
use crate::eval::{problems, suite};

pub(super) const EXAMPLES: &str = "\
Examples:
  polo problems --count 3
  polo problems --suite arithmetic,words-ru --split test --count 100 --jsonl > problems.jsonl";

/// Arguments of `polo problems`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ProblemsArgs {
    /// Same seed, same problems
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(super) count: usize,
    /// Part of the problems; no two share one
    #[arg(long, default_value = "train", value_parser = ["train", "dev", "test"])]
    pub(super) split: String,
    /// Kinds of problems, joined by commas: arithmetic, words, decimals, …, words-ru, all
    #[arg(long, default_value = "all")]
    pub(super) suite: String,
    /// One JSON object a line instead of text
    #[arg(long)]
    pub(super) jsonl: bool,
}

pub(super) fn run(args: &ProblemsArgs, output: &mut Output) -> Result<(), Failure> {
    let kinds = suite(&args.suite)?;
    for problem in problems::generate(args.seed, split(&args.split), &kinds).take(args.count) {
        if args.jsonl {
            let json = serde_json::to_string(&problem).expect("a problem is plain data");
            output.line(&json)?;
        } else {
            output.line(&format!("{}\n", problem.question))?;
            output.dim(problem.reply.trim())?;
            output.text("\n\n")?;
        }
    }
    Ok(())
}

/// The part of this name; clap lets no other name through.
pub(super) fn split(name: &str) -> problems::Split {
    match name {
        "train" => problems::Split::Train,
        "test" => problems::Split::Test,
        _ => problems::Split::Dev,
    }
}
