//! The few things that the page asks of the browser itself.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use super::words::{Language, t};

/// Milliseconds since the page was opened.
pub(super) fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

/// The clock on the wall, in milliseconds since 1970.
pub(super) fn epoch_ms() -> f64 {
    js_sys::Date::now()
}

/// Minutes that the reader's time is behind UTC.
pub(super) fn behind_minutes() -> f64 {
    js_sys::Date::new_0().get_timezone_offset()
}

/// A seed for a request that names none.
pub(super) fn random_seed() -> u64 {
    // 32 bits: short enough to be typed again.
    (js_sys::Math::random().to_bits() >> 16) & u64::from(u32::MAX)
}

/// The page's query, with its question mark.
pub(super) fn query() -> String {
    window().location().search().unwrap_or_default()
}

/// The language the browser asks pages for.
pub(super) fn language() -> Language {
    let tags: Vec<String> =
        window().navigator().languages().iter().filter_map(|tag| tag.as_string()).collect();
    Language::best(tags.iter().map(String::as_str))
}

/// Tells the browser, and screen readers, which language the page speaks.
pub(super) fn set_language(language: Language) {
    if let Some(root) = document().document_element() {
        // Setting an attribute of a known name cannot fail.
        drop(root.set_attribute("lang", language.code()));
    }
}

/// The API of the machine that serves this page, where that is `polo serve`: it says so in the head of the page.
pub(super) async fn engine_beside() -> Option<String> {
    let options = web_sys::RequestInit::new();
    // Not `GET`: the service worker would answer that, and the machine may have been turned off since.
    options.set_method("HEAD");
    let asked = window().fetch_with_str_and_init("./", &options);
    let response = wasm_bindgen_futures::JsFuture::from(asked).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    let path = response.headers().get("polo-engine").ok()??;
    Some(format!("{}/{path}", origin()))
}

/// Memory of the machine in GiB, as roughly as the browser tells it, if it does.
pub(super) fn memory_gib() -> Option<f64> {
    js_sys::Reflect::get(&window().navigator(), &"deviceMemory".into()).ok()?.as_f64()
}

/// Takes elements out of the page.
pub(super) fn remove_all(selector: &str) {
    while let Ok(Some(element)) = document().query_selector(selector) {
        element.remove();
    }
}

/// Where the page came from, e.g. `http://localhost:8080`.
pub(super) fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Reads a value kept by an earlier visit. Storage may be off; then nothing is kept.
pub(super) fn load(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Keeps a value for the next visit.
pub(super) fn store(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // A full or forbidden storage only means that the next visit starts afresh.
        drop(storage.set_item(key, value));
    }
}

/// Forgets a value.
pub(super) fn forget(key: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        drop(storage.remove_item(key));
    }
}

/// Reads a value that this tab kept before it was reloaded.
pub(super) fn load_for_tab(key: &str) -> Option<String> {
    window().session_storage().ok()??.get_item(key).ok()?
}

/// Keeps a value until this tab is closed; an empty one is forgotten.
pub(super) fn store_for_tab(key: &str, value: &str) {
    if let Ok(Some(storage)) = window().session_storage() {
        // Without it a reload begins with an empty page, and nothing is lost.
        drop(if value.is_empty() { storage.remove_item(key) } else { storage.set_item(key, value) });
    }
}

/// Whether a media query holds now.
pub(super) fn matches_media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Asks the browser never to delete what is stored here to make room; it may ask the person in turn.
pub(super) async fn persist() -> bool {
    if !has("navigator", Some("storage")) {
        return false;
    }
    let Ok(promise) = window().navigator().storage().persist() else { return false };
    wasm_bindgen_futures::JsFuture::from(promise).await.is_ok_and(|kept| kept.is_truthy())
}

/// What the browser gives to this page in bytes, and what of it is used, as far as it tells.
pub(super) async fn room() -> Option<(f64, f64)> {
    if !has("navigator", Some("storage")) {
        return None;
    }
    let estimate = window().navigator().storage().estimate().ok()?;
    let estimate = wasm_bindgen_futures::JsFuture::from(estimate).await.ok()?;
    let estimate: web_sys::StorageEstimate = estimate.unchecked_into();
    Some((estimate.get_quota()?, estimate.get_usage()?))
}

/// The files of a list, as a file input or a drop has it.
pub(super) fn files_of(list: Option<&web_sys::FileList>) -> Vec<web_sys::File> {
    list.into_iter().flat_map(|list| (0..list.length()).filter_map(|index| list.get(index))).collect()
}

