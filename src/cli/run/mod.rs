//! `polo run`: a conversation in the terminal, or one answer; with Ollama's names and habits.

mod act;
mod chat;
mod commands;
mod lines;
mod parameters;
mod saved;

use std::hash::{BuildHasher, RandomState};
use std::io::{IsTerminal, Read};

use super::args::{ModelArgs, SamplingArgs};
use super::ask::read_all;
use super::environment::home;
use super::failure::Failure;
use super::output::Output;
use super::reply::introduce;
use super::session::Session;
use crate::Error;
use crate::protocol::Preset;
use chat::Chat;
use commands::Entry;
use lines::{Line, Lines, Terminal};

pub(super) const EXAMPLES: &str = "\
Examples:
  polo run                                      a conversation with the model used last, or Polo Tiny
  polo run marco-o1                             with this model; it is pulled first if it is not here
  polo run polo-tiny \"What is 12 + 30?\"         one answer
  cat notes.txt | polo run marco-o1 \"Sum this up\"   what is piped in comes before the prompt
  polo run marco-o1 --format json \"Three colours, as JSON\"
  polo run --search thorough                    every answer by a search

In a conversation /? lists the commands (/set, /show, /save, /load, /clear, /bye …). \"\"\" begins and ends a message
of several lines, Ctrl-C stops a reply, Ctrl-D ends. Thoughts are dim; --hide-thinking leaves them out.";

/// Arguments of `polo run`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct RunArgs {
    /// The model (an alias, user/repo:TYPE, an address, a file; polo-tiny is built in), then the prompt. With
    /// --model or --engine all words are the prompt [default: the model used last, and a conversation]
    #[arg(value_name = "MODEL [PROMPT]")]
    pub(super) words: Vec<String>,
    /// Leave the thoughts out
    #[arg(long, alias = "hidethinking")]
    pub(super) hide_thinking: bool,
    /// Tell timings after each reply
    #[arg(long)]
    pub(super) verbose: bool,
    /// Instructions to set before the conversation
    #[arg(long, value_name = "TEXT")]
    pub(super) system: Option<String>,
    /// What answers must be: `json` for a JSON object, or a JSON schema
    #[arg(long, value_name = "FORMAT")]
    pub(super) format: Option<String>,
    /// Answer by a search: quick, balanced, thorough or paper
    #[arg(long, value_name = "PRESET", value_parser = super::search_args::preset_parser())]
    pub(super) search: Option<Preset>,
    /// Accepted, as Ollama takes it: here the model is given back when the command ends
    #[arg(long, value_name = "DURATION")]
    pub(super) keepalive: Option<String>,
    /// Accepted, as Ollama takes it: lines are never wrapped here
    #[arg(long, hide = true)]
    pub(super) nowordwrap: bool,
    /// What the person's defaults say where no model is named
    #[arg(long, hide = true)]
    pub(super) default_model: Option<String>,
    #[command(flatten)]
    pub(super) sampling: SamplingArgs,
    #[command(flatten)]
    pub(super) model: ModelArgs,
}

pub(super) fn run(args: &RunArgs, output: &mut Output) -> Result<(), Failure> {
    let (model, words) = split(args, saved::last_model(&home()))?;
    let piped = !std::io::stdin().is_terminal();
    let mut stdin = std::io::stdin().lock();
    let prompt = prompt(&words, piped.then_some(&mut stdin as &mut dyn Read))?;
    // The line editor reads by itself.
    drop(stdin);
    // What is wrong is told before a model is loaded.
    args.sampling.options(None).validate()?;
    args.format.as_deref().map(chat::format).transpose()?;
    if prompt.is_none() && (piped || !std::io::stdout().is_terminal()) {
        let what = "there is nothing to answer: write a prompt, or pipe one in";
        return Err(Error::BadRequest(what.into()).into());
    }
    let home = home();
    let mut session = Session::start();
    let mut chat = Chat::new(args, &home, &mut session, output);
    match prompt {
        Some(prompt) => once(&mut chat, &model, prompt),
        None => converse(&mut chat, &model, &mut Terminal::open(home.join("history"))?),
    }
}

/// The model, and the words of the prompt.
fn split(args: &RunArgs, last: Option<String>) -> Result<(String, Vec<String>), Failure> {
    if let Some(model) = args.model.model.as_ref().or(args.model.engine.engine.as_ref()) {
        return Ok((model.clone(), args.words.clone()));
    }
    let Some((model, prompt)) = args.words.split_first() else {
        let model = args.default_model.clone().or(last).unwrap_or_else(|| "polo-tiny".into());
        return Ok((model, Vec::new()));
    };
    if model.contains(char::is_whitespace) && !std::path::Path::new(model).exists() {
        let what = format!("{model:?} is no model; its name comes first: polo run polo-tiny {model:?}");
        return Err(Error::BadRequest(what).into());
    }
    Ok((model.clone(), prompt.to_vec()))
}

/// What is piped in, and then the words; none where there is neither.
fn prompt(words: &[String], piped: Option<&mut dyn Read>) -> Result<Option<String>, Failure> {
    let piped = piped.map(read_all).transpose()?.unwrap_or_default();
    let words = words.join(" ");
    let parts = [piped.trim(), words.trim()];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// One answer.
fn once(chat: &mut Chat<'_>, model: &str, prompt: String) -> Result<(), Failure> {
    chat.load(model, None)?;
    chat.say(prompt)?;
    chat.output.flush()
}

/// Answer after answer, until the person ends it.
fn converse(chat: &mut Chat<'_>, model: &str, lines: &mut dyn Lines) -> Result<(), Failure> {
    chat.load(model, None)?;
    if let Some(model) = &chat.model {
        introduce(model, chat.output);
    }
    chat.output.note("Type a message, or /? for help.");
    loop {
        chat.output.flush()?;
        match lines::entry(lines)? {
            Line::End => return Ok(()),
            Line::Interrupted => chat.output.line("Use Ctrl + d or /bye to exit.")?,
            Line::Text(text) => match commands::parse(&text) {
                Entry::Bye => return Ok(()),
                entry => chat.carry_out(entry, lines)?,
            },
        }
    }
}

/// A seed that nobody chose, short enough to be typed again.
fn random_seed() -> u64 {
    RandomState::new().hash_one(0_u8) % 1_000_000_000
}

#[cfg(test)]
mod ends_tests;
#[cfg(test)]
mod tests;
