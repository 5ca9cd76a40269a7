//! Searches that a chat asks for: how they reach the engine, and how their trees are told, over a made-up engine.

use axum::http::StatusCode;
use polo::protocol::{
    Chosen, Event, NodeKind, Preset, Request as Ask, SearchOptions, SearchProgress, SearchReport, StopCause,
    TreeNode, Votes,
};
use polo::server::ServerOptions;
use serde_json::{Value, json};

use crate::http::{Script, post};
use crate::server_guard::hello;

/// A tree of a thought and an answer, of five and three tokens, in a search of twenty.
fn searching() -> Script {
    Script::telling(|asked| {
        let Ask::Search { id, .. } = asked else { return None };
        let id = *id;
        let node = |node, parent, kind, text: &str, tokens| TreeNode {
            node,
            parent,
            rollout: 0,
            kind,
            text: text.into(),
            tokens,
            confidence: Some(0.5),
            answer: None,
        };
        let nodes =
            vec![node(1, 0, NodeKind::Segment, "six times seven", 5), node(2, 1, NodeKind::Final, "42", 3)];
        let report = SearchReport {
            answer: Some("42".into()),
            reply: "<Thought>\nsix times seven\n</Thought>\n<Output>\n42\n</Output>".into(),
            path: vec![0, 1, 2],
            chosen: Chosen::Vote,
            votes: Votes::default(),
            without_reflection: None,
            stop: StopCause::Rollouts,
            progress: SearchProgress { tokens: 20, ..SearchProgress::default() },
        };
        Some(vec![
            Event::Started { id, prompt_tokens: 9, cached_tokens: 4 },
            Event::Expanded { id, nodes },
            Event::SearchDone { id, report },
        ])
    })
}

#[tokio::test]
async fn how_to_search_reaches_the_engine() {
    let script = searching();
    let server = script.server(ServerOptions::default());
    let preset = SearchOptions::preset;
    let limited = |tokens: u32| SearchOptions {
        path_tokens: tokens,
        answer_reserve: tokens / 2,
        ..SearchOptions::default()
    };
    for (more, expected) in [
        (json!({ "search": true }), Some(SearchOptions::default())),
        (json!({ "search": "quick" }), Some(preset(Preset::Quick))),
        (json!({ "search": { "preset": "paper" } }), Some(preset(Preset::Paper))),
        (
            json!({ "search": { "preset": "quick", "rollouts": 3 } }),
            Some(SearchOptions { rollouts: 3, ..preset(Preset::Quick) }),
        ),
        (json!({ "search": false, "reasoning_effort": "high" }), None),
        (json!({ "reasoning_effort": "none" }), None),
        (json!({ "reasoning_effort": "minimal" }), None),
        (json!({ "reasoning_effort": "low" }), None),
        (json!({ "reasoning_effort": "medium" }), Some(preset(Preset::Balanced))),
        (json!({ "reasoning_effort": "high" }), Some(preset(Preset::Thorough))),
        // The longest reply is the longest branch, of a length in which something can be thought.
        (json!({ "search": true, "max_tokens": 100 }), Some(limited(100))),
        (json!({ "search": true, "max_completion_tokens": 5 }), Some(limited(64))),
        (json!({ "search": true, "max_tokens": 1_000_000 }), Some(SearchOptions::default())),
        (
            json!({ "search": { "path_tokens": 300 }, "max_tokens": 100 }),
            Some(SearchOptions { path_tokens: 300, ..SearchOptions::default() }),
        ),
    ] {
        script.asked.lock().unwrap().clear();
        let answer = post(&server, "/v1/chat/completions", &hello(&more)).await;
        assert_eq!(answer.status, StatusCode::OK, "{more}: {}", answer.text);
        let asked = script.asked.lock().unwrap();
        let search = asked.iter().find_map(|asked| match asked {
            Ask::Search { search, .. } => Some(search.clone()),
            _ => None,
        });
        assert_eq!(search, expected, "{more}");
    }
}

#[tokio::test]
async fn a_tree_is_told_once_and_its_tokens_are_thought() {
    let server = searching().server(ServerOptions::default());
    let ask = async |more: Value| post(&server, "/v1/chat/completions", &hello(&more)).await;
    let usage = json!({
        "prompt_tokens": 9,
        "completion_tokens": 20,
        "total_tokens": 29,
        "prompt_tokens_details": { "cached_tokens": 4 },
        // All but the answer of the branch that won.
        "completion_tokens_details": { "reasoning_tokens": 17 },
    });
    let whole = ask(json!({ "search": true })).await.json();
    assert_eq!(whole["usage"], usage);
    let message = &whole["choices"][0]["message"];
    assert_eq!(
        (&message["content"], &message["reasoning_content"]),
        (&json!("42"), &json!("six times seven"))
    );
    assert_eq!(whole["search"]["nodes"].as_array().map(Vec::len), Some(2));
    assert!(whole["search"].get("reply").is_none(), "it stands elsewhere");
    let asked = json!({ "search": true, "stream": true, "stream_options": { "include_usage": true } });
    let streamed = ask(asked).await;
    let expanded = streamed.events().into_iter().find(|(name, _)| name == "polo.expanded").unwrap().1;
    let expanded: Value = serde_json::from_str(&expanded).unwrap();
    assert_eq!(expanded["polo"]["nodes"].as_array().map(Vec::len), Some(2));
    assert!(expanded["polo"].get("id").is_none(), "the engine's numbers are its own");
    let chunks = streamed.chunks();
    let [.., last, counts] = chunks.as_slice() else { panic!("{chunks:?}") };
    assert_eq!((&last["choices"][0]["finish_reason"], &counts["usage"]), (&json!("stop"), &usage));
    assert_eq!(last["search"]["answer"], "42");
    assert!(last["search"].get("nodes").is_none(), "its nodes were told as they grew");
    // Who asked in OpenAI's words is told the tree at the end, and no events.
    let plain = ask(json!({ "reasoning_effort": "high", "stream": true })).await;
    assert!(plain.events().iter().all(|(name, _)| name.is_empty()));
    let last = plain.chunks().pop().unwrap();
    assert_eq!(last["search"]["nodes"].as_array().map(Vec::len), Some(2));
}
