//! Arguments of a search, for `polo ask --search` and `polo eval --modes`.

use clap::Parser;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::failure::Failure;
use crate::Error;
use crate::protocol::{
    Action, AnswerKind, Mode, Preset, Reflection, Repeats, SearchOptions, Selection, VoteRule,
};

/// How to search; what is not given is the preset's. They count only where a search is asked for.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "Search")]
pub(super) struct SearchArgs {
    /// Where to start from: quick is one chain, balanced the defaults, thorough 32 branches, paper as published
    #[arg(long, value_name = "NAME", value_parser = preset_parser())]
    pub(super) preset: Option<Preset>,
    /// Branches to make, 1 to 512 [default: 8]
    #[arg(long, value_name = "N")]
    pub(super) rollouts: Option<u32>,
    /// Branches decoded together, 1 to 16 [default: 4]
    #[arg(long, value_name = "N")]
    pub(super) lanes: Option<u32>,
    /// Tokens that all branches together may spend [default: 8192]
    #[arg(long, value_name = "TOKENS")]
    pub(super) budget: Option<u32>,
    /// What lies between two nodes: step (a paragraph), mini64, mini32 (so many tokens), whole (a reply)
    /// [default: step]
    #[arg(long, value_name = "ACTION", value_parser = action)]
    pub(super) action: Option<Action>,
    /// When a thought is reconsidered: off, always, low-confidence, action (both ways are tried) [default: action]
    #[arg(long, value_name = "WHEN", value_parser = reflection_parser())]
    pub(super) reflection: Option<Reflection>,
    /// Mean confidence for low-confidence, 0 to 1 [default: 0.9]
    #[arg(long, value_name = "C")]
    pub(super) reflect_below: Option<f32>,
    /// How the answer is chosen: weighted, majority, borda, best [default: weighted]
    #[arg(long, value_name = "RULE", value_parser = vote_parser())]
    pub(super) vote: Option<VoteRule>,
    /// Low values let confident branches weigh more in the weighted vote [default: 0.05]
    #[arg(long, value_name = "T")]
    pub(super) vote_temperature: Option<f32>,
    /// Ways on that are tried at a step, 1 to 16 [default: 3]
    #[arg(long, value_name = "N")]
    pub(super) branching: Option<u32>,
    /// High values try what was tried little, 0 to 10 [default: 1]
    #[arg(long, value_name = "C")]
    pub(super) exploration: Option<f32>,
    /// How a branch is chosen: normalised, or raw (the paper's) [default: normalised]
    #[arg(long, value_name = "RULE", value_parser = selection_parser())]
    pub(super) selection: Option<Selection>,
    /// Longest branch, in steps [default: 48]
    #[arg(long, value_name = "N")]
    pub(super) depth: Option<u32>,
    /// Longest branch, in tokens [default: --max-tokens]
    #[arg(long, value_name = "TOKENS")]
    pub(super) path_tokens: Option<u32>,
    /// Tokens kept back in each branch to answer when it runs out [default: 128]
    #[arg(long, value_name = "TOKENS")]
    pub(super) answer_reserve: Option<u32>,
    /// What makes answers the same: auto, number, text [default: auto]
    #[arg(long, value_name = "KIND", value_parser = answer_parser())]
    pub(super) answer: Option<AnswerKind>,
    /// A reply that came before: retry, or count it again [default: count]
    #[arg(long, value_name = "WHAT", value_parser = repeats_parser())]
    pub(super) repeats: Option<Repeats>,
    /// Stop once the leading answer leads with this probability; 1 never stops [default: 0.95]
    #[arg(long, value_name = "P")]
    pub(super) agreement: Option<f32>,
    /// Stop after so many seconds; 0 never stops [default: 0]
    #[arg(long, value_name = "S")]
    pub(super) time_limit: Option<f32>,
}

impl SearchArgs {
    /// The preset with what is given; `max_tokens` is the longest reply, if a length was asked for.
    pub(super) fn options(&self, max_tokens: Option<usize>) -> SearchOptions {
        let mut base = self.preset.map_or_else(SearchOptions::default, SearchOptions::preset);
        if let Some(tokens) = max_tokens {
            base = base.with_path_tokens(u32::try_from(tokens).unwrap_or(u32::MAX));
        }
        self.over(&base)
    }

    /// The options with what is given here in the place of what they have; the preset does not count.
    pub(super) fn over(&self, base: &SearchOptions) -> SearchOptions {
        SearchOptions {
            mode: base.mode,
            rollouts: self.rollouts.unwrap_or(base.rollouts),
            branching: self.branching.unwrap_or(base.branching),
            exploration: self.exploration.unwrap_or(base.exploration),
            selection: self.selection.unwrap_or(base.selection),
            action: self.action.unwrap_or(base.action),
            depth: self.depth.unwrap_or(base.depth),
            path_tokens: self.path_tokens.unwrap_or(base.path_tokens),
            max_tokens: self.budget.unwrap_or(base.max_tokens),
            answer_reserve: self.answer_reserve.unwrap_or(base.answer_reserve),
            lanes: self.lanes.unwrap_or(base.lanes),
            reflection: self.reflection.unwrap_or(base.reflection),
            reflect_below: self.reflect_below.unwrap_or(base.reflect_below),
            vote: self.vote.unwrap_or(base.vote),
            vote_temperature: self.vote_temperature.unwrap_or(base.vote_temperature),
            answer: self.answer.unwrap_or(base.answer),
            repeats: self.repeats.unwrap_or(base.repeats),
            agreement: self.agreement.unwrap_or(base.agreement),
            time_limit_s: self.time_limit.unwrap_or(base.time_limit_s),
        }
    }
}

