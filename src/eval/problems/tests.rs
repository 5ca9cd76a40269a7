//! Laws of the problems: right, distinct, split cleanly, the same for the same seed.

use std::collections::HashSet;

use super::*;
use crate::search::answer;

fn every() -> Vec<(Kind, Language)> {
    Kind::ALL.into_iter().flat_map(|k| Language::ALL.into_iter().map(move |l| (k, l))).collect()
}

/// A second, independent calculator: sums of products of whole numbers, brackets and signs.
struct Calculator<'a>(std::iter::Peekable<std::str::Chars<'a>>);

impl Calculator<'_> {
    fn value(text: &str) -> Option<i64> {
        let mut calculator = Calculator(text.chars().peekable());
        let value = calculator.sum()?;
        calculator.0.next().is_none().then_some(value)
    }

    fn sum(&mut self) -> Option<i64> {
        let mut value = self.product()?;
        while let Some(sign) = self.0.next_if(|c| matches!(c, '+' | '-')) {
            let next = self.product()?;
            value += if sign == '+' { next } else { -next };
        }
        Some(value)
    }

    fn product(&mut self) -> Option<i64> {
        let mut value = self.atom()?;
        while let Some(sign) = self.0.next_if(|c| matches!(c, '×' | '÷')) {
            let next = self.atom()?;
            if sign == '÷' && (next == 0 || value % next != 0) {
                return None;
            }
            value = if sign == '×' { value * next } else { value / next };
        }
        Some(value)
    }

    fn atom(&mut self) -> Option<i64> {
        if self.0.next_if_eq(&'-').is_some() {
            return Some(-self.atom()?);
        }
        if self.0.next_if_eq(&'(').is_some() {
            let value = self.sum()?;
            return self.0.next_if_eq(&')').map(|_| value);
        }
        let mut digits = String::new();
        while let Some(c) = self.0.next_if(char::is_ascii_digit) {
            digits.push(c);
        }
        digits.parse().ok()
    }
}

/// Whether a line of a thought that claims an equation is true.
fn check_line(line: &str) {
    let line = line.rsplit(": ").next().unwrap_or(line);
    let mut sides = line.split('=');
    let Some(left) = sides.next() else { return };
    for right in sides {
        if let Some((quotient, rest)) = right.split_once('r') {
            let (n, d) = left.split_once('÷').expect("a remainder belongs to a division");
            let [n, d, quotient, rest] = [n, d, quotient, rest].map(|t| t.parse::<u64>().expect("a number"));
            assert_eq!((n / d, n % d), (quotient, rest), "{line}");
        } else {
            let (a, b) = (Calculator::value(left), Calculator::value(right));
            assert!(a.is_some() && a == b, "{line}: {a:?} {b:?}");
        }
    }
}

#[test]
fn every_gold_reply_is_well_formed_and_answers_its_question() {
    for split in [Split::Train, Split::Dev, Split::Test] {
        for problem in generate(7, split, &every()).take(6000) {
            let Problem { reply, answer, slip, question, .. } = &problem;
            assert!(reply.starts_with("<Thought>\n") && reply.ends_with("\n</Output>"), "{reply}");
            assert!(reply.contains("\n</Thought>\n<Output>\n"), "{reply}");
            assert!(
                !reply.contains("\n\n\n") && !reply.contains(['{', '[']) && !question.contains(['{', '['])
            );
            assert_eq!(answer::numeric_answer(reply).as_ref(), Some(answer), "{question}\n{reply}");
            assert_eq!(answer::canonical_number(answer).as_ref(), Some(answer));
            assert!(slip.is_none() || (split == Split::Train && reply.contains(REFLECTION)));
        }
    }
}

#[test]
fn every_line_of_every_thought_is_true_but_for_the_slips() {
    let mut slips = 0;
    let kinds: Vec<_> =
        every().into_iter().filter(|(k, _)| !matches!(k, Kind::Decimals | Kind::Letters)).collect();
    for problem in generate(8, Split::Train, &kinds).take(8000) {
        let thought = problem.reply.split("</Thought>").next().expect("a thought");
        let from = problem.slip.map_or(0, |[_, end]| {
            slips += 1;
            thought.char_indices().nth(end).expect("the slip lies in the thought").0
        });
        thought[from..].lines().skip(1).filter(|l| l.contains('=')).for_each(check_line);
    }
    assert!((200..1200).contains(&slips), "{slips} slips");
}

#[test]
fn arithmetic_is_right_when_worked_out_anew() {
    let mut checked = 0;
    for kind in [Kind::Arithmetic, Kind::Arithmetic4] {
        for problem in generate(9, Split::Test, &[(kind, Language::En)]).take(3000) {
            let text: String = problem.question.chars().filter(|c| !c.is_whitespace()).collect();
            let text = text.replace(['*', 'x'], "×").replace('/', "÷");
            let is_part = |c: char| c.is_ascii_digit() || "+-×÷()".contains(c);
            let text = text.trim_matches(|c| !is_part(c));
            if let Some(value) = Calculator::value(text) {
                assert_eq!(value.to_string(), problem.answer, "{}", problem.question);
                checked += 1;
            }
        }
    }
    assert!(checked > 4000, "{checked}");
}

