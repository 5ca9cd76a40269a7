//! Bytes in memory as a source: the embedded model, and tests.

use std::borrow::Cow;

use futures_util::future::LocalBoxFuture;

use super::ByteSource;
use crate::{Error, Result};

/// A [`ByteSource`] over bytes in memory.
pub struct MemorySource {
    name: String,
    bytes: Cow<'static, [u8]>,
}

impl MemorySource {
    /// Takes the bytes; `name` is for messages.
    pub fn new(name: impl Into<String>, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

impl ByteSource for MemorySource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>>> {
        let range = usize::try_from(offset).ok().and_then(|start| Some(start..start.checked_add(len)?));
        let bytes = range.and_then(|range| self.bytes.get(range)).map(<[u8]>::to_vec).ok_or_else(|| {
            let what = format!("bytes {offset} to {offset}+{len} asked for, it has {}", self.bytes.len());
            Error::fetch(&self.name, what)
        });
        Box::pin(std::future::ready(bytes))
    }
}
