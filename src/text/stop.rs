//! Stop texts, found across token boundaries.

/// Passes text on until one of the stop texts is complete; holds back what may be the start of one.
#[derive(Debug, Clone)]
pub struct StopMatcher {
    stops: Vec<String>,
    held: String,
    /// Which of the stop texts ended the text.
    found: Option<usize>,
}

impl StopMatcher {
    /// Empty stop texts are ignored.
    pub fn new(stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty()).cloned().collect();
        Self { stops, held: String::new(), found: None }
    }

    /// Takes text and gives what is surely before any stop text. After a stop nothing more comes.
    ///
    /// Where several fit, the one that is complete first ends the text, and of those the longest.
    pub fn push(&mut self, text: &str) -> String {
        if self.stops.is_empty() {
            return text.to_owned();
        }
        for letter in text.chars() {
            if self.found.is_some() {
                break;
            }
            self.held.push(letter);
            let complete =
                self.stops.iter().enumerate().filter(|(_, stop)| self.held.ends_with(stop.as_str()));
            if let Some((at, stop)) = complete.max_by_key(|(_, stop)| stop.len()) {
                self.held.truncate(self.held.len() - stop.len());
                self.found = Some(at);
            }
        }
        let keep = if self.stopped() { 0 } else { self.possible_start() };
        let rest = self.held.split_off(self.held.len() - keep);
        std::mem::replace(&mut self.held, rest)
    }

    /// Whether a stop text was found.
    pub fn stopped(&self) -> bool {
        self.found.is_some()
    }

    /// The stop text that was found.
    pub fn found(&self) -> Option<&str> {
        self.found.map(|at| self.stops[at].as_str())
    }

    /// The end of the text: what was held back was no stop text.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Length of the longest end of the held text that begins a stop text.
    fn possible_start(&self) -> usize {
        let longest = self.stops.iter().map(String::len).max().unwrap_or(1) - 1;
        let longest = longest.min(self.held.len());
        let starts = |len: &usize| {
            let end = self.held.get(self.held.len() - len..);
            end.is_some_and(|end| self.stops.iter().any(|stop| stop.starts_with(end)))
        };
        (1..=longest).rev().find(starts).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    use super::StopMatcher;

    fn run(stops: &[String], pieces: &[&str]) -> (String, bool) {
        let mut matcher = StopMatcher::new(stops);
        let mut text: String = pieces.iter().map(|piece| matcher.push(piece)).collect();
        if !matcher.stopped() {
            text += &matcher.finish();
        }
        (text, matcher.stopped())
    }

    #[test]
    fn a_stop_text_is_found_across_pieces() {
        let check = |stops: &[&str], pieces: &[&str], expected: &str, stopped: bool| {
            let stops: Vec<String> = stops.iter().map(|&stop| stop.to_owned()).collect();
            assert_eq!(run(&stops, pieces), (expected.to_owned(), stopped), "{stops:?} {pieces:?}");
        };
        check(&["\n\n"], &["a\n", "\nb"], "a", true);
        check(&["END"], &["the E", "N", "E", "ND of"], "the EN", true);
        check(&["END"], &["the EN"], "the EN", false);
        check(&["", "x"], &["abc"], "abc", false);
        check(&["结束"], &["甲结", "束乙"], "甲", true);
        check(&["abcd", "bc"], &["ab", "cd"], "a", true);
        check(&["c", "abc"], &["xab", "c"], "x", true);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn pieces_do_not_matter(text in "[ab\u{4e00}]{0,24}", stops in proptest::collection::vec("[ab\u{4e00}]{0,4}", 0..4), cut in 1usize..5) {
            let letters: Vec<String> = text.chars().map(String::from).collect();
            let pieces: Vec<String> = letters.chunks(cut).map(<[std::string::String]>::concat).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let whole = run(&stops, &[&text]);
            prop_assert_eq!(run(&stops, &pieces), whole.clone());
            prop_assert!(text.starts_with(&whole.0));
            let stops: Vec<&String> = stops.iter().filter(|stop| !stop.is_empty()).collect();
            prop_assert_eq!(whole.1, stops.iter().any(|stop| text.contains(stop.as_str())));
            prop_assert!(!stops.iter().any(|stop| whole.0.contains(stop.as_str())));
        }
    }
}
