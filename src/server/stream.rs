//! Answers that come in pieces. What makes the pieces runs on its own, so that a client that reads slowly holds nothing
//! but its own pieces; when the client goes away, it is ended, and what it held is free.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use tokio::task::AbortHandle;

/// A comment is sent after so long a silence, so that nobody between takes the connection for dead.
const PING_EVERY: Duration = Duration::from_secs(15);

/// Where pieces go.
pub(super) struct Out<T>(UnboundedSender<T>);

impl<T> Out<T> {
    pub(super) fn send(&self, piece: T) {
        // The receiver lives as long as the future that sends.
        let _ = self.0.unbounded_send(piece);
    }
}

/// Pieces as they come. Dropped, it ends what makes them.
struct Pieces<T> {
    receiver: UnboundedReceiver<T>,
    task: AbortHandle,
}

impl<T> Drop for Pieces<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T> Stream for Pieces<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.receiver.poll_next_unpin(context)
    }
}

fn pieces<T, F>(make: impl FnOnce(Out<T>) -> F) -> Pieces<T>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = unbounded();
    Pieces { receiver, task: tokio::spawn(make(Out(sender))).abort_handle() }
}

/// Server-sent events.
pub(super) fn sse<F>(make: impl FnOnce(Out<sse::Event>) -> F) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let ping = KeepAlive::new().interval(PING_EVERY).text("ping");
    Sse::new(pieces(make).map(Ok::<_, Infallible>)).keep_alive(ping).into_response()
}

/// JSON values, one a line.
pub(super) fn lines<F>(make: impl FnOnce(Out<Value>) -> F) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let lines = pieces(make).map(|value| Ok::<_, Infallible>(format!("{value}\n")));
    let mut response = Body::from_stream(lines).into_response();
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
