//! Numbers for tokens: a server's own where it tells them, else numbers of ours for their texts.

use std::collections::HashMap;

/// Numbers from here on are ours: they stand for a text, and mean nothing to a server.
pub(super) const OWN: u32 = 1 << 31;

/// The tokens that have been seen, and what they say.
#[derive(Default)]
pub(super) struct Vocabulary {
    bytes: HashMap<u32, Vec<u8>>,
    /// Texts whose tokens are known: those that a search puts into replies.
    known: HashMap<String, Vec<(u32, Vec<u8>)>>,
}

impl Vocabulary {
    /// Notes what a token of the server says.
    pub(super) fn learn(&mut self, id: u32, bytes: &[u8]) {
        self.bytes.entry(id).or_insert_with(|| bytes.to_vec());
    }

    /// Notes the tokens of a text.
    pub(super) fn learn_text(&mut self, text: &str, tokens: Vec<(u32, Vec<u8>)>) {
        for (id, bytes) in &tokens {
            self.learn(*id, bytes);
        }
        self.known.insert(text.to_owned(), tokens);
    }

    /// A number for a text: the same for the same text, so that saved searches keep their meaning.
    pub(super) fn intern(&mut self, bytes: &[u8]) -> u32 {
        // FNV-1a.
        let hash = bytes
            .iter()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
        let mut id = hash | OWN;
        while self.bytes.get(&id).is_some_and(|known| known != bytes) {
            id = id.wrapping_add(1) | OWN;
        }
        self.learn(id, bytes);
        id
    }

    /// What a token says; `None` for one that was never seen.
    pub(super) fn bytes(&self, id: u32) -> Option<&[u8]> {
        self.bytes.get(&id).map(Vec::as_slice)
    }

    /// Tokens of a text: the server's where they are known, else one a word of our own.
    pub(super) fn encode(&mut self, text: &str) -> Vec<(u32, Vec<u8>)> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let words = text.split_inclusive(char::is_whitespace);
        words.map(|word| (self.intern(word.as_bytes()), word.as_bytes().to_vec())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_the_same_number() {
        let (mut one, mut two) = (Vocabulary::default(), Vocabulary::default());
        two.intern(b"other");
        let id = one.intern(b"word");
        assert_eq!((two.intern(b"word"), one.intern(b"word")), (id, id));
        assert!(id >= OWN && one.bytes(id) == Some(b"word"));
        assert_eq!(one.bytes(7), None);
    }

    #[test]
    fn texts_that_meet_in_a_number_stay_apart() {
        let mut vocabulary = Vocabulary::default();
        let id = Vocabulary::default().intern(b"b");
        vocabulary.learn(id, b"a");
        assert_ne!(vocabulary.intern(b"b"), id);
        assert_eq!(vocabulary.bytes(id), Some(&b"a"[..]));
    }

    #[test]
    fn known_tokens_go_before_words() {
        let mut vocabulary = Vocabulary::default();
        let words = vocabulary.encode("\nWait a");
        assert_eq!(
            words.iter().map(|word| word.1.as_slice()).collect::<Vec<_>>(),
            [&b"\n"[..], b"Wait ", b"a"]
        );
        vocabulary.learn_text("Wait", vec![(5, b"Wa".to_vec()), (6, b"it".to_vec())]);
        assert_eq!(vocabulary.encode("Wait"), [(5, b"Wa".to_vec()), (6, b"it".to_vec())]);
        assert_eq!(vocabulary.bytes(6), Some(&b"it"[..]));
    }
}
