//! What the components share: the chat, the models, the settings, the lines to the two workers and to the database.

mod chats;
mod models;

pub(super) use chats::WIDE;

use leptos::html;
use leptos::prelude::*;
use web_sys::File;

use crate::protocol::{Event, ModelSource, Request, SearchOptions};

use super::chats::Chats;
use super::chats_store::Store;
use super::choice::Choice;
use super::commands;
use super::dom;
use super::effect;
use super::link::Link;
use super::models::Models;
use super::notices::Notice;
use super::search::Searches;
use super::search::knobs::SearchSettings;
use super::settings::{Settings, hub_of, load_options};
use super::shell::{self, NewVersion};
use super::state::{Chat, Phase};
use super::theme;
use super::words::Language;
use super::writing::Attached;

/// Where the settings are kept between visits.
const SETTINGS: &str = "polo.settings";
/// Where the last model is kept.
const MODEL: &str = "polo.model";
/// Where the way of searching is kept.
const SEARCH: &str = "polo.search";
/// Says that something was downloaded once, so that the library is worth asking at the start.
const LIBRARY: &str = "polo.library";

/// Handles to everything the page is made of; copied into each component.
#[derive(Clone, Copy)]
pub(super) struct Page {
    pub(super) chat: RwSignal<Chat>,
    /// The conversations that are kept.
    pub(super) chats: RwSignal<Chats>,
    /// Whether their list is shown.
    pub(super) panel: RwSignal<bool>,
    /// Whether thoughts are shown unfolded: as the reader last had one.
    pub(super) thoughts: RwSignal<bool>,
    /// The question that is being changed, by the key of its exchange.
    pub(super) editing: RwSignal<Option<u64>>,
    pub(super) models: RwSignal<Models>,
    pub(super) settings: RwSignal<Settings>,
    /// Whether and how the next question is searched for.
    pub(super) search: RwSignal<SearchSettings>,
    /// What stands in the composer.
    pub(super) draft: RwSignal<String>,
    /// The text files beside it.
    pub(super) attached: RwSignal<Vec<Attached>>,
    /// Why a file is not among them.
    pub(super) file_trouble: RwSignal<Option<String>>,
    /// Whether single keys are commands.
    pub(super) single_keys: RwSignal<bool>,
    /// Whether the view follows the end of the conversation.
    pub(super) following: RwSignal<bool>,
    /// Why the files that were picked or dropped are no model.
    pub(super) not_a_model: RwSignal<Option<String>>,
    /// A newer page that waits.
    pub(super) update: RwSignal<Option<NewVersion>, LocalStorage>,
    /// Where models are looked up, if the address of the page names a place.
    pub(super) hub: StoredValue<Option<String>>,
    /// The API of the machine that serves the page, if it has one; asked for when another engine is wanted.
    pub(super) engine_beside: RwSignal<Option<String>>,
    pub(super) composer: NodeRef<html::Textarea>,
    pub(super) settings_dialog: NodeRef<html::Dialog>,
    /// The dialog with the knobs of a search.
    pub(super) search_dialog: NodeRef<html::Dialog>,
    /// The dialog that compares four ways to an answer.
    pub(super) compare_dialog: NodeRef<html::Dialog>,
    /// The dialog with the models.
    pub(super) models_dialog: NodeRef<html::Dialog>,
    /// The dialog with what the loaded model and the GPU are.
    pub(super) inspector: NodeRef<html::Dialog>,
    /// The list of commands.
    pub(super) palette: NodeRef<html::Dialog>,
    /// The list of keys.
    pub(super) shortcuts: NodeRef<html::Dialog>,
    /// Where the list of conversations is searched.
    pub(super) chats_search: NodeRef<html::Input>,
    store: StoredValue<Option<Store>, LocalStorage>,
    engine: StoredValue<Link, LocalStorage>,
    library: StoredValue<Link, LocalStorage>,
    /// The files of the model that was picked; they go to the engine with each request about it.
    files: StoredValue<Vec<File>, LocalStorage>,
}

