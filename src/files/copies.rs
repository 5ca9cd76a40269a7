//! Second names: a manifest more, and no byte of the files.

use std::collections::HashSet;

use super::catalogue::catalogue;
use super::store::{Manifest, Store};
use crate::platform::disk;
use crate::protocol::{ModelSource, StoredModel};
use crate::{Error, Result};

/// Longest name, in bytes: with its ending it must be a file's on every system.
const LONGEST: usize = 120;

impl Manifest {
    /// The name that the files lie under.
    pub(super) fn own_name(&self) -> &str {
        self.home.as_deref().unwrap_or(&self.name)
    }

    /// Where the model came from; for a second name, the first.
    pub(super) fn told_source(&self) -> ModelSource {
        let second = self.home.clone().map(|name| ModelSource::Stored { name });
        second.unwrap_or_else(|| self.source.clone())
    }
}

impl Store {
    /// Gives a stored model a second name.
    pub async fn copy(&self, name: &str, copy: &str) -> Result<()> {
        check(copy)?;
        let find = async |name: &str| self.stored(&ModelSource::Stored { name: name.into() }).await;
        let Some((manifest, model)) = find(name).await? else {
            return Err(Error::NotFound(format!("{name} is not stored here; `polo list` shows what is")));
        };
        if !model.complete {
            let what = format!("only a part of {name} is here; pull it again, then copy it");
            return Err(Error::BadRequest(what));
        }
        if find(copy).await?.is_some() || disk::look(&self.manifest_path(copy)).await?.is_some() {
            let what = format!("{copy} is stored already; `polo rm {copy}` makes room for another");
            return Err(Error::BadRequest(what));
        }
        let home = Some(manifest.own_name().to_owned());
        self.save(&Manifest { name: copy.into(), home, ..manifest }).await
    }

    /// The name of a complete model, as it is stored; `:latest` may be left out, or stand for it.
    pub async fn complete(&self, name: &str) -> Result<Option<String>> {
        for name in [name, name.strip_suffix(":latest").unwrap_or(name)] {
            if let Some((manifest, StoredModel { complete: true, .. })) =
                self.stored(&ModelSource::Stored { name: name.into() }).await?
            {
                return Ok(Some(manifest.name));
            }
        }
        Ok(None)
    }

    /// Bytes that models hold; files with two names count once.
    pub(super) fn used_bytes(&self, manifests: &[Manifest], models: &[StoredModel]) -> u64 {
        let mut seen = HashSet::new();
        let fresh = |manifest: &Manifest| {
            let held = manifest.files.iter().map(|file| self.spot(manifest, file).held);
            held.filter(|path| seen.insert(path.clone())).count() > 0
        };
        let fresh: Vec<bool> = manifests.iter().map(fresh).collect();
        models.iter().zip(fresh).filter(|(_, fresh)| *fresh).map(|(model, _)| model.done_bytes).sum()
    }
}

/// Whether a model may be called so: not like another, nor like something else that `--model` takes.
fn check(copy: &str) -> Result<()> {
    let fine = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
    let bad = |what: &str| Err(Error::BadRequest(format!("{copy:?} cannot be a model's name: {what}")));
    let lower = copy.to_ascii_lowercase();
    if copy.is_empty() || copy.len() > LONGEST || !copy.chars().all(fine) || copy.starts_with(['.', '-', ':'])
    {
        return bad("use letters, digits, and - _ . : between them");
    }
    if [".gguf", ".safetensors"].iter().any(|ending| lower.ends_with(ending)) {
        return bad("it looks like a file");
    }
    if lower.split(':').next() == Some("polo-tiny") || catalogue().iter().any(|entry| entry.alias == lower) {
        return bad("another model is known by it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_that_mean_something_else_are_refused() {
        for name in ["fast", "my-model:v2", "Qwen.2", "a_b"] {
            check(name).unwrap();
        }
        for name in
            ["", "a/b", "..", ".x", "a b", "x.gguf", "marco-o1", "Polo-Tiny", "polo-tiny:latest", "a\\b"]
        {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
