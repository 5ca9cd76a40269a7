//! The same search written down plainly: one rollout after the other, recursion, sums in f64. It shares what a leg
//! and a node are with the program, and nothing of selection, budget, counting or order.

use super::chaos::Case;
use crate::protocol::{Action, NodeId, NodeKind, Reflection, Repeats, SearchOptions, Selection};
use crate::search::class;
use crate::search::rollout::{Ground, Rollout, State, reply_answer};
use crate::search::select::Launch;
use crate::search::toy::Proposer;
use crate::search::tree::{ROOT, Tree, text};

/// What is counted at a node.
#[derive(Clone, Copy, Default)]
struct Count {
    visits: u32,
    total: f64,
    launched: u32,
    reflected: bool,
    thought_end: bool,
}

struct Plain<'a> {
    options: &'a SearchOptions,
    path_limit: u32,
    tree: Tree,
    counts: Vec<Count>,
    range: Option<(f64, f64)>,
    used: u32,
    /// Lengths of the paths that ended by themselves.
    ended: Vec<u32>,
}

impl Plain<'_> {
    fn ground<'a>(&'a self, case: &'a Case) -> Ground<'a> {
        Ground {
            tree: &self.tree,
            options: self.options,
            sampling: &case.sampling,
            thoughts: case.thoughts,
            path_limit: self.path_limit,
        }
    }

    fn score(&self, parent: NodeId, child: NodeId) -> f64 {
        let (above, here) = (self.counts[parent as usize], self.counts[child as usize]);
        let mean = here.total / f64::from(here.visits);
        let c = f64::from(self.options.exploration);
        let visits = f64::from(here.visits);
        if self.options.selection == Selection::Raw {
            return mean + c * (2.0 * f64::from(above.visits).ln() / visits).sqrt();
        }
        let value = match self.range {
            Some((low, high)) if high > low => ((mean - low) / (high - low)).clamp(0.0, 1.0),
            _ => 0.5,
        };
        let left = 1.0 - f64::from(self.used) / f64::from(self.options.max_tokens);
        value + c * left * (f64::from(above.visits).ln() / visits).sqrt()
    }

    /// Depth first, the best child first: the first place that can be expanded.
    fn pick(&self, id: NodeId) -> Option<Launch> {
        let (node, count) = (self.tree.node(id), self.counts[id as usize]);
        let leaf = !matches!(node.kind, NodeKind::Segment | NodeKind::Reflection);
        let full = node.length + 2 * self.options.answer_reserve > self.path_limit
            || node.depth >= self.options.depth;
        let most = if id == ROOT && self.options.action == Action::Whole {
            u32::MAX
        } else {
            self.options.branching
        };
        if !leaf && !full {
            if count.thought_end && id != ROOT {
                let again =
                    self.tree.path(id).iter().any(|&id| self.tree.node(id).kind == NodeKind::Reflection);
                if self.options.reflection == Reflection::Action && !again && !count.reflected {
                    return Some(Launch { node: id, reflect: true });
                }
            } else if count.launched < most {
                return Some(Launch { node: id, reflect: false });
            }
        }
        let mut children = node.children.clone();
        children.sort_by(|&a, &b| self.score(id, b).total_cmp(&self.score(id, a)));
        children.into_iter().find_map(|child| self.pick(child))
    }
}

fn decode(rollout: &mut Rollout, case: &Case, ground: Ground<'_>) -> NodeKind {
    let mut chaos = case.chaos;
    while let Some(work) = rollout.ask(ground) {
        let told = chaos.propose(&work).unwrap();
        rollout.take(told.tokens, told.end, ground);
    }
    match rollout.state {
        State::Ended(kind) => kind,
        _ => unreachable!("it has no leg to ask for and has not ended"),
    }
}

