//! A rollout under way: from a node to the end of a reply, in one or more legs.
//!
//! What a leg leads to depends on the rollout alone, never on what others do meanwhile; determinism rests on that.

use serde::{Deserialize, Serialize};

use super::answer::{self, Source};
use super::cutter::{Cut, Cutter, tags};
use super::repeats::REFLECTION;
use super::select::Launch;
use super::token::Token;
use super::tree::Tree;
use super::work::{End, Watch, Work};
use crate::protocol::{NodeKind, Reflection, SamplingOptions, SearchOptions, ThoughtFormat};
use crate::sampler::Rule;

/// A thought is not sent back with fewer tokens to go than this.
const ROOM_TO_RETHINK: u32 = 64;

/// Temperatures of a rollout's tries, as multiples of what was asked for.
const HEAT: [f32; 3] = [1.0, 1.5, 2.0];

/// Where rollouts happen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) tree: &'a Tree,
    pub(super) options: &'a SearchOptions,
    pub(super) sampling: &'a SamplingOptions,
    pub(super) thoughts: ThoughtFormat,
    /// Longest path, in tokens.
    pub(super) path_limit: u32,
}

/// What a rollout waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// A leg that has not been asked for; it begins with this text.
    Ready(String),
    /// A leg that has been.
    Asked(String),
    /// Nothing: `Final`, `Truncated` or `Loop`.
    Ended(NodeKind),
}

/// A rollout under way, or ended and not in the tree yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rollout {
    pub(super) id: u32,
    pub(super) start: Launch,
    /// Tokens it begins with, chosen by the person.
    given: Vec<Token>,
    /// How often it has been tried before.
    pub(super) tries: u32,
    leg: u32,
    /// Tokens it may spend, all tries and legs together.
    pub(super) limit: u32,
    pub(super) spent: u32,
    /// Since the start node.
    pub(super) tokens: Vec<Token>,
    /// Where something was forced.
    marks: Vec<Cut>,
    pub(super) state: State,
}

impl Rollout {
    pub(super) fn new(id: u32, start: Launch, given: Vec<Token>, limit: u32, ground: Ground<'_>) -> Self {
        let state = State::Ready(String::new());
        let tokens = given.clone();
        let mut rollout =
            Self { id, start, given, tries: 0, leg: 0, limit, spent: 0, tokens, marks: Vec::new(), state };
        rollout.set_out(ground);
        rollout
    }

    /// Begins again, hotter. There are [`HEAT`] tries.
    pub(super) fn retry(&mut self, limit: u32, ground: Ground<'_>) {
        self.tries += 1;
        self.limit = limit;
        self.tokens = self.given.clone();
        self.set_out(ground);
    }

    /// Whether another try would differ from this one.
    pub(super) fn can_retry(&self, ground: Ground<'_>) -> bool {
        (self.tries as usize) + 1 < HEAT.len() && !rule(ground.sampling, 1.0).is_greedy()
    }

    fn set_out(&mut self, ground: Ground<'_>) {
        self.marks.clear();
        self.state = State::Ready(String::new());
        if self.start.reflect && self.given.is_empty() {
            self.state = self.reflect(ground);
        } else if self.start.reflect {
            // The phrase is among what is given.
            self.marks.push((0, NodeKind::Reflection));
        }
    }

    fn is_answering(&self) -> bool {
        self.marks.iter().any(|mark| mark.1 == NodeKind::Truncated)
    }

    fn reflects(&self, ground: Ground<'_>) -> bool {
        ground.tree.node(self.start.node).reflects
            || self.marks.iter().any(|mark| mark.1 == NodeKind::Reflection)
    }

    /// The next leg; `None` where there is none to be asked for.
    pub(super) fn ask(&mut self, ground: Ground<'_>) -> Option<Work> {
        let State::Ready(forced) = &self.state else { return None };
        let forced = forced.clone();
        let answering = self.is_answering();
        let limit = self.room(ground);
        let watch = self.watch(ground);
        let waits = matches!(ground.options.reflection, Reflection::Always | Reflection::LowConfidence);
        let stop_at_tag = waits && !answering && !self.reflects(ground) && !watch.thought_ended();
        let depth_left = self.depth_left(ground);
        let path = ground.tree.path(self.start.node);
        let prefix = ground.tree.tokens(self.start.node).chain(&self.tokens).map(|token| token.id).collect();
        self.state = State::Asked(forced.clone());
        self.leg += 1;
        Some(Work {
            rollout: self.id,
            leg: self.leg - 1,
            node: self.start.node,
            path,
            prefix,
            kept: self.tokens.len(),
            text: watch.cutter().bytes().to_vec(),
            kept_bytes: self.tokens.iter().map(|token| token.bytes.0.len()).sum(),
            forced,
            rule: if answering { Rule::GREEDY } else { rule(ground.sampling, HEAT[self.tries as usize]) },
            seed: ground.sampling.seed,
            choice: self.id * HEAT.len() as u32 + self.tries,
            limit,
            watch: watch.bounded(limit, depth_left, stop_at_tag),
        })
    }

