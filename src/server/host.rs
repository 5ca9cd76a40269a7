//! The engine on a thread of its own, and which request gets which of its events.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;

use crate::engine::{Engine, StoreOptions};
use crate::protocol::{DeviceInfo, Event, Request, RequestId};

/// What an engine is to the server: a function that serves requests until their sender is gone.
pub type Serve = Box<dyn FnOnce(Box<dyn Fn(Event)>, UnboundedReceiver<Request>) + Send>;

/// The engine, as requests see it.
pub struct Host {
    requests: UnboundedSender<Request>,
    next_id: AtomicU64,
    routes: Mutex<Routes>,
    /// Counts the times that the engine lost its model without being asked to.
    losses: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Who waits for what.
#[derive(Default)]
struct Routes {
    open: HashMap<RequestId, UnboundedSender<Event>>,
    device: Option<DeviceInfo>,
    /// Why the engine answers nothing any more.
    ended: Option<(&'static str, String)>,
}

impl Host {
    /// Starts an engine with a store of models.
    pub fn start(store: StoreOptions) -> Arc<Self> {
        Self::with(Box::new(move |emit, requests| {
            pollster::block_on(Engine::with_store(emit, store).run(requests));
        }))
    }

    /// Runs `serve` as the engine, on a thread of its own, until the host is dropped.
    pub fn with(serve: Serve) -> Arc<Self> {
        let (requests, receiver) = unbounded();
        let host = Arc::new(Self {
            requests,
            next_id: AtomicU64::new(1),
            routes: Mutex::default(),
            losses: AtomicU64::new(0),
            thread: Mutex::default(),
        });
        // Weak: the engine ends when nobody is left to ask it.
        let (tell, end) = (Arc::downgrade(&host), Arc::downgrade(&host));
        let thread = std::thread::spawn(move || {
            let emit = move |event| {
                if let Some(host) = tell.upgrade() {
                    host.dispatch(event);
                }
            };
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| serve(Box::new(emit), receiver)));
            let message = match outcome {
                Ok(()) => "the engine stopped".to_owned(),
                Err(cause) => {
                    let text = cause.downcast_ref::<String>().map(String::as_str);
                    let text = text.or_else(|| cause.downcast_ref::<&str>().copied());
                    format!("the engine panicked, which is a bug: {}", text.unwrap_or("unknown cause"))
                }
            };
            if let Some(host) = end.upgrade() {
                host.close("panic", &message);
            }
        });
        *host.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        host
    }

