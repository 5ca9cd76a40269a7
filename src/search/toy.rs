//! A world without a model: problems of a few steps, each right with some probability, whose tokens are more confident
//! where the step is right. Correct answers exist, confidence says something about them, and a rollout takes
//! microseconds. It checks the machinery; it says nothing about models.

use super::machine::{Ask, Search};
use super::repeats::REFLECTION;
use super::token::{Bytes, Token};
use super::work::{Told, Work};
use crate::error::Result;
use crate::sampler::Draw;

/// Decodes what a search asks for. An engine does it with lanes of a batch; here it is a function.
pub trait Proposer {
    /// The tokens of one leg.
    fn propose(&mut self, work: &Work) -> Result<Told>;
}

/// Runs a search to its end. `pick` chooses which of so many legs under way is the next to be done: the result must
/// not depend on it.
pub fn run(
    search: &mut Search,
    proposer: &mut impl Proposer,
    mut pick: impl FnMut(usize) -> usize,
) -> Result<()> {
    let mut lanes: Vec<Work> = Vec::new();
    loop {
        match search.ask() {
            Ask::Work(work) => lanes.push(*work),
            Ask::Wait => {
                assert!(!lanes.is_empty(), "the search waits and nothing is under way");
                let work = lanes.swap_remove(pick(lanes.len()));
                search.tell(proposer.propose(&work)?)?;
            }
            Ask::Done => return Ok(()),
        }
    }
}

/// Tokens that are no words.
const END: u32 = 0;
const OPEN: u32 = 1;
const STOP: u32 = 2;
const CLOSE: u32 = 3;
const OUTPUT: u32 = 4;
const OUTPUT_END: u32 = 5;
const RETHINK: u32 = 7;
const FORCED: u32 = 8;

/// Words of right steps and of wrong ones, and answers, begin here.
const RIGHT: u32 = 100;
const WRONG: u32 = 10_000;
const ANSWER: u32 = 100_000;

/// The right answer to every problem.
pub const RIGHT_ANSWER: &str = "42";

/// A problem.
#[derive(Debug, Clone, Copy)]
pub struct Toy {
    /// Steps to the answer.
    pub steps: u32,
    /// Words a step.
    pub words: u32,
    /// Probability that a step is right, 0 to 1. A path is right if all of its steps are.
    pub right: f32,
    /// How much more confident the tokens of a right step are, 0 to 0.2.
    pub gap: f32,
    /// Which problem: other random numbers.
    pub seed: u64,
}

impl Default for Toy {
    fn default() -> Self {
        Self { steps: 5, words: 12, right: 0.8, gap: 0.04, seed: 0 }
    }
}

impl Proposer for Toy {
    fn propose(&mut self, work: &Work) -> Result<Told> {
        let told = |tokens, end| Told { rollout: work.rollout, leg: work.leg, tokens, end };
        let mut ids = work.prefix.clone();
        let mut watch = work.watch.clone();
        let mut tokens = Vec::new();
        if !work.forced.is_empty() {
            let id = if work.forced.contains(REFLECTION) { RETHINK } else { FORCED };
            let token = Token::forced(id, work.forced.clone().into_bytes());
            let end = watch.push(&token, false);
            ids.push(id);
            tokens.push(token);
            if let Some(end) = end {
                return Ok(told(tokens, end));
            }
        }
        loop {
            let token = self.next(&ids, work);
            let end = watch.push(&token, token.id == END);
            ids.push(token.id);
            tokens.push(token);
            if let Some(end) = end {
                return Ok(told(tokens, end));
            }
        }
    }
}

impl Toy {
    /// A number of 0 to 1 that depends on the problem, the rollout and the position. `salt` tells numbers apart.
    fn uniform(&self, work: &Work, position: usize, salt: u64) -> f32 {
        let seed =
            (work.seed ^ self.seed.rotate_left(20)).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt);
        Draw { seed, choice: work.choice, position: position as u32 }.uniform()
    }

    fn next(&self, ids: &[u32], work: &Work) -> Token {
        let at = ids.len();
        let chance = |salt| self.uniform(work, at, salt);
        // After a reflection all begins anew.
        let begin = ids.iter().rposition(|id| *id == RETHINK).map_or(0, |at| at + 1);
        let thought = &ids[begin..];
        let Some(&last) = ids.last() else { return word(OPEN, "<Thought>\n", 0.99) };
        let done = thought.iter().filter(|id| **id == STOP).count() as u32;
        match last {
            OPEN | STOP | RETHINK if done >= self.steps => word(CLOSE, "</Thought>", 0.97),
            OPEN | STOP | RETHINK => {
                let right = chance(1) < self.right;
                self.step_word(right, chance(2), chance(3))
            }
            CLOSE => word(OUTPUT, "\n<Output>\n", 0.99),
            OUTPUT | FORCED => {
                let wrong = thought.iter().find(|id| (WRONG..ANSWER).contains(*id));
                let answer = match wrong {
                    // The first mistake leads to the same wrong answer wherever it is made.
                    Some(id) => 43 + (id - WRONG) % 7,
                    None if done < self.steps => 30 + done,
                    None => 42,
                };
                word(ANSWER + answer, &format!("Answer: {answer}"), 0.95)
            }
            OUTPUT_END => word(END, "", 0.99),
            id if id >= ANSWER => word(OUTPUT_END, "\n</Output>", 0.99),
            id => {
                let step = thought.iter().rev().take_while(|id| (RIGHT..ANSWER).contains(*id)).count() as u32;
                if step >= self.words {
                    return word(STOP, ".\n\n", 0.95);
                }
                self.step_word(id < WRONG, chance(2), chance(3))
            }
        }
    }

    #[expect(clippy::cast_sign_loss, reason = "it is 0 to 1")]
    fn step_word(&self, right: bool, which: f32, noise: f32) -> Token {
        let which = (which * 60.0) as u32;
        let (id, letter) = if right { (RIGHT + which, 'r') } else { (WRONG + which, 'w') };
        let confidence = 0.9 + (noise - 0.5) * 0.16 + if right { self.gap / 2.0 } else { -self.gap / 2.0 };
        word(id, &format!("{letter}{which} "), confidence.min(1.0))
    }
}

fn word(id: u32, text: &str, confidence: f32) -> Token {
    let bytes = Bytes(text.as_bytes().to_vec());
    Token {
        id,
        bytes,
        confidence: Some(confidence),
        forced: false,
        logprob: libm::logf(confidence),
        top: Vec::new(),
    }
}
