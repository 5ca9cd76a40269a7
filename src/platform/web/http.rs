//! The browser's side of `platform::http`: fetch with an abort, the body as a stream.

use std::pin::Pin;

use futures_util::future::{Either, LocalBoxFuture, select};
use js_sys::{Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, ReadableStreamDefaultReader, RequestInit};

use super::super::http::host;
use super::Scope;
use crate::platform::{now_ms, sleep_ms};
use crate::{Error, Result};

pub(in crate::platform) struct Response {
    url: String,
    response: web_sys::Response,
    reader: Option<ReadableStreamDefaultReader>,
    line: Line,
}

/// A request on its way: aborted when dropped, and when nothing comes for too long.
struct Line {
    abort: AbortController,
    stall_ms: u32,
    /// When something last came, and the alarm that looks at it.
    heard_ms: f64,
    alarm: LocalBoxFuture<'static, ()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

impl Line {
    /// Waits for a promise, but not in silence.
    async fn wait(&mut self, url: &str, promise: Promise) -> Result<JsValue> {
        let mut answer = JsFuture::from(promise);
        self.heard_ms = now_ms();
        loop {
            match select(Pin::new(&mut answer), &mut self.alarm).await {
                Either::Left((answer, _)) => return answer.map_err(|error| explain(url, &error)),
                Either::Right(((), _)) => {
                    let silent = now_ms() - self.heard_ms;
                    let left = f64::from(self.stall_ms) - silent;
                    if left <= 0.0 {
                        self.abort.abort();
                        let what = format!("{} went silent; is the network there?", host(url));
                        return Err(Error::fetch(url, what));
                    }
                    // One timer a request and not one a chunk: most never ring.
                    self.alarm = Box::pin(sleep_ms(left as u32 + 1));
                }
            }
        }
    }
}

/// A POST with a body, else a GET.
pub(in crate::platform) async fn send(
    url: &str,
    headers: &[(&str, String)],
    body: Option<&str>,
    stall_ms: u32,
) -> Result<Response> {
    let failed = |error: JsValue| explain(url, &error);
    let all = Headers::new().map_err(failed)?;
    for (name, value) in headers {
        all.set(name, value).map_err(failed)?;
    }
    let abort = AbortController::new().map_err(failed)?;
    let init = RequestInit::new();
    init.set_headers(&all);
    init.set_signal(Some(&abort.signal()));
    if let Some(body) = body {
        init.set_method("POST");
        init.set_body(&body.into());
    }
    let mut line = Line { abort, stall_ms, heard_ms: now_ms(), alarm: Box::pin(sleep_ms(stall_ms)) };
    let response = line.wait(url, Scope::get().fetch(url, &init)).await?;
    let response: web_sys::Response = response.dyn_into().map_err(failed)?;
    let reader = response.body().and_then(|body| body.get_reader().dyn_into().ok());
    Ok(Response { url: url.into(), response, reader, line })
}

impl Response {
    pub(in crate::platform) fn status(&self) -> u16 {
        self.response.status()
    }

    pub(in crate::platform) fn header(&self, name: &str) -> Option<String> {
        self.response.headers().get(name).ok().flatten()
    }

    pub(in crate::platform) async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(reader) = &self.reader else { return Ok(None) };
        loop {
            let part = self.line.wait(&self.url, reader.read()).await?;
            if Reflect::get(&part, &"done".into()).is_ok_and(|done| done.is_truthy()) {
                return Ok(None);
            }
            let value = Reflect::get(&part, &"value".into()).map_err(|error| explain(&self.url, &error))?;
            let bytes: Uint8Array = value.dyn_into().map_err(|error| explain(&self.url, &error))?;
            if bytes.length() > 0 {
                return Ok(Some(bytes.to_vec()));
            }
        }
    }
}

/// Scripts are not told why a fetch failed: the network and a missing permission look the same.
fn explain(url: &str, error: &JsValue) -> Error {
    let host = host(url);
    let text =
        error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| error.message().into());
    let what = format!(
        "{host} did not answer ({text}); is the network there, and does that server allow other pages (CORS)?"
    );
    Error::fetch(url, what)
}
