//! One reply as it grows: its two parts, its counts, its clock.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::protocol::{
    Channel, FinishReason, ModelInfo, RequestId, SamplingOptions, SearchOptions, ThoughtFormat, Usage,
};

use super::notices::Notice;
use super::tokens::Told;

/// How far a reply has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The model is not loaded yet.
    Queued,
    /// Sent; the prompt is being read.
    Reading,
    /// Tokens arrive.
    Writing,
    /// It ended.
    Done(FinishReason),
    /// It ended in an error.
    Failed,
    /// The page went away in the middle of it.
    Interrupted,
}

/// How a reply was asked for: what it takes to go on with it as if it had not stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The system prompt.
    #[serde(default)]
    pub system: String,
    /// How tokens are chosen.
    #[serde(default)]
    pub sampling: SamplingOptions,
    /// How it is searched for, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchOptions>,
}

/// A reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The request it answers.
    pub id: RequestId,
    /// How far it has come.
    pub status: Status,
    /// Text of the thought.
    pub thought: String,
    /// Text of the output, Markdown.
    pub output: String,
    /// The whole reply as the engine tells it at the end, tags included.
    pub whole: Option<String>,
    /// Tokens of the thought so far.
    pub thought_tokens: usize,
    /// Tokens so far.
    pub tokens: usize,
    /// The tokens one by one; each apart, since a reply is copied for every frame that shows it.
    pub told: Vec<Arc<Told>>,
    /// Tokens of the prompt, and how many of them were kept from before.
    pub prompt: (usize, usize),
    /// When it was asked for, in milliseconds of the page's clock.
    pub asked_ms: f64,
    /// When its first and its last token came.
    pub span_ms: Option<(f64, f64)>,
    /// When the thought ended.
    pub thought_end_ms: Option<f64>,
    /// The engine's own count, at the end.
    pub usage: Option<Usage>,
    /// Seed it was made with.
    pub seed: u64,
    /// Name of the model that makes it; empty until it is asked.
    pub model: Arc<str>,
    /// How that model marks its thoughts.
    pub thoughts: ThoughtFormat,
    /// Tokens that were there when it went on, and of them those of the thought: the engine counts them as prompt.
    pub begun: (usize, usize),
    /// How it was asked for, once it was sent.
    pub asked: Option<Arc<Asked>>,
    /// Why it failed, where that concerns this reply alone.
    pub failure: Option<Notice>,
}

impl Reply {
    /// A reply of which nothing has come.
    pub fn new(id: RequestId, status: Status, seed: u64, now_ms: f64) -> Self {
        Self {
            id,
            status,
            thought: String::new(),
            output: String::new(),
            whole: None,
            thought_tokens: 0,
            tokens: 0,
            told: Vec::new(),
            prompt: (0, 0),
            asked_ms: now_ms,
            span_ms: None,
            thought_end_ms: None,
            usage: None,
            seed,
            model: "".into(),
            thoughts: ThoughtFormat::None,
            begun: (0, 0),
            asked: None,
            failure: None,
        }
    }

