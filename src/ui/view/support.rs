//! When there is no WebGPU: why, and what works. Shown in place of the whole page.

use leptos::prelude::*;

use super::icons::{Icon, WARNING};
use crate::ui::dom;

/// Why this page cannot use a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Plain http: browsers withhold WebGPU there.
    SecureContext,
    /// The browser has no WebGPU, or it is switched off.
    WebGpu,
    /// The browser has WebGPU, but found no adapter.
    Adapter,
}

/// What is missing, as far as can be told before a GPU is asked for.
pub(super) fn missing() -> Option<Missing> {
    if dom::has("navigator", Some("gpu")) {
        None
    } else if dom::has("isSecureContext", None) {
        Some(Missing::WebGpu)
    } else {
        Some(Missing::SecureContext)
    }
}

/// The account of what is missing and what to do.
#[component]
pub fn Unsupported(missing: Missing) -> impl IntoView {
    let (title, why) = match missing {
        Missing::SecureContext => (
            "This address is not secure, so the browser withholds the GPU",
            "Browsers offer WebGPU only on https and on localhost. Over plain http on a network, as here, they \
             hide it.",
        ),
        Missing::WebGpu => (
            "This browser offers no WebGPU",
            "Polo computes on the GPU through WebGPU. Here it is missing or switched off.",
        ),
        Missing::Adapter => (
            "The browser found no GPU that it may use",
            "WebGPU is there, but it gave no adapter: the driver is missing, too old, or on the browser's block list.",
        ),
    };
    view! {
        <section class="column unsupported" role="alert" data-missing=format!("{missing:?}")>
            <Icon path=WARNING />
            <h2>{title}</h2>
            <p class="lead">{why}</p>
            <h3>"What works"</h3>
            <ul>
                <Show when=move || missing == Missing::SecureContext>
                    <li>
                        "Open the page on the machine that serves it, as " <code>"http://localhost:8080"</code>
                        ", or serve it over https."
                    </li>
                </Show>
                <li>"Chrome or Edge 113 and later, on Windows, macOS, ChromeOS and Android 12 and later."</li>
                <li>"Safari 26 and later, on macOS, iOS and iPadOS."</li>
                <li>"Firefox 141 and later on Windows; 145 and later on Macs with Apple silicon."</li>
                <li>
                    "Chromium on Linux may need to be started with "
                    <code>"--enable-unsafe-webgpu --enable-features=Vulkan"</code>
                    " and a Vulkan driver (on Debian and Ubuntu: " <code>"mesa-vulkan-drivers"</code> ")."
                </li>
            </ul>
            <h3>"To find out more"</h3>
            <ul>
                <li>
                    <code>"chrome://gpu"</code> " or " <code>"edge://gpu"</code>
                    " says what the browser thinks of your GPU. Hardware acceleration must be on in its settings."
                </li>
                <li>"The same model answers in a terminal: " <code>"polo ask \"What is 48 + 37?\""</code></li>
            </ul>
            <p>
                <button
                    type="button"
                    class="plain"
                    on:click=move |_| {
                        // Reloading cannot fail in a page that shows this.
                        drop(window().location().reload());
                    }
                >
                    "Try again"
                </button>
            </p>
        </section>
    }
}
