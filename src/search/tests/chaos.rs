//! A proposer that says anything, tags in pieces and out of place among it, and a driver that is as unfair as it can.

use proptest::prelude::*;

use crate::error::Result;
use crate::protocol::{
    Action, Mode, Reflection, Repeats, SamplingOptions, SearchOptions, Selection, ThoughtFormat, VoteRule,
};
use crate::sampler::Draw;
use crate::search::toy::Proposer;
use crate::search::{Ask, Bytes, Search, Token, Told, Work};

/// Small random numbers (splitmix64).
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// What chaos says. The first ends the reply; the last two are one character.
const PIECES: [&[u8]; 20] = [
    b"",
    b"one ",
    b"two ",
    b".\n\n",
    b"<Output>",
    b"\n\n",
    b"</Thought>",
    b"3",
    b"</",
    b"Thought",
    b">",
    b"<Thought>\n",
    b"\n",
    b"Answer: 4",
    b"</Output>",
    b"</think>",
    b"five ",
    "六".as_bytes(),
    b"\xe4\xb8",
    b"\x83",
];

/// Says anything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chaos {
    pub(super) seed: u64,
    /// Pieces in use, 2 to 20: with few, the same replies come again and again.
    pub(super) pieces: u32,
    /// Whether every third rollout repeats itself after a while.
    pub(super) circles: bool,
}

impl Proposer for Chaos {
    fn propose(&mut self, work: &Work) -> Result<Told> {
        let mut ids = work.prefix.clone();
        let mut watch = work.watch.clone();
        let mut tokens: Vec<Token> = Vec::new();
        let mut end = None;
        // Forced text is a token a word, as with a real tokenizer.
        for text in work.forced.split_inclusive(' ') {
            let id = 1000 + text.len() as u32;
            let token = Token::forced(id, text.into());
            end = watch.push(&token, false);
            tokens.push(token);
            ids.push(id);
            if end.is_some() {
                break;
            }
        }
        while end.is_none() {
            let draw = Draw { seed: self.seed ^ work.seed, choice: work.choice, position: ids.len() as u32 };
            let mut id = draw.bits() % self.pieces;
            // Some go in circles, once they have begun.
            if self.circles && work.choice.is_multiple_of(3) && ids.len() >= 16 {
                id = ids[ids.len() - 8] % self.pieces;
            }
            ids.push(id);
            // The same path has the same confidence, as with a model.
            let hash = ids.iter().fold(self.seed, |hash, id| Rng(hash ^ u64::from(*id)).next());
            let confidence = Some(0.5 + (hash % 500) as f32 / 1000.0);
            let bytes = Bytes(PIECES[id as usize].to_vec());
            let token = Token { bytes, confidence, forced: false, ..Token::forced(id, Vec::new()) };
            end = watch.push(&token, id == 0);
            tokens.push(token);
        }
        assert!(tokens.len() <= work.limit as usize);
        Ok(Told { rollout: work.rollout, leg: work.leg, tokens, end: end.expect("the loop ended") })
    }
}

/// A search to be tried.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) options: SearchOptions,
    pub(super) sampling: SamplingOptions,
    pub(super) thoughts: ThoughtFormat,
    pub(super) chaos: Chaos,
}

impl Case {
    pub(super) fn search(&self) -> Search {
        Search::new(&self.options, &self.sampling, self.thoughts, 5000).expect("cases are valid")
    }
}

/// Searches of every kind, small enough for thousands of them.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    let actions = prop_oneof![
        3 => Just(Action::Step),
        2 => (1..12u32).prop_map(Action::MiniStep),
        1 => Just(Action::Whole)
    ];
    let reflections = prop_oneof![
        Just(Reflection::Off),
        Just(Reflection::Always),
        Just(Reflection::LowConfidence),
        Just(Reflection::Action)
    ];
    let modes = prop_oneof![
        5 => Just(Mode::Mcts),
        1 => Just(Mode::SelfConsistency),
        1 => Just(Mode::BestOfN),
        1 => Just(Mode::ChainOfThought)
    ];
    let votes = prop_oneof![Just(VoteRule::Weighted), Just(VoteRule::Majority), Just(VoteRule::Borda)];
    let shape = (modes, actions, reflections, votes, any::<bool>(), any::<bool>(), 0..3u8);
    let sizes = (1..14u32, 1..4u32, 1..9u32, 1..12u32, 64..300u32, 64..2500u32, 4..32u32);
    (shape, sizes, 2..=20u32, any::<u64>(), 0..2u8).prop_map(|(shape, sizes, pieces, seed, heat)| {
        let (mode, action, reflection, vote, raw, count, thoughts) = shape;
        let (rollouts, branching, lanes, depth, path_tokens, max_tokens, answer_reserve) = sizes;
        let options = SearchOptions {
            mode,
            rollouts,
            branching,
            selection: if raw { Selection::Raw } else { Selection::Normalised },
            action,
            depth,
            path_tokens,
            max_tokens,
            answer_reserve,
            lanes,
            reflection,
            reflect_below: 0.75,
            vote,
            repeats: if count { Repeats::Count } else { Repeats::Retry },
            ..SearchOptions::default()
        };
        let temperature = f32::from(heat) * 0.7;
        let thoughts = [ThoughtFormat::Marco, ThoughtFormat::Think, ThoughtFormat::None][thoughts as usize];
        let sampling = SamplingOptions { temperature, seed, ..SamplingOptions::default() };
        Case { options, sampling, thoughts, chaos: Chaos { seed, pieces, circles: seed.is_multiple_of(4) } }
    })
}

/// Runs a search with lanes that come back in any order, `each` seeing every piece of work as it is asked for, with
/// the search before and after. It ends early where `each` says so.
pub(super) fn drive(
    search: &mut Search,
    proposer: &mut impl Proposer,
    rng: &mut Rng,
    mut each: impl FnMut(&mut Search, Option<&Work>) -> bool,
) -> Vec<Told> {
    let mut lanes: Vec<Work> = Vec::new();
    let mut told = Vec::new();
    loop {
        // Sometimes a lane comes back before an idle one has asked.
        if lanes.is_empty() || rng.below(3) > 0 {
            match search.ask() {
                Ask::Work(work) => {
                    let go_on = each(search, Some(&work));
                    lanes.push(*work);
                    if !go_on {
                        return told;
                    }
                    continue;
                }
                Ask::Wait => assert!(!lanes.is_empty(), "the search waits and nothing is under way"),
                Ask::Done => return told,
            }
        }
        let work = lanes.swap_remove(rng.below(lanes.len()));
        let result = proposer.propose(&work).expect("chaos has no faults");
        told.push(result.clone());
        search.tell(result).expect("it is what was asked for");
        if !each(search, None) {
            return told;
        }
    }
}
