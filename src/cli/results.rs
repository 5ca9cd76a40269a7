//! A folder of results: a file a kind of search, a line a search, so that a run that was interrupted goes on.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use crate::Error;
use crate::eval::Trial;
use crate::protocol::{SamplingOptions, SearchOptions};

/// The first line of a file: what its searches have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    /// Name of the model.
    pub(super) model: String,
    /// Which questions.
    pub(super) questions: String,
    /// How tokens are chosen; the seed is each search's own.
    pub(super) sampling: SamplingOptions,
    /// How it searches.
    pub(super) search: SearchOptions,
}

/// A file of results.
pub(super) struct Results {
    path: PathBuf,
    file: File,
    pub(super) trials: Vec<Trial>,
}

impl Results {
    /// Opens or makes the file `name` in `folder`. A file of other settings is refused. A last line that was not
    /// finished is cut off.
    pub(super) fn open(folder: &Path, name: &str, settings: &Settings) -> Result<Self, Failure> {
        let path = folder.join(format!("{name}.jsonl"));
        let failed =
            |error: std::io::Error| Failure::from(Error::Write(format!("{}: {error}", path.display())));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let mut lines = (1..).zip(whole.lines());
        let known = lines.next().map(|(_, line)| parse::<Settings>(&path, 1, line)).transpose()?;
        let trials =
            lines.map(|(number, line)| parse(&path, number, line)).collect::<Result<Vec<Trial>, _>>()?;
        if let Some(known) = &known
            && known != settings
        {
            let what = format!(
                "{} holds results of other settings ({}); choose another --results",
                path.display(),
                difference(known, settings)
            );
            return Err(Error::BadRequest(what).into());
        }
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .read(true)
            .open(&path)
            .map_err(failed)?;
        file.set_len(whole.len() as u64).map_err(failed)?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).map_err(failed)?;
        let mut results = Self { path, file, trials };
        if known.is_none() {
            results.write(settings)?;
        }
        Ok(results)
    }

    /// Questions and seeds that are done.
    pub(super) fn done(&self) -> BTreeSet<(usize, u64)> {
        self.trials.iter().map(|trial| (trial.problem, trial.seed)).collect()
    }

    /// Takes in a search.
    pub(super) fn add(&mut self, trial: Trial) -> Result<(), Failure> {
        self.write(&trial)?;
        self.trials.push(trial);
        Ok(())
    }

    fn write(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(value).map_err(std::io::Error::from)? + "\n";
        let failed = |error| Failure::from(Error::Write(format!("{}: {error}", self.path.display())));
        self.file.write_all(line.as_bytes()).map_err(failed)
    }
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path, number: usize, line: &str) -> Result<T, Failure> {
    serde_json::from_str(line).map_err(|error| {
        let what = format!("{}, line {number}: {error}; delete the file to start again", path.display());
        Error::BadRequest(what).into()
    })
}

/// Names the fields in which two settings differ.
fn difference(known: &Settings, asked: &Settings) -> String {
    fn leaves(prefix: &str, value: &serde_json::Value, found: &mut Vec<(String, String)>) {
        match value.as_object() {
            Some(fields) => {
                for (name, value) in fields {
                    let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    leaves(&path, value, found);
                }
            }
            None => found.push((prefix.to_owned(), value.to_string())),
        }
    }
    let all = |settings: &Settings| {
        let mut found = Vec::new();
        // By way of text, where 0.7 is 0.7 and not the nearest f32 in sixteen digits.
        let text = serde_json::to_string(settings).unwrap_or_default();
        leaves("", &serde_json::from_str(&text).unwrap_or_default(), &mut found);
        found
    };
    let (known, asked) = (all(known), all(asked));
    let other = known.iter().filter(|leaf| !asked.contains(leaf));
    let of =
        |name: &String| asked.iter().find(|leaf| leaf.0 == *name).map_or("nothing", |leaf| leaf.1.as_str());
    let parts: Vec<String> =
        other.map(|(name, value)| format!("{name} is {value}, asked was {}", of(name))).collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::StopCause;

    fn settings() -> Settings {
        Settings {
            model: "m".into(),
            questions: "q".into(),
            sampling: SamplingOptions::default(),
            search: SearchOptions::default(),
        }
    }

    fn trial(problem: usize) -> Trial {
        Trial {
            problem,
            seed: 0,
            group: "g".into(),
            expected: "1".into(),
            trips: Vec::new(),
            tokens: 5,
            stop: StopCause::Rollouts,
            wall_s: 0.5,
        }
    }

    #[test]
    fn a_file_goes_on_after_a_line_that_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new");
        let open = || Results::open(&folder, "sc", &settings());
        let mut results = open().unwrap();
        results.add(trial(0)).unwrap();
        results.add(trial(1)).unwrap();
        drop(results);
        let path = folder.join("sc.jsonl");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() - 9]).unwrap();
        let mut results = open().unwrap();
        assert_eq!(results.done(), BTreeSet::from([(0, 0)]));
        results.add(trial(2)).unwrap();
        drop(results);
        assert_eq!(open().unwrap().trials, [trial(0), trial(2)]);
        std::fs::write(&path, text.replace("\"problem\":1", "\"problem\":?")).unwrap();
        let Err(Failure::Error { message, .. }) = open() else { panic!() };
        assert!(message.contains("sc.jsonl, line 3:"), "{message}");
    }

    #[test]
    fn other_settings_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        drop(Results::open(folder.path(), "a", &settings()).unwrap());
        let mut other = settings();
        other.search.rollouts = 9;
        other.sampling.temperature = 0.8;
        let Err(Failure::Error { kind, message }) = Results::open(folder.path(), "a", &other) else {
            panic!()
        };
        assert!(
            kind == "bad_request"
                && message.contains(
                    "(sampling.temperature is 0.7, asked was 0.8; search.rollouts is 8, asked was 9)"
                ),
            "{message}"
        );
        assert!(Results::open(folder.path(), "b", &other).is_ok());
    }
}
