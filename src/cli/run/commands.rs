//! What a line means: something to say, or a command; and the help texts, in Ollama's words where it has them.

use super::parameters::PARAMETERS;
use crate::protocol::Preset;

/// A line that was typed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    Nothing,
    /// For the model.
    Say(String),
    Bye,
    Clear,
    /// A text to show.
    Help(String),
    /// `/system`, `/set system`; none shows it.
    System(Option<String>),
    Parameter(String, String),
    History(bool),
    Verbose(bool),
    Think(bool),
    /// `json` or a schema; none for free text.
    Format(Option<String>),
    Search(Option<Preset>),
    Show(Shown),
    Save(String),
    Load(String),
    /// What is wrong with it.
    Wrong(String),
}

/// What `/show` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Info,
    License,
    System,
    Parameters,
    Template,
    Messages,
}

const HELP: &str = "\
Available commands:
  /set            Set session variables
  /show           Show the model and the settings
  /system <text>  Set the system message; alone: show it
  /load <name>    Load a saved conversation, or a model
  /save <name>    Save this conversation and its settings
  /clear          Forget what was said so far
  /bye            Exit
  /?, /help       This; `/? set`, `/? show`, `/? shortcuts` tell more

Use \"\"\" to begin and to end a message of several lines.
";

const SET: &str = "\
Available commands:
  /set parameter …        Set a parameter; `/set parameter` lists them
  /set system <text>      Set the system message
  /set think              Show thoughts
  /set nothink            Hide thoughts; the model has them all the same
  /set search <preset>    Answer by a search: quick, balanced, thorough, paper; off
  /set format json        Answers are JSON objects; a JSON schema instead of `json` works too
  /set noformat           Answers are free
  /set history            Keep what is typed
  /set nohistory          Do not keep what is typed
  /set verbose            Show timings
  /set quiet              Do not
";

const SHOW: &str = "\
Available commands:
  /show info          The model: its size, its context, how it is held
  /show parameters    What was set, and what holds
  /show system        The system message
  /show template      The model's chat template
  /show license       The model's licence
  /show messages      The conversation so far
";

const SHORTCUTS: &str = "\
Available keyboard shortcuts:
  Ctrl + a / e     Beginning, end of the line
  Alt  + b / f     Back, forward by a word
  Ctrl + k / u     Delete to the end, to the beginning of the line
  Ctrl + w         Delete the word before the cursor
  Ctrl + r         Search in what was typed before
  Up / down        What was typed before
  Ctrl + l         Clear the screen
  Ctrl + c         Stop the reply; at the prompt: give the line up
  Ctrl + d         Exit
";

const LOAD: &str = "\
  /load <name>    A conversation that was saved under this name; if there is none, the model of this name, with
                  a conversation that begins anew
";

fn parameters() -> String {
    let rows = PARAMETERS.iter().map(|(name, _, about)| format!("  /set parameter {name} {about}\n"));
    format!("Available parameters:\n{}", rows.collect::<String>())
}

/// The presets of the search, by their names.
pub(super) const PRESETS: [(&str, Preset); 4] = [
    ("quick", Preset::Quick),
    ("balanced", Preset::Balanced),
    ("thorough", Preset::Thorough),
    ("paper", Preset::Paper),
];

/// The preset of a name.
pub(super) fn preset(name: &str) -> Option<Preset> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, preset)| *preset)
}

/// The name of a preset.
pub(super) fn preset_name(preset: Preset) -> &'static str {
    PRESETS.iter().find(|(_, known)| *known == preset).map_or("balanced", |(name, _)| name)
}

/// Understands a line.
pub(super) fn parse(line: &str) -> Entry {
    let (word, rest) = cut(line);
    if line.is_empty() {
        return Entry::Nothing;
    }
    // A path may begin a question: /etc/fstab has a line that …
    if !word.starts_with('/') || word[1..].contains('/') || word == "/" {
        return Entry::Say(line.into());
    }
    let text = || Some(rest.to_owned()).filter(|text| !text.is_empty());
    match (word, rest) {
        ("/bye" | "/exit" | "/quit", _) => Entry::Bye,
        ("/clear", _) => Entry::Clear,
        ("/?" | "/help", topic) => help(topic),
        ("/system", _) => Entry::System(text()),
        ("/set", _) => set(rest),
        ("/show", _) => show(rest),
        ("/save", "") => Entry::Wrong("a name is missing: /save <name>".into()),
        ("/save", name) => Entry::Save(name.into()),
        ("/load", "") => Entry::Wrong(format!("a name is missing\n{LOAD}")),
        ("/load", name) => Entry::Load(name.into()),
        _ => Entry::Wrong(format!("Unknown command '{word}'. Type /? for help")),
    }
}

fn help(topic: &str) -> Entry {
    Entry::Help(match topic.trim_start_matches('/') {
        "set" => SET.into(),
        "show" => SHOW.into(),
        "set parameter" | "parameter" | "parameters" => parameters(),
        "load" | "save" => LOAD.into(),
        "shortcut" | "shortcuts" => SHORTCUTS.into(),
        _ => HELP.into(),
    })
}

