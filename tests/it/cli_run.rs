//! `polo run` from outside: in a terminal of its own, and down a pipe. All of it needs a GPU.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rexpect::session::{PtySession, spawn_command};

const PATIENCE_MS: u64 = 240_000;

fn polo(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polo"));
    command.arg("run").args(words).env("POLO_HOME", home).env("XDG_CONFIG_HOME", home);
    command
}

/// A conversation that waits for its first line.
fn start(home: &Path, words: &[&str]) -> PtySession {
    let mut command = polo(home, words);
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    let mut terminal = spawn_command(command, Some(PATIENCE_MS)).unwrap();
    terminal.exp_string("/? for help").unwrap();
    terminal.exp_string(">>> ").unwrap();
    terminal
}

/// Types a line, and waits until the answer holds this.
#[track_caller]
fn type_line(terminal: &mut PtySession, line: &str, answer: &str) {
    terminal.send_line(line).unwrap();
    terminal.exp_string(answer).unwrap_or_else(|error| panic!("{line}: {error}"));
}

#[test]
fn gpu_run_talks_in_a_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = start(home.path(), &["--temperature", "0", "polo-tiny"]);
    type_line(&mut terminal, "/show info", "architecture     qwen2");
    type_line(&mut terminal, "/nonsense", "Unknown command");
    type_line(&mut terminal, "/set verbose", "Set 'verbose' mode.");
    // Dim thoughts, and a message of several lines.
    terminal.send_line("\"\"\"What is").unwrap();
    terminal.exp_string("... ").unwrap();
    type_line(&mut terminal, "12 + 30?\"\"\"", "\u{1b}[2m");
    terminal.exp_string("eval count:").unwrap();
    type_line(&mut terminal, "/set parameter temperature 1", "Set parameter 'temperature' to '1'");
    type_line(&mut terminal, "/save sums", "Saved as 'sums'");
    type_line(&mut terminal, "/clear", "Cleared");
    type_line(&mut terminal, "/load sums", "2 messages with polo-tiny");
    type_line(&mut terminal, "/show messages", "[you] What is");
    // Ctrl-C at the prompt is no end; Ctrl-D is.
    terminal.send_control('c').unwrap();
    terminal.exp_string("Use Ctrl + d or /bye to exit.").unwrap();
    terminal.send_control('d').unwrap();
    terminal.exp_eof().unwrap();
    let history = std::fs::read_to_string(home.path().join("history")).unwrap();
    assert!(history.contains("/show info") && history.contains("What is\\n12 + 30?"), "{history}");
    assert!(home.path().join("sessions/sums.json").exists() && home.path().join("last.json").exists());
}

#[test]
fn gpu_run_stops_a_reply_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    // Noise that must not end before the context is full; but the key may come even later, then it is tried anew.
    let endless = r#"{"type":"string","minLength":100000}"#;
    let words = ["polo-tiny", "--temperature", "4", "--top-k", "0", "--top-p", "1", "--format", endless];
    let stopped = (0..8).find_map(|_| {
        let mut terminal = start(home.path(), &words);
        terminal.send_line("a").unwrap();
        // The line editor has given the terminal back, and the reply has begun.
        terminal.exp_regex("(?s)\u{1b}\\[\\?2004l\r\n.{8}").unwrap();
        terminal.send_control('c').unwrap();
        terminal.exp_string(">>> ").unwrap().contains("Stopped").then_some(terminal)
    });
    let mut terminal = stopped.expect("none of eight replies was stopped");
    type_line(&mut terminal, "/show messages", "[you] a");
    type_line(&mut terminal, "/bye", "bye");
    terminal.exp_eof().unwrap();
}

#[test]
fn gpu_run_answers_down_a_pipe() {
    let home = tempfile::tempdir().unwrap();
    let ask = |words: &[&str], piped: &str| {
        let mut child = polo(home.path(), words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(piped.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let flags = ["polo-tiny", "--hide-thinking", "--temperature", "0"];
    let (piped, _) = ask(&flags, "What is 12 + 30?\n");
    let (words, told) = ask(&[&flags[..], &["What", "is 12 + 30?", "--verbose"]].concat(), "");
    assert_eq!(piped, words);
    assert!(piped.contains("42") && !piped.contains('\u{1b}') && !piped.contains("Thought"), "{piped}");
    assert!(told.contains("eval rate:"), "{told}");
    // What the answer must be reaches the engine.
    let (json, _) = ask(&[&flags[..], &["--format", "json", "What is 12 + 30?"]].concat(), "");
    let json: serde_json::Value =
        serde_json::from_str(json.trim()).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert!(json.is_object(), "{json}");
    // The model used last needs no name.
    assert_eq!(ask(&flags[1..], "What is 12 + 30?").0, piped);
}
