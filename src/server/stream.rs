//! Answers that come in pieces. What makes the pieces is a future inside of the stream: when the client goes away,
//! both are dropped, and what it held is free.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_channel::mpsc::{UnboundedSender, unbounded};
use futures_util::{FutureExt, Stream, StreamExt, stream};
use serde_json::Value;

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

fn pieces<T, F, M>(make: M) -> impl Stream<Item = T> + use<T, F, M>
where
    F: Future<Output = ()>,
    M: FnOnce(Out<T>) -> F,
{
    let (sender, receiver) = unbounded();
    let work = make(Out(sender)).into_stream().filter_map(|()| async { None });
    stream::select(receiver, work)
}

/// Server-sent events.
pub(super) fn sse<F>(make: impl FnOnce(Out<sse::Event>) -> F + 'static) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let ping = KeepAlive::new().interval(PING_EVERY).text("ping");
    Sse::new(pieces(make).map(Ok::<_, Infallible>)).keep_alive(ping).into_response()
}

/// JSON values, one a line.
pub(super) fn lines<F>(make: impl FnOnce(Out<Value>) -> F + 'static) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let lines = pieces(make).map(|value| Ok::<_, Infallible>(format!("{value}\n")));
    let mut response = Body::from_stream(lines).into_response();
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
