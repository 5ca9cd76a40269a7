//! The logo and the few icons, drawn inline so that nothing is fetched.

use leptos::prelude::*;

/// A compass: what a traveller such as Polo steers by.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
            <circle cx="16" cy="16" r="13.5" fill="none" stroke="currentColor" stroke-width="2" />
            <path class="needle" d="M22.6 9.4 18 18l-8.6 4.6L14 14z" />
            <circle class="hub" cx="16" cy="16" r="1.7" />
        </svg>
    }
}

/// A line icon of 24 units; `path` is its stroke.
#[component]
pub fn Icon(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
            <path d=path />
        </svg>
    }
}

pub(super) const SEND: &str = "M12 19V5M6 11l6-6 6 6";
pub(super) const STOP: &str = "M8 8h8v8H8z";
pub(super) const PLUS: &str = "M12 5v14M5 12h14";
pub(super) const MINUS: &str = "M5 12h14";
pub(super) const SLIDERS: &str = "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4";
pub(super) const CLOSE: &str = "M6 6l12 12M18 6 6 18";
pub(super) const COPY: &str = "M9 9h10v10H9zM15 9V5H5v10h4";
pub(super) const AGAIN: &str = "M19 12a7 7 0 1 1-2-4.9M19 4v4h-4";
pub(super) const DOWN: &str = "M12 5v14M6 13l6 6 6-6";
pub(super) const CHEVRON: &str = "M9 6l6 6-6 6";
pub(super) const CHEVRON_DOWN: &str = "M6 9l6 6 6-6";
pub(super) const WARNING: &str = "M12 4 3 19.5h18zM12 10v4.5M12 17v.2";
pub(super) const INFO: &str = "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18M12 11v5M12 8v.2";
pub(super) const CHECK: &str = "M5 12.5 10 17.5 19 7";
pub(super) const DOWNLOAD: &str = "M12 4v11M7 11l5 5 5-5M5 20h14";
pub(super) const TRASH: &str = "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13";
pub(super) const PAUSE: &str = "M9 6v12M15 6v12";
pub(super) const PLAY: &str = "M8 5l11 7-11 7z";
pub(super) const BACK: &str = "M15 6l-6 6 6 6";
pub(super) const FORWARD: &str = "M9 6l6 6-6 6";
pub(super) const EDIT: &str = "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3";
pub(super) const FOLDER: &str = "M4 7V5h6l2 2h8v12H4z";
pub(super) const PANEL: &str = "M4 5h16v14H4zM10 5v14";
pub(super) const THERMOMETER: &str = "M10 13V5a2 2 0 1 1 4 0v8a4 4 0 1 1-4 0M12 9v6";
pub(super) const CLIP: &str = "M8 12l6-6a3 3 0 0 1 4 4l-8 8a4.5 4.5 0 0 1-6-6l7-7";
pub(super) const KEYS: &str = "M3 7h18v10H3zM7 11h.2M11 11h.2M15 11h.2M8 14h8";
