//! What the loaded model claims to do, as its own file says: kinds of problems, each with examples
//! and the share it got right when it was measured. The page claims nothing beyond that.

use crate::protocol::ModelInfo;

use super::words::{Language, spoken, t};

/// A kind of problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// What to call it.
    pub label: String,
    /// The language of its problems.
    pub language: Language,
    /// Problems to try.
    pub examples: &'static [&'static str],
    /// Share answered right, 0 to 1, where the file tells it.
    pub accuracy: Option<f64>,
}

/// The kinds that the model's file names in `polo.kinds`.
pub fn claims(model: &ModelInfo) -> Vec<Claim> {
    let text = |key: &str| model.claims.iter().find(|(k, _)| k == key).map_or("", |(_, text)| text.as_str());
    let accuracy: serde_json::Value = serde_json::from_str(text("polo.accuracy")).unwrap_or_default();
    text("polo.kinds")
        .split(|c: char| !(c.is_alphanumeric() || "-_/.:".contains(c)))
        .filter(|kind| !kind.is_empty())
        .map(|kind| Claim {
            label: label(kind).unwrap_or_else(|| kind.to_owned()),
            language: divided(kind).1,
            examples: problems(kind),
            accuracy: share(&accuracy[kind]),
        })
        .collect()
}

/// What the model's file says of it in a sentence.
pub fn description(model: &ModelInfo) -> Option<&str> {
    model.claims.iter().find(|(key, _)| key == "general.description").map(|(_, text)| text.as_str())
}

/// Problems to try, in the language of the page where there are some: the first of each kind, then the second,
/// six at most.
pub fn examples(claims: &[Claim]) -> Vec<&'static str> {
    let own = claims.iter().any(|claim| claim.language == spoken() && !claim.examples.is_empty());
    let fits = |claim: &&Claim| !own || claim.language == spoken();
    (0..2)
        .flat_map(|round| claims.iter().filter(fits).filter_map(move |claim| claim.examples.get(round)))
        .copied()
        .take(6)
        .collect()
}

/// The language that a kind's name ends in: `words-ru`; English where it names none.
fn divided(kind: &str) -> (&str, Language) {
    let (family, code) = kind.split_once(['-', '_', '/', '.', ':']).unwrap_or((kind, "en"));
    (family, Language::best([code]))
}

/// What to call a kind, by its name: `words-en`, `words-ru`, `arithmetic` and the like. In which language its
/// problems are is said where it is not that of the page.
fn label(kind: &str) -> Option<String> {
    let (family, language) = divided(kind);
    let label = match family {
        "arithmetic" => t!("page-kind-arithmetic"),
        "arithmetic4" => t!("page-kind-arithmetic4"),
        "words" => t!("page-kind-words"),
        "decimals" => t!("page-kind-decimals"),
        "letters" => t!("page-kind-letters"),
        _ => return None,
    };
    Some(match language {
        of_page if of_page == spoken() => label,
        Language::English => t!("page-kind-in-english", kind = label),
        Language::Russian => t!("page-kind-in-russian", kind = label),
        Language::Chinese => t!("page-kind-in-chinese", kind = label),
    })
}

/// Problems of a kind, in its own language.
fn problems(kind: &str) -> &'static [&'static str] {
    use Language::{Chinese, English, Russian};
    match divided(kind) {
        ("arithmetic", English) => &["What is 48 + 37?", "Calculate 27 * 14 - 96."],
        ("arithmetic", Russian) => &["Сколько будет 48 + 37?", "Вычисли 27 * 14 - 96."],
        ("arithmetic", Chinese) => &["48 + 37 等于多少？", "计算 27 * 14 - 96。"],
        ("arithmetic4", English) => &["What is 3846 + 2597?"],
        ("words", English) => &[
            "Anna has 24 apples and buys 3 bags with 8 apples each. How many apples does Anna have now?",
            "Tom had $60 and spent it on 4 books at $7 each. How many dollars does Tom have left?",
        ],
        ("words", Russian) => &[
            "На столе 24 карандаша, а в шкафу 3 пакета по 8 штук. Сколько всего карандашей?",
            "5 шариков стоят 25 рублей. Сколько рублей стоят 6 шариков?",
        ],
        ("words", Chinese) => &[
            "小红有24张照片，后来3个朋友每人给了小红8张照片。小红现在有多少照片？",
            "5本书要25元，6本书要多少元？",
        ],
        ("decimals", English) => &["Which is larger, 9.11 or 9.9?"],
        ("decimals", Russian) => &["Что больше: 9.11 или 9.9?"],
        ("decimals", Chinese) => &["9.11 和 9.9 哪个大？"],
        ("letters", English) => &["How many r's are in strawberry?"],
        _ => &[],
    }
}

/// A share given as 0.93, as 93, or as an object with an `accuracy`.
fn share(value: &serde_json::Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.get("accuracy")?.as_f64())?;
    Some(if number > 1.0 { number / 100.0 } else { number }).filter(|share| (0.0..=1.0).contains(share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::speak;

    #[test]
    fn only_what_the_file_names_is_claimed() {
        let mut model = ModelInfo::default();
        assert!(claims(&model).is_empty());
        model.claims = vec![
            ("polo.kinds".into(), "[\"arithmetic\", \"words-ru\", \"riddles\"]".into()),
            ("polo.accuracy".into(), "{\"arithmetic\": 0.93, \"words-ru\": {\"accuracy\": 81}}".into()),
        ];
        let claims = claims(&model);
        let seen: Vec<_> = claims.iter().map(|c| (c.label.as_str(), c.examples.len(), c.accuracy)).collect();
        assert_eq!(
            seen,
            [
                ("Arithmetic", 2, Some(0.93)),
                ("Word problems in Russian", 2, Some(0.81)),
                ("riddles", 0, None),
            ]
        );
    }

    #[test]
    fn problems_are_in_the_language_of_the_page() {
        let mut model = ModelInfo::default();
        let kinds = "arithmetic-en, words-en, words-ru, words-zh, arithmetic-ru, decimals-ru";
        model.claims = vec![("polo.kinds".into(), kinds.into())];
        assert_eq!(examples(&claims(&model))[0], "What is 48 + 37?");
        speak(Language::Russian);
        let claims = claims(&model);
        let shown = examples(&claims);
        assert!(shown[0].starts_with("На столе") && shown[1].starts_with("Сколько будет"), "{shown:?}");
        assert_eq!(shown.len(), 5, "of all that it can in Russian: {shown:?}");
        assert_eq!(claims[0].label, "Арифметика, по-английски");
        assert_eq!(claims[2].label, "Текстовые задачи");
    }
}
