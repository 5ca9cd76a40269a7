//! The components: what of the chat is shown where. Leptos, and nothing that decides.

#![allow(
    unreachable_pub,
    reason = "the component macro writes a public type for each component's properties"
)]

pub(super) mod app;

mod composer;
mod conversation;
mod icons;
mod inspector;
mod notice;
mod reply;
mod settings;
mod support;
mod tensors;
mod welcome;
