//! The tree: nodes with their tokens and counts, paths, and what a finished rollout changes.
//!
//! At rest N(p) = sum of N(children) + `end_count(p)` at every node, N(root) is the number of rollouts and W(root) the
//! sum of their values.

use serde::{Deserialize, Serialize};

use super::score::Score;
use super::token::Token;
use crate::protocol::{NodeId, NodeKind, TreeNode};

/// The root: no tokens, the prompt's end.
pub const ROOT: NodeId = 0;

/// The answer of a leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// As written.
    pub text: String,
    /// In the form in which answers are compared.
    pub class: String,
    /// Whether the model was made to give it.
    pub forced: bool,
}

/// A piece of a reply, and what is known of the replies through it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Node {
    /// Where it hangs; the root at itself.
    pub parent: NodeId,
    /// What it holds.
    pub kind: NodeKind,
    /// The rollout that made it. The path to the node's end is the first `length` tokens of the sequence in which
    /// that rollout's last leg was decoded, so its keys and values can be shared.
    pub rollout: u32,
    /// Its part of the path.
    pub tokens: Vec<Token>,
    /// Sum of c over its scored tokens.
    pub confidence: Score,
    /// Tokens with a confidence that counts.
    pub scored: u32,
    /// Tokens without.
    pub forced: u32,
    /// N: rollouts through it or ended at it.
    pub visits: u32,
    /// W: sum of their values.
    pub total_value: Score,
    /// O: rollouts under way from it or from below it.
    pub in_flight: u32,
    /// Rollouts that ended here.
    pub end_count: u32,
    /// Nodes below, oldest first.
    pub children: Vec<NodeId>,
    /// Expansions launched here, or made here by a rollout that came from above.
    pub launched: u32,
    /// Whether an expansion that reflects was launched here.
    pub reflected: bool,
    /// Whether the thought ends here in some rollout.
    pub thought_end: bool,
    /// Whether the person left it alone.
    pub pruned: bool,
    /// Whether the person put it first.
    pub pinned: bool,
    /// Nodes of the path, without the root.
    pub depth: u32,
    /// Tokens of the path to its end.
    pub length: u32,
    /// Whether the path reflects, here or above.
    pub reflects: bool,
    /// What it answers, if it is a leaf that does.
    pub answer: Option<Answer>,
}

impl Node {
    fn new(kind: NodeKind, rollout: u32, tokens: Vec<Token>) -> Self {
        let scores: Vec<Score> = tokens.iter().filter_map(Token::score).collect();
        Self {
            parent: ROOT,
            kind,
            rollout,
            confidence: scores.iter().copied().sum(),
            scored: scores.len() as u32,
            forced: (tokens.len() - scores.len()) as u32,
            length: tokens.len() as u32,
            tokens,
            visits: 0,
            total_value: Score::ZERO,
            in_flight: 0,
            end_count: 0,
            children: Vec::new(),
            launched: 0,
            reflected: false,
            thought_end: false,
            pruned: false,
            pinned: false,
            depth: 0,
            reflects: kind == NodeKind::Reflection,
            answer: None,
        }
    }

    /// Whether the path can go on from here.
    pub fn is_inner(&self) -> bool {
        matches!(self.kind, NodeKind::Segment | NodeKind::Reflection)
    }

    /// W / N.
    pub fn value(&self) -> Option<f64> {
        (self.visits > 0).then(|| self.total_value.to_f64() / f64::from(self.visits))
    }

    /// Mean confidence of its own tokens.
    pub fn mean_confidence(&self) -> Option<f32> {
        (self.scored > 0).then(|| self.confidence.mean(self.scored).to_f64() as f32)
    }

    fn holds(&self, kind: NodeKind, tokens: &[Token]) -> bool {
        let ids = |tokens: &[Token]| tokens.iter().map(|token| token.id).collect::<Vec<_>>();
        self.kind == kind && ids(&self.tokens) == ids(tokens)
    }
}

/// All nodes; a parent stands before its children.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::new(NodeKind::Segment, 0, Vec::new())] }
    }
}

