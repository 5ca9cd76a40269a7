//! What a model can do, measured: problems made from a seed, suites of them, scoring, and honest intervals.
//!
//! Pure: it knows neither models nor files. A front end takes problems from a [`suite`], has them answered, hands each
//! reply to [`score`] and the outcomes to [`Report::new`].
//!
//! To hold ways of searching against one another it makes a [`Trial`] of each search and a [`Contest`] of them all.
//! What is drawn from the same rollouts (one chain, the majority, the most confident) is read from the same trials.

mod contest;
mod plot;
pub mod problems;
pub mod quantization;
mod question;
mod recorder;
mod report;
mod score;
mod statistics;
mod tables;
mod trial;

pub use contest::{Contest, Duel, Point, Row, Way};
pub use plot::plot;
pub use question::{Question, questions};
pub use recorder::Recorder;
pub use report::{Group, Report};
pub use score::{Outcome, output_of, score};
pub use statistics::{auroc, sign_test, wilson, wilson_share};
pub use trial::{Reading, Trial, Trip};

use problems::{Kind, Language};

use crate::error::{Error, Result};

/// The kinds and languages of a suite: `all`, a kind (`words`: that kind in English), or a kind and a language
/// (`words-ru`); several joined by commas.
pub fn suite(name: &str) -> Result<Vec<(Kind, Language)>> {
    let mut members = Vec::new();
    for part in name.split(',').map(str::trim) {
        let found: Vec<_> = suites().into_iter().filter(|(name, _)| name == part).collect();
        if found.is_empty() {
            let names: Vec<String> = suites().into_iter().map(|(name, _)| name).collect();
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.dedup();
            return Err(Error::BadRequest(format!(
                "suite {part:?} is unknown; there are: {}",
                names.join(", ")
            )));
        }
        for (_, member) in found {
            if !members.contains(&member) {
                members.push(member);
            }
        }
    }
    Ok(members)
}

/// Every suite name with one of its members.
fn suites() -> Vec<(String, (Kind, Language))> {
    let every = || {
        Kind::ALL.into_iter().flat_map(|kind| Language::ALL.into_iter().map(move |language| (kind, language)))
    };
    let all = every().map(|member| ("all".to_owned(), member));
    let english = Kind::ALL.into_iter().map(|kind| (kind.name().to_owned(), (kind, Language::En)));
    let each =
        every().map(|(kind, language)| (format!("{}-{}", kind.name(), language.code()), (kind, language)));
    all.chain(english).chain(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_go_by_kind_and_language() {
        assert_eq!(suite("arithmetic").unwrap(), [(Kind::Arithmetic, Language::En)]);
        assert_eq!(suite("words-ru").unwrap(), [(Kind::Words, Language::Ru)]);
        assert_eq!(suite("words, words-zh,words-en").unwrap().len(), 2);
        assert_eq!(suite("all").unwrap().len(), 15);
        let message = suite("poems").unwrap_err().to_string();
        assert!(message.contains("\"poems\"") && message.contains("all, arithmetic,"), "{message}");
    }
}
