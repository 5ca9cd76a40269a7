//! Notices text that repeats itself. A loop drives confidence to 1 and would otherwise win every search.

use std::collections::BTreeSet;

use super::cutter::ends_paragraph;
use super::token::Token;

/// The shortest n-gram whose repetition is a loop, in tokens; shorter ones count by their multiples.
const SHORTEST: usize = 8;

/// The longest that is looked for.
const LONGEST: usize = 128;

/// So many times in a row.
const TIMES: usize = 3;

/// So many paragraphs in a row that were written before. Fewer are no loop: 4 of the 125 replies that Marco-o1's
/// authors published state a formula or a sum again, one of them three paragraphs in a row, and go on.
const PARAGRAPHS: usize = 4;

/// What makes the model think again. Marco-o1's words (arXiv 2411.14405, section 5).
pub const REFLECTION: &str = "Wait! Maybe I made some mistakes! I need to rethink from scratch.";

/// Watches a path, token by token.
#[derive(Debug, Clone)]
pub(super) struct Repeats {
    ids: Vec<u32>,
    /// For each distance, how many tokens in a row were the same as the one so far before.
    runs: Vec<usize>,
    /// Paragraphs of this train of thought.
    seen: BTreeSet<Vec<u8>>,
    /// Paragraphs in a row that had been written before.
    again: usize,
    paragraph: Vec<u8>,
    tokens: usize,
}

impl Default for Repeats {
    fn default() -> Self {
        let runs = vec![0; LONGEST + 1];
        Self { ids: Vec::new(), runs, seen: BTreeSet::new(), again: 0, paragraph: Vec::new(), tokens: 0 }
    }
}

impl Repeats {
    /// Takes a token; whether the path repeats itself with it: the same n-gram of at least 8 tokens three times in a
    /// row, or, while the model thinks, [`PARAGRAPHS`] in a row that it wrote before.
    pub(super) fn push(&mut self, token: &Token, thinking: bool) -> bool {
        let mut found = false;
        for distance in SHORTEST..=LONGEST.min(self.ids.len()) {
            let same = self.ids[self.ids.len() - distance] == token.id;
            let run = &mut self.runs[distance];
            *run = if same { *run + 1 } else { 0 };
            found |= *run >= (TIMES - 1) * distance;
        }
        self.ids.push(token.id);
        self.paragraph.extend_from_slice(&token.bytes.0);
        self.tokens += 1;
        // A short paragraph joins the next, as in the tree.
        if self.tokens >= SHORTEST && ends_paragraph(&self.paragraph) {
            let paragraph = std::mem::take(&mut self.paragraph).trim_ascii().to_vec();
            self.tokens = 0;
            if String::from_utf8_lossy(&paragraph).contains(REFLECTION) {
                // From scratch: it may well say the same again.
                self.seen.clear();
                self.again = 0;
            } else if thinking {
                self.again = if self.seen.insert(paragraph) { 0 } else { self.again + 1 };
                found |= self.again >= PARAGRAPHS;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many tokens a loop is noticed.
    fn noticed(pieces: &[(u32, &str)]) -> Option<usize> {
        let mut repeats = Repeats::default();
        let push = |&(id, text): &(u32, &str)| repeats.push(&Token::forced(id, text.into()), true);
        pieces.iter().position(push).map(|at| at + 1)
    }

    fn ids(ids: impl IntoIterator<Item = u32>) -> Vec<(u32, &'static str)> {
        ids.into_iter().map(|id| (id, "a")).collect()
    }

    #[test]
    fn three_times_in_a_row() {
        // A unit of 8: the third is complete at 24, or one later after one other token.
        assert_eq!(noticed(&ids((0..40).map(|i| i % 8))), Some(24));
        assert_eq!(noticed(&ids((0..40).map(|i| if i == 0 { 99 } else { i % 8 }))), Some(25));
        // One token over and over counts as eight of them.
        assert_eq!(noticed(&ids([5; 40])), Some(24));
        // A unit of 20, and one that is too long to be looked for.
        assert_eq!(noticed(&ids((0..100).map(|i| i % 20))), Some(60));
        assert_eq!(noticed(&ids((0..600).map(|i| i % 200))), None);
        // Twice is none, nor is a unit of 8 with something else between.
        assert_eq!(noticed(&ids((0..16).map(|i| i % 8))), None);
        assert_eq!(noticed(&ids((0..200).map(|i| if i % 9 == 8 { 1000 + i } else { i % 9 }))), None);
    }

    #[test]
    fn paragraphs_again() {
        let paragraph = |first: u32, word: &'static str, end: &'static str| -> Vec<(u32, &'static str)> {
            (0..8).map(|i| (first + i, word)).chain([(first + 8, end)]).collect()
        };
        let a = |first| paragraph(first, "a", ".\n\n");
        let b = |first| paragraph(first, "b", ".\n\n\n");
        // Other ids for the same text, so that no n-gram comes again.
        assert_eq!(noticed(&[a(10), a(20), a(30), a(40), a(50)].concat()), Some(45));
        let both = |first| [a(first), b(first + 10)].concat();
        assert_eq!(noticed(&[both(10), both(30), both(50)].concat()), Some(54));
        assert_eq!(noticed(&[both(10), both(30), a(50)].concat()), None);
        // A short one joins the next, and makes it another.
        let so = vec![(90, "so "), (91, "on\n\n")];
        assert_eq!(noticed(&[a(10), a(20), a(30), so, a(40), a(50), a(60)].concat()), None);
        // After a reflection anything may come again.
        let wait = (80..88).map(|id| (id, "")).chain([(88, REFLECTION), (89, "\n\n")]).collect();
        assert_eq!(noticed(&[both(10), both(30), wait, both(50), both(110)].concat()), None);
    }
}
