//! Where the nodes of a reply begin: at paragraphs or after so many tokens while the model thinks, and at the tag that
//! ends the thought.
//!
//! Works on the text of the path, token by token, because tokens cut tags as they please.

use crate::protocol::{Action, NodeKind, ThoughtFormat};
use crate::search::token::Token;
use crate::text::{Format, MARCO, THINK};

/// A paragraph is cut after so many tokens, if it does not end before.
const LONGEST_STEP: usize = 256;

/// A paragraph with fewer tokens joins the next.
const SHORTEST_STEP: usize = 8;

/// The tags of a format; none where thoughts are not marked.
pub(super) fn tags(thoughts: ThoughtFormat) -> Option<&'static Format> {
    match thoughts {
        ThoughtFormat::Marco => Some(&MARCO),
        ThoughtFormat::Think => Some(&THINK),
        ThoughtFormat::None => None,
    }
}

/// A node to be: where its tokens begin, and what it is.
pub(super) type Cut = (usize, NodeKind);

/// Finds the cuts of a reply as it grows.
#[derive(Debug, Clone)]
pub(super) struct Cutter {
    action: Action,
    format: Option<&'static Format>,
    /// The path up to here, from the root.
    text: Vec<u8>,
    /// Where in the text each token begins.
    starts: Vec<usize>,
    /// Bytes of the path before the first token.
    before: usize,
    cuts: Vec<Cut>,
    /// Tokens of the current node that the model chose.
    chosen: usize,
    /// Whether the thought is over: the rest is one node.
    ended: bool,
    /// The token in which the tag begins that ended it.
    tag: Option<usize>,
}

impl Cutter {
    /// A cutter at the end of a path whose text is `text` and which is inside the thought.
    pub(super) fn new(action: Action, format: Option<&'static Format>, text: Vec<u8>) -> Self {
        Self {
            action,
            format,
            before: text.len(),
            text,
            starts: Vec::new(),
            cuts: vec![(0, NodeKind::Segment)],
            chosen: 0,
            ended: false,
            tag: None,
        }
    }

    /// Begins a node here: `Reflection`, or `Truncated`, after which no more cuts are made. A whole reply stays one
    /// node, and an answer that is cut short and goes on is one as well.
    pub(super) fn mark(&mut self, kind: NodeKind) {
        let truncated = kind == NodeKind::Truncated;
        self.ended |= truncated;
        match (self.cuts.last_mut(), truncated) {
            (Some(last), true) if self.action == Action::Whole || last.1 == NodeKind::Final => last.1 = kind,
            (_, false) if self.action == Action::Whole => {}
            _ => self.cut_at(self.starts.len(), kind),
        }
    }

    /// Takes a token. Whether the tag that ends the thought is complete with it.
    pub(super) fn push(&mut self, token: &Token) -> bool {
        self.starts.push(self.text.len());
        self.text.extend_from_slice(&token.bytes.0);
        self.chosen += usize::from(!token.forced);
        if self.ended {
            return false;
        }
        if let Some(at) = self.end_of_thought(token.bytes.0.len()) {
            // The token in which the tag begins; the first, where the tag began before.
            let first = self.starts.partition_point(|&start| start <= at).saturating_sub(1);
            (self.ended, self.tag) = (true, Some(first));
            if self.action != Action::Whole {
                self.cuts.retain(|&(start, _)| start < first);
                self.cut_at(first, NodeKind::Final);
            }
            return true;
        }
        let tokens = self.starts.len() - self.cuts.last().map_or(0, |cut| cut.0);
        let full = match self.action {
            Action::Step => {
                tokens >= LONGEST_STEP
                    || (self.chosen >= SHORTEST_STEP && ends_paragraph(&self.text[self.before..]))
            }
            Action::MiniStep(size) => tokens >= size as usize,
            Action::Whole => false,
        };
        if full {
            self.cut_at(self.starts.len(), NodeKind::Segment);
        }
        false
    }

    /// Whether the thought is over.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The token in which the tag begins that ended the thought.
    pub(super) fn tag(&self) -> Option<usize> {
        self.tag
    }

