//! `/polo/engine`: a socket that speaks the protocol, so that the page can use this machine's engine as it uses its
//! own: JSON requests in, JSON events out. Each socket numbers its requests as it likes.

use std::collections::HashMap;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use serde_json::{Value, json};

use super::body::MAX_BODY_BYTES;
use super::host::Line;
use super::names;
use super::queue::Place;
use super::refusal::Refusal;
use super::slot::{Lease, Named};
use super::{Context, Ctx, guard};
use crate::protocol::{Event, ModelSource, Request as Ask, RequestId};

/// `GET /polo/engine`
pub(super) async fn engine(State(context): Ctx, request: Request) -> Result<Response, Refusal> {
    let headers = request.headers().clone();
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|error| Refusal::bad(format!("expected a WebSocket: {error}")))?;
    let upgrade = upgrade.max_message_size(MAX_BODY_BYTES);
    Ok(upgrade.on_upgrade(move |socket| serve(context, headers, socket)))
}

/// A request on its way: its numbers here and there, and what it holds until its end.
struct Open {
    theirs: RequestId,
    held: Option<(Place, Lease)>,
}

/// What becomes of a request: what it holds while it runs, or why it does not.
type Admitted = (RequestId, Ask, Result<Option<(Place, Lease)>, Refusal>);

struct Bridge {
    context: Context,
    line: Line,
    named: Named,
    open: HashMap<RequestId, Open>,
    ours: HashMap<RequestId, RequestId>,
}

async fn serve(context: Context, headers: HeaderMap, mut socket: WebSocket) {
    if !admitted(&context, &headers, &mut socket).await {
        return;
    }
    let named = context.options.model.clone();
    let line = context.host.line();
    let mut bridge = Bridge { context, line, named, open: HashMap::new(), ours: HashMap::new() };
    let mut waiting: FuturesUnordered<BoxFuture<'static, Admitted>> = FuturesUnordered::new();
    if send(&mut socket, &Event::Ready, None).await.is_err() {
        return;
    }
    loop {
        let told = tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => match bridge.ask(&text) {
                    Ok(Some(task)) => {
                        waiting.push(task);
                        Ok(())
                    }
                    Ok(None) => Ok(()),
                    Err(fault) => send(&mut socket, &failed(&fault.1), fault.0).await,
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // Pings are answered by the library.
                Some(Ok(_)) => Ok(()),
            },
            Some((theirs, ask, held)) = waiting.next() => match bridge.begin(theirs, ask, held) {
                Some((id, event)) => send(&mut socket, &event, Some(id)).await,
                None => Ok(()),
            },
            Some(event) = bridge.line.next() => match bridge.tell(event) {
                Some((id, event)) => send(&mut socket, &event, id).await,
                None => Ok(()),
            },
        };
        if told.is_err() {
            // Dropping the line cancels what is open.
            return;
        }
    }
}

/// A browser cannot set headers for a socket: the key may also be the first message.
async fn admitted(context: &Context, headers: &HeaderMap, socket: &mut WebSocket) -> bool {
    let Some(key) = &context.options.api_key else { return true };
    if guard::check_key(key, headers).is_ok() {
        return true;
    }
    let wait = std::time::Duration::from_secs(10);
    let first = tokio::time::timeout(wait, socket.recv()).await;
    if let Ok(Some(Ok(Message::Text(text)))) = first
        && let Ok(value) = serde_json::from_str::<Value>(&text)
        && guard::same(key, value["key"].as_str().unwrap_or_default())
    {
        return true;
    }
    let refusal = Refusal::no_key("expected the key first: {\"key\": \"…\"}");
    let _ = send(socket, &failed(&refusal), None).await;
    false
}

fn failed(refusal: &Refusal) -> Event {
    let kind = refusal.code.unwrap_or("bad_request").into();
    Event::Failed { id: None, kind, message: refusal.message.clone(), context: refusal.context }
}

/// Sends an event under the number that the socket gave its request.
async fn send(socket: &mut WebSocket, event: &Event, id: Option<RequestId>) -> Result<(), axum::Error> {
    let mut value = serde_json::to_value(event).unwrap_or_default();
    if let Some(id) = id {
        value["id"] = id.into();
    }
    socket.send(Message::Text(Utf8Bytes::from(value.to_string()))).await
}

