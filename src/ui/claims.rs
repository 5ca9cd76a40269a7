//! What the loaded model claims to do, as its own file says: kinds of problems, each with examples
//! and the share it got right when it was measured. The page claims nothing beyond that.

use crate::protocol::ModelInfo;

/// A kind of problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// What to call it.
    pub label: String,
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
        .map(|kind| {
            let (label, examples) = known(kind);
            Claim {
                label: label.unwrap_or_else(|| kind.to_owned()),
                examples,
                accuracy: share(&accuracy[kind]),
            }
        })
        .collect()
}

/// What the model's file says of it in a sentence.
pub fn description(model: &ModelInfo) -> Option<&str> {
    model.claims.iter().find(|(key, _)| key == "general.description").map(|(_, text)| text.as_str())
}

/// Problems to try: the first of each kind, then the second, six at most.
pub fn examples(claims: &[Claim]) -> Vec<&'static str> {
    (0..2)
        .flat_map(|round| claims.iter().filter_map(move |claim| claim.examples.get(round)))
        .copied()
        .take(6)
        .collect()
}

/// Label and examples of a kind, by its name: `words-en`, `words-ru`, `arithmetic` and the like.
fn known(kind: &str) -> (Option<String>, &'static [&'static str]) {
    let (family, language) = kind.split_once(['-', '_', '/', '.', ':']).unwrap_or((kind, "en"));
    let label = match family {
        "arithmetic" => "Arithmetic",
        "arithmetic4" => "Arithmetic with four digits",
        "words" => "Word problems",
        "decimals" => "Comparing decimals",
        "letters" => "Counting letters",
        _ => return (None, &[]),
    };
    let label = match language {
        "ru" => format!("{label} in Russian"),
        "zh" => format!("{label} in Chinese"),
        _ => label.to_owned(),
    };
    let examples: &[&str] = match (family, language) {
        ("arithmetic", "en") => &["What is 48 + 37?", "Calculate 27 * 14 - 96."],
        ("arithmetic4", "en") => &["What is 3846 + 2597?"],
        ("words", "ru") => {
            &["У Анны 24 яблока. Она купила 3 пакета по 8 яблок. Сколько яблок у Анны теперь?"]
        }
        ("words", "zh") => &["小明有24个苹果，又买了3袋，每袋8个。小明现在有多少个苹果？"],
        ("words", _) => &[
            "Anna has 24 apples and buys 3 bags with 8 apples each. How many apples does Anna have now?",
            "Tom had $60 and spent it on 4 books at $7 each. How many dollars does Tom have left?",
        ],
        ("decimals", "en") => &["Which is larger, 9.11 or 9.9?"],
        ("letters", "en") => &["How many r's are in strawberry?"],
        _ => &[],
    };
    (Some(label), examples)
}

/// A share given as 0.93, as 93, or as an object with an `accuracy`.
fn share(value: &serde_json::Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.get("accuracy")?.as_f64())?;
    Some(if number > 1.0 { number / 100.0 } else { number }).filter(|share| (0.0..=1.0).contains(share))
}

#[cfg(test)]
mod tests {
    use super::*;

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
                ("Word problems in Russian", 1, Some(0.81)),
                ("riddles", 0, None),
            ]
        );
    }
}
