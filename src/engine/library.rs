//! Requests about models that are not loaded: answered beside everything else, so that a download
//! neither stops a reply nor waits for one.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable, LocalBoxFuture};
use futures_util::stream::FuturesUnordered;

use super::Emit;
use crate::error::{Error, Result};
use crate::files::{PullProgress, Store, StoreOptions};
use crate::platform;
use crate::protocol::{Event, FinishReason, ModelSource, PullPhase, Request, RequestId, Usage};

/// Progress is told at most this often, in milliseconds.
const TELL_EVERY_MS: f64 = 100.0;
/// The speed is that of the last so many milliseconds.
const SPEED_OVER_MS: f64 = 5000.0;

/// The name of a complete model in the store, as it is stored; none where there is none, or the store cannot be read.
pub async fn stored_name(options: StoreOptions, name: &str) -> Option<String> {
    Store::new(options).complete(name).await.ok().flatten()
}

/// The engine's part that keeps models.
#[derive(Clone)]
pub(super) struct Librarian {
    emit: Emit,
    store: Option<Rc<Store>>,
    /// What is being answered, and how to stop it.
    open: Rc<RefCell<HashMap<RequestId, AbortHandle>>>,
}

impl Librarian {
    pub(super) fn new(emit: Emit, store: Option<Store>) -> Self {
        Self { emit, store: store.map(Rc::new), open: Rc::default() }
    }

    fn store(&self) -> Result<Rc<Store>> {
        let none = || Error::BadRequest("this program keeps no models; give a file or an address".into());
        self.store.clone().ok_or_else(none)
    }

    /// A source that can be opened as it stands.
    pub(super) async fn locate(&self, source: &ModelSource) -> Result<ModelSource> {
        match (source, &self.store) {
            (_, Some(store)) => store.locate(source).await,
            (ModelSource::Hub { .. } | ModelSource::Stored { .. } | ModelSource::Picked { .. }, None) => {
                self.store()?.locate(source).await
            }
            (other, None) => Ok(other.clone()),
        }
    }

    /// Answers what is about the library and passes everything else on, until the requests end.
    pub(super) async fn serve(
        self,
        mut requests: mpsc::UnboundedReceiver<Request>,
        others: mpsc::UnboundedSender<Request>,
    ) {
        let mut tasks = FuturesUnordered::new();
        loop {
            futures_util::select! {
                request = requests.next() => match request {
                    // Pulls that are on their way stop here; what they brought stays.
                    None => return,
                    Some(request) => match self.task(request) {
                        Ok(Some(task)) => tasks.push(task),
                        Ok(None) => {}
                        Err(request) => drop(others.unbounded_send(*request)),
                    },
                },
                () = tasks.select_next_some() => {}
            }
        }
    }

    /// The answer to a request about the library, or the request itself if it is about something else.
    fn task(&self, request: Request) -> Result<Option<LocalBoxFuture<'static, ()>>, Box<Request>> {
        let this = self.clone();
        let (id, answer): (RequestId, LocalBoxFuture<'static, Result<Event>>) = match request {
            Request::Library { id } => (id, Box::pin(async move { this.library(id).await })),
            Request::Find { id, reference } => (
                id,
                Box::pin(async move {
                    let listing = this.store()?.find(&reference).await?;
                    Ok(Event::Found { id, listing })
                }),
            ),
            Request::Pull { id, source } => (id, Box::pin(async move { this.pull(id, &source).await })),
            Request::Remove { id, name } => (
                id,
                Box::pin(async move {
                    this.store()?.remove(&name).await?;
                    this.library(id).await
                }),
            ),
            Request::Copy { id, name, copy } => (
                id,
                Box::pin(async move {
                    this.store()?.copy(&name, &copy).await?;
                    this.library(id).await
                }),
            ),
            Request::Authorize { origin, token } => {
                match (&this.store, &origin) {
                    (Some(store), _) => store.authorize(origin.as_deref(), token.as_deref()),
                    (None, Some(origin)) => platform::http::authorize(origin, token.as_deref()),
                    (None, None) => {}
                }
                return Ok(None);
            }
            Request::Cancel { id } if self.open.borrow().contains_key(&id) => {
                if let Some(handle) = self.open.borrow().get(&id) {
                    handle.abort();
                }
                return Ok(None);
            }
            other => return Err(Box::new(other)),
        };
        let (handle, registration) = AbortHandle::new_pair();
        self.open.borrow_mut().insert(id, handle);
        let (open, emit) = (self.open.clone(), self.emit.clone());
        Ok(Some(Box::pin(async move {
            let answer = Abortable::new(answer, registration).await;
            open.borrow_mut().remove(&id);
            emit(match answer {
                Ok(Ok(event)) => event,
                Ok(Err(error)) => Event::failed(Some(id), &error),
                Err(futures_util::future::Aborted) => Event::Done {
                    id,
                    replies: Vec::new(),
                    finish_reason: FinishReason::Cancelled,
                    usage: Usage::default(),
                },
            });
        })))
    }

    async fn library(&self, id: RequestId) -> Result<Event> {
        Ok(Event::Library { id, library: self.store()?.library().await? })
    }

    async fn pull(&self, id: RequestId, source: &ModelSource) -> Result<Event> {
        let meter = RefCell::new(Meter::default());
        let tell = |progress: PullProgress| {
            if let Some((bytes_per_s, seconds_left)) = meter.borrow_mut().note(platform::now_ms(), progress) {
                let PullProgress { phase, done_bytes, total_bytes } = progress;
                (self.emit)(Event::Pulling { id, phase, done_bytes, total_bytes, bytes_per_s, seconds_left });
            }
        };
        let model = self.store()?.pull(source, &tell).await?;
        Ok(Event::Pulled { id, model })
    }
}

