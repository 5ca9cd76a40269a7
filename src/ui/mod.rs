//! The page: what a person sees. It knows the protocol, and nothing of the engine behind it.

pub mod attach;
pub mod chats;
pub mod choice;
pub mod claims;
pub mod effect;
pub mod figures;
pub mod fit;
pub mod formulas;
pub mod markdown;
pub mod maths;
pub mod meter;
pub mod models;
pub mod notices;
pub mod picked;
pub mod presence;
pub mod progress;
pub mod prompts;
pub mod reply;
pub mod search;
pub mod server;
pub mod settings;
pub mod settings_file;
pub mod shortcuts;
pub mod state;
pub mod suiting;
pub mod symbols;
pub mod task;
mod tex;
pub mod theme;
pub mod tokens;
pub mod words;

mod chats_store;
mod commands;
mod dom;
mod link;
mod locks;
mod page;
mod paint;
mod shell;
mod view;
mod writing;

/// Shows the page.
pub fn start() {
    console_error_panic_hook::set_once();
    words::speak(page::kept_language().unwrap_or_else(dom::language));
    dom::set_language(words::spoken());
    // What stood here until now said that the page is being loaded.
    dom::remove_all("[data-boot]");
    leptos::mount::mount_to_body(view::app::App);
}
