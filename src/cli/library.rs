//! `polo pull`, `list`, `show`, `rm`: models that are kept on this machine.

use std::fmt::Write;

use serde::Serialize;

use super::args::named;
use super::environment::store_options;
use super::failure::Failure;
use super::library_args::{CpArgs, ListArgs, PullArgs, RmArgs, ShowArgs};
use super::output::Output;
use super::session::Session;
use crate::Error;
use crate::protocol::{
    CatalogueEntry, Event, FitReport, Library, Listing, LoadOptions, ModelSource, Request, StoredModel,
};

pub(super) fn pull(args: &PullArgs, output: &mut Output) -> Result<(), Failure> {
    if let ModelSource::Path { path } = named(&args.name)? {
        let what = format!("{path} is a file or a folder: nothing to pull, give it to --model");
        return Err(Error::BadRequest(what).into());
    }
    let mut options = store_options();
    options.download.connections = usize::from(args.connections);
    options.download.piece_bytes = args.piece_bytes.unwrap_or(options.download.piece_bytes);
    let mut session = Session::start_with(options);
    // The newest revision, even if an older one is here.
    let listing = find(&mut session, &args.name)?;
    let Some(option) = listing.options.into_iter().next() else {
        return Err(Error::NotFound(format!("{} holds no model", args.name)).into());
    };
    output.note(&format!("{} {}, {}", listing.title, option.label, bytes(option.bytes)));
    let model = match session.pull(option.source, output) {
        Err(Failure::Interrupted) => {
            output.note(&format!("What came stays: `polo pull {}` goes on.", args.name));
            return Err(Failure::Interrupted);
        }
        other => other?,
    };
    if args.json {
        return output.json(&model);
    }
    output.line(&format!("{} is here, {}", model.name, bytes(model.bytes)))
}

pub(super) fn list(args: &ListArgs, output: &mut Output) -> Result<(), Failure> {
    let library = library(&mut Session::start())?;
    if args.json { output.json(&library) } else { output.text(&table(&library, args.all)) }
}

/// What `show --json` prints.
#[derive(Serialize)]
struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<StoredModel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<Listing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<FitReport>,
}

pub(super) fn show(args: &ShowArgs, output: &mut Output) -> Result<(), Failure> {
    let mut session = Session::start();
    let here = library(&mut session)?;
    let stored = stored(&here, &args.name).cloned();
    let complete = stored.as_ref().filter(|model| model.complete);
    // What is here whole is told without the network.
    let listing = if complete.is_some() { None } else { Some(find(&mut session, &args.name)?) };
    let fit = complete.and_then(|model| fit(&mut session, &model.name));
    let shown = Shown { stored, listing, fit };
    if args.json { output.json(&shown) } else { output.text(&description(&shown)) }
}

pub(super) fn remove(args: &RmArgs, output: &mut Output) -> Result<(), Failure> {
    let mut session = Session::start();
    let mut after = library(&mut session)?;
    // All names first: a wrong one deletes nothing.
    let named = |name: &String| {
        let model = stored(&after, name).ok_or_else(|| {
            Failure::from(Error::NotFound(format!("{name} is not stored here; `polo list` shows what is")))
        });
        model.map(|model| model.name.clone())
    };
    let doomed: Vec<String> = args.names.iter().map(named).collect::<Result<_, _>>()?;
    for name in doomed {
        let (id, before) = (session.id(), after.used_bytes);
        session.send(Request::Remove { id, name: name.clone() });
        after = answer(&mut session)?;
        if !args.json {
            // Nothing, where the files have another name as well.
            let freed = bytes(before.saturating_sub(after.used_bytes));
            output.line(&format!("{name} is deleted, {freed} are free again"))?;
        }
    }
    if args.json { output.json(&after) } else { Ok(()) }
}

pub(super) fn copy(args: &CpArgs, output: &mut Output) -> Result<(), Failure> {
    let mut session = Session::start();
    let here = library(&mut session)?;
    let name = stored(&here, &args.source).map(|model| model.name.clone());
    let name = name.ok_or_else(|| {
        Error::NotFound(format!("{} is not stored here; `polo list` shows what is", args.source))
    })?;
    let id = session.id();
    session.send(Request::Copy { id, name: name.clone(), copy: args.name.clone() });
    let after = answer(&mut session)?;
    if args.json {
        return output.json(&after);
    }
    output.line(&format!("{} is {name} now, too", args.name))
}

fn library(session: &mut Session) -> Result<Library, Failure> {
    let id = session.id();
    session.send(Request::Library { id });
    answer(session)
}

fn answer(session: &mut Session) -> Result<Library, Failure> {
    loop {
        if let Event::Library { library, .. } = session.next()? {
            return Ok(library);
        }
    }
}

fn find(session: &mut Session, name: &str) -> Result<Listing, Failure> {
    let id = session.id();
    session.send(Request::Find { id, reference: name.into() });
    loop {
        if let Event::Found { listing, .. } = session.next()? {
            return Ok(listing);
        }
    }
}