/// Whether `window[name]` or `window[name][inner]` is there and not undefined or false.
pub(super) fn has(name: &str, inner: Option<&str>) -> bool {
    let get = |of: &JsValue, key: &str| js_sys::Reflect::get(of, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let outer = get(&window(), name);
    let value = match inner {
        Some(_) if outer.is_undefined() || outer.is_null() => return false,
        Some(inner) => get(&outer, inner),
        None => outer,
    };
    value.is_truthy()
}

/// Puts text on the clipboard and tells whether that worked.
pub(super) async fn copy(text: String) -> bool {
    // `navigator.clipboard` is missing on insecure pages, where web-sys would throw.
    if !has("navigator", Some("clipboard")) {
        return false;
    }
    let promise = window().navigator().clipboard().write_text(&text);
    wasm_bindgen_futures::JsFuture::from(promise).await.is_ok()
}

/// Hands the person a file with this text.
pub(super) fn download(name: &str, mime: &str, text: &str) {
    let parts: js_sys::Array = std::iter::once(JsValue::from_str(text)).collect();
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime);
    let Ok(blob) = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options) else { return };
    let Ok(url) = web_sys::Url::create_object_url_with_blob(&blob) else { return };
    let link = document().create_element("a").ok().and_then(|link| link.dyn_into().ok());
    if let Some(link) = link.map(|link: web_sys::HtmlAnchorElement| link) {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The browser reads it after this call.
    let free = move || {
        // An address that is gone is freed already.
        drop(web_sys::Url::revoke_object_url(&url));
    };
    set_timeout(free, std::time::Duration::from_mins(1));
}

/// The text of a file; what cannot be read is empty, and what is no text shows where it breaks.
pub(super) async fn text_of(file: &web_sys::File) -> String {
    let text = wasm_bindgen_futures::JsFuture::from(file.text()).await;
    text.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// The first and the last bytes of a file, as text.
pub(super) async fn ends_of(file: &web_sys::File) -> String {
    const HEAD: i32 = 400;
    const TAIL: f64 = 100.0;
    let mut ends = String::new();
    let tail = (file.size() - TAIL).max(f64::from(HEAD));
    for part in [file.slice_with_i32_and_i32(0, HEAD), file.slice_with_f64(tail)] {
        let Ok(part) = part else { continue };
        let text = wasm_bindgen_futures::JsFuture::from(part.text()).await;
        ends.push_str(&text.ok().and_then(|text| text.as_string()).unwrap_or_default());
    }
    ends
}

/// All bytes of a file; `None` where it cannot be read.
pub(super) async fn bytes_of(file: &web_sys::File) -> Option<Vec<u8>> {
    let buffer = wasm_bindgen_futures::JsFuture::from(file.array_buffer()).await.ok()?;
    Some(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// Whether commands are given with Command instead of Control.
pub(super) fn is_mac() -> bool {
    let platform = window().navigator().platform().unwrap_or_default();
    ["Mac", "iPhone", "iPad"].iter().any(|name| platform.starts_with(name))
}

/// Whether there is a network, as far as the browser knows; changes for as long as the caller's owner lives.
pub(super) fn online() -> RwSignal<bool> {
    let online = RwSignal::new(window().navigator().on_line());
    let gone = window_event_listener(leptos::ev::offline, move |_| online.set(false));
    let back = window_event_listener(leptos::ev::online, move |_| online.set(true));
    on_cleanup(move || {
        gone.remove();
        back.remove();
    });
    online
}

/// Runs `then` before the next frame, or soon when the tab is hidden and draws no frames.
pub(super) fn soon(then: impl FnOnce() + 'static) {
    if document().hidden() {
        set_timeout(then, std::time::Duration::from_millis(50));
    } else {
        request_animation_frame(then);
    }
}

/// Waits so many milliseconds.
pub(super) async fn pause(ms: u64) {
    let (over, waited) = futures_channel::oneshot::channel::<()>();
    set_timeout(
        move || {
            let _ = over.send(());
        },
        std::time::Duration::from_millis(ms),
    );
    // It is over as well where the page goes.
    let _ = waited.await;
}

/// Copies a code block when its button was what the reader pressed.
pub(super) fn copy_code(event: &web_sys::MouseEvent) {
    let Some(button) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return;
    };
    if !button.class_list().contains("copy-code") {
        return;
    }
    let code =
        button.closest("figure").ok().flatten().and_then(|figure| figure.query_selector("code").ok()?);
    let Some(text) = code.and_then(|code| code.text_content()) else { return };
    leptos::task::spawn_local(async move {
        let label = if copy(text).await { t!("page-code-copied") } else { t!("page-code-not-allowed") };
        button.set_text_content(Some(&label));
        set_timeout(
            move || button.set_text_content(Some(&t!("page-code-copy"))),
            std::time::Duration::from_millis(1500),
        );
    });
}
