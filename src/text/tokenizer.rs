//! The tokenizer: Hugging Face's `tokenizers` over a tokenizer.json, byte-level BPE.

use std::borrow::Cow;
use std::collections::HashMap;

use tokenizers::Tokenizer as Inner;

use super::{Piece, special::Specials};
use crate::{Error, Result};

/// Turns text into tokens and back.
pub struct Tokenizer {
    inner: Inner,
    specials: Specials,
    /// Tokens whose text is meant literally, not in the byte alphabet.
    literal: HashMap<u32, String>,
    /// The character that stands for a byte, and the byte (GPT-2's `bytes_to_unicode`).
    bytes: HashMap<char, u8>,
    id_count: u32,
}

impl Tokenizer {
    /// Reads a tokenizer.json.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let bad = |what: String| Error::bad_model("tokenizer.json", what);
        let mut inner =
            Inner::from_bytes(json).map_err(|error| bad(format!("{error}; download it again")))?;
        let none = |error: tokenizers::Error| bad(error.to_string());
        inner.with_truncation(None).map_err(none)?;
        inner.with_padding(None);
        // What people write is never a special token; a template's own are put in by id.
        inner.set_encode_special_tokens(true);
        let decoder = serde_json::to_value(inner.get_decoder()).unwrap_or_default();
        if !decoder.to_string().contains("\"ByteLevel\"") {
            let what = format!("its decoder is {decoder}, supported is ByteLevel (byte-level BPE)");
            return Err(bad(what.chars().take(400).collect()));
        }
        let added = inner.get_added_tokens_decoder();
        let specials = added.iter().filter(|(_, token)| token.special);
        let specials = Specials::new(specials.map(|(id, token)| (token.content.clone(), *id)).collect());
        let literal = added.iter().map(|(id, token)| (*id, token.content.clone())).collect();
        let highest = inner.get_vocab(true).into_values().max();
        let id_count = highest.map_or(0, |id| id.saturating_add(1));
        Ok(Self { inner, specials, literal, bytes: byte_alphabet(), id_count })
    }

    /// Tokens of ordinary text; special tokens in it are ordinary text too.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.inner.encode_fast(text, false);
        let encoding =
            encoding.map_err(|error| Error::BadRequest(format!("the text cannot be tokenised: {error}")))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Tokens of a rendered prompt.
    pub fn encode_prompt(&self, pieces: &[Piece]) -> Result<Vec<u32>> {
        let mut tokens = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => tokens.extend(self.encode(text)?),
                Piece::Special(id) => tokens.push(*id),
            }
        }
        Ok(tokens)
    }

    /// Text of tokens, without the special ones; broken characters become `�`.
    pub fn decode(&self, tokens: &[u32]) -> String {
        let mut bytes = Vec::new();
        for &token in tokens.iter().filter(|&&token| !self.is_special(token)) {
            bytes.extend_from_slice(&self.token_bytes(token));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Text of one token, special or not; a part of a character becomes `�`.
    pub fn token_text(&self, token: u32) -> String {
        String::from_utf8_lossy(&self.token_bytes(token)).into_owned()
    }

    /// Bytes of one token; none for an id outside the vocabulary.
    pub fn token_bytes(&self, token: u32) -> Cow<'_, [u8]> {
        if let Some(text) = self.literal.get(&token) {
            return Cow::Borrowed(text.as_bytes());
        }
        let Some(text) = self.inner.id_to_token(token) else { return Cow::Borrowed(&[]) };
        let bytes: Option<Vec<u8>> = text.chars().map(|letter| self.bytes.get(&letter).copied()).collect();
        Cow::Owned(bytes.unwrap_or_else(|| text.into_bytes()))
    }

    /// Id of a token by its text in the vocabulary.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// Whether a token is a special one (`<|im_end|>`), which is never shown.
    pub fn is_special(&self, token: u32) -> bool {
        self.specials.contains(token)
    }

    /// The highest id plus one. The model's `vocab_size` may be larger: its matrices are padded.
    pub fn id_count(&self) -> u32 {
        self.id_count
    }

    pub(super) fn specials(&self) -> &Specials {
        &self.specials
    }
}

/// GPT-2's `bytes_to_unicode`, the other way round: printable bytes stand for themselves, the others
/// for the characters from U+0100 on.
fn byte_alphabet() -> HashMap<char, u8> {
    let mut next = 0x100;
    let letter = |byte: u8| {
        if matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF) {
            return (char::from(byte), byte);
        }
        next += 1;
        (char::from_u32(next - 1).expect("U+0100 to U+0143 are characters"), byte)
    };
    (0..=u8::MAX).map(letter).collect()
}