    /// Lets the engine give its GPU back: a driver that is at work while the program ends may crash it. What takes
    /// longer than two seconds is left behind.
    pub fn stop(&self) {
        self.requests.close_channel();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        for _ in 0..200 {
            if thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn routes(&self) -> MutexGuard<'_, Routes> {
        // Nothing that holds the lock can leave the table half changed.
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dispatch(&self, event: Event) {
        if let Some(id) = event_id(&event) {
            if let Some(route) = self.routes().open.get(&id) {
                // Who went away is taken off the table by its own drop.
                let _ = route.unbounded_send(event);
            }
            return;
        }
        match event {
            Event::Device { device } => self.routes().device = Some(device),
            Event::Notice { message, .. } => eprintln!("polo: {message}"),
            Event::Failed { message, .. } => {
                self.losses.fetch_add(1, Ordering::Relaxed);
                eprintln!("polo: {message}");
            }
            _ => {}
        }
    }

    /// Fails everything that is open, and whatever comes.
    pub(super) fn close(&self, kind: &'static str, message: &str) {
        let mut routes = self.routes();
        routes.ended = Some((kind, message.to_owned()));
        for (id, route) in routes.open.drain() {
            let _ = route.unbounded_send(ended(id, kind, message));
        }
    }

    /// The GPU in use, once it is open.
    pub fn device(&self) -> Option<DeviceInfo> {
        self.routes().device.clone()
    }

    /// Why the engine answers nothing any more.
    pub fn ended(&self) -> Option<String> {
        self.routes().ended.clone().map(|(_, message)| message)
    }

    /// Times that the model was lost: what was loaded before the last is not there any more.
    pub fn losses(&self) -> u64 {
        self.losses.load(Ordering::Relaxed)
    }

    /// Requests that are open.
    pub fn open_requests(&self) -> usize {
        self.routes().open.len()
    }

    /// A number for a request.
    fn id(&self) -> RequestId {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends a request whose answers nobody waits for, or that is about another.
    pub(super) fn send(&self, request: Request) {
        // An engine that ended has told so to everybody.
        let _ = self.requests.unbounded_send(request);
    }

    /// Asks one thing.
    pub(super) fn ask(self: &Arc<Self>, request: impl FnOnce(RequestId) -> Request) -> Running {
        self.ask_all([request])
    }

    /// Asks several things whose answers come mixed.
    pub(super) fn ask_all<F: FnOnce(RequestId) -> Request>(
        self: &Arc<Self>,
        requests: impl IntoIterator<Item = F>,
    ) -> Running {
        let (sender, events) = unbounded();
        let requests: Vec<Request> = requests.into_iter().map(|make| make(self.id())).collect();
        let ids: Vec<RequestId> = requests.iter().filter_map(request_id).collect();
        {
            let mut routes = self.routes();
            for &id in &ids {
                match &routes.ended {
                    Some((kind, message)) => drop(sender.unbounded_send(ended(id, kind, message))),
                    None => drop(routes.open.insert(id, sender.clone())),
                }
            }
        }
        let running = Running { host: self.clone(), open: ids.clone(), ids, events, kept: VecDeque::new() };
        for request in requests {
            self.send(request);
        }
        running
    }
}

fn ended(id: RequestId, kind: &str, message: &str) -> Event {
    Event::Failed { id: Some(id), kind: kind.into(), message: message.to_owned(), context: None }
}

/// Requests under way. Dropped before their end they are cancelled, so that a client that goes away frees its work.
pub(super) struct Running {
    host: Arc<Host>,
    ids: Vec<RequestId>,
    open: Vec<RequestId>,
    events: UnboundedReceiver<Event>,
    /// What was looked at too early.
    kept: VecDeque<(usize, Event)>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut routes = self.host.routes();
        for id in &self.ids {
            routes.open.remove(id);
        }
        drop(routes);
        for &id in &self.open {
            self.host.send(Request::Cancel { id });
        }
    }
}

impl Running {
    /// The next event and which of the requests it is about; `None` when all have ended.
    pub(super) async fn next(&mut self) -> Option<(usize, Event)> {
        if let Some(kept) = self.kept.pop_front() {
            return Some(kept);
        }
        if self.open.is_empty() {
            return None;
        }
        let event = self.events.next().await?;
        let id = event_id(&event)?;
        if is_last(&event) {
            self.open.retain(|open| *open != id);
        }
        let part = self.ids.iter().position(|own| *own == id)?;
        Some((part, event))
    }

    /// Keeps events that came before others that had to be waited for; [`Running::next`] gives them first.
    pub(super) fn keep(&mut self, events: impl IntoIterator<Item = (usize, Event)>) {
        self.kept.extend(events);
    }
}

/// Whether a request is over with this event.
fn is_last(event: &Event) -> bool {
    matches!(
        event,
        Event::Done { .. }
            | Event::Failed { .. }
            | Event::Loaded { .. }
            | Event::Unloaded { .. }
            | Event::SearchDone { .. }
            | Event::Status { .. }
            | Event::Tokenized { .. }
            | Event::Detokenized { .. }
            | Event::Library { .. }
            | Event::Found { .. }
            | Event::Pulled { .. }
            | Event::Inspected { .. }
    )
}

fn request_id(request: &Request) -> Option<RequestId> {
    id_in(&serde_json::to_value(request).ok()?)
}

fn id_in(value: &serde_json::Value) -> Option<RequestId> {
    value.get("id")?.as_u64()
}

/// Which request an event is about. The frequent ones without a detour.
fn event_id(event: &Event) -> Option<RequestId> {
    match event {
        Event::Token { id, .. }
        | Event::Text { id, .. }
        | Event::Started { id, .. }
        | Event::Ended { id, .. }
        | Event::Done { id, .. }
        | Event::Launched { id, .. }
        | Event::Expanded { id, .. }
        | Event::Visited { id, .. }
        | Event::Voted { id, .. }
        | Event::Searched { id, .. } => Some(*id),
        Event::Notice { id, .. } | Event::Failed { id, .. } => *id,
        Event::Ready | Event::Device { .. } => None,
        other => id_in(&serde_json::to_value(other).ok()?),
    }
}
