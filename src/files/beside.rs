//! The other files of a model, found by name beside one that is known: parts, config, tokenizer.

use futures_util::future::LocalBoxFuture;

use super::ByteSource;
use crate::{Result, platform};

/// Opens files by their names alone: those of a folder, of an address, of a store.
pub trait Beside {
    /// The file of this name; none if it is not there.
    fn open<'b>(&'b self, name: &'b str) -> LocalBoxFuture<'b, Result<Option<Box<dyn ByteSource>>>>;
}

/// Where a file stands alone.
pub struct Nothing;

impl Beside for Nothing {
    fn open<'b>(&'b self, _: &'b str) -> LocalBoxFuture<'b, Result<Option<Box<dyn ByteSource>>>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// A folder, or an address that ends in a file's name and perhaps a query.
pub(super) struct Location {
    before: String,
    after: String,
}

impl Location {
    pub(super) fn folder(folder: &str) -> Self {
        Self { before: format!("{}/", folder.trim_end_matches('/')), after: String::new() }
    }

    /// What surrounds the name of this file.
    pub(super) fn around(file: &str) -> Self {
        let address = file.starts_with("http://") || file.starts_with("https://");
        let end = if address { file.find(['?', '#']).unwrap_or(file.len()) } else { file.len() };
        let separators: &[char] = if address || cfg!(unix) { &['/'] } else { &['/', '\\'] };
        let start = file[..end].rfind(separators).map_or(0, |at| at + 1);
        Self { before: file[..start].into(), after: file[end..].into() }
    }
}

impl Beside for Location {
    fn open<'b>(&'b self, name: &'b str) -> LocalBoxFuture<'b, Result<Option<Box<dyn ByteSource>>>> {
        let location = format!("{}{name}{}", self.before, self.after);
        Box::pin(async move { platform::open_if_exists(&location).await })
    }
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn a_location_is_cut_around_the_name() {
        let check = |file: &str, before: &str, after: &str| {
            let location = Location::around(file);
            assert_eq!((location.before.as_str(), location.after.as_str()), (before, after), "{file}");
        };
        check("a.gguf", "", "");
        check("models/a.gguf", "models/", "");
        check("what?/a#1.gguf", "what?/", "");
        check("https://host/repo/a.gguf?download=true", "https://host/repo/", "?download=true");
        check("https://host/a.gguf#x/y", "https://host/", "#x/y");
        assert_eq!(Location::folder("models/").before, "models/");
    }
}
