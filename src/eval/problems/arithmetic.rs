//! One to three operations on whole numbers, reduced one at a time.

use super::columns::Work;
use super::rng::Rng;
use super::{Draft, Language};

/// Numbers with an operation between each two, and perhaps a pair of them in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    numbers: Vec<u64>,
    operators: Vec<char>,
    /// The operator whose two operands stand in brackets.
    bracket: Option<usize>,
}

/// No result on the way is larger: it keeps the written work short.
const LARGEST: u64 = 999_999;

impl Expression {
    /// Which operator is due: the bracket, else the first `×` or `÷`, else the first of all.
    fn due(&self) -> usize {
        self.bracket.or_else(|| self.operators.iter().position(|o| matches!(o, '×' | '÷'))).unwrap_or(0)
    }

    /// The rest of the expression once operator `at` has given `value`.
    fn reduced(&self, at: usize, value: u64) -> Self {
        let mut rest = self.clone();
        rest.bracket = None;
        rest.operators.remove(at);
        rest.numbers[at] = value;
        rest.numbers.remove(at + 1);
        rest
    }

    /// The result, if each step on the way is a whole number that is not negative (the last one may be) and not large.
    fn value(&self) -> Option<i64> {
        let mut rest = self.clone();
        loop {
            let at = rest.due();
            let (a, b) = (rest.numbers[at], rest.numbers[at + 1]);
            let value = match rest.operators[at] {
                '+' => a + b,
                '×' => a * b,
                '÷' if b > 0 && a % b == 0 => a / b,
                '-' if a >= b => a - b,
                '-' if rest.operators.len() == 1 => return Some(a.cast_signed() - b.cast_signed()),
                _ => return None,
            };
            if value > LARGEST {
                return None;
            }
            if rest.operators.len() == 1 {
                return Some(value.cast_signed());
            }
            rest = rest.reduced(at, value);
        }
    }

    /// The expression with these signs for `×`, `÷` and the space around operators.
    fn write(&self, times: &str, over: &str, space: &str) -> String {
        let mut text = String::new();
        for (i, n) in self.numbers.iter().enumerate() {
            if self.bracket == Some(i) {
                text.push('(');
            }
            text.push_str(&n.to_string());
            if i > 0 && self.bracket == Some(i - 1) {
                text.push(')');
            }
            if let Some(o) = self.operators.get(i) {
                text.push_str(space);
                match o {
                    '×' => text.push_str(times),
                    '÷' => text.push_str(over),
                    o => text.push(*o),
                }
                text.push_str(space);
            }
        }
        text
    }

    /// The whole working, step by step.
    pub(crate) fn think(&self, work: &mut Work) {
        let mut rest = self.clone();
        if rest.operators.len() > 1 {
            work.line(&rest.write("×", "÷", ""));
            work.step();
        }
        loop {
            let at = rest.due();
            let (a, b) = (rest.numbers[at], rest.numbers[at + 1]);
            let value = match rest.operators[at] {
                '+' => work.add(a, b),
                '×' => work.mul(a, b),
                '÷' => work.div(a, b),
                _ if a < b => {
                    work.difference(a, b);
                    return;
                }
                _ => work.sub(a, b),
            };
            if work.slipped.is_some() || rest.operators.len() == 1 {
                return;
            }
            rest = rest.reduced(at, value);
            // With one operation left, the first line of its working says as much.
            if rest.operators.len() > 1 {
                work.line(&rest.write("×", "÷", ""));
            }
            work.step();
        }
    }
}

/// A number with a random count of digits, of those weighted.
fn number(rng: &mut Rng, weights: &[u64]) -> u64 {
    let digits = u32::try_from(rng.weighted(weights)).expect("few");
    let low = if digits == 0 { 1 } else { 10_u64.pow(digits) };
    rng.range(low, 10_u64.pow(digits + 1) - 1)
}

