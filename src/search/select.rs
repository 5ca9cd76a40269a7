//! Where the next rollout sets out: the formula, and the walk from the root.

use serde::{Deserialize, Serialize};

use super::score::Score;
use super::tree::{Node, ROOT, Tree};
use crate::protocol::{Action, NodeId, Reflection, SearchOptions, Selection};

/// What the formula knows besides the two nodes.
#[derive(Debug, Clone, Copy)]
pub struct Climate {
    /// Smallest and largest value backed up so far, loops and truncated rollouts left out: a single 0 would flatten
    /// all the rest.
    pub range: Option<(Score, Score)>,
    /// Share of the budget that is used, 0 to 1.
    pub used: f64,
}

/// How good it looks to go from `parent` to `child`.
///
/// WU-UCT (arXiv 1810.11755: rollouts in flight count in the exploration term only) on a value stretched over what was
/// seen, because mean confidence lives in a narrow band and plain UCT would not see it:
///
/// ```text
/// Q + c (1 - used) sqrt( ln(N_p + O_p) / max(1, N + O) ),   Q = (W/N - lo) / (hi - lo)
/// ```
///
/// Q is 1/2 where it is undefined and stays in 0..1: one loop below a node makes it the worst, not hopeless.
pub fn selection_score(parent: &Node, child: &Node, options: &SearchOptions, climate: Climate) -> f64 {
    let c = f64::from(options.exploration);
    match options.selection {
        Selection::Normalised => {
            let value = match (child.value(), climate.range) {
                (Some(value), Some((low, high))) if low < high => {
                    let (low, high) = (low.to_f64(), high.to_f64());
                    ((value - low) / (high - low)).clamp(0.0, 1.0)
                }
                _ => 0.5,
            };
            let above = f64::from((parent.visits + parent.in_flight).max(1));
            let here = f64::from((child.visits + child.in_flight).max(1));
            value + c * (1.0 - climate.used) * (libm::log(above) / here).sqrt()
        }
        Selection::Raw => {
            let (above, here) = (f64::from(parent.visits.max(1)), f64::from(child.visits.max(1)));
            child.value().unwrap_or(0.5) + c * (2.0 * libm::log(above) / here).sqrt()
        }
    }
}

/// Where a rollout sets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// The node.
    pub node: NodeId,
    /// Whether it begins with the phrase of reflection.
    pub reflect: bool,
}

/// Expansions that may be launched at a node. At the root at least one a lane, or lanes would idle until the first
/// rollout is back; independent samples there are never wasted.
pub(super) fn bound(id: NodeId, options: &SearchOptions) -> u32 {
    match (id, options.action) {
        (ROOT, Action::Whole) => u32::MAX,
        (ROOT, _) => options.branching.max(options.lanes),
        _ => options.branching,
    }
}

/// The expansion that may be launched at a node now. `path_limit` is the longest path in tokens.
pub(super) fn launch(tree: &Tree, id: NodeId, options: &SearchOptions, path_limit: u32) -> Option<Launch> {
    let node = tree.node(id);
    let room = path_limit.saturating_sub(node.length) >= 2 * options.answer_reserve;
    if !node.is_inner() || !room || node.depth >= options.depth {
        return None;
    }
    // The thought ended here: to sample on would end it again. The other way on is to reflect.
    if node.thought_end && id != ROOT {
        let reflect = options.reflection == Reflection::Action && !node.reflects && !node.reflected;
        return reflect.then_some(Launch { node: id, reflect });
    }
    (node.launched < bound(id, options)).then_some(Launch { node: id, reflect: false })
}

/// For each node whether an expansion may be launched there or below.
pub(super) fn open(tree: &Tree, options: &SearchOptions, path_limit: u32) -> Vec<bool> {
    // Children come after their parents, so one pass from the end knows what lies below.
    let nodes = tree.nodes();
    let mut open = vec![false; nodes.len()];
    for (id, node) in nodes.iter().enumerate().rev() {
        let below = node.children.iter().any(|&child| open[child as usize]);
        open[id] = !node.pruned && (below || launch(tree, id as NodeId, options, path_limit).is_some());
    }
    open
}

