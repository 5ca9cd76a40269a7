//! How many tokens a question takes before it is sent: asked of the engine, one question at a time, or estimated
//! where there is nobody to ask.

use std::collections::VecDeque;

use crate::protocol::{Message, Prompt, Request, RequestId, Role};

/// A number of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub tokens: usize,
    /// Whether the engine counted them, or they were estimated from the text.
    pub exact: bool,
}

/// What is counted.
#[derive(Debug, Clone, PartialEq)]
enum Subject {
    /// The conversation with what stands in the composer.
    Draft(Vec<Message>),
    /// A file beside it, by its key.
    File(u64, String),
}

impl Subject {
    fn estimate(&self) -> Count {
        // The template puts a few tokens around each message.
        let tokens = match self {
            Self::Draft(messages) => messages.iter().map(|message| estimate(&message.content) + 5).sum(),
            Self::File(_, text) => estimate(text),
        };
        Count { tokens, exact: false }
    }

    fn prompt(&self) -> Prompt {
        match self {
            Self::Draft(messages) => Prompt::Chat { messages: messages.clone() },
            Self::File(_, text) => Prompt::Raw { text: text.clone() },
        }
    }
}

/// What text may take: a token a letter of Chinese and its kin, one for four bytes of anything else.
pub fn estimate(text: &str) -> usize {
    let wide = text.chars().filter(|c| *c >= '\u{2e80}').count();
    let narrow: usize = text.chars().filter(|c| *c < '\u{2e80}').map(char::len_utf8).sum();
    wide + narrow.div_ceil(4)
}

/// The counts, and what is still to be counted.
#[derive(Debug, Default)]
pub struct Meter {
    /// The conversation with the draft; `None` without a draft.
    draft: Option<Count>,
    files: Vec<(u64, Count)>,
    /// What the engine is counting.
    asked: Option<(RequestId, Subject)>,
    /// What comes next; at most one draft among it.
    waiting: VecDeque<Subject>,
}

impl Meter {
    /// The conversation with the draft, once counted.
    pub fn draft(&self) -> Option<Count> {
        self.draft
    }

    /// A file, once counted.
    pub fn file(&self, key: u64) -> Option<Count> {
        self.files.iter().find(|(other, _)| *other == key).map(|(_, count)| *count)
    }

    /// Nothing is in the composer any more; what is under way about it does not count.
    pub fn clear(&mut self) {
        self.draft = None;
        self.waiting.retain(|subject| !matches!(subject, Subject::Draft(_)));
        if let Some((_, subject @ Subject::Draft(_))) = &mut self.asked {
            *subject = Subject::Draft(Vec::new());
        }
    }

    /// Wants the conversation with a draft counted, in place of any before it.
    pub fn want_draft(&mut self, mut messages: Vec<Message>, draft: &str) {
        messages.push(Message { role: Role::User, content: draft.trim().to_owned() });
        self.waiting.retain(|subject| !matches!(subject, Subject::Draft(_)));
        self.waiting.push_back(Subject::Draft(messages));
    }

    /// Wants a file counted, unless it is or will be.
    pub fn want_file(&mut self, key: u64, text: &str) {
        let about = |subject: &Subject| matches!(subject, Subject::File(other, _) if *other == key);
        let asked = self.asked.iter().any(|(_, subject)| about(subject));
        if self.file(key).is_none() && !asked && !self.waiting.iter().any(about) {
            self.waiting.push_back(Subject::File(key, text.to_owned()));
        }
    }

    /// What to ask the engine now, if anything.
    pub fn next(&mut self, id: impl FnOnce() -> RequestId) -> Option<Request> {
        if self.asked.is_some() {
            return None;
        }
        let subject = self.waiting.pop_front()?;
        let (id, prompt) = (id(), subject.prompt());
        self.asked = Some((id, subject));
        Some(Request::Tokenize { id, prompt })
    }

    /// Estimates all that waits: there is nobody who could count it.
    pub fn estimate_all(&mut self) {
        for subject in std::mem::take(&mut self.waiting) {
            self.note(&subject, subject.estimate());
        }
    }

    /// Takes the engine's answer; false where it answers something else. Without a number it is estimated.
    pub fn told(&mut self, id: RequestId, tokens: Option<usize>) -> bool {
        let Some((_, subject)) = self.asked.take_if(|(asked, _)| *asked == id) else { return false };
        let count = tokens.map_or_else(|| subject.estimate(), |tokens| Count { tokens, exact: true });
        self.note(&subject, count);
        true
    }

    /// The engine is another and will not answer what it was asked.
    pub fn restarted(&mut self) {
        self.asked = None;
    }

    fn note(&mut self, subject: &Subject, count: Count) {
        match subject {
            // The composer was emptied meanwhile.
            Subject::Draft(messages) if messages.is_empty() => {}
            Subject::Draft(_) => self.draft = Some(count),
            Subject::File(key, _) => self.files.push((*key, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(meter: &mut Meter, id: RequestId) -> Option<Prompt> {
        meter.next(|| id).map(|request| match request {
            Request::Tokenize { prompt, .. } => prompt,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn one_question_at_a_time_and_the_last_draft_counts() {
        let mut meter = Meter::default();
        meter.want_draft(Vec::new(), "a");
        assert!(
            matches!(asked(&mut meter, 1), Some(Prompt::Chat { messages }) if messages[0].content == "a")
        );
        meter.want_draft(Vec::new(), "ab");
        meter.want_file(7, "text");
        meter.want_file(7, "text");
        meter.want_draft(Vec::new(), "abc ");
        assert_eq!(asked(&mut meter, 2), None, "one is under way");
        assert!(!meter.told(9, Some(1)), "another's answer");
        assert!(meter.told(1, Some(4)));
        assert_eq!(meter.draft(), Some(Count { tokens: 4, exact: true }));
        assert_eq!(asked(&mut meter, 3), Some(Prompt::Raw { text: "text".into() }));
        assert!(meter.told(3, Some(2)));
        assert_eq!(meter.file(7).map(|count| count.tokens), Some(2));
        assert!(
            matches!(asked(&mut meter, 4), Some(Prompt::Chat { messages }) if messages[0].content == "abc")
        );
        meter.clear();
        assert!(meter.told(4, Some(9)));
        assert_eq!((meter.draft(), asked(&mut meter, 5)), (None, None));
    }

    #[test]
    fn where_nobody_counts_it_is_estimated_and_said() {
        let mut meter = Meter::default();
        meter.want_draft(vec![Message { role: Role::System, content: "x".repeat(40) }], "дважды два");
        meter.estimate_all();
        assert_eq!(meter.draft(), Some(Count { tokens: 10 + 5 + 5 + 5, exact: false }));
        meter.want_file(1, "你好");
        asked(&mut meter, 1);
        assert!(meter.told(1, None));
        assert_eq!(meter.file(1), Some(Count { tokens: 2, exact: false }));
        meter.want_file(2, "a");
        asked(&mut meter, 2);
        meter.restarted();
        assert!(!meter.told(2, Some(1)));
    }
}
