//! `polo eval --modes`: ways of seeking answers on the same questions, kept in a folder so that a run goes on where
//! it was interrupted.

use std::collections::{HashMap, VecDeque};

use indicatif::ProgressBar;
use serde::Serialize;

use super::eval_args::EvalArgs;
use super::failure::Failure;
use super::output::Output;
use super::results::{Results, Settings};
use super::search_args::Variation;
use super::session::{Session, progress_bar};
use crate::Error;
use crate::eval::{Contest, Question, Recorder, Way, plot};
use crate::protocol::{
    Event, LoadOptions, Message, Mode, Prompt, Request, RequestId, Role, SamplingOptions, SearchOptions,
};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Printed<'a> {
    model: &'a str,
    questions: &'a str,
    sampling: &'a SamplingOptions,
    seeds: &'a [u64],
    #[serde(flatten)]
    contest: Contest,
}

/// Searches of one kind. Several ways may be read from them.
#[derive(Debug, Clone, PartialEq)]
struct Arm {
    /// Its file in the folder of results.
    file: String,
    options: SearchOptions,
}

/// A way of seeking answers: searches, and the rules by which they are read.
#[derive(Debug, Clone, PartialEq)]
struct Reader {
    name: String,
    arm: usize,
    options: SearchOptions,
}

/// What is to be searched so that every way can be read. One chain, the majority and the most confident reply are
/// read from the same whole replies; rules of voting and of stopping are read from any searches, so none is run anew
/// for them.
fn plan(modes: &[String], base: &SearchOptions) -> Result<(Vec<Arm>, Vec<Reader>), Failure> {
    let mut arms: Vec<Arm> = Vec::new();
    let mut readers: Vec<Reader> = Vec::new();
    for name in modes {
        let Variation { name, mode, changes } = Variation::parse(name)?;
        let asked = changes.over(&SearchOptions { mode, ..base.clone() });
        asked.validate()?;
        let resolved = asked.resolved();
        let vote = changes.vote.unwrap_or(resolved.vote);
        let searched = if mode == Mode::Mcts { Mode::Mcts } else { Mode::SelfConsistency };
        let defaults = SearchOptions::default();
        // What is decided at the end only is the reader's matter.
        let options = SearchOptions {
            mode: searched,
            vote: defaults.vote,
            vote_temperature: defaults.vote_temperature,
            agreement: 1.0,
            ..asked
        }
        .resolved();
        let arm = arms.iter().position(|arm| arm.options == options).unwrap_or_else(|| {
            arms.push(Arm { file: file_name(&name, searched), options });
            arms.len() - 1
        });
        if readers.iter().any(|reader| reader.name == name) {
            return Err(Error::BadRequest(format!("--modes: {name:?} is there twice")).into());
        }
        readers.push(Reader { name, arm, options: SearchOptions { vote, ..resolved } });
    }
    Ok((arms, readers))
}

/// `samples`, or `mcts` with the changes that make its trees other trees.
fn file_name(name: &str, mode: Mode) -> String {
    let base = if mode == Mode::Mcts { "mcts" } else { "samples" };
    let changes = name.split_once(':').map_or("", |(_, changes)| changes);
    let of_reading = |change: &&str| change.starts_with("vote") || change.starts_with("agreement");
    let rest: Vec<&str> =
        changes.split('+').filter(|change| !change.is_empty() && !of_reading(change)).collect();
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '=' | '-' | '.') { c } else { '_' };
    [&[base], &rest[..]].concat().join("+").chars().map(|c| if c == '+' { c } else { safe(c) }).collect()
}

