//! The answer in a reply: where it stands, and one written form for each number, so that answers can be compared
//! and votes counted.

/// Openings of an output, the last of which counts. One row a format of replies: opening and closing tag.
const OUTPUT: (&str, &str) = ("<Output>", "</Output>");

/// Closings of a thought: Marco's and that of the R1 distills.
const THOUGHT_ENDS: [&str; 2] = ["</Thought>", "</think>"];

/// Words that announce the answer, in small letters.
const MARKERS: [&str; 5] = ["answer:", "answer：", "ответ:", "答案:", "答案："];

/// Where the text of an answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// In the last `<Output>`.
    Output,
    /// After the end of the thought; no `<Output>` was opened.
    AfterThought,
}

/// The part of a reply that holds the answer. `None` means: force `</Thought><Output>` and decode on, or no vote.
pub fn extract(reply: &str) -> Option<(&str, Source)> {
    if let Some(at) = reply.rfind(OUTPUT.0) {
        let text = &reply[at + OUTPUT.0.len()..];
        // Some models never close the output.
        let text = text.find(OUTPUT.1).map_or(text, |end| &text[..end]);
        return Some((text.trim(), Source::Output));
    }
    let end = THOUGHT_ENDS.iter().filter_map(|tag| reply.rfind(tag).map(|at| at + tag.len())).max()?;
    Some((reply[end..].trim(), Source::AfterThought))
}

/// The numeric answer of a reply in canonical form.
pub fn numeric_answer(reply: &str) -> Option<String> {
    canonical_number(extract(reply)?.0)
}

/// The number that a text gives as its answer: after "Answer:", else the last one; in canonical form.
///
/// Canonical is a decimal without superfluous zeros, separators or plus signs, or a fraction in lowest terms where
/// no decimal is exact. Currency and percent signs are left out. Canonical forms stay as they are.
pub fn canonical_number(text: &str) -> Option<String> {
    let text = plain(text);
    let numbers = |part: &[char]| scan(part);
    if let Some(after) = announced(&text)
        && let Some(first) = numbers(after).into_iter().next()
    {
        return Some(first);
    }
    numbers(&text).pop()
}

/// The rest of the line after the last marker; of a chain of equations, the right-hand side.
fn announced(text: &[char]) -> Option<&[char]> {
    let lower: Vec<char> = text.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect();
    let ends = MARKERS.iter().filter_map(|marker| {
        let marker: Vec<char> = marker.chars().collect();
        (0..=lower.len().checked_sub(marker.len())?)
            .rev()
            .find(|&i| lower[i..].starts_with(&marker))
            .map(|i| i + marker.len())
    });
    let rest = &text[ends.max()?..];
    let line = rest.split(|c| *c == '\n').find(|line| line.iter().any(char::is_ascii_digit))?;
    let equation = line.iter().rposition(|c| *c == '=').map_or(line, |at| &line[at + 1..]);
    Some(if equation.iter().any(char::is_ascii_digit) { equation } else { line })
}

/// The text with digits, signs and separators of other scripts and of LaTeX written in ASCII.
fn plain(text: &str) -> Vec<char> {
    let text = fractions(text);
    let mut out: Vec<char> = Vec::with_capacity(text.len());
    for c in text.chars() {
        out.push(match c {
            '０'..='９' => char::from(b'0' + u8::try_from(c as u32 - '０' as u32).unwrap_or(0)),
            '，' | '\u{066C}' => ',',
            '．' => '.',
            '－' | '−' | '–' | '‐' | '‑' => '-',
            '／' | '⁄' => '/',
            '＝' => '=',
            '％' => '%',
            // Spaces that do not break group thousands in many languages.
            '\u{A0}' | '\u{202F}' | '\u{2009}' => '\u{A0}',
            c => c,
        });
    }
    out
}

