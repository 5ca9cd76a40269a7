//! Searches on a real model, through the engine's one door: Polo Tiny on whatever adapter there is.

use std::cell::RefCell;
use std::rc::Rc;

use polo::protocol::{
    Action, Event, LoadOptions, Message, Mode, NodeId, NodeKind, Prompt, Request, Role, SamplingOptions,
    SearchOptions, Standing, StopCause, ThoughtFormat, Votes,
};
use polo::search::toy::{Proposer, Toy};
use polo::search::{Ask, Search};
use serde_json::{Value, json};

use crate::driver::{ID, Seen, drive, drive_with};

fn search(options: &SearchOptions, seed: u64) -> Request {
    let content = "What is 12 + 30 * 2 - 7?".into();
    let prompt = Prompt::Chat { messages: vec![Message { role: Role::User, content }] };
    // Hot, or Polo Tiny says the same again and again.
    let sampling = SamplingOptions { seed, temperature: 1.5, top_p: 1.0, ..SamplingOptions::default() };
    Request::Search { id: ID, prompt, sampling, search: options.clone() }
}

fn options() -> SearchOptions {
    SearchOptions {
        rollouts: 6,
        lanes: 3,
        agreement: 1.0,
        action: Action::MiniStep(16),
        ..SearchOptions::default()
    }
}

/// Runs a search to its end, and has it exported.
fn run(options: &SearchOptions, seed: u64) -> Seen {
    drive(vec![search(options, seed)], |event| match event {
        Event::SearchDone { .. } => Some(vec![Request::Export { id: ID }]),
        Event::Exported { .. } | Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    })
}

/// Everything of an export but how the questions came.
fn tree_of(json: &str) -> serde_json::Value {
    let value: serde_json::Value = serde_json::from_str(json).expect("it is JSON");
    value["search"]["tree"].clone()
}

#[test]
fn gpu_a_search_grows_a_tree_and_answers() {
    let seen = run(&options(), 1);
    assert!(seen.failures().is_empty(), "{:?}", seen.failures());
    let (report, nodes) = (seen.report(), seen.nodes());
    assert_eq!((report.stop, report.progress.rollouts), (StopCause::Rollouts, 6));
    assert_eq!(report.votes.classes.iter().map(|class| class.votes).sum::<u32>(), report.votes.votes);
    assert!(report.votes.votes > 0 && report.answer.is_some());
    // Parents first; what a rollout said is what its nodes hold.
    assert!(
        nodes
            .iter()
            .enumerate()
            .all(|(at, node)| node.node as usize == at + 1 && node.parent <= at as NodeId)
    );
    let path: String = report.path.iter().skip(1).map(|&id| nodes[id as usize - 1].text.as_str()).collect();
    assert_eq!(path, report.reply);
    assert!(report.reply.contains("<Output>"), "{}", report.reply);
    let visited = seen.events.iter().filter(|event| matches!(event, Event::Visited { .. })).count();
    assert_eq!(visited, 6);
    // Lanes share what they have in common: more than one node has several children, or the root does.
    let launched: Vec<_> = seen
        .events
        .iter()
        .filter_map(|event| {
            if let Event::Launched { rollout, node, .. } = event { Some((*rollout, *node)) } else { None }
        })
        .collect();
    assert!(launched.iter().filter(|(_, node)| *node == 0).count() >= 3, "{launched:?}");
    let (json, svg) = seen.export();
    assert!(svg.starts_with("<svg") && json.contains("\"polo-search-1\""));
    // The budget holds, and every chosen token has a confidence.
    assert!(report.progress.tokens <= report.progress.max_tokens);
    for node in tree_of(&json).as_array().expect("nodes") {
        for token in node["tokens"].as_array().expect("tokens") {
            let forced = token["forced"].as_bool().unwrap_or(false);
            assert!(forced || token["confidence"].as_f64().is_some_and(|c| c > 0.0 && c <= 1.0), "{token}");
        }
    }
}

