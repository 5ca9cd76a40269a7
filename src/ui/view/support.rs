//! When there is no WebGPU: why, and what works. Shown in place of the whole page.

use leptos::prelude::*;

use super::icons::{Icon, WARNING};
use crate::ui::dom;
use crate::ui::page::SETTINGS;
use crate::ui::settings::Settings;
use crate::ui::theme;
use crate::ui::words::{self, t};

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
        return None;
    }
    // Nothing else of the page is there to choose language and theme.
    let settings = Settings::from_json(&dom::load(SETTINGS).unwrap_or_default());
    let language = settings.language.unwrap_or_else(dom::language);
    words::speak(language);
    dom::set_language(language);
    theme::show(settings.theme);
    if dom::has("isSecureContext", None) { Some(Missing::WebGpu) } else { Some(Missing::SecureContext) }
}

/// The account of what is missing and what to do.
#[component]
pub fn Unsupported(missing: Missing) -> impl IntoView {
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
        <section class="column unsupported" role="alert" data-missing=format!("{missing:?}")>
            <Icon path=WARNING />
            <h2>{title}</h2>
            <p class="lead">{why}</p>
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
                    {t!("shell-works-linux")} " "
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
                    {t!("shell-more-terminal")} " " <code>{t!("shell-more-command")}</code>
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
