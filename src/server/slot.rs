//! The one model that is in memory, who uses it, and when another takes its place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use web_time::{Instant, SystemTime};

use super::host::Host;
use super::refusal::Refusal;
use crate::protocol::{Event, LoadOptions, ModelInfo, ModelSource, Request};

/// A model under the name that requests know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What `/v1/models` lists and replies carry.
    pub name: String,
    /// What to load.
    pub source: ModelSource,
}

/// How long a model stays in memory after its last request; `None` for ever.
pub type KeepAlive = Option<Duration>;

/// Reads how long to keep a model: `5m`, `1h 30m`, a number of seconds, and `-1` or `forever` for ever.
pub fn parse_keep_alive(text: &str) -> Result<KeepAlive, String> {
    let text = text.trim();
    let wrong = || format!("{text:?} is no time: expected 5m, 1h30m, a number of seconds, or -1 for ever");
    if text == "forever" || text.starts_with('-') {
        // Ollama takes any negative time for that.
        let time = text.trim_start_matches('-');
        let fine =
            text == "forever" || time.parse::<f64>().is_ok() || humantime::parse_duration(time).is_ok();
        return if fine { Ok(None) } else { Err(wrong()) };
    }
    let time = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?,
        Err(_) => humantime::parse_duration(text).map_err(|_| wrong())?,
    };
    // Longer than anyone waits is for ever, and no clock runs over.
    Ok(Some(time).filter(|time| time.as_secs() < 100 * 365 * 24 * 3600))
}

/// A model in memory.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) named: Named,
    pub(super) info: ModelInfo,
    /// [`Host::losses`] at that time.
    losses: u64,
}

/// When the model goes, if nobody asks for it.
#[derive(Debug, Clone, Copy)]
struct Deadline {
    at: Instant,
    /// The same for clocks on the wall.
    wall: SystemTime,
}

/// Holds a model for as many requests as want it, and changes it between them.
pub(super) struct Slot {
    host: Arc<Host>,
    options: LoadOptions,
    /// Read while the model is used, written to change it. It is fair: who waits for another model waits for the
    /// requests that are under way, and no longer.
    held: Arc<RwLock<Option<Loaded>>>,
    /// A copy of what is held, to look at without waiting.
    shown: Mutex<Option<Loaded>>,
    deadline: Mutex<Option<Deadline>>,
    loading: AtomicBool,
}

/// The use of a model; it stays until this is dropped.
pub(super) struct Lease {
    held: OwnedRwLockReadGuard<Option<Loaded>, Loaded>,
    slot: Arc<Slot>,
    keep_alive: KeepAlive,
    /// Whether it had to be loaded for this, and how long that took.
    pub(super) load: Duration,
}

impl std::ops::Deref for Lease {
    type Target = Loaded;

