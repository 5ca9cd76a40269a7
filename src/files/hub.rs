//! The Hugging Face hub: what a repository holds, pinned to a commit, and the forms a model comes in.
//!
//! `/api/models/{repo}/revision/{revision}` tells commit and licence, `/api/models/{repo}/tree/{commit}`
//! the files with sizes and SHA-256 (`lfs.oid`), `/{repo}/resolve/{commit}/{path}` the bytes.

use serde::{Deserialize, Serialize};

use super::forms::{Form, forms};
use crate::platform::http::{self, Ask, Response};
use crate::protocol::{Listing, ListingOption, ModelSource, RemoteFile};
use crate::{Error, Result};

/// Longest answer of the API that is read, in bytes.
const MAX_ANSWER: u64 = 16 << 20;
/// Pages of a file list, a thousand files each.
const MAX_PAGES: usize = 50;

/// A file of a repository, or of another server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RepoFile {
    pub(super) path: String,
    pub(super) url: String,
    pub(super) bytes: u64,
    pub(super) sha256: Option<String>,
    /// What tells this content from another where there is no hash: git's id, or an `ETag`.
    pub(super) mark: Option<String>,
}

/// What a repository holds.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) repo: String,
    pub(super) commit: String,
    pub(super) license: Option<String>,
    pub(super) forms: Vec<Form>,
}

#[derive(Deserialize)]
struct Info {
    sha: String,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct TreeEntry {
    #[serde(rename = "type")]
    kind: String,
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    oid: String,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    oid: String,
    size: u64,
}

/// The error for an answer of the hub that is no success.
pub(super) fn refusal(response: &Response, url: &str, repo: &str) -> Error {
    let host = http::host(url);
    let code = response.header("x-error-code").unwrap_or_default();
    match (response.status(), code.as_str()) {
        (404, "RevisionNotFound") => {
            Error::NotFound(format!("{repo} on {host} has no such revision; check it"))
        }
        (404, "EntryNotFound") => {
            Error::NotFound(format!("{repo} on {host} has no such file; check its name"))
        }
        (401 | 403, "GatedRepo") | (403, _) => Error::Gated(format!(
            "{repo} is gated: accept its licence at https://{host}/{repo} while signed in, make a token at \
             https://{host}/settings/tokens, and give it here (in the terminal as HF_TOKEN); or download the file \
             there, and open it from your disk"
        )),
        // The hub does not tell strangers which private repositories exist.
        (401 | 404, _) => Error::NotFound(format!(
            "{host} has no repository {repo}, or it is private; check the spelling, or give an access token (in the terminal as HF_TOKEN)"
        )),
        _ => response.refusal(url),
    }
}

async fn ask(url: &str, repo: &str) -> Result<(Vec<u8>, Option<String>)> {
    let mut response = http::get_patiently(url, Ask::default()).await?;
    if response.status() != 200 {
        return Err(refusal(&response, url, repo));
    }
    let next = response.header("link").and_then(|link| next_page(&link));
    Ok((response.body(url, MAX_ANSWER).await?, next))
}

/// The address marked `rel="next"` in a `Link` header (RFC 8288).
fn next_page(link: &str) -> Option<String> {
    link.split(',').find_map(|part| {
        let (address, parameters) = part.split_once(';')?;
        let next = parameters.split(';').any(|parameter| parameter.trim() == "rel=\"next\"");
        next.then(|| address.trim().trim_start_matches('<').trim_end_matches('>').to_owned())
    })
}

fn read<T: serde::de::DeserializeOwned>(url: &str, body: &[u8]) -> Result<T> {
    serde_json::from_slice(body)
        .map_err(|error| Error::fetch(url, format!("the hub's answer is not understood: {error}")))
}

/// Characters that a path in an address needs escaped.
fn escape(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                text.push(byte as char);
            }
            _ => drop(write!(text, "%{byte:02X}")),
        }
        text
    })
}

/// Where a revision's files are, as a folder.
pub(super) fn folder(endpoint: &str, repo: &str, commit: &str) -> String {
    format!("{endpoint}/{repo}/resolve/{commit}")
}

