//! `LaTeX` formulas as `MathML`, for the formulas that chat models write.
//!
//! Written here rather than taken from a crate because what a model writes is hostile input: every
//! character that reaches the result goes through `escape`, depth and length are bounded, and
//! nothing can panic. The crate that was tried let `\operatorname{<img>}` through as an element.

use super::markdown::escape;
use super::symbols::{Class, accent, environment, spacing, styled, symbol, unescape};
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
    let mut parser = Parser { tex: Tex { rest: tex }, depth: 0, display };
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
            out.push_str(&self.scripted()?);
        }
        self.depth -= 1;
        Some(out)
    }

    /// An atom with what stands above and below it.
    fn scripted(&mut self) -> Option<String> {
        let (base, limits) = if self.tex.rest.starts_with(['^', '_', '\'']) {
            ("<mrow></mrow>".to_owned(), false)
        } else {
            self.atom()?
        };
        let (mut above, mut below) = (String::new(), String::new());
        loop {
            self.tex.skip_space();
            if self.tex.eat("^") {
                above.push_str(&self.argument()?);
            } else if self.tex.eat("_") {
                below.push_str(&self.argument()?);
            } else if self.tex.eat("'") {
                above.push_str("<mo>′</mo>");
            } else if matches!(self.tex.peek_command(), Some("limits" | "nolimits")) {
                self.tex.take_command();
            } else {
                break;
            }
        }
        let under = limits && self.display;
        Some(match (below.is_empty(), above.is_empty()) {
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
        })
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

    /// One atom, and whether its scripts stand above and below it in display style.
    fn atom(&mut self) -> Option<(String, bool)> {
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
        Some((plain, false))
    }

    fn command(&mut self) -> Option<(String, bool)> {
        let name = self.tex.take_command()?;
        if let Some((text, class)) = symbol(name) {
            let text = escape(text);
            return Some(match class {
                Class::Identifier => (format!("<mi>{text}</mi>"), false),
                Class::Operator => (format!("<mo>{text}</mo>"), false),
                Class::Large => (format!("<mo>{text}</mo>"), true),
                Class::Function => (format!("<mi>{text}</mi><mo>\u{2061}</mo>"), false),
                Class::Limit => (format!("<mi>{text}</mi>"), true),
            });
        }
        if let Some(width) = spacing(name) {
            return Some((format!("<mspace width=\"{width}\"></mspace>"), false));
        }
        if let Some((mark, over)) = accent(name) {
            let body = self.argument()?;
            let tag = if over { "mover" } else { "munder" };
            return Some((
                format!("<{tag} accent=\"true\">{body}<mo>{mark}</mo></{tag}>"),
                name.contains("brace"),
            ));
        }
        Some((self.structure(name)?, false))
    }

    /// Commands with arguments.
    fn structure(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "frac" | "tfrac" => format!("<mfrac>{}{}</mfrac>", self.argument()?, self.argument()?),
            "dfrac" | "cfrac" => {
                format!("<mfrac displaystyle=\"true\">{}{}</mfrac>", self.argument()?, self.argument()?)
            }
            "binom" | "dbinom" | "tbinom" => format!(
                "<mrow><mo>(</mo><mfrac linethickness=\"0\">{}{}</mfrac><mo>)</mo></mrow>",
                self.argument()?,
                self.argument()?
            ),
            "sqrt" => {
                self.tex.skip_space();
                if self.tex.eat("[") {
                    let index = self.row(End::Bracket)?;
                    self.tex.eat("]");
                    format!("<mroot>{}<mrow>{index}</mrow></mroot>", self.argument()?)
                } else {
                    format!("<msqrt>{}</msqrt>", self.argument()?)
                }
            }
            "text" | "textrm" | "textbf" | "textit" | "texttt" | "mbox" | "hbox" => {
                let text = self.tex.raw_group()?;
                format!("<mtext>{}</mtext>", escape(&unescape(&text)))
            }
            "operatorname" => {
                self.tex.eat("*");
                format!("<mi>{}</mi><mo>\u{2061}</mo>", escape(&self.tex.raw_group()?))
            }
            "mathrm" | "mathbf" | "mathit" | "mathbb" | "mathcal" | "mathsf" | "mathtt" | "mathfrak"
            | "boldsymbol" | "bm" | "mathscr" => self.alphabet(name)?,
            "boxed" | "fbox" => format!("<mrow class=\"boxed\">{}</mrow>", self.argument()?),
            "left" => self.fenced()?,
            "middle" => format!("<mo stretchy=\"true\">{}</mo>", self.tex.delimiter()?),
            "overset" | "stackrel" => {
                let above = self.argument()?;
                format!("<mover>{}{above}</mover>", self.argument()?)
            }
            "underset" => {
                let below = self.argument()?;
                format!("<munder>{}{below}</munder>", self.argument()?)
            }
            "pmod" => format!("<mo>(</mo><mtext>mod </mtext>{}<mo>)</mo>", self.argument()?),
            "textcolor" | "colorbox" => {
                self.tex.raw_group()?;
                self.argument()?
            }
            "color" | "label" | "phantom" | "hphantom" | "vphantom" | "hspace" | "vspace" => {
                self.tex.raw_group()?;
                String::new()
            }
            "tag" => format!("<mtext>({})</mtext>", escape(&unescape(&self.tex.raw_group()?))),
            "not" => format!("<mrow>{}<mo>\u{338}</mo></mrow>", self.argument()?),
            "begin" => self.environment()?,
            "displaystyle" | "textstyle" | "scriptstyle" | "limits" | "nolimits" | "hline" | "nonumber"
            | "notag" => String::new(),
            // A line break outside an array: MathML has none, so a gap.
            "\\" | "cr" | "newline" => "<mspace width=\"1em\"></mspace>".to_owned(),
            "big" | "Big" | "bigg" | "Bigg" | "bigl" | "bigr" | "Bigl" | "Bigr" | "biggl" | "biggr"
            | "Biggl" | "Biggr" | "bigm" => format!("<mo stretchy=\"false\">{}</mo>", self.tex.delimiter()?),
            "right" | "end" => return None,
            _ => format!("<mtext>\\{}</mtext>", escape(name)),
        })
    }

    /// `\mathbb{R}` and its kin: letters of another alphabet, or a plain group.
    fn alphabet(&mut self, name: &str) -> Option<String> {
        self.tex.skip_space();
        let before = self.tex.rest;
        if let Some(text) = self.tex.raw_group().filter(|t| t.chars().all(|c| c.is_ascii_alphanumeric())) {
            let letters: String = text.chars().map(|c| styled(name, c)).collect();
            let upright = if name == "mathrm" { " mathvariant=\"normal\"" } else { "" };
            return Some(format!("<mi{upright}>{letters}</mi>"));
        }
        self.tex.rest = before;
        self.argument()
    }

    fn fenced(&mut self) -> Option<String> {
        let open = self.tex.delimiter()?;
        let body = self.row(End::Right)?;
        self.tex.take_command()?;
        let close = self.tex.delimiter()?;
        Some(format!(
            "<mrow><mo stretchy=\"true\" form=\"prefix\">{open}</mo>{body}\
             <mo stretchy=\"true\" form=\"postfix\">{close}</mo></mrow>"
        ))
    }

    /// `\begin{…} … \end{…}`: a table, with the fences that its name calls for.
    fn environment(&mut self) -> Option<String> {
        let name = self.tex.raw_group()?;
        let (open, close, class) = environment(name.trim_end_matches('*'))?;
        if matches!(name.as_str(), "array" | "alignat" | "alignat*" | "alignedat") {
            self.tex.raw_group()?;
        }
        let (mut rows, mut cells) = (String::new(), String::new());
        loop {
            cells.extend(["<mtd>", &self.row(End::Cell)?, "</mtd>"]);
            if self.tex.eat("&") {
                continue;
            }
            if cells != "<mtd></mtd>" {
                rows.extend(["<mtr>", &cells, "</mtr>"]);
            }
            cells.clear();
            if self.tex.take_command()? == "end" {
                break;
            }
            // The optional distance after a line break: `\\[4pt]`.
            if self.tex.rest.starts_with('[') {
                self.tex.rest = self.tex.rest.split_once(']')?.1;
            }
        }
        if self.tex.raw_group()? != name {
            return None;
        }
        let fence = |mark: &str| {
            if mark.is_empty() { String::new() } else { format!("<mo stretchy=\"true\">{mark}</mo>") }
        };
        let style = class == "aligned";
        Some(format!(
            "<mrow>{}<mtable class=\"{class}\" displaystyle=\"{style}\">{rows}</mtable>{}</mrow>",
            fence(open),
            fence(close)
        ))
    }
}

#[cfg(test)]
#[path = "maths_tests.rs"]
mod tests;