/// Speed, and when it is time to tell again.
#[derive(Default)]
struct Meter {
    /// When, and the bytes done then.
    samples: VecDeque<(f64, u64)>,
    phase: Option<PullPhase>,
    told_ms: f64,
}

impl Meter {
    /// Bytes a second and seconds left, if this progress is worth telling.
    fn note(&mut self, now_ms: f64, progress: PullProgress) -> Option<(f64, Option<f64>)> {
        // Hashing has a speed of its own; a pause has none.
        if self.phase != Some(progress.phase) {
            self.samples.clear();
        } else if now_ms - self.told_ms < TELL_EVERY_MS {
            return None;
        }
        self.phase = Some(progress.phase);
        self.told_ms = now_ms;
        self.samples.push_back((now_ms, progress.done_bytes));
        while self.samples.len() > 2 && now_ms - self.samples[1].0 > SPEED_OVER_MS {
            self.samples.pop_front();
        }
        let (from_ms, from_bytes) = self.samples[0];
        let seconds = (now_ms - from_ms) / 1e3;
        let bytes = progress.done_bytes.saturating_sub(from_bytes) as f64;
        let speed = if seconds > 0.0 { bytes / seconds } else { 0.0 };
        let left = progress.total_bytes.saturating_sub(progress.done_bytes) as f64;
        Some((speed, (speed > 0.0 && progress.phase != PullPhase::Wait).then(|| left / speed)))
    }
}

#[cfg(test)]
mod tests {
    use super::Meter;
    use crate::files::PullProgress;
    use crate::protocol::PullPhase;

    #[test]
    fn speed_is_that_of_the_last_seconds() {
        let mut meter = Meter::default();
        let at = |done_bytes| PullProgress { phase: PullPhase::Download, done_bytes, total_bytes: 100_000 };
        assert_eq!(meter.note(0.0, at(0)), Some((0.0, None)));
        assert_eq!(meter.note(50.0, at(1)), None, "too soon");
        assert_eq!(meter.note(1000.0, at(1000)), Some((1000.0, Some(99.0))));
        for second in 2..10u32 {
            meter.note(f64::from(second) * 1e3, at(1000 * u64::from(second)));
        }
        // It becomes ten times as fast, and after a few seconds that is what is told.
        for second in 0..6u32 {
            let told = meter.note(1e4 + f64::from(second) * 1e3, at(19_000 + 10_000 * u64::from(second)));
            assert!(told.is_some());
        }
        let (speed, left) = meter.note(16_000.0, at(79_000)).unwrap();
        assert!((speed - 10_000.0).abs() < 1.0 && (left.unwrap() - 2.1).abs() < 0.01, "{speed} {left:?}");
        let verify = PullProgress { phase: PullPhase::Verify, done_bytes: 0, total_bytes: 100_000 };
        assert_eq!(meter.note(16_010.0, verify), Some((0.0, None)), "a new phase is told at once");
    }
}
