//! The line to the engine: a Web Worker, and the events that come from it, once a frame.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::protocol::{Event, Request};

use super::dom;

/// Trunk's loader for the worker's program.
const WORKER: &str = "./worker_loader.js";

/// Events, each with the time it came.
type Batch = Vec<(Event, f64)>;

/// A worker and what it said since the last frame.
pub(super) struct Link {
    worker: Option<Running>,
    queue: Rc<Queue>,
}

struct Running {
    worker: Worker,
    /// Cleared when the worker has failed: what it says after that is an echo.
    alive: Rc<Cell<bool>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

struct Queue {
    events: RefCell<Batch>,
    deliver: Box<dyn Fn(Batch)>,
}

impl Queue {
    /// Tokens can come faster than frames; the page is changed once a frame.
    fn push(self: &Rc<Self>, event: Event) {
        let mut events = self.events.borrow_mut();
        if events.is_empty() {
            let queue = self.clone();
            dom::soon(move || {
                let batch = queue.events.take();
                (queue.deliver)(batch);
            });
        }
        events.push((event, dom::now_ms()));
    }
}

impl Link {
    /// Nothing is started yet; `deliver` gets what will come.
    pub(super) fn new(deliver: impl Fn(Batch) + 'static) -> Self {
        let queue = Rc::new(Queue { events: RefCell::default(), deliver: Box::new(deliver) });
        Self { worker: None, queue }
    }

    /// Ends the worker there is, if any, and starts one.
    pub(super) fn restart(&mut self) {
        if let Some(running) = self.worker.take() {
            running.alive.set(false);
            running.worker.set_onmessage(None);
            running.worker.set_onerror(None);
            running.worker.terminate();
        }
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("polo engine");
        let worker = match Worker::new_with_options(WORKER, &options) {
            Ok(worker) => worker,
            Err(error) => return self.queue.push(failure("worker", &format!("{error:?}"))),
        };
        let alive = Rc::new(Cell::new(true));
        let (queue, living) = (self.queue.clone(), alive.clone());
        let on_message = Closure::new(move |message: MessageEvent| {
            if !living.get() {
                return;
            }
            let text = message.data().as_string().unwrap_or_default();
            let event = serde_json::from_str(&text).unwrap_or_else(|error| {
                failure("worker", &format!("unreadable message from the engine: {error}"))
            });
            if matches!(event, Event::Failed { id: None, .. }) {
                living.set(false);
            }
            queue.push(event);
        });
        let (queue, living) = (self.queue.clone(), alive.clone());
        let on_error = Closure::new(move |error: ErrorEvent| {
            // The page tells it; the console need not.
            error.prevent_default();
            // After a panic the trap arrives here too; the panic's own message came first.
            if living.replace(false) {
                let message = error.message();
                let what =
                    if message.is_empty() { "the worker's program did not load".into() } else { message };
                queue.push(failure("worker", &what));
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        self.worker = Some(Running { worker, alive, _on_message: on_message, _on_error: on_error });
    }

    /// Sends a request.
    pub(super) fn post(&self, request: &Request) {
        let sent = serde_json::to_string(request).map_err(|error| error.to_string()).and_then(|text| {
            let running = self.worker.as_ref().ok_or("no worker is running")?;
            running.worker.post_message(&text.into()).map_err(|error| format!("{error:?}"))
        });
        if let Err(what) = sent {
            self.queue.push(failure("worker", &what));
        }
    }
}

fn failure(kind: &str, message: &str) -> Event {
    Event::Failed { id: None, kind: kind.into(), message: message.into() }
}
