//! The models against scripted events: what is asked, what is shown, what goes on after a fault.

use super::*;
use crate::protocol::{
    CatalogueEntry, FinishReason, Fit, FitReport, Listing, ListingOption, PullPhase, Quantize, ThoughtFormat,
    Usage,
};
use crate::ui::task::Task;

fn hub(file: &str) -> ModelSource {
    ModelSource::Hub { repo: "u/r".into(), revision: None, file: Some(file.into()) }
}

fn option(label: &str, bytes: u64, unsupported: Option<&str>) -> ListingOption {
    ListingOption {
        label: label.into(),
        source: hub(label),
        files: vec![],
        bytes,
        unsupported: unsupported.map(Into::into),
        stored: false,
    }
}

fn listing(options: Vec<ListingOption>) -> Listing {
    Listing { reference: "u/r".into(), title: "R".into(), options, ..Listing::default() }
}

fn stored(label: &str, done_bytes: u64) -> StoredModel {
    let (name, source) = (format!("u/r:{label}"), hub(label));
    let complete = done_bytes == 100;
    StoredModel { name, source, bytes: 100, done_bytes, complete, modified_ms: 1, folder: String::new() }
}

fn models() -> Models {
    Models::new(LoadOptions::default())
}

/// The library as if it had been asked for.
fn told(models: &mut Models, stored: Vec<StoredModel>) {
    models.asked = None;
    models.refresh();
    let id = models.asked.unwrap();
    models.take_effects();
    let library = Library { models: stored, free_bytes: Some(1000), ..Library::default() };
    models.apply(Event::Library { id, library });
}

fn failed(id: Option<RequestId>) -> Event {
    Event::Failed { id, kind: "fetch".into(), message: "the network is gone".into(), context: None }
}

/// The one request of a kind among what is to be done.
fn sent<T>(models: &mut Models, of: impl Fn(&Request) -> Option<T>) -> T {
    let mut found: Vec<T> = models
        .take_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Library(request) | Effect::Post(request) => of(&request),
            _ => None,
        })
        .collect();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn find_id(request: &Request) -> Option<RequestId> {
    if let Request::Find { id, .. } = request { Some(*id) } else { None }
}

fn inspect(request: &Request) -> Option<(RequestId, ModelSource, LoadOptions)> {
    if let Request::Inspect { id, source, options } = request {
        Some((*id, source.clone(), options.clone()))
    } else {
        None
    }
}

fn pull_id(request: &Request) -> Option<RequestId> {
    if let Request::Pull { id, .. } = request { Some(*id) } else { None }
}

/// Models that look at three forms, the first of which cannot be loaded.
fn looking() -> Models {
    let mut models = models();
    told(&mut models, vec![]);
    assert!(models.find(" u/r "));
    let id = sent(&mut models, find_id);
    let forms = vec![option("IQ2_XS", 30, Some("no")), option("Q8_0", 200, None), option("Q4_0", 100, None)];
    models.apply(Event::Found { id, listing: listing(forms) });
    models
}

/// Models with a download of `Q8_0` under way.
fn pulling() -> (Models, RequestId) {
    let mut models = looking();
    models.take_effects();
    models.download();
    let id = sent(&mut models, pull_id);
    (models, id)
}

fn done(id: RequestId) -> Event {
    let usage = Usage::default();
    Event::Done { id, replies: vec![], finish_reason: FinishReason::Cancelled, usage }
}

fn progress(id: RequestId, done_bytes: u64) -> Event {
    let (bytes_per_s, seconds_left) = (10.0, Some(9.0));
    let phase = PullPhase::Download;
    Event::Pulling { id, phase, done_bytes, total_bytes: 200, bytes_per_s, seconds_left }
}

