//! Formulas in Markdown: found before Markdown is parsed, put back after.
//!
//! Markdown would eat the backslashes and underscores of `\(a_1\)`, so each formula is replaced by
//! a mark of two private-use characters around its number, which Markdown leaves alone.

use super::maths::MAX_BYTES;

const OPEN: char = '\u{e000}';
const CLOSE: char = '\u{e001}';

/// A formula found in a text.
#[derive(Debug, PartialEq)]
pub(super) struct Formula {
    /// As written, delimiters included.
    pub(super) source: String,
    /// What stands between the delimiters.
    pub(super) tex: String,
    /// Set on a line of its own.
    pub(super) display: bool,
}

/// A stretch of marked text.
pub(super) enum Piece<'t, 'f> {
    /// Plain text.
    Text(&'t str),
    /// A formula.
    Formula(&'f Formula),
}

/// Replaces each formula outside code by its mark. For text that goes on to be read as `markdown`,
/// signs of multiplication are kept from being taken for emphasis.
pub(super) fn extract(source: &str, markdown: bool) -> (String, Vec<Formula>) {
    // Marks that the model itself writes must not be taken for ours.
    let clean = source.replace([OPEN, CLOSE], "\u{fffd}");
    let (mut out, mut formulas) = (String::with_capacity(clean.len()), Vec::new());
    let mut rest = clean.as_str();
    while let Some(c) = rest.chars().next() {
        let line_start = out.is_empty() || out.ends_with('\n');
        let verbatim =
            if line_start { fenced(rest) } else { 0 }.max(if c == '`' { code_span(rest) } else { 0 });
        if verbatim > 0 {
            out.push_str(&rest[..verbatim]);
            rest = &rest[verbatim..];
        } else if let Some((open, tex, close)) = formula(rest, out.chars().next_back()) {
            let length = open.len() + tex.len() + close.len();
            out.extend([OPEN.to_string(), formulas.len().to_string(), CLOSE.to_string()]);
            formulas.push(Formula {
                source: rest[..length].to_owned(),
                tex: tex.to_owned(),
                display: matches!(open, "$$" | r"\[" | ""),
            });
            rest = &rest[length..];
        } else if markdown && c == '*' && is_product(rest, out.chars().next_back()) {
            // Left alone, Markdown would make 3*8*2 an emphasised 8.
            out.push_str("\\*");
            rest = &rest[1..];
        } else {
            // An escaped character does not open a formula.
            let escaped = if c == '\\' { rest[1..].chars().next().map_or(0, char::len_utf8) } else { 0 };
            let length = c.len_utf8() + escaped;
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    (out, formulas)
}

/// The text with its marks resolved.
pub(super) fn pieces<'t, 'f>(text: &'t str, formulas: &'f [Formula]) -> impl Iterator<Item = Piece<'t, 'f>> {
    text.split(OPEN).enumerate().flat_map(|(index, part)| {
        let marked = part.split_once(CLOSE).filter(|_| index > 0);
        let formula = marked.and_then(|(number, _)| formulas.get(number.parse::<usize>().ok()?));
        let text = marked.map_or(part, |(_, text)| text);
        formula.map(Piece::Formula).into_iter().chain(std::iter::once(Piece::Text(text)))
    })
}

/// Whether the `*` that `rest` opens with stands between numbers or brackets.
fn is_product(rest: &str, before: Option<char>) -> bool {
    before.is_some_and(|c| c.is_ascii_digit() || c == ')')
        && rest[1..].starts_with(|c: char| c.is_ascii_digit() || c == '(')
}

/// Length of the fenced code block that `rest` (at a line's start) opens with, 0 if it does not.
fn fenced(rest: &str) -> usize {
    let indent = rest.len() - rest.trim_start_matches(' ').len();
    let fence: String = rest[indent..].chars().take_while(|c| *c == '`').collect();
    let fence =
        if fence.is_empty() { rest[indent..].chars().take_while(|c| *c == '~').collect() } else { fence };
    if fence.len() < 3 || indent > 3 {
        return 0;
    }
    let mut length = 0;
    for (number, line) in rest.split_inclusive('\n').enumerate() {
        length += line.len();
        if number > 0
            && line.trim().starts_with(&fence)
            && line.trim().trim_start_matches(&fence[..1]).is_empty()
        {
            break;
        }
    }
    length
}

/// Length of a code span (or of a run of backticks that opens none).
fn code_span(rest: &str) -> usize {
    let run = rest.len() - rest.trim_start_matches('`').len();
    let mut at = run;
    while let Some(next) = rest[at..].find('`') {
        let start = at + next;
        let length = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        at = start + length;
        if length == run {
            return at;
        }
    }
    run
}

/// The formula that `rest` opens with: opening delimiter, content, closing delimiter.
fn formula(rest: &str, before: Option<char>) -> Option<(&str, &str, &str)> {
    for (open, close) in [("$$", "$$"), (r"\[", r"\]"), (r"\(", r"\)")] {
        let Some(body) = rest.strip_prefix(open) else { continue };
        let end = body.find(close)?;
        let tex = &body[..end];
        let whole = open == r"\(" && tex.contains("\n\n");
        return (!tex.trim().is_empty() && tex.len() <= MAX_BYTES && !whole)
            .then(|| (&rest[..2], tex, &body[end..end + 2]));
    }
    if let Some(name) =
        rest.strip_prefix(r"\begin{").and_then(|rest| rest.split_once('}')).map(|(name, _)| name)
    {
        // Without delimiters, as papers write them.
        let alone = ["equation", "align", "gather", "multline", "alignat", "eqnarray"];
        let end =
            alone.contains(&name.trim_end_matches('*')).then(|| rest.find(&format!(r"\end{{{name}}}")))??;
        let length = end + name.len() + r"\end{}".len();
        return (length <= MAX_BYTES).then(|| ("", &rest[..length], ""));
    }
    // One dollar: pandoc's rule, so that prices stay prices. The content touches both signs, stays on
    // one line, and no digit follows.
    let body = rest.strip_prefix('$')?;
    if before.is_some_and(char::is_alphanumeric) || body.starts_with(char::is_whitespace) {
        return None;
    }
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '$' => {
                let tex = &body[..at];
                let digit_follows = body[at + 1..].starts_with(|c: char| c.is_ascii_digit());
                if !tex.is_empty() && !tex.ends_with(char::is_whitespace) && !digit_follows && !is_price(tex)
                {
                    return (at <= MAX_BYTES).then(|| (&rest[..1], tex, &body[at..=at]));
                }
                // "$5 and $x$": the second sign closes nothing, and the first opened nothing.
                return None;
            }
            _ => {}
        }
    }
    None
}

/// Whether what stands between two dollars is a price and words after it: `$5 and 10$`.
fn is_price(tex: &str) -> bool {
    let word = |word: &str| word.len() >= 3 && word.chars().all(char::is_alphabetic);
    tex.starts_with(|c: char| c.is_ascii_digit()) && tex.split_whitespace().any(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tex(source: &str) -> Vec<String> {
        extract(source, true).1.into_iter().map(|formula| formula.tex).collect()
    }

    #[test]
    fn delimiters() {
        assert_eq!(tex(r"a $x$ b \(y\) c"), ["x", "y"]);
        assert_eq!(tex("$$\na\n$$ and \\[b\\]"), ["\na\n", "b"]);
        assert_eq!(tex("$5 and $x$"), ["x"]);
        assert_eq!(tex(r"\$x\$ `$y$` US$z$"), Vec::<String>::new());
        assert_eq!(tex("```\n$x$\n```\n$y$"), ["y"]);
        assert_eq!(tex("$x"), Vec::<String>::new());
        assert_eq!(
            tex("so\n\\begin{align*} a &= b \\end{align*} and"),
            ["\\begin{align*} a &= b \\end{align*}"]
        );
        assert_eq!(tex("\\begin{tabular} a \\end{tabular} \\begin{align} a"), Vec::<String>::new());
    }

    #[test]
    fn prices_are_no_formulas() {
        for text in [
            "$5 and $6",
            "costs $5, $10 or $15.",
            "$5-$10",
            "between $5 and 10$",
            "US$5 and US$6",
            "$1,000 to $2,000",
        ] {
            assert_eq!(tex(text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(tex("pays $5x = 10$ and $2xy$"), ["5x = 10", "2xy"]);
    }

    #[test]
    fn marks_are_put_back() {
        let source = r"a $x$ b \(y\)";
        let (text, formulas) = extract(source, true);
        let back: String = pieces(&text, &formulas)
            .map(|piece| match piece {
                Piece::Text(text) => text,
                Piece::Formula(formula) => formula.source.as_str(),
            })
            .collect();
        assert_eq!(back, source);
    }
}
