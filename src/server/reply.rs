//! From the engine's events to what every interface tells: pieces of text, tokens, ends and counts.

use super::Context;
use super::host::Running;
use super::refusal::Refusal;
use crate::protocol::{
    Channel, Event, FinishReason, Prompt, PromptToken, Request, SamplingOptions, TopLogprob,
};

/// What the prompts of a request took and the replies so far, in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) prompt: usize,
    pub(super) cached: usize,
    pub(super) completion: usize,
    pub(super) reasoning: usize,
    /// From the request to the first token, in microseconds.
    pub(super) first_token_us: u64,
    /// From the first token to the last, in microseconds.
    pub(super) decode_us: u64,
}

/// A token as it is reported.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) token: u32,
    /// Its own text; of a part of a character `�`. Empty for the token that ended the reply.
    pub(super) text: String,
    /// Its bytes, where log-probabilities are asked for; none for the token that ended the reply.
    pub(super) bytes: Vec<u8>,
    /// `None` for the first token of a prompt.
    pub(super) logprob: Option<f32>,
    pub(super) top: Vec<TopLogprob>,
}

/// What happened next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// The prompt of one part was asked back.
    Prompted { part: usize, tokens: Vec<PromptToken> },
    /// Text, tokens, or both.
    Delta { index: usize, channel: Channel, text: String, entries: Vec<Entry> },
    /// A reply ended.
    Ended { index: usize, reason: FinishReason, stop: Option<String>, entries: Vec<Entry> },
}

/// Replies under way: `prompts` times `choices` of them, numbered prompt by prompt.
pub(super) struct Replies {
    running: Running,
    choices: usize,
    /// Tokens without text of each reply: one of them may turn out to have ended it.
    waiting: Vec<Vec<Entry>>,
    pub(super) counts: Counts,
}

impl Replies {
    /// Submits prompts and waits until all are accepted; what is wrong with them is the error.
    pub(super) async fn start(
        context: &Context,
        prompts: Vec<Prompt>,
        sampling: &SamplingOptions,
    ) -> Result<Self, Refusal> {
        let (parts, choices) = (prompts.len(), sampling.choices as usize);
        let running = context.host.ask_all(prompts.into_iter().map(|prompt| {
            let sampling = sampling.clone();
            move |id| Request::Generate { id, prompt, sampling }
        }));
        let waiting = vec![Vec::new(); parts * choices];
        let mut this = Self { running, choices, waiting, counts: Counts::default() };
        let mut started = 0;
        // They are taken in one after the other, and the first may speak before the last is accepted.
        let mut early = Vec::new();
        while started < parts {
            match this.running.next().await {
                Some((_, Event::Started { prompt_tokens, cached_tokens, .. })) => {
                    this.counts.prompt += prompt_tokens;
                    this.counts.cached += cached_tokens;
                    started += 1;
                }
                Some((_, Event::Failed { kind, message, context, .. })) => {
                    return Err(Refusal::of_engine(&kind, message, context));
                }
                Some((_, Event::Notice { message, .. })) => eprintln!("polo: {message}"),
                Some(event) => early.push(event),
                None => return Err(gone()),
            }
        }
        this.running.keep(early);
        Ok(this)
    }

    /// What happens next; `None` when all replies have ended.
    pub(super) async fn next(&mut self) -> Option<Result<Step, Refusal>> {
        loop {
            let (part, event) = self.running.next().await?;
            let first = part * self.choices;
            match event {
                Event::Token { choice, channel, text, token, logprob, top, bytes, .. } => {
                    let index = first + choice as usize;
                    let bytes = bytes.unwrap_or_default();
                    let entry = Entry {
                        token,
                        text: String::from_utf8_lossy(&bytes).into_owned(),
                        bytes,
                        logprob: Some(logprob),
                        top,
                    };
                    let Some(waiting) = self.waiting.get_mut(index) else { continue };
                    waiting.push(entry);
                    if !text.is_empty() {
                        let entries = std::mem::take(waiting);
                        return Some(Ok(Step::Delta { index, channel, text, entries }));
                    }
                }
                Event::Text { choice, channel, text, .. } => {
                    let index = first + choice as usize;
                    return Some(Ok(Step::Delta { index, channel, text, entries: Vec::new() }));
                }
                Event::Ended { choice, finish_reason, stop, completion_tokens, reasoning_tokens, .. } => {
                    let index = first + choice as usize;
                    self.counts.completion += completion_tokens;
                    self.counts.reasoning += reasoning_tokens;
                    let mut entries = self.waiting.get_mut(index).map(std::mem::take).unwrap_or_default();
                    // The token that says "end" is no text of the reply.
                    if finish_reason == FinishReason::Stop
                        && stop.is_none()
                        && let Some(end) = entries.last_mut()
                    {
                        end.bytes.clear();
                        end.text.clear();
                    }
                    return Some(Ok(Step::Ended { index, reason: finish_reason, stop, entries }));
                }
                Event::Prompted { tokens, .. } => return Some(Ok(Step::Prompted { part, tokens })),
                Event::Done { usage, .. } => {
                    #[expect(clippy::cast_sign_loss, reason = "a time has no sign")]
                    let us = |ms: f64| (ms.max(0.0) * 1e3) as u64;
                    self.counts.first_token_us = self.counts.first_token_us.max(us(usage.first_token_ms));
                    self.counts.decode_us = self.counts.decode_us.max(us(usage.decode_ms));
                }
                Event::Failed { kind, message, context, .. } => {
                    return Some(Err(Refusal::of_engine(&kind, message, context)));
                }
                Event::Notice { message, .. } => eprintln!("polo: {message}"),
                _ => {}
            }
        }
    }
}

/// The engine said nothing more, though it owes an answer.
pub(super) fn gone() -> Refusal {
    Refusal::of_engine("panic", "the engine is gone, which is a bug".into(), None)
}

/// OpenAI's word for an end.
pub(super) fn finish_word(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop | FinishReason::Cancelled => "stop",
        FinishReason::Length | FinishReason::Context => "length",
    }
}
