//! How to search, as the reader sets it: presets, numbers and choices, kept between visits; and what it may cost.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::{Action, KNOBS, Knob, Mode, Preset, SearchOptions};
use crate::ui::figures;
use crate::ui::words::t;

/// The presets, each with the message that names it. That of what it is for ends in `-about`.
pub const PRESETS: [(Preset, &str); 4] = [
    (Preset::Quick, "search-quick"),
    (Preset::Balanced, "search-balanced"),
    (Preset::Thorough, "search-thorough"),
    (Preset::Paper, "search-paper"),
];

/// What a preset is for.
pub fn about(message: &str) -> String {
    t!(&format!("{message}-about"))
}

/// A choice among named ways.
#[derive(Debug)]
pub struct Choice {
    /// Name of the field.
    pub name: &'static str,
    /// The ways, as the protocol writes them. The first is the default.
    pub ways: &'static [&'static str],
}

/// Every choice among the options.
pub const CHOICES: [Choice; 7] = [
    Choice { name: "mode", ways: &["mcts", "self_consistency", "best_of_n", "chain_of_thought"] },
    Choice { name: "action", ways: &["step", "mini_step", "whole"] },
    Choice { name: "selection", ways: &["normalised", "raw"] },
    Choice { name: "reflection", ways: &["action", "always", "low_confidence", "off"] },
    Choice { name: "vote", ways: &["weighted", "majority", "borda", "best_path"] },
    Choice { name: "answer", ways: &["auto", "number", "text"] },
    Choice { name: "repeats", ways: &["retry", "count"] },
];

/// The message about a part of the options, named as the protocol names it: `search-mode-best-of-n-about`.
fn message(parts: &[&str]) -> String {
    let key = parts.iter().fold("search".to_owned(), |key, part| format!("{key}-{}", part.replace('_', "-")));
    t!(&key)
}

impl Choice {
    /// What to call it.
    pub fn label(&self) -> String {
        message(&[self.name])
    }

    /// What it decides, in one line.
    pub fn help(&self) -> String {
        message(&[self.name, "help"])
    }

    /// What to call a way.
    pub fn way(&self, way: &str) -> String {
        message(&[self.name, way])
    }

    /// What a way does.
    pub fn about(&self, way: &str) -> String {
        if self.ways.contains(&way) { message(&[self.name, way, "about"]) } else { String::new() }
    }
}

/// Tokens of a mini-step until the reader says otherwise.
const MINI_STEP: u32 = 64;

/// What to call a number.
pub fn label(knob: &Knob) -> String {
    message(&["knob", knob.name])
}

/// What a number does, in one line.
pub fn help(knob: &Knob) -> String {
    message(&["knob", knob.name, "help"])
}

/// The unit of a number; empty where it has none.
pub fn unit(knob: &Knob) -> String {
    if knob.unit.is_empty() { String::new() } else { message(&["unit", knob.unit]) }
}

/// A number without noise: the options hold 32 bits of it.
pub fn number(value: f64) -> String {
    (value as f32).to_string()
}

/// A number as the page writes it.
pub fn shown(value: f64) -> String {
    if value.fract() == 0.0 && value >= 0.0 { figures::whole(value) } else { figures::point(&number(value)) }
}

/// Whether to search, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchSettings {
    /// Whether the next question is searched for.
    pub on: bool,
    /// How.
    pub options: SearchOptions,
}

impl SearchSettings {
    /// Settings kept by an earlier visit; anything unreadable or out of range is the default.
    pub fn from_json(text: &str) -> Self {
        let kept: Self = serde_json::from_str(text).unwrap_or_default();
        if kept.options.validate().is_ok() { kept } else { Self { on: kept.on, ..Self::default() } }
    }

    /// For the next visit.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The preset that the options are, if they are one.
    pub fn preset(&self) -> Option<Preset> {
        let same = |preset: &Preset| SearchOptions::preset(*preset) == self.options;
        PRESETS.iter().map(|(preset, _)| *preset).find(same)
    }

