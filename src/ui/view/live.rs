//! What many components have to know of the chat, and what changes seldom.

use leptos::prelude::*;

use crate::ui::page::page;
use crate::ui::state::{Chat, Phase};

/// Something of the chat, told only when it is another.
///
/// The chat changes at every token. A memo of it marks all that hangs on it as in doubt each time, to be asked
/// again whether it is another; in a conversation of 500 messages that was most of what a token cost (a CPU profile
/// showed it). An effect that looks, and writes a signal, ends the doubt here.
pub fn seldom<T>(of: impl Fn(&Chat) -> T + 'static) -> ReadSignal<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    let chat = page().chat;
    let (value, set) = signal(chat.with_untracked(&of));
    Effect::new(move |_| {
        let now = chat.with(&of);
        if value.with_untracked(|value| *value != now) {
            set.set(now);
        }
    });
    value
}

/// What rows and replies share, worked out once for all of them.
#[derive(Clone, Copy)]
pub struct Live {
    /// Whether a reply is being made.
    pub busy: ReadSignal<bool>,
    /// Which conversation is shown.
    pub shown: ReadSignal<String>,
    /// Name of the model that is chosen.
    pub chosen: ReadSignal<String>,
    /// Whether it answers, and the name it has when it does.
    pub loaded: ReadSignal<(bool, Option<String>)>,
}

impl Live {
    /// For the components below.
    pub fn provide() {
        provide_context(Self {
            busy: seldom(Chat::is_busy),
            shown: seldom(|chat| chat.identity.id.clone()),
            chosen: seldom(|chat| chat.choice.title.clone()),
            loaded: seldom(|chat| {
                (chat.phase == Phase::Ready, chat.model.as_ref().map(|model| model.name.clone()))
            }),
        });
    }
}

/// From any component of the page.
pub fn live() -> Live {
    expect_context::<Live>()
}