impl Bridge {
    /// Takes a request in. What needs the model waits for it, beside everything else.
    #[expect(clippy::type_complexity, reason = "a task, nothing, or whose request is at fault and why")]
    fn ask(
        &mut self,
        text: &str,
    ) -> Result<Option<BoxFuture<'static, Admitted>>, Box<(Option<RequestId>, Refusal)>> {
        let bad =
            |error: serde_json::Error| Box::new((None, Refusal::bad(format!("expected a request: {error}"))));
        let mut value: Value = serde_json::from_str(text).map_err(bad)?;
        let Some(theirs) = value.get("id").and_then(Value::as_u64) else {
            return Err(Box::new((None, Refusal::bad("the request has no id"))));
        };
        let named = self.ours.get(&theirs).copied();
        // A request about another bears that one's number, and the first about anything gets a new one.
        let id = named.unwrap_or_else(|| self.context.host.id());
        value["id"] = json!(id);
        let ask: Ask = serde_json::from_value(value).map_err(|error| {
            Box::new((Some(theirs), Refusal::bad(format!("expected a request of the protocol: {error}"))))
        })?;
        let context = self.context.clone();
        match ask {
            Ask::Cancel { .. }
            | Ask::Export { .. }
            | Ask::Node { .. }
            | Ask::Pause { .. }
            | Ask::Resume { .. }
            | Ask::Prune { .. }
            | Ask::Pin { .. }
            | Ask::Continue { .. }
            | Ask::Branch { .. } => {
                if named.is_some() {
                    self.context.host.send(ask);
                }
                Ok(None)
            }
            _ if self.open.contains_key(&id) => Err(Box::new((
                Some(theirs),
                Refusal::bad(format!("request {theirs} is already being answered")),
            ))),
            Ask::Library { .. } => Ok(Some(async move { (theirs, ask, Ok(None)) }.boxed())),
            Ask::Load { ref source, .. } => {
                let source = source.clone();
                Ok(Some(
                    async move {
                        let held = load(&context, &source).await;
                        (theirs, ask, held.map(Some))
                    }
                    .boxed(),
                ))
            }
            Ask::Generate { .. }
            | Ask::Search { .. }
            | Ask::Import { .. }
            | Ask::Tokenize { .. }
            | Ask::Detokenize { .. } => {
                let named = self.named.clone();
                Ok(Some(
                    async move {
                        let held = hold(&context, &named).await;
                        (theirs, ask, held.map(Some))
                    }
                    .boxed(),
                ))
            }
            _ => {
                let message = "this request is not answered over the network; ask on the machine itself";
                Err(Box::new((Some(theirs), Refusal::bad(message))))
            }
        }
    }

    /// Sends a request on whose model is there; or tells at once what there is to tell.
    fn begin(
        &mut self,
        theirs: RequestId,
        ask: Ask,
        held: Result<Option<(Place, Lease)>, Refusal>,
    ) -> Option<(RequestId, Event)> {
        let held = match held {
            Ok(held) => held,
            Err(refusal) => return Some((theirs, failed(&refusal))),
        };
        if let (Ask::Load { .. }, Some((_, lease))) = (&ask, &held) {
            self.named = lease.named.clone();
            return Some((theirs, Event::Loaded { id: theirs, model: lease.info.clone() }));
        }
        let id = self.line.ask(ask)?;
        self.ours.insert(theirs, id);
        self.open.insert(id, Open { theirs, held });
        None
    }

    /// An event under the socket's own number.
    fn tell(&mut self, (id, event): (RequestId, Event)) -> Option<(Option<RequestId>, Event)> {
        let open = self.open.get_mut(&id)?;
        let theirs = open.theirs;
        match event {
            // Its tree can still be asked about, but the model may go.
            Event::SearchDone { .. } => drop(open.held.take()),
            Event::Done { .. }
            | Event::Failed { .. }
            | Event::Library { .. }
            | Event::Tokenized { .. }
            | Event::Detokenized { .. } => {
                self.open.remove(&id);
                self.ours.remove(&theirs);
            }
            _ => {}
        }
        Some((Some(theirs), event))
    }
}

async fn hold(context: &Context, named: &Named) -> Result<(Place, Lease), Refusal> {
    let place = context.queue.enter(1)?;
    Ok((place, context.slot.lease(named, context.options.keep_alive).await?))
}

/// Only what a request may name can be loaded.
async fn load(context: &Context, source: &ModelSource) -> Result<(Place, Lease), Refusal> {
    let named = match source {
        ModelSource::Embedded => names::resolve(context, Some(names::EMBEDDED)).await?,
        ModelSource::Stored { name } => names::resolve(context, Some(name)).await?,
        _ => return Err(Refusal::no_model("only stored models can be loaded over the network")),
    };
    hold(context, &named).await
}
