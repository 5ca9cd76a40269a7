//! The browser's side of `platform`: fetch with ranges, macrotasks by messages, timers.

use futures_util::future::LocalBoxFuture;
use js_sys::{ArrayBuffer, Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, MessageChannel, RequestInit, Response, Window, WorkerGlobalScope};

use super::ByteSource;
use crate::{Error, Result};

/// The first request brings this much, so that a small file takes one request, in bytes.
const HEAD_BYTES: u64 = 64 << 10;

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

/// An address whose server answers ranges, or whose whole body is held because it does not.
struct UrlSource {
    url: String,
    len: u64,
    /// The bytes from the start that are here already; all of them where the server knows no ranges.
    head: Vec<u8>,
}

impl ByteSource for UrlSource {
    fn name(&self) -> &str {
        &self.url
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            super::check_range(&self.url, self.len, offset, len)?;
            let end = offset + len as u64;
            if len == 0 {
                return Ok(Vec::new());
            }
            if end <= self.head.len() as u64 {
                return Ok(self.head[offset as usize..end as usize].to_vec());
            }
            let response = fetch(&self.url, offset, end).await?;
            if response.status() != 206 {
                let what = format!("status {} for a range of bytes, expected 206", response.status());
                return Err(Error::fetch(
                    &self.url,
                    what + "; the server may have changed the file, load again",
                ));
            }
            let bytes = body(&self.url, &response).await?;
            if bytes.len() != len {
                let what = format!("{} bytes came for a range of {len}; try again", bytes.len());
                return Err(Error::fetch(&self.url, what));
            }
            Ok(bytes)
        })
    }
}

pub(super) async fn open(location: &str) -> Result<Option<Box<dyn ByteSource>>> {
    let response = fetch(location, 0, HEAD_BYTES).await?;
    let header = |name: &str| response.headers().get(name).ok().flatten();
    // A development server answers a missing path with its index page.
    if response.status() == 404 || header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        return Ok(None);
    }
    if !response.ok() {
        let what = format!("the server answered {} {}", response.status(), response.status_text());
        return Err(Error::fetch(location, what));
    }
    let total =
        header("content-range").and_then(|range| range.rsplit('/').next()?.trim().parse::<u64>().ok());
    let head = body(location, &response).await?;
    let len = match (response.status(), total) {
        (206, Some(total)) if total >= head.len() as u64 => total,
        (206, _) if (head.len() as u64) < HEAD_BYTES => head.len() as u64,
        (206, _) => {
            let what = "the server hides the file's length (it must expose the header Content-Range)";
            return Err(Error::fetch(location, what));
        }
        // No ranges here: the body is the whole file, already read.
        _ => head.len() as u64,
    };
    Ok(Some(Box::new(UrlSource { url: location.into(), len, head })))
}

#[expect(clippy::unnecessary_wraps, reason = "the system's twin can fail")]
pub(super) fn is_folder(location: &str) -> Result<bool> {
    let path = location.split(['?', '#']).next().unwrap_or(location).to_ascii_lowercase();
    Ok(![".gguf", ".safetensors", ".json"].iter().any(|ending| path.ends_with(ending)))
}

/// Asks for the bytes from `start` up to but not including `end`.
async fn fetch(url: &str, start: u64, end: u64) -> Result<Response> {
    let failed = |error: JsValue| Error::fetch(url, describe(&error));
    let headers = Headers::new().map_err(failed)?;
    headers.set("Range", &format!("bytes={start}-{}", end - 1)).map_err(failed)?;
    let init = RequestInit::new();
    init.set_headers(&headers);
    let response = JsFuture::from(Scope::get().fetch(url, &init)).await.map_err(failed)?;
    response.dyn_into().map_err(failed)
}

async fn body(url: &str, response: &Response) -> Result<Vec<u8>> {
    let failed = |error: JsValue| Error::fetch(url, describe(&error));
    let buffer = JsFuture::from(response.array_buffer().map_err(failed)?).await.map_err(failed)?;
    let buffer: ArrayBuffer = buffer.dyn_into().map_err(failed)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// The text of whatever a script threw.
fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => {
            format!("{}; is the network there, and does the server allow this page?", error.message())
        }
        None => format!("{error:?}"),
    }
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
