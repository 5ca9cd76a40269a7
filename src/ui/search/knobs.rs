//! How to search, as the reader sets it: presets, numbers and choices, kept between visits; and what it may cost.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::protocol::{Action, KNOBS, Knob, Mode, Preset, SearchOptions};
use crate::ui::figures;

/// The presets with their names and what they are for.
pub const PRESETS: [(Preset, &str, &str); 4] = [
    (Preset::Quick, "Quick", "One chain of thought: as a reply without a search."),
    (Preset::Balanced, "Balanced", "8 rollouts in 4 lanes; stops early when the branches agree."),
    (Preset::Thorough, "Thorough", "32 rollouts and three times the tokens."),
    (Preset::Paper, "Paper", "As Marco-o1 published it: raw values, one lane, the most confident path wins."),
];

/// A choice among named ways.
#[derive(Debug)]
pub struct Choice {
    /// Name of the field.
    pub name: &'static str,
    /// What to call it.
    pub label: &'static str,
    /// What it decides, in one line.
    pub help: &'static str,
    /// The ways: as the protocol writes them, what to call them, what they do.
    pub ways: &'static [(&'static str, &'static str, &'static str)],
}

/// Every choice among the options.
pub const CHOICES: [Choice; 7] = [
    Choice {
        name: "mode",
        label: "Mode",
        help: "How replies are sought.",
        ways: &[
            ("mcts", "Tree search", "A tree that grows where confidence is high."),
            ("self_consistency", "Self-consistency", "Whole replies, the most frequent answer wins."),
            ("best_of_n", "Best of N", "Whole replies, the most confident one wins."),
            ("chain_of_thought", "Chain of thought", "One reply."),
        ],
    },
    Choice {
        name: "action",
        label: "Step",
        help: "What lies between two nodes.",
        ways: &[
            ("step", "A paragraph", "A paragraph of the thought, at most 256 tokens."),
            ("mini_step", "A few tokens", "So many tokens of the thought."),
            ("whole", "A whole reply", "Branches part at the root only."),
        ],
    },
    Choice {
        name: "selection",
        label: "Selection",
        help: "How the next node is chosen.",
        ways: &[
            ("normalised", "Normalised", "Values stretched over what was seen; exploring fades."),
            ("raw", "Raw", "Marco-o1's formula: the value as it is."),
        ],
    },
    Choice {
        name: "reflection",
        label: "Reflection",
        help: "When a thought is reconsidered, at most once a branch.",
        ways: &[
            ("action", "As a second way", "Both answers are kept, the search decides."),
            ("always", "Always", "At the end of every thought."),
            ("low_confidence", "At low confidence", "Where a thought is less confident than below."),
            ("off", "Never", "No thought is reconsidered."),
        ],
    },
    Choice {
        name: "vote",
        label: "Vote",
        help: "How the answer is chosen among finished branches.",
        ways: &[
            ("weighted", "Weighted", "Confident branches weigh more."),
            ("majority", "Majority", "All weigh the same."),
            ("borda", "By rank", "Of n branches the best weighs n, the worst 1."),
            ("best_path", "Best path", "The most confident branch alone."),
        ],
    },
    Choice {
        name: "answer",
        label: "Same answer",
        help: "What makes two answers the same.",
        ways: &[
            ("auto", "Number or text", "The same number where there is one, else the same text."),
            ("number", "Number", "An answer without a number has no vote."),
            ("text", "Text", "Case, spaces and punctuation aside."),
        ],
    },
    Choice {
        name: "repeats",
        label: "Repeats",
        help: "What becomes of a reply that comes twice.",
        ways: &[
            ("retry", "Try again", "It is tried again, hotter, and has one vote."),
            ("count", "Count", "It counts each time."),
        ],
    },
];

/// Tokens of a mini-step until the reader says otherwise.
const MINI_STEP: u32 = 64;

/// What to call a number.
pub fn label(knob: &Knob) -> String {
    match knob.name {
        "exploration" => return "Exploration c".to_owned(),
        "reflect_below" => return "Reflect below".to_owned(),
        "agreement" => return "Stop at agreement".to_owned(),
        "time_limit_s" => return "Time limit".to_owned(),
        _ => {}
    }
    let words = knob.name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A number without noise: the options hold 32 bits of it.
pub fn number(value: f64) -> String {
    (value as f32).to_string()
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
        PRESETS.iter().map(|(preset, ..)| *preset).find(same)
    }

    /// Sets a number as it was typed; an empty text is the default. What is wrong with it, if anything.
    pub fn set_number(&mut self, name: &str, text: &str) -> Result<(), String> {
        let Some(knob) = KNOBS.iter().find(|knob| knob.name == name) else { return Ok(()) };
        let text = text.trim();
        let expected = || format!("Expected {} to {} {}", knob.min, knob.max, knob.unit).trim().to_owned();
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
        let wrong = || "Expected 1 to 1024 tokens".to_owned();
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
        next.validate().map_err(|error| {
            // A number that is out of its own range is told in that range; one that fits no other, as it is.
            let knob = KNOBS.iter().find(|knob| knob.name == name);
            let own = knob.is_some_and(|knob| !(knob.min..=knob.max).contains(&(knob.get)(&next)));
            (!own).then(|| super::sentence(&error.to_string()))
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
    let rollouts = match options.rollouts {
        1 => "1 rollout".to_owned(),
        many => format!("{} rollouts", figures::count(u64::from(many))),
    };
    let time = tokens_per_s.filter(|speed| *speed > 0.0).map(|speed| f64::from(tokens) / speed);
    let limit = f64::from(options.time_limit_s);
    let time = time.map_or(limit, |time| if limit > 0.0 { time.min(limit) } else { time });
    let time =
        if time > 0.0 { format!(", {}", figures::duration((time * 1000.0).round())) } else { String::new() };
    format!("At most {rollouts}, {} tokens{time}", figures::count(u64::from(tokens)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            for (way, ..) in choice.ways {
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
            ("max_tokens", "100", "twice answer_reserve"),
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
    fn numbers_have_names_and_no_noise() {
        let names: Vec<_> = KNOBS.iter().map(label).collect();
        assert!(names.contains(&"Max tokens".to_owned()) && names.contains(&"Time limit".to_owned()));
        assert_eq!(number(f64::from(0.05_f32)), "0.05");
    }
}
