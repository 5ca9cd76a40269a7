//! `polo ask`: one question, the thought and the output as they come, or one JSON object.

use std::io::{IsTerminal, Read};

use serde::Serialize;

use super::args::AskArgs;
use super::failure::Failure;
use super::output::Output;
use super::reply::{self, Writer, introduce, speed};
use super::search;
use super::session::Session;
use crate::Error;
use crate::protocol::{
    Channel, Event, FinishReason, Message, ModelSource, Prompt, Request, Role, TopLogprob, Usage,
};

/// More than any context holds, in bytes.
const MAX_STDIN: u64 = 64 << 20;

/// What `--json` prints.
#[derive(Debug, Default, Serialize)]
struct Answer {
    model: String,
    model_memory: Memory,
    thought: String,
    output: String,
    finish_reason: Option<FinishReason>,
    tokens: Vec<Token>,
    usage: Usage,
    timings: Timings,
}

/// On the GPU, in bytes.
#[derive(Debug, Default, Serialize)]
struct Memory {
    weight_bytes: u64,
    kv_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Token {
    id: u32,
    text: String,
    logprob: f32,
    channel: Channel,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top_logprobs: Vec<TopLogprob>,
}

/// In milliseconds, but for the last.
#[derive(Debug, Default, Serialize)]
struct Timings {
    load_ms: f64,
    first_token_ms: f64,
    decode_ms: f64,
    tokens_per_s: f64,
}

impl Answer {
    /// Takes in a piece of the reply.
    fn take(&mut self, event: &Event) {
        let (Event::Token { channel, text, .. } | Event::Text { channel, text, .. }) = event else { return };
        match channel {
            Channel::Thought => self.thought += text,
            Channel::Output => self.output += text,
        }
        if let Event::Token { channel, text, token, logprob, top, .. } = event {
            let (id, text, top_logprobs) = (*token, text.clone(), top.clone());
            self.tokens.push(Token { id, text, logprob: *logprob, channel: *channel, top_logprobs });
        }
    }
}

pub(super) fn run(args: &AskArgs, output: &mut Output) -> Result<(), Failure> {
    let prompt = prompt(args, &mut std::io::stdin().lock())?;
    // Wrong numbers are told before a model is loaded.
    let mut sampling = args.sampling.options(None);
    sampling.top_logprobs = args.top_logprobs;
    sampling.validate()?;
    if args.search {
        search::options(args).validate()?;
    }
    let mut session = Session::start();
    answer(args, prompt, &mut session, output)
}

/// What the arguments and standard input say.
fn prompt(args: &AskArgs, stdin: &mut dyn Read) -> Result<Prompt, Failure> {
    let text = match args.prompt.as_slice() {
        [dash] if dash == "-" => {
            if std::io::stdin().is_terminal() {
                Output::standard().note("Write your question and end it with Ctrl-D.");
            }
            read_all(stdin)?
        }
        words => words.join(" "),
    };
    let text = if args.raw { text } else { text.trim().to_owned() };
    if text.is_empty() {
        return Err(Error::BadRequest(
            "the question is empty; write one, or - to read standard input".into(),
        )
        .into());
    }
    if args.raw {
        return Ok(Prompt::Raw { text });
    }
    let system = args.system.iter().map(|text| Message { role: Role::System, content: text.clone() });
    let user = Message { role: Role::User, content: text };
    Ok(Prompt::Chat { messages: system.chain([user]).collect() })
}

pub(super) fn read_all(stdin: &mut dyn Read) -> Result<String, Failure> {
    let bad = |what: String| Failure::from(Error::BadRequest(format!("standard input: {what}")));
    let mut bytes = Vec::new();
    stdin.take(MAX_STDIN + 1).read_to_end(&mut bytes).map_err(|error| bad(error.to_string()))?;
    if bytes.len() as u64 > MAX_STDIN {
        return Err(bad(format!("more than {} MiB, which fits no model", MAX_STDIN >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        bad(format!("byte {at} is not UTF-8; convert the text to UTF-8 first (iconv -t utf-8)"))
    })
}

fn answer(args: &AskArgs, prompt: Prompt, session: &mut Session, output: &mut Output) -> Result<(), Failure> {
    let model = session.load(args.model.source()?, args.model.options(), output)?;
    let mut sampling = args.sampling.options(model.sampling.as_ref());
    sampling.top_logprobs = args.top_logprobs;
    sampling.stop.clone_from(&args.stop);
    sampling.validate()?;
    if !args.json && args.model.source()? == ModelSource::Embedded {
        introduce(&model, output);
    }
    if args.search {
        return search::run(args, &model, prompt, &sampling, session, output);
    }
    let id = session.id();
    session.send(Request::Generate { id, prompt, sampling });
    let mut answer = Answer { model: model.name.clone(), ..Answer::default() };
    answer.timings.load_ms = model.load_ms;
    answer.model_memory = Memory { weight_bytes: model.weight_bytes, kv_bytes: model.kv_bytes };
    let mut writer = Writer::new(!args.json, !args.no_thought);
    let told = reply::follow(id, session, &mut writer, output, |event| answer.take(event))?;
    answer.finish_reason = Some(told.finish_reason);
    answer.timings.first_token_ms = told.usage.first_token_ms;
    answer.timings.decode_ms = told.usage.decode_ms;
    answer.timings.tokens_per_s = speed(&told.usage);
    answer.usage = told.usage;
    if args.json {
        output.json(&answer)?;
    } else {
        summary(&answer, output);
    }
    output.flush()?;
    if told.cancelled { Err(Failure::Interrupted) } else { Ok(()) }
}

fn summary(answer: &Answer, output: &mut Output) {
    let usage = &answer.usage;
    let ended = match answer.finish_reason {
        Some(FinishReason::Length) => ", stopped at the limit (--max-tokens)",
        Some(FinishReason::Context) => ", stopped because the context is full",
        Some(FinishReason::Cancelled) => ", stopped by you",
        _ => "",
    };
    output.note(&format!(
        "{} tokens ({} of thought), {:.1} a second, first after {:.2} s, {} left in the context{ended}",
        usage.completion_tokens,
        usage.reasoning_tokens,
        answer.timings.tokens_per_s,
        usage.first_token_ms / 1e3,
        usage.context_left,
    ));
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
