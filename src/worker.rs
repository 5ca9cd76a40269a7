//! The engine in a Web Worker: requests come in and events go out as JSON text.

use futures_channel::mpsc;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::engine::Engine;
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
        post(&Event::Failed { id: None, kind: "panic".into(), message: info.to_string() });
    }));
    watch_devices();
    let (sender, requests) = mpsc::unbounded();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        let text = message.data().as_string().unwrap_or_default();
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
            }),
        }
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The listener lives as long as the worker.
    on_message.forget();
    wasm_bindgen_futures::spawn_local(Engine::new(|event| post(&event)).run(requests));
    // Last, when everything listens: messages that come before a listener are lost.
    post(&Event::Ready);
}

fn post(event: &Event) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    // Events are plain data, and text can always be posted: neither fails.
    if let Ok(text) = serde_json::to_string(event) {
        drop(scope.post_message(&text.into()));
    }
}
