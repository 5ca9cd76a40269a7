//! What the components share: the chat, the settings, the line to the engine.

use leptos::html;
use leptos::prelude::*;

use super::dom;
use super::link::Link;
use super::notices::Notice;
use super::settings::{Settings, load_options};
use super::state::{self, Chat};

/// Where the settings are kept between visits.
const SETTINGS: &str = "polo.settings";

/// Handles to everything the page is made of; copied into each component.
#[derive(Clone, Copy)]
pub(super) struct Page {
    pub(super) chat: RwSignal<Chat>,
    pub(super) settings: RwSignal<Settings>,
    /// What stands in the composer.
    pub(super) draft: RwSignal<String>,
    /// Whether the view follows the end of the conversation.
    pub(super) following: RwSignal<bool>,
    pub(super) composer: NodeRef<html::Textarea>,
    pub(super) settings_dialog: NodeRef<html::Dialog>,
    pub(super) model_dialog: NodeRef<html::Dialog>,
    link: StoredValue<Link, LocalStorage>,
}

impl Page {
    /// Starts the engine.
    pub(super) fn start() -> Self {
        let (options, unknown) = load_options(&dom::query());
        let chat = RwSignal::new(Chat::new(options));
        if !unknown.is_empty() {
            chat.update(|chat| chat.notice = Some(Notice::new("address", &unknown.join(", "))));
        }
        let settings = RwSignal::new(Settings::from_json(&dom::load(SETTINGS).unwrap_or_default()));
        Effect::new(move |_| settings.with(|settings| dom::store(SETTINGS, &settings.to_json())));
        let link = StoredValue::new_local(Link::new(|_| {}));
        let page = Self {
            chat,
            settings,
            draft: RwSignal::new(String::new()),
            following: RwSignal::new(true),
            composer: NodeRef::new(),
            settings_dialog: NodeRef::new(),
            model_dialog: NodeRef::new(),
            link,
        };
        link.set_value(Link::new(move |batch| {
            page.act(|chat| batch.into_iter().for_each(|(event, at_ms)| chat.apply(event, at_ms)));
        }));
        link.update_value(Link::restart);
        page
    }

    /// Changes the chat, and does what the chat then asks for.
    pub(super) fn act(self, change: impl FnOnce(&mut Chat)) {
        let effects = self.chat.try_update(|chat| {
            change(chat);
            chat.take_effects()
        });
        for effect in effects.unwrap_or_default() {
            match effect {
                state::Effect::Post(request) => self.link.with_value(|link| link.post(&request)),
                state::Effect::Restart => self.link.update_value(Link::restart),
                state::Effect::Draft(text) => {
                    // What was typed meanwhile stays, after the text that came back.
                    self.draft.update(|draft| {
                        *draft = if draft.is_empty() { text } else { format!("{text}\n{draft}") };
                    });
                    self.focus_composer();
                }
            }
        }
    }

    /// Sends a question.
    pub(super) fn ask(self, question: &str) {
        let settings = self.settings.get_untracked();
        self.act(|chat| {
            chat.ask(question, &settings, dom::random_seed(), dom::now_ms());
        });
        self.following.set(true);
    }

    /// Sends what stands in the composer.
    pub(super) fn send(self) {
        if self.chat.with_untracked(|chat| !chat.is_busy()) {
            let question = self.draft.get_untracked();
            self.ask(&question);
            if self.chat.with_untracked(Chat::is_busy) {
                self.draft.set(String::new());
            }
        }
        self.focus_composer();
    }

    /// Makes the last reply anew.
    pub(super) fn regenerate(self) {
        let settings = self.settings.get_untracked();
        self.act(|chat| chat.regenerate(&settings, dom::random_seed(), dom::now_ms()));
        self.following.set(true);
    }

    /// Puts the cursor into the composer.
    pub(super) fn focus_composer(self) {
        if let Some(composer) = self.composer.get_untracked() {
            // An element that is gone has no focus to take.
            drop(composer.focus());
        }
    }
}

/// The page, from any component under it.
pub(super) fn page() -> Page {
    expect_context::<Page>()
}