/// Runs what is missing, and says what came of it. `described` names the questions.
pub(super) fn run(
    args: &EvalArgs,
    questions: &[Question],
    described: &str,
    output: &mut Output,
) -> Result<(), Failure> {
    let default = SearchOptions { agreement: 1.0, ..args.search.options(args.max_tokens) };
    let (arms, readers) = plan(&args.modes, &args.search.over(&default))?;
    let sampling = SamplingOptions {
        temperature: args.temperature.unwrap_or(SamplingOptions::default().temperature),
        top_p: args.top_p,
        top_k: args.top_k,
        ..SamplingOptions::default()
    };
    sampling.validate()?;
    let temporary;
    let folder = if let Some(folder) = &args.results {
        folder.as_path()
    } else {
        temporary = std::env::temp_dir().join(format!("polo-eval-{}", std::process::id()));
        &temporary
    };
    let model = args.model.model.clone().unwrap_or_else(|| "Polo Tiny".into());
    let model = if args.model.quantize == crate::protocol::Quantize::None {
        model
    } else {
        format!("{model}, {:?}", args.model.quantize)
    };
    let mut results = Vec::new();
    for arm in &arms {
        let settings = Settings {
            model: model.clone(),
            questions: described.into(),
            sampling: sampling.clone(),
            search: arm.options.clone(),
        };
        results.push(Results::open(folder, &arm.file, &settings)?);
    }
    let found = search_all(args, questions, &arms, &mut results, &sampling, output);
    if args.results.is_none() {
        // Nobody asked for them; what is left behind in a temporary folder does no harm.
        let _ = std::fs::remove_dir_all(folder);
    } else if matches!(found, Err(Failure::Interrupted)) {
        output.warn("What is done is kept: the same command goes on from here.");
    }
    found?;
    let asked =
        |trial: &&crate::eval::Trial| trial.problem < questions.len() && args.seeds.contains(&trial.seed);
    let trials: Vec<Vec<_>> =
        results.iter().map(|results| results.trials.iter().filter(asked).cloned().collect()).collect();
    let way = |reader: &'_ Reader| reader.arm;
    let ways: Vec<Way<'_>> = readers
        .iter()
        .map(|reader| Way { name: &reader.name, options: &reader.options, trials: &trials[way(reader)] })
        .collect();
    let contest = Contest::new(&ways);
    if let Some(path) = &args.report {
        let head = format!("{model}; {described}; temperature {}.\n\n", sampling.temperature);
        let written = std::fs::write(path, head + &contest.tables())
            .and_then(|()| std::fs::write(path.with_extension("svg"), plot(&contest.rows)));
        written.map_err(|error| Error::Write(format!("{}: {error}", path.display())))?;
    }
    if args.json {
        return output.json(&Printed {
            model: &model,
            questions: described,
            sampling: &sampling,
            seeds: &args.seeds,
            contest,
        });
    }
    output.text(&contest.tables())
}

/// Runs every search that is not done yet: seed by seed, and of each seed one kind after the other.
fn search_all(
    args: &EvalArgs,
    questions: &[Question],
    arms: &[Arm],
    results: &mut [Results],
    sampling: &SamplingOptions,
    output: &mut Output,
) -> Result<(), Failure> {
    let all: usize = args
        .seeds
        .iter()
        .flat_map(|&seed| results.iter().map(move |results| (results, seed)))
        .map(|(results, seed)| missing(results, questions, seed).len())
        .sum();
    if all == 0 {
        return Ok(());
    }
    let mut session = Session::start();
    let options = LoadOptions { max_batch: usize::from(args.batch), ..args.model.options() };
    session.load(args.model.source()?, options, output)?;
    let bar = progress_bar(output, "{msg} [{bar:30}] {pos}/{len} {eta}", all as u64);
    search_missing(&mut session, args, questions, arms, results, sampling, &bar)?;
    bar.finish_and_clear();
    Ok(())
}

/// Which questions were not searched with this seed.
fn missing(results: &Results, questions: &[Question], seed: u64) -> VecDeque<usize> {
    let done = results.done();
    (0..questions.len()).filter(|&problem| !done.contains(&(problem, seed))).collect()
}

/// The same over a session that has the model.
fn search_missing(
    session: &mut Session,
    args: &EvalArgs,
    questions: &[Question],
    arms: &[Arm],
    results: &mut [Results],
    sampling: &SamplingOptions,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    for &seed in &args.seeds {
        for (arm, results) in arms.iter().zip(&mut *results) {
            bar.set_message(format!("{} (seed {seed})", arm.file));
            let sampling = SamplingOptions { seed, ..sampling.clone() };
            let at_once = (u32::from(args.batch) / arm.options.lanes).max(1) as usize;
            let mut waiting = missing(results, questions, seed);
            let mut running: HashMap<RequestId, Recorder> = HashMap::new();
            let mut last = web_time::Instant::now();
            loop {
                while running.len() < at_once
                    && let Some(problem) = waiting.pop_front()
                {
                    let id = session.id();
                    let question = &questions[problem];
                    let messages = vec![Message { role: Role::User, content: question.text.clone() }];
                    session.send(Request::Search {
                        id,
                        prompt: Prompt::Chat { messages },
                        sampling: sampling.clone(),
                        search: arm.options.clone(),
                    });
                    running.insert(id, Recorder::new(problem, question, seed));
                }
                if running.is_empty() {
                    break;
                }
                let event = session.next()?;
                let Some(id) = about(&event) else { continue };
                if let Event::SearchDone { report, .. } = &event {
                    if let Some(recorder) = running.remove(&id) {
                        results.add(recorder.finish(report, last.elapsed().as_secs_f64()))?;
                        last = web_time::Instant::now();
                        bar.inc(1);
                    }
                } else if let Some(recorder) = running.get_mut(&id) {
                    recorder.apply(&event);
                }
            }
        }
    }
    Ok(())
}