impl Page {
    /// Starts the engine.
    pub(super) fn start() -> Self {
        let query = dom::query();
        let (options, unknown) = load_options(&query);
        let hub = hub_of(&query);
        let choice = dom::load(MODEL).map_or_else(Choice::default, |text| Choice::from_json(&text));
        let chat = RwSignal::new(Chat::new(options.clone(), choice));
        if !unknown.is_empty() {
            chat.update(|chat| chat.notice = Some(Notice::new("address", &unknown.join(", "))));
        }
        let settings = RwSignal::new(Settings::from_json(&dom::load(SETTINGS).unwrap_or_default()));
        Effect::new(move |_| settings.with(|settings| dom::store(SETTINGS, &settings.to_json())));
        let theme = Memo::new(move |_| settings.with(|settings| settings.theme));
        Effect::new(move |_| theme::show(theme.get()));
        let search = RwSignal::new(SearchSettings::from_json(&dom::load(SEARCH).unwrap_or_default()));
        Effect::new(move |_| search.with(|search| dom::store(SEARCH, &search.to_json())));
        let page = Self {
            chat,
            chats: RwSignal::new(Chats::new(chats::before())),
            panel: RwSignal::new(false),
            thoughts: RwSignal::new(chats::thoughts_are_open()),
            editing: RwSignal::new(None),
            chats_search: NodeRef::new(),
            store: StoredValue::new_local(None),
            models: RwSignal::new(Models::new(options)),
            settings,
            search,
            draft: RwSignal::new(String::new()),
            attached: RwSignal::new(Vec::new()),
            file_trouble: RwSignal::new(None),
            single_keys: RwSignal::new(commands::kept_single_keys()),
            following: RwSignal::new(true),
            not_a_model: RwSignal::new(None),
            update: RwSignal::new_local(None),
            hub: StoredValue::new(hub.map(str::to_owned)),
            engine_beside: RwSignal::new(None),
            composer: NodeRef::new(),
            settings_dialog: NodeRef::new(),
            search_dialog: NodeRef::new(),
            compare_dialog: NodeRef::new(),
            models_dialog: NodeRef::new(),
            inspector: NodeRef::new(),
            palette: NodeRef::new(),
            shortcuts: NodeRef::new(),
            engine: StoredValue::new_local(Link::new("polo engine", None, |_| {})),
            library: StoredValue::new_local(Link::new("polo library", None, |_| {})),
            files: StoredValue::new_local(Vec::new()),
        };
        page.engine.set_value(Link::new("polo engine", hub, move |batch| {
            // A pre-flight is answered by the engine too, as it knows the GPU.
            let about_models =
                |event: &Event| matches!(event, Event::Inspected { .. } | Event::Failed { .. });
            if batch.iter().any(|(event, _)| about_models(event)) {
                page.act_on_models(|models| batch.iter().for_each(|(event, _)| models.apply_engine(event)));
            }
            page.act(|chat| batch.into_iter().for_each(|(event, at_ms)| chat.apply(event, at_ms)));
        }));
        page.library.set_value(Link::new("polo library", hub, move |batch| {
            page.act_on_models(|models| batch.into_iter().for_each(|(event, _)| models.apply(event)));
        }));
        if dom::has("navigator", Some("gpu")) {
            page.engine.update_value(Link::restart);
        } else {
            page.act(Chat::without_gpu);
        }
        page.start_keeping();
        let settled = Memo::new(move |_| chat.with(|chat| matches!(chat.phase, Phase::Ready | Phase::Down)));
        Effect::new(move |kept: Option<bool>| {
            let kept = kept.unwrap_or(false);
            // Not before the engine has what it needs: both take their share of the line.
            if !kept && settled.get() {
                page.keep_shell();
            }
            kept || settled.get()
        });
        if dom::load(LIBRARY).is_some() {
            page.act_on_models(Models::refresh);
        }
        page
    }

    /// Keeps the page for the next visit without a network.
    fn keep_shell(self) {
        shell::register(move |update| {
            self.update.try_set(Some(update));
        });
    }

    /// Changes the chat, and does what the chat then asks for.
    pub(super) fn act(self, change: impl FnOnce(&mut Chat)) {
        let Some((effects, kept)) = self.chat.try_update(|chat| {
            change(chat);
            (chat.take_effects(), chat.take_kept(dom::epoch_ms()))
        }) else {
            return;
        };
        for kept in kept {
            self.keep(kept);
        }
        for effect in effects {
            self.perform(effect);
        }
    }

