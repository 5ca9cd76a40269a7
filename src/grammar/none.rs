//! In the browser replies have no formats: the masks would double the worker's size.

use crate::error::{Error, Result};
use crate::protocol::Format;

/// The tokens of a model, of which nothing is made here.
pub struct Vocabulary;

/// How far a text is with a format: there is none.
pub enum Grammar {}

impl Vocabulary {
    /// Keeps nothing.
    pub fn new(_: impl Iterator<Item = Vec<u8>>, _: impl Fn(u32) -> bool, _: u32) -> Result<Self> {
        Ok(Self)
    }

    /// Refuses.
    pub fn grammar(&self, _: &Format) -> Result<Grammar> {
        let what = "replies of a given format are not available in the browser: ask `polo serve` for them";
        Err(Error::BadRequest(what.into()))
    }
}

impl Grammar {
    /// Which tokens may come next.
    pub fn allowed(&mut self) -> Result<Vec<u32>, String> {
        match *self {}
    }

    /// Takes tokens.
    pub fn take(&mut self, _: &[u32]) -> Result<bool, String> {
        match *self {}
    }

    /// Whether the text may end here.
    pub fn may_end(&mut self) -> bool {
        match *self {}
    }

    /// Whether nothing may follow.
    pub fn is_complete(&self) -> bool {
        match *self {}
    }

    /// One more, at the same place.
    #[must_use]
    pub fn copy(&self) -> Self {
        match *self {}
    }
}
