//! Outcomes summed up by kind and language, for people (a table) and for programs (serde).

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::problems::{Kind, Language, Split};
use super::score::Outcome;
use super::statistics::wilson;

/// What a run of a suite gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Name of the suite.
    pub suite: String,
    /// Which part of the problems.
    pub split: Split,
    /// How answers were sought, e.g. `cot`.
    pub mode: String,
    /// All problems together.
    pub total: Group,
    /// Each kind and language.
    pub groups: Vec<Group>,
}

/// Problems counted together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The kind; `None` for all together.
    pub kind: Option<Kind>,
    /// The language; `None` for all together.
    pub language: Option<Language>,
    /// Problems.
    pub problems: usize,
    /// Right answers.
    pub correct: usize,
    /// Their share.
    pub accuracy: f64,
    /// Where the true share lies with 95 % confidence (Wilson).
    pub interval: (f64, f64),
    /// Replies in which no answer was found; they count as wrong.
    pub extraction_failures: usize,
    /// Tokens of all replies.
    pub tokens: usize,
}

impl Group {
    fn new(kind: Option<Kind>, language: Option<Language>, outcomes: &[&Outcome]) -> Self {
        let problems = outcomes.len();
        let correct = outcomes.iter().filter(|o| o.correct).count();
        Self {
            kind,
            language,
            problems,
            correct,
            accuracy: if problems == 0 { 0.0 } else { correct as f64 / problems as f64 },
            interval: wilson(correct, problems),
            extraction_failures: outcomes.iter().filter(|o| o.answer.is_none()).count(),
            tokens: outcomes.iter().map(|o| o.tokens).sum(),
        }
    }

    /// `words-ru`, or `all`.
    pub fn name(&self) -> String {
        match (self.kind, self.language) {
            (Some(kind), Some(language)) => format!("{}-{}", kind.name(), language.code()),
            _ => "all".into(),
        }
    }
}

impl Report {
    /// Sums up the outcomes of a run.
    pub fn new(suite: &str, split: Split, mode: &str, outcomes: &[Outcome]) -> Self {
        let mut by: BTreeMap<(Kind, Language), Vec<&Outcome>> = BTreeMap::new();
        for outcome in outcomes {
            by.entry((outcome.kind, outcome.language)).or_default().push(outcome);
        }
        Self {
            suite: suite.into(),
            split,
            mode: mode.into(),
            total: Group::new(None, None, &outcomes.iter().collect::<Vec<_>>()),
            groups: by
                .into_iter()
                .map(|((kind, language), outcomes)| Group::new(Some(kind), Some(language), &outcomes))
                .collect(),
        }
    }

    /// The report as lines of text.
    pub fn table(&self) -> String {
        let mut out = format!(
            "{:<16} {:>8} {:>8} {:>9} {:>17} {:>10} {:>12}\n",
            "kind", "problems", "correct", "accuracy", "95 % interval", "no answer", "tokens/reply"
        );
        let total = (self.groups.len() != 1).then_some(&self.total);
        for group in self.groups.iter().chain(total) {
            let (low, high) = group.interval;
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "{:<16} {:>8} {:>8} {:>7.1} % {:>15} % {:>10} {:>12.1}",
                group.name(),
                group.problems,
                group.correct,
                100.0 * group.accuracy,
                format!("{:.1} to {:.1}", 100.0 * low, 100.0 * high),
                group.extraction_failures,
                group.tokens as f64 / group.problems.max(1) as f64,
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(language: Language, answer: Option<&str>) -> Outcome {
        Outcome {
            kind: Kind::Words,
            language,
            question: String::new(),
            expected: "5".into(),
            answer: answer.map(str::to_owned),
            correct: answer == Some("5"),
            tokens: 10,
        }
    }

    #[test]
    fn groups_add_up() {
        let outcomes = [
            outcome(Language::Ru, Some("5")),
            outcome(Language::En, Some("5")),
            outcome(Language::En, Some("6")),
            outcome(Language::En, None),
        ];
        let report = Report::new("words", Split::Dev, "cot", &outcomes);
        let sums: Vec<_> = report.groups.iter().map(|g| (g.name(), g.problems, g.correct)).collect();
        assert_eq!(sums, [("words-en".to_owned(), 3, 1), ("words-ru".to_owned(), 1, 1)]);
        assert_eq!((report.total.problems, report.total.correct, report.total.tokens), (4, 2, 40));
        assert_eq!(report.total.extraction_failures, 1);
        let table = report.table();
        assert!(
            table.contains("words-en") && table.contains("33.3 %") && table.contains("50.0 %"),
            "{table}"
        );
        let json = serde_json::to_value(&report).expect("plain data");
        assert_eq!((&json["total"]["correct"], &json["groups"][0]["language"]), (&2.into(), &"en".into()));
    }
}
