//! What `/set parameter` sets, under Ollama's names.

use serde_json::{Map, Value};

use crate::Error;
use crate::protocol::SamplingOptions;

/// Length of the context: a matter of the load, not of the sampling.
pub(super) const CONTEXT: &str = "num_ctx";

/// Ollama's name, the field of [`SamplingOptions`] (empty where it is none), and what it does.
pub(super) const PARAMETERS: [(&str, &str, &str); 11] = [
    (CONTEXT, "", "<tokens>   context; the model is loaded again with it"),
    ("num_predict", "max_new_tokens", "<tokens>   longest reply; -1 for as much as fits"),
    ("temperature", "temperature", "<0 to 4>   0 takes the most probable token"),
    ("top_k", "top_k", "<count>   keep so many of the most probable tokens; 0 keeps all"),
    ("top_p", "top_p", "<0 to 1>   keep the most probable tokens that sum to this"),
    ("min_p", "min_p", "<0 to 1>   keep tokens at least so probable, of the most probable one"),
    ("repeat_penalty", "repeat_penalty", "<factor>   against repetition; 1 is off"),
    ("presence_penalty", "presence_penalty", "<-2 to 2>   against tokens that were said"),
    ("frequency_penalty", "frequency_penalty", "<-2 to 2>   against tokens that were said often"),
    ("seed", "seed", "<number>   same seed, same reply"),
    ("stop", "stop", "<text> <text> …   texts that end a reply"),
];

/// What was set, by Ollama's names; the rest is as the flags and the model say.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Parameters(Map<String, Value>);

impl Parameters {
    /// Sets one to what was typed. What is wrong with it is said, and nothing changes.
    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let bad = |what: String| Err(Error::BadRequest(what));
        let Some((_, field, usage)) = PARAMETERS.iter().find(|(known, _, _)| *known == name) else {
            let near = PARAMETERS
                .iter()
                .max_by(|a, b| strsim::jaro_winkler(name, a.0).total_cmp(&strsim::jaro_winkler(name, b.0)));
            let near = near.map_or("", |(known, _, _)| known);
            return bad(format!(
                "there is no parameter {name:?}; did you mean {near}? /set parameter lists all"
            ));
        };
        let value = match (name, text) {
            (_, "") => return bad(format!("{name} is empty, expected {usage}")),
            ("stop", texts) => Value::from(words(texts)),
            // Ollama's words for "no limit".
            ("num_predict", "-1" | "-2") => Value::from(1 << 30),
            (_, number) => match serde_json::from_str(number) {
                Ok(value @ Value::Number(_)) => value,
                _ => return bad(format!("{name} is {number:?}, expected a number: {usage}")),
            },
        };
        if field.is_empty() && value.as_u64().is_none_or(|tokens| tokens == 0) {
            return bad(format!("{name} is {text}, expected a whole number of tokens"));
        }
        let before = self.0.insert(name.into(), value);
        let checked = self.over(&SamplingOptions::default()).and_then(|options| options.validate());
        if let Err(error) = checked {
            match before {
                Some(before) => drop(self.0.insert(name.into(), before)),
                None => drop(self.0.remove(name)),
            }
            return Err(error);
        }
        Ok(())
    }

    /// The context, if one was set, in tokens.
    pub(super) fn context(&self) -> Option<usize> {
        self.0.get(CONTEXT).and_then(Value::as_u64).and_then(|tokens| usize::try_from(tokens).ok())
    }

    /// Forgets the context: a model could not be loaded with it.
    pub(super) fn set_context(&mut self, tokens: Option<usize>) {
        match tokens {
            Some(tokens) => drop(self.0.insert(CONTEXT.into(), tokens.into())),
            None => drop(self.0.remove(CONTEXT)),
        }
    }

    /// Whether this one was set.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Name and value of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// The options with what was set in the place of what they have.
    pub(super) fn over(&self, base: &SamplingOptions) -> Result<SamplingOptions, Error> {
        let mut options = base.clone();
        for (name, value) in &self.0 {
            let field = PARAMETERS.iter().find(|(known, _, _)| known == name).map_or("", |row| row.1);
            if field.is_empty() {
                continue;
            }
            let mut fields = serde_json::to_value(&options).expect("options are plain data");
            fields[field] = value.clone();
            options = serde_json::from_value(fields)
                .map_err(|error| Error::BadRequest(format!("{name} is {value}: {error}")))?;
        }
        Ok(options)
    }
}

/// The words of a line; quotes keep spaces together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, false);
    for letter in line.chars() {
        match letter {
            '"' => {
                quote = !quote;
                word.get_or_insert_default();
            }
            letter if letter.is_whitespace() && !quote => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{PARAMETERS, Parameters, words};
    use crate::protocol::SamplingOptions;

    #[test]
    fn every_parameter_is_an_option() {
        let before = SamplingOptions::default();
        for (name, field, _) in PARAMETERS {
            let mut parameters = Parameters::default();
            parameters.set(name, if name.ends_with("_p") { "0.25" } else { "2" }).unwrap();
            let after = parameters.over(&before).unwrap();
            assert_eq!(after == before, field.is_empty(), "{name} changes nothing");
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_changes_nothing() {
        let mut parameters = Parameters::default();
        parameters.set("temperature", "0.5").unwrap();
        for (name, text, said) in [
            ("temperature", "hot", "expected a number"),
            ("temperature", "9", "temperature is 9, expected 0 to 4"),
            ("temprature", "1", "did you mean temperature?"),
            ("num_predict", "1.5", "num_predict is 1.5"),
            ("num_ctx", "-4", "whole number of tokens"),
            ("seed", "", "empty"),
        ] {
            let error = parameters.set(name, text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let options = parameters.over(&SamplingOptions::default()).unwrap();
        assert_eq!(options, SamplingOptions { temperature: 0.5, ..SamplingOptions::default() });
        assert!(!parameters.has("seed"));
    }

    #[test]
    fn quotes_keep_words_together() {
        assert_eq!(words(r#"a  "b c" d"#), ["a", "b c", "d"]);
        let mut parameters = Parameters::default();
        parameters.set("stop", r#""END OF IT" ###"#).unwrap();
        parameters.set("num_predict", "-1").unwrap();
        let options = parameters.over(&SamplingOptions::default()).unwrap();
        assert_eq!((options.stop.len(), options.max_new_tokens), (2, 1 << 30));
    }
}
