//! Sequences that choose on the CPU beside those that choose on the GPU: neither notices the other.

use std::collections::BTreeMap;

use polo::generate::{Chooser, Output, Scheduler, SequenceId, SequenceRequest};
use polo::ops::self_test::some_tokens;
use polo::protocol::{FinishReason, Variant};
use polo::sampler::{Guide, Rule, Rules, Taken};

use crate::generate::{Told, VOCAB, request, run, scheduler};

const SAMPLED: Rule = Rule { temperature: 0.9, top_k: 40, top_p: 0.95 };

/// The same, chosen on the CPU.
fn on_cpu(request: SequenceRequest, rules: Rules) -> SequenceRequest {
    let chooser = Chooser { rules, alternatives: 0, reply_from: request.tokens.len(), guide: None };
    SequenceRequest { rule: Rule::GREEDY, chooser: Some(chooser), ..request }
}

/// Each alone, and then all together; both must be the same.
fn alone_as_together(scheduler: &mut Scheduler, requests: &[SequenceRequest]) -> Vec<Told> {
    let mut alone = Vec::new();
    for request in requests {
        let id = scheduler.submit(request.clone()).unwrap();
        alone.push(run(scheduler).remove(&id).unwrap());
        scheduler.clear_cache();
    }
    let ids: Vec<_> = requests.iter().map(|request| scheduler.submit(request.clone()).unwrap()).collect();
    let mut together = run(scheduler);
    let mut told = Vec::new();
    for (at, (id, alone)) in ids.into_iter().zip(alone).enumerate() {
        assert_eq!(together.remove(&id).unwrap(), alone, "sequence {at}, bit for bit");
        told.push(Told::from([(at as SequenceId, alone)]));
    }
    scheduler.clear_cache();
    assert_eq!(scheduler.pages_used(), 0);
    told
}

#[test]
fn the_cpu_chooses_what_the_gpu_chooses() {
    let rules = [
        SAMPLED,
        Rule::GREEDY,
        Rule { temperature: 1.3, top_k: 0, top_p: 1.0 },
        Rule { temperature: 1.0, top_k: 0, top_p: 0.8 },
        Rule { temperature: 2.0, top_k: 5, top_p: 1.0 },
    ];
    for variant in [Variant::Base, Variant::Serial] {
        let mut scheduler = scheduler(variant);
        for (seed, rule) in (1..).zip(rules) {
            let asked = SequenceRequest { rule, ..request(seed, some_tokens(seed, 20, VOCAB), 40) };
            let ids = [asked.clone(), on_cpu(asked, Rules::of(rule))].map(|asked| {
                let id = scheduler.submit(asked).unwrap();
                let told = run(&mut scheduler).remove(&id).unwrap();
                scheduler.clear_cache();
                told
            });
            assert_eq!(ids[0], ids[1], "{variant:?} {rule:?}");
        }
    }
}

#[test]
fn neighbours_do_not_notice_who_chooses_where() {
    let mut scheduler = scheduler(Variant::Base);
    let penalties = Rules {
        presence_penalty: 0.5,
        frequency_penalty: 0.3,
        repeat_penalty: 1.2,
        min_p: 0.01,
        logit_bias: vec![(3, 4.0), (5, -100.0)],
        ..Rules::of(SAMPLED)
    };
    let requests: Vec<_> = (0..9u64)
        .map(|n| {
            let asked = request(n, some_tokens(n + 1, 3 + 7 * n as usize, VOCAB), 12 + n as usize);
            if n % 3 == 1 { on_cpu(asked, penalties.clone()) } else { asked }
        })
        .collect();
    let told = alone_as_together(&mut scheduler, &requests);
    assert!(told.iter().flat_map(|told| told.values()).all(|(tokens, _)| !tokens.is_empty()));
}

