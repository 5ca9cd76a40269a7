//! Commands with arguments: fractions, roots, texts, alphabets, fences, tables.

use super::super::markdown::escape;
use super::super::symbols::{environment, styled, unescape};
use super::{End, Parser};

impl Parser<'_> {
    pub(super) fn structure(&mut self, name: &str) -> Option<String> {
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
                let index = self.option()?;
                if index.is_empty() {
                    format!("<msqrt>{}</msqrt>", self.argument()?)
                } else {
                    format!("<mroot>{}<mrow>{index}</mrow></mroot>", self.argument()?)
                }
            }
            "text" | "textrm" | "texttt" | "textsf" | "textnormal" | "mbox" | "hbox" | "ce" => {
                self.text("")?
            }
            "textbf" => self.text(" class=\"bold\"")?,
            "textit" | "emph" => self.text(" class=\"italic\"")?,
            "operatorname" => {
                self.tex.eat("*");
                format!("<mi>{}</mi>", escape(&self.tex.raw_group()?))
            }
            "mathrm" | "mathbf" | "mathit" | "mathbb" | "mathcal" | "mathsf" | "mathtt" | "mathfrak"
            | "bold" | "boldsymbol" | "bm" | "pmb" | "mathscr" | "mathnormal" => self.alphabet(name)?,
            "mathop" | "mathbin" | "mathrel" | "mathord" | "mathopen" | "mathclose" | "mathpunct"
            | "mathinner" | "smash" | "ensuremath" => self.argument()?,
            "boxed" | "fbox" => format!("<mrow class=\"boxed\">{}</mrow>", self.argument()?),
            "cancel" | "bcancel" | "xcancel" | "sout" => {
                format!("<mrow class=\"cancel\">{}</mrow>", self.argument()?)
            }
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
            "xrightarrow" | "xleftarrow" | "xRightarrow" | "xLeftarrow" | "xleftrightarrow"
            | "xlongequal" => {
                let arrow = match name {
                    "xrightarrow" => "→",
                    "xleftarrow" => "←",
                    "xRightarrow" => "⇒",
                    "xLeftarrow" => "⇐",
                    "xleftrightarrow" => "↔",
                    _ => "=",
                };
                let below = self.option()?;
                let above = self.argument()?;
                format!(
                    "<munderover><mo stretchy=\"true\" minsize=\"1.6em\">{arrow}</mo><mrow>{below}</mrow>\
                     <mpadded width=\"+0.6em\" lspace=\"0.3em\">{above}</mpadded></munderover>"
                )
            }
            _ => return self.more(name),
        })
    }

    fn more(&mut self, name: &str) -> Option<String> {
        Some(match name {
            "pmod" => {
                let of = self.argument()?;
                format!("<mspace width=\"0.6em\"></mspace><mo>(</mo><mtext>mod </mtext>{of}<mo>)</mo>")
            }
            "textcolor" | "colorbox" => {
                self.tex.raw_group()?;
                self.argument()?
            }
            "substack" => {
                let rows = self.tex.raw_group()?;
                let rows = rows.split(r"\\").map(|row| {
                    let mut inner =
                        Parser { tex: super::Tex { rest: row }, depth: self.depth + 1, display: false };
                    Some(format!("<mtr><mtd>{}</mtd></mtr>", inner.row(End::Input)?))
                });
                format!("<mtable class=\"centred stack\">{}</mtable>", rows.collect::<Option<String>>()?)
            }
            "color" | "label" | "hphantom" | "vphantom" | "vspace" => {
                self.tex.raw_group()?;
                String::new()
            }
            "phantom" => format!("<mphantom>{}</mphantom>", self.argument()?),
            "hspace" => {
                self.tex.eat("*");
                let width = self.tex.raw_group()?;
                if is_length(&width) { format!("<mspace width=\"{width}\"></mspace>") } else { String::new() }
            }
            "tag" => {
                self.tex.eat("*");
                format!(
                    "<mspace width=\"2em\"></mspace><mtext>({})</mtext>",
                    escape(&unescape(&self.tex.raw_group()?))
                )
            }
            "not" => {
                let of = self.argument()?;
                // One sign: a stroke of its own would stand beside it.
                match of.strip_prefix("<mrow><mo>").and_then(|rest| rest.strip_suffix("</mo></mrow>")) {
                    Some(sign) if !sign.contains('<') => format!("<mo>{sign}\u{338}</mo>"),
                    _ => format!("<mrow>{of}<mo>\u{338}</mo></mrow>"),
                }
            }
            "begin" => self.environment()?,
            "scriptstyle" | "scriptscriptstyle" | "hline" | "nonumber" | "notag" | "rm" | "bf" | "it"
            | "sf" | "tt" | "cal" | "limits" | "nolimits" | "allowbreak" | "nobreak" => String::new(),
            // A line break outside an array: MathML has none, so a gap.
            "\\" | "cr" | "newline" => "<mspace width=\"1em\"></mspace>".to_owned(),
            "big" | "bigl" | "bigr" | "bigm" => self.large("1.2em")?,
            "Big" | "Bigl" | "Bigr" | "Bigm" => self.large("1.8em")?,
            "bigg" | "biggl" | "biggr" | "biggm" => self.large("2.4em")?,
            "Bigg" | "Biggl" | "Biggr" | "Biggm" => self.large("3em")?,
            "right" | "end" => return None,
            _ => format!("<mtext>\\{}</mtext>", escape(name)),
        })
    }

    /// What stands in square brackets; nothing where none come next.
    fn option(&mut self) -> Option<String> {
        self.tex.skip_space();
        if !self.tex.eat("[") {
            return Some(String::new());
        }
        let body = self.row(End::Bracket)?;
        self.tex.eat("]");
        Some(body)
    }

    /// A delimiter of this size.
    fn large(&mut self, size: &str) -> Option<String> {
        let mark = self.tex.delimiter()?;
        Some(format!("<mo stretchy=\"true\" minsize=\"{size}\" maxsize=\"{size}\">{mark}</mo>"))
    }

    /// `\text{if $x>0$}`: text with formulas in it.
    fn text(&mut self, class: &str) -> Option<String> {
        let text = self.tex.raw_group()?.replace(r"\$", "\u{e002}");
        let mut out = String::new();
        for (index, part) in text.split('$').enumerate() {
            let part = part.replace('\u{e002}', r"\$");
            if index % 2 == 1 {
                let mut inner =
                    Parser { tex: super::Tex { rest: &part }, depth: self.depth + 1, display: false };
                out.push_str(&inner.row(End::Input)?);
            } else if !part.is_empty() || index == 0 {
                out.extend(["<mtext", class, ">", &escape(&kept_blanks(&unescape(&part))), "</mtext>"]);
            }
        }
        Some(format!("<mrow>{out}</mrow>"))
    }

    /// `\mathbb{R}` and its kin: letters of another alphabet, or a plain group.
    fn alphabet(&mut self, name: &str) -> Option<String> {
        self.tex.skip_space();
        let before = self.tex.rest;
        if let Some(text) = self.tex.raw_group() {
            if text.chars().all(|c| c.is_ascii_alphanumeric()) {
                let letters: String = text.chars().map(|c| styled(name, c)).collect();
                let upright = if name == "mathrm" { " mathvariant=\"normal\"" } else { "" };
                return Some(format!("<mi{upright}>{letters}</mi>"));
            }
            // Units and the like: km/h.
            let plain = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "/.,-".contains(c);
            let words = text.replace("\\ ", "\u{a0}").replace('~', "\u{a0}");
            if name == "mathrm" && words.chars().all(|c| plain(c) || c == '\u{a0}') {
                let words: String = words.chars().filter(|c| !c.is_ascii_whitespace()).collect();
                return Some(format!("<mtext>{words}</mtext>"));
            }
        }
        self.tex.rest = before;
        let body = self.argument()?;
        let bold = matches!(name, "mathbf" | "boldsymbol" | "bm" | "pmb" | "bold");
        Some(if bold { format!("<mrow class=\"bold\">{body}</mrow>") } else { body })
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
        // Tables of one kind are in display style, whatever they stand in.
        let large = class == "aligned" || name.starts_with('d') || name.starts_with("gather");
        let before = std::mem::replace(&mut self.display, large);
        let mut columns = Vec::new();
        if matches!(name.as_str(), "array" | "subarray" | "alignat" | "alignat*" | "alignedat") {
            let spec = self.tex.raw_group()?;
            if name.ends_with("array") {
                columns = column_classes(&spec);
            }
        }
        let (mut rows, mut cells, mut ruled) = (String::new(), String::new(), false);
        let mut column = 0;
        loop {
            self.tex.skip_space();
            while self.tex.peek_command() == Some("hline") {
                self.tex.take_command();
                self.tex.skip_space();
                ruled = true;
            }
            let look = columns.get(column).map_or_else(String::new, |look| format!(" class=\"{look}\""));
            cells.extend(["<mtd", &look, ">", &self.row(End::Cell)?, "</mtd>"]);
            if self.tex.eat("&") {
                column += 1;
                continue;
            }
            if cells != format!("<mtd{look}></mtd>") || column > 0 {
                rows.extend([if ruled { "<mtr class=\"ruled\">" } else { "<mtr>" }, &cells, "</mtr>"]);
                ruled = false;
            }
            (column, cells) = (0, String::new());
            if self.tex.take_command()? == "end" {
                break;
            }
            // The optional distance after a line break: `\\[4pt]`.
            if self.tex.rest.starts_with('[') {
                self.tex.rest = self.tex.rest.split_once(']')?.1;
            }
        }
        self.display = before;
        if self.tex.raw_group()? != name {
            return None;
        }
        let fence = |mark: &str| {
            if mark.is_empty() { String::new() } else { format!("<mo stretchy=\"true\">{mark}</mo>") }
        };
        Some(format!(
            "<mrow>{}<mtable class=\"{class}\" displaystyle=\"{large}\">{rows}</mtable>{}</mrow>",
            fence(open),
            fence(close)
        ))
    }
}

