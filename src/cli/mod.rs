//! The `polo` command: arguments in, text or JSON out. All it knows of the engine is the protocol.

mod args;
mod ask;
mod bench;
#[cfg(test)]
mod buffer;
mod contest;
mod doctor;
mod engine_args;
mod environment;
mod eval;
mod eval_args;
mod failure;
mod library;
mod library_args;
mod output;
mod problems;
mod quantization;
mod results;
mod search;
mod search_args;
mod serve;
mod session;
mod tree;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use output::Output;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // clap prints help and usage errors itself, and leaves with 0 or 2.
    let args = Args::parse();
    let json = args.command.json();
    let mut output = Output::standard();
    let result = match args.command {
        Command::Ask(args) => ask::run(&args, &mut output),
        Command::Doctor(args) => doctor::run(&args, &mut output),
        Command::Bench(args) => bench::run(&args, &mut output),
        Command::Eval(args) => eval::run(&args, &mut output),
        Command::Pull(args) => library::pull(&args, &mut output),
        Command::List(args) => library::list(&args, &mut output),
        Command::Show(args) => library::show(&args, &mut output),
        Command::Rm(args) => library::remove(&args, &mut output),
        Command::Serve(args) => serve::run(&args, &mut output),
        Command::Problems(args) => problems::run(&args, &mut output),
    };
    match result.and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json, &mut output),
    }
}