/// Looks a repository up; `revision` is a branch, a tag or a commit.
pub(super) async fn look_up(endpoint: &str, repo: &str, revision: Option<&str>) -> Result<Repository> {
    let revision = escape(revision.unwrap_or("main")).replace('/', "%2F");
    let url = format!("{endpoint}/api/models/{repo}/revision/{revision}");
    let (body, _) = ask(&url, repo).await?;
    let info: Info = read(&url, &body)?;
    if info.sha.is_empty() || !info.sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::fetch(url, format!("the hub names {:?} as the commit", info.sha)));
    }
    let mut files = Vec::new();
    let mut page = Some(format!("{endpoint}/api/models/{repo}/tree/{}?recursive=true", info.sha));
    for _ in 0..MAX_PAGES {
        let Some(url) = page.take() else { break };
        let (body, next) = ask(&url, repo).await?;
        for entry in read::<Vec<TreeEntry>>(&url, &body)? {
            // A path goes onto the disk: no way out of its folder.
            let odd = entry.path.split('/').any(|part| part.is_empty() || part == "." || part == "..");
            if entry.kind != "file" || odd || entry.path.contains(['\\', ':']) {
                continue;
            }
            let hash = entry.lfs.as_ref().map(|lfs| lfs.oid.to_ascii_lowercase());
            files.push(RepoFile {
                url: format!("{}/{}", folder(endpoint, repo, &info.sha), escape(&entry.path)),
                bytes: entry.lfs.as_ref().map_or(entry.size, |lfs| lfs.size),
                sha256: hash.filter(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit())),
                mark: Some(entry.oid)
                    .filter(|oid| oid.bytes().all(|b| b.is_ascii_hexdigit()) && !oid.is_empty()),
                path: entry.path,
            });
        }
        // Never to another host: the token goes with it.
        page = next.filter(|next| next.starts_with(&format!("{endpoint}/")));
    }
    let license = info.tags.iter().find_map(|tag| tag.strip_prefix("license:").map(str::to_owned));
    let forms = forms(files);
    if forms.is_empty() {
        return Err(Error::NotFound(format!(
            "{repo} has neither GGUF files nor safetensors with config.json and tokenizer.json; \
             search the hub for a GGUF version of it"
        )));
    }
    Ok(Repository { repo: repo.into(), commit: info.sha, license, forms })
}

impl Repository {
    /// The form of this name (a label or a file), or the recommended one.
    pub(super) fn select(&self, wanted: Option<&str>) -> Result<&Form> {
        let Some(wanted) = wanted else { return Ok(&self.forms[0]) };
        let is = |form: &&Form| {
            form.label.eq_ignore_ascii_case(wanted)
                || form.files.iter().any(|file| {
                    file.path == wanted || file.path.rsplit('/').next().is_some_and(|name| name == wanted)
                })
        };
        self.forms.iter().find(is).ok_or_else(|| {
            let labels: Vec<&str> = self.forms.iter().map(|form| form.label.as_str()).collect();
            Error::NotFound(format!("{} has no {wanted}; it has {}", self.repo, labels.join(", ")))
        })
    }

    /// What loads or pulls a form, pinned to the commit.
    pub(super) fn source(&self, form: &Form) -> ModelSource {
        ModelSource::Hub {
            repo: self.repo.clone(),
            revision: Some(self.commit.clone()),
            file: Some(form.label.clone()),
        }
    }

    /// For people; `stored` says which forms are here.
    pub(super) fn listing(
        &self,
        reference: &str,
        wanted: Option<&str>,
        stored: impl Fn(&Form) -> bool,
    ) -> Result<Listing> {
        let first = self.select(wanted)?.label.clone();
        let option = |form: &Form| ListingOption {
            label: form.label.clone(),
            source: self.source(form),
            bytes: form.files.iter().map(|file| file.bytes).sum(),
            files: form.files.iter().map(RepoFile::remote).collect(),
            unsupported: form.unsupported.clone(),
            stored: stored(form),
        };
        let mut options: Vec<ListingOption> = self.forms.iter().map(option).collect();
        // What was asked for by name comes first.
        options.sort_by_key(|option| wanted.is_some() && option.label != first);
        Ok(Listing {
            reference: reference.into(),
            title: self.repo.rsplit('/').next().unwrap_or(&self.repo).into(),
            revision: Some(self.commit.clone()),
            license: self.license.clone(),
            options,
        })
    }
}

impl RepoFile {
    /// Whether its name is that of a GGUF file.
    pub(super) fn is_gguf(&self) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("gguf"))
    }

    /// As the protocol tells it.
    pub(super) fn remote(&self) -> RemoteFile {
        RemoteFile {
            path: self.path.clone(),
            url: self.url.clone(),
            bytes: self.bytes,
            sha256: self.sha256.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::next_page;

    #[test]
    fn the_next_page_is_found() {
        let link = "<https://h/api?cursor=a>; rel=\"next\", <https://h/api>; rel=\"first\"";
        assert_eq!(next_page(link).as_deref(), Some("https://h/api?cursor=a"));
        assert_eq!(next_page("<https://h/api>; rel=\"prev\""), None);
    }
}