/// Parent, kind, tokens, N and W of every node.
pub(super) fn sequential(case: &Case) -> Vec<(NodeId, NodeKind, Vec<u32>, u32, f64)> {
    let options = case.options.resolved();
    let path_limit = options.path_tokens.min(5000);
    let counts = vec![Count::default()];
    let mut plain = Plain {
        options: &options,
        path_limit,
        tree: Tree::default(),
        counts,
        range: None,
        used: 0,
        ended: Vec::new(),
    };
    for number in 0..options.rollouts {
        let left = options.max_tokens - plain.used;
        if left < 2 * options.answer_reserve {
            break;
        }
        // Where repeats count, a whole reply more is never wasted.
        let anew = (options.repeats == Repeats::Count).then_some(Launch { node: ROOT, reflect: false });
        let Some(start) = plain.pick(ROOT).or(anew) else { break };
        let room = path_limit - plain.tree.node(start.node).length;
        let path = plain.tree.path(start.node);
        let again = path.iter().any(|&id| plain.tree.node(id).kind == NodeKind::Reflection);
        let done = if start.reflect || again { 0 } else { plain.tree.node(start.node).length };
        // It must be able to become as long as paths are, and a quarter more.
        if !plain.ended.is_empty() {
            let mean = plain.ended.iter().sum::<u32>() / plain.ended.len() as u32;
            if left < room && left + done < mean + mean / 4 + options.answer_reserve {
                break;
            }
        }
        if start.reflect {
            plain.counts[start.node as usize].reflected = true;
        } else {
            plain.counts[start.node as usize].launched += 1;
        }
        let mut rollout = Rollout::new(number, start, Vec::new(), left.min(room), plain.ground(case));
        let mut kind = decode(&mut rollout, case, plain.ground(case));
        // A reply that is there already is tried again, at most twice.
        for _ in 0..2 {
            let mut at = start.node;
            let known = rollout.nodes(kind, plain.ground(case)).0.iter().all(|(kind, tokens)| {
                plain.tree.find(at, *kind, tokens).inspect(|child| at = *child).is_some()
            });
            let leaf = !matches!(plain.tree.node(at).kind, NodeKind::Segment | NodeKind::Reflection);
            let left = (options.max_tokens - plain.used - rollout.spent).min(room);
            let cold = case.sampling.temperature == 0.0;
            if options.repeats == Repeats::Count
                || !known
                || !leaf
                || cold
                || left < 2 * options.answer_reserve
            {
                break;
            }
            rollout.retry(rollout.spent + left, plain.ground(case));
            kind = decode(&mut rollout, case, plain.ground(case));
        }
        let (nodes, tagged) = rollout.nodes(kind, plain.ground(case));
        let mut at = start.node;
        let count = nodes.len();
        for (i, (kind, tokens)) in nodes.into_iter().enumerate() {
            if tagged && i + 1 == count {
                plain.counts[at as usize].thought_end = true;
            }
            let parent = at;
            at = plain
                .tree
                .find(parent, kind, &tokens)
                .unwrap_or_else(|| plain.tree.add(parent, kind, number, tokens));
            if plain.counts.len() < plain.tree.nodes().len() {
                plain.counts.push(Count::default());
                plain.counts[parent as usize].launched += u32::from(parent != start.node);
            }
        }
        let value = if kind == NodeKind::Loop { 0.0 } else { plain.tree.path_value(at).to_f64() };
        for id in plain.tree.path(at) {
            plain.counts[id as usize].visits += 1;
            plain.counts[id as usize].total += value;
        }
        if kind == NodeKind::Final {
            let (low, high) = plain.range.unwrap_or((value, value));
            plain.range = Some((low.min(value), high.max(value)));
            plain.ended.push(plain.tree.node(at).length);
        }
        plain.used += rollout.spent;
    }
    let nodes = plain.tree.nodes().iter().zip(&plain.counts);
    nodes
        .map(|(node, count)| {
            let ids = node.tokens.iter().map(|token| token.id).collect();
            (node.parent, node.kind, ids, count.visits, count.total)
        })
        .collect()
}

/// Sample number `number` of self-consistency: its class, and whether the answer was forced.
pub(super) fn one_reply(case: &Case, number: u32) -> (Option<String>, bool) {
    let options = case.options.resolved();
    let path_limit = options.path_tokens.min(5000);
    let plain = Plain {
        options: &options,
        path_limit,
        tree: Tree::default(),
        counts: Vec::new(),
        range: None,
        used: 0,
        ended: Vec::new(),
    };
    let start = Launch { node: ROOT, reflect: false };
    let mut rollout = Rollout::new(number, start, Vec::new(), path_limit, plain.ground(case));
    let kind = decode(&mut rollout, case, plain.ground(case));
    let reply = text(rollout.tokens.iter());
    let answer = reply_answer(&reply, case.thoughts).filter(|_| kind != NodeKind::Loop);
    (answer.and_then(|answer| class(answer, options.answer)), kind == NodeKind::Truncated)
}
