//! Other programs: shown before they run, waited for, and counted when they are test runners.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::console;

/// Tests that passed and failed; and how many of them failed once and were tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) again: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.again += other.again;
    }
}

/// The command as one could type it, with the variables it sets.
pub(crate) fn line(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        let name = name.to_string_lossy();
        // PATH is long and the same every time; what is in front of it is told once, in the set-up.
        if let (Some(value), false) = (value, name == "PATH" || name == "RUST_BACKTRACE") {
            words.push(format!("{name}={}", quote(value)));
        }
    }
    words.push(quote(command.get_program()));
    words.extend(command.get_args().map(quote));
    words.join(" ")
}

fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty() || word.contains([' ', '"', '\'', '$', '*']) {
        format!("'{}'", word.replace('\'', "'\\''"))
    } else {
        word.into_owned()
    }
}

/// Runs a command to its end; an error names it and how it ended.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let shown = line(command);
    console::command(&shown);
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("{} cannot be started: {e}", quote(command.get_program())))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}

/// Runs a test runner, passes its output on and adds up its closing lines.
pub(crate) fn run_counting(command: &mut Command) -> (Counts, Result<(), String>) {
    let shown = line(command);
    console::command(&shown);
    let mut counts = Counts::default();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(e) => return (counts, Err(format!("{} cannot be started: {e}", quote(command.get_program())))),
    };
    if let Some(output) = child.stdout.take() {
        for bytes in BufReader::new(output).split(b'\n') {
            let Ok(bytes) = bytes else { break };
            let text = String::from_utf8_lossy(&bytes);
            println!("{text}");
            counts += counted(&text);
        }
    }
    let verdict = match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` ended with {status}")),
        Err(e) => Err(format!("`{shown}` was lost: {e}")),
    };
    (counts, verdict)
}

/// What one line of a test runner adds: cargo test's `test result:`, node's `ℹ pass 3`, `# fail 1`, pytest's
/// `1 failed, 2 passed in 3.4s`, or `↻ tried again: …` of a browser test.
fn counted(line: &str) -> Counts {
    let mut counts = Counts::default();
    if let Some((_, rest)) = line.split_once("test result: ") {
        for part in rest.split([';', '.']) {
            let mut words = part.split_whitespace();
            if let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse), words.next()) {
                match word {
                    "passed" => counts.passed = number,
                    "failed" => counts.failed = number,
                    _ => {}
                }
            }
        }
    } else if line.starts_with("↻ tried again: ") {
        counts.again = 1;
    } else if let Some(rest) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) {
        match rest.split_once(' ').map(|(word, number)| (word, number.trim().parse())) {
            Some(("pass", Ok(number))) => counts.passed = number,
            Some(("fail" | "cancelled", Ok(number))) => counts.failed = number,
            _ => {}
        }
    } else if let Some((parts, _)) =
        line.split_once(" in ").filter(|(_, time)| time.trim_end().ends_with([')', 's']))
    {
        for part in parts.split(", ") {
            match part.split_once(' ').map(|(number, word)| (word, number.parse())) {
                Some(("passed", Ok(number))) => counts.passed = number,
                Some(("failed" | "error" | "errors", Ok(number))) => counts.failed += number,
                _ => {}
            }
        }
    }
    counts
}

/// Standard output of a command that is quick and quiet; `None` if it cannot run or fails.
pub(crate) fn capture(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a command that may hang on a network; gives up after `limit`.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<(), String> {
    let shown = line(command);
    console::command(&shown);
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{} cannot be started: {e}", quote(command.get_program())))?;
    let errors = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut errors) = errors {
            // What could be read is all there is to show.
            let _ = errors.read_to_string(&mut text);
        }
        text
    });
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => {
                let text = reader.join().unwrap_or_default();
                let last = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no message");
                return Err(format!("`{shown}` ended with {status}: {}", last.trim()));
            }
            Ok(None) if start.elapsed() > limit => {
                // A process that is gone already needs no killing.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("`{shown}` did not end within {}", console::duration(limit)));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(100)),
            Err(e) => return Err(format!("`{shown}` was lost: {e}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, counted, line};
    use std::process::Command;

    fn counts(passed: usize, failed: usize, again: usize) -> Counts {
        Counts { passed, failed, again }
    }

    #[test]
    fn closing_lines_are_counted() {
        let cargo = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(counted(cargo), counts(12, 3, 0));
        assert_eq!(counted("test result: ok. 7 passed; 0 failed; 0 ignored"), counts(7, 0, 0));
        assert_eq!(counted("ℹ pass 5"), counts(5, 0, 0));
        assert_eq!(counted("# fail 2"), counts(0, 2, 0));
        assert_eq!(counted("1 failed, 4 passed, 2 errors in 3.42s"), counts(4, 3, 0));
        assert_eq!(counted("27 passed, 3 warnings in 81.20s (0:01:21)"), counts(27, 0, 0));
        assert_eq!(counted("2 passed it in a hurry in s"), Counts::default());
        assert_eq!(counted("↻ tried again: chats.test.mjs:348: TimeoutError: …"), counts(0, 0, 1));
        assert_eq!(counted("ℹ tests 7"), Counts::default());
        assert_eq!(counted("running 7 tests"), Counts::default());
    }

    #[test]
    fn commands_are_shown_as_typed() {
        let mut command = Command::new("cargo");
        command.args(["run", "a b"]).env("RUSTC", "/usr/bin/rustc").env("PATH", "/long");
        assert_eq!(line(&command), "RUSTC=/usr/bin/rustc cargo run 'a b'");
    }
}
