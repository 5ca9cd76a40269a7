//! What a request has taken: tokens, times, and why its replies ended.

use crate::protocol::{Event, FinishReason, RequestId, Usage};

/// What a request has taken so far, whoever answers it.
pub(super) struct Tally {
    id: RequestId,
    prompt_tokens: usize,
    pub(super) cached_tokens: usize,
    started_ms: f64,
    first_ms: Option<f64>,
    last_ms: f64,
    open: usize,
    replies: Vec<String>,
    completion_tokens: usize,
    reasoning_tokens: usize,
    longest: usize,
    reason: Option<FinishReason>,
}

impl Tally {
    /// `choices` replies are to come.
    pub(super) fn new(
        id: RequestId,
        prompt_tokens: usize,
        cached_tokens: usize,
        choices: usize,
        started_ms: f64,
    ) -> Self {
        Self {
            id,
            prompt_tokens,
            cached_tokens,
            started_ms,
            first_ms: None,
            last_ms: started_ms,
            open: choices,
            replies: vec![String::new(); choices],
            completion_tokens: 0,
            reasoning_tokens: 0,
            longest: 0,
            reason: None,
        }
    }

    /// Takes the server's count of the prompt.
    pub(super) fn count(&mut self, prompt_tokens: usize, cached_tokens: usize) {
        (self.prompt_tokens, self.cached_tokens) = (prompt_tokens, cached_tokens);
    }

    /// A token came.
    pub(super) fn note(&mut self, now_ms: f64) {
        self.last_ms = now_ms;
        self.first_ms.get_or_insert(now_ms);
    }

    /// Takes over the reply to `choice`: all of it as text, its tokens, and those of its thought.
    pub(super) fn close(
        &mut self,
        choice: u32,
        raw: String,
        (tokens, reasoning_tokens): (usize, usize),
        reason: FinishReason,
    ) {
        self.open -= 1;
        self.completion_tokens += tokens;
        self.reasoning_tokens += reasoning_tokens;
        self.longest = self.longest.max(tokens);
        if let Some(slot) = self.replies.get_mut(choice as usize) {
            *slot = raw;
        }
        // Of several replies the first one's reason stands, unless one was cut short.
        let first = self.reason.unwrap_or(reason);
        self.reason = Some(if first == FinishReason::Stop { reason } else { first });
    }

    pub(super) fn is_done(&self) -> bool {
        self.open == 0
    }

    /// The closing event.
    pub(super) fn done(self, context: usize) -> Event {
        let first_ms = self.first_ms.unwrap_or(self.last_ms);
        Event::Done {
            id: self.id,
            replies: self.replies,
            finish_reason: self.reason.unwrap_or(FinishReason::Cancelled),
            usage: Usage {
                prompt_tokens: self.prompt_tokens,
                cached_tokens: self.cached_tokens,
                completion_tokens: self.completion_tokens,
                reasoning_tokens: self.reasoning_tokens,
                context_left: context.saturating_sub(self.prompt_tokens + self.longest),
                first_token_ms: first_ms - self.started_ms,
                decode_ms: self.last_ms - first_ms,
            },
        }
    }
}
