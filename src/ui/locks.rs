//! Locks with which tabs show each other that they are still there: the browser lets go of one when its tab is
//! closed or crashes. Pages that are not secure have none.

use futures_channel::oneshot;
use futures_util::future::select;
use js_sys::{Array, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::dom;

// web-sys has them behind a flag of the compiler only.
#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, granted: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn query(this: &LockManager) -> Result<Promise, JsValue>;
}

fn manager() -> Option<LockManager> {
    if !dom::has("navigator", Some("locks")) {
        return None;
    }
    Reflect::get(&window().navigator(), &"locks".into()).ok().map(JsCast::unchecked_into)
}

/// Takes a lock until this tab is gone, and gives its name, which no other has.
pub(super) async fn hold() -> Option<String> {
    let name = format!("polo.tab.{:x}.{:x}", dom::random_seed(), dom::random_seed());
    let (is_granted, granted) = oneshot::channel::<()>();
    // The lock is held until the promise of this function is kept: never.
    let keep = Closure::once_into_js(move || {
        // Whoever waited for it may have given up.
        let _ = is_granted.send(());
        Promise::new(&mut |_, _| {})
    });
    let released = JsFuture::from(manager()?.request(&name, &keep).ok()?);
    // The second comes first where it is refused.
    match select(granted, released).await {
        futures_util::future::Either::Left((Ok(()), _)) => Some(name),
        _ => None,
    }
}

/// Names of the locks that tabs of this page hold now; `None` where there are no locks.
pub(super) async fn held() -> Option<Vec<String>> {
    let held = JsFuture::from(manager()?.query().ok()?).await.ok()?;
    let held: Array = Reflect::get(&held, &"held".into()).ok()?.dyn_into().ok()?;
    let name = |lock: JsValue| Reflect::get(&lock, &"name".into()).ok()?.as_string();
    Some(held.iter().filter_map(name).collect())
}
