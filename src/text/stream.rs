//! Streaming decoder: tokens in, text out as soon as its characters are whole.

use super::Tokenizer;

/// Holds back the bytes of a character until all of them are there.
#[derive(Debug, Clone, Default)]
pub struct StreamDecoder {
    /// The start of a character, at most 3 bytes.
    held: Vec<u8>,
}

impl StreamDecoder {
    /// An empty decoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a token; special tokens have no text. All texts together are [`Tokenizer::decode`]'s.
    pub fn push(&mut self, tokenizer: &Tokenizer, token: u32) -> String {
        if tokenizer.is_special(token) {
            return String::new();
        }
        self.push_bytes(&tokenizer.token_bytes(token))
    }

    /// Takes the bytes of a token.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let mut text = String::new();
        let mut done = 0;
        for chunk in self.held.utf8_chunks() {
            text.push_str(chunk.valid());
            done += chunk.valid().len();
            let rest = &self.held[done..];
            // What could still become a character waits; `error_len` knows.
            let incomplete = std::str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
            if chunk.invalid().is_empty() || (incomplete && rest.len() == chunk.invalid().len()) {
                break;
            }
            text.push(char::REPLACEMENT_CHARACTER);
            done += chunk.invalid().len();
        }
        self.held.drain(..done);
        text
    }

    /// The end: a character that never became whole is `�`.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.held)).into_owned()
    }
}
