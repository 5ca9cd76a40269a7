//! Engines elsewhere: any server that speaks OpenAI's API. Servers differ, so one is asked once what it can, and what
//! it cannot is done in another way and said.
//!
//! ```text
//! probe ──▶ Server: how replies are continued ([`Way`]), how many alternatives, which context
//!                │
//! Lanes: legs of searches and chats, each a streamed request ──▶ Output: tokens with their confidence
//! ```
//!
//! A leg ends where the search says so: its connection is dropped then, and the server stops. A connection that breaks
//! is opened again, with what has been said as its beginning.

mod body;
mod chat;
mod client;
mod lanes;
mod leg;
#[cfg(test)]
mod made_up;
mod probe;
mod server;
mod sse;
mod vocabulary;
mod wire;

pub use chat::Heard;
pub use client::Counts;
pub use lanes::{Lanes, Leg, Output, TaskId};
pub use probe::{Address, open};
pub use server::{Question, Server, Way};
