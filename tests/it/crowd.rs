//! Many requests at once: who is served when, and that none notices the others, whoever leaves.

use std::collections::BTreeMap;

use polo::generate::{Chooser, Output, Scheduler, SequenceId, SequenceRequest};
use polo::ops::self_test::some_tokens;
use polo::protocol::{Event, FinishReason, Message, Prompt, Request, Role, SamplingOptions, Variant};
use polo::sampler::{Rule, Rules};

use crate::driver::drive;
use crate::generate::{VOCAB, request, run, scheduler};

fn greedy(seed: u64, prompt: usize, length: usize) -> SequenceRequest {
    SequenceRequest {
        rule: Rule::GREEDY,
        group: seed,
        ..request(seed, some_tokens(seed, prompt, VOCAB), length)
    }
}

fn step(scheduler: &mut Scheduler) -> Vec<Output> {
    pollster::block_on(scheduler.step()).unwrap()
}

#[test]
fn a_request_with_many_replies_lets_others_in() {
    let mut scheduler = scheduler(Variant::Serial);
    let slots = scheduler.model().options().sequences;
    for choice in 0..2 * slots as u32 {
        let many = SequenceRequest { choice, group: 1, ..greedy(1, 5, 10 + choice as usize % 7) };
        scheduler.submit(many).unwrap();
    }
    let (mut admitted, mut others) = (Vec::new(), Vec::new());
    while scheduler.is_busy() {
        if admitted.len() == slots && others.is_empty() {
            others = [2, 3].map(|group| scheduler.submit(greedy(group, 9, 5)).unwrap()).to_vec();
        }
        for output in step(&mut scheduler) {
            if let Output::Admitted { id, .. } = output {
                admitted.push(id);
            }
        }
    }
    // They come last, and are the first to follow those that run.
    assert_eq!(admitted[slots..slots + 2], others, "{admitted:?}");
    assert_eq!(admitted.len(), 2 * slots + 2);
}

#[test]
fn a_short_prompt_does_not_wait_for_a_long_one() {
    let mut scheduler = scheduler(Variant::Serial);
    let chunk = scheduler.model().max_rows();
    let long = scheduler.submit(greedy(1, 2 * chunk + 7, 3)).unwrap();
    let short = scheduler.submit(greedy(2, 4, 3)).unwrap();
    let mut first = Vec::new();
    while scheduler.is_busy() {
        for output in step(&mut scheduler) {
            if let Output::Token { id, .. } = output
                && !first.contains(&id)
            {
                first.push(id);
            }
        }
    }
    assert_eq!(first, [short, long]);
}

#[test]
fn a_crowd_with_random_leavers_says_what_each_says_alone() {
    let mut scheduler = scheduler(Variant::Base);
    let dice = some_tokens(77, 400, 1000);
    let mut roll = dice.iter().copied().cycle();
    let mut next = move |most: u32| roll.next().unwrap_or_default() % most;
    let requests: Vec<SequenceRequest> = (1..=40u64)
        .map(|n| {
            let mut asked = greedy(n, 2 + next(60) as usize, 4 + next(30) as usize);
            // Nothing in common: what is shared may be rounded differently.
            asked.tokens[0] = n as u32;
            if n % 4 == 1 {
                let rules = Rules { presence_penalty: 0.4, ..Rules::of(Rule::GREEDY) };
                let reply_from = asked.tokens.len();
                asked.chooser = Some(Chooser { rules, alternatives: 8, reply_from, guide: None });
            }
            asked.echo = (n % 5 == 0).then_some(2);
            asked
        })
        .collect();
    let alone: Vec<_> = requests
        .iter()
        .map(|request| {
            let id = scheduler.submit(request.clone()).unwrap();
            let told = run(&mut scheduler).remove(&id).unwrap();
            scheduler.clear_cache();
            told.0
        })
        .collect();
    let mut open: BTreeMap<SequenceId, usize> = BTreeMap::new();
    let mut said: Vec<Vec<(u32, u32)>> = vec![Vec::new(); requests.len()];
    let mut ended: Vec<Option<FinishReason>> = vec![None; requests.len()];
    let (mut sent, mut left) = (0, 0);
    while sent < requests.len() || scheduler.is_busy() {
        if sent < requests.len() && (open.len() < 8 || next(3) == 0) {
            open.insert(scheduler.submit(requests[sent].clone()).unwrap(), sent);
            sent += 1;
        }
        if next(12) == 0
            && let Some(&id) = open.keys().nth(next(8) as usize)
        {
            scheduler.cancel(id);
            left += 1;
        }
        for output in step(&mut scheduler) {
            match output {
                Output::Token { id, record, .. } => said[open[&id]].push((record.id, record.logit.to_bits())),
                Output::Finished { id, reason } => {
                    ended[open.remove(&id).expect("it ends once")] = Some(reason);
                }
                Output::Failed { error, .. } => panic!("{error}"),
                Output::Admitted { .. } | Output::Prompt { .. } => {}
            }
        }
    }
    for (at, ((said, alone), ended)) in said.iter().zip(&alone).zip(ended).enumerate() {
        match ended.expect("every request ends") {
            FinishReason::Cancelled => assert_eq!(said[..], alone[..said.len()], "request {at}"),
            _ => assert_eq!(said, alone, "request {at}"),
        }
    }
    assert!((3..30).contains(&left), "{left} of {} left", requests.len());
    scheduler.clear_cache();
    assert_eq!(scheduler.pages_used(), 0);
}