#[test]
fn the_first_form_that_can_be_loaded_is_inspected() {
    let mut models = looking();
    let (id, source, _) = sent(&mut models, inspect);
    assert_eq!(source, hub("Q8_0"));
    models.apply_engine(&Event::Inspected { id, report: FitReport { context: 64, ..FitReport::default() } });
    let card = models.card.as_ref().unwrap();
    assert_eq!((card.title.as_str(), card.report.as_ref().unwrap().context), ("R", 64));
    assert_eq!(card.smaller(), Some(2));
    models.choose(0);
    assert!(models.take_effects().is_empty(), "it cannot be loaded");
    models.choose(2);
    assert_eq!(sent(&mut models, inspect).1, hub("Q4_0"));
    assert!(models.card.as_ref().unwrap().report.is_none(), "the old numbers are another form's");
    assert_eq!(models.card.as_ref().unwrap().smaller(), None);
}

#[test]
fn what_does_not_fit_whole_is_offered_shorter() {
    let mut models = looking();
    let (id, ..) = sent(&mut models, inspect);
    let report =
        FitReport { fit: Fit::Shorter, context: 8192, largest_context: 3000, ..FitReport::default() };
    models.apply_engine(&Event::Inspected { id, report: report.clone() });
    let (id, _, options) = sent(&mut models, inspect);
    assert_eq!(options.context, Some(3000));
    assert_eq!(models.card.as_ref().unwrap().shortened_from, Some(8192));
    models.apply_engine(&Event::Inspected { id, report: FitReport { context: 3000, ..report } });
    assert!(models.take_effects().is_empty(), "once is enough");
    models.run();
    let choice = Choice { context: Some(3000), ..Choice::new(hub("Q8_0"), "R Q8_0") };
    assert_eq!(models.take_effects(), [Effect::Use(choice)]);
    assert!(models.card.is_none());
}

#[test]
fn context_and_quantisation_go_with_the_pre_flight_and_the_run() {
    let mut models = looking();
    models.take_effects();
    models.set_quantize(Quantize::Q4);
    models.take_effects();
    models.set_context(2048);
    let (_, _, options) = sent(&mut models, inspect);
    assert_eq!((options.context, options.quantize), (Some(2048), Quantize::Q4));
    models.run();
    let Some(Effect::Use(choice)) = models.take_effects().pop() else { panic!() };
    assert_eq!((choice.context, choice.quantize), (Some(2048), Quantize::Q4));
}

#[test]
fn late_answers_are_not_taken_for_new_ones() {
    let mut models = looking();
    let (old, ..) = sent(&mut models, inspect);
    models.choose(2);
    models.take_effects();
    models.apply_engine(&Event::Inspected { id: old, report: FitReport::default() });
    assert!(models.card.as_ref().unwrap().report.is_none());
    models.back();
    models.apply(Event::Found { id: old, listing: listing(vec![]) });
    assert!(models.card.is_none());
}

#[test]
fn a_lookup_or_a_pre_flight_that_fails_can_be_tried_again() {
    let mut models = models();
    assert!(!models.find("  "));
    let entry = CatalogueEntry {
        alias: "marco-o1".into(),
        title: "Marco-o1".into(),
        about: "It reasons.".into(),
        source: hub("Q4_0"),
        parameters: 1,
        bytes: 1,
        license: "Apache-2.0".into(),
        thoughts: ThoughtFormat::Marco,
    };
    models.look_at(&entry);
    let id = sent(&mut models, find_id);
    models.apply(failed(Some(id)));
    let card = models.card.as_ref().unwrap();
    assert_eq!(card.lookup, Task::Failed(Notice::new("fetch", "the network is gone")));
    models.look_again();
    let id = sent(&mut models, find_id);
    models.apply(Event::Found { id, listing: listing(vec![option("Q4_0", 1, None)]) });
    let (id, ..) = sent(&mut models, inspect);
    models.apply_engine(&failed(Some(id)));
    let card = models.card.as_ref().unwrap();
    assert_eq!(card.inspection, Task::Failed(Notice::new("fetch", "the network is gone")));
    assert_eq!(card.title, "Marco-o1");
    models.look_again();
    sent(&mut models, inspect);
    models.apply_engine(&failed(None));
    assert!(matches!(models.card.as_ref().unwrap().inspection, Task::Failed(_)));
}