/// Blanks at the ends of a text, which `MathML` would drop.
fn kept_blanks(text: &str) -> String {
    let blank = |c: char| if c == ' ' { '\u{a0}' } else { c };
    let (front, back) = (text.len() - text.trim_start().len(), text.trim_end().len());
    let keep = |(at, c)| if at < front || at >= back { blank(c) } else { c };
    text.char_indices().map(keep).collect()
}

/// Whether this is a length and nothing else.
fn is_length(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = &text[number.len()..];
    ["em", "ex", "pt", "cm", "mm", "in", "px"].contains(&unit)
        && number.parse::<f32>().is_ok_and(|length| (-20.0..=500.0).contains(&length))
        && number.chars().all(|c| c.is_ascii_digit() || ".-".contains(c))
}

/// The classes of an array's columns: `l|r` aligns them and draws a line between them.
fn column_classes(spec: &str) -> Vec<String> {
    let (mut columns, mut barred) = (Vec::new(), false);
    for c in spec.chars() {
        let side = match c {
            'l' => "start",
            'r' => "end",
            'c' => "middle",
            '|' => {
                barred = true;
                continue;
            }
            _ => continue,
        };
        columns.push(format!("{side}{}", if barred && !columns.is_empty() { " barred" } else { "" }));
        barred = false;
    }
    columns
}