/// A way of seeking answers: a mode, and what is other than the flags say, as `mcts:action=mini64+reflection=off`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variation {
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) changes: SearchArgs,
}

impl Variation {
    /// Reads it.
    pub(super) fn parse(name: &str) -> Result<Self, Failure> {
        /// The changes as if they were flags.
        #[derive(Debug, Parser)]
        #[command(no_binary_name = true)]
        struct Changes {
            #[command(flatten)]
            search: SearchArgs,
        }
        let bad = |what: String| Failure::from(Error::BadRequest(format!("--modes: {name:?}: {what}")));
        let (word, changes) = name.split_once(':').unwrap_or((name, ""));
        let mode = mode(word).map_err(&bad)?;
        let flags: Vec<String> = changes
            .split('+')
            .filter(|change| !change.is_empty())
            .map(|change| format!("--{change}"))
            .collect();
        let changes = Changes::try_parse_from(&flags).map_err(|error| {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            bad(format!("{first}; write as in mcts:action=mini64+reflection=off"))
        })?;
        if changes.search.preset.is_some() {
            return Err(bad("a preset belongs among the flags".into()));
        }
        Ok(Self { name: name.into(), mode, changes: changes.search })
    }
}

/// The mode of this name.
pub(super) fn mode(name: &str) -> Result<Mode, String> {
    Ok(match name {
        "cot" => Mode::ChainOfThought,
        "sc" => Mode::SelfConsistency,
        "bon" => Mode::BestOfN,
        "mcts" => Mode::Mcts,
        _ => {
            return Err(
                "expected cot (one chain), sc (the majority), bon (the most confident) or mcts".into()
            );
        }
    })
}

pub(super) fn preset_parser() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(["quick", "balanced", "thorough", "paper"]).map(|name| match name.as_str() {
        "quick" => Preset::Quick,
        "thorough" => Preset::Thorough,
        "paper" => Preset::Paper,
        _ => Preset::Balanced,
    })
}

/// `step`, `whole`, or `mini` and a number of tokens.
fn action(name: &str) -> Result<Action, String> {
    match name {
        "step" => Ok(Action::Step),
        "whole" => Ok(Action::Whole),
        _ => name
            .strip_prefix("mini")
            .and_then(|tokens| tokens.parse().ok())
            .map(Action::MiniStep)
            .ok_or_else(|| "expected step, whole, or mini and a number of tokens, as mini64".into()),
    }
}

fn reflection_parser() -> impl TypedValueParser<Value = Reflection> {
    PossibleValuesParser::new(["off", "always", "low-confidence", "action"]).map(|name| match name.as_str() {
        "off" => Reflection::Off,
        "always" => Reflection::Always,
        "low-confidence" => Reflection::LowConfidence,
        _ => Reflection::Action,
    })
}

fn vote_parser() -> impl TypedValueParser<Value = VoteRule> {
    PossibleValuesParser::new(["weighted", "majority", "borda", "best"]).map(|name| match name.as_str() {
        "majority" => VoteRule::Majority,
        "borda" => VoteRule::Borda,
        "best" => VoteRule::BestPath,
        _ => VoteRule::Weighted,
    })
}

fn selection_parser() -> impl TypedValueParser<Value = Selection> {
    PossibleValuesParser::new(["normalised", "raw"])
        .map(|name| if name == "raw" { Selection::Raw } else { Selection::Normalised })
}

fn answer_parser() -> impl TypedValueParser<Value = AnswerKind> {
    PossibleValuesParser::new(["auto", "number", "text"]).map(|name| match name.as_str() {
        "number" => AnswerKind::Number,
        "text" => AnswerKind::Text,
        _ => AnswerKind::Auto,
    })
}

fn repeats_parser() -> impl TypedValueParser<Value = Repeats> {
    PossibleValuesParser::new(["retry", "count"])
        .map(|name| if name == "count" { Repeats::Count } else { Repeats::Retry })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variation_changes_what_it_names() {
        let variation = Variation::parse("mcts:action=mini64+reflection=off+vote-temperature=0.01").unwrap();
        let base = SearchOptions { rollouts: 5, ..SearchOptions::default() };
        let expected = SearchOptions {
            action: Action::MiniStep(64),
            reflection: Reflection::Off,
            vote_temperature: 0.01,
            ..base.clone()
        };
        assert_eq!((variation.mode, variation.changes.over(&base)), (Mode::Mcts, expected));
        assert_eq!(Variation::parse("sc").unwrap().changes, SearchArgs::default());
        for (name, said) in [
            ("dfs", "expected cot"),
            ("mcts:colour=red", "--colour"),
            ("mcts:action=leap", "expected step, whole, or mini"),
            ("mcts:rollouts=many", "many"),
            ("mcts:preset=paper", "among the flags"),
        ] {
            let Err(Failure::Error { kind, message }) = Variation::parse(name) else { panic!("{name}") };
            assert!(kind == "bad_request" && message.contains(said), "{message}");
        }
    }

    #[test]
    fn flags_go_over_the_preset() {
        let args = SearchArgs { preset: Some(Preset::Thorough), lanes: Some(2), ..SearchArgs::default() };
        let options = args.options(Some(700));
        assert_eq!((options.rollouts, options.lanes, options.path_tokens), (32, 2, 700));
        let args = SearchArgs { path_tokens: Some(900), ..args };
        assert_eq!(args.options(Some(700)).path_tokens, 900);
        let short = SearchArgs::default().options(Some(200));
        assert!(short.answer_reserve == 100 && short.validate().is_ok(), "a short reply is no error");
    }
}
