//! The line to a worker, the engine's or the library's: requests that wait until it listens, and the
//! events that come from it, once a frame.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, File, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::protocol::{Event, Request};

use super::dom;

/// Trunk's loader for the worker's program.
const WORKER: &str = "./worker_loader.js";

/// Events, each with the time it came.
type Batch = Vec<(Event, f64)>;

/// A worker and what it said since the last frame.
pub(super) struct Link {
    name: &'static str,
    address: String,
    worker: Option<Running>,
    queue: Rc<Queue>,
    /// What every worker is told first.
    first: Vec<Request>,
}

struct Running {
    worker: Worker,
    /// Cleared when the worker has failed: what it says after that is an echo.
    alive: Rc<Cell<bool>>,
    /// What is to be sent once the worker listens; `None` when it does.
    held: Rc<RefCell<Option<Vec<JsValue>>>>,
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
    /// Nothing is started yet; `deliver` gets what will come. `name` is for the browser's tools, `hub` is
    /// where the worker is to look for models, if not where it would by itself.
    pub(super) fn new(name: &'static str, hub: Option<&str>, deliver: impl Fn(Batch) + 'static) -> Self {
        let queue = Rc::new(Queue { events: RefCell::default(), deliver: Box::new(deliver) });
        // The worker reads it from its own address.
        let address = hub.map_or_else(|| WORKER.to_owned(), |hub| format!("{WORKER}?hub={hub}"));
        Self { name, address, worker: None, queue, first: Vec::new() }
    }

    /// Starts the worker, if there is none.
    pub(super) fn start(&mut self) {
        if self.worker.is_none() {
            self.restart();
        }
    }

    /// Ends the worker there is, if any, and starts one.
    pub(super) fn restart(&mut self) {
        if let Some(running) = self.worker.take() {
            running.alive.set(false);
            running.worker.set_onmessage(None);
            running.worker.set_onerror(None);
            running.worker.terminate();
            // What it said and nobody has heard yet is not the next one's.
            self.queue.events.borrow_mut().clear();
        }
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(self.name);
        let worker = match Worker::new_with_options(&self.address, &options) {
            Ok(worker) => worker,
            Err(error) => return self.queue.push(failure("worker", &format!("{error:?}"))),
        };
        let alive = Rc::new(Cell::new(true));
        let held = Rc::new(RefCell::new(Some(Vec::new())));
        let (queue, living, waiting, to) = (self.queue.clone(), alive.clone(), held.clone(), worker.clone());
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
            if matches!(event, Event::Ready) {
                for message in waiting.take().unwrap_or_default() {
                    if let Err(error) = to.post_message(&message) {
                        queue.push(failure("worker", &format!("{error:?}")));
                    }
                }
            }
            queue.push(event);
        });
        let (queue, living) = (self.queue.clone(), alive.clone());
        let on_error = Closure::new(move |error: ErrorEvent| {
            // The page tells it; the console need not.
            error.prevent_default();
            // After a panic the trap arrives here too; the panic's own message came first.
            if living.replace(false) {
                // A program that did not load is told without a message, whatever the type says.
                let message = js_sys::Reflect::get(&error, &"message".into());
                let message = message.ok().and_then(|message| message.as_string()).unwrap_or_default();
                let what =
                    if message.is_empty() { "the worker's program did not load".into() } else { message };
                queue.push(failure("worker", &what));
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        self.worker = Some(Running { worker, alive, held, _on_message: on_message, _on_error: on_error });
        self.first.iter().for_each(|request| self.post(request, &[]));
    }

    /// Sends a request to the worker there is, if any, and to every one that comes after it.
    pub(super) fn post_always(&mut self, request: &Request) {
        if self.worker.is_some() {
            self.post(request, &[]);
        }
        self.first.push(request.clone());
    }

    /// Sends a request, now or once the worker listens: what comes before is lost.
    pub(super) fn post(&self, request: &Request, files: &[File]) {
        if let Err(what) = self.try_post(request, files) {
            self.queue.push(failure("worker", &what));
        }
    }

    fn try_post(&self, request: &Request, files: &[File]) -> Result<(), String> {
        let running = self.worker.as_ref().ok_or("no worker is running")?;
        let message = message(request, files)?;
        if let Some(held) = running.held.borrow_mut().as_mut() {
            held.push(message);
            return Ok(());
        }
        running.worker.post_message(&message).map_err(|error| format!("{error:?}"))
    }
}

/// A request as JSON text; with files, an object that holds both.
fn message(request: &Request, files: &[File]) -> Result<JsValue, String> {
    let text: JsValue = serde_json::to_string(request).map_err(|error| error.to_string())?.into();
    if files.is_empty() {
        return Ok(text);
    }
    let object = js_sys::Object::new();
    let files: js_sys::Array = files.iter().collect();
    for (key, value) in [("request", &text), ("files", files.as_ref())] {
        js_sys::Reflect::set(&object, &key.into(), value).map_err(|error| format!("{error:?}"))?;
    }
    Ok(object.into())
}

fn failure(kind: &str, message: &str) -> Event {
    Event::Failed { id: None, kind: kind.into(), message: message.into(), context: None }
}
