//! The page itself, kept by the browser so that it opens without a network: registers the service
//! worker (sw.js), which keeps the shell and nothing else, and tells when a newer page is waiting.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};

use super::dom;

/// Lies beside the page, so that its scope is the page's folder.
const SCRIPT: &str = "./sw.js";

/// A newer page that waits for the reader's word.
#[derive(Clone, Default)]
pub(super) struct NewVersion {
    /// The worker that would serve it; `None` where another tab has put it to work already.
    waiting: Option<ServiceWorker>,
}

fn container() -> Option<ServiceWorkerContainer> {
    // Missing on plain http, where web-sys would hand out `undefined`.
    dom::has("navigator", Some("serviceWorker")).then(|| window().navigator().service_worker())
}

/// Registers the service worker; `told` gets an update once it is ready to be used.
pub(super) fn register(told: impl Fn(NewVersion) + Clone + 'static) {
    let Some(container) = container() else { return };
    leptos::task::spawn_local(async move {
        let controlled = container.controller().is_some();
        // Without it the page works as well, with a network. A browser that forbids it gives nothing back.
        let Ok(registration) = JsFuture::from(container.register(SCRIPT)).await else { return };
        let Ok(registration) = registration.dyn_into::<ServiceWorkerRegistration>() else { return };
        if !controlled {
            // The first visit: what is installed now is this very page.
            return;
        }
        if let Some(waiting) = registration.waiting() {
            told(NewVersion { waiting: Some(waiting) });
        }
        let (found, tell) = (registration.clone(), told.clone());
        listen(&registration, "updatefound", move || {
            let Some(worker) = found.installing() else { return };
            let (installing, tell) = (worker.clone(), tell.clone());
            listen(&worker, "statechange", move || {
                if installing.state() == ServiceWorkerState::Installed {
                    tell(NewVersion { waiting: Some(installing.clone()) });
                }
            });
        });
        listen(&container, "controllerchange", move || told(NewVersion::default()));
    });
}

/// Puts a newer page in the place of this one.
pub(super) fn apply(update: &NewVersion) {
    let reload = || drop(window().location().reload());
    let (Some(waiting), Some(container)) = (&update.waiting, container()) else { return reload() };
    listen(&container, "controllerchange", reload);
    if waiting.state() == ServiceWorkerState::Activated || waiting.post_message(&"use".into()).is_err() {
        reload();
    }
}

/// Listens for as long as the page lives.
fn listen(target: &web_sys::EventTarget, event: &str, then: impl FnMut() + 'static) {
    let closure = Closure::<dyn FnMut()>::new(then);
    // Adding a listener fails for no event of a browser's own.
    drop(target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref()));
    closure.forget();
}
