//! When two answers are the same: as numbers, or as text but for case, spaces, punctuation and markup.

use super::answer::canonical_number;
use crate::protocol::AnswerKind;

/// Announcements that are no part of an answer, in small letters.
const ANNOUNCED: [&str; 7] =
    ["the final answer is", "the answer is", "final answer", "answer", "ответ", "答案是", "答案"];

/// The form in which an answer is compared; `None` for an answer that cannot be.
pub fn class(text: &str, kind: AnswerKind) -> Option<String> {
    match kind {
        AnswerKind::Number => canonical_number(text),
        AnswerKind::Text => normal_text(text),
        AnswerKind::Auto => canonical_number(text).or_else(|| normal_text(text)),
    }
}

/// Words in small letters with one space between them, without announcement. Twice gives what once gives.
fn normal_text(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut text = words.join(" ");
    // Signs alone are compared as they stand.
    if text.is_empty() {
        text = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    while let Some(rest) = ANNOUNCED.iter().find_map(|words| after(&text, words)) {
        text = rest.to_string();
    }
    (!text.is_empty()).then_some(text)
}

/// What follows the announcement, if something does.
fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(words)?;
    // Chinese needs no space; elsewhere "answers" is another word.
    let whole_word = rest.starts_with(' ') || !words.is_ascii();
    let rest = rest.trim_start();
    (whole_word && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_the_same_but_for_form() {
        for (text, expected) in [
            ("Yes.", "yes"),
            ("  **Yes** ", "yes"),
            ("(B)", "b"),
            ("Answer: (B)", "b"),
            ("The answer is: no", "no"),
            ("Ответ: Москва!", "москва"),
            ("答案是：北京。", "北京"),
            ("answers vary", "answers vary"),
            ("answer", "answer"),
            ("≤", "≤"),
            ("two  words\n", "two words"),
        ] {
            assert_eq!(class(text, AnswerKind::Text).as_deref(), Some(expected), "{text:?}");
        }
        assert_eq!(class(" ", AnswerKind::Text), None);
    }

    #[test]
    fn numbers_go_before_texts() {
        assert_eq!(class("It is 1,000.0 m", AnswerKind::Auto).as_deref(), Some("1000"));
        assert_eq!(class("Yes", AnswerKind::Auto).as_deref(), Some("yes"));
        assert_eq!(class("Yes", AnswerKind::Number), None);
        assert_eq!(class("答案：３５个", AnswerKind::Number).as_deref(), Some("35"));
        assert_eq!(class("It is 5", AnswerKind::Text).as_deref(), Some("it is 5"));
    }

    proptest! {
        #[test]
        fn twice_is_once(text in "((The )?Answer( is)?[: ]{0,2}|答案|ответ ?)?\\PC{0,20}") {
            for kind in [AnswerKind::Auto, AnswerKind::Number, AnswerKind::Text] {
                if let Some(once) = class(&text, kind) {
                    prop_assert_eq!(class(&once, kind), Some(once.clone()));
                }
            }
        }
    }
}
