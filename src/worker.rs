//! The engine in a Web Worker: requests come in and events go out as JSON text.
//!
//! A request that names files the person picked comes as `{request: TEXT, files: [File, …]}`. The worker's
//! own address may name another hub (`?hub=http://localhost:8000`), which tests do.

use futures_channel::mpsc;
use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, File, MessageEvent, UrlSearchParams};

use crate::engine::{Engine, StoreOptions};
use crate::platform;
use crate::protocol::{Event, Request};

// wgpu does not yet ask a browser's adapter for subgroups or for its name. So the device that it asks
// for gets them here, where the adapter has them and the request does not forbid it.
#[wasm_bindgen(inline_js = "
let wanted = false;
export function want_subgroups(yes) { wanted = yes; }
export function watch_devices() {
  if (typeof GPUAdapter === 'undefined') return;
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = function (descriptor) {
    const { vendor, architecture, device, description } = this.info ?? {};
    // The engine reads these two marks (platform/web.rs).
    globalThis.poloAdapter = [vendor, architecture, device, description].filter(Boolean).join(' ');
    globalThis.poloSubgroups = false;
    if (!wanted || !this.features.has('subgroups')) return request.call(this, descriptor);
    const features = new Set(descriptor?.requiredFeatures ?? []);
    features.add('subgroups');
    globalThis.poloSubgroups = true;
    return request.call(this, { ...descriptor, requiredFeatures: [...features] });
  };
}")]
extern "C" {
    fn want_subgroups(yes: bool);
    fn watch_devices();
}

/// Runs the engine until the worker is ended.
pub fn start() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        // The page ends this worker, starts another and says why.
        post(&Event::Failed { id: None, kind: "panic".into(), message: info.to_string(), context: None });
    }));
    watch_devices();
    let (sender, requests) = mpsc::unbounded();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        let text = unpack(&message.data());
        match serde_json::from_str::<Request>(&text) {
            Ok(request) => {
                if let Request::Load { options, .. } = &request {
                    want_subgroups(!options.baseline);
                }
                // It fails only when the engine has returned, which it does with the worker.
                drop(sender.unbounded_send(request));
            }
            Err(error) => post(&Event::Failed {
                id: None,
                kind: "worker".into(),
                message: format!("unreadable request: {error}"),
                context: None,
            }),
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The listener lives as long as the worker.
    on_message.forget();
    let mut options = StoreOptions::default();
    let address = UrlSearchParams::new_with_str(&scope.location().search());
    if let Some(hub) = address.ok().and_then(|words| words.get("hub")) {
        options.endpoint = hub;
    }
    wasm_bindgen_futures::spawn_local(Engine::with_store(|event| post(&event), options).run(requests));
    // Last, when everything listens: messages that come before a listener are lost.
    post(&Event::Ready);
}

/// The request's text; files that come with it become readable.
fn unpack(data: &JsValue) -> String {
    if let Some(text) = data.as_string() {
        return text;
    }
    let part = |name: &str| Reflect::get(data, &name.into()).unwrap_or_default();
    if let Ok(files) = part("files").dyn_into::<Array>() {
        for file in files.iter().filter_map(|file| file.dyn_into::<File>().ok()) {
            platform::offer_picked(&file);
        }
    }
    part("request").as_string().unwrap_or_default()
}

fn post(event: &Event) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    // Events are plain data, and text can always be posted: neither fails.
    if let Ok(text) = serde_json::to_string(event) {
        drop(scope.post_message(&text.into()));
    }
}
