//! The tree of a search as its events tell it: nodes, what hangs where, and how often it was passed.

use std::collections::BTreeSet;

use crate::protocol::{NodeId, NodeKind, TreeNode};

/// The root: no text, the end of the prompt. It is never told of.
pub const ROOT: NodeId = 0;

/// A node with all that the picture shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// As it was told.
    pub told: TreeNode,
    /// What hangs below it, oldest first.
    pub children: Vec<NodeId>,
    /// Nodes from the root; the root has 0.
    pub depth: u32,
    /// Rollouts through it.
    pub visits: u32,
    /// Sum of their values.
    total: f64,
    /// Rollouts that set out from it and are not in the tree yet.
    pub growing: u32,
    /// Whether the reader left this branch alone.
    pub pruned: bool,
    /// Whether the reader put this branch first.
    pub pinned: bool,
    /// Whether it lies on the winning path.
    pub won: bool,
    /// Counts its changes, so that only what changed is drawn anew.
    pub version: u32,
}

impl Node {
    fn new(told: TreeNode, depth: u32) -> Self {
        Self {
            told,
            children: Vec::new(),
            depth,
            visits: 0,
            total: 0.0,
            growing: 0,
            pruned: false,
            pinned: false,
            won: false,
            version: 0,
        }
    }

    /// Mean value of the rollouts through it, 0 to 1.
    pub fn value(&self) -> Option<f64> {
        (self.visits > 0).then(|| self.total / f64::from(self.visits))
    }

    /// Whether a branch can go on from here.
    pub fn is_inner(&self) -> bool {
        matches!(self.told.kind, NodeKind::Segment | NodeKind::Reflection)
    }
}

/// A tree; a parent stands before its children.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    nodes: Vec<Node>,
    /// Counts the nodes that came, so that the picture knows when its places are old.
    pub shape: u32,
    /// Counts all changes.
    pub changes: u32,
}

impl Default for Tree {
    fn default() -> Self {
        let root = TreeNode {
            node: ROOT,
            parent: ROOT,
            rollout: 0,
            kind: NodeKind::Segment,
            text: String::new(),
            tokens: 0,
            confidence: None,
            answer: None,
        };
        Self { nodes: vec![Node::new(root, 0)], shape: 0, changes: 0 }
    }
}