#[test]
fn a_download_is_watched_and_then_run() {
    let (mut models, id) = pulling();
    assert!(models.card.is_none());
    models.apply(progress(id, 50));
    assert_eq!(models.pulls[0].progress.done_bytes, 50);
    models.apply(Event::Pulled { id, model: stored("Q8_0", 100) });
    assert!(models.pulls.is_empty());
    let source = ModelSource::Stored { name: "u/r:Q8_0".into() };
    assert!(models.take_effects().contains(&Effect::UseIfIdle(Choice::new(source, "R Q8_0"))));
    assert_eq!(models.announcement, "R Q8_0 is downloaded");
}

#[test]
fn a_download_pauses_and_goes_on() {
    let (mut models, id) = pulling();
    let key = models.pulls[0].key;
    models.pause(key);
    assert_eq!(models.take_effects(), [Effect::Library(Request::Cancel { id })]);
    models.resume(key);
    assert!(models.take_effects().is_empty(), "it has not paused yet");
    models.apply(done(id));
    assert_eq!(models.pulls[0].state, PullState::Paused);
    models.take_effects();
    models.resume(key);
    let next = sent(&mut models, pull_id);
    assert_ne!(id, next);
    models.apply(progress(id, 1));
    assert_eq!(models.pulls[0].progress.done_bytes, 0, "an echo of the pull that was paused");
    models.apply(failed(Some(next)));
    assert!(matches!(models.pulls[0].state, PullState::Failed(_)));
    models.take_effects();
    models.resume(key);
    sent(&mut models, pull_id);
}

#[test]
fn a_discarded_download_leaves_nothing() {
    let (mut models, id) = pulling();
    models.discard(models.pulls[0].key);
    assert_eq!(models.take_effects(), [Effect::Library(Request::Cancel { id })]);
    models.apply(done(id));
    told(&mut models, vec![stored("Q8_0", 40), stored("Q4_0", 40)]);
    let name = sent(&mut models, |request| match request {
        Request::Remove { name, .. } => Some(name.clone()),
        _ => None,
    });
    assert_eq!(name, "u/r:Q8_0");
    assert!(models.pulls.is_empty());
}

#[test]
fn a_download_that_was_done_before_it_was_discarded_is_deleted() {
    let (mut models, id) = pulling();
    models.discard(models.pulls[0].key);
    models.take_effects();
    models.apply(Event::Pulled { id, model: stored("Q8_0", 100) });
    let effects = models.take_effects();
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::UseIfIdle(_))));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Library(Request::Remove { .. }))));
}

#[test]
fn downloads_go_on_when_the_worker_is_started_again() {
    let (mut models, id) = pulling();
    models.apply(failed(None));
    let effects = models.take_effects();
    assert_eq!(effects[0], Effect::RestartLibrary);
    let again = effects.iter().find_map(|effect| match effect {
        Effect::Library(Request::Pull { id, .. }) => Some(*id),
        _ => None,
    });
    assert!(again.is_some_and(|again| again != id));
    for _ in 0..MAX_RESTARTS {
        models.apply(failed(None));
        models.take_effects();
    }
    assert!(matches!(models.pulls[0].state, PullState::Failed(_)));
    assert!(models.problem.is_some());
    models.apply(failed(None));
    assert!(!models.take_effects().contains(&Effect::RestartLibrary), "it does not help");
    models.try_again();
    assert!(models.is_asking());
}

