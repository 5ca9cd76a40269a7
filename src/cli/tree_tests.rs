//! The terminal's view of made-up searches.

use super::*;
use crate::protocol::VoteClass;

fn node(node: NodeId, parent: NodeId, kind: NodeKind, text: &str, answer: Option<&str>) -> TreeNode {
    let answer = answer.map(str::to_owned);
    TreeNode { node, parent, rollout: 0, kind, text: text.into(), tokens: 10, confidence: Some(0.5), answer }
}

fn class(answer: &str, votes: u32, weight: f64) -> VoteClass {
    VoteClass { answer: answer.into(), votes, weight, value: 0.925, leaves: Vec::new() }
}

/// Two branches from the root; the first forks after its first step.
fn events() -> Vec<Event> {
    let nodes = vec![
        node(1, 0, NodeKind::Segment, "<Thought>\nfirst \u{1b}[31mstep\n\n", None),
        node(2, 1, NodeKind::Segment, "second", None),
        node(3, 2, NodeKind::Final, "</Thought>", Some("42")),
        node(4, 1, NodeKind::Reflection, "Wait!", None),
        node(5, 4, NodeKind::Truncated, "", Some("41")),
        node(6, 0, NodeKind::Loop, "天天天天", None),
    ];
    let visit =
        |rollout, path: &[NodeId], value| Event::Visited { id: 7, rollout, path: path.to_vec(), value };
    let classes = vec![class("42", 2, 0.75), class("41", 1, 0.25)];
    vec![
        Event::Expanded { id: 7, nodes },
        visit(0, &[0, 1, 2, 3], 0.9),
        visit(1, &[0, 1, 4, 5], 0.8),
        visit(2, &[0, 6], 0.0),
        Event::Voted { id: 7, votes: Votes { classes, votes: 3, agreement: 0.6875 } },
        Event::Searched {
            id: 7,
            progress: SearchProgress { rollouts: 3, in_flight: 1, tokens: 60, max_tokens: 8192 },
        },
    ]
}

fn view() -> TreeView {
    let mut view = TreeView::default();
    for event in &events() {
        view.apply(event);
    }
    view
}

#[test]
fn a_tree_is_drawn_a_line_a_branch() {
    let expected = [
        // 0.9 and 0.8 went through the first step; an escape in the text cannot colour the terminal.
        "├─ 0.850 ×2 1 step, 10 tokens  <Thought> first  [31mstep",
        "│  ├─ 0.900 ×1 2 steps, 20 tokens ⇒ 42  second",
        "│  └─ 0.800 ×1 2 steps, 20 tokens ⇒ 41 (forced)  rethink: Wait!",
        "└─ 0.000 ×1 1 step, 10 tokens ⟲ repeats itself  天天天天",
        "42 ████████░░  75 %  2 votes, best 0.925",
        "41 ███░░░░░░░  25 %  1 vote, best 0.925",
        "3 branches done, 1 under way; 60 of 8192 tokens; agreement 69 %",
    ];
    assert_eq!(view().picture(100, 20), expected);
}

#[test]
fn a_picture_keeps_within_its_lines_and_columns() {
    for columns in 1..60 {
        for lines in 4..9 {
            let picture = view().picture(columns, lines);
            assert!(picture.len() <= lines, "{lines} lines: {picture:?}");
            assert!(picture.iter().all(|line| columns_of(line) <= columns), "{columns} columns: {picture:?}");
        }
    }
    assert_eq!(view().picture(80, 5)[1], "… 3 more branches");
    // Wide letters take two columns and are not halved.
    assert_eq!(
        (fit("天天天", 5), fit("天天天", 6), fit("abc", 2)),
        ("天天…".into(), "天天天".into(), "a…".into())
    );
    assert_eq!(TreeView::default().picture(80, 5).len(), 1);
}

#[test]
fn a_redraw_takes_the_place_of_what_stood_there() {
    assert_eq!(redraw(0, &["a".into(), "b".into()]), "a\nb\n");
    assert_eq!(redraw(2, &["c".into()]), "\x1b[2A\r\x1b[Jc\n");
}

#[test]
fn piped_output_has_a_line_for_what_happened() {
    let lines: Vec<String> = events().iter().flat_map(plain).collect();
    assert_eq!(lines[2], "node 3 under 2: answer, 10 tokens, confidence 0.500 ⇒ 42: </Thought>");
    assert_eq!(lines[6], "rollout 0: value 0.900, path 0 1 2 3");
    assert_eq!(lines.len(), 6 + 3 + 2);
    assert!(plain(&Event::Ready).is_empty());
}

#[test]
fn a_verdict_says_why() {
    let mut report = SearchReport {
        answer: Some("42".into()),
        reply: String::new(),
        path: vec![0, 1],
        chosen: Chosen::Vote,
        votes: Votes {
            classes: vec![class("42", 2, 0.75), class("41", 1, 0.25)],
            votes: 3,
            agreement: 0.6875,
        },
        without_reflection: Some("41".into()),
        stop: StopCause::Agreement,
        progress: SearchProgress { rollouts: 3, in_flight: 0, tokens: 60, max_tokens: 8192 },
    };
    let expected = [
        "Answer: 42 (2 of 3 votes, 75 % of their weight)",
        "Without rethinking it would have been 41.",
        "3 branches, 60 of 8192 tokens, agreement 69 %; the answers agree.",
    ];
    assert_eq!(verdict(&report), expected);
    report.chosen = Chosen::NoAgreement;
    assert!(verdict(&report)[0].contains("no answer came twice"));
    report.answer = None;
    assert_eq!(verdict(&report)[0], "No branch came to an answer.");
}
