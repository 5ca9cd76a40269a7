//! `polo eval`: how many problems of a suite a model solves.

use std::collections::HashMap;

use serde::Serialize;
use sha2::Digest;

use super::contest;
use super::eval_args::EvalArgs;
use super::failure::Failure;
use super::output::Output;
use super::problems::split;
use super::session::{Session, progress_bar};
use crate::Error;
use crate::eval::problems::{Problem, generate};
use crate::eval::{Outcome, Question, Report, quantization, questions, score, suite};
use crate::protocol::{
    Channel, Event, LoadOptions, Message, Prompt, Request, RequestId, Role, SamplingOptions,
};

/// Suites that come as a file.
const FILES: [&str; 2] = ["gsm8k", "mgsm"];

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Evaluation {
    model: String,
    device: String,
    #[serde(flatten)]
    report: Report,
    temperature: f32,
    seed: u64,
    problems_seed: u64,
    /// From the first question to the last answer.
    elapsed_s: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcomes: Option<Vec<Outcome>>,
}

/// A reply on its way.
#[derive(Debug, Default)]
struct Pending {
    /// Which problem it answers.
    number: usize,
    thought: String,
    output: String,
}

pub(super) fn run(args: &EvalArgs, output: &mut Output) -> Result<(), Failure> {
    if args.suite == quantization::NAME {
        return super::quantization::run(args, output);
    }
    if args.count == 0 {
        return Err(Error::BadRequest("--count is 0, expected at least 1".into()).into());
    }
    if FILES.contains(&args.suite.as_str()) {
        let (questions, described) = from_file(args)?;
        return contest::run(args, &questions, &described, output);
    }
    let kinds = suite(&args.suite)?;
    let problems: Vec<Problem> =
        generate(args.problems_seed, split(&args.split), &kinds).take(args.count).collect();
    if !args.modes.is_empty() {
        let questions: Vec<Question> = problems.iter().map(Question::from).collect();
        let described = format!("{}, {}, seed {}", args.suite, args.split, args.problems_seed);
        return contest::run(args, &questions, &described, output);
    }
    let [seed] = args.seeds[..] else {
        return Err(Error::BadRequest("several --seeds are for --modes".into()).into());
    };
    let default = SamplingOptions::default();
    let sampling = SamplingOptions {
        temperature: args.temperature.unwrap_or(0.0),
        seed,
        max_new_tokens: args.max_tokens.unwrap_or(default.max_new_tokens),
        ..default
    };
    sampling.validate()?;
    let mut session = Session::start();
    let options = LoadOptions { max_batch: usize::from(args.batch), ..args.model.options() };
    let model = session.load(args.model.source()?, options, output)?;
    let start = web_time::Instant::now();
    let outcomes = answer_all(&mut session, &problems, usize::from(args.batch), &sampling, output)?;
    let report = Report::new(&args.suite, split(&args.split), "cot", &outcomes);
    if !args.json {
        output.text(&report.table())?;
        output.note(&format!("{}, {:.0} s", model.name, start.elapsed().as_secs_f64()));
        return Ok(());
    }
    output.json(&Evaluation {
        model: model.name,
        device: session.device.take().unwrap_or_default().name,
        report,
        temperature: sampling.temperature,
        seed,
        problems_seed: args.problems_seed,
        elapsed_s: start.elapsed().as_secs_f64(),
        outcomes: args.outcomes.then_some(outcomes),
    })
}

/// The questions of `--file`, and what they are.
fn from_file(args: &EvalArgs) -> Result<(Vec<Question>, String), Failure> {
    let bad = |what: String| Failure::from(Error::BadRequest(what));
    let Some(path) = &args.file else {
        return Err(bad(format!("--suite {} needs --file with its questions", args.suite)));
    };
    if args.modes.is_empty() {
        return Err(bad(format!("--suite {} needs --modes, as in --modes cot", args.suite)));
    }
    let text = std::fs::read_to_string(path).map_err(|error| bad(format!("{}: {error}", path.display())))?;
    let mut questions = questions(&text, &args.suite)?;
    questions.truncate(args.count);
    // Whoever changes the file asks other questions.
    let hash = sha2::Sha256::digest(text.as_bytes());
    let head = hash.iter().take(8).fold(0_u64, |head, &byte| head << 8 | u64::from(byte));
    Ok((questions, format!("{}, file {head:016x}", args.suite)))
}

/// Asks every problem, so many at once; the outcomes are in the order of the problems.
fn answer_all(
    session: &mut Session,
    problems: &[Problem],
    lanes: usize,
    sampling: &SamplingOptions,
    output: &Output,
) -> Result<Vec<Outcome>, Failure> {
    let bar = progress_bar(output, "{msg} [{bar:30}] {pos}/{len} {eta}", problems.len() as u64);
    let mut pending: HashMap<RequestId, Pending> = HashMap::new();
    let mut outcomes: Vec<Option<Outcome>> = problems.iter().map(|_| None).collect();
    let (mut asked, mut done, mut correct) = (0, 0, 0);
    while done < problems.len() {
        while asked < problems.len() && pending.len() < lanes {
            let id = session.id();
            let messages = vec![Message { role: Role::User, content: problems[asked].question.clone() }];
            session.send(Request::Generate {
                id,
                prompt: Prompt::Chat { messages },
                sampling: sampling.clone(),
            });
            pending.insert(id, Pending { number: asked, ..Pending::default() });
            asked += 1;
        }
        match session.next()? {
            Event::Token { id, channel, text, .. } => {
                if let Some(reply) = pending.get_mut(&id) {
                    match channel {
                        Channel::Thought => reply.thought += &text,
                        Channel::Output => reply.output += &text,
                    }
                }
            }
            Event::Done { id, usage, .. } => {
                let Some(reply) = pending.remove(&id) else { continue };
                let outcome = score(&problems[reply.number], &reply.whole(), usage.completion_tokens);
                done += 1;
                correct += usize::from(outcome.correct);
                outcomes[reply.number] = Some(outcome);
                bar.set_message(format!("{correct} right"));
                bar.set_position(done as u64);
            }
            _ => {}
        }
    }
    bar.finish_and_clear();
    Ok(outcomes.into_iter().flatten().collect())
}

impl Pending {
    /// The reply in Marco's format, which the scoring reads; without an output there is no answer.
    fn whole(&self) -> String {
        let thought = format!("<Thought>\n{}\n", self.thought);
        if self.output.is_empty() {
            return thought;
        }
        format!("{thought}</Thought>\n<Output>\n{}\n</Output>", self.output)
    }
}

#[cfg(test)]
#[path = "eval_tests.rs"]
mod tests;