    /// Whether a rollout from outside can go on.
    pub(super) fn is_sound(&self) -> bool {
        (self.tries as usize) < HEAT.len()
    }

    /// Forgets that a leg was asked for, so that it is asked for again.
    pub(super) fn ask_again(&mut self) {
        if let State::Asked(forced) = &mut self.state {
            self.state = State::Ready(std::mem::take(forced));
        }
    }

    /// Nodes that it may make, without the answer.
    fn depth_left(&self, ground: Ground<'_>) -> u32 {
        ground.options.depth - ground.tree.node(self.start.node).depth
    }

    /// Whether this is the leg that was asked for.
    pub(super) fn expects(&self, leg: u32) -> bool {
        matches!(self.state, State::Asked(_)) && leg + 1 == self.leg
    }

    /// Takes the tokens of a leg and decides what comes next.
    pub(super) fn take(&mut self, mut tokens: Vec<Token>, end: End, ground: Ground<'_>) {
        self.spent += tokens.len() as u32;
        if self.is_answering() {
            // Decoded after a forced close: shown with their confidence, but not counted.
            for token in &mut tokens {
                token.forced = true;
            }
            self.tokens.append(&mut tokens);
            self.state = State::Ended(NodeKind::Truncated);
            return;
        }
        self.tokens.append(&mut tokens);
        self.state = match end {
            End::Loop => State::Ended(NodeKind::Loop),
            End::Tag => self.at_tag(ground),
            End::Stop => self.at_end(ground),
            End::Depth | End::Limit | End::Context | End::Interrupted => self.force_answer(ground),
        };
        if matches!(self.state, State::Ready(_)) && !self.is_answering() && self.room(ground) == 0 {
            self.state = self.force_answer(ground);
        }
    }

    /// The thought is closed: back before the tag to think again, or on.
    fn at_tag(&mut self, ground: Ground<'_>) -> State {
        let wanted = match ground.options.reflection {
            Reflection::Always => true,
            Reflection::LowConfidence => {
                let scores = ground.tree.tokens(self.start.node).chain(&self.tokens).filter_map(Token::score);
                let (sum, count) = scores.fold((0.0, 0), |(sum, n), score| (sum + score.to_f64(), n + 1));
                count > 0 && sum / f64::from(count) < f64::from(ground.options.reflect_below)
            }
            Reflection::Off | Reflection::Action => false,
        };
        let watch = self.watch(ground);
        let is_room = self.room(ground) >= ROOM_TO_RETHINK
            && watch.cutter().segments() < self.depth_left(ground) as usize;
        if wanted
            && is_room
            && let Some(tag) = watch.cutter().tag()
        {
            self.tokens.truncate(tag);
            return self.reflect(ground);
        }
        State::Ready(String::new())
    }

    /// The phrase as a paragraph of its own.
    fn reflect(&mut self, ground: Ground<'_>) -> State {
        self.marks.push((self.tokens.len(), NodeKind::Reflection));
        let text = self.watch(ground).cutter().text();
        let newlines = text.bytes().rev().take_while(u8::is_ascii_whitespace).filter(|b| *b == b'\n').count();
        let before = if text.is_empty() { "" } else { &"\n\n"[newlines.min(2)..] };
        State::Ready(format!("{before}{REFLECTION}"))
    }

    /// The model has ended the reply: with an answer, or without.
    fn at_end(&mut self, ground: Ground<'_>) -> State {
        let text = self.watch(ground).cutter().text();
        if reply_answer(&text, ground.thoughts).is_some() {
            return State::Ended(NodeKind::Final);
        }
        // Nothing stands where the answer should be, and there is no place left to put one.
        let Some(source) = answer::extract(&text).map(|found| found.1) else {
            return self.without_end(ground);
        };
        if source == Source::AfterThought && ground.thoughts == ThoughtFormat::Marco {
            return self.without_end(ground);
        }
        State::Ended(NodeKind::Final)
    }

