//! What stays after the command: saved conversations, and which model was used last. All in the data folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::parameters::Parameters;
use crate::Error;
use crate::protocol::Message;

/// The form of the files; others are refused.
const VERSION: u32 = 1;

/// A conversation with its settings, as `/save` keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Saved {
    version: u32,
    /// As the person named it.
    pub(super) model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<String>,
    #[serde(default)]
    pub(super) parameters: Parameters,
    /// `json`, or a JSON schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<String>,
    /// A preset of the search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) search: Option<String>,
    /// Whether thoughts are shown.
    pub(super) think: bool,
    pub(super) messages: Vec<Message>,
}

/// What the next `polo run` without a model starts with.
#[derive(Debug, Serialize, Deserialize)]
struct Last {
    version: u32,
    model: String,
}

impl Saved {
    pub(super) fn new(model: &str) -> Self {
        Self {
            version: VERSION,
            model: model.into(),
            system: None,
            parameters: Parameters::default(),
            format: None,
            search: None,
            think: true,
            messages: Vec::new(),
        }
    }

    /// Keeps it under a name; returns the file.
    pub(super) fn save(&self, home: &Path, name: &str) -> Result<PathBuf, Error> {
        let path = path(home, name)?;
        write(&path, self)?;
        Ok(path)
    }

    /// What is kept under a name; none where nothing is.
    pub(super) fn load(home: &Path, name: &str) -> Result<Option<Self>, Error> {
        // What cannot be the name of a conversation may still be that of a model.
        path(home, name).map_or(Ok(None), |path| read(&path))
    }
}

/// Names of the saved conversations.
pub(super) fn names(home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder(home)).into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| {
        entry.file_name().to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned)
    };
    let mut names: Vec<String> = entries.filter_map(name).collect();
    names.sort();
    names
}

/// The model that was used last.
pub(super) fn last_model(home: &Path) -> Option<String> {
    read::<Last>(&home.join("last.json")).ok().flatten().map(|last| last.model)
}

/// Remembers the model; where that fails, it only is not remembered.
pub(super) fn note_model(home: &Path, name: &str) {
    // A path is of use from another folder as well.
    let name = match std::path::absolute(name) {
        Ok(path) if Path::new(name).exists() => path.to_string_lossy().into_owned(),
        _ => name.to_owned(),
    };
    let _ = write(&home.join("last.json"), &Last { version: VERSION, model: name });
}

fn folder(home: &Path) -> PathBuf {
    home.join("sessions")
}

/// The file of a name, which is one part of a path on every system.
fn path(home: &Path, name: &str) -> Result<PathBuf, Error> {
    let fine = |letter: char| letter.is_alphanumeric() || "-_. ".contains(letter);
    if name.is_empty() || name.len() > 100 || name.starts_with('.') || !name.chars().all(fine) {
        let what = format!("{name:?} is no name for a conversation; use letters, digits, - and _");
        return Err(Error::BadRequest(what));
    }
    Ok(folder(home).join(format!("{name}.json")))
}

/// Writes a file whole or not at all.
fn write(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let fail = |error: std::io::Error| Error::Write(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    let text = serde_json::to_string_pretty(value).expect("plain data");
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // What was said is nobody else's business.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(fail)?;
    std::fs::rename(&new, path).map_err(fail)
}

/// Reads a file of this version; none where there is no file.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let bad = |what: String| Error::BadRequest(format!("{}: {what}", path.display()));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(bad(error.to_string())),
    };
    let parse = |error: serde_json::Error| bad(format!("was not saved by polo: {error}"));
    let Version { version } = serde_json::from_str(&text).map_err(parse)?;
    if version != VERSION {
        return Err(bad(format!("is of version {version}, expected {VERSION}; another polo saved it")));
    }
    Ok(Some(serde_json::from_str(&text).map_err(parse)?))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Saved, last_model, note_model, path, read, write};
    use crate::protocol::{Message, Role};

    #[test]
    fn what_is_saved_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/a.json");
        assert_eq!(read::<Saved>(&file).unwrap(), None);
        let mut saved = Saved::new("marco-o1");
        saved.parameters.set("temperature", "0.5").unwrap();
        saved.messages.push(Message { role: Role::User, content: "Привет".into() });
        write(&file, &saved).unwrap();
        assert_eq!(read(&file).unwrap(), Some(saved));
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600, "what was said is nobody else's business");
        }
        assert_eq!(
            std::fs::read_dir(folder.path().join("deep")).unwrap().count(),
            1,
            "nothing lies beside it"
        );
        for (text, said) in [
            ("{", "was not saved by polo"),
            (r#"{"version": 7}"#, "is of version 7, expected 1"),
            (r#"{"version": 1}"#, "missing field"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = read::<Saved>(&file).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("a.json"), "{error}");
        }
    }

    #[test]
    fn names_stay_in_the_folder() {
        for name in ["", ".", "..", "../x", "a/b", "a\\b", "/etc/passwd", "C:x", "a\0", "\u{1b}[2J"] {
            assert!(path(Path::new("/h"), name).is_err(), "{name:?}");
        }
        assert!(path(Path::new("/h"), "my chat-1").unwrap().ends_with("sessions/my chat-1.json"));
    }

    #[test]
    fn a_file_that_was_used_last_is_found_from_elsewhere() {
        let home = tempfile::tempdir().unwrap();
        for (name, expected) in [
            ("Cargo.toml", std::path::absolute("Cargo.toml").unwrap().to_string_lossy().into_owned()),
            ("marco-o1", "marco-o1".to_owned()),
        ] {
            note_model(home.path(), name);
            assert_eq!(last_model(home.path()), Some(expected));
        }
    }
}