#[test]
fn a_hundred_that_begin_alike_wait_for_the_first_and_share_it() {
    let mut scheduler = scheduler(Variant::Serial);
    let prompt = some_tokens(5, 180, VOCAB);
    for choice in 0..100 {
        let asked = SequenceRequest { choice, group: u64::from(choice), ..request(7, prompt.clone(), 2) };
        scheduler.submit(asked).unwrap();
    }
    let mut cached = Vec::new();
    let mut done = 0;
    while scheduler.is_busy() {
        for output in step(&mut scheduler) {
            match output {
                Output::Admitted { cached: found, .. } => cached.push(found),
                Output::Finished { .. } => done += 1,
                Output::Failed { error, .. } => panic!("{error}"),
                _ => {}
            }
        }
    }
    assert_eq!((done, cached.len(), cached[0]), (100, 100, 0));
    assert!(cached[1..].iter().all(|found| *found == 179), "{cached:?}");
}

fn ask(id: u64, question: &str, sampling: SamplingOptions) -> Request {
    let messages = vec![Message { role: Role::User, content: question.into() }];
    Request::Generate { id, prompt: Prompt::Chat { messages }, sampling }
}

#[test]
fn many_replies_to_one_question_do_not_hold_up_another() {
    let many = SamplingOptions {
        choices: 64,
        max_new_tokens: 40,
        temperature: 1.0,
        ignore_end: true,
        ..Default::default()
    };
    let few = SamplingOptions { max_new_tokens: 8, ..Default::default() };
    let mut ended = 0;
    let mut at_done = None;
    let seen = drive(vec![ask(2, "What is 3 + 4?", many), ask(3, "Reverse the word cat.", few)], {
        move |event| {
            match event {
                Event::Ended { id: 2, .. } => ended += 1,
                Event::Done { id: 3, .. } => at_done = Some(ended),
                Event::Failed { message, .. } => panic!("{message}"),
                _ => {}
            }
            let over = matches!(event, Event::Done { id: 2, .. });
            assert!(!over || at_done == Some(0), "the other was done when {at_done:?} of the many had ended");
            (!over).then(Vec::new)
        }
    });
    assert!(seen.failures().is_empty());
}

#[test]
fn who_is_cancelled_leaves_at_once_and_the_others_say_the_same() {
    let greedy = SamplingOptions { temperature: 0.0, max_new_tokens: 40, ..Default::default() };
    let questions = ["What is 3 + 4?", "Reverse the word cat.", "Is 7 larger than 5?", "What is 9 - 2?"];
    let asked = || (2..).zip(questions).map(|(id, question)| ask(id, question, greedy.clone()));
    let replies = |events: &[Event]| -> BTreeMap<u64, (Vec<String>, FinishReason)> {
        let done = events.iter().filter_map(|event| match event {
            Event::Done { id, replies, finish_reason, .. } => Some((*id, (replies.clone(), *finish_reason))),
            _ => None,
        });
        done.collect()
    };
    let mut alone = BTreeMap::new();
    for request in asked() {
        let seen = drive(vec![request], |event| (!matches!(event, Event::Done { .. })).then(Vec::new));
        alone.extend(replies(&seen.events));
    }
    // The third leaves with its fifth token.
    let (mut open, mut tokens) = (questions.len(), 0);
    let seen = drive(asked().collect(), move |event| {
        open -= usize::from(matches!(event, Event::Done { .. }));
        let third = matches!(event, Event::Token { id: 4, .. });
        tokens += usize::from(third);
        let leaves = third && tokens == 5;
        (open > 0).then(|| if leaves { vec![Request::Cancel { id: 4 }] } else { Vec::new() })
    });
    let together = replies(&seen.events);
    assert_eq!(together[&4].1, FinishReason::Cancelled);
    let after = seen.events.iter().filter(|event| matches!(event, Event::Token { id: 4, .. })).count();
    assert!(after <= 16, "{after} tokens of a reply that was stopped after five");
    for id in [2, 3, 5] {
        assert_eq!(together[&id], alone[&id], "request {id}");
    }
}