#[test]
fn gpu_the_same_seed_gives_the_same_tree() {
    for options in [options(), SearchOptions { action: Action::Step, lanes: 4, rollouts: 8, ..options() }] {
        let trees: Vec<_> = [7, 7, 8].map(|seed| tree_of(&run(&options, seed).export().0)).into();
        assert_eq!(trees[0], trees[1]);
        assert_ne!(trees[0], trees[2]);
    }
}

#[test]
fn gpu_every_mode_runs() {
    for mode in [Mode::ChainOfThought, Mode::SelfConsistency, Mode::BestOfN] {
        let seen = run(&SearchOptions { mode, rollouts: 4, ..options() }, 3);
        let expected = if mode == Mode::ChainOfThought { 1 } else { 4 };
        assert_eq!((seen.failures(), seen.report().progress.rollouts), (vec![], expected), "{mode:?}");
        // Replies that are the same share their node.
        assert!((1..=expected).contains(&(seen.nodes().len() as u32)));
    }
}

#[test]
fn gpu_a_pause_changes_nothing() {
    let whole = run(&options(), 5);
    let mut tokens = 0;
    let held = drive(vec![search(&options(), 5)], move |event| match event {
        Event::Token { .. } => {
            tokens += 1;
            // Held in the middle of all lanes; a chat has the GPU meanwhile.
            Some(if tokens == 40 { vec![Request::Pause { id: ID }, other()] } else { Vec::new() })
        }
        Event::Done { id: 9, .. } => Some(vec![Request::Resume { id: ID }]),
        Event::SearchDone { .. } => Some(vec![Request::Export { id: ID }]),
        Event::Exported { .. } | Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    });
    assert!(held.failures().is_empty(), "{:?}", held.failures());
    assert_eq!(tree_of(&held.export().0), tree_of(&whole.export().0));
}

fn other() -> Request {
    let sampling = SamplingOptions { max_new_tokens: 8, temperature: 0.0, ..SamplingOptions::default() };
    Request::Generate { id: 9, prompt: Prompt::Raw { text: "1 + 1 =".into() }, sampling }
}

#[test]
fn gpu_an_export_goes_on_as_if_nothing_had_been() {
    let whole = run(&options(), 6);
    let mut visits = 0;
    let part = drive(vec![search(&options(), 6)], move |event| match event {
        Event::Visited { .. } => {
            visits += 1;
            Some(if visits == 2 { vec![Request::Export { id: ID }] } else { Vec::new() })
        }
        Event::Exported { .. } | Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    });
    let json = part.export().0;
    let later = drive(vec![Request::Import { id: ID, json: json.clone() }], |event| match event {
        Event::SearchDone { .. } => Some(vec![Request::Export { id: ID }]),
        Event::Exported { .. } | Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    });
    assert!(later.failures().is_empty(), "{:?}", later.failures());
    assert_eq!(tree_of(&later.export().0), tree_of(&whole.export().0));
    // A front end that has seen nothing of it knows the whole tree as well.
    assert_eq!(later.nodes(), whole.nodes());
    let visits =
        |seen: &Seen| seen.events.iter().filter(|event| matches!(event, Event::Visited { .. })).count();
    assert_eq!(visits(&later), 6);
    // What is no search is refused, and so is one of another question.
    for bad in [
        "{}",
        "no json",
        &json.replace("polo-search-1", "polo-search-9"),
        &json.replace("12 + 30", "13 + 30"),
    ] {
        let refused = drive(vec![Request::Import { id: ID, json: (*bad).into() }], |event| {
            if matches!(event, Event::Failed { .. }) { None } else { Some(Vec::new()) }
        });
        assert_eq!(refused.failures().len(), 1);
    }
}

