//! How a node looks: by words, by shape and by number, so that nothing hangs on colour alone.

use crate::protocol::{NodeId, NodeKind};

use super::run::Run;
use super::tree::{Node, ROOT};
use super::words;
use crate::ui::words::t;

/// Where one strength of colour ends and the next begins. Confidence lives near 0.9, so most of them are there.
const STEPS: [f32; 5] = [0.6, 0.7, 0.8, 0.9, 0.95];

/// Letters of an answer, and of a node's text, that the picture and the list show.
const ANSWER: usize = 14;
const SNIPPET: usize = 90;

/// What a node looks like in the picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// Classes for the style sheet.
    pub class: String,
    /// What stands in its box: its confidence in per cent, or a sign.
    pub label: String,
    /// Thickness of the line to it, in pixels: how often it was passed.
    pub thickness: f64,
    /// Letter of its vote class, and the answer in short.
    pub answer: Option<(char, String)>,
    /// What a screen reader says.
    pub name: String,
    /// Whether it is looked at.
    pub selected: bool,
    /// Whether the keyboard reaches it.
    pub focus: bool,
    /// Rollouts that grow from it.
    pub growing: u32,
    /// Nodes from the root, from 1.
    pub level: u32,
}

/// Strength of colour, 0 to 5; `None` where there is no confidence.
pub fn strength(confidence: Option<f32>) -> Option<usize> {
    confidence.map(|confidence| STEPS.iter().filter(|step| confidence >= **step).count())
}

/// The bounds of each strength, for the legend.
pub fn bounds(strength: usize) -> String {
    let percent = |share: f32| format!("{:.0}", share * 100.0);
    match strength {
        0 => t!("search-below", percent = percent(STEPS[0])),
        5 => t!("search-above", percent = percent(STEPS[4])),
        s => t!("search-between", low = percent(STEPS[s - 1]), high = percent(STEPS[s])),
    }
}

/// The class of a strength.
pub fn class(confidence: Option<f32>) -> String {
    strength(confidence).map_or_else(|| "c-none".to_owned(), |strength| format!("c{strength}"))
}

/// Confidence in per cent; a dash where there is none.
pub fn percent(confidence: Option<f32>) -> String {
    confidence.map_or_else(|| "–".to_owned(), |confidence| format!("{:.0}", confidence * 100.0))
}

/// How thick a line is that was passed so often.
pub fn thickness(visits: u32) -> f64 {
    1.5 + f64::from(visits.max(1)).log2() * 1.5
}

/// The beginning of a text, in one line.
pub fn short(text: &str, letters: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= letters {
        return line;
    }
    line.chars().take(letters).chain(['…']).collect()
}

/// The beginning of a node's text.
pub fn snippet(node: &Node) -> String {
    if node.told.node == ROOT { t!("search-question") } else { short(&untagged(&node.told.text), SNIPPET) }
}

/// A text without the tags that divide a reply: what kind of node it is, is said otherwise.
fn untagged(text: &str) -> String {
    const TAGS: [&str; 6] = ["<Thought>", "</Thought>", "<Output>", "</Output>", "<think>", "</think>"];
    TAGS.iter().fold(text.to_owned(), |text, tag| text.replace(tag, " "))
}

/// What a node of a search looks like.
pub fn look(run: &Run, id: NodeId) -> Look {
    let Some(node) = run.tree.get(id) else { return Look::default() };
    let told = &node.told;
    let pruned = run.tree.is_pruned(id);
    let (kind, sign) = match told.kind {
        _ if id == ROOT => ("root", ""),
        NodeKind::Segment => ("segment", ""),
        NodeKind::Reflection => ("reflection", "↺"),
        NodeKind::Final => ("final", ""),
        NodeKind::Truncated => ("truncated", "!"),
        NodeKind::Loop => ("loop", "∞"),
    };
    let label = if id == ROOT { "?".to_owned() } else { format!("{sign}{}", percent(told.confidence)) };
    let mut class = format!("node {kind} {}", self::class(told.confidence));
    let states = [
        (node.won, "won"),
        (pruned, "pruned"),
        (node.pinned, "pinned"),
        (run.selected == Some(id), "selected"),
    ];
    for (_, state) in states.iter().filter(|(is, _)| *is) {
        class.push(' ');
        class.push_str(state);
    }
    let answer =
        told.answer.as_ref().map(|answer| (run.letter(answer).unwrap_or('?'), short(answer, ANSWER)));
    Look {
        class,
        label,
        thickness: thickness(node.visits),
        name: name(run, node, pruned),
        answer,
        selected: run.selected == Some(id),
        focus: run.selected.unwrap_or(ROOT) == id,
        growing: node.growing,
        level: node.depth + 1,
    }
}

/// A node in words.
fn name(run: &Run, node: &Node, pruned: bool) -> String {
    let told = &node.told;
    let mut parts = if told.node == ROOT {
        vec![t!("search-question")]
    } else {
        vec![format!("{} {}", words::kind(told.kind), told.node), short(&untagged(&told.text), 60)]
    };
    if let Some(confidence) = told.confidence {
        parts.push(t!("search-said-confidence", percent = words::percent(f64::from(confidence))));
    }
    parts.push(t!("search-said-visits", count = node.visits));
    if let Some(answer) = &told.answer {
        let letter = run.letter(answer).unwrap_or('?');
        parts.push(t!("search-said-answer", answer = answer.as_str(), letter = letter.to_string()));
    }
    for (is, word) in
        [(node.won, "search-said-won"), (pruned, "search-mark-pruned"), (node.pinned, "search-mark-pinned")]
    {
        if is {
            parts.push(t!(word));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "numbers that are exact")]
mod tests {
    use super::super::tree::tests::piece;
    use super::*;
    use crate::protocol::{Event, SearchOptions, TreeNode};

    #[test]
    fn a_node_says_in_words_and_numbers_what_its_colour_says() {
        let mut run = Run::new(1, SearchOptions::default(), 0.0);
        let answer = Some("48".to_owned());
        let leaf = TreeNode { kind: NodeKind::Final, answer, confidence: Some(0.93), ..piece(2, 1) };
        run.apply(&Event::Expanded { id: 1, nodes: vec![piece(1, 0), leaf] }, 0.0);
        run.tree.visit(&[0, 1, 2], 0.9);
        run.tree.visit(&[0, 1, 2], 0.9);
        run.tree.prune(1, true);
        let look = look(&run, 2);
        assert_eq!((look.label.as_str(), look.class.as_str()), ("93", "node final c4 pruned"));
        assert_eq!(look.answer, Some(('A', "48".to_owned())));
        assert_eq!(look.thickness, 3.0);
        assert_eq!(look.name, "Answer 2, step 2, confidence 93 %, 2 visits, answer 48, class A, pruned");
        assert!(self::look(&run, 0).focus, "the keyboard begins at the root");
    }

    #[test]
    fn texts_are_one_short_line_without_tags() {
        assert_eq!(short(&untagged("</Thought>\n<Output>\nIt is  4.\n</Output>"), 90), "It is 4.");
        assert_eq!(short("abcdef", 3), "abc…");
    }

    #[test]
    fn strengths_cover_everything() {
        let of = |confidence| strength(Some(confidence)).unwrap();
        assert_eq!([of(0.0), of(0.6), of(0.89), of(0.9), of(0.95), of(1.0)], [0, 1, 3, 4, 5, 5]);
        assert_eq!(strength(None), None);
        assert_eq!(bounds(0), "below 60");
        assert_eq!([bounds(4), bounds(5)], ["90 to 95", "95 and more"]);
    }
}
