//! The one door: takes Requests, emits Events. The worker, the command and the server are transports.

mod bench;
mod reply;
mod session;

use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::StreamExt;

use self::session::Session;
use crate::error::Error;
use crate::gpu::{DeviceOptions, Gpu};
use crate::ops::self_test;
use crate::platform;
use crate::protocol::{DeviceInfo, Event, LoadOptions, Request, RequestId, Variant};

pub use crate::gpu::list_adapters;

/// Where events go.
pub(crate) type Emit = Rc<dyn Fn(Event)>;

/// Rounds of the loop between two chances for messages to come in; one round takes about a step.
const ROUNDS_PER_YIELD: u32 = 2;

/// The engine; single-threaded, in a Web Worker or on a thread of its own.
pub struct Engine {
    emit: Emit,
    gpu: Option<(DeviceOptions, Rc<Gpu>)>,
    session: Option<Session>,
}

impl Engine {
    /// An engine that tells what happens to `emit`.
    pub fn new(emit: impl Fn(Event) + 'static) -> Self {
        Self { emit: Rc::new(emit), gpu: None, session: None }
    }

    /// Serves requests until their sender is gone.
    pub async fn run(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        let mut round = 0;
        loop {
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
                session.fail_all(&error);
                // The device is gone or cannot be read: the model has to be loaded again.
                self.session = None;
                self.gpu = None;
                self.fail(None, &error);
            }
            round += 1;
            if round % ROUNDS_PER_YIELD == 0 {
                platform::yield_now().await;
            }
        }
    }

    fn fail(&self, id: Option<RequestId>, error: &Error) {
        (self.emit)(Event::Failed { id, kind: error.kind().into(), message: error.to_string() });
    }

    async fn handle(&mut self, request: Request) {
        let (id, result) = match request {
            Request::Load { id, source, options } => (id, self.load(id, &source, &options).await),
            Request::Generate { id, prompt, sampling } => {
                (id, self.session().and_then(|session| session.generate(id, &prompt, &sampling)))
            }
            Request::Cancel { id } => {
                if let Some(session) = &mut self.session {
                    session.cancel(id);
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
            Request::Inspect { id, .. }
            | Request::Library { id }
            | Request::Find { id, .. }
            | Request::Pull { id, .. }
            | Request::Remove { id, .. } => {
                (id, Err(Error::BadRequest("this program keeps no models yet".into())))
            }
        };
        if let Err(error) = result {
            self.fail(Some(id), &error);
        }
    }

    fn session(&mut self) -> Result<&mut Session, Error> {
        let none = || Error::BadRequest("no model is loaded: load one first".into());
        self.session.as_mut().ok_or_else(none)
    }

    /// The open device, or a new one where other options are asked for.
    async fn open(&mut self, options: &DeviceOptions) -> Result<Rc<Gpu>, Error> {
        if let Some((_, gpu)) = self.gpu.as_ref().filter(|(opened, _)| opened == options) {
            return Ok(gpu.clone());
        }
        let mut gpu = Gpu::open(options).await?;
        check_variant(&mut gpu).await?;
        let gpu = Rc::new(gpu);
        (self.emit)(Event::Device { device: gpu.info().clone() });
        self.gpu = Some((options.clone(), gpu.clone()));
        Ok(gpu)
    }

    async fn load(
        &mut self,
        id: RequestId,
        source: &crate::protocol::ModelSource,
        options: &LoadOptions,
    ) -> Result<(), Error> {
        // The old model goes first: two might not fit.
        if let Some(mut session) = self.session.take() {
            session.fail_all(&Error::BadRequest("another model was loaded".into()));
        }
        let device = DeviceOptions {
            device: options.device.clone(),
            baseline: options.baseline,
            variant: options.variant,
        };
        let gpu = self.open(&device).await?;
        let session = Session::load(id, gpu, source, options, self.emit.clone()).await?;
        (self.emit)(Event::Loaded { id, model: session.info().clone() });
        self.session = Some(session);
        Ok(())
    }
}

/// Holds the chosen kernels against the reference; falls back to the base family where they differ.
async fn check_variant(gpu: &mut Gpu) -> Result<(), Error> {
    loop {
        let result = self_test::check_variant(gpu).await;
        if result.passed() {
            return Ok(());
        }
        if gpu.variant() == Variant::Base {
            let cause = result.failure.unwrap_or_else(|| format!("relative error {:e}", result.error));
            let what = format!("{} on {}: {cause}; update the graphics driver", result.name, gpu.info().name);
            return Err(Error::BadNumbers(what));
        }
        let why = format!("{:?} gave wrong numbers on this device", gpu.variant()).to_lowercase();
        gpu.set_variant(Variant::Base, &why);
    }
}

/// Opens a device as a load would and tells what it is; for `polo doctor`.
pub async fn describe_device(options: &DeviceOptions) -> Result<DeviceInfo, Error> {
    let mut gpu = Gpu::open(options).await?;
    check_variant(&mut gpu).await?;
    Ok(gpu.info().clone())
}
