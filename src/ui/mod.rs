//! The page: what a person sees. It knows the protocol, and nothing of the engine behind it.

pub mod claims;
pub mod figures;
pub mod formulas;
pub mod markdown;
pub mod maths;
pub mod notices;
pub mod reply;
pub mod settings;
pub mod state;
pub mod symbols;
pub mod task;
mod tex;

mod dom;
mod link;
mod page;
mod view;

/// Shows the page.
pub fn start() {
    console_error_panic_hook::set_once();
    // The text that stood here until now said that the page is being loaded.
    if let Some(boot) = leptos::prelude::document().get_element_by_id("boot") {
        boot.remove();
    }
    leptos::mount::mount_to_body(view::app::App);
}
