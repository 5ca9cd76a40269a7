//! The model that is being looked at: its forms, whether the chosen one fits, how it would be held.

use std::sync::Arc;

use crate::protocol::{
    CatalogueEntry, Fit, FitReport, Listing, ListingOption, ModelSource, Quantize, Request, RequestId,
    StoredModel,
};

use super::Models;
use crate::ui::choice::Choice;
use crate::ui::effect::Effect;
use crate::ui::fit;
use crate::ui::notices::Notice;
use crate::ui::task::Task;
use crate::ui::words::{knows, t};

/// Where the model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On a hub or at an address.
    Remote,
    /// In local storage.
    Stored,
    /// Files that were picked or dropped.
    Picked,
}

/// A model with all that was found out about it.
#[derive(Debug, Clone)]
pub struct Card {
    /// Distinct for each, so that the page knows a new one.
    pub key: u64,
    /// Where the model is.
    pub kind: Kind,
    /// Name to show.
    pub title: String,
    /// One sentence on what it is for, where the catalogue has one.
    pub about: Option<String>,
    /// Looking it up.
    pub lookup: Task<Arc<Listing>>,
    /// Index of the form that was chosen.
    pub chosen: Option<usize>,
    /// The pre-flight; the last report stays while another is made.
    pub report: Option<Arc<FitReport>>,
    /// The pre-flight that is under way, or why there is none.
    pub inspection: Task<()>,
    /// Context wished for, in tokens.
    pub context: Option<usize>,
    /// What to do with unquantised weights.
    pub quantize: Quantize,
    /// Whether the hub may show it to those who bring an access token.
    pub locked: bool,
    /// Context that was tried first and did not fit, in tokens.
    pub shortened_from: Option<usize>,
    /// What was looked up, or the files or the stored model to inspect.
    reference: String,
    own: Option<ModelSource>,
}

impl Card {
    /// The listing, once it was found.
    pub fn listing(&self) -> Option<&Arc<Listing>> {
        match &self.lookup {
            Task::Done(listing) => Some(listing),
            _ => None,
        }
    }

    /// The form that was chosen.
    pub fn option(&self) -> Option<&ListingOption> {
        self.listing()?.options.get(self.chosen?)
    }

    /// Where the chosen form is.
    pub fn source(&self) -> Option<&ModelSource> {
        self.own.as_ref().or_else(|| self.option().map(|option| &option.source))
    }

    /// Whether the chosen form has weights that could be quantised while loading.
    pub fn is_unquantised(&self) -> bool {
        match (&self.own, self.option()) {
            (Some(ModelSource::Picked { names }), _) => names.iter().any(|n| n.ends_with(".safetensors")),
            (_, Some(option)) => option.label.to_ascii_lowercase().contains("safetensors"),
            _ => false,
        }
    }

    /// The next smaller form that can be loaded, by its index.
    pub fn smaller(&self) -> Option<usize> {
        let bytes = self.option()?.bytes;
        let options = self.listing()?.options.iter().enumerate();
        options
            .filter(|(_, option)| option.unsupported.is_none() && option.bytes < bytes)
            .max_by_key(|(_, option)| option.bytes)
            .map(|(index, _)| index)
    }

    /// What would be run, called by model and form.
    pub fn full_title(&self) -> String {
        match self.option() {
            Some(option) if !self.title.contains(&option.label) => {
                format!("{} {}", self.title, option.label)
            }
            _ => self.title.clone(),
        }
    }

    fn choice(&self, source: ModelSource) -> Choice {
        Choice { context: self.context, quantize: self.quantize, ..Choice::new(source, &self.full_title()) }
    }
}

/// What a model of the catalogue is for, in a sentence; the engine's own where the page has none.
pub fn about(entry: &CatalogueEntry) -> String {
    let key = format!("models-about-{}", entry.alias.replace('.', "-"));
    if knows(&key) { t!(&key) } else { entry.about.clone() }
}

