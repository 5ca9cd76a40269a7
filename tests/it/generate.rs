//! The scheduler from outside: sequences that come and go, share pages, and never notice one another.

use std::collections::BTreeMap;

use polo::generate::{Output, Scheduler, SequenceId, SequenceRequest};
use polo::ops::self_test::some_tokens;
use polo::protocol::{FinishReason, KvType, Variant};
use polo::sampler::Rule;

use crate::golden::load;

const MODEL: &str = "gqa7_one_kv";
pub(crate) const VOCAB: usize = 301;

pub(crate) fn scheduler(variant: Variant) -> Scheduler {
    Scheduler::new(pollster::block_on(load(MODEL, variant, KvType::F16, 128 << 20)))
}

pub(crate) fn request(seed: u64, prompt: Vec<u32>, max_new_tokens: usize) -> SequenceRequest {
    let rule = Rule { temperature: 0.9, top_k: 40, top_p: 0.95 };
    SequenceRequest { tokens: prompt, rule, seed, max_new_tokens, ..SequenceRequest::default() }
}

/// Of each sequence: (token, bits of its logit), and why it ended.
pub(crate) type Told = BTreeMap<SequenceId, (Vec<(u32, u32)>, Option<FinishReason>)>;

/// Runs to the end: the (token, logit) pairs of each sequence, and why it ended.
pub(crate) fn run(scheduler: &mut Scheduler) -> Told {
    let mut out = Told::new();
    while scheduler.is_busy() {
        for output in pollster::block_on(scheduler.step()).unwrap() {
            match output {
                Output::Token { id, record, .. } => {
                    out.entry(id).or_default().0.push((record.id, record.logit.to_bits()));
                }
                Output::Finished { id, reason } => out.entry(id).or_default().1 = Some(reason),
                Output::Failed { error, .. } => panic!("{error}"),
                Output::Admitted { .. } | Output::Prompt { .. } => {}
            }
        }
    }
    out
}

#[test]
fn a_sequence_does_not_depend_on_who_shares_its_batch() {
    for variant in [Variant::Base, Variant::Serial, Variant::Subgroup] {
        let mut scheduler = scheduler(variant);
        // Prompts of different lengths with nothing in common.
        let requests: Vec<_> = (0..11)
            .map(|n| request(n, some_tokens(n + 1, 3 + 5 * n as usize, VOCAB), 12 + n as usize))
            .collect();
        let mut alone = Vec::new();
        for request in &requests {
            let id = scheduler.submit(request.clone()).unwrap();
            alone.push(run(&mut scheduler).remove(&id).unwrap());
            scheduler.clear_cache();
        }
        let ids: Vec<_> = requests.iter().map(|request| scheduler.submit(request.clone()).unwrap()).collect();
        let mut together = run(&mut scheduler);
        for (id, alone) in ids.into_iter().zip(alone) {
            assert_eq!(together.remove(&id).unwrap(), alone, "{variant:?}, bit for bit");
        }
        scheduler.clear_cache();
        assert_eq!(scheduler.pages_used(), 0);
    }
}

#[test]
fn a_shared_prefix_gives_what_a_fresh_prefill_gives() {
    for variant in [Variant::Base, Variant::Serial] {
        let mut scheduler = scheduler(variant);
        let prompt = some_tokens(5, 45, VOCAB);
        scheduler.submit(request(1, prompt.clone(), 20)).unwrap();
        run(&mut scheduler);
        // Edits at every kind of place: on a page's edge, within, at the very end.
        for cut in [1, 16, 23, 32, 44, 45] {
            let mut edited = prompt[..cut].to_vec();
            edited.extend(some_tokens(cut as u64 + 50, 9, VOCAB));
            let greedy = SequenceRequest { rule: Rule::GREEDY, ..request(3, edited.clone(), 10) };
            assert!(scheduler.cached_len(&edited) >= cut, "cut {cut}");
            let id = scheduler.submit(greedy.clone()).unwrap();
            let shared = run(&mut scheduler).remove(&id).unwrap();
            let mut fresh = self::scheduler(variant);
            let id = fresh.submit(greedy).unwrap();
            let fresh = run(&mut fresh).remove(&id).unwrap();
            for ((a, a_logit), (b, b_logit)) in shared.0.iter().zip(&fresh.0) {
                let (a_logit, b_logit) = (f32::from_bits(*a_logit), f32::from_bits(*b_logit));
                // Sums in another order; f16 keys and values may round to the neighbour.
                assert!((a_logit - b_logit).abs() <= 5e-3 * b_logit.abs().max(1.0), "{variant:?} cut {cut}");
                if a != b {
                    break;
                }
            }
            assert_eq!(shared.0[0].0, fresh.0[0].0, "{variant:?} cut {cut}");
        }
        scheduler.clear_cache();
        assert_eq!(scheduler.pages_used(), 0);
    }
}

