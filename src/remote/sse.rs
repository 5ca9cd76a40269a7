//! A streamed answer as pieces of JSON.

use eventsource_stream::{EventStreamError, Eventsource};
use futures_util::stream::{LocalBoxStream, StreamExt, unfold};
use serde_json::Value;

use super::client::{Client, Permit, Trouble};
use super::wire::Piece;
use crate::error::Error;
use crate::platform::http::Response;

/// Longest answer of a server that does not stream, in bytes.
const LONGEST: u64 = 64 << 20;

/// An answer on its way. Dropping it ends the connection, and the server stops.
pub(super) struct Pieces {
    url: String,
    source: Source,
    /// Whether `[DONE]` came.
    done: bool,
    _permit: Permit,
}

enum Source {
    Events(LocalBoxStream<'static, Result<String, Trouble>>),
    /// A server that was asked to stream and does not.
    Whole(Option<Box<Response>>),
}

/// Asks, and expects a stream. Once: the caller knows what to do about troubles.
pub(super) async fn stream(client: &Client, path: &str, body: &Value) -> Result<Pieces, Trouble> {
    let (response, permit) = client.ask(path, Some(body)).await?;
    if response.status() != 200 {
        return Err(client.refusal(path, response).await);
    }
    let url = client.url(path);
    let json = response.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let source = if json {
        Source::Whole(Some(Box::new(response)))
    } else {
        let chunks = unfold(response, |mut response| async move {
            response.chunk().await.transpose().map(|chunk| (chunk, response))
        });
        let url = url.clone();
        Source::Events(Box::pin(chunks.eventsource().filter_map(move |event| {
            let event = match event {
                // Named events are extensions, which ordinary clients pass over.
                Ok(event) if event.event != "message" => None,
                Ok(event) => Some(Ok(event.data)),
                Err(EventStreamError::Transport(error)) => Some(Err(error.into())),
                Err(other) => Some(Err(garbage(&url, &other.to_string()))),
            };
            std::future::ready(event)
        })))
    };
    Ok(Pieces { url, source, done: false, _permit: permit })
}

fn garbage(url: &str, what: &str) -> Trouble {
    Trouble::Passing(Error::fetch(url, format!("what came is no stream of completions: {what}")), None)
}

impl Pieces {
    /// The next piece; `None` at the end.
    pub(super) async fn next(&mut self, client: &Client, path: &str) -> Result<Option<Piece>, Trouble> {
        if self.done {
            return Ok(None);
        }
        let data = match &mut self.source {
            Source::Whole(response) => {
                let Some(mut response) = response.take() else { return Ok(None) };
                let bytes = response.body(&self.url, LONGEST).await?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            Source::Events(events) => match events.next().await.transpose()? {
                Some(data) => data,
                None => return Ok(None),
            },
        };
        if data.trim() == "[DONE]" {
            self.done = true;
            return Ok(None);
        }
        let piece: Piece = serde_json::from_str(&data).map_err(|error| self.wrong(&error.to_string()))?;
        if let Some(error) = &piece.error {
            let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok());
            let status = status.filter(|status| (400..600).contains(status)).unwrap_or(500);
            let error = client.error(path, status, &serde_json::json!({ "error": error }));
            return Err(match error {
                Error::Fetch { .. } => Trouble::Passing(error, None),
                other => Trouble::Lasting(other),
            });
        }
        Ok(Some(piece))
    }

    /// The trouble of an answer that makes no sense.
    pub(super) fn wrong(&self, what: &str) -> Trouble {
        garbage(&self.url, what)
    }

    /// The trouble of an answer that ended before it was whole.
    pub(super) fn cut(&self) -> Trouble {
        let what = "the connection ended in the middle of an answer; is the server still there?";
        Trouble::Passing(Error::fetch(&self.url, what), None)
    }
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
