//! The other files of a model, found by name beside one that is known: parts, config, tokenizer.

use super::ByteSource;
use crate::{Result, platform};

/// What surrounds a file's name in its location: a folder, or the address before the name and the query
/// after it.
pub(super) struct Beside(Option<(String, String)>);

impl Beside {
    /// Nothing: bytes in memory stand alone.
    pub(super) const NOTHING: Self = Self(None);

    /// The files in a folder.
    pub(super) fn in_folder(folder: &str) -> Self {
        Self(Some((format!("{}/", folder.trim_end_matches('/')), String::new())))
    }

    /// The files that lie where this one lies.
    pub(super) fn around(file: &str) -> Self {
        let address = file.starts_with("http://") || file.starts_with("https://");
        let end = if address { file.find(['?', '#']).unwrap_or(file.len()) } else { file.len() };
        let separators: &[char] = if address || cfg!(unix) { &['/'] } else { &['/', '\\'] };
        let start = file[..end].rfind(separators).map_or(0, |at| at + 1);
        Self(Some((file[..start].into(), file[end..].into())))
    }

    /// The file of this name; none if it is not there.
    pub(super) async fn open(&self, name: &str) -> Result<Option<Box<dyn ByteSource>>> {
        let Self(Some((before, after))) = self else { return Ok(None) };
        platform::open_if_exists(&format!("{before}{name}{after}")).await
    }
}

#[cfg(test)]
mod tests {
    use super::Beside;

    #[test]
    fn a_location_is_cut_around_the_name() {
        let check = |file: &str, before: &str, after: &str| {
            assert_eq!(Beside::around(file).0, Some((before.into(), after.into())), "{file}");
        };
        check("a.gguf", "", "");
        check("models/a.gguf", "models/", "");
        check("what?/a#1.gguf", "what?/", "");
        check("opfs:/models/a.gguf", "opfs:/models/", "");
        check("https://host/repo/a.gguf?download=true", "https://host/repo/", "?download=true");
        check("https://host/a.gguf#x/y", "https://host/", "#x/y");
        assert_eq!(Beside::in_folder("models/").0, Some(("models/".into(), String::new())));
    }
}