#[test]
fn branches_of_one_prefix_decode_together_as_each_alone() {
    // The base and subgroup families read what the branches share once for all of them.
    for variant in [Variant::Base, Variant::Subgroup] {
        let mut scheduler = scheduler(variant);
        // Longer than one split of attention.
        let prompt = some_tokens(5, 150, VOCAB);
        let branch = |choice| SequenceRequest { choice, ..request(7, prompt.clone(), 24) };
        // Leaves the prefix in the cache, so that every branch begins with the same pages.
        scheduler.submit(branch(99)).unwrap();
        run(&mut scheduler);
        let mut alone = Vec::new();
        for choice in 0..11 {
            let id = scheduler.submit(branch(choice)).unwrap();
            alone.push(run(&mut scheduler).remove(&id).unwrap());
        }
        let ids: Vec<_> = (0..11).map(|choice| scheduler.submit(branch(choice)).unwrap()).collect();
        let mut together = run(&mut scheduler);
        for (choice, (id, alone)) in ids.into_iter().zip(&alone).enumerate() {
            assert_eq!(&together.remove(&id).unwrap(), alone, "{variant:?} choice {choice}");
        }
        let distinct: std::collections::BTreeSet<_> =
            alone.iter().map(|(tokens, _)| tokens.clone()).collect();
        assert!(distinct.len() > 5, "the branches are not all alike");
    }
}

#[test]
fn prompts_longer_than_a_chunk_and_more_sequences_than_slots() {
    let mut scheduler = scheduler(Variant::Serial);
    let chunk = scheduler.model().max_rows();
    let long = request(1, some_tokens(1, chunk * 2 + 7, VOCAB), 5);
    let ids: Vec<_> = std::iter::once(long)
        .chain((0..25).map(|n| request(n, some_tokens(n + 90, 4, VOCAB), 3)))
        .map(|request| scheduler.submit(request).unwrap())
        .collect();
    let done = run(&mut scheduler);
    assert_eq!(done.len(), ids.len());
    assert_eq!(done[&ids[0]].0.len(), 5);
    assert!(ids[1..].iter().all(|id| done[id].0.len() == 3 && done[id].1 == Some(FinishReason::Length)));
}

#[test]
fn the_same_seed_repeats_and_another_does_not() {
    let mut scheduler = scheduler(Variant::Serial);
    let prompt = some_tokens(8, 20, VOCAB);
    let ids = [1, 1, 2].map(|seed| scheduler.submit(request(seed, prompt.clone(), 30)).unwrap());
    let done = run(&mut scheduler);
    assert_eq!(done[&ids[0]], done[&ids[1]]);
    assert_ne!(done[&ids[0]].0, done[&ids[2]].0);
}

#[test]
fn cancelling_frees_the_work_at_once() {
    let mut scheduler = scheduler(Variant::Serial);
    let keep = scheduler.submit(request(1, some_tokens(1, 10, VOCAB), 40)).unwrap();
    let drop = scheduler.submit(request(2, some_tokens(2, 10, VOCAB), 40)).unwrap();
    let (mut kept, mut dropped_after) = (0, 0);
    let mut cancelled = false;
    while scheduler.is_busy() {
        for output in pollster::block_on(scheduler.step()).unwrap() {
            match output {
                Output::Token { id, .. } if id == keep => kept += 1,
                Output::Token { .. } => dropped_after += usize::from(cancelled),
                Output::Finished { id, reason } => {
                    assert_eq!(
                        reason,
                        if id == keep { FinishReason::Length } else { FinishReason::Cancelled }
                    );
                }
                Output::Failed { error, .. } => panic!("{error}"),
                Output::Admitted { .. } | Output::Prompt { .. } => {}
            }
        }
        if kept >= 5 && !cancelled {
            cancelled = true;
            scheduler.cancel(drop);
            scheduler.cancel(drop);
        }
    }
    assert_eq!((kept, dropped_after), (40, 0));
}

#[test]
fn a_full_context_ends_the_reply_and_refuses_the_prompt() {
    let mut scheduler = scheduler(Variant::Serial);
    let context = scheduler.model().options().context;
    let id = scheduler.submit(request(1, some_tokens(1, context - 3, VOCAB), 100)).unwrap();
    let done = run(&mut scheduler);
    assert_eq!((done[&id].0.len(), done[&id].1), (3, Some(FinishReason::Context)));
    let error = scheduler.submit(request(1, some_tokens(1, context, VOCAB), 1)).unwrap_err();
    assert!(error.to_string().contains(&context.to_string()), "{error}");
    assert_eq!(scheduler.submit(request(1, vec![], 1)).unwrap_err().kind(), "bad_request");
    assert_eq!(scheduler.submit(request(1, vec![VOCAB as u32], 1)).unwrap_err().kind(), "bad_request");
}

