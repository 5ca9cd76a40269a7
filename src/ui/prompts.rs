//! System prompts to choose from: the model's own, Marco-o1's, and those that the reader saved by name.

use serde::{Deserialize, Serialize};

use super::settings::Settings;

/// What Marco-o1 was trained with, to the letter.
const MARCO: &str = include_str!("marco_prompt.txt");

/// A prompt that the reader saved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// What they call it.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// Which prompt is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// None is set: the model uses its own.
    Model,
    /// Marco-o1's.
    Marco,
    /// The saved one of this place.
    Saved(usize),
    /// Something that was typed and not saved.
    Typed,
}

impl Which {
    /// As the list of the page names it.
    pub fn value(self) -> String {
        match self {
            Self::Model => "model".to_owned(),
            Self::Marco => "marco".to_owned(),
            Self::Saved(at) => at.to_string(),
            Self::Typed => "typed".to_owned(),
        }
    }
}

impl Settings {
    /// Which of the prompts is in use.
    pub fn prompt(&self) -> Which {
        let system = self.system.trim();
        if system.is_empty() {
            return Which::Model;
        }
        let saved = self.prompts.iter().position(|saved| saved.text.trim() == system);
        match saved {
            Some(at) => Which::Saved(at),
            None if system == MARCO.trim() => Which::Marco,
            None => Which::Typed,
        }
    }

    /// Takes a prompt of the list, by [`Which::value`].
    pub fn take_prompt(&mut self, value: &str) {
        match value {
            "model" => self.system.clear(),
            "marco" => MARCO.trim().clone_into(&mut self.system),
            at => {
                let saved = at.parse().ok().and_then(|at: usize| self.prompts.get(at));
                if let Some(saved) = saved {
                    self.system = saved.text.clone();
                }
            }
        }
    }

    /// Saves what is typed under a name, over one that has it; false where there is nothing to save.
    pub fn save_prompt(&mut self, name: &str) -> bool {
        let (name, text) = (name.trim(), self.system.trim());
        if name.is_empty() || text.is_empty() {
            return false;
        }
        let saved = Saved { name: name.to_owned(), text: text.to_owned() };
        match self.prompts.iter_mut().find(|other| other.name == name) {
            Some(other) => *other = saved,
            None => self.prompts.push(saved),
        }
        true
    }

    /// Forgets the saved prompt that is in use; its text stays. The name it had.
    pub fn delete_prompt(&mut self) -> Option<String> {
        match self.prompt() {
            Which::Saved(at) => Some(self.prompts.remove(at).name),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_in_use_is_recognised() {
        let mut settings = Settings::default();
        assert_eq!(settings.prompt(), Which::Model);
        settings.take_prompt("marco");
        assert!(settings.system.contains("Marco-o1") && settings.system.contains("<Thought>"));
        assert_eq!(settings.prompt(), Which::Marco);
        settings.system = "Be brief.".into();
        assert_eq!(settings.prompt(), Which::Typed);
        settings.take_prompt("model");
        assert_eq!(settings.system, "");
    }

    #[test]
    fn prompts_are_saved_by_name() {
        let mut settings = Settings::default();
        assert!(!settings.save_prompt("empty"), "there is nothing to save");
        settings.system = "Be brief.".into();
        assert!(!settings.save_prompt(" "), "a name is needed");
        assert!(settings.save_prompt(" brief "));
        assert_eq!(settings.prompt(), Which::Saved(0));
        settings.system = "Be very brief.".into();
        assert!(settings.save_prompt("brief"));
        assert_eq!(settings.prompts.len(), 1, "the name is taken over");
        settings.take_prompt("model");
        settings.take_prompt("0");
        assert_eq!(settings.system, "Be very brief.");
        assert_eq!(Settings::from_json(&settings.to_json()), settings);
        assert_eq!(settings.restored().prompts.len(), 1, "defaults leave what was saved");
        assert_eq!(settings.delete_prompt().as_deref(), Some("brief"));
        assert_eq!((settings.prompt(), settings.delete_prompt()), (Which::Typed, None));
    }
}
