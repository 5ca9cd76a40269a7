//! The browser's side of `platform`: macrotasks by messages, timers, files that the person picked.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, MessageChannel, RequestInit, Window, WorkerGlobalScope};

use self::disk::BlobSource;
use super::{ByteSource, PICKED_ROOT};
use crate::Result;

pub(super) mod disk;
pub(super) mod http;

/// The page's window or the worker's scope: both fetch and set timers.
enum Scope {
    Window(Window),
    Worker(WorkerGlobalScope),
}

impl Scope {
    fn get() -> Self {
        let global = js_sys::global();
        match global.dyn_into::<WorkerGlobalScope>() {
            Ok(worker) => Self::Worker(worker),
            Err(other) => Self::Window(other.unchecked_into()),
        }
    }

    fn fetch(&self, url: &str, init: &RequestInit) -> Promise {
        match self {
            Self::Window(window) => window.fetch_with_str_and_init(url, init),
            Self::Worker(worker) => worker.fetch_with_str_and_init(url, init),
        }
    }

    fn set_timeout(&self, callback: &Function, ms: i32) {
        // A browser that refuses a timer has no event loop left to wait in.
        let _ = match self {
            Self::Window(window) => {
                window.set_timeout_with_callback_and_timeout_and_arguments_0(callback, ms)
            }
            Self::Worker(worker) => {
                worker.set_timeout_with_callback_and_timeout_and_arguments_0(callback, ms)
            }
        };
    }
}

/// A message to oneself: a macrotask like `setTimeout(0)`, without its clamp to 4 ms when nested.
pub(super) async fn yield_now() {
    let Ok(channel) = MessageChannel::new() else { return sleep_ms(0).await };
    let (listener, sender) = (channel.port1(), channel.port2());
    let promise = Promise::new(&mut |resolve, _| {
        listener.set_onmessage(Some(&resolve));
        if sender.post_message(&JsValue::NULL).is_err() {
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    let _ = JsFuture::from(promise).await;
    listener.close();
}

pub(super) async fn sleep_ms(ms: u32) {
    let ms = i32::try_from(ms).unwrap_or(i32::MAX);
    let promise = Promise::new(&mut |resolve, _| Scope::get().set_timeout(&resolve, ms));
    let _ = JsFuture::from(promise).await;
}

thread_local! {
    /// Files that the person picked or dropped, by name; the page sends them beside its messages.
    static PICKED: RefCell<HashMap<String, Blob>> = RefCell::default();
}

pub(super) fn offer_picked(file: &dyn Any) {
    let Some(file) = file.downcast_ref::<web_sys::File>() else { return };
    PICKED.with_borrow_mut(|picked| picked.insert(file.name(), file.clone().into()));
}

pub(super) async fn open(location: &str) -> Result<Option<Box<dyn ByteSource>>> {
    if let Some(name) = location.strip_prefix(PICKED_ROOT) {
        let blob = PICKED.with_borrow(|picked| picked.get(name).cloned());
        return Ok(blob.map(|blob| Box::new(BlobSource::new(name, blob)) as Box<dyn ByteSource>));
    }
    disk::source(location).await
}

pub(super) fn is_address(location: &str) -> bool {
    !location.starts_with(disk::ROOT) && !location.starts_with(PICKED_ROOT)
}

#[expect(clippy::unnecessary_wraps, reason = "the system's twin can fail")]
pub(super) fn is_folder(location: &str) -> Result<bool> {
    Ok(![".gguf", ".safetensors", ".json"]
        .iter()
        .any(|ending| location.to_ascii_lowercase().ends_with(ending)))
}

pub(super) fn random() -> u32 {
    (js_sys::Math::random() * f64::from(u32::MAX)) as u32
}

pub(super) const WGSL_SUBGROUPS: &str = "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n";

/// The worker's shim leaves this mark on the global object once a device has the feature.
pub(super) fn shim_has_subgroups() -> bool {
    js_sys::Reflect::get(&js_sys::global(), &"poloSubgroups".into()).is_ok_and(|mark| mark.is_truthy())
}

/// The adapter's name as the worker's shim noted it.
pub(super) fn shim_adapter_name() -> Option<String> {
    let name = js_sys::Reflect::get(&js_sys::global(), &"poloAdapter".into()).ok()?.as_string()?;
    (!name.is_empty()).then_some(name)
}

pub(super) fn embedded_model() -> Option<&'static [u8]> {
    None
}

/// WebGPU does not tell it, so that pages cannot tell machines apart by it.
pub(super) fn adapter_memory(_: &wgpu::Adapter) -> Option<u64> {
    None
}
