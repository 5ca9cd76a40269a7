//! The one door: takes Requests, emits Events. The worker, the command and the server are transports.

mod bench;
mod bench_search;
mod choosing;
mod compare;
mod defaults;
mod device;
mod fit;
mod ground;
mod guide;
mod library;
mod opened;
mod prompts;
mod remote;
mod remote_reply;
mod reply;
mod search;
mod searches;
mod seeking;
mod session;
mod steering;
mod tally;
mod warm_up;

#[cfg(test)]
mod fit_tests;
#[cfg(test)]
mod recovery_tests;

use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::{FutureExt, StreamExt};

use self::device::{check_variant, device_options};
use self::library::Librarian;
use self::remote::RemoteSession;
use self::session::Session;
use crate::error::Error;
use crate::files::Store;
use crate::gpu::{DeviceOptions, Gpu};
use crate::ops::self_test;
use crate::platform;
use crate::protocol::{
    Candidate, Comparison, Event, FitReport, LoadOptions, LoadPhase, ModelSource, Request, RequestId,
};

pub use self::device::describe_device;
pub use self::library::stored_name;
pub use crate::files::{DownloadOptions, HUB, StoreOptions, parse_reference};
pub use crate::gpu::list_adapters;

/// The thought and the output of a whole reply with its tags.
pub fn split_reply(reply: &str) -> (String, String) {
    let parts = crate::text::split(reply, None);
    (parts.thought, parts.output)
}

/// Where events go.
pub(crate) type Emit = Rc<dyn Fn(Event)>;

/// Rounds of the loop between two chances for messages to come in; one round takes about a step.
const ROUNDS_PER_YIELD: u32 = 2;

/// A device that is lost more often than this within that time is not worth another try.
const MOST_LOSSES: usize = 3;
const LOSSES_WITHIN_MS: f64 = 60_000.0;

/// The engine; single-threaded, in a Web Worker or on a thread of its own.
pub struct Engine {
    emit: Emit,
    library: Librarian,
    gpu: Option<(DeviceOptions, Rc<Gpu>)>,
    session: Option<Session>,
    /// A model elsewhere; there is a session or this, never both.
    remote: Option<RemoteSession>,
    /// When the device was lost lately.
    losses_ms: Vec<f64>,
}

impl Engine {
    /// An engine that tells what happens to `emit`; it keeps no models.
    pub fn new(emit: impl Fn(Event) + 'static) -> Self {
        Self::with(Rc::new(emit), None)
    }

    /// An engine that keeps models in a store.
    pub fn with_store(emit: impl Fn(Event) + 'static, options: StoreOptions) -> Self {
        Self::with(Rc::new(emit), Some(Store::new(options)))
    }

    fn with(emit: Emit, store: Option<Store>) -> Self {
        let library = Librarian::new(emit.clone(), store);
        Self { emit, library, gpu: None, session: None, remote: None, losses_ms: Vec::new() }
    }

    /// Serves requests until their sender is gone.
    pub async fn run(self, requests: mpsc::UnboundedReceiver<Request>) {
        let (others, own) = mpsc::unbounded();
        let library = self.library.clone();
        // Boxed: it is large, and would be moved with everything that runs an engine.
        futures_util::join!(library.serve(requests, others), Box::pin(self.serve(own)));
    }

    /// Serves what is about the GPU and the model on it.
    async fn serve(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        let mut round = 0;
        loop {
            if let Some(remote) = self.remote.as_mut().filter(|remote| remote.is_busy()) {
                // Whatever comes first: a server may be silent for minutes.
                let request = futures_util::select_biased! {
                    request = requests.next() => request,
                    output = Box::pin(remote.next().fuse()) => {
                        remote.take(output);
                        continue;
                    }
                };
                let Some(request) = request else { return };
                self.handle(request).await;
                continue;
            }
            let busy = self.session.as_ref().is_some_and(Session::is_busy);
            let request = if busy {
                match requests.try_recv() {
                    Ok(request) => Some(request),
                    Err(mpsc::TryRecvError::Empty) => None,
                    Err(mpsc::TryRecvError::Closed) => return,
                }
            } else {
                match requests.next().await {
                    Some(request) => Some(request),
                    None => return,
                }
            };
            if let Some(request) = request {
                self.handle(request).await;
                continue;
            }
            if let Some(session) = &mut self.session
                && let Err(error) = session.step().await
            {
                self.recover(error).await;
            }
            round += 1;
            if round % ROUNDS_PER_YIELD == 0 {
                platform::yield_now().await;
            }
        }
    }