    /// Changes a search, and does what that asks for.
    pub(super) fn act_on_searches(self, change: impl FnOnce(&mut Searches)) {
        self.act(|chat| chat.act_on_searches(change));
    }

    /// Changes what is known of models, and does what that asks for.
    pub(super) fn act_on_models(self, change: impl FnOnce(&mut Models)) {
        let effects = self.models.try_update(|models| {
            change(models);
            models.take_effects()
        });
        effects.unwrap_or_default().into_iter().for_each(|effect| self.perform(effect));
    }

    fn perform(self, effect: effect::Effect) {
        match effect {
            effect::Effect::Post(request) => {
                let files = self.files_for(&request);
                self.engine.with_value(|link| link.post(&request, &files));
            }
            effect::Effect::Restart => self.engine.update_value(Link::restart),
            effect::Effect::Draft(text) => self.take_draft(&text),
            effect::Effect::Remember(choice) => dom::store(MODEL, &choice.to_json()),
            effect::Effect::Authorize(token) => {
                let request = Request::Authorize { origin: None, token: Some(token) };
                self.engine.update_value(|link| link.post_always(&request));
                self.library.update_value(|link| link.post_always(&request));
            }
            effect::Effect::Library(request) => {
                if let Request::Remove { name, .. } = &request {
                    forget_model(name);
                }
                self.library.update_value(Link::start);
                self.library.with_value(|link| link.post(&request, &[]));
            }
            effect::Effect::RestartLibrary => self.library.update_value(Link::restart),
            effect::Effect::Download { name, form, text } => dom::download(&name, form.mime(), &text),
            effect::Effect::MarkLibrary => dom::store(LIBRARY, "1"),
            effect::Effect::Use(choice) => self.act(|chat| chat.use_model(choice)),
            effect::Effect::UseIfIdle(choice) => {
                if self.chat.with_untracked(Chat::is_busy) {
                    self.act_on_models(|models| models.offer = Some(choice));
                } else {
                    self.act(|chat| chat.use_model(choice));
                }
            }
        }
    }

    /// Puts a newer page in the place of this one.
    pub(super) fn use_update(self) {
        self.update.with_untracked(|update| update.iter().for_each(shell::apply));
    }

    /// Sends a question.
    pub(super) fn ask(self, question: &str) {
        let settings = self.settings.get_untracked();
        let search = self.next_search();
        self.act(|chat| {
            chat.search = search;
            chat.ask(question, &settings, dom::random_seed(), dom::now_ms());
        });
        self.following.set(true);
    }

    /// How the next question is to be searched for, if it is.
    fn next_search(self) -> Option<SearchOptions> {
        self.search.with_untracked(|search| search.on.then(|| search.options.clone()))
    }

    /// Answers this question in four ways.
    pub(super) fn compare(self, question: &str) {
        let (settings, search) = (self.settings.get_untracked(), self.search.get_untracked());
        self.act(|chat| {
            chat.compare(question, &settings, &search.options, dom::random_seed(), dom::now_ms());
        });
    }

    /// Sends what stands in the composer.
    pub(super) fn send(self) {
        if self.chat.with_untracked(|chat| !chat.is_busy()) {
            let question = untrack(|| self.question());
            self.ask(&question);
            if self.chat.with_untracked(Chat::is_busy) {
                self.clear_draft();
            }
        }
        self.focus_composer();
    }

    /// Makes the last reply anew.
    pub(super) fn regenerate(self) {
        let settings = self.settings.get_untracked();
        let search = self.next_search();
        self.act(|chat| {
            chat.search = search;
            chat.regenerate(&settings, dom::random_seed(), dom::now_ms());
        });
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

/// The next visit does not look for a model that was deleted.
fn forget_model(name: &str) {
    let remembered = dom::load(MODEL).map(|text| Choice::from_json(&text).source);
    if remembered.is_some_and(|source| source == ModelSource::Stored { name: name.to_owned() }) {
        dom::forget(MODEL);
    }
}

/// The language that was chosen on an earlier visit.
pub(super) fn kept_language() -> Option<Language> {
    Settings::from_json(&dom::load(SETTINGS).unwrap_or_default()).language
}

/// The page, from any component under it.
pub(super) fn page() -> Page {
    expect_context::<Page>()
}