impl Tree {
    /// The node of that name.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    /// The node of that name, if there is one.
    pub fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    /// All nodes, the root first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// From the root to a node.
    pub fn path(&self, mut id: NodeId) -> Vec<NodeId> {
        let mut path = vec![id];
        while id != ROOT {
            id = self.node(id).parent;
            path.push(id);
        }
        path.reverse();
        path
    }

    /// The tokens from the root to the end of a node.
    pub fn tokens(&self, id: NodeId) -> impl Iterator<Item = &Token> {
        self.path(id).into_iter().flat_map(|id| &self.node(id).tokens)
    }

    /// The reply from the root to the end of a node. A node alone may begin or end inside a character.
    pub fn text(&self, id: NodeId) -> String {
        text(self.tokens(id))
    }

    /// v of a path: the mean confidence of its scored tokens.
    pub fn path_value(&self, id: NodeId) -> Score {
        let path = self.path(id);
        let sum: Score = path.iter().map(|&id| self.node(id).confidence).sum();
        sum.mean(path.iter().map(|&id| self.node(id).scored).sum())
    }

    /// The child of `parent` that holds exactly these tokens.
    pub(super) fn find(&self, parent: NodeId, kind: NodeKind, tokens: &[Token]) -> Option<NodeId> {
        self.node(parent).children.iter().copied().find(|&child| self.node(child).holds(kind, tokens))
    }

    /// Adds a child.
    pub(super) fn add(&mut self, parent: NodeId, kind: NodeKind, rollout: u32, tokens: Vec<Token>) -> NodeId {
        let id = self.nodes.len() as NodeId;
        let above = self.node_mut(parent);
        assert!(above.is_inner(), "tree: node {parent} is a leaf");
        above.children.push(id);
        let (depth, length, reflects) = (above.depth, above.length, above.reflects);
        let mut node = Node::new(kind, rollout, tokens);
        node.parent = parent;
        node.depth = depth + 1;
        node.length += length;
        node.reflects |= reflects;
        self.nodes.push(node);
        id
    }

    /// A rollout sets out from a node.
    pub(super) fn depart(&mut self, start: NodeId) {
        for id in self.path(start) {
            self.node_mut(id).in_flight += 1;
        }
    }

    /// It ended, or was cancelled: N and W do not change by that.
    pub(super) fn arrive(&mut self, start: NodeId) {
        for id in self.path(start) {
            self.node_mut(id).in_flight -= 1;
        }
    }

    /// Counts a rollout of value `value` that ended at `leaf`.
    pub(super) fn back_up(&mut self, leaf: NodeId, value: Score) {
        self.node_mut(leaf).end_count += 1;
        for id in self.path(leaf) {
            let node = self.node_mut(id);
            node.visits += 1;
            node.total_value += value;
        }
    }

    /// Whether a node or one above it is pruned.
    pub fn is_pruned(&self, id: NodeId) -> bool {
        self.path(id).iter().any(|&id| self.node(id).pruned)
    }

    /// A node in the words of the protocol.
    pub fn told(&self, id: NodeId) -> TreeNode {
        let node = self.node(id);
        TreeNode {
            node: id,
            parent: node.parent,
            rollout: node.rollout,
            kind: node.kind,
            text: text(node.tokens.iter()),
            tokens: node.tokens.len() as u32,
            confidence: node.mean_confidence(),
            answer: node.answer.as_ref().map(|answer| answer.class.clone()),
        }
    }