/// Walks from the root to where the next rollout sets out; `None` where nothing can be expanded now.
pub(super) fn select(
    tree: &Tree,
    options: &SearchOptions,
    path_limit: u32,
    climate: Climate,
) -> Option<Launch> {
    let open = open(tree, options, path_limit);
    let mut at = ROOT;
    while open[at as usize] {
        let node = tree.node(at);
        let ways = node.children.iter().copied().filter(|&child| open[child as usize]);
        // A pinned branch goes before everything else, even before new samples here.
        let pinned = ways.clone().any(|child| holds_pin(tree, child));
        if !pinned && let Some(launch) = launch(tree, at, options, path_limit) {
            return Some(launch);
        }
        let ways = ways.filter(|&child| !pinned || holds_pin(tree, child));
        let scored = ways.map(|child| (child, selection_score(node, tree.node(child), options, climate)));
        // Of equals the oldest.
        at = scored.reduce(|best, next| if next.1 > best.1 { next } else { best })?.0;
    }
    None
}

/// Whether a node or one below it is pinned.
fn holds_pin(tree: &Tree, id: NodeId) -> bool {
    let node = tree.node(id);
    node.pinned || node.children.iter().any(|&child| holds_pin(tree, child))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::NodeKind;
    use crate::search::token::Token;

    const ANY: Climate = Climate { range: None, used: 0.0 };

    fn grow(tree: &mut Tree, parent: NodeId, visits: u32, total: f32) -> NodeId {
        let name = tree.nodes().len() as u32;
        let id = tree.add(parent, NodeKind::Segment, 0, vec![Token::forced(name, Vec::new())]);
        let node = tree.node_mut(id);
        node.visits = visits;
        // In halves, so that totals above 1 can be written.
        node.total_value = Score::from_f32(total / 2.0) + Score::from_f32(total / 2.0);
        node.launched = 3;
        id
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-7, "{found}, expected {expected}");
    }

    #[test]
    fn formulas_worked_by_hand() {
        let mut tree = Tree::default();
        let child = grow(&mut tree, ROOT, 2, 1.5);
        tree.node_mut(ROOT).visits = 6;
        tree.node_mut(ROOT).in_flight = 2;
        tree.node_mut(child).in_flight = 2;
        let (parent, child) = (tree.node(ROOT), tree.node(child));
        let options = SearchOptions { exploration: 0.5, ..SearchOptions::default() };
        let half = Score::from_f32(0.5);
        let climate = Climate { range: Some((half, Score::ONE)), used: 0.25 };
        // W/N = 0.75 lies half way from 0.5 to 1; c_eff = 0.5 * 0.75 = 0.375; sqrt(ln 8 / 4) = 0.7210134.
        close(selection_score(parent, child, &options, climate), 0.5 + 0.375 * 0.721_013_4);
        // Undefined: nothing backed up, or all alike.
        let undefined = 0.5 + 0.5 * (8_f64.ln() / 4.0).sqrt();
        close(selection_score(parent, child, &options, ANY), undefined);
        let alike = Climate { range: Some((half, half)), used: 0.0 };
        close(selection_score(parent, child, &options, alike), undefined);
        // Below the range, as after a loop: 0, not less.
        let high = Climate { range: Some((Score::from_f32(0.875), Score::ONE)), used: 1.0 };
        close(selection_score(parent, child, &options, high), 0.0);
        // Marco-o1's: 0.75 + 1.414 sqrt(2 ln 6 / 2).
        let raw = SearchOptions { selection: Selection::Raw, exploration: 1.414, ..options };
        close(selection_score(parent, child, &raw, climate), 0.75 + f64::from(1.414_f32) * 6_f64.ln().sqrt());
    }

    /// Share of visits that the best of three ways on gets, whose values are 0.89, 0.90 and 0.91 with noise of as much.
    fn share_of_the_best(options: &SearchOptions) -> f64 {
        let (mut best, mut all, mut state) = (0, 0, 1_u64);
        for _ in 0..400 {
            let mut tree = Tree::default();
            let arms: Vec<NodeId> = (0..3).map(|_| grow(&mut tree, ROOT, 0, 0.0)).collect();
            let mut range: Option<(Score, Score)> = None;
            for turn in 0..32 {
                let climate = Climate { range, used: f64::from(turn) / 32.0 };
                let score = |arm: NodeId| selection_score(tree.node(ROOT), tree.node(arm), options, climate);
                let tried = arms.iter().copied().find(|&arm| tree.node(arm).visits == 0);
                let best_score = arms.iter().copied().reduce(|a, b| if score(b) > score(a) { b } else { a });
                let arm = tried.or(best_score).expect("there are three");
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let noise = (state >> 40) as f32 / (1 << 24) as f32 * 0.04 - 0.02;
                let value = Score::from_f32(0.88 + 0.01 * arm as f32 + noise);
                range = Some(range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
                tree.back_up(arm, value);
            }
            best += tree.node(arms[2]).visits;
            all += tree.node(ROOT).visits;
        }
        f64::from(best) / f64::from(all)
    }

    #[test]
    fn normalised_value_finds_the_better_way_and_raw_value_does_not() {
        let normalised = share_of_the_best(&SearchOptions::default());
        let raw = SearchOptions { selection: Selection::Raw, exploration: 1.414, ..SearchOptions::default() };
        let raw = share_of_the_best(&raw);
        // A third is no preference at all.
        assert!(raw < 0.36 && normalised > 0.42, "raw {raw}, normalised {normalised}");
    }

    /// What a walk through hand-made trees gives; `None` where it ends.
    fn walk(tree: &Tree, options: &SearchOptions) -> Option<Launch> {
        select(tree, options, options.path_tokens, ANY)
    }

    fn at(node: NodeId) -> Launch {
        Launch { node, reflect: false }
    }

    #[test]
    fn the_root_is_filled_first_and_then_the_best_child() {
        let options = SearchOptions { lanes: 4, ..SearchOptions::default() };
        let mut tree = Tree::default();
        let low = grow(&mut tree, ROOT, 1, 0.5);
        let high = grow(&mut tree, ROOT, 1, 0.75);
        tree.node_mut(ROOT).visits = 2;
        tree.node_mut(ROOT).launched = 3;
        // Three ways on, but four lanes.
        assert_eq!(walk(&tree, &options), Some(at(ROOT)));
        tree.node_mut(ROOT).launched = 4;
        // Both children have all their expansions under way: nothing can be launched.
        assert_eq!(walk(&tree, &options), None);
        let climate = Climate { range: Some((Score::from_f32(0.5), Score::from_f32(0.75))), used: 0.0 };
        for id in [low, high] {
            tree.node_mut(id).launched = 1;
        }
        assert_eq!(select(&tree, &options, 2048, climate), Some(at(high)));
        // Without a value to tell them apart, the oldest.
        assert_eq!(walk(&tree, &options), Some(at(low)));
        tree.node_mut(high).pinned = true;
        assert_eq!(walk(&tree, &options), Some(at(high)));
        tree.node_mut(high).pruned = true;
        assert_eq!(walk(&tree, &options), Some(at(low)));
    }

    #[test]
    fn limits_close_a_node() {
        let mut tree = Tree::default();
        let child = grow(&mut tree, ROOT, 1, 0.5);
        tree.node_mut(child).launched = 1;
        let options = SearchOptions::default();
        assert!(launch(&tree, child, &options, 2048).is_some());
        // One token is used, 2 x 128 must be left.
        assert!(launch(&tree, child, &options, 257).is_some());
        assert!(launch(&tree, child, &options, 256).is_none());
        assert!(launch(&tree, child, &SearchOptions { depth: 1, ..options.clone() }, 2048).is_none());
        assert!(launch(&tree, child, &SearchOptions { branching: 1, ..options.clone() }, 2048).is_none());
        let leaf = tree.add(child, NodeKind::Final, 0, Vec::new());
        assert!(launch(&tree, leaf, &options, 2048).is_none());
    }

    #[test]
    fn the_end_of_a_thought_can_be_reflected_on_once() {
        let mut tree = Tree::default();
        let thought = grow(&mut tree, ROOT, 1, 0.5);
        tree.node_mut(thought).launched = 1;
        tree.node_mut(thought).thought_end = true;
        let options = SearchOptions::default();
        let reflect = Some(Launch { node: thought, reflect: true });
        assert_eq!(launch(&tree, thought, &options, 2048), reflect);
        let off = SearchOptions { reflection: Reflection::Off, ..options.clone() };
        assert_eq!(launch(&tree, thought, &off, 2048), None);
        let mut again = tree.clone();
        again.node_mut(thought).reflected = true;
        assert_eq!(launch(&again, thought, &options, 2048), None);
        let again = tree.add(thought, NodeKind::Reflection, 1, Vec::new());
        tree.node_mut(again).thought_end = true;
        assert_eq!(launch(&tree, again, &options, 2048), None);
    }
}
