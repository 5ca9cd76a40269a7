//! A search in the terminal, as pure functions of what the engine tells: a line an event where output is piped, a
//! small picture where it is not, the votes as bars, and the verdict.

use std::collections::BTreeMap;

use crate::protocol::{
    Chosen, Event, NodeId, NodeKind, SearchProgress, SearchReport, StopCause, TreeNode, Votes,
};

/// Cells of a bar.
const BAR: usize = 10;

/// A node, and the rollouts through it.
#[derive(Debug, Clone)]
struct Seen {
    node: TreeNode,
    children: Vec<NodeId>,
    visits: u32,
    total_value: f64,
}

/// What is known of a search.
#[derive(Debug, Default)]
pub(super) struct TreeView {
    nodes: BTreeMap<NodeId, Seen>,
    /// Children of the root, which is never told of.
    roots: Vec<NodeId>,
    votes: Votes,
    progress: SearchProgress,
    /// By rollout under way: the node it left from, its tokens, and the end of what it said.
    lanes: BTreeMap<u32, Lane>,
}

/// A rollout under way.
#[derive(Debug, Default)]
struct Lane {
    from: NodeId,
    tokens: u32,
    text: String,
}

/// Characters of a lane's text that are kept: more than any terminal is wide.
const TAIL: usize = 400;

impl Lane {
    fn say(&mut self, text: &str) {
        self.text += text;
        if let Some((cut, _)) = self.text.char_indices().rev().nth(TAIL) {
            self.text.drain(..cut);
        }
    }
}

impl TreeView {
    /// Takes an event; those of other kinds change nothing.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Expanded { nodes, .. } => nodes.iter().for_each(|node| self.add(node)),
            Event::Launched { rollout, node, text, .. } => {
                let lane = self.lanes.entry(*rollout).or_default();
                lane.from = *node;
                lane.text.clear();
                lane.say(text);
            }
            Event::Token { choice, text, .. } => {
                let lane = self.lanes.entry(*choice).or_default();
                lane.tokens += 1;
                lane.say(text);
            }
            Event::SearchDone { .. } => self.lanes.clear(),
            Event::Visited { rollout, path, value, .. } => {
                self.lanes.remove(rollout);
                for id in path {
                    if let Some(seen) = self.nodes.get_mut(id) {
                        seen.visits += 1;
                        seen.total_value += value;
                    }
                }
            }
            Event::Voted { votes, .. } => self.votes = votes.clone(),
            Event::Searched { progress, .. } => self.progress = *progress,
            _ => {}
        }
    }

    fn add(&mut self, node: &TreeNode) {
        match self.nodes.get_mut(&node.parent) {
            Some(parent) => parent.children.push(node.node),
            None => self.roots.push(node.node),
        }
        let seen = Seen { node: node.clone(), children: Vec::new(), visits: 0, total_value: 0.0 };
        self.nodes.insert(node.node, seen);
    }

    /// The tree with its votes, in at most so many lines of at most so many columns.
    pub(super) fn picture(&self, columns: usize, lines: usize) -> Vec<String> {
        let mut tail: Vec<String> = self.lanes.iter().map(|lane| lane_line(lane, columns)).collect();
        tail.extend(bars(&self.votes));
        // Of many answers the last ones go first.
        tail.truncate(lines.saturating_sub(2));
        tail.push(match self.progress {
            // Nothing has ended, so nothing was told yet.
            SearchProgress { max_tokens: 0, .. } => format!("{} branches under way", self.lanes.len()),
            progress => progress_line(&progress, &self.votes),
        });
        let room = lines.saturating_sub(tail.len()).max(1);
        let mut drawn = Vec::new();
        self.draw(&self.roots, "", &mut drawn);
        if drawn.len() > room {
            let hidden = drawn.len() + 1 - room;
            drawn.truncate(room - 1);
            drawn.push(format!("… {hidden} more branches"));
        }
        drawn.extend(tail);
        drawn.iter().map(|line| fit(line, columns)).collect()
    }

    /// A line a branch: nodes in a row without a fork between them are one.
    fn draw(&self, ids: &[NodeId], indent: &str, lines: &mut Vec<String>) {
        for (at, &first) in ids.iter().enumerate() {
            let last_child = at + 1 == ids.len();
            let mut last = &self.nodes[&first];
            let mut steps = 1;
            let mut tokens = last.node.tokens;
            while let [only] = last.children[..] {
                last = &self.nodes[&only];
                steps += 1;
                tokens += last.node.tokens;
            }
            let seen = &self.nodes[&first];
            let value = if seen.visits > 0 {
                format!("{:.3}", seen.total_value / f64::from(seen.visits))
            } else {
                "  …  ".into()
            };
            let answer = match (&last.node.answer, last.node.kind) {
                (Some(answer), NodeKind::Truncated) => format!(" ⇒ {answer} (forced)"),
                (Some(answer), _) => format!(" ⇒ {answer}"),
                (None, NodeKind::Loop) => " ⟲ repeats itself".into(),
                (None, _) => String::new(),
            };
            let rethink = if seen.node.kind == NodeKind::Reflection { "rethink: " } else { "" };
            let branch = if last_child { "└─" } else { "├─" };
            let count = if steps == 1 { "1 step".into() } else { format!("{steps} steps") };
            lines.push(format!(
                "{indent}{branch} {value} ×{} {count}, {tokens} tokens{answer}  {rethink}{}",
                seen.visits,
                one_line(&seen.node.text)
            ));
            let below = if last_child { "   " } else { "│  " };
            self.draw(&last.children, &format!("{indent}{below}"), lines);
        }
    }
}

