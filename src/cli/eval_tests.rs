//! `polo eval` with a made-up engine: who is asked when, and whose answer is whose.

use std::sync::{Arc, Mutex};

use clap::Parser;

use super::{answer_all, from_file};
use crate::cli::args::{Args, Command};
use crate::cli::buffer::Buffer;
use crate::cli::made_up::{done, serve, token};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::eval::problems::{Problem, generate};
use crate::eval::suite;
use crate::protocol::{Channel, Prompt, Request, SamplingOptions, Usage};

const LANES: usize = 3;

#[test]
fn answers_are_their_problems_in_whatever_order_they_come() {
    let problems: Vec<Problem> = generate(1, super::split("test"), &suite("all").unwrap()).take(8).collect();
    let known: Vec<(String, String)> =
        problems.iter().map(|problem| (problem.question.clone(), problem.answer.clone())).collect();
    let most = Arc::new(Mutex::new(0));
    let seen = most.clone();
    let mut session = Session::scripted(move |emit, requests| {
        let mut waiting: Vec<(u64, usize)> = Vec::new();
        let mut asked = 0;
        serve(&*emit, requests, |request| {
            let Request::Generate { id, prompt: Prompt::Chat { messages }, .. } = request else { return };
            let number = known.iter().position(|(question, _)| *question == messages[0].content).unwrap();
            waiting.push((id, number));
            asked += 1;
            let mut most = seen.lock().unwrap();
            *most = waiting.len().max(*most);
            drop(most);
            // The last that was asked is the first that is answered.
            while waiting.len() == LANES || (asked == known.len() && !waiting.is_empty()) {
                let (id, number) = waiting.pop().unwrap();
                let say = |channel, text: &str| emit(token(id, channel, text));
                // The second is wrong, the third thinks the right thing and gives no answer.
                let right = &known[number].1;
                say(Channel::Thought, &format!("It is {right}."));
                match number {
                    1 => say(Channel::Output, "-12345"),
                    2 => {}
                    _ => say(Channel::Output, right),
                }
                let usage = Usage { completion_tokens: number + 1, ..Usage::default() };
                emit(done(id, "", usage));
            }
        });
    });
    let output = Output::to(Buffer::default(), Buffer::default(), false);
    let outcomes = answer_all(&mut session, &problems, LANES, &SamplingOptions::default(), &output).unwrap();
    assert_eq!(*most.lock().unwrap(), LANES, "so many at once, and no more");
    let told: Vec<(&str, bool, usize)> =
        outcomes.iter().map(|outcome| (outcome.question.as_str(), outcome.correct, outcome.tokens)).collect();
    let expected: Vec<(&str, bool, usize)> = problems
        .iter()
        .enumerate()
        .map(|(at, problem)| (problem.question.as_str(), ![1, 2].contains(&at), at + 1))
        .collect();
    assert_eq!(told, expected);
    assert_eq!(outcomes[2].answer, None, "a thought is no answer");
}

#[test]
fn a_file_is_read_up_to_the_count_and_known_by_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("questions.jsonl");
    let read = |text: &str, count: &str| {
        std::fs::write(&path, text).unwrap();
        let file = path.to_str().unwrap();
        let words = ["polo", "eval", "--suite", "gsm8k", "--modes", "cot", "--file", file, "--count", count];
        let Command::Eval(args) = Args::try_parse_from(words).unwrap().command else { panic!() };
        from_file(&args).unwrap()
    };
    let line = |question: &str| format!("{{\"question\":\"{question}\",\"answer\":\"So it is\\n#### 7\"}}\n");
    let three = [line("one?"), line("two?"), line("three?")].concat();
    let (questions, described) = read(&three, "2");
    assert_eq!(questions.iter().map(|question| question.text.as_str()).collect::<Vec<_>>(), ["one?", "two?"]);
    let (all, same) = read(&three, "10");
    assert_eq!((all.len(), &same), (3, &described), "the same file");
    assert_ne!(read(&three.replace("one", "uno"), "10").1, described, "another file asks other questions");
}