    /// What does not hold of the counts, in words; empty if all does. For tests and for files from outside.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |id: usize, what: &str| faults.push(format!("node {id}: {what}"));
        for (id, node) in self.nodes.iter().enumerate() {
            let below = |count: fn(&Node) -> u64| -> u64 {
                node.children.iter().filter_map(|&child| self.get(child)).map(count).sum()
            };
            let in_place = |&child: &NodeId| {
                child as usize > id && self.get(child).is_some_and(|child| child.parent as usize == id)
            };
            if !node.children.iter().all(in_place) {
                fault(id, "a child is elsewhere");
            }
            if id > 0 && !self.get(node.parent).is_some_and(|above| above.children.contains(&(id as NodeId)))
            {
                fault(id, "its parent does not know it");
            }
            if u64::from(node.visits) != below(|child| child.visits.into()) + u64::from(node.end_count) {
                fault(id, "N is not the sum of N below and the rollouts that ended here");
            }
            if u64::from(node.in_flight) < below(|child| child.in_flight.into()) {
                fault(id, "O is less than the sum of O below");
            }
            if node.scored + node.forced != node.tokens.len() as u32 {
                fault(id, "scored and forced tokens are not all tokens");
            }
            if !node.is_inner() && !node.children.is_empty() {
                fault(id, "a leaf has children");
            }
        }
        faults
    }
}

/// The text of tokens in a row; what is no character shows as `�`.
pub(super) fn text<'a>(tokens: impl Iterator<Item = &'a Token>) -> String {
    let bytes: Vec<u8> = tokens.flat_map(|token| token.bytes.0.iter().copied()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: u32, bytes: &[u8], confidence: f32) -> Token {
        Token { confidence: Some(confidence), forced: false, ..Token::forced(id, bytes.to_vec()) }
    }

    /// root - a (2 tokens) - b (1 token, 1 forced)
    fn small() -> (Tree, NodeId, NodeId) {
        let mut tree = Tree::default();
        // The two tokens of 天 (e5 a4 a9) stand in two nodes.
        let a = tree.add(ROOT, NodeKind::Segment, 0, vec![token(1, b"x", 0.5), token(2, &[0xe5], 1.0)]);
        let b =
            tree.add(a, NodeKind::Final, 0, vec![Token::forced(3, vec![0xa4, 0xa9]), token(4, b"!", 0.75)]);
        (tree, a, b)
    }

    #[test]
    fn a_path_is_read_as_one_text() {
        let (tree, a, b) = small();
        assert_eq!((tree.text(b).as_str(), tree.text(a).as_str()), ("x天!", "x�"));
        assert_eq!((tree.path(b), tree.node(b).depth, tree.node(b).length), (vec![0, a, b], 2, 4));
    }

    #[test]
    fn the_value_of_a_path_is_the_mean_of_its_scored_tokens() {
        let (tree, _, b) = small();
        // (0.5 + 1.0 + 0.75) / 3 = 0.75; the forced token has no part.
        assert_eq!(tree.path_value(b), Score::from_f32(0.75));
        assert_eq!(tree.node(b).mean_confidence(), Some(0.75));
        assert_eq!(tree.path_value(ROOT), Score::ZERO);
    }

    #[test]
    fn counts_add_up_along_the_path() {
        let (mut tree, a, b) = small();
        tree.depart(a);
        assert_eq!([ROOT, a, b].map(|id| tree.node(id).in_flight), [1, 1, 0]);
        tree.arrive(a);
        tree.back_up(b, Score::from_f32(0.5));
        tree.back_up(a, Score::from_f32(0.25));
        assert_eq!([ROOT, a, b].map(|id| tree.node(id).visits), [2, 2, 1]);
        assert_eq!([ROOT, a, b].map(|id| tree.node(id).end_count), [0, 1, 1]);
        assert_eq!([ROOT, a, b].map(|id| tree.node(id).value()), [Some(0.375), Some(0.375), Some(0.5)]);
        assert!(tree.faults().is_empty(), "{:?}", tree.faults());
        tree.node_mut(b).visits += 1;
        assert_eq!(tree.faults().len(), 2, "{:?}", tree.faults());
    }

    #[test]
    fn the_same_tokens_of_the_same_kind_are_the_same_node() {
        let (tree, a, b) = small();
        let tokens = tree.node(b).tokens.clone();
        assert_eq!(tree.find(a, NodeKind::Final, &tokens), Some(b));
        assert_eq!(tree.find(a, NodeKind::Segment, &tokens), None);
        assert_eq!(tree.find(ROOT, NodeKind::Final, &tokens), None);
        assert_eq!(tree.find(a, NodeKind::Final, &tokens[..1]), None);
    }
}
