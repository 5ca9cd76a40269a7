//! Which of two decimal fractions is larger: 9.11 or 9.9?

use super::columns::Work;
use super::rng::Rng;
use super::{Draft, Language};

/// A fraction as it is written, without the whole part.
fn fraction(rng: &mut Rng) -> String {
    let digits = 1 + rng.weighted(&[4, 5, 3]);
    (0..digits)
        .map(|i| char::from(b'0' + u8::try_from(rng.range(u64::from(i + 1 == digits), 9)).expect("a digit")))
        .collect()
}

/// A question about two different numbers.
pub(super) fn draft(rng: &mut Rng, language: Language) -> Draft<'static> {
    let (a, b) = loop {
        let most = if rng.chance(70) { 20 } else { 999 };
        let whole = rng.range(0, most);
        let other = if rng.chance(75) { whole } else { rng.range(whole.saturating_sub(3), whole + 3) };
        let left = fraction(rng);
        let mut right = fraction(rng);
        if rng.chance(25) {
            // A common beginning, so that the later digits decide.
            right = format!("{}{}", &left[..1], right);
        }
        right.truncate(3);
        let right = right.trim_end_matches('0').to_owned();
        if !right.is_empty() && (whole, &left) != (other, &right) {
            break ((whole, left), (other, right));
        }
    };
    let texts = [&a, &b].map(|(whole, part)| format!("{whole}.{part}"));
    let larger = usize::from(larger(&a, &b) == '<');
    let form = match language {
        Language::En => rng.pick(&[
            "Which is larger, {a} or {b}?",
            "Which number is bigger: {a} or {b}?",
            "{a} or {b}: which is greater?",
            "What is larger, {a} or {b}?",
            "Compare {a} and {b}. Which is larger?",
            "Is {a} or {b} the bigger number?",
            "{a} or {b}, which is bigger?",
            "Find the larger number: {a}, {b}",
        ]),
        Language::Ru => rng.pick(&[
            "Что больше: {a} или {b}?",
            "Какое число больше, {a} или {b}?",
            "{a} или {b}: что больше?",
            "Сравни {a} и {b}. Какое число больше?",
        ]),
        Language::Zh => rng.pick(&[
            "{a} 和 {b} 哪个大？",
            "{a}和{b}哪个更大？",
            "比较 {a} 和 {b}，哪个数更大？",
            "哪个数更大，{a} 还是 {b}？",
        ]),
    };
    let question = form.replace("{a}", &texts[0]).replace("{b}", &texts[1]);
    Draft {
        key: format!(
            "{} or {}",
            texts[0].clone().min(texts[1].clone()),
            texts[0].clone().max(texts[1].clone())
        ),
        question,
        answer: texts[larger].clone(),
        think: Box::new(move |work| think(work, &a, &b)),
    }
}

/// `<` or `>` between two numbers.
fn larger(a: &(u64, String), b: &(u64, String)) -> char {
    let width = a.1.len().max(b.1.len());
    if (a.0, format!("{:0<width$}", a.1)) < (b.0, format!("{:0<width$}", b.1)) { '<' } else { '>' }
}

/// Pads both to the same length, then compares digit by digit from the left until one differs.
fn think(work: &mut Work, a: &(u64, String), b: &(u64, String)) {
    let width = a.1.len().max(b.1.len());
    let (x, y) = (format!("{:0<width$}", a.1), format!("{:0<width$}", b.1));
    work.line(&format!("{}.{x} and {}.{y}", a.0, b.0));
    if a.0 == b.0 {
        work.line(&format!("{}={}", a.0, b.0));
        for (p, q) in x.chars().zip(y.chars()) {
            let sign = match p.cmp(&q) {
                std::cmp::Ordering::Less => '<',
                std::cmp::Ordering::Equal => '=',
                std::cmp::Ordering::Greater => '>',
            };
            work.line(&format!("{p}{sign}{q}"));
            if sign != '=' {
                break;
            }
        }
    }
    work.line(&format!("{}.{}{}{}.{}", a.0, a.1, larger(a, b), b.0, b.1));
}
