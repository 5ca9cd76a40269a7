//! The same question in four ways, each with as many tokens to spend: one after another, side by side.

use crate::protocol::{Mode, Prompt, RequestId, SamplingOptions, SearchOptions};
use crate::ui::notices::Notice;

/// The ways, in the order in which they run, each with the message that names it.
pub const WAYS: [(Mode, &str); 4] = [
    (Mode::ChainOfThought, "search-mode-chain-of-thought"),
    (Mode::SelfConsistency, "search-mode-self-consistency"),
    (Mode::BestOfN, "search-mode-best-of-n"),
    (Mode::Mcts, "search-mode-mcts"),
];

/// One way.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// How it goes about it.
    pub mode: Mode,
    /// Its request, once it was sent; its outcome is with the searches.
    pub id: Option<RequestId>,
    /// Why it came to nothing.
    pub failure: Option<Notice>,
}

/// A comparison, under way or done.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The question.
    pub question: String,
    /// What each way may spend.
    pub budget: u32,
    /// The four.
    pub ways: Vec<Way>,
    /// Whether the reader ended it.
    pub stopped: bool,
    pub(in crate::ui) prompt: Prompt,
    pub(in crate::ui) sampling: SamplingOptions,
    options: SearchOptions,
}

impl Comparison {
    /// A comparison of which nothing has run. The four differ in their rules alone: the budget ends each, and
    /// neither a number of rollouts nor agreement does.
    pub fn new(question: &str, prompt: Prompt, sampling: SamplingOptions, options: &SearchOptions) -> Self {
        let ways = WAYS.map(|(mode, _)| Way { mode, id: None, failure: None });
        let options = SearchOptions { rollouts: 512, agreement: 1.0, time_limit_s: 0.0, ..options.clone() };
        Self {
            question: question.to_owned(),
            budget: options.max_tokens,
            ways: ways.into(),
            stopped: false,
            prompt,
            sampling,
            options,
        }
    }

    /// Where and how to go on; `None` when all is done or one is under way.
    pub(in crate::ui) fn next(&mut self, id: RequestId) -> Option<SearchOptions> {
        let way = self.ways.iter_mut().find(|way| way.id.is_none() && !self.stopped)?;
        way.id = Some(id);
        Some(SearchOptions { mode: way.mode, ..self.options.clone() })
    }

    /// Whether a request is one of its own.
    pub fn owns(&self, id: RequestId) -> bool {
        self.ways.iter().any(|way| way.id == Some(id))
    }

    /// Notes that a way came to nothing.
    pub(in crate::ui) fn fail(&mut self, id: RequestId, why: &Notice) {
        if let Some(way) = self.ways.iter_mut().find(|way| way.id == Some(id)) {
            way.failure = Some(why.clone());
        }
    }

    /// The way that was sent last.
    pub fn current(&self) -> Option<RequestId> {
        self.ways.iter().rev().find_map(|way| way.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_ways_one_after_another_with_one_budget() {
        let options = SearchOptions { max_tokens: 4096, ..SearchOptions::default() };
        let prompt = Prompt::Raw { text: "?".into() };
        let mut comparison = Comparison::new("?", prompt, SamplingOptions::default(), &options);
        let mut seen = Vec::new();
        for id in 1.. {
            let Some(options) = comparison.next(id) else { break };
            options.validate().unwrap();
            assert_eq!((options.max_tokens, options.agreement), (4096, 1.0));
            assert_eq!(comparison.current(), Some(id));
            seen.push(options.mode);
        }
        assert_eq!(seen, WAYS.map(|(mode, _)| mode));
        assert!(comparison.owns(2) && !comparison.owns(5));
    }

    #[test]
    fn a_stopped_comparison_goes_no_further() {
        let prompt = Prompt::Raw { text: "?".into() };
        let mut comparison =
            Comparison::new("?", prompt, SamplingOptions::default(), &SearchOptions::default());
        comparison.next(1);
        comparison.stopped = true;
        assert_eq!(comparison.next(2), None);
    }
}
