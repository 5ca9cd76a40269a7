//! In the browser replies have no formats: the masks would double the worker's size.

use crate::error::{Error, Result};
use crate::protocol::Format;

/// The tokens of a model, of which nothing is made here.
pub struct Vocabulary;

/// How far a text is with a format; never made.
pub struct Grammar(());

const NONE: &str = "replies of a given format are not available in the browser: ask polo serve for them";

impl Vocabulary {
    /// Keeps nothing.
    pub fn new(_: impl Iterator<Item = Vec<u8>>, _: impl Fn(u32) -> bool, _: u32) -> Result<Self> {
        Ok(Self)
    }

    /// Refuses.
    pub fn grammar(&self, _: &Format) -> Result<Grammar> {
        Err(Error::BadRequest(NONE.into()))
    }
}

impl Grammar {
    /// Which tokens may come next.
    pub fn allowed(&mut self) -> Result<Vec<u32>, String> {
        Err(NONE.into())
    }

    /// Takes tokens.
    pub fn take(&mut self, _: &[u32]) -> Result<bool, String> {
        Err(NONE.into())
    }

    /// Whether the text may end here.
    pub fn may_end(&mut self) -> bool {
        true
    }

    /// Whether nothing may follow.
    pub fn is_complete(&self) -> bool {
        true
    }

    /// One more, at the same place.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(())
    }
}
