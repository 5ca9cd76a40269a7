//! Where the store puts what: manifests, files, and the layout of Hugging Face's cache
//! (huggingface.co/docs/hub/local-cache: `models--user--name/{blobs,refs,snapshots}`).

use super::download;
use super::forms::Form;
use super::hub::{RepoFile, Repository};
use super::store::{Manifest, Store};
use crate::Result;
use crate::platform::{disk, http};
use crate::protocol::ModelSource;

/// Where one file of a model goes.
pub(super) struct Spot {
    /// Where readers find it.
    pub(super) shown: String,
    /// Where its bytes are: the same, or a blob that `shown` is a link to.
    pub(super) held: String,
    /// The blob as the link names it.
    pub(super) target: String,
}

/// What a form of a repository is, stored.
pub(super) fn hub_manifest(repository: &Repository, form: &Form) -> Manifest {
    Manifest {
        name: format!("{}:{}", repository.repo, form.label),
        source: repository.source(form),
        revision: Some(repository.commit.clone()),
        license: repository.license.clone(),
        files: form.files.clone(),
        home: None,
    }
}

/// A name that is one part of a path on every system, and different for different names.
fn slug(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => text.push(byte as char),
            b'/' => text.push_str("--"),
            b':' => text.push('@'),
            _ => drop(write!(text, "%{byte:02x}")),
        }
        text
    })
}

impl Store {
    /// Lets requests to an origin carry a token from now on, or none any more; `None` is the store's own hub.
    pub fn authorize(&self, origin: Option<&str>, token: Option<&str>) {
        http::authorize(origin.unwrap_or(&self.options.endpoint), token);
    }

    pub(super) fn manifest_path(&self, name: &str) -> String {
        format!("{}/models/{}.json", self.options.home, slug(name))
    }

    /// The repository's folder in Hugging Face's cache, and the commit.
    fn cached(&self, manifest: &Manifest) -> Option<(String, String)> {
        let cache = self.options.hub_cache.as_ref()?;
        let ModelSource::Hub { repo, .. } = &manifest.source else { return None };
        Some((format!("{cache}/models--{}", repo.replace('/', "--")), manifest.revision.clone()?))
    }

    /// The folder of the model's files.
    pub(super) fn folder(&self, manifest: &Manifest) -> String {
        if let Some((repo, commit)) = self.cached(manifest) {
            return format!("{repo}/snapshots/{commit}");
        }
        let revision = slug(manifest.revision.as_deref().unwrap_or("files"));
        format!("{}/models/{}/{revision}", self.options.home, slug(manifest.own_name()))
    }

    pub(super) fn spot(&self, manifest: &Manifest, file: &RepoFile) -> Spot {
        let shown = format!("{}/{}", self.folder(manifest), file.path);
        let blob = file.sha256.as_ref().or(file.mark.as_ref());
        match (self.cached(manifest), blob) {
            (Some((repo, _)), Some(blob)) => {
                let up = "../".repeat(file.path.matches('/').count() + 2);
                Spot { shown, held: format!("{repo}/blobs/{blob}"), target: format!("{up}blobs/{blob}") }
            }
            _ => Spot { held: shown.clone(), target: shown.clone(), shown },
        }
    }

    /// What opens the model: its (first) GGUF file, or its folder.
    pub(super) fn location(&self, manifest: &Manifest) -> String {
        let gguf = manifest.files.iter().find(|file| file.is_gguf());
        gguf.map_or_else(|| self.folder(manifest), |file| self.spot(manifest, file).shown)
    }

    pub(super) async fn save(&self, manifest: &Manifest) -> Result<()> {
        let path = self.manifest_path(&manifest.name);
        let bytes = serde_json::to_vec_pretty(manifest).expect("plain data");
        if disk::read(&path).await?.is_some_and(|old| old == bytes) {
            return Ok(());
        }
        disk::write(&path, &bytes).await
    }

    /// Tells other programs which commit `main` was.
    async fn note_revision(&self, manifest: &Manifest) -> Result<()> {
        let Some((repo, commit)) = self.cached(manifest) else { return Ok(()) };
        let path = format!("{repo}/refs/main");
        // A reference that another program set may be newer.
        if disk::look(&path).await?.is_none() { disk::write(&path, commit.as_bytes()).await } else { Ok(()) }
    }

    /// The very end of a download, also of one that was killed there: notes the revision, and deletes what lies
    /// beside complete files.
    pub(super) async fn tidy(&self, manifest: &Manifest) -> Result<()> {
        self.note_revision(manifest).await?;
        for file in &manifest.files {
            download::clean(&self.spot(manifest, file).held).await?;
        }
        disk::remove(&format!("{}.new", self.manifest_path(&manifest.name))).await
    }

    /// Deletes a model's files, but those that another model (or another revision, in the shared cache) has.
    pub(super) async fn delete_files(&self, manifest: &Manifest, keep: Option<&Manifest>) -> Result<()> {
        for file in &manifest.files {
            download::check_unused(file, &self.spot(manifest, file).held).await?;
        }
        let mut kept: Vec<String> = Vec::new();
        for other in self.manifests().await?.iter().filter(|other| other.name != manifest.name).chain(keep) {
            kept.extend(other.files.iter().flat_map(|file| {
                let spot = self.spot(other, file);
                [spot.shown, spot.held]
            }));
        }
        for file in &manifest.files {
            let spot = self.spot(manifest, file);
            if !kept.contains(&spot.shown) {
                disk::remove(&spot.shown).await?;
            }
            if !kept.contains(&spot.held) && !self.is_shared(manifest, file).await? {
                download::clean(&spot.held).await?;
                disk::remove(&spot.held).await?;
            }
        }
        let own = format!("{}/models/{}", self.options.home, slug(manifest.own_name()));
        let folder = self.folder(manifest);
        remove_empty_folders(&folder, manifest).await?;
        match self.cached(manifest) {
            None => disk::remove_if_empty(&own).await,
            Some((repo, _)) => {
                for part in ["snapshots", "blobs"] {
                    disk::remove_if_empty(&format!("{repo}/{part}")).await?;
                }
                // References to what is gone are no use to anyone.
                if disk::look(&format!("{repo}/snapshots")).await?.is_none() {
                    disk::remove(&repo).await?;
                }
                Ok(())
            }
        }
    }

    /// Whether another revision in the shared cache shows a file of this name and length.
    async fn is_shared(&self, manifest: &Manifest, file: &RepoFile) -> Result<bool> {
        let Some((repo, commit)) = self.cached(manifest) else { return Ok(false) };
        for other in disk::list(&format!("{repo}/snapshots")).await? {
            let path = format!("{repo}/snapshots/{}/{}", other.name, file.path);
            if other.name != commit && download::is_here(&path, file.bytes).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Deletes the folders of a model's files, from the innermost out, where nothing else is in them.
async fn remove_empty_folders(folder: &str, manifest: &Manifest) -> Result<()> {
    let mut folders: Vec<&str> = manifest
        .files
        .iter()
        .flat_map(|file| file.path.match_indices('/').map(|(at, _)| &file.path[..at]))
        .collect();
    folders.sort_unstable_by_key(|inner| std::cmp::Reverse(inner.len()));
    folders.dedup();
    for inner in folders {
        disk::remove_if_empty(&format!("{folder}/{inner}")).await?;
    }
    disk::remove_if_empty(folder).await
}