fn set(rest: &str) -> Entry {
    let (word, rest) = cut(rest);
    match (word, rest) {
        ("", _) => Entry::Help(SET.into()),
        ("parameter", "") => Entry::Help(parameters()),
        ("parameter", rest) => {
            let (name, value) = cut(rest);
            Entry::Parameter(name.into(), value.into())
        }
        ("system", "") => Entry::Wrong("a text is missing: /set system <text>".into()),
        ("system", text) => Entry::System(Some(text.into())),
        ("history", _) => Entry::History(true),
        ("nohistory", _) => Entry::History(false),
        ("verbose", _) => Entry::Verbose(true),
        ("quiet", _) => Entry::Verbose(false),
        ("think", _) => Entry::Think(true),
        ("nothink", _) => Entry::Think(false),
        ("noformat", _) => Entry::Format(None),
        ("format", format) if format == "json" || format.starts_with('{') => {
            Entry::Format(Some(format.into()))
        }
        ("format", _) => {
            Entry::Wrong("expected /set format json, or a JSON schema: /set format {\"type\": …}".into())
        }
        ("nosearch", _) | ("search", "off" | "none") => Entry::Search(None),
        ("search", name) => preset(name).map_or_else(
            || Entry::Wrong("expected /set search quick, balanced, thorough, paper or off".into()),
            |preset| Entry::Search(Some(preset)),
        ),
        _ => Entry::Wrong(format!("Unknown command '/set {word}'. Type /? set for help")),
    }
}

fn show(rest: &str) -> Entry {
    Entry::Show(match rest {
        "info" | "information" => Shown::Info,
        "license" | "licence" => Shown::License,
        "system" => Shown::System,
        "parameters" => Shown::Parameters,
        "template" => Shown::Template,
        "messages" => Shown::Messages,
        "" => return Entry::Help(SHOW.into()),
        other => return Entry::Wrong(format!("Unknown command '/show {other}'. Type /? show for help")),
    })
}

/// The first word, and what comes after it.
fn cut(line: &str) -> (&str, &str) {
    let line = line.trim();
    line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::{Entry, HELP, PRESETS, SET, SHOW, Shown, parse, preset, preset_name};

    #[test]
    fn lines_are_understood() {
        let text = |text: &str| Some(text.to_owned());
        for (line, entry) in [
            ("", Entry::Nothing),
            ("What is 1 + 1?", Entry::Say("What is 1 + 1?".into())),
            ("/etc/fstab is what?", Entry::Say("/etc/fstab is what?".into())),
            ("/bye", Entry::Bye),
            ("/system  You are\nterse.", Entry::System(text("You are\nterse."))),
            ("/system", Entry::System(None)),
            ("/set system Be kind", Entry::System(text("Be kind"))),
            ("/set parameter stop a b", Entry::Parameter("stop".into(), "a b".into())),
            ("/set nohistory", Entry::History(false)),
            ("/set format json", Entry::Format(text("json"))),
            ("/set noformat", Entry::Format(None)),
            ("/set search off", Entry::Search(None)),
            ("/show info", Entry::Show(Shown::Info)),
            ("/save my chat", Entry::Save("my chat".into())),
            ("/load marco-o1", Entry::Load("marco-o1".into())),
        ] {
            assert_eq!(parse(line), entry, "{line}");
        }
        for (line, said) in [
            ("/foo", "Unknown command '/foo'"),
            ("/set foo", "/set foo"),
            ("/show foo", "/show foo"),
            ("/set format xml", "json"),
            ("/set search deep", "balanced"),
            ("/save", "name is missing"),
        ] {
            let Entry::Wrong(what) = parse(line) else { panic!("{line}") };
            assert!(what.contains(said), "{what}");
        }
        for (name, known) in PRESETS {
            assert_eq!((preset(name), preset_name(known)), (Some(known), name));
        }
    }

    #[test]
    fn every_command_in_the_help_is_known() {
        for line in [HELP, SET, SHOW].join("").lines().filter(|line| line.trim_start().starts_with('/')) {
            // "/set system <text>      Set …": what stands before two spaces, with something in the place.
            let command = line.trim().split("  ").next().unwrap_or_default();
            let command = command.split(',').next().unwrap_or_default();
            let command = command.replace("<preset>", "quick").replace('…', "seed 1");
            assert!(!matches!(parse(&command), Entry::Wrong(_) | Entry::Say(_)), "{command}");
        }
        let Entry::Help(shortcuts) = parse("/? shortcuts") else { panic!() };
        assert!(shortcuts.contains("Ctrl + d"));
        let Entry::Help(parameters) = parse("/set parameter") else { panic!() };
        assert!(parameters.contains("num_ctx") && parameters.contains("temperature"));
    }
}
