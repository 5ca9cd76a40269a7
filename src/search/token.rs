//! A token of a path with what is known about it, and its confidence.

use serde::{Deserialize, Serialize};

use super::score::Score;
use crate::error::{Error, Result};
use crate::protocol::confidence;
use crate::sampler::{Record, TOP};

/// A token of a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: u32,
    /// What it adds to the text; empty for end tokens.
    pub bytes: Bytes,
    /// Its confidence, see [`confidence`]; `None` where the model did not choose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// Whether it was put there, or decoded after a forced close: it has no part in any mean.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// Natural logarithm of its probability at temperature 1; 0 where the model did not choose it.
    #[serde(default)]
    pub logprob: f32,
    /// The five most probable tokens with their log-probabilities, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<(u32, f32)>,
}

impl Token {
    /// A token that the model chose here. A NaN or infinite logit is a fault of model or device.
    pub fn sampled(record: &Record, bytes: Vec<u8>) -> Result<Self> {
        if record.is_fault() {
            let what =
                format!("token {} at position {} has a logit that is no number", record.id, record.position);
            return Err(Error::BadNumbers(what));
        }
        Self::chosen(record.id, bytes, record.logprob(), record.top().collect())
    }

    /// A token that a model chose, with its log-probability and those of the most probable tokens, best first.
    pub fn chosen(id: u32, bytes: Vec<u8>, logprob: f32, mut top: Vec<(u32, f32)>) -> Result<Self> {
        top.truncate(TOP);
        let confidence = confidence(logprob, top.iter().map(|&(_, logprob)| logprob)).ok_or_else(|| {
            Error::BadNumbers(format!(
                "the log-probability of token {id} or of its alternatives is no number"
            ))
        })?;
        Ok(Self { id, bytes: Bytes(bytes), confidence: Some(confidence), forced: false, logprob, top })
    }

    /// A token that a model chose that tells no probabilities: it has no part in any mean.
    pub fn unscored(id: u32, bytes: Vec<u8>) -> Self {
        Self { forced: false, ..Self::forced(id, bytes) }
    }

    /// A token that was put there: a tag, the phrase of reflection, what the person chose.
    pub fn forced(id: u32, bytes: Vec<u8>) -> Self {
        Self { id, bytes: Bytes(bytes), confidence: None, forced: true, logprob: 0.0, top: Vec::new() }
    }

    /// Its part in a mean, if it has one.
    pub fn score(&self) -> Option<Score> {
        self.confidence.filter(|_| !self.forced).map(Score::from_f32)
    }
}

/// Bytes of a token: text in JSON where they are text, a list of numbers where they cut a character.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Bytes(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Raw(Vec<u8>),
}

impl From<Written> for Bytes {
    fn from(written: Written) -> Self {
        match written {
            Written::Text(text) => Self(text.into_bytes()),
            Written::Raw(bytes) => Self(bytes),
        }
    }
}

