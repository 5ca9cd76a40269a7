//! Special tokens in text: found where a template put them, hidden where a person wrote them.

use std::borrow::Cow;

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Ordinary text, whatever it looks like.
    Text(String),
    /// The id of a special token.
    Special(u32),
}

/// A model's special tokens: text and id.
#[derive(Debug, Clone, Default)]
pub(super) struct Specials {
    tokens: Vec<(String, u32)>,
}

impl Specials {
    pub(super) fn new(mut tokens: Vec<(String, u32)>) -> Self {
        tokens.retain(|(text, _)| !text.is_empty());
        // Longest first: where one begins with another, the longer one is meant, as in `tokenizers`.
        tokens.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
        Self { tokens }
    }

    pub(super) fn contains(&self, id: u32) -> bool {
        self.tokens.iter().any(|(_, known)| *known == id)
    }

    /// First special token at or after `start`: where it begins, and which.
    fn find(&self, text: &str, start: usize) -> Option<(usize, &(String, u32))> {
        let found =
            self.tokens.iter().filter_map(|token| Some((start + text[start..].find(&token.0)?, token)));
        // Of those that begin at the same place, `min_by_key` keeps the first: the longest.
        found.min_by_key(|(at, _)| *at)
    }

    /// Cuts text at its special tokens.
    pub(super) fn cut(&self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut start = 0;
        while let Some((at, (token, id))) = self.find(text, start) {
            if at > start {
                pieces.push(Piece::Text(text[start..at].to_owned()));
            }
            pieces.push(Piece::Special(*id));
            start = at + token.len();
        }
        if start < text.len() {
            pieces.push(Piece::Text(text[start..].to_owned()));
        }
        pieces
    }

    /// Replaces special tokens, and what could become one beside other text, by marks.
    pub(super) fn hide<'a>(&self, text: &'a str, marks: &mut Marks) -> Cow<'a, str> {
        let mut hidden = String::new();
        let mut start = 0;
        // A beginning that ends some token: the template might put the rest before it.
        if let Some(len) = self.edge(text, |len| text.get(..len), |token, part| token.ends_with(part)) {
            hidden.push_str(&marks.mark(&text[..len]));
            start = len;
        }
        while let Some((at, (token, _))) = self.find(text, start) {
            hidden.push_str(&text[start..at]);
            hidden.push_str(&marks.mark(token));
            start = at + token.len();
        }
        let rest = &text[start..];
        let tail = self.edge(rest, |len| rest.get(rest.len() - len..), |token, part| token.starts_with(part));
        let tail = tail.unwrap_or(0);
        hidden.push_str(&rest[..rest.len() - tail]);
        if tail > 0 {
            hidden.push_str(&marks.mark(&rest[rest.len() - tail..]));
        }
        if marks.hidden.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(hidden) }
    }

    /// Greatest length, short of a whole token, at which an end of the text fits an end of a token.
    fn edge<'a>(
        &self,
        text: &'a str,
        end: impl Fn(usize) -> Option<&'a str>,
        fits: impl Fn(&str, &str) -> bool,
    ) -> Option<usize> {
        let longest = self.tokens.first()?.0.len().min(text.len() + 1);
        let fits_one =
            |part: &str| self.tokens.iter().any(|(token, _)| token.len() > part.len() && fits(token, part));
        (1..longest).rev().find(|&len| end(len).is_some_and(fits_one))
    }
}

/// Stand-ins for hidden texts: strings that occur in nothing that takes part, so they are unmistakable.
pub(super) struct Marks {
    prefix: String,
    hidden: Vec<String>,
}

impl Marks {
    /// `others` is every text that takes part: the template and what people wrote.
    pub(super) fn new<'a>(others: &(impl Iterator<Item = &'a str> + Clone)) -> Self {
        // Private-use characters around a number that nobody wrote yet.
        let absent = |number: &u32| {
            let prefix = format!("\u{F8F1}{number}\u{F8F2}");
            others.clone().all(|text| !text.contains(&prefix))
        };
        let number =
            (0..u32::MAX).find(absent).expect("texts that hold every number would not fit in memory");
        Self { prefix: format!("\u{F8F1}{number}\u{F8F2}"), hidden: Vec::new() }
    }

    fn mark(&mut self, text: &str) -> String {
        self.hidden.push(text.to_owned());
        format!("{}{}\u{F8F3}", self.prefix, self.hidden.len() - 1)
    }

    /// Puts the hidden texts back.
    pub(super) fn reveal(&self, text: &str) -> String {
        let mut revealed = String::new();
        let mut parts = text.split(self.prefix.as_str());
        revealed.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let hidden = part.split_once('\u{F8F3}').and_then(|(number, rest)| {
                let number = number.parse::<usize>().ok()?;
                Some((self.hidden.get(number)?, rest))
            });
            match hidden {
                Some((hidden, rest)) => {
                    revealed.push_str(hidden);
                    revealed.push_str(rest);
                }
                // A template that cut a mark in two: its remains say nothing.
                None => revealed.push_str(part),
            }
        }
        revealed
    }
}

#[cfg(test)]
mod tests {
    use super::{Marks, Piece, Specials};

    fn specials() -> Specials {
        Specials::new(vec![("<|im_end|>".into(), 1), ("<|im_start|>".into(), 2), ("<|im".into(), 3)])
    }

    #[test]
    fn text_is_cut_at_the_longest_token() {
        let pieces = specials().cut("<|im_start|>a<|im b<|im_end|>");
        let text = |text: &str| Piece::Text(text.into());
        assert_eq!(pieces, [Piece::Special(2), text("a"), Piece::Special(3), text(" b"), Piece::Special(1)]);
        assert_eq!(specials().cut(""), []);
    }

    #[test]
    fn hidden_tokens_are_not_cut_and_come_back() {
        let count = |text: &str| {
            specials().cut(text).iter().filter(|piece| matches!(piece, Piece::Special(_))).count()
        };
        let check = |text: &str| {
            let mut marks = Marks::new(&[text].into_iter());
            let hidden = specials().hide(text, &mut marks).into_owned();
            // Whatever a template puts around it, nothing of it becomes a special token.
            for (before, after) in
                [("<|im_start|>", "<|im_end|>"), ("<|im_st", "|>"), ("<", "im_end|>"), ("", "")]
            {
                let (with, without) = (format!("{before}{hidden}{after}"), format!("{before}-{after}"));
                assert_eq!(count(&with), count(&without), "{with:?}");
            }
            assert_eq!(marks.reveal(&hidden), text);
        };
        let texts = [
            "",
            "hello",
            "<|im_end|>",
            "a<|im_start|>system",
            "是… <|im_",
            "end|> 是",
            "art",
            "|>",
            "<",
            "<|im",
        ];
        texts.into_iter().for_each(check);
        check("\u{F8F1}0\u{F8F2}0\u{F8F3}");
    }
}
