//! The characters of a `LaTeX` formula, taken one thing at a time.

use super::markdown::escape;
use super::symbols::delimiter;

/// What is left of a formula to read.
pub(super) struct Tex<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Tex<'a> {
    pub(super) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `prefix` if it comes next.
    pub(super) fn eat(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The next command's name (without backslash), not taken.
    pub(super) fn peek_command(&self) -> Option<&'a str> {
        let after = self.rest.strip_prefix('\\')?;
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let length = if letters > 0 { letters } else { after.chars().next().map_or(0, char::len_utf8) };
        after.get(..length)
    }

    pub(super) fn take_command(&mut self) -> Option<&'a str> {
        let name = self.peek_command()?;
        self.rest = self.rest.get(1 + name.len()..)?;
        Some(name)
    }

    /// The text of a group, braces balanced, without reading it as mathematics.
    pub(super) fn raw_group(&mut self) -> Option<String> {
        self.skip_space();
        let body = self.rest.strip_prefix('{')?;
        let (mut open, mut escaped) = (1_usize, false);
        for (at, c) in body.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '{' => open += 1,
                '}' => open -= 1,
                _ => {}
            }
            if open == 0 {
                self.rest = &body[at + 1..];
                return Some(body[..at].to_owned());
            }
        }
        None
    }

    /// Digits with the separators between them: 1,234.5 is one number.
    pub(super) fn number(&mut self) -> String {
        let bytes = self.rest.as_bytes();
        let mut length = 0;
        // `1{,}000` is how TeX writes it without a gap.
        let grouped = |at: usize| {
            self.rest.get(at..).is_some_and(|rest| {
                rest.strip_prefix("{,}").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            })
        };
        while let Some(byte) = bytes.get(length) {
            let next_is_digit = bytes.get(length + 1).is_some_and(u8::is_ascii_digit);
            if byte.is_ascii_digit() || (matches!(byte, b'.' | b',') && next_is_digit) {
                length += 1;
            } else if length > 0 && grouped(length) {
                length += "{,}".len();
            } else {
                break;
            }
        }
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        format!("<mn>{}</mn>", digits.replace(['{', '}'], ""))
    }

    /// A delimiter after `\left` and the like; `.` is none.
    pub(super) fn delimiter(&mut self) -> Option<String> {
        self.skip_space();
        if self.rest.starts_with('\\') {
            let name = self.take_command()?;
            return Some(escape(delimiter(name)?));
        }
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        match c {
            '.' => Some(String::new()),
            '(' | ')' | '[' | ']' | '|' | '/' | '<' | '>' => Some(escape(c.encode_utf8(&mut [0; 4]))),
            _ => None,
        }
    }
}
