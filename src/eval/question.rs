//! Questions with their answers: made from a seed, or read from the files of GSM8K and MGSM.

use serde::{Deserialize, Serialize};

use super::problems::Problem;
use crate::error::{Error, Result};
use crate::search::answer::canonical_number;

/// What is asked, and the answer that counts as right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What it is counted with: `words-ru`, or the name of its file.
    pub group: String,
    /// What the user writes.
    pub text: String,
    /// The answer, a number in canonical form.
    pub answer: String,
}

impl From<&Problem> for Question {
    fn from(problem: &Problem) -> Self {
        Self {
            group: format!("{}-{}", problem.kind.name(), problem.language.code()),
            text: problem.question.clone(),
            answer: canonical_number(&problem.answer).unwrap_or_else(|| problem.answer.clone()),
        }
    }
}

/// Reads a file of questions: GSM8K's JSON lines (`question`, and an `answer` that ends with `#### 18`) or MGSM's
/// table (question, tab, answer). `group` is what they are counted with.
pub fn questions(text: &str, group: &str) -> Result<Vec<Question>> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let questions: Vec<Question> =
        lines.map(|(number, line)| question(line, number, group)).collect::<Result<_>>()?;
    if questions.is_empty() {
        return Err(Error::BadRequest("the file of questions is empty".into()));
    }
    Ok(questions)
}

fn question(line: &str, number: usize, group: &str) -> Result<Question> {
    #[derive(Deserialize)]
    struct Gsm8k {
        question: String,
        answer: String,
    }
    let bad = |what: &str| Error::BadRequest(format!("line {number} of the questions: {what}"));
    let (text, answer) = if line.trim_start().starts_with('{') {
        let Gsm8k { question, answer } =
            serde_json::from_str(line).map_err(|error| bad(&format!("{error}; expected GSM8K's fields")))?;
        let (_, last) =
            answer.rsplit_once("####").ok_or_else(|| bad("the answer has no #### before its number"))?;
        (question, last.to_owned())
    } else {
        let (text, answer) = line
            .split_once('\t')
            .ok_or_else(|| bad("found neither a JSON object (GSM8K) nor question, tab, answer (MGSM)"))?;
        (text.to_owned(), answer.to_owned())
    };
    let found =
        canonical_number(&answer).ok_or_else(|| bad(&format!("the answer {answer:?} is no number")))?;
    Ok(Question { group: group.into(), text: text.trim().into(), answer: found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let gsm8k = r#"{"question": "How many?\n", "answer": "3 x 6 = <<3*6=18>>18\n#### 1,018"}"#;
        let text = format!("{gsm8k}\n\nСколько?\t5\r\n");
        let found = questions(&text, "gsm8k").unwrap();
        let of = |text: &str, answer: &str| Question {
            group: "gsm8k".into(),
            text: text.into(),
            answer: answer.into(),
        };
        assert_eq!(found, [of("How many?", "1018"), of("Сколько?", "5")]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let message = |text: &str| questions(text, "x").unwrap_err().to_string();
        assert!(message("a\t1\nno tab").contains("line 2 of the questions: found neither"));
        assert!(message("a\tb").contains("the answer \"b\" is no number"));
        assert!(message(r#"{"question": "a", "answer": "5"}"#).contains("no ####"));
        assert!(message(r#"{"question": "a"}"#).contains("missing field `answer`"));
        assert!(message("\n").contains("empty"));
    }
}
