//! The people and things of the stories, with the forms that each language bends them into.

use super::Language;
use super::rng::Rng;

/// A person: nominative, genitive, dative (the same three times outside Russian).
#[derive(Debug, Clone, Copy)]
pub(super) struct Person([&'static str; 3]);

impl Person {
    pub(super) fn form(&self, case: &str) -> &'static str {
        match case {
            "g" => self.0[1],
            "d" => self.0[2],
            _ => self.0[0],
        }
    }
}

/// A thing. English: singular, plural. Russian: for one, for two to four, for five and more. Chinese: noun, measure word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noun(&'static [&'static str]);

impl Noun {
    pub(super) fn singular(&self) -> &'static str {
        self.0[0]
    }

    /// The plural; in Russian the genitive plural, which is what follows "сколько"; in Chinese the noun.
    pub(super) fn plural(&self) -> &'static str {
        match self.0 {
            [_, _, many] => many,
            [noun, measure] if !measure.is_ascii() => noun,
            forms => forms[1],
        }
    }

    pub(super) fn counted(&self, language: Language, n: u64) -> String {
        match language {
            Language::Zh => format!("{n}{}{}", self.0[1], self.0[0]),
            _ => format!("{n} {}", agree(language, n, self.0)),
        }
    }
}

/// The form that goes with the number.
pub(super) fn agree<'a>(language: Language, n: u64, forms: &[&'a str]) -> &'a str {
    match language {
        Language::En => forms[usize::from(n != 1)],
        Language::Zh => forms[0],
        Language::Ru => match (n % 10, n % 100) {
            (1, teens) if teens != 11 => forms[0],
            (2..=4, teens) if !(12..=14).contains(&teens) => forms[1],
            _ => forms[2],
        },
    }
}

/// Two different people.
pub(super) fn people(rng: &mut Rng, language: Language) -> [Person; 2] {
    let (a, b) =
        two(rng, if language == Language::Ru { RUSSIANS.len() } else { EN_NAMES.len().min(ZH_NAMES.len()) });
    [a, b].map(|i| match language {
        Language::En => Person([EN_NAMES[i]; 3]),
        Language::Ru => Person(RUSSIANS[i]),
        Language::Zh => Person([ZH_NAMES[i]; 3]),
    })
}

/// Two different things.
pub(super) fn things(rng: &mut Rng, language: Language) -> [Noun; 2] {
    let all = match language {
        Language::En => EN_THINGS,
        Language::Ru => RU_THINGS,
        Language::Zh => ZH_THINGS,
    };
    let (a, b) = two(rng, all.len());
    [Noun(all[a]), Noun(all[b])]
}

fn two(rng: &mut Rng, len: usize) -> (usize, usize) {
    let a = rng.index(len);
    let b = (a + 1 + rng.index(len - 1)) % len;
    (a, b)
}

const EN_NAMES: &[&str] = &[
    "Tom", "Anna", "Ben", "Mia", "Sam", "Lily", "Jack", "Emma", "Leo", "Kate", "Max", "Nina", "Paul", "Sara",
    "Dan", "Olga", "Li", "Maria", "Omar", "Ivy", "Amir", "Rosa", "Carl", "Zoe", "Natalia", "James", "Weng",
    "Janet", "Mark", "Julie",
];

const ZH_NAMES: &[&str] = &[
    "小明",
    "小红",
    "小华",
    "小刚",
    "小丽",
    "小军",
    "李明",
    "王芳",
    "张伟",
    "刘洋",
    "陈静",
    "小林",
    "小雨",
    "小美",
    "小强",
    "小龙",
    "丽丽",
    "明明",
    "乐乐",
    "王老师",
    "李老师",
    "小文",
    "小李",
    "小王",
    "小张",
    "小陈",
    "小芳",
    "小梅",
    "小亮",
    "小杰",
];

const RUSSIANS: &[[&str; 3]] = &[
    ["Маша", "Маши", "Маше"],
    ["Петя", "Пети", "Пете"],
    ["Анна", "Анны", "Анне"],
    ["Иван", "Ивана", "Ивану"],
    ["Оля", "Оли", "Оле"],
    ["Коля", "Коли", "Коле"],
    ["Миша", "Миши", "Мише"],
    ["Лена", "Лены", "Лене"],
    ["Саша", "Саши", "Саше"],
    ["Катя", "Кати", "Кате"],
    ["Антон", "Антона", "Антону"],
    ["Вера", "Веры", "Вере"],
    ["Дима", "Димы", "Диме"],
    ["Нина", "Нины", "Нине"],
    ["Олег", "Олега", "Олегу"],
    ["Света", "Светы", "Свете"],
    ["Максим", "Максима", "Максиму"],
    ["Юля", "Юли", "Юле"],
    ["Борис", "Бориса", "Борису"],
    ["Таня", "Тани", "Тане"],
];

const EN_THINGS: &[&[&str]] = &[
    &["apple", "apples"],
    &["pencil", "pencils"],
    &["book", "books"],
    &["marble", "marbles"],
    &["card", "cards"],
    &["stamp", "stamps"],
    &["cookie", "cookies"],
    &["sticker", "stickers"],
    &["flower", "flowers"],
    &["shell", "shells"],
    &["toy car", "toy cars"],
    &["egg", "eggs"],
    &["orange", "oranges"],
    &["balloon", "balloons"],
    &["candle", "candles"],
    &["pen", "pens"],
    &["cake", "cakes"],
    &["coin", "coins"],
    &["ball", "balls"],
    &["notebook", "notebooks"],
    &["cup", "cups"],
    &["lemon", "lemons"],
    &["photo", "photos"],
    &["badge", "badges"],
];

const RU_THINGS: &[&[&str]] = &[
    &["карандаш", "карандаша", "карандашей"],
    &["конфета", "конфеты", "конфет"],
    &["марка", "марки", "марок"],
    &["тетрадь", "тетради", "тетрадей"],
    &["шарик", "шарика", "шариков"],
    &["цветок", "цветка", "цветков"],
    &["книга", "книги", "книг"],
    &["лимон", "лимона", "лимонов"],
    &["открытка", "открытки", "открыток"],
    &["пирожок", "пирожка", "пирожков"],
    &["апельсин", "апельсина", "апельсинов"],
    &["монета", "монеты", "монет"],
    &["наклейка", "наклейки", "наклеек"],
    &["ручка", "ручки", "ручек"],
    &["орех", "ореха", "орехов"],
    &["мяч", "мяча", "мячей"],
];

const ZH_THINGS: &[&[&str]] = &[
    &["苹果", "个"],
    &["铅笔", "支"],
    &["书", "本"],
    &["卡片", "张"],
    &["邮票", "张"],
    &["糖果", "颗"],
    &["花", "朵"],
    &["气球", "个"],
    &["鸡蛋", "个"],
    &["橙子", "个"],
    &["贴纸", "张"],
    &["本子", "个"],
    &["玩具", "个"],
    &["饼干", "块"],
    &["硬币", "枚"],
    &["杯子", "个"],
    &["照片", "张"],
    &["球", "个"],
];