#[test]
fn penalties_change_what_is_said() {
    let mut scheduler = scheduler(Variant::Serial);
    let prompt = some_tokens(4, 12, VOCAB);
    let mut say = |rules: Rules| -> Vec<u32> {
        let id = scheduler.submit(on_cpu(request(1, prompt.clone(), 40), rules)).unwrap();
        run(&mut scheduler).remove(&id).unwrap().0.into_iter().map(|(token, _)| token).collect()
    };
    let repeats = |tokens: &[u32]| {
        let distinct: std::collections::BTreeSet<_> = tokens.iter().collect();
        tokens.len() - distinct.len()
    };
    let greedy = say(Rules::of(Rule::GREEDY));
    // A penalty beyond any logit: no token comes twice.
    let never = say(Rules { presence_penalty: 1e4, ..Rules::of(Rule::GREEDY) });
    assert!(repeats(&greedy) > 0, "this model repeats itself: {greedy:?}");
    assert_eq!(repeats(&never), 0, "{never:?}");
    // Biases: the one token there is.
    let forced = say(Rules { logit_bias: vec![(9, 1e4)], ..Rules::of(SAMPLED) });
    assert_eq!(forced, [9; 40]);
    // The prompt counts for the repeat penalty, not for the others.
    let mut first = |rules: Rules| say(rules)[0];
    let last = prompt[11];
    let biased = |rules: Rules| Rules { logit_bias: vec![(last, 1e4)], ..rules };
    assert_eq!(first(biased(Rules { presence_penalty: 2e4, ..Rules::of(Rule::GREEDY) })), last);
}

#[test]
fn more_than_the_pages_hold_is_chosen_one_after_the_other() {
    let mut scheduler = scheduler(Variant::Serial);
    let pages = scheduler.model().options().pages;
    let count = 2 * pages / 16;
    let rules = Rules { presence_penalty: 0.3, ..Rules::of(SAMPLED) };
    let ids: Vec<_> = (0..count as u64)
        .map(|n| {
            let asked = request(n, some_tokens(n + 7, 240, VOCAB), 10);
            scheduler.submit(if n % 2 == 0 { on_cpu(asked, rules.clone()) } else { asked }).unwrap()
        })
        .collect();
    let done = run(&mut scheduler);
    assert!(ids.iter().all(|id| done[id].0.len() == 10), "every sequence ends");
    scheduler.clear_cache();
    assert_eq!(scheduler.pages_used(), 0);
}

#[test]
fn pages_that_run_out_change_no_reply() {
    let mut scheduler = scheduler(Variant::Serial);
    let rules = Rules { frequency_penalty: 0.2, ..Rules::of(SAMPLED) };
    // Short prompts and long replies: pages run out in the middle of them.
    let count = 16;
    let requests: Vec<_> = (0..count)
        .map(|n| {
            let asked = request(n, some_tokens(n + 7, 4, VOCAB), 245);
            if n % 2 == 0 { on_cpu(asked, rules.clone()) } else { asked }
        })
        .collect();
    let pages = scheduler.model().options().pages;
    assert!(count as usize * 16 < pages + 1, "they would all fit, and nothing be tested");
    let ids: Vec<_> = requests.iter().map(|request| scheduler.submit(request.clone()).unwrap()).collect();
    let done = run(&mut scheduler);
    assert!(ids.iter().all(|id| done[id].0.len() == 245));
}

/// Allows even tokens only, refuses multiples of four at first sight, and is complete after ten.
#[derive(Debug, Clone, Default)]
struct Even {
    taken: Vec<u32>,
}

impl Guide for Even {
    fn allowed(&mut self) -> Result<Option<Vec<u32>>, String> {
        Ok(Some(vec![0x5555_5555; VOCAB.div_ceil(32)]))
    }

    fn take(&mut self, token: u32) -> Result<Taken, String> {
        if token.is_multiple_of(4) {
            return Ok(Taken::Refused);
        }
        self.taken.push(token);
        Ok(if self.taken.len() == 10 { Taken::Complete } else { Taken::GoesOn })
    }

    fn copy(&self) -> Box<dyn Guide> {
        Box::new(self.clone())
    }
}