/// `\frac{a}{b}` (also `\dfrac`, `\tfrac`) as `a/b`; `\$`, `\%` and the thin space `\,` lose their backslash.
fn fractions(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("frac{") {
        let body = &rest[at + 5..];
        let parts = body.split_once("}{").and_then(|(a, b)| Some((a, b.split_once('}')?)));
        let Some((a, (b, tail))) = parts.filter(|(a, (b, _))| is_digits(a) && is_digits(b)) else {
            out.push_str(&rest[..at + 5]);
            rest = body;
            continue;
        };
        let before = rest[..at].trim_end_matches(['d', 't']).trim_end_matches('\\');
        out = format!("{out}{before}{a}/{b}");
        rest = tail;
    }
    out.push_str(rest);
    out.replace("\\$", "$").replace("\\%", "%").replace("{,}", ",").replace("\\,", "\u{A0}")
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// All numbers of a text, each in canonical form.
fn scan(text: &[char]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let (whole, part, end) = decimal(text, at);
        at = end;
        let negative = is_negative(text, start);
        let mut canonical = decimal_form(negative, &whole, &part);
        if part.is_empty()
            && (start == 0 || text[start - 1] != '/')
            && let Some((form, end)) = fraction(text, negative, &whole, at)
        {
            canonical = form;
            at = end;
        }
        found.push(canonical);
    }
    found
}

/// Reads `1,234.50` from `at`: digits before the point, digits after it, and where it ends.
fn decimal(text: &[char], at: usize) -> (String, String, usize) {
    let digits = |from: usize| text[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let take = |from: usize, n: usize| text[from..from + n].iter().collect::<String>();
    let first = digits(at);
    let mut whole = take(at, first);
    let mut end = at + first;
    let mut grouped = false;
    // A comma or space before exactly three digits groups thousands, unless what stands before it cannot be a group.
    while first <= 3
        && whole != "0"
        && end < text.len()
        && matches!(text[end], ',' | '\u{A0}')
        && digits(end + 1) == 3
    {
        whole.push_str(&take(end + 1, 3));
        end += 4;
        grouped = true;
    }
    // The decimal sign is a point, or a comma where it cannot be anything else.
    let sign = text.get(end).copied().unwrap_or(' ');
    if sign == '.' || (sign == ',' && !grouped) {
        let n = digits(end + 1);
        let list = sign == ',' && (text.get(end + 1 + n) == Some(&',') || (at > 0 && text[at - 1] == ','));
        if n > 0 && !list {
            return (whole, take(end + 1, n), end + 1 + n);
        }
    }
    (whole, String::new(), end)
}

/// Whether the number at `start` has a minus sign of its own, perhaps before a currency sign.
fn is_negative(text: &[char], start: usize) -> bool {
    let mut before =
        text[..start].iter().rev().skip_while(|c| matches!(c, '$' | '€' | '£' | '¥' | '₽' | '￥')).peekable();
    if before.next() != Some(&'-') {
        return false;
    }
    // "10-3" and "a-3" subtract; "= -3", "(-3" and "**-3" do not.
    !before.next().is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | ']' | '-'))
}