/// One operation on numbers of up to `most` digits; with four, one of them has four.
fn single(rng: &mut Rng, most: u32) -> Expression {
    let operator = ['+', '-', '×', '÷'][rng.weighted(&[3, 3, 3, 3])];
    let four = most == 4;
    let (a, b) = match operator {
        '×' if four => (number(rng, &[0, 0, 0, 1]), number(rng, &[3, 1])),
        '×' => (number(rng, &[2, 4, 4]), number(rng, &[5, 4, 1])),
        '÷' => loop {
            let d = number(rng, if four { &[3, 3] } else { &[4, 4, 1] });
            let q = number(rng, &[2, 4, 4, 1]);
            let n = d * q;
            if d > 1 && (if four { (1000..10_000).contains(&n) } else { n < 1000 }) {
                break (n, d);
            }
        },
        _ if four => (number(rng, &[0, 0, 0, 1]), number(rng, &[1, 1, 2, 4])),
        _ => (number(rng, &[2, 4, 6]), number(rng, &[2, 4, 6])),
    };
    let swap = match operator {
        '÷' => false,
        '-' => a < b && !rng.chance(15) || (a > b && rng.chance(6)),
        _ => rng.chance(50),
    };
    let numbers = if swap { vec![b, a] } else { vec![a, b] };
    Expression { numbers, operators: vec![operator], bracket: None }
}

/// Two or three operations, drawn until every step is exact.
fn chain(rng: &mut Rng, most: u32) -> Expression {
    loop {
        let count = if rng.chance(65) { 2 } else { 3 };
        let operators: Vec<char> =
            (0..count).map(|_| ['+', '-', '×', '÷'][rng.weighted(&[4, 4, 4, 5])]).collect();
        let mut numbers: Vec<u64> = (0..=count).map(|_| number(rng, &[3, 4, 3])).collect();
        for (i, o) in operators.iter().enumerate() {
            let before = i > 0 && matches!(operators[i - 1], '×' | '÷');
            match o {
                '×' if rng.chance(90) => numbers[i + 1] = number(rng, &[1]),
                '÷' => {
                    numbers[i + 1] = number(rng, &[8, 1]);
                    if !before {
                        numbers[i] = numbers[i + 1] * number(rng, &[2, 4, 1]);
                    }
                }
                _ => {}
            }
        }
        if most == 4 {
            let at = rng.index(numbers.len());
            numbers[at] = rng.range(1000, 9999);
        }
        let bracket = if rng.chance(35) {
            (0..count).find(|&i| {
                matches!(operators[i], '+' | '-')
                    && ((i > 0 && operators[i - 1] != '+')
                        || operators.get(i + 1).is_some_and(|o| matches!(o, '×' | '÷')))
            })
        } else {
            None
        };
        let most_value = 10_u64.pow(most);
        let whole = Expression { numbers, operators, bracket };
        if whole.numbers.iter().all(|n| *n < most_value)
            && whole.value().is_some_and(|v| v.unsigned_abs() < 10 * most_value)
        {
            return whole;
        }
    }
}

/// A question about an expression.
pub(super) fn draft(rng: &mut Rng, language: Language, most: u32) -> Draft<'static> {
    let (expression, value) = loop {
        let e = if rng.chance(52) { single(rng, most) } else { chain(rng, most) };
        if let Some(v) = e.value() {
            break (e, v);
        }
    };
    let question = ask(rng, language, &expression);
    Draft {
        key: expression.write("×", "÷", ""),
        question,
        answer: value.to_string(),
        think: Box::new(move |work| expression.think(work)),
    }
}