#[test]
fn gpu_stopping_gives_the_best_answer_so_far() {
    let mut visits = 0;
    let seen = drive(
        vec![search(&SearchOptions { rollouts: 64, max_tokens: 100_000, ..options() }, 1)],
        move |event| match event {
            Event::Visited { .. } => {
                visits += 1;
                Some(if visits == 3 { vec![Request::Cancel { id: ID }] } else { Vec::new() })
            }
            Event::SearchDone { .. } | Event::Failed { .. } => None,
            _ => Some(Vec::new()),
        },
    );
    let report = seen.report();
    assert_eq!(report.stop, StopCause::Cancelled);
    assert!(report.progress.rollouts >= 3 && report.progress.rollouts < 64 && !report.reply.is_empty());
}

#[test]
fn gpu_time_that_runs_out_forces_answers() {
    let short = SearchOptions { rollouts: 512, max_tokens: 1_000_000, time_limit_s: 0.2, ..options() };
    let mut done = 0;
    let seen = drive(vec![search(&short, 1)], move |event| match event {
        Event::SearchDone { .. } => {
            done += 1;
            // One more branch, with time of its own.
            if done == 1 { Some(vec![Request::Continue { id: ID, node: 0 }]) } else { None }
        }
        Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    });
    assert!(seen.failures().is_empty(), "{:?}", seen.failures());
    let reports: Vec<_> = seen
        .events
        .iter()
        .filter_map(|event| if let Event::SearchDone { report, .. } = event { Some(report) } else { None })
        .collect();
    assert_eq!(reports[0].stop, StopCause::Time);
    assert!(seen.nodes().iter().any(|node| node.kind == NodeKind::Truncated));
    assert!(reports[1].progress.rollouts > reports[0].progress.rollouts, "the wish was granted");
}

#[test]
fn gpu_a_person_steers_the_tree() {
    let step = Rc::new(RefCell::new(0));
    let votes: Rc<RefCell<Vec<Votes>>> = Rc::default();
    let (at, kept) = (step.clone(), votes.clone());
    let mut first = 0;
    let seen = drive(vec![search(&options(), 2)], move |event| match event {
        Event::Voted { votes, .. } => {
            kept.borrow_mut().push(votes.clone());
            Some(Vec::new())
        }
        Event::SearchDone { report, .. } => {
            *at.borrow_mut() += 1;
            if *at.borrow() <= 3 {
                first = report.path[1];
            }
            Some(match *at.borrow() {
                1 => vec![Request::Node { id: ID, node: first }],
                2 => vec![Request::Continue { id: ID, node: first }],
                3 => vec![Request::Prune { id: ID, node: first, pruned: true }],
                _ => vec![
                    Request::Node { id: ID, node: first },
                    Request::Branch { id: ID, node: 99_999, at: 0, token: 0 },
                ],
            })
        }
        Event::Node { detail, .. } if *at.borrow() == 1 => {
            // Another token in the place of one that had alternatives.
            let (place, token) = detail
                .pieces
                .iter()
                .enumerate()
                .find_map(|(place, piece)| {
                    Some((place as u32, piece.top.iter().find(|top| top.token != piece.token)?.token))
                })
                .expect("alternatives are kept");
            Some(vec![Request::Branch { id: ID, node: detail.node.node, at: place, token }])
        }
        Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    });
    // A branch, then one more rollout from a node, each of which ended; then a vote without a pruned branch.
    let visited = seen.events.iter().filter(|event| matches!(event, Event::Visited { .. })).count();
    assert_eq!(visited, 8);
    let details: Vec<_> = seen
        .events
        .iter()
        .filter_map(|event| if let Event::Node { detail, .. } = event { Some(detail) } else { None })
        .collect();
    assert_eq!(details.len(), 2);
    assert_eq!(details[1].standing, Standing::Pruned);
    assert!(details[0].score.is_some() && details[0].visits > 0);
    let votes = votes.borrow();
    assert!(
        votes.last().map(|votes| votes.votes) < votes[votes.len() - 2].votes.into(),
        "fewer votes without the branch"
    );
    assert_eq!(seen.failures(), [format!("there is no node 99999: the tree has {}", seen.nodes().len() + 1)]);
}

