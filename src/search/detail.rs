//! A node in full, for somebody who looks at it: its tokens with their alternatives, and how it stands now.

use super::machine::Search;
use super::select::{open, select, selection_score};
use super::tree::ROOT;
use crate::error::{Error, Result};
use crate::protocol::{NodeDetail, NodeId, Standing, TokenDetail, TopLogprob};

impl Search {
    /// A node in full. `text_of` is the text of any token of the vocabulary.
    pub fn detail(&self, id: NodeId, text_of: impl Fn(u32) -> String) -> Result<NodeDetail> {
        let nodes = self.tree.nodes().len();
        let none = || Error::BadRequest(format!("there is no node {id}: the tree has {nodes}"));
        let node = self.tree.get(id).ok_or_else(none)?;
        let alternative =
            |&(token, logprob): &(u32, f32)| TopLogprob { token, text: text_of(token), logprob, bytes: None };
        let piece = |token: &super::Token| TokenDetail {
            token: token.id,
            text: String::from_utf8_lossy(&token.bytes.0).into_owned(),
            confidence: token.confidence,
            forced: token.forced,
            top: token.top.iter().map(alternative).collect(),
        };
        let parent = self.tree.node(node.parent);
        Ok(NodeDetail {
            node: self.tree.told(id),
            pieces: node.tokens.iter().map(piece).collect(),
            visits: node.visits,
            in_flight: node.in_flight,
            value: node.value(),
            score: (id != ROOT).then(|| selection_score(parent, node, &self.options, self.climate())),
            standing: self.standing(id),
        })
    }

    fn standing(&self, id: NodeId) -> Standing {
        if self.tree.is_pruned(id) {
            return Standing::Pruned;
        }
        if !self.tree.node(id).is_inner() {
            return Standing::Ended;
        }
        let next = select(&self.tree, &self.options, self.path_limit, self.climate());
        if next.is_some_and(|next| self.tree.path(next.node).contains(&id)) {
            return Standing::Next;
        }
        let open = open(&self.tree, &self.options, self.path_limit);
        if open[id as usize] { Standing::Open } else { Standing::Closed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{SamplingOptions, SearchOptions, ThoughtFormat};
    use crate::search::toy::{Toy, run};

    #[test]
    fn a_node_tells_how_it_stands() {
        let sampling = SamplingOptions::default();
        let mut search =
            Search::new(&SearchOptions::default(), &sampling, ThoughtFormat::Marco, 4096).unwrap();
        run(&mut search, &mut Toy::default(), |_| 0).unwrap();
        let detail = |search: &Search, id| search.detail(id, |token| format!("<{token}>")).unwrap();
        let root = detail(&search, ROOT);
        assert_eq!((root.score, root.visits, root.standing), (None, 8, Standing::Next));
        let first = detail(&search, 1);
        let text: String = first.pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(text, first.node.text);
        assert_eq!(first.pieces.len(), search.tree().node(1).tokens.len());
        let leaf = search.report().path.last().copied().unwrap();
        assert_eq!(detail(&search, leaf).standing, Standing::Ended);
        // Of the root's children the one that would be chosen has the highest score.
        let children = search.tree().node(ROOT).children.clone();
        let details: Vec<NodeDetail> = children.iter().map(|&id| detail(&search, id)).collect();
        let next: Vec<_> = details.iter().filter(|detail| detail.standing == Standing::Next).collect();
        assert_eq!(next.len(), 1);
        assert!(
            details.iter().all(|other| other.score <= next[0].score || other.standing == Standing::Closed)
        );
        search.prune(children[0], true).unwrap();
        let below = search.tree().node(children[0]).children[0];
        assert_eq!(detail(&search, below).standing, Standing::Pruned);
        assert!(search.detail(999, |_| String::new()).is_err());
    }
}
