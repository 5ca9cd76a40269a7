//! Where the lines come from: a line editor with history, or a script in tests; and messages of several lines.

use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use crate::Error;
use crate::cli::failure::Failure;

/// Begins and ends a message of several lines.
const QUOTES: &str = r#"""""#;
/// What stands before the first line of a message, and before the others.
const PROMPT: &str = ">>> ";
const MORE: &str = "... ";

/// What came of asking for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Text(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D.
    End,
}

/// Someone who types.
pub(super) trait Lines {
    /// The next line; `prompt` stands before it.
    fn read(&mut self, prompt: &str) -> Result<Line, Failure>;
    /// Keeps what was typed, for the keys up and down.
    fn remember(&mut self, entry: &str);
    /// Whether what is typed from now on is kept.
    fn keep_history(&mut self, on: bool);
}

/// A message or a command, which may go over several lines between `"""`. A line that was begun and given up with
/// Ctrl-C is no reason to end.
pub(super) fn entry(lines: &mut dyn Lines) -> Result<Line, Failure> {
    let first = match lines.read(PROMPT)? {
        Line::Text(text) => text,
        other => return Ok(other),
    };
    let Some((before, rest)) = first.split_once(QUOTES) else {
        lines.remember(first.trim());
        return Ok(Line::Text(first.trim().into()));
    };
    // Quotes begin a message, or the text of a command such as /set system.
    if !(before.trim().is_empty() || before.starts_with('/')) {
        lines.remember(first.trim());
        return Ok(Line::Text(first.trim().into()));
    }
    let mut text = rest.to_owned();
    while !text.trim_end().ends_with(QUOTES) {
        match lines.read(MORE)? {
            Line::Text(more) => {
                text.push('\n');
                text += &more;
            }
            other => return Ok(other),
        }
    }
    let end = text.trim_end().len() - QUOTES.len();
    let entry = format!("{before}{}", text[..end].trim_matches('\n'));
    lines.remember(&format!("{before}{QUOTES}{text}"));
    Ok(Line::Text(entry))
}

/// The terminal.
pub(super) struct Terminal {
    editor: Editor<(), FileHistory>,
    path: PathBuf,
    keeps: bool,
}

impl Terminal {
    /// With the history of a file, which need not be there.
    pub(super) fn open(path: PathBuf) -> Result<Self, Failure> {
        let config = Config::builder();
        let config = config.max_history_size(1000).and_then(|config| config.history_ignore_dups(true));
        let config = config.map_err(|error| broken(&error))?.build();
        let mut editor = Editor::with_config(config).map_err(|error| broken(&error))?;
        // What cannot be read is no reason not to talk.
        let _ = editor.load_history(&path);
        Ok(Self { editor, path, keeps: true })
    }
}

impl Lines for Terminal {
    fn read(&mut self, prompt: &str) -> Result<Line, Failure> {
        match self.editor.readline(prompt) {
            Ok(text) => Ok(Line::Text(text)),
            Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(broken(&error)),
        }
    }

    fn remember(&mut self, entry: &str) {
        if !self.keeps || entry.trim().is_empty() {
            return;
        }
        let _ = self.editor.add_history_entry(entry);
        // After each entry, so that a session that is killed loses none; a full disk is no reason to stop.
        if let Some(folder) = self.path.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = self.editor.append_history(&self.path);
    }

    fn keep_history(&mut self, on: bool) {
        self.keeps = on;
    }
}

fn broken(error: &ReadlineError) -> Failure {
    Error::BadRequest(format!("the terminal cannot be read: {error}; give the prompt as an argument")).into()
}

/// A script, for tests: the lines, and what was remembered.
#[cfg(test)]
#[derive(Default)]
pub(super) struct Script {
    pub(super) lines: std::collections::VecDeque<Line>,
    pub(super) remembered: Vec<String>,
    keeps_none: bool,
}

#[cfg(test)]
impl Script {
    pub(super) fn new(lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| Line::Text((*line).into())).collect();
        Self { lines, ..Self::default() }
    }
}

#[cfg(test)]
impl Lines for Script {
    fn read(&mut self, _: &str) -> Result<Line, Failure> {
        Ok(self.lines.pop_front().unwrap_or(Line::End))
    }

    fn remember(&mut self, entry: &str) {
        if !self.keeps_none {
            self.remembered.push(entry.into());
        }
    }

    fn keep_history(&mut self, on: bool) {
        self.keeps_none = !on;
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines, Script, Terminal, entry};

    #[test]
    fn messages_go_over_several_lines() {
        let mut script = Script::new(&[
            " one ",
            r#""""first"#,
            "  second",
            r#"third""""#,
            r#""""whole""""#,
            r#"""""#,
            "between",
            r#"""""#,
            r#"/set system """You are"#,
            r#"terse.""""#,
            r#"say """ is what Python has"#,
            r#""""given up"#,
        ]);
        script.lines.push_back(Line::Interrupted);
        let mut next = || match entry(&mut script).unwrap() {
            Line::Text(text) => text,
            other => format!("{other:?}"),
        };
        assert_eq!(next(), "one");
        assert_eq!(next(), "first\n  second\nthird");
        assert_eq!(next(), "whole");
        assert_eq!(next(), "between", "quotes on lines of their own add none");
        assert_eq!(next(), "/set system You are\nterse.");
        assert_eq!(next(), r#"say """ is what Python has"#);
        assert_eq!(next(), "Interrupted");
        assert_eq!(next(), "End");
        assert_eq!(script.remembered.len(), 6, "{:?}", script.remembered);
        assert!(script.remembered[1].starts_with(r#""""first"#), "{:?}", script.remembered);
    }

    #[test]
    fn what_is_not_to_be_kept_is_not_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/history");
        let mut terminal = Terminal::open(path.clone()).unwrap();
        terminal.remember("kept");
        terminal.remember("  ");
        terminal.keep_history(false);
        terminal.remember("secret");
        terminal.keep_history(true);
        terminal.remember("kept as well");
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines, ["kept", "kept as well"]);
    }
}