    /// Sets a number as it was typed; an empty text is the default. What is wrong with it, if anything.
    pub fn set_number(&mut self, name: &str, text: &str) -> Result<(), String> {
        let Some(knob) = KNOBS.iter().find(|knob| knob.name == name) else { return Ok(()) };
        // Who writes decimal commas types them too.
        let text = &*text.trim().replace(',', ".");
        let expected = || {
            let (min, max) = (shown(knob.min), shown(knob.max));
            t!("search-expected", min = min, max = max, unit = unit(knob)).trim().to_owned()
        };
        let value = match text {
            "" => (knob.get)(&SearchOptions::default()),
            typed => typed.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(expected)?,
        };
        // A whole number is written as one: most fields hold no other.
        let json = value.to_string().parse::<u64>().map_or_else(|_| Value::from(value), Value::from);
        self.put(name, json).map_err(|why| why.unwrap_or_else(expected))
    }

    /// Chooses a way, by its name in the protocol.
    pub fn choose(&mut self, name: &str, way: &str) {
        let json = match way {
            "mini_step" => serde_json::json!({ "mini_step": self.mini_step() }),
            way => Value::from(way),
        };
        // The ways on offer are those that the protocol knows; a test holds them against it.
        drop(self.put(name, json));
    }

    /// Sets the tokens of a mini-step.
    pub fn set_mini_step(&mut self, text: &str) -> Result<(), String> {
        let wrong = || t!("search-expected-step");
        let tokens: u32 = text.trim().parse().map_err(|_| wrong())?;
        self.put("action", serde_json::json!({ "mini_step": tokens })).map_err(|_| wrong())
    }

    /// Tokens of a mini-step.
    pub fn mini_step(&self) -> u32 {
        if let Action::MiniStep(tokens) = self.options.action { tokens } else { MINI_STEP }
    }

