//! What the environment says about models: where they are kept, which hub is asked, with what token.

use std::ffi::OsString;

use crate::engine::{HUB, StoreOptions};

/// The store of this person on this machine.
pub(super) fn store_options() -> StoreOptions {
    let home = std::env::home_dir().map(|home| home.to_string_lossy().into_owned());
    let mut options = read(|name| std::env::var_os(name), home.as_deref().unwrap_or("."));
    if options.0.token.is_none() {
        let token = std::fs::read_to_string(&options.1).unwrap_or_default();
        options.0.token = Some(token.trim().to_owned()).filter(|token| !token.is_empty());
    }
    options.0
}

/// The key of a server that `--engine` names. `POLO_API_KEY` is that of our own servers: one that serves keeps it to
/// itself.
pub(super) fn server_key(serving: bool) -> Option<String> {
    let names: &[&str] = if serving {
        &["POLO_ENGINE_KEY", "OPENAI_API_KEY"]
    } else {
        &["POLO_ENGINE_KEY", "POLO_API_KEY", "OPENAI_API_KEY"]
    };
    names.iter().find_map(|name| variable(name)).map(|key| key.trim().to_owned())
}

/// A variable, where it is set and not empty.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The file of defaults.
pub(super) fn config_path() -> std::path::PathBuf {
    let home = std::env::home_dir().map(|home| home.to_string_lossy().into_owned());
    super::config::path(variable, home.as_deref().unwrap_or("."))
}

/// The folder of the program's own data: saved conversations, history, models.
pub(super) fn home() -> std::path::PathBuf {
    store_options().home.into()
}

/// The options, and the file where Hugging Face's own programs keep the token.
fn read(variable: impl Fn(&str) -> Option<OsString>, home: &str) -> (StoreOptions, String) {
    let text = |name: &str| {
        let value = variable(name).map(|value| value.to_string_lossy().into_owned());
        value.filter(|value| !value.trim().is_empty())
    };
    let path = |name: &str| text(name).map(|path| unix_like(&path, home));
    let data = match (path("XDG_DATA_HOME"), path("LOCALAPPDATA")) {
        (Some(data), _) => data,
        (None, Some(data)) if cfg!(windows) => data,
        _ if cfg!(target_os = "macos") => format!("{home}/Library/Application Support"),
        _ => format!("{home}/.local/share"),
    };
    let cache = path("XDG_CACHE_HOME").unwrap_or_else(|| format!("{home}/.cache"));
    let hugging_face = path("HF_HOME").unwrap_or_else(|| format!("{cache}/huggingface"));
    let options = StoreOptions {
        home: unix_like(&path("POLO_HOME").unwrap_or_else(|| format!("{data}/polo")), home),
        hub_cache: Some(path("HF_HUB_CACHE").unwrap_or_else(|| format!("{hugging_face}/hub"))),
        endpoint: text("HF_ENDPOINT").unwrap_or_else(|| HUB.into()),
        token: text("HF_TOKEN").map(|token| token.trim().to_owned()),
        // As huggingface_hub reads it.
        offline: text("HF_HUB_OFFLINE").is_some_and(|value| {
            ["1", "on", "yes", "true"].contains(&value.trim().to_ascii_lowercase().as_str())
        }),
        ..StoreOptions::default()
    };
    (options, path("HF_TOKEN_PATH").unwrap_or_else(|| format!("{hugging_face}/token")))
}

/// With `/` between the parts, without a `/` at the end, and `~` resolved.
fn unix_like(path: &str, home: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let path = match path.strip_prefix("~/") {
        Some(rest) => format!("{home}/{rest}"),
        None => path,
    };
    path.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::engine::StoreOptions;

    fn with(variables: &[(&str, &str)]) -> (StoreOptions, String) {
        read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()), "/h")
    }

    #[test]
    fn variables_of_hugging_face_are_honoured() {
        let (options, token) = with(&[]);
        assert_eq!(options.hub_cache.as_deref(), Some("/h/.cache/huggingface/hub"));
        assert_eq!((options.endpoint.as_str(), options.token), ("https://huggingface.co", None));
        assert_eq!(token, "/h/.cache/huggingface/token");
        let (options, token) =
            with(&[("HF_HOME", "~/hf/"), ("HF_TOKEN", " t\n"), ("HF_ENDPOINT", "http://m")]);
        assert_eq!(options.hub_cache.as_deref(), Some("/h/hf/hub"));
        assert_eq!((options.token.as_deref(), options.endpoint.as_str()), (Some("t"), "http://m"));
        assert_eq!(token, "/h/hf/token");
        let (options, _) =
            with(&[("HF_HOME", "/a"), ("HF_HUB_CACHE", "/b"), ("POLO_HOME", "/p"), ("HF_TOKEN", "")]);
        assert_eq!((options.hub_cache.as_deref(), options.home.as_str()), (Some("/b"), "/p"));
        assert_eq!(options.token, None);
        assert!(!options.offline && !with(&[("HF_HUB_OFFLINE", "0")]).0.offline);
        assert!(with(&[("HF_HUB_OFFLINE", "1")]).0.offline && with(&[("HF_HUB_OFFLINE", "True")]).0.offline);
    }
}
