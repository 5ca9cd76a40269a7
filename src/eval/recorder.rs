//! Makes a trial of what the engine tells about a search.

use std::collections::HashMap;

use super::question::Question;
use super::trial::{Trial, Trip};
use crate::protocol::{Event, NodeId, NodeKind, SearchReport, TreeNode};

/// A search that is watched.
#[derive(Debug)]
pub struct Recorder {
    trial: Trial,
    nodes: HashMap<NodeId, TreeNode>,
    /// By rollout: where it set out from, and tokens that were chosen for it so far.
    under_way: HashMap<u32, (NodeId, u32)>,
}

impl Recorder {
    /// Watches the search for the answer to a question.
    pub fn new(problem: usize, question: &Question, seed: u64) -> Self {
        let trial = Trial {
            problem,
            seed,
            group: question.group.clone(),
            expected: question.answer.clone(),
            trips: Vec::new(),
            tokens: 0,
            stop: crate::protocol::StopCause::Cancelled,
            wall_s: 0.0,
        };
        Self { trial, nodes: HashMap::new(), under_way: HashMap::new() }
    }

    /// Takes an event about the search; those of other kinds change nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Launched { rollout, node, .. } => self.under_way.entry(*rollout).or_default().0 = *node,
            Event::Token { choice, .. } => self.under_way.entry(*choice).or_default().1 += 1,
            Event::Expanded { nodes, .. } => {
                self.nodes.extend(nodes.iter().map(|node| (node.node, node.clone())));
            }
            Event::Visited { rollout, path, value, .. } => self.visited(*rollout, path, *value),
            _ => {}
        }
    }

    fn visited(&mut self, rollout: u32, path: &[NodeId], value: f64) {
        let (start, chosen) = self.under_way.remove(&rollout).unwrap_or_default();
        let own = path.iter().skip_while(|node| **node != start).skip(1);
        let length: u32 = own.filter_map(|node| self.nodes.get(node)).map(|node| node.tokens).sum();
        let leaf = path.last().and_then(|leaf| self.nodes.get(leaf));
        let reflects = |node: &NodeId| self.nodes.get(node).is_some_and(|n| n.kind == NodeKind::Reflection);
        self.trial.trips.push(Trip {
            answer: leaf.and_then(|leaf| leaf.answer.clone()),
            kind: leaf.map_or(NodeKind::Segment, |leaf| leaf.kind),
            value,
            // Its path counts what was forced as well, its events count tries that were thrown away.
            tokens: length.max(chosen),
            reflects: path.iter().any(reflects),
            start,
            path: path.to_vec(),
        });
    }

    /// The search is done; `wall_s` are the seconds since the one before.
    pub fn finish(mut self, report: &SearchReport, wall_s: f64) -> Trial {
        self.trial.tokens = report.progress.tokens;
        self.trial.stop = report.stop;
        self.trial.wall_s = wall_s;
        self.trial
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Channel, Chosen, SearchProgress, StopCause, Votes};

    fn node(node: NodeId, parent: NodeId, kind: NodeKind, answer: Option<&str>) -> TreeNode {
        let answer = answer.map(str::to_owned);
        TreeNode { node, parent, rollout: 0, kind, text: String::new(), tokens: 10, confidence: None, answer }
    }

    #[test]
    fn a_trial_is_what_the_events_say() {
        let question = Question { group: "g".into(), text: String::new(), answer: "42".into() };
        let mut recorder = Recorder::new(3, &question, 1);
        let launched = |rollout, node| Event::Launched { id: 1, rollout, node, text: String::new() };
        let token = |choice| Event::Token {
            id: 1,
            choice,
            node: 0,
            channel: Channel::Thought,
            text: String::new(),
            token: 5,
            logprob: -0.1,
            top: Vec::new(),
            bytes: None,
        };
        let mut events = vec![launched(0, 0), launched(1, 1)];
        // The second was tried again: 25 tokens, of which 20 are on its path.
        events.extend((0..25).map(|_| token(1)));
        let first = vec![node(1, 0, NodeKind::Segment, None), node(2, 1, NodeKind::Final, Some("42"))];
        events.push(Event::Expanded { id: 1, nodes: first });
        events.push(Event::Visited { id: 1, rollout: 0, path: vec![0, 1, 2], value: 0.5 });
        let second = vec![node(3, 1, NodeKind::Reflection, None), node(4, 3, NodeKind::Truncated, Some("7"))];
        events.push(Event::Expanded { id: 1, nodes: second });
        events.push(Event::Visited { id: 1, rollout: 1, path: vec![0, 1, 3, 4], value: 0.25 });
        for event in &events {
            recorder.apply(event);
        }
        let report = SearchReport {
            answer: None,
            reply: String::new(),
            path: Vec::new(),
            chosen: Chosen::Nothing,
            votes: Votes::default(),
            without_reflection: None,
            stop: StopCause::Tokens,
            progress: SearchProgress { rollouts: 2, in_flight: 0, tokens: 47, max_tokens: 50 },
        };
        let trial = recorder.finish(&report, 0.5);
        assert_eq!((trial.problem, trial.seed, trial.tokens, trial.stop), (3, 1, 47, StopCause::Tokens));
        let [first, second] = &trial.trips[..] else { panic!("{trial:?}") };
        assert_eq!((first.tokens, first.start, first.answer.as_deref()), (20, 0, Some("42")));
        assert_eq!((second.tokens, second.start, second.answer.as_deref()), (25, 1, Some("7")));
        assert!(second.reflects && second.forced() && !first.reflects && !first.forced());
    }
}