impl From<Bytes> for Written {
    fn from(bytes: Bytes) -> Self {
        match String::from_utf8(bytes.0) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Raw(error.into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sampler::{Draw, FLAG_FAULT, Rule, SampleRow, best, reference};

    /// The record of `id` among `logits`, as the GPU writes it.
    fn record(logits: &[f32], id: u32) -> Record {
        let row = SampleRow::new(Rule::GREEDY, Draw { seed: 0, choice: 0, position: 0 }, 0, &[]);
        Record { id, logit: logits[id as usize], ..reference(logits, &row) }
    }

    fn confidence(record: &Record) -> Result<f32> {
        Ok(Token::sampled(record, Vec::new())?.confidence.unwrap())
    }

    fn close(found: f32, expected: f64) {
        assert!((f64::from(found) - expected).abs() < 1e-6, "{found}, expected {expected}");
    }

    #[test]
    fn worked_by_hand() {
        // Logits ln 8, ln 4, ln 2, ln 1, ln 1, ln 1 (in another order): the five largest sum to 8+4+2+1+1 = 16.
        let logits = [0.0, 8_f32.ln(), 2_f32.ln(), 0.0, 4_f32.ln(), 0.0];
        close(confidence(&record(&logits, 1)).unwrap(), 8.0 / 16.0);
        close(confidence(&record(&logits, 4)).unwrap(), 4.0 / 16.0);
        close(confidence(&record(&logits, 0)).unwrap(), 1.0 / 16.0);
        // Token 5 is sixth by id: outside the five, with its own numerator.
        close(confidence(&record(&logits, 5)).unwrap(), 1.0 / 16.0);
        // Two tokens in all: e^1 / (e^1 + e^0) = 0.7310586.
        close(confidence(&record(&[1.0, 0.0], 0)).unwrap(), 0.731_058_6);
        // One token in all.
        close(confidence(&record(&[-3.0], 0)).unwrap(), 1.0);
        // Far below: more than nothing.
        assert!(confidence(&record(&[0.0, -2000.0], 1)).unwrap() > 0.0);
    }

    #[test]
    fn a_logit_that_is_no_number_is_an_error() {
        let good = record(&[1.0, 0.0], 0);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(confidence(&Record { logit: bad, ..good }).is_err());
            let mut top_logits = good.top_logits;
            top_logits[1] = bad;
            assert!(confidence(&Record { top_logits, ..good }).is_err());
        }
        assert_eq!(super::confidence(-1.0, std::iter::empty()), None);
        let error = Token::sampled(&Record { flags: FLAG_FAULT, ..good }, Vec::new()).unwrap_err();
        assert_eq!(error.kind(), "bad_numbers");
    }

    #[test]
    fn only_chosen_tokens_have_a_part_in_means() {
        let mut token = Token::sampled(&record(&[0.0], 0), b"a".to_vec()).unwrap();
        assert_eq!(token.score(), Some(Score::ONE));
        token.forced = true;
        assert_eq!((token.score(), Token::forced(1, Vec::new()).score()), (None, None));
    }

    #[test]
    fn bytes_are_text_where_they_can_be() {
        for (bytes, json) in [(&b"a\n"[..], "\"a\\n\""), (&[0xe4, 0xb8], "[228,184]"), (&[], "\"\"")] {
            let bytes = Bytes(bytes.to_vec());
            assert_eq!(serde_json::to_string(&bytes).unwrap(), json);
            assert_eq!(serde_json::from_str::<Bytes>(json).unwrap(), bytes);
        }
    }

    proptest! {
        #[test]
        fn bounds_and_shift(logits in prop::collection::vec(-40.0f32..40.0, 1..60), pick in any::<prop::sample::Index>(),
            shift in -50.0f32..50.0) {
            let id = pick.index(logits.len()) as u32;
            let c = confidence(&record(&logits, id)).unwrap();
            prop_assert!(c > 0.0 && c <= 1.0);
            // Rank r gives at most 1 / min(r, 5).
            let rank = 1 + best(&logits, logits.len()).iter().position(|&i| i == id).unwrap();
            prop_assert!(f64::from(c) <= 1.0 / rank.min(TOP) as f64 + 1e-6);
            // Log-probabilities, or logits with another zero, give the same.
            let shifted: Vec<f32> = logits.iter().map(|z| z + shift).collect();
            let same = confidence(&record(&shifted, id)).unwrap();
            prop_assert!((c - same).abs() <= 1e-4 * c.max(1e-3), "{} {}", c, same);
        }

        #[test]
        fn a_token_survives_json(logprob in -100.0f32..0.0, c in 1e-30f32..1.0, ids in prop::collection::vec((0u32..9, -80.0f32..0.0), 0..5)) {
            let token = Token { id: 7, bytes: Bytes(vec![255]), confidence: Some(c), forced: false, logprob, top: ids };
            let json = serde_json::to_string(&token).unwrap();
            prop_assert_eq!(serde_json::from_str::<Token>(&json).unwrap(), token);
        }
    }
}
