//! The components: what of the chat is shown where. Leptos, and nothing that decides.

#![allow(
    unreachable_pub,
    reason = "the component macro writes a public type for each component's properties"
)]

pub(super) mod app;

mod access_token;
mod attached;
mod card;
mod chat_row;
mod chats;
mod composer;
mod conversation;
mod drop;
mod fit_panel;
mod icons;
mod inspector;
mod kept;
mod live;
mod models;
mod notice;
mod now;
mod palette;
mod presence;
mod prose;
mod pulls;
mod question;
mod reply;
mod search;
mod server;
mod settings;
mod storage;
mod stored;
mod strips;
mod support;
mod tensors;
mod tokens;
mod welcome;
mod words;

/// Opens a dialog.
pub(super) fn open_dialog(dialog: leptos::prelude::NodeRef<leptos::html::Dialog>) {
    settings::open(dialog);
}