    /// After a step that failed: the device is gone or cannot be read. Opens another, loads the model again and
    /// goes on with every reply where it was; if that fails, or happens again and again, all of them fail.
    async fn recover(&mut self, cause: Error) {
        let Some(session) = self.session.take() else { return };
        let mut cause = cause;
        if let Some((_, gpu)) = self.gpu.take()
            && matches!(cause, Error::ReadBack(_))
        {
            // The news of a loss may come after its first consequence.
            platform::sleep_ms(100).await;
            gpu.poll();
            cause = gpu.lost().unwrap_or(cause);
        }
        let now_ms = platform::now_ms();
        self.losses_ms.retain(|lost_ms| now_ms - lost_ms < LOSSES_WITHIN_MS);
        self.losses_ms.push(now_ms);
        let interrupted = session.interrupt();
        if matches!(cause, Error::GpuLost(_) | Error::ReadBack(_)) && self.losses_ms.len() <= MOST_LOSSES {
            self.notice("recovering", format!("{cause}; the model is loaded again and the reply goes on"));
            let (id, source, options) = interrupted.load();
            // A driver that resets itself may take a moment.
            for pause_ms in [0, 500, 2000] {
                platform::sleep_ms(pause_ms).await;
                match self.load(id, &source, &options).await {
                    Ok(()) => {
                        if let Some(session) = &mut self.session {
                            session.resume(interrupted);
                        }
                        return self.notice("recovered", "the GPU is back, and the reply goes on".into());
                    }
                    Err(error) => cause = error,
                }
            }
        }
        interrupted.fail_all(&cause);
        self.fail(None, &cause);
    }

    fn notice(&self, kind: &str, message: String) {
        (self.emit)(Event::Notice { id: None, kind: kind.into(), message });
    }

    fn fail(&self, id: Option<RequestId>, error: &Error) {
        (self.emit)(Event::failed(id, error));
    }

    async fn handle(&mut self, request: Request) {
        let (id, result) = match request {
            Request::Load { id, source, options } => (id, self.load(id, &source, &options).await),
            Request::Generate { id, prompt, sampling } => (
                id,
                match &mut self.remote {
                    Some(remote) => remote.generate(id, &prompt, &sampling),
                    None => self.session().and_then(|session| session.generate(id, &prompt, &sampling)),
                },
            ),
            Request::Unload { id } => {
                self.unload("the model was unloaded");
                (self.emit)(Event::Unloaded { id });
                (id, Ok(()))
            }
            Request::Status { id } => {
                let result = match &self.remote {
                    Some(remote) => {
                        remote.status(id);
                        Ok(())
                    }
                    None => self.session().map(|session| session.status(id)),
                };
                (id, result)
            }
            Request::Tokenize { id, prompt } => {
                (id, self.session().and_then(|session| session.tokenize(id, &prompt)))
            }
            Request::Detokenize { id, tokens } => {
                (id, self.session().and_then(|session| session.detokenize(id, &tokens)))
            }
            Request::Cancel { id } => {
                if let Some(session) = &mut self.session {
                    session.cancel(id);
                }
                if let Some(remote) = &mut self.remote {
                    remote.cancel(id);
                }
                (id, Ok(()))
            }
            Request::Bench { id, options } => {
                let emit = self.emit.clone();
                let result = match self.session() {
                    Ok(session) => session.bench(&options).await,
                    Err(error) => Err(error),
                };
                (id, result.map(|report| emit(Event::Benched { id, report })))
            }
            Request::SelfTest { id } => {
                let result = match self.open(&DeviceOptions::default()).await {
                    Ok(gpu) => Ok(self_test::run(&gpu).await),
                    Err(error) => Err(error),
                };
                (id, result.map(|results| (self.emit)(Event::SelfTested { id, results })))
            }
            Request::Compare { id, reference, candidates, texts, options } => {
                let result = self.compare(id, &reference, &candidates, &texts, &options).await;
                (id, result.map(|comparison| (self.emit)(Event::Compared { id, comparison })))
            }
            Request::Search { id, prompt, sampling, search } => (
                id,
                match &mut self.remote {
                    Some(remote) => remote.search(id, prompt, &sampling, &search),
                    None => self.session().and_then(|session| session.search(id, prompt, &sampling, &search)),
                },
            ),
            Request::Import { id, json } => (
                id,
                match &mut self.remote {
                    Some(remote) => remote.import(id, json),
                    None => self.session().and_then(|session| session.import(id, &json)),
                },
            ),
            Request::Export { id } => (id, self.export(id)),
            Request::Node { id, node } => (id, self.searching(|all, ground| all.node(id, ground, node))),
            Request::Pause { id } => (id, self.searching(|all, ground| all.hold(id, ground, true))),
            Request::Resume { id } => (id, self.searching(|all, ground| all.hold(id, ground, false))),
            Request::Prune { id, node, pruned } => (id, self.steer(id, |search| search.prune(node, pruned))),
            Request::Pin { id, node, pinned } => (id, self.steer(id, |search| search.pin(node, pinned))),
            Request::Continue { id, node } => (id, self.steer(id, |search| search.continue_from(node))),
            Request::Branch { id, node, at, token } => {
                (id, self.searching(|all, ground| all.branch(id, ground, (node, at, token))))
            }
            Request::Inspect { id, source, options } => {
                let result = self.inspect(&source, &options).await;
                (id, result.map(|report| (self.emit)(Event::Inspected { id, report })))
            }
            Request::Authorize { .. } => unreachable!("the library takes tokens"),
            Request::Library { id }
            | Request::Find { id, .. }
            | Request::Pull { id, .. }
            | Request::Remove { id, .. }
            | Request::Copy { id, .. } => unreachable!("request {id}: the library answers it"),
        };
        if let Err(error) = result {
            self.fail(Some(id), &error);
        }
    }