#[test]
fn a_guide_is_followed_and_ends_the_reply() {
    let mut scheduler = scheduler(Variant::Serial);
    let guided = |seed| {
        let mut asked = on_cpu(request(seed, some_tokens(seed, 9, VOCAB), 50), Rules::of(SAMPLED));
        asked.chooser.as_mut().unwrap().guide = Some(Box::new(Even::default()));
        asked
    };
    let ids: Vec<_> = (1..8).map(|seed| scheduler.submit(guided(seed)).unwrap()).collect();
    let done = run(&mut scheduler);
    for id in ids {
        let (tokens, reason) = &done[&id];
        assert_eq!((tokens.len(), *reason), (10, Some(FinishReason::Stop)));
        assert!(tokens.iter().all(|(token, _)| token % 4 == 2), "{tokens:?}");
    }
}

#[test]
fn twenty_alternatives_begin_with_the_five() {
    let mut scheduler = scheduler(Variant::Serial);
    let mut asked = on_cpu(request(3, some_tokens(3, 9, VOCAB), 12), Rules::of(SAMPLED));
    asked.chooser.as_mut().unwrap().alternatives = 20;
    scheduler.submit(asked).unwrap();
    let mut seen = 0;
    while scheduler.is_busy() {
        for output in pollster::block_on(scheduler.step()).unwrap() {
            if let Output::Token { record, top, .. } = output {
                assert_eq!(top.len(), 20);
                assert!(top.windows(2).all(|pair| pair[0].1 >= pair[1].1));
                let five: Vec<(u32, f32)> = record.top().collect();
                assert_eq!(top[..5], five);
                if let Some((_, logprob)) = top.iter().find(|(token, _)| *token == record.id) {
                    assert_eq!(logprob.to_bits(), record.logprob().to_bits());
                }
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 12);
}

/// What was told of a prompt: place and log-probability.
fn echoed(scheduler: &mut Scheduler) -> BTreeMap<SequenceId, Vec<(usize, f32)>> {
    let mut out: BTreeMap<SequenceId, Vec<(usize, f32)>> = BTreeMap::new();
    while scheduler.is_busy() {
        for output in pollster::block_on(scheduler.step()).unwrap() {
            match output {
                Output::Prompt { id, position, logprob, top } => {
                    assert_eq!(top.len(), 3);
                    out.entry(id).or_default().push((position, logprob));
                }
                Output::Failed { error, .. } => panic!("{error}"),
                _ => {}
            }
        }
    }
    out
}

#[test]
fn a_prompt_that_is_told_is_as_it_was_said() {
    for variant in [Variant::Base, Variant::Serial] {
        let mut scheduler = scheduler(variant);
        let prompt = some_tokens(2, 30, VOCAB);
        scheduler.submit(request(5, prompt.clone(), 50)).unwrap();
        let mut said = Vec::new();
        while scheduler.is_busy() {
            for output in pollster::block_on(scheduler.step()).unwrap() {
                if let Output::Token { record, .. } = output {
                    said.push((record.id, record.logprob()));
                }
            }
        }
        let whole: Vec<u32> = prompt.iter().copied().chain(said.iter().map(|(token, _)| *token)).collect();
        // Nothing but the prompt, the prompt and a reply, beside others, and on the CPU as well.
        let told = SequenceRequest { echo: Some(3), ..request(5, whole.clone(), 0) };
        let replied = SequenceRequest { max_new_tokens: 6, ..told.clone() };
        let mut ids =
            vec![scheduler.submit(told.clone()).unwrap(), scheduler.submit(replied.clone()).unwrap()];
        scheduler.submit(request(6, some_tokens(9, 100, VOCAB), 30)).unwrap();
        ids.push(scheduler.submit(on_cpu(replied, Rules::of(SAMPLED))).unwrap());
        let all = echoed(&mut scheduler);
        for id in ids {
            let heard = &all[&id];
            let places: Vec<usize> = heard.iter().map(|(position, _)| *position).collect();
            assert_eq!(places, (1..whole.len()).collect::<Vec<_>>(), "{variant:?}: each once, in order");
            for ((position, logprob), (_, want)) in heard[29..].iter().zip(&said) {
                assert!((logprob - want).abs() < 5e-3, "{variant:?} {position}: {logprob}, said with {want}");
            }
        }
        scheduler.clear_cache();
        assert_eq!(scheduler.pages_used(), 0);
    }
}
