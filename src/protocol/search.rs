//! Words about a search: how to go about it. What comes of it is in `tree`.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How replies are sought. All four are one search with other rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One reply.
    ChainOfThought,
    /// Independent whole replies, the most frequent answer wins (Wang et al., arXiv 2203.11171).
    SelfConsistency,
    /// Independent whole replies, the most confident one wins.
    BestOfN,
    /// A tree that grows where confidence is high (Marco-o1, arXiv 2411.14405).
    #[default]
    Mcts,
}

/// What lies between two nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A paragraph of the thought, at most 256 tokens.
    #[default]
    Step,
    /// So many tokens of the thought, 1 to 1024.
    MiniStep(u32),
    /// A whole reply.
    Whole,
}

/// When a thought is reconsidered, at most once a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reflection {
    /// Never.
    Off,
    /// At the end of every thought.
    Always,
    /// At the end of a thought whose mean confidence is below [`SearchOptions::reflect_below`].
    LowConfidence,
    /// As a second way on from the end of a thought: both answers are kept, the search decides.
    #[default]
    Action,
}

/// How a child is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Value stretched to 0..1 over what was seen, exploration fading with the budget.
    #[default]
    Normalised,
    /// Value as it is, `c sqrt(2 ln N_p / N)`: Marco-o1's formula.
    Raw,
}

/// How the answer is chosen among the finished branches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteRule {
    /// Votes weigh exp(value / [`SearchOptions::vote_temperature`]).
    #[default]
    Weighted,
    /// Votes weigh the same.
    Majority,
    /// Of n branches the best has weight n, the worst 1.
    Borda,
    /// The most confident branch alone.
    BestPath,
}

/// What makes two answers the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// The same number where an answer has one, else the same text.
    #[default]
    Auto,
    /// The same number; an answer without a number has no vote.
    Number,
    /// The same text but for case, spaces, punctuation and markup.
    Text,
}

/// What becomes of a reply that is in the tree already, token for token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// It is tried again, at most twice and hotter each time, and has one vote however often it came.
    Retry,
    /// It counts each time, as in self-consistency: that a reply comes again speaks for it.
    #[default]
    Count,
}

/// Named sets of options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// One chain of thought.
    Quick,
    /// The defaults.
    Balanced,
    /// 32 rollouts, 24,576 tokens.
    Thorough,
    /// As published: raw value, one lane, the most confident path wins.
    Paper,
}

/// How to search. Ranges are in [`KNOBS`]; how tokens are chosen is in `SamplingOptions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchOptions {
    /// Which of the four ways.
    pub mode: Mode,
    /// Replies to make, 1 to 512.
    pub rollouts: u32,
    /// Ways on that are tried at a node, 1 to 16; at the root at least one a lane.
    pub branching: u32,
    /// Exploration constant c, 0 to 10, without unit.
    pub exploration: f32,
    /// How a child is chosen.
    pub selection: Selection,
    /// What lies between two nodes.
    pub action: Action,
    /// Longest path in nodes, 1 to 512; the answer is not counted.
    pub depth: u32,
    /// Longest path in tokens, 64 to 131,072.
    pub path_tokens: u32,
    /// Tokens that may be decoded in all, 64 to 16,777,216.
    pub max_tokens: u32,
    /// Tokens kept back in every rollout to force an answer, 1 to 4096; at most half of the two limits above.
    pub answer_reserve: u32,
    /// Rollouts that decode together, 1 to 16. Part of what makes a tree repeatable.
    pub lanes: u32,
    /// When a thought is reconsidered.
    pub reflection: Reflection,
    /// Mean confidence for [`Reflection::LowConfidence`], 0 to 1.
    pub reflect_below: f32,
    /// How the answer is chosen.
    pub vote: VoteRule,
    /// Temperature of [`VoteRule::Weighted`], 0.001 to 10, in units of value.
    pub vote_temperature: f32,
    /// What makes two answers the same.
    pub answer: AnswerKind,
    /// What becomes of replies that come twice.
    pub repeats: Repeats,
    /// Stop when the leading answer truly leads with this probability, 0.5 to 1; 1 never stops.
    pub agreement: f32,
    /// Stop after so many seconds, 0 to 86,400; 0 never stops. What a tree holds then depends on the machine.
    pub time_limit_s: f32,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            mode: Mode::Mcts,
            rollouts: 8,
            branching: 3,
            exploration: 1.0,
            selection: Selection::Normalised,
            action: Action::Step,
            depth: 48,
            path_tokens: 2048,
            max_tokens: 8192,
            answer_reserve: 128,
            lanes: 4,
            reflection: Reflection::Action,
            reflect_below: 0.9,
            vote: VoteRule::Weighted,
            vote_temperature: 0.05,
            answer: AnswerKind::Auto,
            repeats: Repeats::Count,
            agreement: 0.95,
            time_limit_s: 0.0,
        }
    }
}

/// A number among the options, with all that a slider or a help text needs.
#[derive(Debug, Clone, Copy)]
pub struct Knob {
    /// Name of the field.
    pub name: &'static str,
    /// `tokens`, `rollouts`, …; empty where there is none.
    pub unit: &'static str,
    /// Smallest value allowed.
    pub min: f64,
    /// Largest value allowed.
    pub max: f64,
    /// What it does, in one line.
    pub help: &'static str,
    /// Reads it.
    pub get: fn(&SearchOptions) -> f64,
}

macro_rules! knobs {
    ($($field:ident $unit:literal $min:literal ..= $max:literal $help:literal)*) => {
        &[$(Knob {
            name: stringify!($field),
            unit: $unit,
            min: $min,
            max: $max,
            help: $help,
            get: |options| options.$field as f64,
        }),*]
    };
}

