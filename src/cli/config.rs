//! Defaults of the person: `POLO_…` variables and the file config.toml become defaults of the flags.
//!
//! The keys are made from the flags themselves: `model`, `kv`, … of every command that loads a model,
//! `sampling.*`, `search.*`, and `serve.*` for every flag of the server. A flag counts most, then the
//! variable, then the file, then what the model recommends, then what is built in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

use crate::Error;

/// Flags about the model and how it is held: the same in every command.
const MODEL: [&str; 8] =
    ["model", "device", "kv", "quantize", "context", "baseline", "variant", "max_chunk_bytes"];
/// Flags that only make sense where they are typed: a server in the place of a model, the form of the output.
const TYPED: [&str; 8] =
    ["engine", "remote_model", "concurrency", "timeout", "thoughts", "help", "version", "json"];
/// Flags about sampling, of the commands that answer. Measurements have their own.
const SAMPLING: [&str; 9] = [
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "max_tokens",
];
const ANSWERING: [&str; 2] = ["ask", "run"];

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Variable(String),
    File,
}

/// A default that the person chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// As if it were typed; several where the flag may be repeated.
    pub(super) values: Vec<String>,
    pub(super) origin: Origin,
}

/// Key, and what it is set to.
pub(super) type Settings = BTreeMap<String, Setting>;

/// The key of a flag, if it has one.
pub(super) fn key(command: &str, arg: &Arg) -> Option<String> {
    let (id, long) = (arg.get_id().as_str(), arg.get_long()?);
    // Hidden: the model where no name is given. `--model` itself would make every word part of the prompt.
    match (command, id) {
        ("run", "model") => return None,
        ("run", "default_model") => return Some("model".into()),
        _ => {}
    }
    if TYPED.contains(&id) {
        None
    } else if MODEL.contains(&id) {
        Some(id.into())
    } else if ANSWERING.contains(&command) && SAMPLING.contains(&id) {
        Some(format!("sampling.{id}"))
    } else if command == "ask" && arg.get_help_heading() == Some("Search") {
        Some(format!("search.{id}"))
    } else if command == "serve" {
        Some(format!("serve.{}", long.replace('-', "_")))
    } else {
        None
    }
}

/// The variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("POLO_{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Every key, with the command and the flag that it is about; of several, the first.
pub(super) fn keys(command: &Command) -> BTreeMap<String, (&Command, &Arg)> {
    let mut keys = BTreeMap::new();
    for sub in command.get_subcommands() {
        for arg in sub.get_arguments() {
            if let Some(key) = key(sub.get_name(), arg) {
                keys.entry(key).or_insert((sub, arg));
            }
        }
    }
    keys
}

/// What the environment and the file say; an unknown key and a value that the flag would not take are errors.
pub(super) fn read(
    command: &Command,
    file: &Path,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Settings, Error> {
    let keys = keys(command);
    let mut settings = Settings::new();
    let bad = |what: String| Err(Error::BadRequest(format!("{}: {what}", file.display())));
    for (name, value) in table(file)? {
        let Some((sub, arg)) = keys.get(&name) else {
            let near = keys
                .keys()
                .max_by(|a, b| strsim::jaro_winkler(a, &name).total_cmp(&strsim::jaro_winkler(b, &name)));
            let near = near.map_or("", String::as_str);
            return bad(format!("there is no key `{name}`; did you mean `{near}`? `polo config` lists all"));
        };
        let Some(values) = texts(&value) else {
            let kind = value.type_str();
            return bad(format!("`{name}` is a {kind}, expected a text, a number, true or false"));
        };
        if let Err(why) = check(sub, arg, &values) {
            return bad(format!("`{name}`: {why}"));
        }
        settings.insert(name, Setting { values, origin: Origin::File });
    }
    for (name, (sub, arg)) in keys {
        let variable = variable(&name);
        let Some(value) = lookup(&variable).filter(|value| !value.is_empty()) else { continue };
        let values = vec![if is_switch(arg) { as_bool(&value) } else { value }];
        check(sub, arg, &values).map_err(|why| Error::BadRequest(format!("{variable}: {why}")))?;
        settings.insert(name, Setting { values, origin: Origin::Variable(variable) });
    }
    Ok(settings)
}

/// The command with these settings as defaults of its flags.
pub(super) fn with_defaults(command: Command, settings: &Settings) -> Command {
    command.mut_subcommands(|sub| {
        let name = sub.get_name().to_owned();
        sub.mut_args(|arg| match key(&name, &arg).and_then(|key| settings.get(&key)) {
            Some(setting) => arg.default_values(setting.values.clone()),
            None => arg,
        })
    })
}

/// The keys of a file with its tables joined by dots; none where there is no file.
fn table(file: &Path) -> Result<Vec<(String, Value)>, Error> {
    fn flatten(prefix: &str, table: Table, found: &mut Vec<(String, Value)>) {
        for (name, value) in table {
            let name = format!("{prefix}{}", name.replace('-', "_"));
            match value {
                Value::Table(inner) => flatten(&format!("{name}."), inner, found),
                value => found.push((name, value)),
            }
        }
    }
    let bad = |what: String| Error::BadRequest(format!("{}: {what}", file.display()));
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(bad(error.to_string())),
    };
    let table: Table = text.parse().map_err(|error: toml::de::Error| bad(error.to_string()))?;
    let mut found = Vec::new();
    flatten("", table, &mut found);
    Ok(found)
}

/// The words that a value would be on the command line.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Float(number) => Some(vec![number.to_string()]),
        Value::Boolean(on) => Some(vec![on.to_string()]),
        Value::Array(values) => {
            let texts: Option<Vec<Vec<String>>> = values.iter().map(texts).collect();
            Some(texts?.concat())
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

fn as_bool(value: &str) -> String {
    ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str()).to_string()
}

/// Whether the flag takes these values; in clap's words if not.
fn check(sub: &Command, arg: &Arg, values: &[String]) -> Result<(), String> {
    if is_switch(arg) {
        let fine = matches!(values, [value] if value == "true" || value == "false");
        return if fine {
            Ok(())
        } else {
            Err(format!("expected true or false, found {}", values.join(", ")))
        };
    }
    let several = matches!(arg.get_action(), ArgAction::Append) || arg.get_value_delimiter().is_some();
    if values.len() != 1 && !several {
        return Err(format!("expected one value, found {}", values.len()));
    }
    let long = arg.get_long().unwrap_or_default();
    let flags = values.iter().map(|value| format!("--{long}={value}"));
    let words = std::iter::once("polo".to_owned()).chain(flags);
    match sub.clone().try_get_matches_from(words) {
        // A question that is missing is none of the flag's business.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::NoEquals
            ) =>
        {
            let text = error.to_string();
            let text: Vec<&str> = text.lines().take_while(|line| !line.starts_with("Usage")).collect();
            let text = text.join(" ").replace("For more information, try '--help'.", "");
            Err(text.split_whitespace().collect::<Vec<_>>().join(" ").trim_start_matches("error: ").into())
        }
        _ => Ok(()),
    }
}

/// The file: `$XDG_CONFIG_HOME/polo/config.toml`, or where this system keeps such things.
pub(super) fn path(lookup: impl Fn(&str) -> Option<String>, home: &str) -> PathBuf {
    let given = |name: &str| lookup(name).filter(|value| !value.is_empty());
    let folder = match (given("XDG_CONFIG_HOME"), given("APPDATA")) {
        (Some(folder), _) => folder,
        (None, Some(folder)) if cfg!(windows) => folder,
        _ => format!("{home}/.config"),
    };
    Path::new(&folder).join("polo").join("config.toml")
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