/// Reads `/4` or (a mixed number) ` 3/4` after `whole`; the canonical form and where it ends.
fn fraction(text: &[char], negative: bool, whole: &str, at: usize) -> Option<(String, usize)> {
    let integer = |from: usize| {
        let n = text[from.min(text.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
        let digits: String = text[from.min(text.len())..][..n].iter().collect();
        digits.parse::<u128>().ok().map(|v| (v, from + n))
    };
    let bar = |at: usize| text.get(at) == Some(&'/');
    let whole: u128 = whole.parse().ok()?;
    let (numerator, denominator, end) = if bar(at) {
        let (denominator, end) = integer(at + 1)?;
        (whole, denominator, end)
    } else if text.get(at) == Some(&' ') {
        let (numerator, after) = integer(at + 1)?;
        let (denominator, end) = if bar(after) { integer(after + 1)? } else { return None };
        if numerator >= denominator {
            return None;
        }
        (whole.checked_mul(denominator)?.checked_add(numerator)?, denominator, end)
    } else {
        return None;
    };
    // Dates and paths (1/2/3), decimals (1/2.5) and division by zero are no fractions.
    let goes_on =
        bar(end) || (text.get(end) == Some(&'.') && text.get(end + 1).is_some_and(char::is_ascii_digit));
    (denominator != 0 && !goes_on).then(|| (fraction_form(negative, numerator, denominator), end))
}

/// A decimal where it is exact in 12 places, else the fraction in lowest terms.
fn fraction_form(negative: bool, numerator: u128, denominator: u128) -> String {
    let divisor = gcd(numerator, denominator);
    let (numerator, denominator) = (numerator / divisor, denominator / divisor);
    let mut scale = 1;
    for places in 0..=12 {
        if scale % denominator == 0
            && let Some(scaled) = numerator.checked_mul(scale / denominator)
        {
            let text = format!("{scaled:0>width$}", width = places + 1);
            let (whole, part) = text.split_at(text.len() - places);
            return decimal_form(negative, whole, part);
        }
        scale *= 10;
    }
    format!("{}{numerator}/{denominator}", if negative { "-" } else { "" })
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn decimal_form(negative: bool, whole: &str, part: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let part = part.trim_end_matches('0');
    let sign = if negative && (whole != "0" || !part.is_empty()) { "-" } else { "" };
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        let found = canonical_number(text);
        assert_eq!(found.as_deref(), (!expected.is_empty()).then_some(expected), "in {text:?}");
    }

    #[test]
    fn numbers_have_one_form() {
        for (text, expected) in [
            ("18", "18"),
            ("18.00", "18"),
            ("18.", "18"),
            ("018", "18"),
            ("1,234", "1234"),
            ("1,234,567.80", "1234567.8"),
            ("$1,000", "1000"),
            ("-$5", "-5"),
            ("−5", "-5"),
            ("–5", "-5"),
            ("５０％", "50"),
            ("50%", "50"),
            ("１２", "12"),
            ("0.50", "0.5"),
            ("9,9", "9.9"),
            ("0,125", "0.125"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1/2", "0.5"),
            ("2/6", "1/3"),
            ("-2/6", "-1/3"),
            ("6/3", "2"),
            ("1 1/2", "1.5"),
            ("\\frac{3}{4}", "0.75"),
            ("$-\\dfrac{1}{3}$", "-1/3"),
            ("1\u{A0}000\u{A0}000", "1000000"),
            ("¥18", "18"),
            ("18元", "18"),
            ("no number", ""),
            ("", ""),
            ("12:30", "30"),
            ("1/0", "0"),
            ("01/02/2026", "2026"),
            ("\\boxed{42}", "42"),
            ("1{,}000", "1000"),
            ("10-3", "3"),
            ("3, 4, 5", "5"),
            ("1,2,3", "3"),
            ("99999999999999999999999999999999999999999", "99999999999999999999999999999999999999999"),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn the_announced_number_wins_and_else_the_last() {
        check("3 boxes of 4 make 12 apples.", "12");
        check("Answer: 18 dollars, that is 3 each", "18");
        check("**Answer:** 18", "18");
        check("The answer is **-84**.", "-84");
        check("Ответ: **9.9**.", "9.9");
        check("答案是 **84**。", "84");
        check("答案：３５个，共7天", "35");
        check("Answer: 3 + 4 = 7", "7");
        check("Answer:\n12\nwith 5 left", "12");
        check("Answer: none. It was 5", "5");
        check("ANSWER: 5", "5");
    }

    #[test]
    fn the_last_output_counts_then_what_follows_the_thought() {
        let whole = "<Thought>\n1\n</Thought>\n<Output>\nThe answer is **2**.\n</Output>";
        assert_eq!(extract(whole), Some(("The answer is **2**.", Source::Output)));
        assert_eq!(extract("<Output>1</Output><Output>2"), Some(("2", Source::Output)));
        assert_eq!(extract("<Thought>1</Thought> It is 3."), Some(("It is 3.", Source::AfterThought)));
        assert_eq!(extract("hm</think>\n4"), Some(("4", Source::AfterThought)));
        assert_eq!(extract("<Thought>\n1"), None);
        assert_eq!(numeric_answer(whole).as_deref(), Some("2"));
    }

    proptest! {
        #[test]
        fn canonical_twice_is_canonical_once(text in "\\PC{0,40}") {
            if let Some(once) = canonical_number(&text) {
                prop_assert_eq!(canonical_number(&once), Some(once.clone()));
            }
        }

        #[test]
        fn number_like_texts_are_stable_too(text in "[-−$]?[0-9０-９]{1,7}[,./ ，%]?[0-9]{0,4}[/.,]?[0-9]{0,3}") {
            if let Some(once) = canonical_number(&text) {
                prop_assert_eq!(canonical_number(&once), Some(once.clone()));
            }
        }

        #[test]
        fn integers_survive_grouping(n in -1_000_000_000_i64..1_000_000_000) {
            let digits = n.unsigned_abs().to_string();
            let mut grouped = String::new();
            for (i, c) in digits.chars().enumerate() {
                if i > 0 && (digits.len() - i) % 3 == 0 {
                    grouped.push(',');
                }
                grouped.push(c);
            }
            let text = format!("It is {}${grouped}.00.", if n < 0 { "-" } else { "" });
            prop_assert_eq!(canonical_number(&text), Some(n.to_string()));
        }
    }
}