    /// Nodes of the thought that are complete.
    pub(super) fn segments(&self) -> usize {
        let open = !self.ended && self.cuts.last().is_some_and(|cut| cut.0 < self.starts.len());
        let thought = |cut: &&Cut| matches!(cut.1, NodeKind::Segment | NodeKind::Reflection);
        let begun = self.cuts.iter().filter(thought).filter(|cut| cut.0 < self.starts.len()).count();
        begun - usize::from(open)
    }

    /// What the path says so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// The text of the path so far.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }

    /// The nodes: ranges of tokens with what they are. `last` is how the rollout ended: `Final`, `Loop` or `Truncated`.
    pub(super) fn nodes(&self, last: NodeKind) -> Vec<(std::ops::Range<usize>, NodeKind)> {
        let ends = self.cuts.iter().skip(1).map(|cut| cut.0).chain([self.starts.len()]);
        let mut nodes: Vec<_> =
            self.cuts.iter().zip(ends).map(|(&(start, kind), end)| (start..end, kind)).collect();
        nodes.retain(|(range, _)| !range.is_empty());
        if let Some((_, kind)) = nodes.last_mut() {
            *kind = match (*kind, last) {
                // A thought that was cut short can be taken up again later; its node stays open.
                (
                    kept @ (NodeKind::Segment | NodeKind::Reflection),
                    NodeKind::Segment | NodeKind::Truncated,
                ) => kept,
                (NodeKind::Truncated, _) => NodeKind::Truncated,
                _ => last,
            };
        }
        nodes
    }

    fn cut_at(&mut self, at: usize, kind: NodeKind) {
        // A node without tokens gives way.
        self.cuts.retain(|cut| cut.0 < at);
        self.cuts.push((at, kind));
        self.chosen = 0;
        self.before = self.text.len();
    }

    /// Where the tag begins that ends the thought, if the last `new` bytes completed one.
    fn end_of_thought(&self, new: usize) -> Option<usize> {
        let format = self.format?;
        let close = rfind(&self.text, format.close, new);
        // A thought may mention the output's tag; one that opens a line is meant.
        let opens_line = |at: &usize| {
            let before = self.text[..*at].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
            before.is_none_or(|byte| *byte == b'\n')
        };
        let output = format.output.and_then(|(open, _)| rfind(&self.text, open, new)).filter(opens_line);
        close.into_iter().chain(output).min()
    }
}

/// Where `tag` begins in `text`, if it ends within the last `new` bytes.
fn rfind(text: &[u8], tag: &str, new: usize) -> Option<usize> {
    let from = text.len().saturating_sub(new + tag.len() - 1);
    text[from..].windows(tag.len()).position(|window| window == tag.as_bytes()).map(|at| from + at)
}

