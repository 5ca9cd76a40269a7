//! Keeps a reply to its format: what may come next while the model opens its thought, thinks, and answers.
//!
//! A thought is free; the format is about the answer. Before the answer there may be the tags of the model's own way to
//! think, and blank space. Tags are ordinary text, which tokens cut as they like: a token may end a tag and begin the
//! answer.

use std::rc::Rc;

use crate::error::{Error, Result};
use crate::grammar::{Grammar, Vocabulary};
use crate::protocol::{Format, ThoughtFormat};
use crate::sampler::{Guide, Taken};
use crate::text::{self, MARCO, THINK, Tokenizer};

/// Blank tokens before a tag or an answer, at most: a model could go on with them for ever.
const MOST_BLANKS: usize = 2;

/// What formats need to know of a model's tokens.
pub(super) struct Formats {
    tokenizer: Rc<Tokenizer>,
    /// Bytes of each token; none for special ones.
    words: Rc<Vec<Vec<u8>>>,
    vocabulary: Vocabulary,
    end_tokens: Vec<u32>,
}

impl Formats {
    pub(super) fn new(tokenizer: Rc<Tokenizer>, end_tokens: &[u32]) -> Result<Self> {
        let bytes = |id| tokenizer.token_bytes(id).into_owned();
        let end = end_tokens.first().copied().unwrap_or_default();
        let ids = 0..tokenizer.id_count();
        let vocabulary = Vocabulary::new(ids.clone().map(bytes), |id| tokenizer.is_special(id), end)?;
        let words = ids.map(|id| if tokenizer.is_special(id) { Vec::new() } else { bytes(id) }).collect();
        Ok(Self { tokenizer, words: Rc::new(words), vocabulary, end_tokens: end_tokens.to_vec() })
    }

    /// A guide for replies of a model that thinks so; `opened` is the thought that the prompt has opened.
    pub(super) fn guide(
        &self,
        format: &Format,
        thoughts: ThoughtFormat,
        opened: Option<&'static text::Format>,
    ) -> Result<Box<dyn Guide>> {
        let grammar = self.vocabulary.grammar(format)?;
        let phase = match (opened, thoughts) {
            (Some(format), _) => Phase::Thought { format, tail: Vec::new() },
            (None, ThoughtFormat::Marco) => Phase::before(Some(Tag::Thought(&MARCO))),
            (None, ThoughtFormat::Think) => Phase::before(Some(Tag::Thought(&THINK))),
            (None, ThoughtFormat::None) => Phase::Answer,
        };
        let (tokenizer, words) = (self.tokenizer.clone(), self.words.clone());
        let mut guide = FormatGuide { tokenizer, words, grammar, end_tokens: self.end_tokens.clone(), phase };
        // What cannot begin is better known now.
        guide.grammar.allowed().map_err(Error::BadRequest)?;
        Ok(Box::new(guide))
    }
}

/// A tag that may come.
#[derive(Debug, Clone, Copy)]
enum Tag {
    Thought(&'static text::Format),
    Output(&'static str),
}

impl Tag {
    fn text(self) -> &'static [u8] {
        match self {
            Self::Thought(format) => format.open.as_bytes(),
            Self::Output(text) => text.as_bytes(),
        }
    }
}

/// How far a reply is.
#[derive(Debug, Clone)]
enum Phase {
    /// A tag may come, or the answer; `seen` of the tag is there already.
    Before { tag: Option<Tag>, seen: Vec<u8>, blanks: usize },
    /// Anything; `tail` may be the start of the tag that closes it.
    Thought { format: &'static text::Format, tail: Vec<u8> },
    /// What the grammar allows.
    Answer,
}

impl Phase {
    fn before(tag: Option<Tag>) -> Self {
        Self::Before { tag, seen: Vec::new(), blanks: 0 }
    }
}

struct FormatGuide {
    tokenizer: Rc<Tokenizer>,
    words: Rc<Vec<Vec<u8>>>,
    grammar: Grammar,
    end_tokens: Vec<u32>,
    phase: Phase,
}

impl std::fmt::Debug for FormatGuide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FormatGuide").field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl FormatGuide {
    /// Where more text leads; `None` if it cannot stand here. The grammar has taken what is of the answer.
    fn advance(&mut self, phase: Phase, bytes: &[u8]) -> Result<Option<Phase>, String> {
        if bytes.is_empty() {
            return Ok(Some(phase));
        }
        match phase {
            Phase::Before { tag, mut seen, blanks } => {
                let text = if seen.is_empty() { bytes.trim_ascii_start() } else { bytes };
                if text.is_empty() {
                    return Ok((blanks < MOST_BLANKS).then_some(Phase::Before {
                        tag,
                        seen,
                        blanks: blanks + 1,
                    }));
                }
                let begun = !seen.is_empty();
                seen.extend_from_slice(text);
                if let Some(tag) = tag {
                    let whole = tag.text();
                    if let Some(rest) = seen.strip_prefix(whole) {
                        let next = match tag {
                            Tag::Thought(format) => Phase::Thought { format, tail: Vec::new() },
                            Tag::Output(_) => Phase::before(None),
                        };
                        return self.advance(next, rest);
                    }
                    if whole.starts_with(&seen) {
                        return Ok(Some(Phase::Before { tag: Some(tag), seen, blanks }));
                    }
                }
                if begun { Ok(None) } else { self.advance(Phase::Answer, text) }
            }
            Phase::Thought { format, mut tail } => {
                tail.extend_from_slice(bytes);
                let output = format.output.map(|(open, _)| open);
                if let Some(rest) = after(&tail, format.close.as_bytes()) {
                    return self.advance(Phase::before(output.map(Tag::Output)), rest);
                }
                // A model may forget to close its thought: an output that opens a line is meant.
                let line = output.map(|open| format!("\n{open}"));
                if let Some(rest) = line.as_ref().and_then(|line| after(&tail, line.as_bytes())) {
                    return self.advance(Phase::before(None), rest);
                }
                let longest = line.map_or(0, |line| line.len()).max(format.close.len());
                tail.drain(..tail.len().saturating_sub(longest - 1));
                Ok(Some(Phase::Thought { format, tail }))
            }
            Phase::Answer => {
                // The same text in other tokens is the same to the grammar.
                let Ok(text) = std::str::from_utf8(bytes) else { return Ok(None) };
                let tokens = self.tokenizer.encode(text).map_err(|error| error.to_string())?;
                Ok(self.grammar.take(&tokens)?.then_some(Phase::Answer))
            }
        }
    }
}

/// What follows the first `part` in `text`.
fn after<'a>(text: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(part.len()).position(|window| window == part)?;
    Some(&text[at + part.len()..])
}

