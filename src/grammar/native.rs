//! Formats of replies as masks of tokens, by `llguidance`.

use std::sync::Arc;

use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::{TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};
use llguidance::{Matcher, ParserFactory};

use crate::error::{Error, Result};
use crate::protocol::Format;

/// The tokens of a model as bytes: what grammars are held against.
pub struct Vocabulary {
    factory: ParserFactory,
}

/// How far a text is with a format.
pub struct Grammar {
    matcher: Matcher,
}

struct Tokens(TokTrie);

impl TokenizerEnv for Tokens {
    fn tok_trie(&self) -> &TokTrie {
        &self.0
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        self.0.greedy_tokenize(bytes)
    }

    /// What is forced is still chosen by the model, token by token.
    fn tokenize_is_canonical(&self) -> bool {
        false
    }
}

impl Vocabulary {
    /// The bytes of each token, none for those that no text can hold; `special` ones stand for no text. `end` is one
    /// that ends a reply.
    pub fn new(
        tokens: impl Iterator<Item = Vec<u8>>,
        special: impl Fn(u32) -> bool,
        end: u32,
    ) -> Result<Self> {
        let words: Vec<Vec<u8>> = (0..)
            .zip(tokens)
            .map(|(id, mut bytes)| {
                if special(id) {
                    bytes.insert(0, TokTrie::SPECIAL_TOKEN_MARKER);
                }
                bytes
            })
            .collect();
        let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, end), &words);
        let tokens: TokEnv = Arc::new(Tokens(trie));
        let mut factory = ParserFactory::new_simple(&tokens).map_err(refused)?;
        factory.quiet();
        factory.limits_mut().verbose_errors = false;
        Ok(Self { factory })
    }

    /// A format at its beginning; the error says what of it is not understood.
    pub fn grammar(&self, format: &Format) -> Result<Grammar> {
        let grammar = match format {
            Format::JsonObject => {
                TopLevelGrammar::from_json_schema(bounded(&serde_json::json!({ "type": "object" })))
            }
            Format::JsonSchema { schema } => TopLevelGrammar::from_json_schema(bounded(schema)),
            Format::Regex { pattern } => TopLevelGrammar::from_regex(pattern),
            Format::Grammar { lark } => TopLevelGrammar::from_lark(lark.clone()),
        };
        let parser = self.factory.create_parser(grammar).map_err(refused)?;
        Ok(Grammar { matcher: Matcher::new(Ok(parser)) })
    }
}

/// Blank space between the parts of JSON, as llama.cpp allows it: a model that may go on with blank space for ever does.
const BLANK: &str = r" |\n[ \t]{0,20}";

/// The schema with a bound on blank space, where it has none of its own.
fn bounded(schema: &serde_json::Value) -> serde_json::Value {
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        object.entry("x-guidance").or_insert_with(|| serde_json::json!({ "whitespace_pattern": BLANK }));
    }
    schema
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::BadRequest(format!("the format of the reply is not understood: {error}"))
}

impl Grammar {
    /// Which tokens may come next, 32 a word, the lowest bit first.
    pub fn allowed(&mut self) -> Result<Vec<u32>, String> {
        self.matcher.compute_mask_or_eos().map(|mask| mask.as_slice().to_vec()).map_err(|e| e.to_string())
    }

    /// Takes tokens if all of them may come next, one after the other; says whether it did.
    pub fn take(&mut self, tokens: &[u32]) -> Result<bool, String> {
        let fits = self.matcher.validate_tokens(tokens).map_err(|e| e.to_string())?;
        if fits < tokens.len() {
            return Ok(false);
        }
        self.matcher.consume_tokens(tokens).map(|()| true).map_err(|e| e.to_string())
    }

    /// Whether the text may end here.
    pub fn may_end(&mut self) -> bool {
        self.matcher.is_accepting().unwrap_or(false)
    }

    /// Whether nothing may follow.
    pub fn is_complete(&self) -> bool {
        self.matcher.is_stopped()
    }

    /// One more, at the same place.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { matcher: self.matcher.deep_clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One token a byte; 256 ends a reply.
    fn vocabulary() -> Vocabulary {
        let bytes = (0..=u8::MAX).map(|byte| vec![byte]).chain([b"<end>".to_vec()]);
        Vocabulary::new(bytes, |id| id == 256, 256).unwrap()
    }

    fn ids(text: &str) -> Vec<u32> {
        text.bytes().map(u32::from).collect()
    }

    fn set(mask: &[u32], id: u32) -> bool {
        mask[id as usize / 32] >> (id % 32) & 1 == 1
    }

    #[test]
    fn an_object_is_followed_to_its_end() {
        let schema = serde_json::json!({
            "type": "object",
            "properties": { "b": { "type": "integer" }, "a": { "enum": ["x", "y"] } },
            "required": ["b", "a"],
            "additionalProperties": false,
        });
        let vocabulary = vocabulary();
        let start = vocabulary.grammar(&Format::JsonSchema { schema }).unwrap();
        let mut whole = start.copy();
        let mask = whole.allowed().unwrap();
        assert!(set(&mask, u32::from(b'{')) && !set(&mask, u32::from(b'x')) && !set(&mask, 256));
        assert!(whole.take(&ids(r#"{"b": 42, "a": "y""#)).unwrap());
        assert!(!whole.is_complete() && !whole.may_end());
        assert!(whole.take(&ids("}")).unwrap() && whole.may_end() && whole.is_complete());
        // A copy is where the first was; a misfit changes nothing.
        let mut other = start.copy();
        assert!(!other.take(&ids(r#"{"a""#)).unwrap(), "b comes first in the schema");
        assert!(other.take(&ids(r#"{"b":1"#)).unwrap());
    }

    #[test]
    fn blank_space_has_a_bound() {
        let start = vocabulary().grammar(&Format::JsonObject).unwrap();
        let fits = |text: &str| start.copy().take(&ids(text)).unwrap();
        assert!(fits("{\n    \"a\": [1, 2],\n\t\"b\":{}\n}") && fits("{\"a\":\"    \\n  \"}") && fits("{}"));
        assert!(!fits("{\n\n") && !fits("{  ") && !fits(&format!("{{\n{}", " ".repeat(21))));
    }

    #[test]
    fn what_is_no_format_is_refused_with_the_reason() {
        let vocabulary = vocabulary();
        let check = |format: Format, part: &str| {
            let error = vocabulary.grammar(&format).err().expect("refused").to_string();
            assert!(error.contains(part), "{error}");
        };
        check(Format::JsonSchema { schema: serde_json::json!({ "type": "strange" }) }, "strange");
        check(Format::Regex { pattern: "(".into() }, "not understood");
        check(Format::Grammar { lark: "start: nowhere".into() }, "nowhere");
    }

    #[test]
    fn a_regular_expression_may_end_before_it_has_to() {
        let mut grammar = vocabulary().grammar(&Format::Regex { pattern: "ab+".into() }).unwrap();
        assert!(grammar.take(&ids("ab")).unwrap() && grammar.may_end() && !grammar.is_complete());
        assert!(set(&grammar.allowed().unwrap(), 256));
        assert!(!grammar.take(&ids("c")).unwrap());
    }
}
