//! Problems with worked solutions, made from a seed: what the embedded model is trained on and examined with.

mod arithmetic;
mod columns;
mod decimals;
mod letters;
mod nouns;
mod rng;
#[cfg(test)]
mod tests;
mod words;
mod words_en;
mod words_ru;
mod words_zh;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use columns::Work;
use rng::Rng;

/// The sentence with which a thought turns on itself (Marco-o1's own).
pub const REFLECTION: &str = "Wait! Maybe I made some mistakes! I need to rethink from scratch.";

/// What a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One to three operations on whole numbers of up to three digits.
    Arithmetic,
    /// The same with at least one number of four digits.
    Arithmetic4,
    /// A short story that takes two or three operations.
    Words,
    /// Which of two decimal fractions is larger.
    Decimals,
    /// How often a letter occurs in a word.
    Letters,
}

impl Kind {
    /// All kinds, in the order in which they are learnt.
    pub const ALL: [Self; 5] =
        [Self::Arithmetic, Self::Arithmetic4, Self::Words, Self::Decimals, Self::Letters];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Arithmetic => "arithmetic",
            Self::Arithmetic4 => "arithmetic4",
            Self::Words => "words",
            Self::Decimals => "decimals",
            Self::Letters => "letters",
        }
    }
}

/// The language of a question and of the output that answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Russian.
    Ru,
    /// Chinese.
    Zh,
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 3] = [Self::En, Self::Ru, Self::Zh];

    /// The ISO 639-1 code.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::Zh => "zh",
        }
    }
}

/// Which part of all problems one belongs to, by a hash of what it asks (not of how it is worded): the same numbers in
/// another wording or language are in the same part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Nine tenths: for training.
    Train,
    /// A twentieth: for every choice made on the way.
    Dev,
    /// A twentieth: looked at once, at the end.
    Test,
}

impl Split {
    /// The part that the problem with this key belongs to.
    fn of(key: &str) -> Self {
        match rng::hash(key) % 20 {
            0 => Self::Test,
            1 => Self::Dev,
            _ => Self::Train,
        }
    }
}

/// A question, a worked reply in Marco's format, and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What it is about.
    pub kind: Kind,
    /// The language of question and output.
    pub language: Language,
    /// What the user writes.
    pub question: String,
    /// The gold reply: `<Thought>`, steps with blank lines between, `</Thought>`, `<Output>`, the answer, `</Output>`.
    pub reply: String,
    /// The answer in canonical form.
    pub answer: String,
    /// First and last-plus-one character of a deliberate mistake in `reply`, on which nobody should train.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slip: Option<[usize; 2]>,
}

/// What a generator hands in: a question with its key and the way to write its thought.
struct Draft<'a> {
    /// What is asked, without the wording: the split is taken from it.
    key: String,
    question: String,
    answer: String,
    /// Writes the thought; called again, with a slip to come, for a thought that goes wrong first.
    think: Box<dyn Fn(&mut Work) + 'a>,
}

/// Endless distinct problems of one split, drawn evenly from the given kinds and languages.
#[derive(Debug)]
pub struct Problems {
    rng: Rng,
    split: Split,
    kinds: Vec<(Kind, Language)>,
    seen: HashSet<u64>,
    slips: bool,
}

/// Problems of these kinds and languages; the same arguments give the same problems.
///
/// # Panics
/// When `kinds` is empty.
pub fn generate(seed: u64, split: Split, kinds: &[(Kind, Language)]) -> Problems {
    assert!(!kinds.is_empty(), "generate: no kinds of problem given");
    Problems {
        rng: Rng::new(seed),
        split,
        kinds: kinds.to_vec(),
        seen: HashSet::new(),
        slips: split == Split::Train,
    }
}

impl Iterator for Problems {
    type Item = Problem;

    /// The next problem; `None` when hardly any new ones turn up, that is when the kinds are exhausted.
    fn next(&mut self) -> Option<Problem> {
        for _ in 0..100_000 {
            let (kind, language) = self.kinds[self.rng.index(self.kinds.len())];
            let rng = &mut self.rng;
            let draft = match kind {
                Kind::Arithmetic => arithmetic::draft(rng, language, 3),
                Kind::Arithmetic4 => arithmetic::draft(rng, language, 4),
                Kind::Words => words::draft(rng, language),
                Kind::Decimals => decimals::draft(rng, language),
                Kind::Letters => letters::draft(rng, language),
            };
            if Split::of(&draft.key) != self.split || !self.seen.insert(rng::hash(&draft.question)) {
                continue;
            }
            let (thought, slip) = think(&mut self.rng, &draft, self.slips);
            let reply = format!(
                "<Thought>\n{thought}\n</Thought>\n<Output>\n{}\n</Output>",
                conclusion(language, &draft.answer)
            );
            let head = "<Thought>\n".len();
            return Some(Problem {
                kind,
                language,
                question: draft.question,
                reply,
                answer: draft.answer,
                slip: slip.map(|[a, b]| [a + head, b + head]),
            });
        }
        None
    }
}

/// The line that states the answer.
fn conclusion(language: Language, answer: &str) -> String {
    match language {
        Language::En => format!("The answer is **{answer}**."),
        Language::Ru => format!("Ответ: **{answer}**."),
        Language::Zh => format!("答案是 **{answer}**。"),
    }
}

/// The thought of a draft. In training one in twelve goes wrong, notices and starts again, and one in thirty starts
/// again although nothing was wrong (a search may force the phrase after any thought, so the model must know what
/// follows). Long thoughts are left alone: twice their length would be dear.
fn think(rng: &mut Rng, draft: &Draft<'_>, slips: bool) -> (String, Option<[usize; 2]>) {
    const LONG: usize = 220;
    let mut right = Work::default();
    (draft.think)(&mut right);
    let thought = right.text.trim_end().to_owned();
    if !slips || thought.len() > LONG {
        return (thought, None);
    }
    if right.values > 0 && rng.chance(8) {
        let at = rng.index(right.values);
        let mut wrong = Work::with_slip(at, rng);
        (draft.think)(&mut wrong);
        if let Some(byte) = wrong.slipped {
            let text = wrong.text.trim_end();
            let start = text[..byte].chars().count();
            let end = text.chars().count();
            return (format!("{text}\n\n{REFLECTION}\n\n{thought}"), Some([start, end]));
        }
    }
    if rng.chance(3) {
        return (format!("{thought}\n\n{REFLECTION}\n\n{thought}"), None);
    }
    (thought, None)
}
