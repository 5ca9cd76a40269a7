//! How often does a letter occur in a word?

use super::columns::Work;
use super::rng::Rng;
use super::{Draft, Language};

/// Ordinary words, to be asked about beside made-up ones.
const WORDS: &str = "strawberry banana apple orange cherry raspberry blueberry pineapple lemon letter butter bottle coffee \
    cheese carrot potato tomato pepper cucumber pumpkin garden flower summer winter spring autumn morning evening weather \
    sunny rainy window kitchen bedroom bathroom teacher student school pencil paper eraser notebook computer keyboard \
    mouse screen internet program engine language model reason thinking mountain river forest desert island ocean beach \
    village city street bridge castle church market station airport railway bicycle balloon rabbit kitten puppy elephant \
    giraffe monkey tiger penguin parrot butterfly spider mosquito dragon monster princess soldier doctor nurse lawyer \
    farmer sailor pirate hammer ladder shovel needle button zipper jacket trousers sweater slipper umbrella mirror \
    committee mississippi tennessee assessment possession successful bookkeeper address accommodate occurrence \
    parallel necessary embarrass tomorrow different beginning written running swimming dinner supper breakfast";

/// A word of consonants and vowels in turn, so that there is no end of them.
fn invent(rng: &mut Rng) -> String {
    let parts = rng.range(2, 4);
    (0..parts)
        .flat_map(|_| {
            let onset = rng.pick(&[
                "b", "br", "c", "d", "dr", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t",
                "tr", "v",
            ]);
            let vowel = rng.pick(&["a", "e", "i", "o", "u", "ee", "oo"]);
            let coda = rng.pick(&["", "", "n", "r", "s", "t", "ll", "rr"]);
            [onset, vowel, coda]
        })
        .collect()
}

/// A question about a letter, which is in the word nine times in ten.
pub(super) fn draft(rng: &mut Rng, language: Language) -> Draft<'static> {
    let word = if rng.chance(40) {
        let all: Vec<&str> = WORDS.split_whitespace().collect();
        rng.pick(&all).to_owned()
    } else {
        invent(rng)
    };
    let letters: Vec<char> = word.chars().collect();
    let letter = if rng.chance(90) {
        letters[rng.index(letters.len())]
    } else {
        char::from(b'a' + u8::try_from(rng.range(0, 25)).expect("a letter"))
    };
    let form = match language {
        Language::En => rng.pick(&[
            "How many times does the letter {l} occur in {w}?",
            "How many {l}'s are in {w}?",
            "How many {l}'s are there in the word {w}?",
            "Count the letter {l} in {w}.",
            "How many letters {l} are in the word \"{w}\"?",
            "How often does {l} appear in \"{w}\"?",
        ]),
        Language::Ru => rng.pick(&[
            "Сколько букв {l} в слове {w}?",
            "Сколько раз буква {l} встречается в слове {w}?",
            "Посчитай буквы {l} в слове \"{w}\".",
        ]),
        Language::Zh => {
            rng.pick(&["单词 {w} 里有几个字母 {l}？", "{w} 中有多少个 {l}？", "字母 {l} 在 {w} 中出现几次？"])
        }
    };
    let question = form.replace("{l}", &letter.to_string()).replace("{w}", &word);
    let count = letters.iter().filter(|c| **c == letter).count();
    Draft {
        key: format!("{letter} in {word}"),
        question,
        answer: count.to_string(),
        think: Box::new(move |work| think(work, &word, letter)),
    }
}

/// Spells the word, a letter a line, counting the wanted one.
fn think(work: &mut Work, word: &str, letter: char) {
    work.line(&format!("{letter}:"));
    let mut count = 0;
    for c in word.chars() {
        count += u64::from(c == letter);
        work.line(&format!("{c} {count}"));
    }
}