impl Models {
    /// Looks up an alias, a repository or an address; false when nothing was typed.
    pub fn find(&mut self, reference: &str) -> bool {
        let reference = reference.trim();
        if reference.is_empty() {
            return false;
        }
        self.show(Kind::Remote, reference, None);
        self.look_up(reference.to_owned());
        true
    }

    /// Looks up a model of the catalogue.
    pub fn look_at(&mut self, entry: &CatalogueEntry) {
        self.show(Kind::Remote, &entry.title, None);
        if let Some(card) = &mut self.card {
            card.about = Some(about(entry));
        }
        self.look_up(entry.alias.clone());
    }

    /// Looks at a stored model before it is run.
    pub fn look_at_stored(&mut self, model: &StoredModel) {
        let source = ModelSource::Stored { name: model.name.clone() };
        self.show(Kind::Stored, &model.name, Some(source));
        self.inspect();
    }

    /// Looks at files that were picked or dropped.
    pub fn look_at_picked(&mut self, source: ModelSource, title: &str) {
        self.show(Kind::Picked, title, Some(source));
        self.inspect();
    }

    /// Leaves the model that is being looked at.
    pub fn back(&mut self) {
        self.card = None;
    }

    /// Tries again what failed: the lookup, or the pre-flight.
    pub fn look_again(&mut self) {
        match &self.card {
            Some(card) if card.own.is_none() && card.listing().is_none() => {
                let reference = card.reference.clone();
                self.look_up(reference);
            }
            _ => self.inspect(),
        }
    }

    /// Tries again what the hub did not show, with an access token; false when there is none.
    pub fn authorize(&mut self, token: &str) -> bool {
        let token = token.trim();
        if token.is_empty() {
            return false;
        }
        self.effects.push(Effect::Authorize(token.to_owned()));
        if self.card.as_ref().is_some_and(|card| card.locked) {
            self.look_again();
        }
        let locked = self.pulls.iter().filter(|pull| pull.is_locked()).map(|pull| pull.key);
        for key in locked.collect::<Vec<_>>() {
            self.resume(key);
        }
        true
    }

    /// Chooses a form.
    pub fn choose(&mut self, index: usize) {
        let Some(card) = &mut self.card else { return };
        let supported = |listing: &Arc<Listing>| {
            listing.options.get(index).is_some_and(|option| option.unsupported.is_none())
        };
        if card.listing().is_some_and(supported) {
            card.chosen = Some(index);
            card.report = None;
            card.context = None;
            card.shortened_from = None;
            self.inspect();
        }
    }

    /// Chooses how much context there is to be.
    pub fn set_context(&mut self, context: usize) {
        if let Some(card) = &mut self.card {
            card.context = Some(context);
            card.shortened_from = None;
            self.inspect();
        }
    }

    /// Chooses how unquantised weights are held.
    pub fn set_quantize(&mut self, quantize: Quantize) {
        if let Some(card) = &mut self.card {
            card.quantize = quantize;
            card.context = None;
            card.shortened_from = None;
            self.inspect();
        }
    }

    /// Runs the chosen form from where it is: storage, the picked files, or the network without saving.
    pub fn run(&mut self) {
        let Some(card) = &self.card else { return };
        let Some(source) = card.source() else { return };
        let source = match self.stored(source).filter(|model| model.complete) {
            Some(stored) => ModelSource::Stored { name: stored.name.clone() },
            None => source.clone(),
        };
        let choice = card.choice(source);
        self.card = None;
        self.effects.push(Effect::Use(choice));
    }

    /// Downloads the chosen form, then runs it.
    pub fn download(&mut self) {
        let Some(card) = &self.card else { return };
        let Some(option) = card.option() else { return };
        let (source, bytes) = (option.source.clone(), option.bytes);
        let choice = card.choice(source.clone());
        self.card = None;
        self.pull(source, bytes, choice, true);
    }

    /// Whether the chosen form is in local storage already.
    pub fn is_stored(&self, card: &Card) -> bool {
        card.kind != Kind::Remote
            || card.option().is_some_and(|option| {
                option.stored || self.stored(&option.source).is_some_and(|model| model.complete)
            })
    }