/// What it would take; nothing where there is no GPU or the file cannot be read.
fn fit(session: &mut Session, name: &str) -> Option<FitReport> {
    let id = session.id();
    let source = ModelSource::Stored { name: name.into() };
    session.send(Request::Inspect { id, source, options: LoadOptions::default() });
    loop {
        match session.next() {
            Ok(Event::Inspected { report, .. }) => return Some(report),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// The stored model that a name means: its own name, or what `pull` took.
fn stored<'a>(library: &'a Library, name: &str) -> Option<&'a StoredModel> {
    if let Some(model) = library.models.iter().find(|model| model.name.eq_ignore_ascii_case(name)) {
        return Some(model);
    }
    let wanted = named(name).ok()?;
    library.models.iter().find(|model| match (&wanted, &model.source) {
        (ModelSource::Hub { repo, file, .. }, ModelSource::Hub { repo: own, file: label, .. }) => {
            repo.eq_ignore_ascii_case(own) && (file.is_none() || file == label)
        }
        (wanted, own) => wanted == own,
    })
}

/// Bytes in decimal units, as disks are sold.
fn bytes(count: u64) -> String {
    indicatif::DecimalBytes(count).to_string()
}

fn table(library: &Library, all: bool) -> String {
    let mut text = String::new();
    let width = library.models.iter().map(|model| model.name.len()).max().unwrap_or(0).max(20);
    // Writing to a String cannot fail.
    if library.models.is_empty() {
        text +=
            "No models are stored here; `polo pull marco-o1` downloads one, `polo list --all` names more.\n";
    } else {
        let _ = writeln!(text, "{:width$}  {:>10}  STATE", "NAME", "SIZE");
    }
    for model in &library.models {
        let state = if model.complete {
            "complete".into()
        } else {
            format!("{} here; `polo pull` goes on", bytes(model.done_bytes))
        };
        let _ = writeln!(text, "{:width$}  {:>10}  {state}", model.name, bytes(model.bytes));
    }
    if all {
        let _ = writeln!(text, "\nKnown to suit\n{:18} {:>9}  {:11}  ABOUT", "ALIAS", "SIZE", "LICENCE");
        for CatalogueEntry { alias, bytes: size, license, title, about, .. } in &library.catalogue {
            let _ = writeln!(text, "{alias:18} {:>9}  {license:11}  {title}. {about}", bytes(*size));
        }
    }
    let free = library.free_bytes.map_or(String::new(), |free| format!(", {} free", bytes(free)));
    let _ = writeln!(text, "\n{} used{free}, in {}", bytes(library.used_bytes), library.location);
    text
}

fn description(shown: &Shown) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if let Some(model) = &shown.stored {
        let _ = writeln!(text, "Name      {}\nSize      {}", model.name, bytes(model.bytes));
        if let ModelSource::Hub { revision: Some(revision), .. } = &model.source {
            let _ = writeln!(text, "Revision  {revision}");
        }
        let state = if model.complete {
            "complete".into()
        } else {
            format!("{} here; `polo pull {}` goes on", bytes(model.done_bytes), model.name)
        };
        let _ = writeln!(text, "State     {state}\nFolder    {}", model.folder);
    }
    if let Some(fit) = &shown.fit {
        let _ = writeln!(
            text,
            "Kind      {}, {:.1} M weights, context {}\nOn GPU    {}\nVerdict   {}",
            fit.architecture,
            fit.parameters as f64 / 1e6,
            fit.model_context,
            bytes(fit.weight_bytes + fit.kv_bytes + fit.scratch_bytes),
            fit.reason,
        );
    }
    if let Some(listing) = &shown.listing {
        let _ = writeln!(text, "{}", listing.title);
        let license = listing.license.as_deref().unwrap_or("not told");
        let _ = writeln!(text, "Licence   {license}");
        if let Some(revision) = &listing.revision {
            let _ = writeln!(text, "Revision  {revision}");
        }
        for option in &listing.options {
            let remark = match (&option.unsupported, option.stored) {
                (Some(why), _) => why.as_str(),
                (None, true) => "here",
                (None, false) => "",
            };
            let _ = writeln!(text, "  {:14} {:>10}  {remark}", option.label, bytes(option.bytes));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{stored, table};
    use crate::protocol::{CatalogueEntry, Library, ModelSource, StoredModel, ThoughtFormat};

    fn model(repo: &str, label: &str, done_bytes: u64) -> StoredModel {
        StoredModel {
            name: format!("{repo}:{label}"),
            source: ModelSource::Hub {
                repo: repo.into(),
                revision: Some("abc".into()),
                file: Some(label.into()),
            },
            bytes: 4_700_000_000,
            done_bytes,
            complete: done_bytes == 4_700_000_000,
            modified_ms: 0,
            folder: String::new(),
        }
    }

    #[test]
    fn stored_models_are_found_by_what_people_type() {
        let known = CatalogueEntry {
            alias: "smollm2-135m".into(),
            title: "SmolLM2".into(),
            about: "Small.".into(),
            source: ModelSource::Embedded,
            parameters: 1,
            bytes: 105_000_000,
            license: "Apache-2.0".into(),
            thoughts: ThoughtFormat::None,
        };
        let library = Library {
            catalogue: vec![known],
            models: vec![
                model("bartowski/Marco-o1-GGUF", "Q4_K_M", 4_700_000_000),
                model("a/b", "Q8_0", 5_000_000),
            ],
            ..Library::default()
        };
        let name = |text: &str| stored(&library, text).map(|model| model.name.as_str());
        assert_eq!(name("marco-o1"), Some("bartowski/Marco-o1-GGUF:Q4_K_M"));
        assert_eq!(name("A/B:q8_0"), Some("a/b:Q8_0"));
        assert_eq!(name("hf.co/a/b"), Some("a/b:Q8_0"));
        assert_eq!(name("a/b:Q4_0"), None);
        let text = table(&library, false);
        assert!(
            text.contains("4.70 GB  complete") && text.contains("5.00 MB here; `polo pull` goes on"),
            "{text}"
        );
        assert!(!text.contains("ALIAS") && table(&library, true).contains("smollm2-135m"), "{text}");
    }
}