#[test]
fn what_an_earlier_visit_left_is_offered_once() {
    let mut models = models();
    told(&mut models, vec![stored("Q4_0", 40), stored("Q8_0", 100)]);
    assert_eq!(models.interrupted, [stored("Q4_0", 40)]);
    assert_eq!(models.complete(), [stored("Q8_0", 100)]);
    models.resume_stored("u/r:Q4_0");
    let id = sent(&mut models, pull_id);
    assert!(models.interrupted.is_empty());
    assert!(models.unfinished().is_empty(), "it is a download now");
    assert_eq!(models.pulls[0].progress.done_bytes, 40);
    models.apply(Event::Pulled { id, model: stored("Q4_0", 100) });
    assert!(
        !models.take_effects().iter().any(|effect| matches!(effect, Effect::UseIfIdle(_))),
        "nobody asked to run it"
    );
    let source = ModelSource::Stored { name: "u/r:Q4_0".into() };
    assert_eq!(models.offer.as_ref().unwrap().source, source);
    models.accept_offer();
    assert!(matches!(models.take_effects()[..], [Effect::Use(_)]));
    told(&mut models, vec![stored("Q5_0", 40)]);
    assert!(models.interrupted.is_empty(), "only at the start of a visit");
}

#[test]
fn deleting_needs_a_second_word() {
    let mut models = models();
    told(&mut models, vec![stored("Q4_0", 100)]);
    models.remove();
    assert!(models.take_effects().is_empty());
    models.ask_to_remove("u/r:Q4_0");
    models.remove();
    let id = sent(&mut models, |request| match request {
        Request::Remove { id, .. } => Some(*id),
        _ => None,
    });
    models.apply(Event::Library { id, library: Library::default() });
    assert!(models.complete().is_empty());
    assert_eq!(models.announcement, "Deleted");
}

#[test]
fn what_is_stored_runs_from_storage_and_room_is_counted() {
    let mut models = looking();
    told(&mut models, vec![stored("Q8_0", 100)]);
    assert!(models.is_stored(models.card.as_ref().unwrap()));
    models.run();
    let Some(Effect::Use(choice)) = models.take_effects().pop() else { panic!() };
    assert_eq!(choice.source, ModelSource::Stored { name: "u/r:Q8_0".into() });

    let mut models = looking();
    models.asked = Some(7);
    let library = Library { models: vec![stored("Q8_0", 40)], free_bytes: Some(150), ..Library::default() };
    models.apply(Event::Library { id: 7, library });
    let card = models.card.clone().unwrap();
    assert_eq!((models.is_stored(&card), models.lacks_room(&card)), (false, Some(10)));
}

#[test]
fn the_model_that_suits_is_looked_at_once_the_known_ones_are_told() {
    let known = |alias: &str, bytes: u64| CatalogueEntry {
        alias: alias.into(),
        title: alias.into(),
        about: String::new(),
        source: hub(alias),
        parameters: bytes,
        bytes,
        license: String::new(),
        thoughts: ThoughtFormat::None,
    };
    let library = || Library {
        catalogue: vec![known("large", 4_000_000_000), known("small", 400_000_000)],
        ..Library::default()
    };
    let mut models = models();
    models.look_at_suited(Machine { software: true, ..Machine::default() });
    assert!(models.card.is_none());
    let id = sent(&mut models, |request| match request {
        Request::Library { id } => Some(*id),
        _ => None,
    });
    models.apply(Event::Library { id, library: library() });
    assert_eq!(models.card.as_ref().unwrap().title, "small");
    models.back();
    models.refresh();
    let id = models.asked.unwrap();
    models.apply(Event::Library { id, library: library() });
    assert!(models.card.is_none(), "wanted once");
    models.look_at_suited(Machine::default());
    assert_eq!(models.card.as_ref().unwrap().title, "large", "they are told already");

    // A question that failed, and a worker that does not come back.
    for faults in [1, MAX_RESTARTS + 1] {
        let mut models = self::models();
        models.look_at_suited(Machine::default());
        for _ in 0..faults {
            models.apply(failed(models.asked.filter(|_| faults == 1)));
            models.take_effects();
        }
        models.refresh();
        let id = models.asked.unwrap();
        models.apply(Event::Library { id, library: library() });
        assert!(models.card.is_none(), "nobody waits for it any more");
    }
}