    fn without_end(&mut self, ground: Ground<'_>) -> State {
        self.tokens.pop();
        self.force_answer(ground)
    }

    /// Closes the thought where it is open, and lets the model answer.
    fn force_answer(&mut self, ground: Ground<'_>) -> State {
        let text = self.watch(ground).cutter().text();
        self.marks.push((self.tokens.len(), NodeKind::Truncated));
        if self.room(ground) == 0 {
            return State::Ended(NodeKind::Truncated);
        }
        let line = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let found = answer::extract(&text);
        State::Ready(match (ground.thoughts, found) {
            // Cut short inside the answer.
            (ThoughtFormat::Marco, Some((_, Source::Output))) => String::new(),
            (ThoughtFormat::Marco | ThoughtFormat::Think, Some((answer, _))) if !answer.is_empty() => {
                String::new()
            }
            (ThoughtFormat::Marco, Some(_)) => format!("{line}<Output>\n"),
            (ThoughtFormat::Marco, None) => format!("{line}</Thought>\n<Output>\n"),
            (ThoughtFormat::Think, Some(_)) => String::new(),
            (ThoughtFormat::Think, None) => format!("{line}</think>\n\n"),
            (ThoughtFormat::None, _) => format!("{line}\nAnswer:"),
        })
    }

    /// Tokens the next leg may have.
    pub(super) fn room(&self, ground: Ground<'_>) -> u32 {
        let length = ground.tree.node(self.start.node).length + self.tokens.len() as u32;
        let left = (self.limit.saturating_sub(self.spent)).min(ground.path_limit.saturating_sub(length));
        let reserve = if self.is_answering() { 0 } else { ground.options.answer_reserve };
        left.saturating_sub(reserve)
    }

    /// The stop rule with all that came before.
    fn watch(&self, ground: Ground<'_>) -> Watch {
        let before: Vec<&Token> = ground.tree.tokens(self.start.node).collect();
        let text = before.iter().flat_map(|token| token.bytes.0.iter().copied()).collect();
        let mut watch = Watch::new(Cutter::new(ground.options.action, tags(ground.thoughts), text));
        for token in before {
            watch.recall(token);
        }
        for at in 0..=self.tokens.len() {
            for (_, kind) in self.marks.iter().filter(|mark| mark.0 == at) {
                watch.cutter_mut().mark(*kind);
            }
            if let Some(token) = self.tokens.get(at) {
                watch.replay(token);
            }
        }
        watch
    }

    /// The nodes that it makes, and whether the last but one is where a tag ended the thought.
    pub(super) fn nodes(&self, kind: NodeKind, ground: Ground<'_>) -> (Vec<(NodeKind, Vec<Token>)>, bool) {
        let watch = self.watch(ground);
        let nodes = watch.cutter().nodes(kind);
        let tagged = watch.cutter().tag().is_some();
        let cut = |(range, kind): (std::ops::Range<usize>, NodeKind)| (kind, self.tokens[range].to_vec());
        (nodes.into_iter().map(cut).collect(), tagged)
    }
}

/// Every text that a leg may begin with, but for none at all. A server is asked once for their tokens.
pub fn forced_texts(thoughts: ThoughtFormat) -> Vec<String> {
    let closing: &[&str] = match thoughts {
        ThoughtFormat::Marco => &["<Output>\n", "</Thought>\n<Output>\n"],
        ThoughtFormat::Think => &["</think>\n\n"],
        ThoughtFormat::None => &["\nAnswer:"],
    };
    let closing = closing.iter().flat_map(|text| ["", "\n"].map(|line| format!("{line}{text}")));
    ["", "\n", "\n\n"].map(|before| format!("{before}{REFLECTION}")).into_iter().chain(closing).collect()
}

/// The answer's text in a whole reply, if there is any.
pub(super) fn reply_answer(reply: &str, thoughts: ThoughtFormat) -> Option<&str> {
    let text = match thoughts {
        // Nothing is marked: all of it is the answer.
        ThoughtFormat::None => reply.trim(),
        ThoughtFormat::Marco | ThoughtFormat::Think => answer::extract(reply)?.0,
    };
    (!text.is_empty()).then_some(text)
}

fn rule(sampling: &SamplingOptions, heat: f32) -> Rule {
    Rule { temperature: sampling.temperature * heat, top_k: sampling.top_k, top_p: sampling.top_p }
}