fn set(mask: &mut [u32], id: usize, value: bool) {
    if let Some(word) = mask.get_mut(id / 32) {
        *word = *word & !(1 << (id % 32)) | u32::from(value) << (id % 32);
    }
}

impl Guide for FormatGuide {
    fn allowed(&mut self) -> Result<Option<Vec<u32>>, String> {
        let mut mask = match &self.phase {
            Phase::Thought { .. } => vec![u32::MAX; self.words.len().div_ceil(32)],
            // Half of a tag is no answer.
            Phase::Before { seen, .. } if !seen.is_empty() => vec![0; self.words.len().div_ceil(32)],
            Phase::Before { .. } | Phase::Answer => self.grammar.allowed()?,
        };
        if let Phase::Before { tag, seen, blanks } = &self.phase {
            let rest = tag.map_or(&[][..], |tag| &tag.text()[seen.len()..]);
            for (id, word) in self.words.iter().enumerate() {
                let word = if seen.is_empty() { word.trim_ascii_start() } else { word };
                let blank = word.is_empty() && !self.words[id].is_empty() && *blanks < MOST_BLANKS;
                let tagged = !word.is_empty()
                    && !rest.is_empty()
                    && (rest.starts_with(word) || word.starts_with(rest));
                if blank || tagged {
                    set(&mut mask, id, true);
                }
            }
        }
        let may_end = matches!(self.phase, Phase::Answer) && self.grammar.may_end();
        for &end in &self.end_tokens {
            set(&mut mask, end as usize, may_end);
        }
        Ok(Some(mask))
    }

    fn take(&mut self, token: u32) -> Result<Taken, String> {
        if self.end_tokens.contains(&token) {
            return Ok(Taken::Complete);
        }
        let next = match self.phase.clone() {
            Phase::Answer => self.grammar.take(&[token])?.then_some(Phase::Answer),
            phase => {
                let words = self.words.clone();
                let word = words.get(token as usize).map_or(&[][..], Vec::as_slice);
                // Blank space before an answer says nothing yet: a tag may follow.
                let blank = word.trim_ascii_start().is_empty();
                let fresh = matches!(&phase, Phase::Before { seen, .. } if seen.is_empty());
                if fresh && !blank && self.grammar.take(&[token])? {
                    Some(Phase::Answer)
                } else {
                    self.advance(phase, word)?
                }
            }
        };
        let Some(next) = next else { return Ok(Taken::Refused) };
        self.phase = next;
        let complete = matches!(self.phase, Phase::Answer) && self.grammar.is_complete();
        Ok(if complete { Taken::Complete } else { Taken::GoesOn })
    }

    fn copy(&self) -> Box<dyn Guide> {
        Box::new(Self {
            tokenizer: self.tokenizer.clone(),
            words: self.words.clone(),
            grammar: self.grammar.copy(),
            end_tokens: self.end_tokens.clone(),
            phase: self.phase.clone(),
        })
    }
}
