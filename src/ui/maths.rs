//! `LaTeX` formulas as `MathML`, for the formulas that chat models write.
//!
//! Written here rather than taken from a crate because what a model writes is hostile input: every
//! character that reaches the result goes through `escape`, depth and length are bounded, and
//! nothing can panic. The crate that was tried let `\operatorname{<img>}` through as an element.

mod parts;

use super::markdown::escape;
use super::symbols::{Class, accent, spacing, symbol};
use super::tex::Tex;

/// Deepest nesting of groups; models stay under ten.
const MAX_DEPTH: usize = 48;
/// Longest formula in bytes; a longer one is shown as its source.
pub const MAX_BYTES: usize = 4000;

/// The formula as a `<math>` element, or `None` when it is not well formed (show the source then).
pub fn to_mathml(tex: &str, display: bool) -> Option<String> {
    if tex.len() > MAX_BYTES {
        return None;
    }
    // Lines outside of a table, as in `a = b \\ c = d`.
    let lines = display && tex.contains(r"\\") && !tex.contains(r"\begin");
    let whole = if lines { format!(r"\begin{{gathered}}{tex}\end{{gathered}}") } else { tex.to_owned() };
    let mut parser = Parser { tex: Tex { rest: &whole }, depth: 0, display };
    let body = parser.row(End::Input)?;
    let mode = if display { "block" } else { "inline" };
    // The source travels along as the formula's name, so that it can be copied and read aloud.
    Some(format!("<math display=\"{mode}\" aria-label=\"{}\"><mrow>{body}</mrow></math>", escape(tex.trim())))
}

/// What ends a row.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Input,
    Brace,
    Bracket,
    Right,
    Cell,
}

/// How an atom behaves beside others.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    /// Its scripts stand above and below it in display style.
    Limits,
    /// What follows is its argument.
    Function,
}

struct Parser<'a> {
    tex: Tex<'a>,
    depth: usize,
    display: bool,
}