#[test]
fn more_than_the_pages_hold_is_done_one_after_the_other() {
    let mut scheduler = scheduler(Variant::Serial);
    // 16 sequences of 251 tokens would need 16 * 16 pages and more than there are once they grow apart; 30 do.
    let pages = scheduler.model().options().pages;
    let count = 2 * pages / 16;
    let ids: Vec<_> = (0..count as u64)
        .map(|n| scheduler.submit(request(n, some_tokens(n + 7, 240, VOCAB), 10)).unwrap())
        .collect();
    let done = run(&mut scheduler);
    assert!(ids.iter().all(|id| done[id].0.len() == 10), "every sequence ends");
    scheduler.clear_cache();
    assert_eq!(scheduler.pages_used(), 0);
}

#[test]
fn sequences_that_begin_alike_compute_the_beginning_once() {
    let mut scheduler = scheduler(Variant::Serial);
    // 12 pages of 16 tokens; all are there before any has been computed.
    let prompt = some_tokens(5, 192, VOCAB);
    let ids: Vec<_> = (0..4)
        .map(|choice| scheduler.submit(SequenceRequest { choice, ..request(7, prompt.clone(), 24) }).unwrap())
        .collect();
    let other = scheduler.submit(request(8, some_tokens(6, 20, VOCAB), 8)).unwrap();
    let mut most_pages = 0;
    let mut told = Told::new();
    while scheduler.is_busy() {
        for output in pollster::block_on(scheduler.step()).unwrap() {
            if let Output::Token { id, record, .. } = output {
                told.entry(id).or_default().0.push((record.id, record.logit.to_bits()));
            }
        }
        most_pages = most_pages.max(scheduler.pages_used());
    }
    assert!(told[&other].0.len() == 8 && ids.iter().all(|id| told[id].0.len() == 24));
    // The prompt, four continuations of two pages with a broken one each, and the other sequence.
    assert!(most_pages <= 12 + 4 * 3 + 3, "{most_pages} pages");
}

/// What a record says of the logits: log-sum-exp, then the best five with their ids.
fn seen(record: &polo::sampler::Record) -> (f32, Vec<(u32, f32)>) {
    (record.log_sum_exp, record.top_ids.into_iter().zip(record.top_logits).collect())
}

#[test]
fn the_logits_of_every_node_of_a_tree_are_those_of_its_path() {
    for variant in [Variant::Base, Variant::Subgroup, Variant::Serial] {
        let model = || pollster::block_on(load(MODEL, variant, KvType::F32, 128 << 20));
        let mut tree = Scheduler::new(model());
        let mut line = Scheduler::new(model());
        // Each node goes on from a random place of a random earlier one, with tokens of its own; eight at a time.
        let mut paths: Vec<Vec<u32>> = vec![some_tokens(3, 37, VOCAB)];
        let mut checked = 0;
        for round in 0..4u64 {
            let mut records = BTreeMap::new();
            for lane in 0..8u64 {
                let dice = some_tokens(100 + round * 8 + lane, 3, 1 << 16);
                let parent = &paths[dice[0] as usize % paths.len()];
                let cut = 20 + dice[1] as usize % (parent.len() - 19);
                let mut path = parent[..cut.min(parent.len())].to_vec();
                path.extend(some_tokens(200 + round * 8 + lane, dice[2] as usize % 4, VOCAB));
                let length = 3 + dice[2] as usize % 14;
                let asked = SequenceRequest { choice: lane as u32, ..request(round, path.clone(), length) };
                records.insert(tree.submit(asked).unwrap(), (path, Vec::new()));
            }
            while tree.is_busy() {
                for output in pollster::block_on(tree.step()).unwrap() {
                    if let Output::Token { id, record, .. } = output {
                        records.get_mut(&id).unwrap().1.push(record);
                    }
                }
            }
            for (mut path, records) in records.into_values() {
                for record in &records {
                    // Every other token, and the whole line anew for each.
                    if record.position % 2 == 0 {
                        line.clear_cache();
                        let fresh = line.submit(request(round, path.clone(), 1)).unwrap();
                        let mut alone = None;
                        while line.is_busy() {
                            for output in pollster::block_on(line.step()).unwrap() {
                                match output {
                                    Output::Token { id, record, .. } if id == fresh => alone = Some(record),
                                    _ => {}
                                }
                            }
                        }
                        let (a, b) = (seen(record), seen(&alone.unwrap()));
                        let close = |a: f32, b: f32| (a - b).abs() <= 1e-4 * b.abs().max(1.0);
                        assert!(close(a.0, b.0), "{variant:?}: {} and {}", a.0, b.0);
                        for ((a_id, a), (b_id, b)) in a.1.iter().zip(&b.1) {
                            assert!(close(*a, *b), "{variant:?}: {a_id} {a} and {b_id} {b}");
                        }
                        checked += 1;
                    }
                    path.push(record.id);
                }
                paths.push(path);
            }
        }
        assert!(checked > 100, "{checked} nodes");
        tree.clear_cache();
        assert_eq!(tree.pages_used(), 0);
    }
}
