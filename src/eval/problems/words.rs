//! Short stories with numbers. A schema says which numbers there are and what follows from what; the texts in each
//! language tell it in several ways.

use super::columns::Work;
use super::nouns::{self, Noun, Person};
use super::rng::Rng;
use super::{Draft, Language, words_en, words_ru, words_zh};

/// One kind of story, the same in all languages.
pub(super) struct Schema {
    /// Its name in keys and in the tables of texts.
    pub(super) id: &'static str,
    /// The letters of its numbers, each with its smallest and largest value.
    pub(super) numbers: &'static [(char, u64, u64)],
    /// What is worked out, in order: a label and two operands. The results are called A, B, C.
    pub(super) steps: &'static [(&'static str, char, char, char)],
}

/// All stories.
pub(super) const SCHEMAS: &[Schema] = &[
    Schema {
        id: "gain-lose",
        numbers: &[('n', 5, 150), ('m', 2, 99), ('k', 2, 99)],
        steps: &[("after getting", 'n', '+', 'm'), ("left", 'A', '-', 'k')],
    },
    Schema {
        id: "lose-gain",
        numbers: &[('n', 5, 150), ('m', 2, 99), ('k', 2, 99)],
        steps: &[("left", 'n', '-', 'm'), ("after getting", 'A', '+', 'k')],
    },
    Schema {
        id: "groups-more",
        numbers: &[('n', 2, 90), ('b', 2, 12), ('k', 2, 30)],
        steps: &[("in groups", 'b', '×', 'k'), ("total", 'n', '+', 'A')],
    },
    Schema {
        id: "groups-less",
        numbers: &[('b', 2, 15), ('k', 2, 30), ('n', 2, 90)],
        steps: &[("in groups", 'b', '×', 'k'), ("left", 'A', '-', 'n')],
    },
    Schema {
        id: "two-prices",
        numbers: &[('a', 2, 9), ('p', 2, 40), ('b', 2, 9), ('q', 2, 40)],
        steps: &[("first cost", 'a', '×', 'p'), ("second cost", 'b', '×', 'q'), ("total", 'A', '+', 'B')],
    },
    Schema {
        id: "change",
        numbers: &[('a', 2, 9), ('p', 2, 40), ('n', 10, 300)],
        steps: &[("cost", 'a', '×', 'p'), ("left", 'n', '-', 'A')],
    },
    Schema {
        id: "share",
        numbers: &[('a', 3, 99), ('b', 3, 99), ('k', 2, 12)],
        steps: &[("total", 'a', '+', 'b'), ("each", 'A', '÷', 'k')],
    },
    Schema {
        id: "more-both",
        numbers: &[('n', 2, 150), ('m', 2, 90)],
        steps: &[("second", 'n', '+', 'm'), ("total", 'n', '+', 'A')],
    },
    Schema {
        id: "fewer-both",
        numbers: &[('n', 5, 150), ('m', 2, 90)],
        steps: &[("second", 'n', '-', 'm'), ("total", 'n', '+', 'A')],
    },
    Schema {
        id: "times-both",
        numbers: &[('n', 2, 90), ('k', 2, 9)],
        steps: &[("second", 'n', '×', 'k'), ("total", 'n', '+', 'A')],
    },
    Schema {
        id: "pages",
        numbers: &[('p', 5, 60), ('d', 2, 14), ('n', 20, 500)],
        steps: &[("done", 'p', '×', 'd'), ("left", 'n', '-', 'A')],
    },
    Schema {
        id: "bake-pack",
        numbers: &[('t', 2, 12), ('k', 4, 30), ('n', 2, 99), ('b', 2, 9)],
        steps: &[("total", 't', '×', 'k'), ("left", 'A', '-', 'n'), ("each", 'B', '÷', 'b')],
    },
    Schema {
        id: "age",
        numbers: &[('n', 3, 15), ('k', 2, 6), ('m', 2, 30)],
        steps: &[("now", 'n', '×', 'k'), ("later", 'A', '+', 'm')],
    },
    Schema {
        id: "trip",
        numbers: &[('a', 2, 9), ('p', 10, 90), ('b', 2, 9), ('q', 10, 90)],
        steps: &[("first part", 'a', '×', 'p'), ("second part", 'b', '×', 'q'), ("total", 'A', '+', 'B')],
    },
    Schema {
        id: "saving",
        numbers: &[('s', 3, 50), ('w', 2, 12), ('n', 5, 99), ('k', 5, 150)],
        steps: &[("saved", 's', '×', 'w'), ("total", 'n', '+', 'A'), ("left", 'B', '-', 'k')],
    },
    Schema {
        id: "seats",
        numbers: &[('r', 3, 25), ('s', 4, 30), ('n', 5, 300)],
        steps: &[("total", 'r', '×', 's'), ("left", 'A', '-', 'n')],
    },
    Schema {
        id: "share-gain",
        numbers: &[('n', 6, 300), ('k', 2, 12), ('m', 2, 60)],
        steps: &[("each", 'n', '÷', 'k'), ("after getting", 'A', '+', 'm')],
    },
    Schema {
        id: "three-days",
        numbers: &[('a', 5, 99), ('b', 5, 99), ('c', 5, 99)],
        steps: &[("two days", 'a', '+', 'b'), ("total", 'A', '+', 'c')],
    },
    Schema {
        id: "goal",
        numbers: &[('a', 5, 99), ('b', 5, 99), ('n', 20, 300)],
        steps: &[("so far", 'a', '+', 'b'), ("missing", 'n', '-', 'A')],
    },
    Schema {
        id: "unit-price",
        numbers: &[('a', 2, 9), ('n', 6, 200), ('b', 2, 12)],
        steps: &[("one", 'n', '÷', 'a'), ("all", 'A', '×', 'b')],
    },
];