/// Whether a text with something in it ends in a blank line.
pub(super) fn ends_paragraph(text: &[u8]) -> bool {
    let end = text.iter().rposition(|byte| !byte.is_ascii_whitespace());
    end.is_some_and(|end| text[end..].iter().filter(|byte| **byte == b'\n').nth(1).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One token a piece; forced where it begins with `!`.
    fn cut(action: Action, before: &str, pieces: &[&str], last: NodeKind) -> Vec<(String, NodeKind)> {
        let mut cutter = Cutter::new(action, Some(&MARCO), before.into());
        let bytes = |piece: &str| piece.trim_start_matches('!').as_bytes().to_vec();
        for piece in pieces {
            let forced = piece.starts_with('!');
            cutter.push(&Token { forced, ..Token::forced(0, bytes(piece)) });
        }
        let join = |range: std::ops::Range<usize>| {
            pieces[range].iter().map(|piece| piece.trim_start_matches('!')).collect()
        };
        cutter.nodes(last).into_iter().map(|(range, kind)| (join(range), kind)).collect()
    }

    fn letters(text: &str) -> Vec<&str> {
        text.split_inclusive(|_| true).collect()
    }

    fn kinds(nodes: &[(String, NodeKind)]) -> Vec<(&str, NodeKind)> {
        nodes.iter().map(|(text, kind)| (text.as_str(), *kind)).collect()
    }

    use NodeKind::{Final, Loop, Segment};

    #[test]
    fn paragraphs_are_steps_and_short_ones_join_the_next() {
        let nodes = cut(Action::Step, "", &letters("12345678\n\nab\n\ncdefgh\n\nrest"), Segment);
        assert_eq!(
            kinds(&nodes),
            [("12345678\n\n", Segment), ("ab\n\ncdefgh\n\n", Segment), ("rest", Segment)]
        );
        // Blank lines in one token, with spaces between, and after what the model did not choose.
        let pieces = ["a", "b", "c", "d", "e", "f", "g", ".\n \n", "!x", "!y", "!z", "!\n\n", "w"];
        let nodes = cut(Action::Step, "", &pieces, Segment);
        assert_eq!(kinds(&nodes), [("abcdefg.\n \n", Segment), ("xyz\n\nw", Segment)]);
        let long = "a".repeat(300);
        let nodes = cut(Action::Step, "", &letters(&long), Segment);
        assert_eq!(nodes.iter().map(|node| node.0.len()).collect::<Vec<_>>(), [256, 44]);
    }

    #[test]
    fn the_closing_tag_begins_the_last_node() {
        let nodes =
            cut(Action::Step, "", &["<Thought>\n", "1 + 1 = 2", "?</", "Tho", "ught>\n", "<Output>2"], Final);
        assert_eq!(kinds(&nodes), [("<Thought>\n1 + 1 = 2", Segment), ("?</Thought>\n<Output>2", Final)]);
        // The tag began before this rollout did.
        let nodes = cut(Action::Step, "<Thought>\na</Th", &["ought>", "2"], Final);
        assert_eq!(kinds(&nodes), [("ought>2", Final)]);
        // No tag closes the thought, but the output opens.
        let nodes = cut(Action::Step, "", &["a\n", "<Output>", "2\n\n", "3"], Final);
        assert_eq!(kinds(&nodes), [("a\n", Segment), ("<Output>2\n\n3", Final)]);
        // It is only mentioned.
        let nodes = cut(Action::Step, "", &["use ", "<Output>", " later"], Segment);
        assert_eq!(kinds(&nodes), [("use <Output> later", Segment)]);
    }

    #[test]
    fn mini_steps_count_tokens_and_give_way_to_tags() {
        let nodes = cut(Action::MiniStep(2), "", &["a", "b", "c", "</", "Thought", ">", "x"], Final);
        assert_eq!(kinds(&nodes), [("ab", Segment), ("c", Segment), ("</Thought>x", Final)]);
        // The character 天 is cut: the cut is at tokens, not at text.
        let mut cutter = Cutter::new(Action::MiniStep(1), None, Vec::new());
        for bytes in ["天".as_bytes()[..1].to_vec(), "天".as_bytes()[1..].to_vec()] {
            cutter.push(&Token::forced(0, bytes));
        }
        assert_eq!((cutter.text().as_str(), cutter.nodes(Loop).len(), cutter.segments()), ("天", 2, 2));
        assert_eq!(cutter.nodes(Loop)[1].1, Loop);
    }

    #[test]
    fn a_whole_reply_is_one_node() {
        let nodes = cut(Action::Whole, "", &letters("12345678\n\n</Thought>\n\n9"), Final);
        assert_eq!(kinds(&nodes), [("12345678\n\n</Thought>\n\n9", Final)]);
    }

    #[test]
    fn marks_begin_nodes() {
        let mut cutter = Cutter::new(Action::Step, Some(&MARCO), Vec::new());
        cutter.mark(NodeKind::Reflection);
        cutter.push(&Token::forced(0, b"Wait".to_vec()));
        assert_eq!(cutter.segments(), 0);
        cutter.mark(NodeKind::Truncated);
        cutter.push(&Token::forced(0, b"</Thought>".to_vec()));
        assert_eq!(cutter.nodes(Final), [(0..1, NodeKind::Reflection), (1..2, NodeKind::Truncated)]);
        assert_eq!((cutter.segments(), cutter.tag()), (1, None));
    }
}
