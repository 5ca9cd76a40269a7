//! An engine on a thread of its own: requests go in, events and Ctrl-C come out of one queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::Failure;
use super::output::Output;
use crate::engine::{Engine, StoreOptions};
use crate::protocol::{
    DeviceInfo, Event, LoadOptions, ModelInfo, ModelSource, PullPhase, Request, RequestId, StoredModel,
};

/// What a command waits for.
enum Incoming {
    Event(Box<Event>),
    Interrupt,
}

/// The engine, as a command sees it.
pub(super) struct Session {
    requests: UnboundedSender<Request>,
    incoming: Receiver<Incoming>,
    thread: JoinHandle<()>,
    next_id: RequestId,
    /// Ctrl-C since the last reply began.
    presses: Arc<AtomicU32>,
    /// The GPU, once the engine has told.
    pub(super) device: Option<DeviceInfo>,
}

impl Drop for Session {
    /// Lets the engine give its GPU back: a driver that is at work while the program ends may crash it.
    fn drop(&mut self) {
        self.requests.close_channel();
        // An engine in the middle of something long is left behind.
        for _ in 0..200 {
            if self.thread.is_finished() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Session {
    /// Starts the engine; from now on Ctrl-C goes through [`Session::next`].
    pub(super) fn start() -> Self {
        Self::start_with(super::environment::store_options())
    }

    /// As [`Session::start`], with another store.
    pub(super) fn start_with(store: StoreOptions) -> Self {
        let (session, interrupts) =
            Self::with(|emit, requests| pollster::block_on(Engine::with_store(emit, store).run(requests)));
        let presses = session.presses.clone();
        // Fails only where a handler is set already, which no command does.
        let _ = ctrlc::set_handler(move || {
            let _ = interrupts.send(Incoming::Interrupt);
            // The first press asks; the third finds a program that does not answer.
            if presses.fetch_add(1, Ordering::Relaxed) >= 2 {
                std::process::exit(130);
            }
        });
        session
    }

    /// Runs `serve` as the engine, on its own thread.
    fn with(
        serve: impl FnOnce(Box<dyn Fn(Event)>, UnboundedReceiver<Request>) + Send + 'static,
    ) -> (Self, Sender<Incoming>) {
        let (requests, receiver) = unbounded();
        let (events, incoming) = channel();
        let interrupts = events.clone();
        let thread = std::thread::spawn(move || {
            let failed = events.clone();
            // A command that ended does not listen any more.
            let emit = move |event| drop(events.send(Incoming::Event(Box::new(event))));
            let outcome =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| serve(Box::new(emit), receiver)));
            let message = match outcome {
                Ok(()) => "the engine stopped".to_owned(),
                Err(cause) => {
                    let text = cause.downcast_ref::<String>().map(String::as_str);
                    let text =
                        text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("unknown cause");
                    format!("the engine panicked, which is a bug: {text}")
                }
            };
            let _ = failed.send(Incoming::Event(Box::new(Event::Failed {
                id: None,
                kind: "panic".into(),
                message,
                context: None,
            })));
        });
        let presses = Arc::default();
        (Self { requests, incoming, thread, next_id: 1, presses, device: None }, interrupts)
    }

    /// A session with a made-up engine.
    #[cfg(test)]
    pub(super) fn scripted(
        serve: impl FnOnce(Box<dyn Fn(Event)>, UnboundedReceiver<Request>) + Send + 'static,
    ) -> Self {
        Self::with(serve).0
    }

    /// As if Ctrl-C were pressed when the made-up engine calls the function it is given.
    #[cfg(test)]
    pub(super) fn interrupted(
        serve: impl FnOnce(Box<dyn Fn(Event)>, UnboundedReceiver<Request>, Box<dyn Fn()>) + Send + 'static,
    ) -> Self {
        let (sender, receiver) = channel::<Sender<Incoming>>();
        let (session, interrupts) = Self::with(move |emit, requests| {
            let interrupts = receiver.recv().expect("sent below");
            serve(emit, requests, Box::new(move || drop(interrupts.send(Incoming::Interrupt))));
        });
        let _ = sender.send(interrupts);
        session
    }

    /// A number for a new request.
    pub(super) fn id(&mut self) -> RequestId {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Forgets Ctrl-C, and what is still told of requests that were given up.
    pub(super) fn calm(&mut self) -> Result<(), Failure> {
        self.presses.store(0, Ordering::Relaxed);
        while let Ok(incoming) = self.incoming.try_recv() {
            if let Incoming::Event(event) = incoming
                && let Event::Failed { id: None, kind, message, .. } = *event
            {
                return Err(Failure::Error { kind, message });
            }
        }
        Ok(())
    }

    /// Sends a request; one that cannot be sent is answered by the failure that ended the engine.
    pub(super) fn send(&self, request: Request) {
        let _ = self.requests.unbounded_send(request);
    }

    /// The next event; an engine's failure and Ctrl-C are failures.
    pub(super) fn next(&mut self) -> Result<Event, Failure> {
        let gone =
            |_| Failure::Error { kind: "panic".into(), message: "the engine is gone, which is a bug".into() };
        let event = match self.incoming.recv().map_err(gone)? {
            Incoming::Event(event) => *event,
            Incoming::Interrupt => return Err(Failure::Interrupted),
        };
        match event {
            Event::Failed { kind, message, .. } => Err(Failure::Error { kind, message }),
            Event::Device { device } => {
                self.device = Some(device.clone());
                Ok(Event::Device { device })
            }
            event => Ok(event),
        }
    }

    /// Loads a model, with a progress bar on a terminal.
    pub(super) fn load(
        &mut self,
        source: ModelSource,
        options: LoadOptions,
        output: &mut Output,
    ) -> Result<ModelInfo, Failure> {
        let source = match source {
            // As people expect it of such programs: what is not here is fetched.
            ModelSource::Hub { .. } | ModelSource::Url { .. } => {
                ModelSource::Stored { name: self.pull(source, output)?.name }
            }
            other => other,
        };
        if let Some(key) = super::engine_args::key_for(&source)? {
            self.send(key);
        }
        let id = self.id();
        self.send(Request::Load { id, source, options });
        let bar = progress_bar(output, "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}", 0);
        bar.set_message("Loading");
        loop {
            match self.next()? {
                Event::Loading { done_bytes, total_bytes, .. } => {
                    bar.set_length(total_bytes);
                    bar.set_position(done_bytes);
                }
                Event::Notice { message, .. } => bar.suspend(|| output.warn(&message)),
                Event::Loaded { id: of, model } if of == id => {
                    bar.finish_and_clear();
                    return Ok(model);
                }
                _ => {}
            }
        }
    }
}

impl Session {
    /// Brings a model here, with a progress bar on a terminal; at once if it is here already.
    pub(super) fn pull(&mut self, source: ModelSource, output: &Output) -> Result<StoredModel, Failure> {
        let id = self.id();
        self.send(Request::Pull { id, source });
        let bar = progress_bar(output, "{prefix} [{bar:30}] {bytes}/{total_bytes} {msg}", 0);
        loop {
            match self.next()? {
                Event::Pulling { phase, done_bytes, total_bytes, bytes_per_s, seconds_left, .. } => {
                    bar.set_prefix(match phase {
                        PullPhase::Download => "Downloading",
                        PullPhase::Wait => "Waiting for the network",
                        PullPhase::Verify => "Verifying",
                    });
                    bar.set_length(total_bytes);
                    bar.set_position(done_bytes);
                    #[expect(clippy::cast_sign_loss, reason = "a speed has no sign")]
                    let speed = indicatif::HumanBytes(bytes_per_s as u64);
                    let left = seconds_left.and_then(|left| Duration::try_from_secs_f64(left).ok());
                    let left = left.map(|left| format!(", {} left", indicatif::HumanDuration(left)));
                    bar.set_message(format!("{speed}/s{}", left.unwrap_or_default()));
                }
                Event::Pulled { model, .. } => {
                    bar.finish_and_clear();
                    return Ok(model);
                }
                _ => {}
            }
        }
    }
}

/// A bar on standard error; hidden where that is no terminal. It shows only after a moment's work.
pub(super) fn progress_bar(output: &Output, template: &str, length: u64) -> ProgressBar {
    let target =
        if output.lively { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template(template).expect("the templates are our own");
    let bar = ProgressBar::with_draw_target(Some(length), target)
        .with_style(style)
        .with_finish(indicatif::ProgressFinish::AndClear);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