#[test]
fn gpu_cold_branches_give_their_pages_up_and_grow_again() {
    // The pages hold some 1,600 tokens; the tree has several times as many.
    let wide = SearchOptions {
        rollouts: 14,
        max_tokens: 20_000,
        path_tokens: 360,
        branching: 6,
        action: Action::MiniStep(8),
        ..options()
    };
    let [tight, roomy] = [Some(400), None].map(|context| {
        let options = LoadOptions { context, ..LoadOptions::default() };
        // So hot that no two branches say the same, and none finds an end.
        let mut hot = search(&wide, 4);
        if let Request::Search { sampling, .. } = &mut hot {
            *sampling = SamplingOptions { temperature: 3.0, top_p: 1.0, top_k: 0, ..sampling.clone() };
        }
        drive_with(options, vec![hot], |event| match event {
            Event::SearchDone { .. } => Some(vec![Request::Export { id: ID }]),
            Event::Exported { .. } | Event::Failed { .. } => None,
            _ => Some(Vec::new()),
        })
    });
    let tokens: u32 = roomy.nodes().iter().map(|node| node.tokens).sum();
    assert!(tokens > 1_600, "{tokens} tokens do not fill the pages");
    assert!(tight.failures().is_empty(), "{:?}", tight.failures());
    assert_eq!(tree_of(&tight.export().0), tree_of(&roomy.export().0));
}

/// A search of 16 rollouts of which the last few are told and not yet in the tree.
fn record() -> Search {
    let options = SearchOptions { rollouts: 16, lanes: 8, agreement: 1.0, ..SearchOptions::default() };
    let mut search = Search::new(&options, &SamplingOptions::default(), ThoughtFormat::Marco, 1024)
        .expect("valid options");
    let mut toy = Toy { seed: 3, ..Toy::default() };
    loop {
        if let Ask::Done = search.clone().ask() {
            return search;
        }
        let mut lanes = Vec::new();
        while let Ask::Work(work) = search.ask() {
            lanes.push(work);
        }
        for work in lanes {
            search.tell(toy.propose(&work).expect("the toy has no faults")).expect("it is what was asked");
        }
    }
}

/// Its file: what is imported, and the nodes and the report that come of it. `tests/browser/worker.test.mjs` holds
/// the page's engine against the same file. Written anew by `POLO_WRITE=1 cargo test --test it one_record`.
const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/search/record.json");

#[test]
fn gpu_one_record_of_tokens_gives_one_tree() {
    let prompt = json!({ "kind": "tokens", "tokens": [1, 2, 3] });
    let import = json!({
        "format": "polo-search-1",
        "model": "toy",
        "prompt": prompt,
        "prompt_tokens": [1, 2, 3],
        "search": record(),
    });
    let write = std::env::var_os("POLO_WRITE").is_some();
    let known: Value = if write {
        json!({})
    } else {
        serde_json::from_str(&std::fs::read_to_string(RECORD).expect("the file is there"))
            .expect("it is JSON")
    };
    if !write {
        // Whatever order its keys are in.
        let known: Value =
            serde_json::from_str(known["import"].as_str().expect("a text")).expect("it is JSON");
        assert_eq!(known, import, "the record has changed: write it anew");
    }
    let seen = drive(vec![Request::Import { id: ID, json: import.to_string() }], |event| match event {
        Event::SearchDone { .. } | Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    });
    assert!(seen.failures().is_empty(), "{:?}", seen.failures());
    let (nodes, report) = (seen.nodes(), seen.report());
    // Rollouts from within the tree are among those that are settled after the import.
    assert!(nodes.iter().any(|node| node.rollout >= 8 && node.parent > 0));
    let found = json!({
        "import": import.to_string(),
        "nodes": serde_json::to_string(&nodes).expect("plain data"),
        "report": serde_json::to_string(&report).expect("plain data"),
    });
    if write {
        std::fs::write(RECORD, serde_json::to_string_pretty(&found).expect("plain data"))
            .expect("it can be written");
    } else {
        assert_eq!((&found["nodes"], &found["report"]), (&known["nodes"], &known["report"]));
    }
}
