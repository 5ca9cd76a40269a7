//! Models at plain addresses: a GGUF file with its parts, or a folder in Hugging Face's layout.

use super::hub::RepoFile;
use super::store::Manifest;
use crate::platform::http::{self, Ask};
use crate::protocol::{Listing, ListingOption, ModelSource};
use crate::{Error, Result};

/// More parts than any model has.
const MAX_PARTS: usize = 1000;
/// Small files that a folder may hold; the first two it must.
const COMPANIONS: [&str; 5] = [
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
];

/// What is at an address, from one small request a file.
pub(super) async fn look_up(url: &str) -> Result<Manifest> {
    let (path, query) = url.split_once(['?', '#']).map_or((url, ""), |(path, query)| (path, query));
    let path = path.trim_end_matches('/');
    let files = if path.to_ascii_lowercase().ends_with(".gguf") {
        let mut files = Vec::new();
        for name in parts(path)? {
            let address = if query.is_empty() { name.clone() } else { format!("{name}?{query}") };
            files.push(required(&address, last(&name)).await?);
        }
        files
    } else {
        folder(path).await?
    };
    // Another content gets another folder.
    let marks: Vec<&str> = files.iter().filter_map(|file| file.mark.as_deref()).collect();
    let revision = (!marks.is_empty()).then(|| format!("{:016x}", fingerprint(&marks)));
    Ok(Manifest {
        name: path.split_once("://").map_or(path, |(_, rest)| rest).to_owned(),
        source: ModelSource::Url { url: url.into() },
        revision,
        license: None,
        files,
        home: None,
    })
}

/// As the protocol tells it: one form.
pub(super) fn listing(reference: &str, manifest: &Manifest, stored: bool) -> Listing {
    let option = ListingOption {
        label: if manifest.files[0].is_gguf() { "GGUF".into() } else { "safetensors".into() },
        source: manifest.source.clone(),
        files: manifest.files.iter().map(RepoFile::remote).collect(),
        bytes: manifest.bytes(),
        unsupported: None,
        stored,
    };
    Listing {
        reference: reference.into(),
        title: last(&manifest.name).into(),
        revision: None,
        license: None,
        options: vec![option],
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// FNV-1a; it only tells one version from another.
fn fingerprint(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The addresses of all parts of a split file, in order, or the one of a whole file.
fn parts(path: &str) -> Result<Vec<String>> {
    let whole = || Ok(vec![path.to_owned()]);
    let stem = &path[..path.len() - ".gguf".len()];
    let Some((front, count)) = stem.rsplit_once("-of-") else { return whole() };
    let Some((front, number)) = front.rsplit_once('-') else { return whole() };
    let numeric = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(count) || !numeric(number) {
        return whole();
    }
    let parts: usize = count.parse().unwrap_or(0);
    if !(1..=MAX_PARTS).contains(&parts) {
        return Err(Error::BadRequest(format!("{path}: {parts} parts, expected 1 to {MAX_PARTS}")));
    }
    Ok((1..=parts).map(|part| format!("{front}-{part:05}-of-{count}.gguf")).collect())
}

async fn required(url: &str, path: &str) -> Result<RepoFile> {
    probe(url, path)
        .await?
        .ok_or_else(|| Error::NotFound(format!("{url}: there is nothing at this address; check it")))
}

/// Length and tag of what is at an address, if anything is.
async fn probe(url: &str, path: &str) -> Result<Option<RepoFile>> {
    if path.is_empty() || path.starts_with('.') || path.contains(['\\', ':', '/']) {
        return Err(Error::BadRequest(format!("{url}: its last part is no name for a file")));
    }
    let response = http::get_patiently(url, Ask { range: Some((0, 1)), stall_ms: 0 }).await?;
    let page = response.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if matches!(response.status(), 404 | 410) || page {
        return Ok(None);
    }
    let length = || response.header("content-length").and_then(|text| text.parse().ok());
    let bytes = match response.status() {
        206 => response.content_range().and_then(|(_, total)| total),
        200 => length(),
        _ => return Err(response.refusal(url)),
    };
    let hidden =
        "the server hides the file's length (it must expose the headers Content-Range and Content-Length)";
    let bytes = bytes.ok_or_else(|| Error::fetch(url, hidden))?;
    let mark = response.header("etag").or_else(|| response.header("last-modified"));
    Ok(Some(RepoFile { path: path.into(), url: url.into(), bytes, sha256: None, mark }))
}

async fn folder(url: &str) -> Result<Vec<RepoFile>> {
    let mut files = Vec::new();
    for (number, name) in COMPANIONS.into_iter().enumerate() {
        match probe(&format!("{url}/{name}"), name).await? {
            Some(file) => files.push(file),
            None if number < 2 => {
                let what = format!(
                    "{url} holds no {name}; expected a .gguf file, or a folder in Hugging Face's layout"
                );
                return Err(Error::NotFound(what));
            }
            None => {}
        }
    }
    if let Some(single) = probe(&format!("{url}/model.safetensors"), "model.safetensors").await? {
        files.push(single);
        return Ok(files);
    }
    let name = "model.safetensors.index.json";
    let index = required(&format!("{url}/{name}"), name).await?;
    let mut response = http::get_patiently(&index.url, Ask::default()).await?;
    let body = response.body(&index.url, 64 << 20).await?;
    let value: serde_json::Value = serde_json::from_slice(&body)
        .map_err(|error| Error::bad_model(&index.url, format!("expected JSON: {error}")))?;
    files.push(index);
    let map = value.get("weight_map").and_then(|map| map.as_object()).cloned().unwrap_or_default();
    let mut shards: Vec<&str> = map.values().filter_map(|shard| shard.as_str()).collect();
    shards.sort_unstable();
    shards.dedup();
    if shards.is_empty() || shards.len() > MAX_PARTS {
        let what = format!("it names {} files, expected 1 to {MAX_PARTS}", shards.len());
        return Err(Error::bad_model(format!("{url}/{name}"), what));
    }
    for shard in shards {
        files.push(required(&format!("{url}/{shard}"), shard).await?);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_of_a_split_file_are_counted() {
        assert_eq!(parts("https://h/m.gguf").unwrap(), ["https://h/m.gguf"]);
        let split = parts("https://h/m-00002-of-00002.gguf").unwrap();
        assert_eq!(split, ["https://h/m-00001-of-00002.gguf", "https://h/m-00002-of-00002.gguf"]);
        assert_eq!(parts("https://h/out-of-00002.gguf").unwrap().len(), 1);
        assert!(parts("https://h/m-00001-of-00000.gguf").is_err());
    }
}
