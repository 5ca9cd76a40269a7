//! The tokens of a reply, one by one: what each said, how sure the model was of it, what else it could have been.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::{Channel, TopLogprob, confidence};

/// Alternatives that are asked for with every reply; the confidence is a share among so many.
pub const ALTERNATIVES: u32 = 5;

/// A token that could have stood in a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// Its id.
    pub token: u32,
    /// Its text; a token that is part of a character is shown as `�`.
    pub text: String,
    /// Natural logarithm of its probability.
    pub logprob: f32,
}

/// A token that was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct Told {
    /// Its id.
    pub token: u32,
    /// Its own text, tags too.
    pub text: String,
    /// Thought or output.
    pub channel: Channel,
    /// Natural logarithm of its probability.
    pub logprob: f32,
    /// The most probable tokens, best first; empty where the engine does not tell them.
    pub top: Vec<Alternative>,
    /// What it added to the reply's text, where that is not its own: tags add nothing, and what might have begun
    /// one comes late.
    said: Option<String>,
}

/// A token as it is kept: an array, since there are thousands of them. Id, text, channel, log-probability,
/// alternatives, and what it added to the text where that is something else.
#[derive(Serialize, Deserialize)]
struct Kept(
    u32,
    String,
    char,
    f32,
    Vec<(u32, String, f32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<String>,
);

/// Enough digits for a percentage.
fn rounded(logprob: f32) -> f32 {
    (logprob * 1e4).round() / 1e4
}

impl From<Told> for Kept {
    fn from(told: Told) -> Self {
        let channel = if told.channel == Channel::Thought { 't' } else { 'o' };
        let top =
            told.top.into_iter().map(|other| (other.token, other.text, rounded(other.logprob))).collect();
        Self(told.token, told.text, channel, rounded(told.logprob), top, told.said)
    }
}

impl From<Kept> for Told {
    fn from(Kept(token, text, channel, logprob, top, said): Kept) -> Self {
        let channel = if channel == 't' { Channel::Thought } else { Channel::Output };
        let top =
            top.into_iter().map(|(token, text, logprob)| Alternative { token, text, logprob }).collect();
        Self { token, text, channel, logprob, top, said }
    }
}

impl Told {
    /// A token as the engine tells it; `said` is the text that came with it.
    pub fn new(token: u32, channel: Channel, said: &str, logprob: f32, top: Vec<TopLogprob>) -> Self {
        let top: Vec<_> = top
            .into_iter()
            .map(|other| Alternative { token: other.token, text: other.text, logprob: other.logprob })
            .collect();
        // Its own text stands among the alternatives, unless it was less probable than all of them.
        let own = top.iter().find(|other| other.token == token).map(|other| other.text.clone());
        let text = own.unwrap_or_else(|| said.to_owned());
        let said = (text != said).then(|| said.to_owned());
        Self { token, text, channel, logprob, top, said }
    }

    /// What it added to the text of the reply.
    pub fn said(&self) -> &str {
        self.said.as_deref().unwrap_or(&self.text)
    }

    /// Takes text that came after it without a token of its own.
    pub fn say(&mut self, text: &str) {
        self.said = Some(format!("{}{text}", self.said())).filter(|said| *said != self.text);
    }

    /// How sure the model was of it, 0 to 1; the measure of the searches.
    pub fn confidence(&self) -> Option<f32> {
        confidence(self.logprob, self.top.iter().map(|other| other.logprob))
    }

    /// Another token in its place.
    fn replaced(&self, by: &Alternative) -> Self {
        // What may begin a tag, or is a part of a character, is told by the engine when it is certain.
        let said = by.text.contains(['<', '\u{fffd}']).then(String::new);
        Self { token: by.token, text: by.text.clone(), logprob: by.logprob, said, ..self.clone() }
    }
}

/// The beginning of another reply: the tokens before `at`, and in the place of that one its alternative `other`.
pub fn beginning(told: &[Arc<Told>], at: usize, other: usize) -> Option<Vec<Arc<Told>>> {
    let replaced = told.get(at)?;
    let other = replaced.top.get(other)?;
    let mut beginning = told[..at].to_vec();
    beginning.push(Arc::new(replaced.replaced(other)));
    Some(beginning)
}

/// The texts of a reply that begins with these tokens: of the thought, and of the output.
pub fn texts(told: &[Arc<Told>]) -> (String, String) {
    let of = |channel| told.iter().filter(|told| told.channel == channel).map(|told| told.said()).collect();
    (of(Channel::Thought), of(Channel::Output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn top(texts: &[(u32, &str, f32)]) -> Vec<TopLogprob> {
        let one = |&(token, text, share): &(u32, &str, f32)| TopLogprob {
            token,
            text: text.into(),
            logprob: share.ln(),
            bytes: None,
        };
        texts.iter().map(one).collect()
    }

    fn told() -> Vec<Arc<Told>> {
        let tag =
            Told::new(1, Channel::Thought, "", 0.5_f32.ln(), top(&[(1, "<Thought>", 0.5), (2, "So", 0.3)]));
        let word =
            Told::new(3, Channel::Thought, "Two", 0.6_f32.ln(), top(&[(3, "Two", 0.6), (4, " <", 0.2)]));
        let rare = Told::new(9, Channel::Output, "4", 0.01_f32.ln(), top(&[(5, "5", 0.9)]));
        [tag, word, rare].map(Arc::new).to_vec()
    }

    #[test]
    fn a_token_has_its_own_text_and_what_it_added() {
        let told = told();
        assert_eq!((told[0].text.as_str(), told[0].said()), ("<Thought>", ""));
        assert_eq!((told[1].text.as_str(), told[1].said()), ("Two", "Two"));
        assert_eq!(told[2].text, "4", "not among the alternatives");
        assert_eq!(texts(&told), ("Two".into(), "4".into()));
    }

    #[test]
    fn the_confidence_is_that_of_the_searches() {
        let told = told();
        assert!((told[0].confidence().unwrap() - 0.5 / 0.8).abs() < 1e-6);
        assert!((told[2].confidence().unwrap() - 0.01 / 0.9).abs() < 1e-6);
        assert_eq!(Told::new(1, Channel::Output, "a", -0.1, Vec::new()).confidence(), None);
    }

    #[test]
    fn tokens_survive_being_kept() {
        let mut told = told();
        Arc::make_mut(&mut told[1]).say(" and");
        assert_eq!(told[1].said(), "Two and");
        let json = serde_json::to_string(&told).unwrap();
        assert!(json.contains("[9,\"4\",\"o\",-4.6052,[[5,\"5\",-0.1054]]]"), "{json}");
        let back: Vec<Arc<Told>> =
            serde_json::from_str::<Vec<Told>>(&json).unwrap().into_iter().map(Arc::new).collect();
        assert_eq!(texts(&back), texts(&told));
        assert_eq!(back[1].top[1].text, " <");
        assert!((back[0].confidence().unwrap() - told[0].confidence().unwrap()).abs() < 1e-3);
    }

    #[test]
    fn another_reply_begins_with_the_tokens_before_and_the_alternative() {
        let told = told();
        let ids = |list: &[Arc<Told>]| list.iter().map(|told| told.token).collect::<Vec<_>>();
        let other = beginning(&told, 2, 0).unwrap();
        assert_eq!((ids(&other), texts(&other)), (vec![1, 3, 5], ("Two".into(), "5".into())));
        let held = beginning(&told, 1, 1).unwrap();
        assert_eq!(
            (ids(&held), texts(&held)),
            (vec![1, 4], (String::new(), String::new())),
            "it may begin a tag"
        );
        assert_eq!((beginning(&told, 3, 0), beginning(&told, 0, 2)), (None, None));
    }
}
