//! A reply from elsewhere, as the events of a reply here.

use crate::protocol::{Channel, Event, FinishReason, RequestId, SamplingOptions, ThoughtFormat, TopLogprob};
use crate::text::{Format, MARCO, ReplyParser, THINK};

/// One of the replies to a request.
pub(super) struct RemoteReply {
    request: RequestId,
    pub(super) choice: u32,
    parser: ReplyParser,
    format: &'static Format,
    bytes: bool,
    /// Everything said, tags included: where the server takes them out, they are put back.
    pub(super) raw: String,
    /// Whether the server tells the thought in a channel of its own, and whether that is open.
    apart: bool,
    thinking: bool,
    pub(super) tokens: usize,
    pub(super) reasoning_tokens: usize,
}

impl RemoteReply {
    pub(super) fn new(
        request: RequestId,
        choice: u32,
        thoughts: ThoughtFormat,
        sampling: &SamplingOptions,
    ) -> Self {
        Self {
            request,
            choice,
            parser: ReplyParser::of(thoughts, None),
            format: if thoughts == ThoughtFormat::Marco { &MARCO } else { &THINK },
            bytes: sampling.token_bytes,
            raw: String::new(),
            apart: false,
            thinking: false,
            tokens: 0,
            reasoning_tokens: 0,
        }
    }

    /// Tells one token: its number, log-probability and alternatives; and its text.
    pub(super) fn push(
        &mut self,
        (token, logprob, top): (u32, f32, Vec<TopLogprob>),
        text: &str,
        thought: bool,
        emit: &dyn Fn(Event),
    ) {
        self.note_channel(thought, text);
        self.raw.push_str(text);
        let bytes = self.bytes.then(|| text.as_bytes().to_vec());
        let mut pieces = if self.apart {
            vec![(if thought { Channel::Thought } else { Channel::Output }, text.to_owned())]
        } else {
            self.parser.push(text)
        }
        .into_iter();
        let (channel, text) = pieces.next().unwrap_or((self.parser.channel(), String::new()));
        self.tokens += 1;
        self.reasoning_tokens += usize::from(channel == Channel::Thought);
        let (id, choice) = (self.request, self.choice);
        emit(Event::Token { id, choice, node: 0, channel, text, token, logprob, top, bytes });
        for (channel, text) in pieces {
            self.tell(channel, text, emit);
        }
    }

    /// Puts the tags back that the server has taken out.
    fn note_channel(&mut self, thought: bool, text: &str) {
        if thought && !self.thinking {
            (self.apart, self.thinking) = (true, true);
            self.raw.push_str(self.format.open);
            self.raw.push('\n');
        } else if self.thinking && !thought && !text.is_empty() {
            self.close_thought();
        }
    }

    fn close_thought(&mut self) {
        self.thinking = false;
        self.raw.push('\n');
        self.raw.push_str(self.format.close);
        self.raw.push('\n');
        if let Some((open, _)) = self.format.output {
            self.raw.push_str(open);
            self.raw.push('\n');
        }
    }

    /// Tells what was held back.
    pub(super) fn finish(&mut self, emit: &dyn Fn(Event)) {
        for (channel, text) in self.parser.finish() {
            self.tell(channel, text, emit);
        }
        if self.apart
            && !self.thinking
            && let Some((_, close)) = self.format.output
        {
            self.raw.push('\n');
            self.raw.push_str(close);
        }
    }

    fn tell(&self, channel: Channel, text: String, emit: &dyn Fn(Event)) {
        if !text.is_empty() {
            emit(Event::Text { id: self.request, choice: self.choice, node: 0, channel, text });
        }
    }

    /// What there is to say about its end.
    pub(super) fn ended(&self, finish_reason: FinishReason) -> Event {
        Event::Ended {
            id: self.request,
            choice: self.choice,
            finish_reason,
            stop: None,
            completion_tokens: self.tokens,
            reasoning_tokens: self.reasoning_tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn run(thoughts: ThoughtFormat, pieces: &[(&str, bool)]) -> (String, String, String) {
        let told = RefCell::new((String::new(), String::new()));
        let emit = |event| {
            let (Event::Token { channel, text, .. } | Event::Text { channel, text, .. }) = event else {
                return;
            };
            let mut told = told.borrow_mut();
            if channel == Channel::Thought { told.0 += &text } else { told.1 += &text }
        };
        let mut reply = RemoteReply::new(1, 0, thoughts, &SamplingOptions::default());
        for (text, thought) in pieces {
            reply.push((0, 0.0, Vec::new()), text, *thought, &emit);
        }
        reply.finish(&emit);
        let (thought, output) = told.into_inner();
        (thought, output, reply.raw)
    }

    #[test]
    fn a_thought_in_a_channel_of_its_own_gets_its_tags_back() {
        let (thought, output, raw) =
            run(ThoughtFormat::Marco, &[("hm", true), ("!", true), ("4", false), ("2", false)]);
        assert_eq!((thought.as_str(), output.as_str()), ("hm!", "42"));
        assert_eq!(raw, "<Thought>\nhm!\n</Thought>\n<Output>\n42\n</Output>");
        let (_, _, raw) = run(ThoughtFormat::None, &[("hm", true), ("4", false)]);
        assert_eq!(raw, "<think>\nhm\n</think>\n4");
    }

    #[test]
    fn a_thought_in_the_text_is_told_apart_here() {
        let (thought, output, raw) =
            run(ThoughtFormat::Think, &[("<think>h", false), ("m</thi", false), ("nk>4", false)]);
        assert_eq!((thought.as_str(), output.as_str(), raw.as_str()), ("hm", "4", "<think>hm</think>4"));
    }
}