#[test]
fn decimals_are_compared_as_numbers() {
    for problem in generate(10, Split::Train, &[(Kind::Decimals, Language::En)]).take(3000) {
        let thought = problem.reply.lines().nth(1).expect("the padded pair");
        let (a, b) = thought.split_once(" and ").expect("two numbers");
        let (a, b): (f64, f64) = (a.parse().expect("a number"), b.parse().expect("a number"));
        assert!((a.max(b) - problem.answer.parse::<f64>().expect("a number")).abs() < 1e-9, "{problem:?}");
    }
}

#[test]
fn letters_are_counted() {
    for problem in generate(11, Split::Dev, &[(Kind::Letters, Language::En)]).take(2000) {
        let mut lines = problem.reply.lines().skip(1);
        let letter = lines.next().expect("the letter").trim_end_matches(':').to_owned();
        let word: String = lines.take_while(|l| !l.starts_with('<')).map(|l| &l[..1]).collect();
        assert!(problem.question.contains(&word), "{problem:?}");
        assert_eq!(word.matches(&letter).count().to_string(), problem.answer);
    }
}

#[test]
fn splits_are_disjoint_whatever_the_wording() {
    // The key is what the split is taken from, so the same expression cannot be on two sides.
    let asked = |split, seed| {
        generate(seed, split, &[(Kind::Arithmetic, Language::En), (Kind::Words, Language::En)])
            .take(20_000)
            .map(|p| {
                p.question.to_lowercase().chars().filter(char::is_ascii_digit).collect::<String>() + &p.answer
            })
            .collect::<HashSet<_>>()
    };
    let expressions = |split, seed| {
        generate(seed, split, &[(Kind::Arithmetic, Language::En)])
            .take(20_000)
            .map(|p| p.reply.lines().nth(1).expect("the expression").to_owned())
            .collect::<HashSet<_>>()
    };
    let (train, dev, test) =
        (expressions(Split::Train, 1), expressions(Split::Dev, 2), expressions(Split::Test, 3));
    // Some first lines are only a part of what is asked (12×5 begins like 12×5 in a chain), so nearly none, not none.
    assert!(train.intersection(&test).count() * 100 < test.len(), "{}", train.intersection(&test).count());
    assert!(dev.intersection(&test).count() * 100 < test.len());
    assert!(asked(Split::Train, 4).len() > 15_000);
    let questions =
        |split| generate(5, split, &every()).take(5000).map(|p| p.question).collect::<HashSet<_>>();
    assert!(questions(Split::Train).is_disjoint(&questions(Split::Test)));
    assert!(questions(Split::Dev).is_disjoint(&questions(Split::Test)));
}

#[test]
fn the_key_alone_decides_the_split() {
    for key in ["12+7", "gain-lose 5 2 3", "9.11 or 9.9", "r in strawberry"] {
        assert_eq!(Split::of(key), Split::of(key));
    }
    let count = |split| (0..20_000).filter(|i| Split::of(&format!("{i}+1")) == split).count();
    assert!((900..1100).contains(&count(Split::Test)) && (900..1100).contains(&count(Split::Dev)));
}

#[test]
fn the_same_seed_gives_the_same_problems() {
    let take = |seed| generate(seed, Split::Train, &every()).take(200).collect::<Vec<_>>();
    assert_eq!(take(3), take(3));
    assert_ne!(take(3), take(4));
    // Pinned, because reports and trained models refer to seeds.
    let first = generate(1, Split::Test, &[(Kind::Arithmetic, Language::En)]).next().expect("a problem");
    assert_eq!((first.question.as_str(), first.answer.as_str()), ("Solve: 528÷8÷6", "11"));
}

#[test]
fn there_are_hundreds_of_thousands() {
    for kind in [Kind::Arithmetic, Kind::Words] {
        let questions: HashSet<u64> = generate(6, Split::Train, &[(kind, Language::En)])
            .take(200_000)
            .map(|p| rng::hash(&p.question))
            .collect();
        assert_eq!(questions.len(), 200_000);
    }
}

#[test]
fn a_thought_that_went_wrong_turns_and_comes_right() {
    let problem = generate(12, Split::Train, &[(Kind::Arithmetic, Language::En)])
        .find(|p| p.slip.is_some())
        .expect("slips are not rare");
    let [start, end] = problem.slip.expect("just looked");
    let reply: Vec<char> = problem.reply.chars().collect();
    let wrong: String = reply[start..end].iter().collect();
    let after: String = reply[end..].iter().collect();
    assert!(wrong.starts_with(|c: char| c.is_ascii_digit()), "{wrong}");
    assert!(after.starts_with(&format!("\n\n{REFLECTION}\n\n")), "{after}");
}
