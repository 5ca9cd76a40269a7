//! What people type to name a model: an alias, a repository, an address, a path.

use super::catalogue::catalogue;
use crate::protocol::ModelSource;
use crate::{Error, Result};

/// The hub where nothing else is said.
pub const HUB: &str = "https://huggingface.co";

/// Names of the hub that people type, with or without `https://`.
const HUB_NAMES: [&str; 3] = ["huggingface.co/", "www.huggingface.co/", "hf.co/"];

/// Understands a name; `endpoint` is the hub in use. A path is taken for one by its form alone.
pub fn parse(text: &str, endpoint: &str) -> Result<ModelSource> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::BadRequest("the name of the model is empty".into()));
    }
    let lower = text.to_ascii_lowercase();
    if let Some(entry) = catalogue().into_iter().find(|entry| entry.alias == lower) {
        return Ok(entry.source);
    }
    let bare = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let own = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest).trim_end_matches('/');
    for name in HUB_NAMES.into_iter().chain([format!("{own}/").as_str()]) {
        if let Some(rest) = bare.unwrap_or(text).strip_prefix(name) {
            return on_hub(text, rest);
        }
    }
    if bare.is_some() {
        return Ok(ModelSource::Url { url: text.into() });
    }
    if text.contains("://") {
        let what = format!("{text}: expected an address that begins with https:// or http://");
        return Err(Error::BadRequest(what));
    }
    if is_path(text) {
        return Ok(ModelSource::Path { path: text.into() });
    }
    if text.matches('/').count() == 1 {
        return on_hub(text, text);
    }
    Err(unknown(text))
}

/// Whether it can only be a path.
fn is_path(text: &str) -> bool {
    let ending = text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    text.starts_with(['.', '/', '~', '\\'])
        || text.contains('\\')
        || text.get(1..2) == Some(":")
        || matches!(ending.as_str(), "gguf" | "safetensors")
}

/// `user/repo`, `user/repo:Q4_K_M`, `user/repo@revision`, `user/repo/(blob|resolve|tree)/revision[/file]`.
fn on_hub(text: &str, rest: &str) -> Result<ModelSource> {
    let rest = rest.split(['?', '#']).next().unwrap_or(rest).trim_end_matches('/');
    let mut parts = rest.splitn(5, '/');
    let (Some(user), Some(name)) = (parts.next(), parts.next()) else { return Err(unknown(text)) };
    let (name, tag) = name.split_once(':').map_or((name, None), |(name, tag)| (name, Some(tag)));
    let (name, at) = name.split_once('@').map_or((name, None), |(name, at)| (name, Some(at)));
    if ![user, name].into_iter().all(is_name) {
        return Err(unknown(text));
    }
    let (mut revision, mut file) = (at.map(str::to_owned), tag.map(str::to_owned));
    match parts.next() {
        None => {}
        Some("blob" | "resolve" | "tree" | "raw") => {
            revision = parts.next().map(|part| part.replace("%2F", "/"));
            file = parts.next().map(|part| part.replace("%20", " ")).or(file);
        }
        Some(_) => return Err(unknown(text)),
    }
    let filled = |part: &Option<String>| part.as_ref().is_none_or(|part| !part.is_empty());
    if !filled(&revision) || !filled(&file) {
        return Err(unknown(text));
    }
    Ok(ModelSource::Hub { repo: format!("{user}/{name}"), revision, file })
}

/// What the hub allows in names; this goes into addresses and paths.
fn is_name(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= 96
        && !part.starts_with('.')
        && !part.contains("..")
        && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// The error for what nobody knows, with the nearest aliases.
fn unknown(text: &str) -> Error {
    let letters =
        |text: &str| text.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let wanted: String = letters(text);
    let near: Vec<String> = catalogue()
        .into_iter()
        .map(|entry| entry.alias)
        .filter(|alias| {
            let known: String = letters(alias);
            known.contains(&wanted) || wanted.contains(&known) || known.get(..4) == wanted.get(..4)
        })
        .collect();
    let hint = if near.is_empty() { String::new() } else { format!(" Did you mean {}?", near.join(", ")) };
    Error::NotFound(format!(
        "{text} is no model that Polo knows.{hint} Expected an alias (`polo list --all`), a repository \
         (user/repo or hf.co/user/repo:Q4_K_M), an address (https://…) or a file"
    ))
}

#[cfg(test)]
mod tests {
    use super::{HUB, parse};
    use crate::protocol::ModelSource;

    fn hub(repo: &str, revision: Option<&str>, file: Option<&str>) -> ModelSource {
        ModelSource::Hub {
            repo: repo.into(),
            revision: revision.map(str::to_owned),
            file: file.map(str::to_owned),
        }
    }

    #[test]
    fn names_are_understood() {
        let check =
            |text: &str, expected: ModelSource| assert_eq!(parse(text, HUB).unwrap(), expected, "{text}");
        check("marco-o1", hub("bartowski/Marco-o1-GGUF", None, Some("Q4_K_M")));
        check(" Marco-O1 ", hub("bartowski/Marco-o1-GGUF", None, Some("Q4_K_M")));
        check("a/b", hub("a/b", None, None));
        check("a/b:Q8_0", hub("a/b", None, Some("Q8_0")));
        check("a/b@v1:Q8_0", hub("a/b", Some("v1"), Some("Q8_0")));
        check("hf.co/a/b:Q4_K_M", hub("a/b", None, Some("Q4_K_M")));
        check("https://huggingface.co/a/b.c_d", hub("a/b.c_d", None, None));
        check("https://huggingface.co/a/b/", hub("a/b", None, None));
        check("https://huggingface.co/a/b/tree/main", hub("a/b", Some("main"), None));
        for verb in ["blob", "resolve"] {
            let address = format!("https://huggingface.co/a/b/{verb}/main/x/y.gguf?download=true");
            check(&address, hub("a/b", Some("main"), Some("x/y.gguf")));
        }
        check("https://a.org/m.gguf?x=1", ModelSource::Url { url: "https://a.org/m.gguf?x=1".into() });
        for path in ["./m", "../m.gguf", "/m", "m.gguf", "a/m.gguf", "~/m", r"C:\m", "C:/m"] {
            check(path, ModelSource::Path { path: path.into() });
        }
        assert_eq!(parse("http://localhost:81/a/b", "http://localhost:81").unwrap(), hub("a/b", None, None));
    }

    #[test]
    fn nonsense_is_refused_with_a_hint() {
        for text in [
            "",
            "marco",
            "a/b/c",
            "ftp://a/b",
            "a/..",
            "a/b:",
            "hf.co/a",
            "a b/c",
            "https://hf.co/a/b/wiki/x",
        ] {
            assert!(parse(text, HUB).is_err(), "{text}");
        }
        let error = parse("marco", HUB).unwrap_err().to_string();
        assert!(error.contains("Did you mean marco-o1?"), "{error}");
    }
}