    fn session(&mut self) -> Result<&mut Session, Error> {
        let none = match &self.remote {
            Some(remote) => {
                format!("{} is not on this machine, and this needs a model that is", remote.info().name)
            }
            None => "no model is loaded: load one first".into(),
        };
        self.session.as_mut().ok_or(Error::BadRequest(none))
    }

    /// The open device, or a new one where other options are asked for.
    async fn open(&mut self, options: &DeviceOptions) -> Result<Rc<Gpu>, Error> {
        let usable = |(opened, gpu): &&(DeviceOptions, Rc<Gpu>)| opened == options && gpu.lost().is_none();
        if let Some((_, gpu)) = self.gpu.as_ref().filter(usable) {
            return Ok(gpu.clone());
        }
        let mut gpu = Gpu::open(options).await?;
        check_variant(&mut gpu).await?;
        let gpu = Rc::new(gpu);
        (self.emit)(Event::Device { device: gpu.info().clone() });
        self.gpu = Some((options.clone(), gpu.clone()));
        Ok(gpu)
    }

    async fn inspect(&mut self, source: &ModelSource, options: &LoadOptions) -> Result<FitReport, Error> {
        let source = self.library.locate(source).await?;
        let gpu = self.open(&device_options(options)).await?;
        fit::inspect(&gpu, &source, options).await
    }

    /// The model in use goes first: two might not fit.
    fn unload(&mut self, why: &str) {
        if let Some(session) = self.session.take() {
            session.fail_all(&Error::BadRequest(why.into()));
        }
        if let Some(remote) = self.remote.take() {
            remote.fail_all(&Error::BadRequest(why.into()));
        }
    }

    async fn compare(
        &mut self,
        id: RequestId,
        reference: &ModelSource,
        candidates: &[Candidate],
        texts: &[String],
        options: &LoadOptions,
    ) -> Result<Comparison, Error> {
        let reference = self.library.locate(reference).await?;
        let mut candidates = candidates.to_vec();
        for candidate in &mut candidates {
            candidate.source = self.library.locate(&candidate.source).await?;
        }
        self.unload("another model was loaded");
        let gpu = self.open(&device_options(options)).await?;
        let progress = |done_bytes, total_bytes| {
            (self.emit)(Event::Loading { id, phase: LoadPhase::Upload, done_bytes, total_bytes });
        };
        // On the heap: what it holds would make the future of every request as large.
        Box::pin(compare::compare(&gpu, &reference, &candidates, texts, options, &progress)).await
    }

    async fn load(
        &mut self,
        id: RequestId,
        source: &ModelSource,
        options: &LoadOptions,
    ) -> Result<(), Error> {
        let source = self.library.locate(source).await?;
        self.unload("another model was loaded");
        if matches!(source, ModelSource::Remote { .. }) {
            let remote = RemoteSession::load(id, &source, options, self.emit.clone()).await?;
            (self.emit)(Event::Loaded { id, model: remote.info().clone() });
            self.remote = Some(remote);
            return Ok(());
        }
        let gpu = self.open(&device_options(options)).await?;
        let session = Session::load(id, gpu, &source, options, self.emit.clone()).await?;
        (self.emit)(Event::Loaded { id, model: session.info().clone() });
        self.session = Some(session);
        Ok(())
    }
}
