//! The list of conversations: titles, groups by day, and what is found in them.

use super::format::Record;

/// Letters of a title that is made of a question.
const TITLE: usize = 60;
/// Letters shown before and after what was found.
const BEFORE: usize = 24;
const AFTER: usize = 60;
const DAY_MS: f64 = 86_400_000.0;

/// A conversation in the list.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// The conversation.
    pub id: String,
    /// The title that is shown; empty where nothing was asked in words.
    pub title: String,
    /// When it was last changed, in milliseconds since 1970.
    pub changed_ms: f64,
}

impl Head {
    /// That of a conversation.
    pub fn of(chat: &Record) -> Self {
        Self { id: chat.id.clone(), title: chat.shown_title(), changed_ms: chat.changed_ms }
    }
}

/// How long ago, in days of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Age {
    /// Today, or by a clock that went ahead.
    Today,
    /// Yesterday.
    Yesterday,
    /// Less than seven days ago.
    Week,
    /// Less than thirty days ago.
    Month,
    /// Before that.
    Older,
}

/// The age of something, in days of the reader's own time: `behind_minutes` is what that is behind UTC.
pub fn age(then_ms: f64, now_ms: f64, behind_minutes: f64) -> Age {
    let day = |ms: f64| ((ms - behind_minutes * 60_000.0) / DAY_MS).floor();
    match day(now_ms) - day(then_ms) {
        days if days < 1.0 => Age::Today,
        days if days < 2.0 => Age::Yesterday,
        days if days < 7.0 => Age::Week,
        days if days < 30.0 => Age::Month,
        _ => Age::Older,
    }
}

/// A title made of a question: the beginning of its first line that says something.
pub fn title_of(question: &str) -> String {
    let says = |line: &&str| line.chars().any(char::is_alphanumeric);
    let lines = || question.lines().map(str::trim);
    let line = lines().find(says).or_else(|| lines().find(|line| !line.is_empty())).unwrap_or_default();
    let line = line.trim_start_matches(['#', '>', '*', '-', ' ']);
    if line.chars().count() <= TITLE {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE).collect();
    // At a space, where there is one that leaves most of it.
    let end = cut.rfind(char::is_whitespace).filter(|end| cut[..*end].chars().count() > TITLE / 2);
    format!("{}…", cut[..end.unwrap_or(cut.len())].trim_end())
}

/// What is searched in a conversation, in small letters.
pub fn text_of(chat: &Record) -> String {
    let mut text = String::new();
    for exchange in &chat.exchanges {
        for part in [&exchange.question, &exchange.reply.output, &exchange.reply.thought] {
            text.push_str(&part.to_lowercase());
            text.push('\n');
        }
    }
    text
}

/// Whether every word of a query is in a text, and the place of the first with what stands around it.
pub fn find(text: &str, query: &str) -> Option<String> {
    let query = query.to_lowercase();
    let mut words = query.split_whitespace();
    let first = text.find(words.next()?)?;
    if !words.all(|word| text.contains(word)) {
        return None;
    }
    let start = text[..first].char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
    let end = text[first..].char_indices().nth(AFTER).map_or(text.len(), |(at, _)| first + at);
    let around = text[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
    let (before, after) = (if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
    Some(format!("{before}{around}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_reader() {
        let hour = 3_600_000.0;
        let now = 20_000.0 * DAY_MS + hour;
        assert_eq!(age(now - 2.0 * hour, now, 0.0), Age::Yesterday);
        assert_eq!(
            age(now - 2.0 * hour, now, 120.0),
            Age::Today,
            "west of Greenwich it is still the day before"
        );
        assert_eq!(age(now + 5.0 * hour, now, 0.0), Age::Today, "a clock that went ahead");
        for (days, is) in
            [(1.0, Age::Yesterday), (2.0, Age::Week), (6.0, Age::Week), (7.0, Age::Month), (30.0, Age::Older)]
        {
            assert_eq!(age(now - days * DAY_MS, now, 0.0), is, "{days} days");
        }
    }

    #[test]
    fn a_title_is_the_first_line_that_says_something() {
        assert_eq!(title_of("  \n---\n## What is 2+2?\nthanks"), "What is 2+2?");
        assert_eq!(title_of(""), "");
        assert_eq!(title_of("???"), "???");
        let long = title_of(&"word ".repeat(40));
        assert!(long.ends_with("word…") && long.chars().count() <= TITLE + 1, "{long}");
        assert_eq!(title_of(&"字".repeat(80)).chars().count(), TITLE + 1);
    }

    #[test]
    fn all_words_are_found_in_any_case_and_order() {
        let text = "how far is it from москва to 北京, by train?\n".to_lowercase();
        assert!(find(&text, "TRAIN Москва").is_some());
        assert!(find(&text, "train bus").is_none());
        assert!(find(&text, "  ").is_none());
        let around = find(&format!("{}needle{}", "я".repeat(100), "字".repeat(100)), "needle").unwrap();
        assert!(around.starts_with('…') && around.contains("яneedle字") && around.ends_with('…'), "{around}");
    }

    #[test]
    fn what_just_fits_is_whole_and_an_early_space_is_no_end() {
        let fits = "字".repeat(TITLE);
        assert_eq!(title_of(&fits), fits);
        assert_eq!(title_of(&format!("a {}", "字".repeat(80))).chars().count(), TITLE + 1);
    }

    #[test]
    fn so_much_is_shown_around_what_was_found() {
        let (before, after) = ("b".repeat(BEFORE), "c".repeat(AFTER - 6));
        let shown = find(&format!("b{before}needle{after}c"), "needle").unwrap();
        assert_eq!(shown, format!("…{before}needle{after}…"));
        let shown = find(&format!("{before}needle{after}"), "needle").unwrap();
        assert_eq!(shown, format!("{before}needle{after}"), "nothing is left out");
    }

    #[test]
    fn questions_outputs_and_thoughts_are_searched() {
        use crate::ui::chats::format::tests::{chat, exchange};
        let mut one = exchange(1, None, "Asked", "Said");
        one.reply.thought = "Thought".into();
        let text = text_of(&chat("a", vec![one]));
        assert!(["asked", "said", "thought"].iter().all(|word| text.contains(word)), "{text}");
    }
}