impl Tree {
    /// All nodes; a node's place is its name.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of that name, if it is here.
    pub fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    /// Nodes without the root.
    pub fn len(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Whether nothing hangs from the root.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change(&mut self, id: NodeId, how: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(id as usize) {
            how(node);
            node.version += 1;
            self.changes += 1;
        }
    }

    /// Draws a node anew for a reason that is not its own.
    pub fn touch(&mut self, id: NodeId) {
        self.change(id, |_| {});
    }

    /// Hangs a node. One that is here already, or whose parent is not, is passed over.
    pub fn add(&mut self, told: TreeNode) {
        let (id, parent) = (told.node, told.parent);
        if id as usize != self.nodes.len() || parent >= id {
            return;
        }
        let depth = self.nodes[parent as usize].depth + 1;
        self.nodes.push(Node::new(told, depth));
        self.change(parent, |node| node.children.push(id));
        self.shape += 1;
    }

    /// Counts a rollout at every node of its path.
    pub fn visit(&mut self, path: &[NodeId], value: f64) {
        for &id in path {
            self.change(id, |node| {
                node.visits += 1;
                node.total += value;
            });
        }
    }

    /// One rollout more, or less, is under way from this node.
    pub fn grow(&mut self, id: NodeId, more: bool) {
        self.change(id, |node| {
            node.growing = if more { node.growing + 1 } else { node.growing.saturating_sub(1) };
        });
    }

    /// Leaves a branch alone, or takes it in again.
    pub fn prune(&mut self, id: NodeId, pruned: bool) {
        self.change(id, |node| node.pruned = pruned);
        // What hangs below looks otherwise as well.
        for below in self.below(id) {
            self.touch(below);
        }
    }

    /// Puts a branch first, or back among the others.
    pub fn pin(&mut self, id: NodeId, pinned: bool) {
        self.change(id, |node| node.pinned = pinned);
    }

    /// Marks the winning path.
    pub fn win(&mut self, path: &[NodeId]) {
        for id in 0..self.nodes.len() as NodeId {
            let won = path.contains(&id);
            if self.nodes[id as usize].won != won {
                self.change(id, |node| node.won = won);
            }
        }
    }

    /// The node and all above it, the root last.
    pub fn path(&self, id: NodeId) -> impl Iterator<Item = &Node> {
        let mut next = self.get(id);
        std::iter::from_fn(move || {
            let node = next?;
            let id = node.told.node;
            next = if id == ROOT { None } else { self.get(node.told.parent) };
            Some(node)
        })
    }

    /// Whether the node, or one above it, is left alone.
    pub fn is_pruned(&self, id: NodeId) -> bool {
        self.path(id).any(|node| node.pruned)
    }

    /// Everything below a node, from top to bottom as it is drawn.
    pub fn below(&self, id: NodeId) -> Vec<NodeId> {
        let mut all = self.order(id);
        all.remove(0);
        all
    }

    /// A node and everything below it, from top to bottom as it is drawn.
    pub fn order(&self, from: NodeId) -> Vec<NodeId> {
        let (mut order, mut waiting) = (Vec::with_capacity(self.nodes.len()), vec![from]);
        while let Some(id) = waiting.pop() {
            order.push(id);
            if let Some(node) = self.get(id) {
                waiting.extend(node.children.iter().rev());
            }
        }
        order
    }

    /// What a list shows from top to bottom, where some branches are folded.
    pub fn unfolded(&self, folded: &BTreeSet<NodeId>) -> Vec<NodeId> {
        let (mut order, mut waiting) = (Vec::new(), vec![ROOT]);
        while let Some(id) = waiting.pop() {
            order.push(id);
            if let Some(node) = self.get(id).filter(|_| !folded.contains(&id)) {
                waiting.extend(node.children.iter().rev());
            }
        }
        order
    }

    /// Tokens of a path: those of the thought, and all.
    pub fn path_tokens(&self, path: &[NodeId]) -> (usize, usize) {
        let nodes = path.iter().filter_map(|id| self.get(*id));
        nodes.fold((0, 0), |(thought, all), node| {
            let tokens = node.told.tokens as usize;
            (thought + if node.is_inner() { tokens } else { 0 }, all + tokens)
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A piece of a thought.
    pub(in crate::ui) fn piece(node: NodeId, parent: NodeId) -> TreeNode {
        TreeNode {
            node,
            parent,
            rollout: 0,
            kind: NodeKind::Segment,
            text: format!("step {node}"),
            tokens: 10,
            confidence: Some(0.9),
            answer: None,
        }
    }

    /// 1 with 2 and 4 below it; 3 below 2; 5 beside 1.
    pub(in crate::ui) fn tree() -> Tree {
        let mut tree = Tree::default();
        for (node, parent) in [(1, 0), (2, 1), (3, 2), (4, 1), (5, 0)] {
            tree.add(piece(node, parent));
        }
        tree
    }

    #[test]
    fn nodes_hang_where_they_were_told_to() {
        let tree = tree();
        assert_eq!(tree.order(ROOT), [0, 1, 2, 3, 4, 5]);
        assert_eq!(tree.below(1), [2, 3, 4]);
        assert_eq!(tree.unfolded(&BTreeSet::from([2])), [0, 1, 2, 4, 5]);
        assert_eq!(tree.get(3).unwrap().depth, 3);
        assert_eq!(tree.path(3).map(|node| node.told.node).collect::<Vec<_>>(), [3, 2, 1, 0]);
        assert_eq!(tree.path_tokens(&[0, 1, 2]), (20, 20));
    }

    #[test]
    fn what_cannot_hang_is_passed_over() {
        let mut tree = tree();
        let before = tree.clone();
        for (node, parent) in [(3, 0), (9, 0), (6, 6), (6, 77)] {
            tree.add(piece(node, parent));
        }
        tree.visit(&[99], 1.0);
        assert_eq!(tree, before);
    }

    #[test]
    fn only_what_changes_is_drawn_anew() {
        let mut tree = tree();
        let versions = |tree: &Tree| tree.nodes().iter().map(|node| node.version).collect::<Vec<_>>();
        let before = versions(&tree);
        tree.visit(&[0, 1, 4], 0.5);
        tree.visit(&[0, 1, 4], 1.0);
        let changed: Vec<_> =
            versions(&tree).iter().zip(&before).map(|(after, before)| after - before).collect();
        assert_eq!(changed, [2, 2, 0, 0, 2, 0]);
        assert_eq!(tree.get(4).unwrap().value(), Some(0.75));
        assert_eq!(tree.get(5).unwrap().value(), None);
        let before = versions(&tree);
        tree.win(&[0, 5]);
        tree.win(&[0, 5]);
        assert_eq!(versions(&tree).iter().sum::<u32>() - before.iter().sum::<u32>(), 2);
    }

    #[test]
    fn a_branch_is_left_alone_with_all_below_it() {
        let mut tree = tree();
        tree.prune(2, true);
        assert_eq!([1, 2, 3, 4].map(|id| tree.is_pruned(id)), [false, true, true, false]);
        tree.prune(2, false);
        assert!(!tree.is_pruned(3));
    }
}