    /// Whether it was searched for.
    pub fn is_search(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.search.is_some())
    }

    /// Whether it ended before its end, and what there is of it can be gone on from.
    pub fn is_cut(&self) -> bool {
        matches!(
            self.status,
            Status::Interrupted
                | Status::Failed
                | Status::Done(FinishReason::Cancelled | FinishReason::Length)
        )
    }

    /// Goes on as `id`; the time that it lay does not count.
    pub fn resume(&mut self, id: RequestId, now_ms: f64) {
        let lay = now_ms - self.span_ms.map_or(self.asked_ms, |(_, last)| last);
        self.asked_ms += lay;
        self.span_ms = self.span_ms.map(|(first, last)| (first + lay, last + lay));
        self.thought_end_ms = self.thought_end_ms.map(|ms| ms + lay);
        (self.id, self.status, self.failure) = (id, Status::Reading, None);
        self.begun = (self.told.len(), self.thought_tokens);
    }

    /// Takes the engine's counts at the end.
    pub fn count(&mut self, usage: &Usage) {
        let (tokens, thought) = self.begun;
        self.usage = Some(Usage {
            prompt_tokens: usage.prompt_tokens.saturating_sub(tokens),
            completion_tokens: usage.completion_tokens + tokens,
            reasoning_tokens: usage.reasoning_tokens + thought,
            // Of the part that came last: its speed would be that of all tokens.
            decode_ms: if tokens > 0 { 0.0 } else { usage.decode_ms },
            ..usage.clone()
        });
    }

    /// Notes which model makes it.
    pub fn by(&mut self, model: &ModelInfo) {
        self.model = model.name.as_str().into();
        self.thoughts = model.thoughts;
    }

    /// Whether more may come.
    pub fn is_open(&self) -> bool {
        matches!(self.status, Status::Queued | Status::Reading | Status::Writing)
    }

    /// Whether the thought is being written.
    pub fn is_thinking(&self) -> bool {
        self.status == Status::Writing && self.output.trim().is_empty() && self.thought_tokens > 0
    }

    /// Takes one token.
    pub fn push(&mut self, channel: Channel, text: &str, now_ms: f64) {
        self.status = Status::Writing;
        self.tokens += 1;
        self.touch(now_ms);
        self.append(channel, text);
        match channel {
            Channel::Thought => self.thought_tokens += 1,
            Channel::Output => {
                self.thought_end_ms.get_or_insert(now_ms);
            }
        }
    }

    /// Keeps what is known of the token that was taken last.
    pub fn tell(&mut self, told: Told) {
        self.told.push(Arc::new(told));
    }

    /// Takes text that came late, after the token it belongs to.
    pub fn tell_late(&mut self, channel: Channel, text: &str) {
        self.append(channel, text);
        if let Some(last) = self.told.last_mut() {
            Arc::make_mut(last).say(text);
        }
    }

    /// Notes that something was written for it, whatever became of that.
    pub fn touch(&mut self, now_ms: f64) {
        self.span_ms = Some((self.span_ms.map_or(now_ms, |(first, _)| first), now_ms));
    }

    /// Takes text without a token of its own.
    pub fn append(&mut self, channel: Channel, text: &str) {
        match channel {
            Channel::Thought => self.thought.push_str(text),
            Channel::Output => self.output.push_str(text),
        }
    }

    /// Whether there is a thought to show: some text, or one that is about to have some.
    pub fn has_thought(&self) -> bool {
        !self.thought.trim().is_empty() || self.is_thinking()
    }

    /// The reply as `model` is to see it in the next turn: all of its own, only the output of another's,
    /// whose tags it does not know.
    pub fn for_model(&self, model: &str) -> String {
        if *self.model == *model { self.raw() } else { self.output.trim().to_owned() }
    }

    /// The whole reply as the model wrote it, for the next turn's prompt: to the letter, so that the
    /// engine finds the keys and values of it again.
    ///
    /// A reply that was cut off gets its tags set anew, always closed, so that it does not leave the
    /// next turn inside a thought. A reply without a thought had no tags.
    pub fn raw(&self) -> String {
        if let (Some(whole), Status::Done(FinishReason::Stop)) = (&self.whole, self.status) {
            return whole.clone();
        }
        let output = self.output.trim_matches('\n');
        let thought = self.thought.trim_matches('\n');
        match self.thoughts {
            _ if self.thought.is_empty() => output.to_owned(),
            ThoughtFormat::Marco => {
                format!("<Thought>\n{thought}\n</Thought>\n<Output>\n{output}\n</Output>")
            }
            ThoughtFormat::Think => format!("<think>\n{thought}\n</think>\n\n{output}"),
            ThoughtFormat::None => format!("{thought}\n{output}"),
        }
    }

    /// What "Copy" takes: the output, or the thought where there is nothing else.
    pub fn copy_text(&self) -> &str {
        let output = self.output.trim();
        if output.is_empty() { self.thought.trim() } else { output }
    }

    /// How long the thought took, in milliseconds.
    pub fn thought_ms(&self) -> Option<f64> {
        let (_, last) = self.span_ms?;
        Some((self.thought_end_ms.unwrap_or(last) - self.asked_ms).max(0.0))
    }

    /// Tokens a second after the first.
    pub fn tokens_per_s(&self) -> Option<f64> {
        let (tokens, ms) = match (&self.usage, self.span_ms) {
            (Some(usage), _) if usage.decode_ms > 0.0 => (usage.completion_tokens, usage.decode_ms),
            (_, Some((first, last))) => (self.tokens, last - first),
            (_, None) => return None,
        };
        (tokens > 1 && ms > 0.0).then(|| (tokens - 1) as f64 * 1000.0 / ms)
    }

    /// From asking to the first token, in milliseconds.
    pub fn first_token_ms(&self) -> Option<f64> {
        self.usage
            .as_ref()
            .filter(|usage| usage.completion_tokens > 0 && usage.first_token_ms > 0.0)
            .map(|usage| usage.first_token_ms)
            .or_else(|| self.span_ms.map(|(first, _)| first - self.asked_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_raw_reply_has_its_tags_again() {
        let mut reply = Reply::new(1, Status::Reading, 0, 0.0);
        assert_eq!(reply.raw(), "");
        reply.push(Channel::Output, "4", 1.0);
        assert_eq!(reply.raw(), "4");
        reply.thought = "\n2+2\n".into();
        reply.thoughts = ThoughtFormat::Think;
        assert_eq!(reply.raw(), "<think>\n2+2\n</think>\n\n4");
        reply.thoughts = ThoughtFormat::Marco;
        assert_eq!(reply.raw(), "<Thought>\n2+2\n</Thought>\n<Output>\n4\n</Output>");
        reply.whole = Some("<Thought>2+2</Thought>4".into());
        assert_eq!(reply.raw(), "<Thought>\n2+2\n</Thought>\n<Output>\n4\n</Output>", "not finished");
        reply.status = Status::Done(FinishReason::Stop);
        assert_eq!(reply.raw(), "<Thought>2+2</Thought>4");
    }

    #[test]
    fn another_model_sees_only_the_output() {
        let mut reply = Reply::new(1, Status::Reading, 0, 0.0);
        let thoughts = ThoughtFormat::Marco;
        reply.by(&ModelInfo { name: "Marco".into(), thoughts, ..ModelInfo::default() });
        reply.push(Channel::Thought, "2+2", 1.0);
        reply.push(Channel::Output, "\n4\n", 1.0);
        assert!(reply.for_model("Marco").starts_with("<Thought>\n2+2"));
        assert_eq!(reply.for_model("Qwen"), "4");
    }

    #[test]
    fn a_thought_of_nothing_is_not_shown() {
        let mut reply = Reply::new(1, Status::Reading, 0, 0.0);
        assert!(!reply.has_thought());
        reply.push(Channel::Thought, "", 1.0);
        assert!(reply.has_thought(), "it is about to have some text");
        reply.push(Channel::Thought, "\n\n", 1.0);
        reply.push(Channel::Output, "4", 2.0);
        assert!(!reply.has_thought());
        reply.thought = "2+2".into();
        assert!(reply.has_thought());
    }

    #[test]
    fn clocks_and_counts() {
        let mut reply = Reply::new(1, Status::Reading, 0, 1000.0);
        assert_eq!(reply.tokens_per_s(), None);
        reply.push(Channel::Thought, "a", 1200.0);
        assert!(reply.is_thinking());
        assert_eq!(reply.tokens_per_s(), None);
        reply.push(Channel::Thought, "", 1250.0);
        reply.push(Channel::Output, "b", 1300.0);
        assert!(!reply.is_thinking());
        assert_eq!((reply.thought_tokens, reply.tokens), (2, 3));
        assert_eq!(reply.tokens_per_s(), Some(20.0));
        assert_eq!(reply.first_token_ms(), Some(200.0));
        assert_eq!(reply.thought_ms(), Some(300.0));
        reply.usage = Some(Usage { completion_tokens: 3, decode_ms: 50.0, ..Usage::default() });
        assert_eq!(reply.tokens_per_s(), Some(40.0));
    }
}
