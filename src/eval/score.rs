//! A reply against the gold answer.

use serde::{Deserialize, Serialize};

use super::problems::{Kind, Language, Problem};
use crate::search::answer;

/// How one problem went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What the problem was about.
    pub kind: Kind,
    /// Its language.
    pub language: Language,
    /// What was asked.
    pub question: String,
    /// The gold answer.
    pub expected: String,
    /// The answer found in the reply, in canonical form; `None` if there was none to find.
    pub answer: Option<String>,
    /// Whether the two are the same number.
    pub correct: bool,
    /// Length of the reply, in tokens.
    pub tokens: usize,
}

/// What a reply says after its thought; all of it where no thought ends in it.
pub fn output_of(reply: &str) -> &str {
    answer::extract(reply).map_or(reply, |(output, _)| output)
}

/// Scores one reply of so many tokens.
pub fn score(problem: &Problem, reply: &str, tokens: usize) -> Outcome {
    let found = answer::numeric_answer(reply);
    Outcome {
        kind: problem.kind,
        language: problem.language,
        question: problem.question.clone(),
        expected: problem.answer.clone(),
        correct: found.is_some() && found == answer::canonical_number(&problem.answer),
        answer: found,
        tokens,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_not_spellings() {
        let problem = Problem {
            kind: Kind::Decimals,
            language: Language::En,
            question: "Which is larger, 9.11 or 9.9?".into(),
            reply: String::new(),
            answer: "9.9".into(),
            slip: None,
        };
        assert!(score(&problem, "<Output>9.90</Output>", 4).correct);
        assert!(!score(&problem, "<Output>9.11</Output>", 4).correct);
        assert_eq!((output_of("<Thought>1</Thought>\n<Output>\n2 </Output>"), output_of("3")), ("2", "3"));
        let none = score(&problem, "<Thought>9.9", 7);
        assert_eq!((none.answer, none.correct, none.tokens), (None, false, 7));
    }
}
