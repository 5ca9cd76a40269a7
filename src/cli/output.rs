//! What the terminal shows: plain text, dim text, notes; and no colour where none is wanted.

use std::io::{IsTerminal, Write};

use anstyle::Style;

use super::failure::Failure;

const DIM: Style = Style::new().dimmed();
const ERROR: Style = anstyle::AnsiColor::Red.on_default().bold();

/// Standard output for results, standard error for everything about them.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Output {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    /// Colours on standard output.
    pub(super) color: bool,
    /// Standard output is a terminal in which lines can be drawn again.
    pub(super) redraws: bool,
    /// Standard error is a terminal: progress bars and notes make sense.
    pub(super) lively: bool,
    error_color: bool,
}

impl Output {
    pub(super) fn standard() -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let able = variable("TERM").is_none_or(|term| term != "dumb");
        Self {
            redraws: able && out.is_terminal(),
            color: wants_color(variable, out.is_terminal()),
            lively: err.is_terminal(),
            error_color: wants_color(variable, err.is_terminal()),
            out: Box::new(out),
            err: Box::new(err),
        }
    }

    /// Writes to given places, without colour; for tests.
    #[cfg(test)]
    pub(super) fn to(out: impl Write + 'static, err: impl Write + 'static, color: bool) -> Self {
        Self {
            out: Box::new(out),
            err: Box::new(err),
            color,
            redraws: color,
            lively: false,
            error_color: false,
        }
    }

    /// Text as it is.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.out.write_all(printable(text, self.color).as_bytes())?)
    }

    /// Lines in the place of the `before` lines drawn last, with their control characters taken out.
    pub(super) fn draw(&mut self, before: usize, lines: &[String]) -> Result<(), Failure> {
        self.out.write_all(super::tree::redraw(before, lines).as_bytes())?;
        self.flush()
    }

    /// Dim text, where there is colour.
    pub(super) fn dim(&mut self, text: &str) -> Result<(), Failure> {
        if !self.color {
            return self.text(text);
        }
        Ok(write!(self.out, "{DIM}{}{DIM:#}", printable(text, true))?)
    }

    /// A line of text.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.text(text)?;
        self.text("\n")
    }

    /// A JSON value, for people to read as well.
    pub(super) fn json(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.out, value).map_err(std::io::Error::from)?;
        Ok(self.out.write_all(b"\n")?)
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// A remark on standard error, only where a person may be looking.
    pub(super) fn note(&mut self, text: &str) {
        if self.lively {
            self.warn(text);
        }
    }

    /// A remark on standard error in any case.
    pub(super) fn warn(&mut self, text: &str) {
        let style = if self.error_color { DIM } else { Style::new() };
        // Where standard error is gone, there is nobody to tell.
        let _ = writeln!(self.err, "{style}{}{style:#}", printable(text, true));
    }

    /// An error message on standard error.
    pub(super) fn error(&mut self, text: &str) {
        let style = if self.error_color { ERROR } else { Style::new() };
        let _ = writeln!(self.err, "{style}polo:{style:#} {}", printable(text, true));
    }
}

/// <https://no-color.org> and <https://bixense.com/clicolors>: `NO_COLOR` before all else, then `CLICOLOR_FORCE` (also
/// down a pipe), then `CLICOLOR`. A dumb terminal cannot show any.
fn wants_color(variable: impl Fn(&str) -> Option<String>, terminal: bool) -> bool {
    if variable("NO_COLOR").is_some() {
        return false;
    }
    if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    let able = variable("TERM").is_none_or(|term| term != "dumb");
    terminal && able && variable("CLICOLOR").is_none_or(|value| value != "0")
}

/// On a terminal, control characters of a model's output could move the cursor or worse: shown as `�`.
fn printable(text: &str, terminal: bool) -> std::borrow::Cow<'_, str> {
    let harmful = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t' | '\r');
    if terminal && text.contains(harmful) {
        return text.replace(harmful, "\u{FFFD}").into();
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::wants_color;

    #[test]
    fn colours_are_as_the_variables_say() {
        let color = |variables: &[(&str, &str)], terminal| {
            let find = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            wants_color(find, terminal)
        };
        assert!(color(&[], true) && !color(&[], false));
        assert!(!color(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true));
        assert!(color(&[("CLICOLOR_FORCE", "1")], false) && !color(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!color(&[("CLICOLOR", "0")], true) && !color(&[("TERM", "dumb")], true));
        assert!(color(&[("CLICOLOR", "1"), ("TERM", "xterm")], true));
    }
}
