//! Models that are kept: pulled, listed, found again, removed.
//!
//! A manifest (`HOME/models/NAME.json`) says what belongs to a model; it is complete when every file it
//! names lies under its final name with its length, because a file gets that name only after its hash was
//! right. Natively files of a hub lie in the standard cache of Hugging Face and are shared with other
//! programs; everything else lies beside the manifest.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::catalogue::catalogue;
use super::download::{self, DownloadOptions, Step};
use super::hub::{self, RepoFile};
use super::shelf::hub_manifest;
use super::{address, reference};
use crate::platform::{self, disk, http};
use crate::protocol::{Library, Listing, ModelSource, PullPhase, StoredModel};
use crate::{Error, Result};

/// Where the store is, and whom it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// Folder of the program's own data.
    pub home: String,
    /// Hugging Face's cache (`~/.cache/huggingface/hub`), natively.
    pub hub_cache: Option<String>,
    /// The hub, e.g. [`super::HUB`].
    pub endpoint: String,
    /// Sent to the hub and to nobody else.
    pub token: Option<String>,
    /// Nothing is asked of the network (`HF_HUB_OFFLINE`); what is stored works.
    pub offline: bool,
    /// How files are fetched.
    pub download: DownloadOptions,
}

impl Default for StoreOptions {
    /// The browser's: everything in its own storage.
    fn default() -> Self {
        Self {
            home: "opfs:/polo".into(),
            hub_cache: None,
            endpoint: reference::HUB.into(),
            token: None,
            offline: false,
            download: DownloadOptions::default(),
        }
    }
}

/// What belongs to a stored model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) source: ModelSource,
    pub(super) revision: Option<String>,
    pub(super) license: Option<String>,
    pub(super) files: Vec<RepoFile>,
    /// The name that its files lie under, where that is another: this is a second name of the same files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) home: Option<String>,
}

/// How far a pull is, over all its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullProgress {
    /// What is being done.
    pub phase: PullPhase,
    /// Bytes done in this phase.
    pub done_bytes: u64,
    /// Bytes of this phase.
    pub total_bytes: u64,
}

/// The store.
pub struct Store {
    pub(super) options: StoreOptions,
}

impl Manifest {
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The hub's repository and this program's name for the form.
    fn repo(&self) -> Option<(&str, &str)> {
        match &self.source {
            ModelSource::Hub { repo, file: Some(label), .. } => Some((repo, label)),
            _ => None,
        }
    }

    /// Whether it is surely of this revision. What a tag or another branch is, only the hub can tell.
    fn is_of(&self, revision: Option<&str>) -> bool {
        match revision {
            None | Some("main") => true,
            Some(commit) if commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                self.revision.as_ref().is_some_and(|own| own.starts_with(commit))
            }
            Some(_) => false,
        }
    }

    /// Whether it is what a source names.
    fn answers(&self, source: &ModelSource) -> bool {
        match source {
            ModelSource::Stored { name } => self.name.eq_ignore_ascii_case(name),
            // A second name answers to itself alone.
            _ if self.home.is_some() => false,
            ModelSource::Url { .. } => self.source == *source,
            ModelSource::Hub { repo, revision, file } => {
                let Some((own, label)) = self.repo() else { return false };
                own.eq_ignore_ascii_case(repo)
                    && self.is_of(revision.as_deref())
                    && file.as_ref().is_none_or(|wanted| {
                        label.eq_ignore_ascii_case(wanted)
                            || self
                                .files
                                .iter()
                                .any(|file| file.path.rsplit('/').next() == wanted.rsplit('/').next())
                    })
            }
            _ => false,
        }
    }
}

impl Store {
    /// A store with these options; requests to its hub carry its token from now on.
    pub fn new(mut options: StoreOptions) -> Self {
        options.endpoint = options.endpoint.trim_end_matches('/').into();
        http::authorize(&options.endpoint, options.token.as_deref());
        http::stay_offline(options.offline);
        Self { options }
    }

    /// What is here, and what is known to suit.
    pub async fn library(&self) -> Result<Library> {
        let mut models = Vec::new();
        let manifests = self.manifests().await?;
        for manifest in &manifests {
            models.push(self.describe(manifest).await?);
        }
        let space = disk::space(&self.options.home).await;
        Ok(Library {
            location: match (&self.options.hub_cache, self.options.home.starts_with("opfs:")) {
                (_, true) => "this browser".into(),
                (Some(cache), _) => format!("{} and {cache}", self.options.home),
                (None, _) => self.options.home.clone(),
            },
            used_bytes: self.used_bytes(&manifests, &models),
            models,
            free_bytes: space.free_bytes,
            persistent: space.persistent,
            catalogue: catalogue(),
        })
    }

