//! `polo completions` and `polo man`: what shells and manuals want to know of the commands.

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Args;
use super::failure::Failure;
use super::output::Output;
use crate::Error;

pub(super) const EXAMPLES: &str = "\
Examples:
  polo completions bash > ~/.local/share/bash-completion/completions/polo
  polo completions zsh > \"${fpath[1]}/_polo\"
  polo completions fish > ~/.config/fish/completions/polo.fish
  polo completions powershell >> $PROFILE";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  polo man | man -l -
  polo man run > polo-run.1";

/// Arguments of `polo completions`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: Shell,
}

/// Arguments of `polo man`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ManArgs {
    /// The command; without one the page is about all of them
    #[arg(value_name = "COMMAND")]
    pub(super) command: Option<String>,
}

pub(super) fn completions(args: &CompletionsArgs, output: &mut Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "polo", &mut script);
    output.text(&String::from_utf8_lossy(&script))
}

pub(super) fn man(args: &ManArgs, output: &mut Output) -> Result<(), Failure> {
    let mut command = Args::command();
    command.build();
    let command = match &args.command {
        None => command,
        Some(name) => command.find_subcommand(name).cloned().ok_or_else(|| {
            Failure::from(Error::BadRequest(format!("{name} is no command; `polo help` lists them")))
        })?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    output.text(&String::from_utf8_lossy(&page))
}
