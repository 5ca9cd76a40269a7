//! When there is no WebGPU: why, and what works. Shown in place of the conversation.

use leptos::prelude::*;

use super::icons::{Icon, WARNING};
use super::server::Server;
use crate::ui::dom;
use crate::ui::page::page;
use crate::ui::words::{gap, t};

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

/// Why there is no GPU.
pub(super) fn missing() -> Missing {
    if dom::has("navigator", Some("gpu")) {
        Missing::Adapter
    } else if dom::has("isSecureContext", None) {
        Missing::WebGpu
    } else {
        Missing::SecureContext
    }
}

/// The account of what is missing and what to do. A server's model needs no GPU here.
#[component]
pub fn Unsupported(
    /// What is missing; nothing for the moment before this is taken away.
    missing: Option<Missing>,
) -> impl IntoView {
    page().look_beside();
    let missing = missing.unwrap_or(Missing::Adapter);
    let (title, why) = match missing {
        Missing::SecureContext => (t!("shell-insecure"), t!("shell-insecure-why")),
        Missing::WebGpu => (t!("shell-no-webgpu"), t!("shell-no-webgpu-why")),
        Missing::Adapter => (t!("shell-no-adapter"), t!("shell-no-adapter-why")),
    };
    let reload = move |_| {
        // Reloading cannot fail in a page that shows this.
        drop(window().location().reload());
    };
    view! {
        <section class="column unsupported" data-missing=format!("{missing:?}")>
            <div role="alert">
                <Icon path=WARNING />
                <h2>{title}</h2>
                <p class="lead">{why}</p>
            </div>
            <h3>{t!("shell-elsewhere")}</h3>
            <p>{t!("shell-elsewhere-about")}</p>
            <Server />
            <h3>{t!("shell-works")}</h3>
            <ul>
                {(missing == Missing::SecureContext)
                    .then(|| {
                        view! {
                            <li>
                                {t!("shell-works-local")} " " <code>"http://localhost:8080"</code>
                                {t!("shell-works-https")}
                            </li>
                        }
                    })}
                <li>{t!("shell-works-chrome")}</li>
                <li>{t!("shell-works-safari")}</li>
                <li>{t!("shell-works-firefox")}</li>
                <li>
                    {t!("shell-works-linux")} {gap()}
                    <code>"--enable-unsafe-webgpu --enable-features=Vulkan"</code>
                    {t!("shell-works-driver")} " " <code>"mesa-vulkan-drivers"</code>
                    {t!("shell-works-driver-end")}
                </li>
            </ul>
            <h3>{t!("shell-more")}</h3>
            <ul>
                <li>
                    <code>"chrome://gpu"</code> ", " <code>"edge://gpu"</code> ", "
                    <code>"about:support"</code> {t!("shell-more-gpu")}
                </li>
                <li>
                    {t!("shell-more-terminal")} {gap()} <code>{t!("shell-more-command")}</code>
                </li>
            </ul>
            <p>
                <button type="button" class="plain" on:click=reload>
                    {t!("shell-try-again")}
                </button>
            </p>
        </section>
    }
}
