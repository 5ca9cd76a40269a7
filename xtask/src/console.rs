//! What the person sees: steps, notes, problems. Colour only on a terminal and without `NO_COLOR`.

use std::io::{IsTerminal, Write};
use std::time::Duration;

fn paint(code: &str, text: &str) -> String {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// A heading: a new step begins, and why.
pub(crate) fn step(name: &str, why: &str) {
    println!("\n{} {name}: {why}", paint("1;36", "==>"));
    flush();
}

/// A fact found on the way.
pub(crate) fn note(text: &str) {
    println!("    {text}");
    flush();
}

/// One line of a list: a short word, a name, a remark.
pub(crate) fn item(word: &str, name: &str, remark: &str) {
    let code = match word {
        "ok" | "passed" => "32",
        "FAILED" | "missing" => "1;31",
        _ => "33",
    };
    println!("    {} {name:<22} {remark}", paint(code, &format!("{word:<8}")));
    flush();
}

/// The command that is about to run, as one could type it.
pub(crate) fn command(line: &str) {
    println!("    {}", paint("2", &format!("$ {line}")));
    flush();
}

/// Something went wrong; says what to do.
pub(crate) fn problem(text: &str) {
    flush();
    eprintln!("{} {text}", paint("1;31", "problem:"));
}

/// `3.2 s` or `4 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

fn flush() {
    // Nobody left to read is no reason to stop.
    let _ = std::io::stdout().flush();
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(Duration::from_millis(3240)), "3.2 s");
        assert_eq!(duration(Duration::from_secs(245)), "4 min 05 s");
    }
}
