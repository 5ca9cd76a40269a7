//! `polo problems`: problems with worked solutions, made from a seed.

use super::args::ProblemsArgs;
use super::failure::Failure;
use super::output::Output;
use crate::eval::{problems, suite};

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