    /// Every manifest that can be read, by name.
    pub(super) async fn manifests(&self) -> Result<Vec<Manifest>> {
        let folder = format!("{}/models", self.options.home);
        let mut found: Vec<Manifest> = Vec::new();
        for entry in disk::list(&folder).await? {
            let is_manifest = entry.name.strip_suffix(".json").is_some() && !entry.is_folder;
            if is_manifest
                && let Some(bytes) = disk::read(&format!("{folder}/{}", entry.name)).await?
                && let Ok(manifest) = serde_json::from_slice(&bytes)
            {
                found.push(manifest);
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    async fn describe(&self, manifest: &Manifest) -> Result<StoredModel> {
        let (mut done_bytes, mut complete) = (0, true);
        for file in &manifest.files {
            let spot = self.spot(manifest, file);
            let done = if download::is_here(&spot.shown, file.bytes).await? {
                file.bytes
            } else {
                complete = false;
                download::done_bytes(&spot.held, file.bytes).await?
            };
            done_bytes += done;
        }
        let modified = disk::look(&self.manifest_path(&manifest.name)).await?;
        Ok(StoredModel {
            name: manifest.name.clone(),
            source: manifest.told_source(),
            bytes: manifest.bytes(),
            done_bytes,
            complete,
            modified_ms: modified.map_or(0, |entry| entry.modified_ms),
            folder: self.folder(manifest),
        })
    }

    /// The stored model that a source names: a complete one before a partial one.
    pub(super) async fn stored(&self, source: &ModelSource) -> Result<Option<(Manifest, StoredModel)>> {
        let mut partial = None;
        for manifest in self.manifests().await?.into_iter().filter(|manifest| manifest.answers(source)) {
            let model = self.describe(&manifest).await?;
            if model.complete {
                return Ok(Some((manifest, model)));
            }
            partial.get_or_insert((manifest, model));
        }
        Ok(partial)
    }

    /// What a name turns out to hold: forms, sizes, and which of them are here.
    pub async fn find(&self, text: &str) -> Result<Listing> {
        match reference::parse(text, &self.options.endpoint)? {
            ModelSource::Hub { repo, revision, file } => {
                let repository = hub::look_up(&self.options.endpoint, &repo, revision.as_deref()).await?;
                let mut here = Vec::new();
                for form in &repository.forms {
                    let manifest = hub_manifest(&repository, form);
                    if self.describe(&manifest).await?.complete {
                        here.push(form.label.clone());
                    }
                }
                repository.listing(text, file.as_deref(), |form| here.contains(&form.label))
            }
            ModelSource::Url { url } => {
                let manifest = address::look_up(&url).await?;
                let stored = self.describe(&manifest).await?.complete;
                Ok(address::listing(text, &manifest, stored))
            }
            _ => Err(Error::BadRequest(format!("{text} is a file: load it, there is nothing to find"))),
        }
    }

    /// A source that can be opened as it stands: a stored model by its files, a hub's by its addresses.
    pub async fn locate(&self, source: &ModelSource) -> Result<ModelSource> {
        match source {
            ModelSource::Stored { .. } | ModelSource::Hub { .. } | ModelSource::Url { .. } => {}
            ModelSource::Picked { names } => {
                let first = names.iter().filter(|name| name.to_ascii_lowercase().ends_with(".gguf")).min();
                let path = format!("{}{}", platform::PICKED_ROOT, first.map_or("", String::as_str));
                return Ok(ModelSource::Path { path });
            }
            other => return Ok(other.clone()),
        }
        if let Some((manifest, model)) = self.stored(source).await? {
            if model.complete {
                return Ok(ModelSource::Path { path: self.location(&manifest) });
            }
            if let ModelSource::Stored { name } = source {
                let what = format!(
                    "only {} of {} bytes of {name} are here: pull it again to go on",
                    model.done_bytes, model.bytes
                );
                return Err(Error::NotFound(what));
            }
        }
        match source {
            ModelSource::Hub { repo, revision, file } => {
                let repository = hub::look_up(&self.options.endpoint, repo, revision.as_deref()).await?;
                let form = repository.select(file.as_deref())?;
                let manifest = hub_manifest(&repository, form);
                if self.describe(&manifest).await?.complete {
                    return Ok(ModelSource::Path { path: self.location(&manifest) });
                }
                let gguf = form.files.iter().find(|file| file.is_gguf());
                let folder = hub::folder(&self.options.endpoint, repo, &repository.commit);
                Ok(ModelSource::Url { url: gguf.map_or(folder, |file| file.url.clone()) })
            }
            ModelSource::Stored { name } => {
                Err(Error::NotFound(format!("{name} is not stored here; pull it first")))
            }
            other => Ok(other.clone()),
        }
    }

    /// Brings a model here, going on where an earlier try stopped.
    pub async fn pull(&self, source: &ModelSource, tell: &dyn Fn(PullProgress)) -> Result<StoredModel> {
        let known = self.stored(source).await?;
        if let Some((manifest, model)) = &known
            && model.complete
            && !matches!(source, ModelSource::Url { .. })
        {
            self.tidy(manifest).await?;
            return Ok(model.clone());
        }
        let manifest = match (source, known) {
            // Going on needs no second look at the hub: the revision is pinned.
            (ModelSource::Hub { .. } | ModelSource::Stored { .. }, Some((manifest, _))) => manifest,
            (ModelSource::Hub { repo, revision, file }, None) => {
                let repository = hub::look_up(&self.options.endpoint, repo, revision.as_deref()).await?;
                let form = repository.select(file.as_deref())?;
                if let Some(why) = &form.unsupported {
                    return Err(Error::BadRequest(format!("{repo}: {why}")));
                }
                hub_manifest(&repository, form)
            }
            (ModelSource::Url { url }, known) => match (address::look_up(url).await, known) {
                (Ok(fresh), _) => fresh,
                // Offline, but all of it is here.
                (Err(Error::Fetch { .. }), Some((manifest, model))) if model.complete => manifest,
                (Err(error), _) => return Err(error),
            },
            (ModelSource::Stored { name }, None) => {
                return Err(Error::NotFound(format!("{name} is not stored here, not even in part")));
            }
            _ => return Err(Error::BadRequest("only models of a hub or an address can be pulled".into())),
        };
        let result = self.bring(&manifest, tell).await;
        if result.as_ref().is_err_and(|error| !matches!(error, Error::Busy(_)))
            && self.describe(&manifest).await?.done_bytes == 0
            && self.manifests().await?.contains(&manifest)
        {
            // Nothing came: nothing is to be seen of it.
            self.forget(&manifest).await?;
        }
        result
    }

    async fn bring(&self, manifest: &Manifest, tell: &dyn Fn(PullProgress)) -> Result<StoredModel> {
        let before = self.describe(manifest).await?;
        let needed_bytes = before.bytes - before.done_bytes;
        let space = disk::space(self.options.hub_cache.as_ref().unwrap_or(&self.options.home)).await;
        if let Some(free_bytes) = space.free_bytes.filter(|free| *free < needed_bytes) {
            return Err(Error::NoSpace { what: manifest.name.clone(), needed_bytes, free_bytes });
        }
        if !space.persistent {
            disk::persist().await;
        }
        let old =
            self.manifests().await?.into_iter().find(|old| old.name == manifest.name && old != manifest);
        if old.is_none() {
            self.save(manifest).await?;
        }
        let owner = manifest.repo().map_or(manifest.name.as_str(), |(repo, _)| repo);
        let total_bytes = manifest.bytes();
        let earlier = Cell::new(0);
        for file in &manifest.files {
            let spot = self.spot(manifest, file);
            let step = |step: Step| {
                let (phase, done) = match step {
                    Step::Download(done) => (PullPhase::Download, done),
                    Step::Wait(done) => (PullPhase::Wait, done),
                    Step::Verify(done) => (PullPhase::Verify, done),
                };
                tell(PullProgress { phase, done_bytes: earlier.get() + done, total_bytes });
            };
            if !download::is_here(&spot.shown, file.bytes).await? {
                download::fetch(file, owner, &spot.held, &self.options.download, &step).await.map_err(
                    |error| {
                        match error {
                            // Where a write fails, nobody knows how much was missing.
                            Error::NoSpace { needed_bytes: 0, free_bytes, .. } => {
                                let needed_bytes = total_bytes - earlier.get();
                                Error::NoSpace { what: manifest.name.clone(), needed_bytes, free_bytes }
                            }
                            other => other,
                        }
                    },
                )?;
                if spot.held != spot.shown {
                    disk::link(&spot.target, &spot.shown).await?;
                }
            }
            earlier.set(earlier.get() + file.bytes);
        }
        if let Some(old) = old {
            // The new revision is whole: now the old one may go.
            self.save(manifest).await?;
            self.delete_files(&old, Some(manifest)).await?;
        }
        self.tidy(manifest).await?;
        self.describe(manifest).await
    }

    /// Deletes a stored model, whole or in part.
    pub async fn remove(&self, name: &str) -> Result<()> {
        let source = ModelSource::Stored { name: name.into() };
        let Some((manifest, _)) = self.stored(&source).await? else {
            let names: Vec<String> =
                self.manifests().await?.into_iter().map(|manifest| manifest.name).collect();
            let here = if names.is_empty() { "nothing".into() } else { names.join(", ") };
            return Err(Error::NotFound(format!("{name} is not stored here; stored: {here}")));
        };
        self.forget(&manifest).await
    }

    async fn forget(&self, manifest: &Manifest) -> Result<()> {
        self.delete_files(manifest, None).await?;
        disk::remove(&self.manifest_path(&manifest.name)).await?;
        disk::remove_if_empty(&format!("{}/models", self.options.home)).await
    }
}
