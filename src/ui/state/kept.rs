//! Exchanges of the page into exchanges that are kept, and back.

use std::sync::Arc;

use super::Exchange;
use crate::protocol::FinishReason;
use crate::ui::chats::format::{End, KeptExchange, KeptReply};
use crate::ui::reply::{Reply, Status};

/// An exchange as it is kept.
pub(super) fn kept_exchange(exchange: &Exchange) -> KeptExchange {
    let reply = &exchange.reply;
    let after = |ms: f64| ms - reply.asked_ms;
    KeptExchange {
        key: exchange.key,
        parent: exchange.parent,
        seen: exchange.seen,
        question: exchange.question.to_string(),
        reply: KeptReply {
            end: match reply.status {
                Status::Done(FinishReason::Stop) => End::Stop,
                Status::Done(FinishReason::Length) => End::Length,
                Status::Done(FinishReason::Context) => End::Context,
                Status::Done(FinishReason::Cancelled) => End::Cancelled,
                Status::Failed => End::Failed,
                Status::Interrupted | Status::Queued | Status::Reading | Status::Writing => End::Interrupted,
            },
            thought: reply.thought.clone(),
            output: reply.output.clone(),
            whole: reply.whole.clone(),
            tokens: reply.tokens,
            thought_tokens: reply.thought_tokens,
            told: reply.told.clone(),
            span_ms: reply.span_ms.map(|(first, last)| (after(first), after(last))),
            thought_end_ms: reply.thought_end_ms.map(after),
            prompt: reply.prompt,
            usage: reply.usage.clone(),
            seed: reply.seed,
            model: reply.model.to_string(),
            thoughts: reply.thoughts,
            asked: reply.asked.as_deref().cloned(),
        },
    }
}

/// A reply that was kept, as the answer to this request.
pub(super) fn reply_of(kept: &KeptReply, id: u64) -> Reply {
    Reply {
        thought: kept.thought.clone(),
        output: kept.output.clone(),
        whole: kept.whole.clone(),
        tokens: kept.tokens,
        thought_tokens: kept.thought_tokens,
        told: kept.told.clone(),
        span_ms: kept.span_ms,
        thought_end_ms: kept.thought_end_ms,
        prompt: kept.prompt,
        usage: kept.usage.clone(),
        model: kept.model.as_str().into(),
        thoughts: kept.thoughts,
        asked: kept.asked.clone().map(Arc::new),
        ..Reply::new(id, status_of(kept.end), kept.seed, 0.0)
    }
}

fn status_of(end: End) -> Status {
    match end {
        End::Stop => Status::Done(FinishReason::Stop),
        End::Length => Status::Done(FinishReason::Length),
        End::Context => Status::Done(FinishReason::Context),
        End::Cancelled => Status::Done(FinishReason::Cancelled),
        End::Failed => Status::Failed,
        End::Interrupted => Status::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_comes_back_as_it_was() {
        let done = [FinishReason::Stop, FinishReason::Length, FinishReason::Context, FinishReason::Cancelled];
        let all = done.map(Status::Done).into_iter().chain([Status::Failed, Status::Interrupted]);
        for status in all {
            let mut reply = Reply::new(3, status, 7, 100.0);
            (reply.span_ms, reply.thought_end_ms) = (Some((110.0, 150.0)), Some(120.0));
            let reply = Arc::new(reply);
            let exchange = Exchange {
                key: 1,
                parent: None,
                seen: 1,
                question: "q".into(),
                reply,
                from: None,
                previous: None,
            };
            let kept = kept_exchange(&exchange).reply;
            assert_eq!(
                (kept.span_ms, kept.thought_end_ms),
                (Some((10.0, 50.0)), Some(20.0)),
                "since it was asked"
            );
            assert_eq!(reply_of(&kept, 4).status, status);
        }
        let status = |status| {
            let reply = Arc::new(Reply::new(3, status, 7, 0.0));
            let (question, from, previous) = ("q".into(), None, None);
            kept_exchange(&Exchange { key: 1, parent: None, seen: 1, question, reply, from, previous })
                .reply
                .end
        };
        assert_eq!(status(Status::Failed), End::Failed);
        assert_eq!(status(Status::Done(FinishReason::Context)), End::Context);
        assert_eq!(status(Status::Writing), End::Interrupted);
    }
}