    /// Bytes that local storage lacks for the chosen form.
    pub fn lacks_room(&self, card: &Card) -> Option<u64> {
        let free = self.library.as_ref()?.free_bytes?;
        let option = card.option()?;
        let here = self.stored(&option.source).map_or(0, |model| model.done_bytes);
        option.bytes.saturating_sub(here).checked_sub(free).filter(|lack| *lack > 0)
    }

    fn show(&mut self, kind: Kind, title: &str, own: Option<ModelSource>) {
        let key = self.next_id();
        self.card = Some(Card {
            key,
            kind,
            title: title.to_owned(),
            about: None,
            lookup: Task::Idle,
            chosen: None,
            report: None,
            inspection: Task::Idle,
            context: None,
            quantize: Quantize::None,
            locked: false,
            shortened_from: None,
            reference: String::new(),
            own,
        });
    }

    fn look_up(&mut self, reference: String) {
        let id = self.next_id();
        if let Some(card) = &mut self.card {
            card.lookup = Task::Running(id);
            card.locked = false;
            card.reference.clone_from(&reference);
            self.effects.push(Effect::Library(Request::Find { id, reference }));
        }
    }

    fn inspect(&mut self) {
        let id = self.next_id();
        let Some(card) = &mut self.card else { return };
        let Some(source) = card.source().cloned() else { return };
        card.inspection = Task::Running(id);
        card.locked = false;
        let options = card.choice(source.clone()).options(&self.options);
        self.effects.push(Effect::Post(Request::Inspect { id, source, options }));
    }

    pub(super) fn take_listing(&mut self, id: RequestId, listing: Listing) {
        let Some(card) = self.card.as_mut().filter(|card| card.lookup.is(id)) else { return };
        if card.about.is_none() {
            card.title.clone_from(&listing.title);
        }
        // The recommended form comes first.
        let first = listing.options.iter().position(|option| option.unsupported.is_none());
        card.lookup = Task::Done(Arc::new(listing));
        if let Some(first) = first {
            self.choose(first);
        }
    }

    pub(super) fn take_report(&mut self, id: RequestId, report: FitReport) {
        let Some(card) = self.card.as_mut().filter(|card| card.inspection.is(id)) else { return };
        card.inspection = Task::Done(());
        if card.kind == Kind::Picked && !report.name.is_empty() {
            card.title.clone_from(&report.name);
        }
        let wished = report.context;
        let shorter = (report.fit == Fit::Shorter && card.context.is_none())
            .then_some(report.largest_context)
            .filter(|longest| *longest > 0 && *longest < wished);
        self.announcement = fit::verdict(&report).1;
        card.report = Some(Arc::new(report));
        // What fits is offered at once; the reader sees what was given up.
        if shorter.is_some() {
            card.context = shorter;
            card.shortened_from = Some(wished);
            self.inspect();
        }
    }

    pub(super) fn inspection_failed(&mut self, id: RequestId, notice: &Notice) {
        if let Some(card) = self.card.as_mut().filter(|card| card.inspection.is(id)) {
            card.report = None;
            card.locked = notice.kind == "gated";
            card.inspection.fail(notice);
        }
    }

    /// The engine's worker is gone: nothing answers the pre-flight any more.
    pub(super) fn engine_gone(&mut self) {
        if let Some(card) = &mut self.card {
            card.inspection.fail(&Notice::new("restarted", ""));
        }
    }

    /// Whether it was the lookup that failed.
    pub(super) fn lookup_failed(&mut self, id: RequestId, notice: &Notice) -> bool {
        let Some(card) = self.card.as_mut().filter(|card| card.lookup.is(id)) else { return false };
        // Private repositories are "not found" for strangers; an address has no such secrets.
        let private = notice.kind == "not_found" && !card.reference.contains("://");
        card.locked = private || notice.kind == "gated";
        card.lookup.fail(notice);
        true
    }

    pub(super) fn lookup_gone(&mut self, notice: &Notice) {
        if let Some(card) = &mut self.card {
            card.lookup.fail(notice);
        }
    }
}