/// A story about one schema.
pub(super) fn draft(rng: &mut Rng, language: Language) -> Draft<'static> {
    let schema = &SCHEMAS[rng.index(SCHEMAS.len())];
    let (values, answer) = loop {
        let values: Vec<(char, u64)> =
            schema.numbers.iter().map(|&(name, low, high)| (name, rng.range(low, high))).collect();
        if let Some(answer) = solve(schema, &values) {
            break (values, answer);
        }
    };
    let numbers: Vec<String> = values.iter().map(|(_, v)| v.to_string()).collect();
    let text = rng.pick(texts(language, schema.id));
    Draft {
        key: format!("{} {}", schema.id, numbers.join(" ")),
        question: tell(rng, language, text, &values),
        answer: answer.to_string(),
        think: Box::new(move |work| think(work, schema, &values)),
    }
}

/// The texts of a schema in a language.
fn texts(language: Language, id: &str) -> &'static [&'static str] {
    let all = match language {
        Language::En => words_en::TEXTS,
        Language::Ru => words_ru::TEXTS,
        Language::Zh => words_zh::TEXTS,
    };
    all.iter().find(|(name, _)| *name == id).expect("every schema has its texts").1
}

fn lookup(values: &[(char, u64)], results: &[u64], name: char) -> u64 {
    match name {
        'A'..='C' => results[name as usize - 'A' as usize],
        _ => values.iter().find(|(n, _)| *n == name).expect("every operand is a number of the schema").1,
    }
}

/// The answer, if every step is a whole number above zero.
fn solve(schema: &Schema, values: &[(char, u64)]) -> Option<u64> {
    let mut results = Vec::new();
    for &(_, a, operator, b) in schema.steps {
        let (a, b) = (lookup(values, &results, a), lookup(values, &results, b));
        results.push(match operator {
            '+' => a + b,
            '×' => a * b,
            '-' if a > b => a - b,
            '÷' if a % b == 0 && a > b => a / b,
            _ => return None,
        });
    }
    results.last().copied()
}

fn think(work: &mut Work, schema: &Schema, values: &[(char, u64)]) {
    let mut results = Vec::new();
    for &(label, a, operator, b) in schema.steps {
        let (a, b) = (lookup(values, &results, a), lookup(values, &results, b));
        work.step();
        work.label(label);
        results.push(match operator {
            '+' => work.add(a, b),
            '-' => work.sub(a, b),
            '×' => work.mul(a, b),
            _ => work.div(a, b),
        });
        if work.slipped.is_some() {
            return;
        }
    }
}

/// What a text is filled with.
struct Cast {
    people: [Person; 2],
    things: [Noun; 2],
}

/// Fills a text: `[a|b]` is one of several wordings, `{n}` a number, `{n:o}` a number with the first noun in the right
/// form, `{o}` its plural, `{o1}` its singular, `{u}` the second noun (`{n:u}`, `{u1}` likewise), `{X}` and `{Y}` people
/// (`{X:g}` genitive, `{X:d}` dative in Russian).
fn tell(rng: &mut Rng, language: Language, text: &str, values: &[(char, u64)]) -> String {
    let text = choose(rng, text);
    let cast = Cast { people: nouns::people(rng, language), things: nouns::things(rng, language) };
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let close = open + rest[open..].find('}').expect("each slot of a text is closed");
        out.push_str(&fill(&rest[open + 1..close], language, values, &cast));
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    out
}

fn fill(slot: &str, language: Language, values: &[(char, u64)], cast: &Cast) -> String {
    let (name, form) = slot.split_once(':').unwrap_or((slot, ""));
    let thing = |name: &str| &cast.things[usize::from(name.starts_with('u'))];
    match name {
        "X" | "Y" => cast.people[usize::from(name == "Y")].form(form).to_owned(),
        "o" | "u" => thing(name).plural().to_owned(),
        "o1" | "u1" => thing(name).singular().to_owned(),
        _ => {
            let n = lookup(values, &[], name.chars().next().expect("a slot has a name"));
            match form {
                "" => n.to_string(),
                "o" | "u" => thing(form).counted(language, n),
                // Any other word that bends with the number: its forms are given in place, "day/days".
                _ => {
                    let forms: Vec<&str> = form.split('/').collect();
                    format!("{n} {}", nouns::agree(language, n, &forms))
                }
            }
        }
    }
}

/// Takes one wording of each `[a|b|c]` (not nested).
fn choose(rng: &mut Rng, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        out.push_str(&rest[..open]);
        let close = open + rest[open..].find(']').expect("each choice of a text is closed");
        let options: Vec<&str> = rest[open + 1..close].split('|').collect();
        out.push_str(rng.pick(&options));
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    out
}