/// The expression in one of many wordings.
fn ask(rng: &mut Rng, language: Language, e: &Expression) -> String {
    let times = rng.pick(&["×", "*", "×", "x"]);
    let over = rng.pick(&["÷", "/", "÷", ":"]);
    let over = if over == ":" && language != Language::Ru { "/" } else { over };
    // "3x4" would read as a name, so a letter for the sign always has room.
    let space = if times == "x" || rng.chance(65) { " " } else { "" };
    let plain = e.write(times, over, space);
    if e.operators.len() == 1 && rng.chance(25) {
        let (a, b) = (e.numbers[0], e.numbers[1]);
        if let Some(text) = in_words(rng, language, e.operators[0], a, b) {
            return text;
        }
    }
    let form = match language {
        Language::En => rng.pick(&[
            "What is {}?",
            "What is {}?",
            "Compute {}.",
            "Calculate {}",
            "{} = ?",
            "{}=",
            "{}",
            "How much is {}?",
            "Work out {}.",
            "Evaluate {}.",
            "Find the value of {}.",
            "What does {} equal?",
            "Solve: {}",
            "Can you compute {}?",
            "Please calculate {}.",
            "what is {}",
            "What's {}?",
            "Tell me what {} is.",
        ]),
        Language::Ru => rng.pick(&[
            "Сколько будет {}?",
            "Сколько будет {}?",
            "Вычисли {}.",
            "Посчитай {}",
            "Чему равно {}?",
            "Найди значение выражения {}.",
            "Реши: {}",
            "Вычислите {}.",
            "Сколько получится, если посчитать {}?",
        ]),
        Language::Zh => rng.pick(&[
            "{} 等于多少？",
            "{}等于多少？",
            "计算 {}。",
            "计算：{}",
            "请计算 {}。",
            "{} 是多少？",
            "求 {} 的值。",
            "{} 是几？",
            "算一下 {}。",
        ]),
    };
    form.replace("{}", &plain)
}

fn in_words(rng: &mut Rng, language: Language, operator: char, a: u64, b: u64) -> Option<String> {
    let form = match (language, operator) {
        (Language::En, '+') => rng.pick(&[
            "What is {a} plus {b}?",
            "What is the sum of {a} and {b}?",
            "Add {a} and {b}.",
            "{a} plus {b}",
        ]),
        (Language::En, '-') => rng.pick(&[
            "What is {a} minus {b}?",
            "Subtract {b} from {a}.",
            "What is the difference {a} minus {b}?",
            "{a} minus {b}",
        ]),
        (Language::En, '×') => rng.pick(&[
            "What is {a} times {b}?",
            "Multiply {a} by {b}.",
            "What is the product of {a} and {b}?",
            "{a} times {b}",
        ]),
        (Language::En, _) => {
            rng.pick(&["What is {a} divided by {b}?", "Divide {a} by {b}.", "{a} divided by {b}"])
        }
        (Language::Ru, '+') => {
            rng.pick(&["Сколько будет {a} плюс {b}?", "Найди сумму чисел {a} и {b}.", "Сложи {a} и {b}."])
        }
        (Language::Ru, '-') => rng.pick(&["Сколько будет {a} минус {b}?", "Вычти {b} из {a}."]),
        (Language::Ru, '×') => rng.pick(&[
            "Сколько будет {a} умножить на {b}?",
            "Умножь {a} на {b}.",
            "Найди произведение чисел {a} и {b}.",
        ]),
        (Language::Ru, _) => rng.pick(&["Сколько будет {a} разделить на {b}?", "Раздели {a} на {b}."]),
        (Language::Zh, '+') => rng.pick(&["{a} 加 {b} 等于多少？", "{a}加{b}是多少？"]),
        (Language::Zh, '-') => rng.pick(&["{a} 减 {b} 等于多少？", "{a}减{b}是多少？"]),
        (Language::Zh, '×') => rng.pick(&["{a} 乘以 {b} 等于多少？", "{a}乘以{b}是多少？"]),
        (Language::Zh, '÷') => rng.pick(&["{a} 除以 {b} 等于多少？", "{a}除以{b}是多少？"]),
        _ => return None,
    };
    Some(form.replace("{a}", &a.to_string()).replace("{b}", &b.to_string()))
}
