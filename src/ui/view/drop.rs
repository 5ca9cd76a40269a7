//! The whole window takes files that are dropped on it.

use leptos::ev;
use leptos::prelude::*;
use web_sys::DragEvent;

use crate::ui::dom;
use crate::ui::page::page;
use crate::ui::words::t;

/// Whether files are dragged, and not a text or a picture of the page itself.
fn has_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|data| data.types().includes(&"Files".into(), 0))
}

/// A veil over the window while files are dragged over it.
#[component]
pub fn DropZone() -> impl IntoView {
    let page = page();
    // Entering a child is told before leaving its parent: the difference says whether it is still inside.
    let depth = RwSignal::new(0_i32);
    let enter = window_event_listener(ev::dragenter, move |event| {
        if has_files(&event) {
            event.prevent_default();
            depth.update(|depth| *depth += 1);
        }
    });
    let over = window_event_listener(ev::dragover, move |event| {
        if has_files(&event) {
            // Without this the browser would open the file in the page's place.
            event.prevent_default();
        }
    });
    let leave = window_event_listener(ev::dragleave, move |event| {
        if has_files(&event) {
            depth.update(|depth| *depth = (*depth - 1).max(0));
        }
    });
    let drop = window_event_listener(ev::drop, move |event| {
        depth.set(0);
        if has_files(&event) {
            event.prevent_default();
            page.take_dropped(dom::files_of(event.data_transfer().and_then(|data| data.files()).as_ref()));
        }
    });
    on_cleanup(move || [enter, over, leave, drop].into_iter().for_each(WindowListenerHandle::remove));
    let dragged = Memo::new(move |_| depth.get() > 0);
    view! {
        <Show when=move || dragged.get()>
            <div class="veil" aria-hidden="true">
                <p>{t!("page-drop-title")}</p>
                <p class="quiet-text">{t!("page-drop-about")}</p>
            </div>
        </Show>
    }
}
