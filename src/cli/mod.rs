//! The `polo` command: arguments in, text or JSON out. All it knows of the engine is the protocol.

mod args;
mod ask;
mod bench;
#[cfg(test)]
mod buffer;
mod config;
mod config_show;
mod contest;
mod doctor;
mod engine_args;
mod environment;
mod eval;
mod eval_args;
mod failure;
mod library;
mod library_args;
#[cfg(test)]
mod made_up;
mod measure_args;
mod output;
mod problems;
mod quantization;
mod remote_server;
mod reply;
mod results;
mod run;
mod search;
mod search_args;
mod serve;
mod session;
mod shells;
mod tree;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

use args::{Args, Command};
use failure::Failure;
use output::Output;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // clap prints help and usage errors itself, and leaves with 0 or 2.
    let args = Args::parse();
    let mut output = Output::standard();
    let json = args.command.json();
    let path = environment::config_path();
    let settings = match config::read(&Args::command(), &path, environment::variable) {
        Ok(settings) => settings,
        // What only prints does not stumble over a file that has to be mended.
        Err(_) if matches!(args.command, Command::Completions(_) | Command::Man(_)) => BTreeMap::new(),
        Err(error) => return Failure::from(error).report(json, &mut output),
    };
    // Once more, with the person's defaults.
    let matches = config::with_defaults(Args::command(), &settings).get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = match args.command {
        Command::Ask(args) => ask::run(&args, &mut output),
        Command::Run(args) => run::run(&args, &mut output),
        Command::Doctor(args) => doctor::run(&args, &mut output),
        Command::Bench(args) => bench::run(&args, &mut output),
        Command::Eval(args) => eval::run(&args, &mut output),
        Command::Pull(args) => library::pull(&args, &mut output),
        Command::List(args) => library::list(&args, &mut output),
        Command::Show(args) => library::show(&args, &mut output),
        Command::Rm(args) => library::remove(&args, &mut output),
        Command::Serve(args) => serve::run(&args, &mut output),
        Command::Cp(args) => library::copy(&args, &mut output),
        Command::Ps(args) => remote_server::ps(&args, &mut output),
        Command::Stop(args) => remote_server::stop(&args, &mut output),
        Command::Config(args) => config_show::run(&args, &Args::command(), &path, &settings, &mut output),
        Command::Problems(args) => problems::run(&args, &mut output),
        Command::Completions(args) => shells::completions(&args, &mut output),
        Command::Man(args) => shells::man(&args, &mut output),
    };
    match result.and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json, &mut output),
    }
}
