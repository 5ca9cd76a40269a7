//! What the engines of these tests are made of: a loop over requests, and the events that nearly all of them tell.

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;

use crate::protocol::{
    Channel, Chosen, Event, FinishReason, ModelInfo, Request, RequestId, SearchProgress, SearchReport,
    StopCause, Usage, Votes,
};

/// Leaves each request to `answer` until nobody asks any more; a model is there as soon as it is named.
pub(in crate::cli) fn serve(
    emit: &dyn Fn(Event),
    mut requests: UnboundedReceiver<Request>,
    mut answer: impl FnMut(Request),
) {
    while let Some(request) = pollster::block_on(requests.next()) {
        match request {
            Request::Load { id, .. } => emit(Event::Loaded { id, model: ModelInfo::default() }),
            request => answer(request),
        }
    }
}

/// A piece of the one reply, with token number 1 and a log-probability of -0.5.
pub(in crate::cli) fn token(id: RequestId, channel: Channel, text: &str) -> Event {
    let (text, top, bytes) = (text.to_owned(), Vec::new(), None);
    Event::Token { id, choice: 0, node: 0, channel, text, token: 1, logprob: -0.5, top, bytes }
}

/// A piece of the one reply from an engine that knows no tokens.
pub(in crate::cli) fn text(id: RequestId, channel: Channel, text: &str) -> Event {
    Event::Text { id, choice: 0, node: 0, channel, text: text.to_owned() }
}

/// The end that a reply comes to by itself, after so much.
pub(in crate::cli) fn done(id: RequestId, reply: &str, usage: Usage) -> Event {
    Event::Done { id, replies: vec![reply.to_owned()], finish_reason: FinishReason::Stop, usage }
}

/// The end of a reply that was stopped.
pub(in crate::cli) fn cancelled(id: RequestId, reply: &str) -> Event {
    let usage = Usage::default();
    Event::Done { id, replies: vec![reply.to_owned()], finish_reason: FinishReason::Cancelled, usage }
}

/// What comes of a search of one branch.
pub(in crate::cli) fn found(reply: &str) -> SearchReport {
    SearchReport {
        answer: None,
        reply: reply.to_owned(),
        path: vec![0],
        chosen: Chosen::Vote,
        votes: Votes::default(),
        without_reflection: None,
        stop: StopCause::Rollouts,
        progress: SearchProgress::default(),
    }
}