/// The search that an event is about.
fn about(event: &Event) -> Option<RequestId> {
    match event {
        Event::Launched { id, .. }
        | Event::Token { id, .. }
        | Event::Expanded { id, .. }
        | Event::Visited { id, .. }
        | Event::SearchDone { id, .. } => Some(*id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Args, Command};
    use crate::cli::made_up::{found, serve};
    use crate::protocol::{Reflection, Repeats, VoteRule};

    #[test]
    fn every_question_is_searched_once_with_every_seed() {
        let words = ["polo", "eval", "--modes", "cot", "--modes", "mcts", "--seeds", "7,9"];
        let Command::Eval(args) = Args::try_parse_from(words).unwrap().command else { panic!() };
        let question = |text: &str| Question { group: "g".into(), text: text.into(), answer: "1".into() };
        let questions = ["a", "b", "c"].map(question);
        let (arms, _) = plan(&args.modes, &SearchOptions::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = |arm: &Arm| Settings {
            model: "m".into(),
            questions: "q".into(),
            sampling: SamplingOptions::default(),
            search: arm.options.clone(),
        };
        let open = |arm: &Arm| Results::open(folder.path(), &arm.file, &settings(arm)).unwrap();
        let mut results: Vec<Results> = arms.iter().map(open).collect();
        // One was done before.
        let search = Recorder::new(1, &questions[1], 7);
        results[0].add(search.finish(&found("x"), 0.0)).unwrap();
        let (sender, asked) = std::sync::mpsc::channel();
        let mut session = Session::scripted(move |emit, requests| {
            serve(&*emit, requests, |request| {
                let Request::Search { id, prompt: Prompt::Chat { messages }, sampling, search } = request
                else {
                    panic!("{request:?}")
                };
                sender.send((search.mode, sampling.seed, messages[0].content.clone())).unwrap();
                emit(Event::SearchDone { id, report: found("x") });
            });
        });
        let bar = ProgressBar::hidden();
        let sampling = SamplingOptions::default();
        search_missing(&mut session, &args, &questions, &arms, &mut results, &sampling, &bar).unwrap();
        drop(session);
        let told: Vec<(Mode, u64, String)> = asked.into_iter().collect();
        let all = |mode: Mode, seed: u64, texts: &[&str]| -> Vec<(Mode, u64, String)> {
            texts.iter().map(|text| (mode, seed, (*text).to_owned())).collect()
        };
        let (sampled, tree) = (arms[0].options.mode, arms[1].options.mode);
        let expected = [
            all(sampled, 7, &["a", "c"]),
            all(tree, 7, &["a", "b", "c"]),
            all(sampled, 9, &["a", "b", "c"]),
            all(tree, 9, &["a", "b", "c"]),
        ];
        assert_eq!(told, expected.concat());
        for (arm, results) in arms.iter().zip(&results) {
            let pairs = [7, 9].into_iter().flat_map(|seed| (0..3).map(move |problem| (problem, seed)));
            assert_eq!(results.done(), pairs.collect());
            assert_eq!(open(arm).trials, results.trials, "and kept");
        }
    }

    #[test]
    fn what_can_be_read_from_the_same_searches_is() {
        let names = [
            "cot",
            "sc",
            "bon",
            "sc:vote=weighted",
            "mcts",
            "mcts:agreement=0.95+vote=majority",
            "mcts:reflection=off",
            "mcts:vote=best+reflection=off",
        ];
        let base = SearchOptions { max_tokens: 1000, agreement: 1.0, ..SearchOptions::default() };
        let (arms, readers) = plan(&names.map(String::from), &base).unwrap();
        let files: Vec<&str> = arms.iter().map(|arm| arm.file.as_str()).collect();
        assert_eq!(files, ["samples", "mcts", "mcts+reflection=off"]);
        let arms_of: Vec<usize> = readers.iter().map(|reader| reader.arm).collect();
        assert_eq!(arms_of, [0, 0, 0, 0, 1, 1, 2, 2]);
        let votes: Vec<VoteRule> = readers[..6].iter().map(|reader| reader.options.vote).collect();
        let (majority, weighted, best) = (VoteRule::Majority, VoteRule::Weighted, VoteRule::BestPath);
        assert_eq!(votes, [best, majority, best, weighted, weighted, majority]);
        assert_eq!((readers[0].options.rollouts, readers[1].options.rollouts), (1, 8));
        // All is spent, whatever the readers do.
        assert!(arms.iter().all(|arm| arm.options.agreement >= 1.0 && arm.options.max_tokens == 1000));
        assert_eq!((readers[1].options.agreement, readers[5].options.agreement), (1.0, 0.95));
        assert_eq!((arms[0].options.repeats, arms[0].options.reflection), (Repeats::Count, Reflection::Off));
        assert!(plan(&["sc".into(), "sc".into()], &base).is_err());
        assert!(plan(&["mcts:lanes=17".into()], &base).is_err());
    }
}
