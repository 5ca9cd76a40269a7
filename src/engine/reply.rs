//! From chosen tokens to the events of a reply: text, thought or output, stop texts.

use super::tally::Tally;
use crate::generate::SequenceId;
use crate::protocol::{
    Channel, Event, FinishReason, PromptToken, RequestId, SamplingOptions, ThoughtFormat, TopLogprob,
};
use crate::sampler::Record;
use crate::text::{EncodedPrompt, ReplyParser, StopMatcher, StreamDecoder, Tokenizer};

/// One of the replies to a request.
pub(super) struct Reply {
    request: RequestId,
    pub(super) choice: u32,
    decoder: StreamDecoder,
    stop: StopMatcher,
    /// None where the reply is told as it stands.
    parser: Option<ReplyParser>,
    alternatives: usize,
    /// Whether the exact bytes of tokens are told.
    bytes: bool,
    /// Everything said, tags included.
    pub(super) raw: String,
    pub(super) tokens: usize,
    pub(super) reasoning_tokens: usize,
}

impl Reply {
    pub(super) fn new(
        request: RequestId,
        choice: u32,
        prompt: &EncodedPrompt,
        thoughts: ThoughtFormat,
        sampling: &SamplingOptions,
    ) -> Self {
        Self {
            request,
            choice,
            decoder: StreamDecoder::new(),
            stop: StopMatcher::new(&sampling.stop),
            parser: (!sampling.verbatim).then(|| ReplyParser::of(thoughts, prompt.opened)),
            alternatives: sampling.top_logprobs as usize,
            bytes: sampling.token_bytes,
            raw: String::new(),
            tokens: 0,
            reasoning_tokens: 0,
        }
    }

    /// Takes what an earlier reply has told: nothing of it is told again, and `raw` begins with it.
    pub(super) fn resume(&mut self, tokenizer: &Tokenizer, prefix: &[u32]) {
        for &token in prefix {
            let text = self.decoder.push(tokenizer, token);
            let text = self.stop.push(&text);
            self.raw.push_str(&text);
            self.parse(text);
        }
    }

    /// Whether a stop text was found.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.stopped()
    }

    /// Tells one token.
    pub(super) fn push(
        &mut self,
        tokenizer: &Tokenizer,
        record: &Record,
        top: &[(u32, f32)],
        emit: &dyn Fn(Event),
    ) {
        let text = if record.is_end() { String::new() } else { self.decoder.push(tokenizer, record.id) };
        let text = self.stop.push(&text);
        self.raw.push_str(&text);
        let mut pieces = self.parse(text).into_iter();
        let (channel, text) = pieces.next().unwrap_or_else(|| {
            (self.parser.as_ref().map_or(Channel::Output, ReplyParser::channel), String::new())
        });
        self.tokens += 1;
        self.reasoning_tokens += usize::from(channel == Channel::Thought);
        let top: Vec<TopLogprob> = if top.is_empty() {
            let top = record.top().take(self.alternatives);
            top.map(|top| alternative(tokenizer, top, self.bytes)).collect()
        } else {
            top.iter().map(|&top| alternative(tokenizer, top, self.bytes)).collect()
        };
        emit(Event::Token {
            id: self.request,
            choice: self.choice,
            node: 0,
            channel,
            text,
            token: record.id,
            logprob: record.logprob(),
            top,
            bytes: self.bytes.then(|| tokenizer.token_bytes(record.id).into_owned()),
        });
        for (channel, text) in pieces {
            self.tell(channel, text, emit);
        }
    }

    fn parse(&mut self, text: String) -> Vec<(Channel, String)> {
        match &mut self.parser {
            Some(parser) => parser.push(&text),
            None if text.is_empty() => Vec::new(),
            None => vec![(Channel::Output, text)],
        }
    }

    /// What there is to say about its end.
    pub(super) fn ended(&self, finish_reason: FinishReason) -> Event {
        Event::Ended {
            id: self.request,
            choice: self.choice,
            finish_reason,
            stop: self.stop.found().map(str::to_owned),
            completion_tokens: self.tokens,
            reasoning_tokens: self.reasoning_tokens,
        }
    }

    /// Tells what was held back.
    pub(super) fn finish(&mut self, emit: &dyn Fn(Event)) {
        let text = self.decoder.finish();
        let mut text = self.stop.push(&text);
        text.push_str(&self.stop.finish());
        self.raw.push_str(&text);
        let mut pieces = self.parse(text);
        pieces.extend(self.parser.as_mut().map(ReplyParser::finish).unwrap_or_default());
        for (channel, text) in pieces {
            self.tell(channel, text, emit);
        }
    }

    fn tell(&self, channel: Channel, text: String, emit: &dyn Fn(Event)) {
        if !text.is_empty() {
            emit(Event::Text { id: self.request, choice: self.choice, node: 0, channel, text });
        }
    }
}

fn alternative(tokenizer: &Tokenizer, (token, logprob): (u32, f32), bytes: bool) -> TopLogprob {
    TopLogprob {
        token,
        text: tokenizer.token_text(token),
        logprob,
        bytes: bytes.then(|| tokenizer.token_bytes(token).into_owned()),
    }
}

/// A prompt that is to be told, token by token as its probabilities become known.
pub(super) struct Echo {
    tokens: Vec<u32>,
    /// Of the tokens from the second on.
    heard: Vec<Heard>,
    bytes: bool,
}

/// Log-probability of a token of a prompt, and the tokens most probable in its place.
pub(super) type Heard = (f32, Vec<(u32, f32)>);

impl Echo {
    pub(super) fn new(tokens: &[u32], bytes: bool) -> Self {
        Self { tokens: tokens.to_vec(), heard: Vec::new(), bytes }
    }

    /// Takes the probability of the token at `position`; what is known already comes again after a loss.
    pub(super) fn hear(&mut self, position: usize, heard: Heard) {
        if position == self.heard.len() + 1 {
            self.heard.push(heard);
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.heard.len() + 1 >= self.tokens.len()
    }

    /// The tokens as they are told; without a tokenizer they have no text.
    pub(super) fn tell(&self, tokenizer: Option<&Tokenizer>) -> Vec<PromptToken> {
        let bytes_of = |token| tokenizer.map(|tokenizer| tokenizer.token_bytes(token).into_owned());
        let alternatives = |top: &[(u32, f32)]| -> Vec<TopLogprob> {
            let known =
                tokenizer.map(|tokenizer| top.iter().map(|&top| alternative(tokenizer, top, self.bytes)));
            known.into_iter().flatten().collect()
        };
        let heard = std::iter::once(None).chain(self.heard.iter().map(Some));
        let tell = |(&token, heard): (&u32, Option<&Heard>)| PromptToken {
            token,
            text: tokenizer.map(|tokenizer| tokenizer.token_text(token)).unwrap_or_default(),
            logprob: heard.map(|(logprob, _)| *logprob),
            top: heard.map(|(_, top)| alternatives(top)).unwrap_or_default(),
            bytes: bytes_of(token).filter(|_| self.bytes),
        };
        self.tokens.iter().zip(heard).map(tell).collect()
    }
}

/// A request being answered: one reply a sequence.
pub(super) struct Job {
    /// One a reply, in their order.
    pub(super) sequences: Vec<SequenceId>,
    /// The prompt, while it is still to be told.
    pub(super) echo: Option<Echo>,
    pub(super) tally: Tally,
}
