//! `polo config`: the file of defaults, and what holds, with where it comes from.

use clap::{Arg, Command};
use serde::Serialize;

use super::config::{Origin, Settings, keys, variable};
use super::failure::Failure;
use super::output::Output;

pub(super) const EXAMPLES: &str = "\
A file of defaults, for example:

  model = \"marco-o1\"
  device = \"nvidia\"
  context = 4096

  [sampling]
  temperature = 0.6

  [search]
  preset = \"thorough\"

  [serve]
  port = 8000

A flag counts most, then the variable (POLO_MODEL, POLO_SAMPLING_TEMPERATURE, POLO_SERVE_PORT …), then the file, then
what the model's own files recommend, then what is built in. Unknown keys are errors.";

/// Arguments of `polo config`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ConfigArgs {
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// One key.
#[derive(Debug, Serialize)]
struct Row {
    key: String,
    /// As if it were typed; none where nothing holds.
    value: Option<String>,
    /// `file`, `default`, or the name of the variable.
    origin: String,
    /// The variable that would set it.
    variable: String,
    help: String,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Shown {
    path: String,
    exists: bool,
    settings: Vec<Row>,
}

/// `command` is as it was before the settings became its defaults.
pub(super) fn run(
    args: &ConfigArgs,
    command: &Command,
    path: &std::path::Path,
    settings: &Settings,
    output: &mut Output,
) -> Result<(), Failure> {
    let rows: Vec<Row> = keys(command).into_iter().map(|(key, (_, arg))| row(key, arg, settings)).collect();
    let (path, exists) = (path.display().to_string(), path.exists());
    if args.json {
        return output.json(&Shown { path, exists, settings: rows });
    }
    output.line(&format!("{path}{}\n", if exists { "" } else { " (does not exist)" }))?;
    let longest =
        |text: fn(&Row) -> &str| rows.iter().map(|row| text(row).chars().count()).max().unwrap_or(0);
    let key_width = longest(|row| &row.key);
    let origin_width = longest(|row| &row.origin);
    for Row { key, value, origin, help, .. } in &rows {
        let value = value.as_deref().unwrap_or("-");
        output.text(&format!("{key:key_width$}  {origin:origin_width$}  {value:12}  "))?;
        output.dim(help)?;
        output.text("\n")?;
    }
    Ok(())
}

fn row(key: String, arg: &Arg, settings: &Settings) -> Row {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    // What the help text tells as default is no value that clap knows of.
    let told = help.split_once("[default: ").and_then(|(_, rest)| rest.split_once(']'));
    let built_in = || {
        let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let known = (!values.is_empty()).then(|| values.join(","));
        known.or_else(|| told.map(|(text, _)| text.to_owned()))
    };
    let (value, origin) = match settings.get(&key) {
        Some(setting) => {
            let origin = match &setting.origin {
                Origin::File => "file".into(),
                Origin::Variable(name) => name.clone(),
            };
            (Some(setting.values.join(",")), origin)
        }
        None => (built_in(), "default".into()),
    };
    // A key is a place to keep secrets, `polo config` none to show them.
    let value = if key.ends_with("key") { value.map(|_| "(hidden)".into()) } else { value };
    let help = help.split(" [default").next().unwrap_or_default().to_owned();
    let help = help.lines().next().unwrap_or_default().to_owned();
    Row { variable: variable(&key), key, value, origin, help }
}