/// Every number among the options.
pub const KNOBS: &[Knob] = knobs![
    rollouts "rollouts" 1.0..=512.0 "Replies to make; more find more, and cost more."
    branching "" 1.0..=16.0 "Ways on that are tried at a step."
    exploration "" 0.0..=10.0 "High values try what was tried little, low ones follow what looks good."
    depth "steps" 1.0..=512.0 "Longest branch, in steps."
    path_tokens "tokens" 64.0..=131_072.0 "Longest branch, in tokens."
    max_tokens "tokens" 64.0..=16_777_216.0 "What all branches together may spend."
    answer_reserve "tokens" 1.0..=4096.0 "Kept back in each branch to answer when it runs out."
    lanes "lanes" 1.0..=16.0 "Branches that are decoded together."
    reflect_below "" 0.0..=1.0 "A thought less confident than this is reconsidered."
    vote_temperature "" 0.001..=10.0 "Low values let confident branches weigh more in the vote."
    agreement "" 0.5..=1.0 "Stop once the leading answer leads with this probability; 1 never stops."
    time_limit_s "s" 0.0..=86_400.0 "Stop after this time; 0 never stops."
];

impl SearchOptions {
    /// The options that a preset stands for.
    pub fn preset(preset: Preset) -> Self {
        let balanced = Self::default();
        match preset {
            Preset::Quick => Self { mode: Mode::ChainOfThought, ..balanced },
            Preset::Balanced => balanced,
            Preset::Thorough => Self { rollouts: 32, max_tokens: 24_576, ..balanced },
            Preset::Paper => Self {
                selection: Selection::Raw,
                exploration: 1.414,
                lanes: 1,
                vote: VoteRule::BestPath,
                agreement: 1.0,
                ..balanced
            },
        }
    }

    /// With branches of this length in tokens; what is kept of it for the answer is at most a half.
    #[must_use]
    pub fn with_path_tokens(self, tokens: u32) -> Self {
        Self { path_tokens: tokens, answer_reserve: self.answer_reserve.min(tokens / 2), ..self }
    }

    /// What the mode makes of the options: a chain is one rollout, the two baselines sample whole replies.
    #[must_use]
    pub fn resolved(&self) -> Self {
        let whole = Self {
            action: Action::Whole,
            reflection: Reflection::Off,
            repeats: Repeats::Count,
            ..self.clone()
        };
        match self.mode {
            Mode::ChainOfThought => Self { rollouts: 1, lanes: 1, vote: VoteRule::BestPath, ..whole },
            Mode::SelfConsistency => Self { vote: VoteRule::Majority, ..whole },
            // It stops at nothing but its budget: agreement says nothing about which reply is best.
            Mode::BestOfN => Self { vote: VoteRule::BestPath, agreement: 1.0, ..whole },
            Mode::Mcts => self.clone(),
        }
    }

    /// Checks every range; the error says which value is out of which range.
    pub fn validate(&self) -> Result<()> {
        for knob in KNOBS {
            let value = (knob.get)(self);
            if !(knob.min..=knob.max).contains(&value) {
                let Knob { name, min, max, .. } = knob;
                return Err(Error::BadRequest(format!("{name} is {value}, expected {min} to {max}")));
            }
        }
        if let Action::MiniStep(tokens) = self.action
            && !(1..=1024).contains(&tokens)
        {
            return Err(Error::BadRequest(format!("a mini-step has {tokens} tokens, expected 1 to 1024")));
        }
        let least = 2 * self.answer_reserve;
        for (name, tokens) in [("path_tokens", self.path_tokens), ("max_tokens", self.max_tokens)] {
            if tokens < least {
                let what = format!("{name} is {tokens}, expected at least {least}: twice answer_reserve");
                return Err(Error::BadRequest(what));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(options: &SearchOptions) -> String {
        options.validate().expect_err("it is out of range").to_string()
    }

    #[test]
    fn every_preset_and_mode_is_valid() {
        for preset in [Preset::Quick, Preset::Balanced, Preset::Thorough, Preset::Paper] {
            let options = SearchOptions::preset(preset);
            options.validate().unwrap();
            options.resolved().validate().unwrap();
        }
        assert_eq!(SearchOptions::preset(Preset::Quick).resolved().rollouts, 1);
        assert_eq!(SearchOptions::default().resolved(), SearchOptions::default());
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for knob in KNOBS {
            assert!((knob.min..=knob.max).contains(&(knob.get)(&SearchOptions::default())), "{}", knob.name);
        }
        let options = SearchOptions::default();
        assert_eq!(message(&SearchOptions { lanes: 17, ..options.clone() }), "lanes is 17, expected 1 to 16");
        assert!(message(&SearchOptions { exploration: f32::NAN, ..options.clone() }).contains("exploration"));
        assert!(
            message(&SearchOptions { action: Action::MiniStep(0), ..options.clone() }).contains("mini-step")
        );
        let tight = SearchOptions { max_tokens: 255, ..options };
        assert_eq!(message(&tight), "max_tokens is 255, expected at least 256: twice answer_reserve");
    }

    #[test]
    fn missing_fields_are_defaults() {
        let options: SearchOptions =
            serde_json::from_str(r#"{"action":{"mini_step":64},"reflection":"low_confidence"}"#).unwrap();
        assert_eq!((options.action, options.rollouts), (Action::MiniStep(64), 8));
        assert_eq!(options.reflection, Reflection::LowConfidence);
    }
}