/// A rollout under way with the end of what it says.
fn lane_line((rollout, lane): (&u32, &Lane), columns: usize) -> String {
    let head = format!("▸ {rollout} from {}, {} tokens: …", lane.from, lane.tokens);
    let text = one_line(&lane.text);
    let room = columns.saturating_sub(columns_of(&head));
    let mut used = 0;
    let fits = |&(_, letter): &(usize, char)| {
        used += width(letter);
        used <= room
    };
    let start = text.char_indices().rev().take_while(fits).last().map_or(text.len(), |(at, _)| at);
    head + &text[start..]
}

/// What an event says where output is piped: no line for most.
pub(super) fn plain(event: &Event) -> Vec<String> {
    match event {
        Event::Expanded { nodes, .. } => nodes.iter().map(node_line).collect(),
        Event::Visited { rollout, path, value, .. } => {
            let path: Vec<String> = path.iter().map(ToString::to_string).collect();
            vec![format!("rollout {rollout}: value {value:.3}, path {}", path.join(" "))]
        }
        Event::Voted { votes, .. } => bars(votes),
        Event::SearchDone { report, .. } => verdict(report),
        _ => Vec::new(),
    }
}

fn node_line(node: &TreeNode) -> String {
    let kind = match node.kind {
        NodeKind::Segment => "step",
        NodeKind::Reflection => "rethink",
        NodeKind::Final => "answer",
        NodeKind::Truncated => "forced answer",
        NodeKind::Loop => "loop",
    };
    let confidence = node.confidence.map_or("-".into(), |confidence| format!("{confidence:.3}"));
    let answer = node.answer.as_ref().map(|answer| format!(" ⇒ {answer}")).unwrap_or_default();
    let (id, parent, tokens) = (node.node, node.parent, node.tokens);
    format!(
        "node {id} under {parent}: {kind}, {tokens} tokens, confidence {confidence}{answer}: {}",
        one_line(&node.text)
    )
}

/// The votes as bars, the winner first.
pub(super) fn bars(votes: &Votes) -> Vec<String> {
    let width = votes.classes.iter().map(|class| columns_of(&class.answer)).max().unwrap_or(0).min(24);
    let bar = |weight: f64| {
        let cell = |at: usize| if (at as f64 + 0.5) / BAR as f64 <= weight { '█' } else { '░' };
        (0..BAR).map(cell).collect::<String>()
    };
    let line = |class: &crate::protocol::VoteClass| {
        let answer = fit(&class.answer, width);
        let pad = " ".repeat(width - columns_of(&answer));
        let votes = if class.votes == 1 { "1 vote".into() } else { format!("{} votes", class.votes) };
        format!(
            "{answer}{pad} {} {:>3.0} %  {votes}, best {:.3}",
            bar(class.weight),
            100.0 * class.weight,
            class.value
        )
    };
    votes.classes.iter().map(line).collect()
}

fn progress_line(progress: &SearchProgress, votes: &Votes) -> String {
    let SearchProgress { rollouts, in_flight, tokens, max_tokens } = progress;
    let agreement = 100.0 * votes.agreement;
    format!(
        "{rollouts} branches done, {in_flight} under way; {tokens} of {max_tokens} tokens; agreement {agreement:.0} %"
    )
}

/// The answer, why it won, and what it took.
pub(super) fn verdict(report: &SearchReport) -> Vec<String> {
    let won = report.votes.classes.first();
    let mut lines = Vec::new();
    if let (Some(answer), Some(class)) = (&report.answer, won) {
        let why = match report.chosen {
            Chosen::Vote => format!(
                "{} of {} votes, {:.0} % of their weight",
                class.votes,
                report.votes.votes,
                100.0 * class.weight
            ),
            Chosen::BestPath => "the most confident branch".into(),
            Chosen::NoAgreement => "no answer came twice, so the most confident branch stands".into(),
            Chosen::Nothing => "nothing".into(),
        };
        lines.push(format!("Answer: {answer} ({why})"));
    } else {
        lines.push("No branch came to an answer.".into());
    }
    if let Some(other) = &report.without_reflection {
        lines.push(format!("Without rethinking it would have been {other}."));
    }
    let stop = match report.stop {
        StopCause::Rollouts => "all branches are done",
        StopCause::Tokens => "the tokens are spent",
        StopCause::Time => "the time is over",
        StopCause::Agreement => "the answers agree",
        StopCause::Exhausted => "there is nothing left to try",
        StopCause::Cancelled => "it was stopped",
    };
    let SearchProgress { rollouts, tokens, max_tokens, .. } = report.progress;
    lines.push(format!(
        "{rollouts} branches, {tokens} of {max_tokens} tokens, agreement {:.0} %; {stop}.",
        100.0 * report.votes.agreement
    ));
    lines
}

/// What to write to a terminal to put `lines` in the place of the `before` lines written last.
pub(super) fn redraw(before: usize, lines: &[String]) -> String {
    let up = if before > 0 { format!("\x1b[{before}A\r\x1b[J") } else { String::new() };
    lines.iter().fold(up, |text, line| text + line + "\n")
}

/// Text on one line, single-spaced.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Columns that a terminal gives a text: two for Chinese, Japanese and Korean letters and for emoji.
fn columns_of(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(letter: char) -> usize {
    match u32::from(letter) {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text in at most so many columns; what is cut ends with `…`. Control characters become spaces.
fn fit(text: &str, columns: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if columns_of(&clean) <= columns {
        return clean;
    }
    let mut cut = String::new();
    let mut used = 1;
    for letter in clean.chars() {
        used += width(letter);
        if used > columns {
            break;
        }
        cut.push(letter);
    }
    cut + "…"
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