impl Parser<'_> {
    fn at_end(&self, end: End) -> bool {
        match end {
            End::Input => self.tex.rest.is_empty(),
            End::Brace => self.tex.rest.starts_with('}'),
            End::Bracket => self.tex.rest.starts_with(']'),
            End::Right => self.tex.peek_command() == Some("right"),
            End::Cell => {
                self.tex.rest.starts_with('&')
                    || self.tex.peek_command().is_some_and(|name| matches!(name, "\\" | "end" | "cr"))
            }
        }
    }

    /// Everything up to `end`, which is left standing.
    fn row(&mut self, end: End) -> Option<String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut out = String::new();
        loop {
            self.tex.skip_space();
            if self.at_end(end) {
                break;
            }
            if self.tex.rest.is_empty() {
                return None;
            }
            // Holds for the rest of the row.
            if let Some(name @ ("displaystyle" | "textstyle")) = self.tex.peek_command() {
                self.tex.take_command();
                let before = std::mem::replace(&mut self.display, name == "displaystyle");
                let rest = self.row(end)?;
                self.display = before;
                let is = if name == "displaystyle" { "true" } else { "false" };
                out.extend(["<mstyle displaystyle=\"", is, "\">", &rest, "</mstyle>"]);
                break;
            }
            out.push_str(&self.scripted()?);
        }
        self.depth -= 1;
        Some(out)
    }

    /// An atom with what stands above and below it.
    fn scripted(&mut self) -> Option<String> {
        let (mut base, kind) = if self.tex.rest.starts_with(['^', '_', '\'']) {
            ("<mrow></mrow>".to_owned(), Kind::Plain)
        } else {
            self.atom()?
        };
        let mut under = kind == Kind::Limits && self.display;
        let (mut above, mut below) = (String::new(), String::new());
        loop {
            self.tex.skip_space();
            if self.tex.eat("^") {
                above.push_str(&self.argument()?);
            } else if self.tex.eat("_") {
                below.push_str(&self.argument()?);
            } else if self.tex.eat("'") {
                above.push_str("<mo>′</mo>");
            } else if let Some(name @ ("limits" | "nolimits")) = self.tex.peek_command() {
                self.tex.take_command();
                under = name == "limits";
                base = base.replacen("<mo>", "<mo movablelimits=\"false\">", 1);
            } else {
                break;
            }
        }
        let scripted = match (below.is_empty(), above.is_empty()) {
            (true, true) => base,
            (true, false) => {
                let tag = if under { "mover" } else { "msup" };
                format!("<{tag}>{base}<mrow>{above}</mrow></{tag}>")
            }
            (false, true) => {
                let tag = if under { "munder" } else { "msub" };
                format!("<{tag}>{base}<mrow>{below}</mrow></{tag}>")
            }
            (false, false) => {
                let tag = if under { "munderover" } else { "msubsup" };
                format!("<{tag}>{base}<mrow>{below}</mrow><mrow>{above}</mrow></{tag}>")
            }
        };
        // The sign that a function is applied stands after its scripts.
        Some(if kind == Kind::Function { scripted + "<mo>\u{2061}</mo>" } else { scripted })
    }

    /// A group in braces, or one atom.
    fn argument(&mut self) -> Option<String> {
        self.tex.skip_space();
        if self.tex.eat("{") {
            let body = self.row(End::Brace)?;
            return self.tex.eat("}").then(|| format!("<mrow>{body}</mrow>"));
        }
        // TeX takes one digit here: x^23 is x² followed by 3.
        if let Some(digit) = self.tex.rest.chars().next().filter(char::is_ascii_digit) {
            self.tex.rest = &self.tex.rest[1..];
            return Some(format!("<mn>{digit}</mn>"));
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let atom = self.atom().map(|(body, _)| format!("<mrow>{body}</mrow>"));
        self.depth -= 1;
        atom
    }

    /// One atom, and how it behaves.
    fn atom(&mut self) -> Option<(String, Kind)> {
        self.tex.skip_space();
        let c = self.tex.rest.chars().next()?;
        let plain = match c {
            '{' => {
                self.tex.rest = &self.tex.rest[1..];
                let body = self.row(End::Brace)?;
                self.tex.eat("}").then(|| format!("<mrow>{body}</mrow>"))?
            }
            '\\' => return self.command(),
            '}' | '&' | '^' | '_' => return None,
            '0'..='9' => self.tex.number(),
            '%' => {
                // A comment in TeX; models mean percent.
                self.tex.rest = &self.tex.rest[1..];
                "<mo>%</mo>".to_owned()
            }
            _ => {
                self.tex.rest = &self.tex.rest[c.len_utf8()..];
                match c {
                    '~' => "<mspace width=\"0.33em\"></mspace>".to_owned(),
                    '-' => "<mo>−</mo>".to_owned(),
                    '*' => "<mo>∗</mo>".to_owned(),
                    ':' => "<mo>:</mo>".to_owned(),
                    '(' | ')' | '[' | ']' | '|' => format!("<mo stretchy=\"false\">{c}</mo>"),
                    _ if c.is_ascii_alphabetic() => format!("<mi>{c}</mi>"),
                    _ if c.is_alphanumeric() => format!("<mtext>{c}</mtext>"),
                    _ => format!("<mo>{}</mo>", escape(c.encode_utf8(&mut [0; 4]))),
                }
            }
        };
        Some((plain, Kind::Plain))
    }

    fn command(&mut self) -> Option<(String, Kind)> {
        let name = self.tex.take_command()?;
        if let Some((text, class)) = symbol(name) {
            let text = escape(text);
            return Some(match class {
                Class::Identifier => (format!("<mi>{text}</mi>"), Kind::Plain),
                Class::Operator => (format!("<mo>{text}</mo>"), Kind::Plain),
                Class::Large => (format!("<mo>{text}</mo>"), Kind::Limits),
                Class::Function => (format!("<mi>{text}</mi>"), Kind::Function),
                Class::Limit => (format!("<mi>{text}</mi>"), Kind::Limits),
            });
        }
        if let Some(width) = spacing(name) {
            return Some((format!("<mspace width=\"{width}\"></mspace>"), Kind::Plain));
        }
        if let Some((mark, over)) = accent(name) {
            let body = self.argument()?;
            let tag = if over { "mover" } else { "munder" };
            let kind = if name.contains("brace") { Kind::Limits } else { Kind::Plain };
            return Some((format!("<{tag} accent=\"true\">{body}<mo>{mark}</mo></{tag}>"), kind));
        }
        let kind = match name {
            "operatorname" if self.tex.rest.starts_with('*') => Kind::Limits,
            "operatorname" => Kind::Function,
            "mathop" => Kind::Limits,
            _ => Kind::Plain,
        };
        Some((self.structure(name)?, kind))
    }
}

#[cfg(test)]
#[path = "maths_tests.rs"]
mod tests;
