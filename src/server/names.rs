//! Which models a request may name: the one of the command line, the one that is built in, and those that are
//! stored. Never a path or an address: a request must not make this program open files or fetch anything.

use super::Context;
use super::refusal::Refusal;
use super::slot::Named;
use crate::protocol::{Event, Library, ModelSource, Request, StoredModel};

/// The model that comes with the program.
pub const EMBEDDED: &str = "polo-tiny";

/// What programs send that were given an address and no model (`huggingface_hub` says `dummy` or `tgi`).
const NO_NAMES: [&str; 4] = ["", "default", "dummy", "tgi"];

/// Names as Ollama writes them carry a tag, and one without tag is the latest.
fn plain(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    name.strip_suffix(":latest").map_or(name.clone(), str::to_owned)
}

/// The model that a request names.
pub(super) async fn resolve(context: &Context, name: Option<&str>) -> Result<Named, Refusal> {
    let wanted = plain(name.unwrap_or_default());
    let default = &context.options.model;
    if NO_NAMES.contains(&wanted.as_str()) || wanted == plain(&default.name) {
        return Ok(default.clone());
    }
    if let Some(loaded) = context.slot.shown().filter(|loaded| wanted == plain(&loaded.named.name)) {
        return Ok(loaded.named);
    }
    if wanted == EMBEDDED {
        return Ok(Named { name: EMBEDDED.into(), source: ModelSource::Embedded });
    }
    let library = library(context).await?;
    if let Some(model) = find(&library, &wanted) {
        return Ok(stored(model));
    }
    let shown: String = name.unwrap_or_default().chars().take(100).collect();
    let known = library.catalogue.iter().any(|entry| entry.alias == wanted);
    let advice = if known { format!("; `polo pull {wanted}` brings it here") } else { String::new() };
    Err(Refusal::no_model(format!("The model `{shown}` does not exist or is not stored here{advice}")))
}

/// A stored model under its own name.
pub(super) fn stored(model: &StoredModel) -> Named {
    Named { name: model.name.clone(), source: ModelSource::Stored { name: model.name.clone() } }
}

/// A complete model by its name, by its alias in the catalogue, or by its repository where one form of it is here.
pub(super) fn find<'a>(library: &'a Library, wanted: &str) -> Option<&'a StoredModel> {
    let complete = || library.models.iter().filter(|model| model.complete);
    if let Some(model) = complete().find(|model| plain(&model.name) == wanted) {
        return Some(model);
    }
    if let Some(entry) = library.catalogue.iter().find(|entry| entry.alias == wanted) {
        let ModelSource::Hub { repo, file, .. } = &entry.source else { return None };
        let tagged = format!("{repo}:{}", file.as_deref().unwrap_or_default());
        let same = |model: &&StoredModel| {
            let this =
                matches!(&model.source, ModelSource::Hub { repo: r, file: f, .. } if r == repo && f == file);
            this || model.name == tagged
        };
        return complete().find(same);
    }
    let mut forms = complete()
        .filter(|model| plain(&model.name).strip_prefix(wanted).is_some_and(|rest| rest.starts_with(':')));
    let first = forms.next();
    first.filter(|_| forms.next().is_none())
}

/// What is stored here.
pub(super) async fn library(context: &Context) -> Result<Library, Refusal> {
    let mut running = context.host.ask(|id| Request::Library { id });
    while let Some((_, event)) = running.next().await {
        match event {
            Event::Library { library, .. } => return Ok(library),
            Event::Failed { kind, message, context, .. } => {
                return Err(Refusal::of_engine(&kind, message, context));
            }
            _ => {}
        }
    }
    Err(Refusal::of_engine("panic", "the engine is gone, which is a bug".into(), None))
}