    fn deref(&self) -> &Loaded {
        &self.held
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.slot.stay(self.keep_alive);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slot {
    pub(super) fn new(host: Arc<Host>, options: LoadOptions) -> Arc<Self> {
        Arc::new(Self {
            host,
            options,
            held: Arc::default(),
            shown: Mutex::default(),
            deadline: Mutex::default(),
            loading: AtomicBool::new(false),
        })
    }

    /// What is in memory now.
    pub(super) fn shown(&self) -> Option<Loaded> {
        lock(&self.shown).clone().filter(|loaded| self.is_there(loaded))
    }

    /// When it goes.
    pub(super) fn expires(&self) -> Option<SystemTime> {
        (*lock(&self.deadline)).map(|deadline| deadline.wall)
    }

    /// Whether a model is being loaded.
    pub(super) fn is_loading(&self) -> bool {
        self.loading.load(Ordering::Relaxed)
    }

    fn is_there(&self, loaded: &Loaded) -> bool {
        loaded.losses == self.host.losses()
    }

    /// Lets a model go as soon as nobody uses it.
    pub(super) fn release(&self, named: &Named) {
        if self.shown().is_some_and(|loaded| loaded.named.source == named.source) {
            self.stay(Some(Duration::ZERO));
        }
    }

    fn stay(&self, keep_alive: KeepAlive) {
        let deadline =
            keep_alive.map(|keep| Deadline { at: Instant::now() + keep, wall: SystemTime::now() + keep });
        *lock(&self.deadline) = deadline;
    }

    /// The use of a model, which is loaded if it is not there; what is being answered ends first.
    pub(super) async fn lease(
        self: &Arc<Self>,
        named: &Named,
        keep_alive: KeepAlive,
    ) -> Result<Lease, Refusal> {
        let lease = |held, load| {
            *lock(&self.deadline) = None;
            let held = OwnedRwLockReadGuard::map(held, |held: &Option<Loaded>| {
                held.as_ref().expect("looked at before")
            });
            Lease { held, slot: self.clone(), keep_alive, load }
        };
        let fits = |held: &Option<Loaded>| {
            held.as_ref().is_some_and(|held| held.named.source == named.source && self.is_there(held))
        };
        let held = self.held.clone().read_owned().await;
        if fits(&held) {
            return Ok(lease(held, Duration::ZERO));
        }
        drop(held);
        let mut held = self.held.clone().write_owned().await;
        if fits(&held) {
            return Ok(lease(held.downgrade(), Duration::ZERO));
        }
        // On its own: a client that goes away while its model comes leaves no half-known state behind.
        let (this, named) = (self.clone(), named.clone());
        let loading = tokio::spawn(async move {
            let outcome = this.load(&mut held, named).await;
            (held, outcome)
        });
        let stopped =
            |_| Refusal::of_engine("panic", "loading the model stopped, which is a bug".into(), None);
        let (held, outcome): (OwnedRwLockWriteGuard<_>, _) = loading.await.map_err(stopped)?;
        let load = outcome?;
        Ok(lease(held.downgrade(), load))
    }

    async fn load(&self, held: &mut Option<Loaded>, named: Named) -> Result<Duration, Refusal> {
        let started = Instant::now();
        *held = None;
        *lock(&self.shown) = None;
        let losses = self.host.losses();
        self.loading.store(true, Ordering::Relaxed);
        let (source, options) = (named.source.clone(), self.options.clone());
        let mut running = self.host.ask(|id| Request::Load { id, source, options });
        let mut outcome = None;
        while let Some((_, event)) = running.next().await {
            match event {
                Event::Loaded { model, .. } => outcome = Some(Ok(model)),
                Event::Failed { kind, message, context, .. } => {
                    outcome = Some(Err(Refusal::of_engine(&kind, message, context)));
                }
                Event::Notice { message, .. } => eprintln!("polo: {message}"),
                _ => {}
            }
        }
        self.loading.store(false, Ordering::Relaxed);
        let gone = || Refusal::of_engine("panic", "the engine is gone, which is a bug".into(), None);
        let info = outcome.ok_or_else(gone)??;
        let load = started.elapsed();
        eprintln!("polo: {} is loaded ({:.1} s)", named.name, load.as_secs_f64());
        *held = Some(Loaded { named, info, losses });
        lock(&self.shown).clone_from(held);
        Ok(load)
    }

    /// Gives the model's memory back if its time is over and nobody uses it. Returns whether it did.
    pub(super) async fn tidy(&self) -> bool {
        let due =
            |deadline: &Option<Deadline>| deadline.is_some_and(|deadline| deadline.at <= Instant::now());
        if !due(&lock(&self.deadline)) {
            return false;
        }
        let Ok(mut held) = self.held.clone().try_write_owned() else { return false };
        // Someone may have come between the two looks.
        if !due(&lock(&self.deadline)) {
            return false;
        }
        *lock(&self.deadline) = None;
        *lock(&self.shown) = None;
        let Some(loaded) = held.take() else { return false };
        let mut running = self.host.ask(|id| Request::Unload { id });
        while running.next().await.is_some() {}
        eprintln!("polo: {} is not used, and gave its memory back", loaded.named.name);
        true
    }
}