    /// The way that is chosen, by its name in the protocol.
    pub fn chosen(&self, name: &str) -> String {
        match &serde_json::to_value(&self.options).unwrap_or_default()[name] {
            Value::String(way) => way.clone(),
            Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// Changes one field; nothing is changed where that fails. The reason, where there is one in words.
    fn put(&mut self, name: &str, value: Value) -> Result<(), Option<String>> {
        let mut json = serde_json::to_value(&self.options).map_err(|_| None)?;
        json[name] = value;
        let next: SearchOptions = serde_json::from_value(json).map_err(|_| None)?;
        next.validate().map_err(|_| {
            // A number that is out of its own range is told in that range; one that fits no other, as it is.
            let knob = KNOBS.iter().find(|knob| knob.name == name);
            let own = knob.is_some_and(|knob| !(knob.min..=knob.max).contains(&(knob.get)(&next)));
            (!own).then(|| t!("search-expected-reserve", least = 2 * next.answer_reserve))
        })?;
        self.options = next;
        Ok(())
    }
}

/// The most that a search may cost: rollouts, tokens, and the time that takes at a speed in tokens a second.
pub fn cost(options: &SearchOptions, tokens_per_s: Option<f64>) -> String {
    let options = options.resolved();
    let tokens = match options.mode {
        Mode::ChainOfThought => options.max_tokens.min(options.path_tokens),
        _ => options.max_tokens,
    };
    let cost = t!("search-cost", rollouts = options.rollouts, tokens = tokens);
    let time = tokens_per_s.filter(|speed| *speed > 0.0).map(|speed| f64::from(tokens) / speed);
    let limit = f64::from(options.time_limit_s);
    let time = time.map_or(limit, |time| if limit > 0.0 { time.min(limit) } else { time });
    if time > 0.0 {
        t!("search-cost-time", cost = cost, time = figures::duration((time * 1000.0).round()))
    } else {
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::{Language, speak};

    #[test]
    fn every_choice_and_number_of_the_protocol_is_offered() {
        let json = serde_json::to_value(SearchOptions::default()).unwrap();
        let names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        for name in names {
            let offered = KNOBS.iter().any(|knob| knob.name == name)
                || CHOICES.iter().any(|choice| choice.name == name);
            assert!(offered, "{name} is not offered");
        }
        for choice in &CHOICES {
            for way in choice.ways {
                let mut settings = SearchSettings::default();
                settings.choose(choice.name, way);
                assert_eq!(settings.chosen(choice.name), *way);
            }
        }
    }

    #[test]
    fn what_is_typed_is_checked() {
        let mut settings = SearchSettings::default();
        settings.set_number("rollouts", "12").unwrap();
        settings.set_number("exploration", "0.5").unwrap();
        assert_eq!((settings.options.rollouts, settings.options.exploration), (12, 0.5));
        for (name, text, what) in [
            ("rollouts", "0", "1 to 512"),
            ("rollouts", "1.5", "1 to 512"),
            ("exploration", "-1", "0 to 10"),
            ("lanes", "x", "1 to 16"),
            ("max_tokens", "100", "twice the answer reserve"),
        ] {
            let error = settings.set_number(name, text).unwrap_err();
            assert!(error.contains(what), "{name} {text}: {error}");
        }
        assert_eq!(settings.options.rollouts, 12, "what is wrong changes nothing");
        settings.set_number("rollouts", " ").unwrap();
        assert_eq!(settings.options.rollouts, SearchOptions::default().rollouts);
        assert!(settings.set_mini_step("0").is_err());
        settings.set_mini_step("32").unwrap();
        assert_eq!(settings.options.action, Action::MiniStep(32));
    }

    #[test]
    fn presets_are_recognised_and_settings_survive_a_visit() {
        let mut settings = SearchSettings::default();
        assert_eq!(settings.preset(), Some(Preset::Balanced));
        settings.set_number("lanes", "2").unwrap();
        settings.on = true;
        assert_eq!(settings.preset(), None);
        assert_eq!(SearchSettings::from_json(&settings.to_json()), settings);
        for bad in ["", "[]", r#"{"options":{"lanes":99}}"#] {
            assert_eq!(SearchSettings::from_json(bad), SearchSettings::default());
        }
    }

    #[test]
    fn the_cost_is_an_upper_bound() {
        let options = SearchOptions::default();
        assert_eq!(cost(&options, None), "At most 8 rollouts, 8,192 tokens");
        assert_eq!(cost(&options, Some(100.0)), "At most 8 rollouts, 8,192 tokens, 1 min 22 s");
        let limited = SearchOptions { time_limit_s: 30.0, ..options };
        assert!(cost(&limited, Some(100.0)).ends_with(", 30.0 s"));
        assert_eq!(cost(&SearchOptions::preset(Preset::Quick), None), "At most 1 rollout, 2,048 tokens");
    }

    #[test]
    fn everything_has_its_words_in_every_language() {
        for language in Language::ALL {
            speak(language);
            let presets = PRESETS.iter().flat_map(|(_, name)| [t!(name), about(name)]);
            let numbers = KNOBS.iter().flat_map(|knob| [label(knob), help(knob), unit(knob)]);
            let choices = CHOICES.iter().flat_map(|choice| {
                let ways = choice.ways.iter().flat_map(|way| [choice.way(way), choice.about(way)]);
                ways.chain([choice.label(), choice.help()]).collect::<Vec<_>>()
            });
            for said in presets.chain(numbers).chain(choices) {
                assert!(!said.starts_with("search-"), "{said} is missing in {language:?}");
            }
        }
    }

    #[test]
    fn numbers_have_no_noise_and_decimal_commas_are_read() {
        assert_eq!(number(f64::from(0.05_f32)), "0.05");
        let mut settings = SearchSettings::default();
        settings.set_number("exploration", "0,5").unwrap();
        assert_eq!(settings.options.exploration.to_string(), "0.5");
    }
}
