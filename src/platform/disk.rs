//! Files that Polo keeps: on the system's disk, or in the browser's own storage for this page (OPFS).
//!
//! Paths use `/`. In the browser they begin with `opfs:/` and exist for the worker alone.

use super::{ByteSource, twin};
use crate::{Error, Result};

/// A file held for writing; nobody else can hold it meanwhile.
pub struct File(twin::disk::File);

/// What is known of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The last part of the path.
    pub name: String,
    /// Whether it holds other files.
    pub is_folder: bool,
    /// Length in bytes; 0 for a folder.
    pub bytes: u64,
    /// When it was last written, in milliseconds since 1970; 0 for a folder.
    pub modified_ms: u64,
}

/// What may still be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes; `None` where nobody knows.
    pub free_bytes: Option<u64>,
    /// Whether what is stored stays until it is deleted.
    pub persistent: bool,
}

/// Opens a file for writing, made with its folders if it is not there. `None`: someone else holds it.
pub async fn open(path: &str) -> Result<Option<File>> {
    Ok(twin::disk::open(path).await?.map(File))
}

impl File {
    /// Length in bytes.
    pub fn len(&self) -> Result<u64> {
        self.0.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> Result<bool> {
        self.len().map(|len| len == 0)
    }

    /// Reads up to `len` bytes from `offset`; fewer only at the end.
    pub fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        self.0.read_at(offset, len)
    }

    /// Writes at `offset`; the file grows as needed.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.0.write_at(offset, bytes)
    }

    /// Cuts or stretches it.
    pub fn set_len(&self, len: u64) -> Result<()> {
        self.0.set_len(len)
    }

    /// Returns when what was written would outlive a loss of power.
    pub async fn flush(&self) -> Result<()> {
        self.0.flush().await
    }
}

/// A whole small file, if it is there.
pub async fn read(path: &str) -> Result<Option<Vec<u8>>> {
    let Some(source) = twin::open(path).await? else { return Ok(None) };
    source.read_at(0, source.len() as usize).await.map(Some)
}

/// A stored file as a source, if it is there.
pub async fn source(path: &str) -> Result<Option<Box<dyn ByteSource>>> {
    twin::open(path).await
}

/// Replaces a whole small file; after a kill there is the old one or the new one.
pub async fn write(path: &str, bytes: &[u8]) -> Result<()> {
    let fresh = format!("{path}.new");
    let Some(file) = open(&fresh).await? else {
        return Err(Error::Busy(format!("{path} is being written by another program")));
    };
    file.set_len(0)?;
    file.write_at(0, bytes)?;
    file.flush().await?;
    drop(file);
    rename(&fresh, path).await
}

/// Moves a file to another name, over whatever file is there; folders are made as needed.
pub async fn rename(from: &str, to: &str) -> Result<()> {
    twin::disk::rename(from, to).await
}

/// Deletes a file, or a folder with everything in it; what is not there is no error.
pub async fn remove(path: &str) -> Result<()> {
    twin::disk::remove(path).await
}

/// Deletes a folder if nothing is in it.
pub async fn remove_if_empty(path: &str) -> Result<()> {
    if list(path).await?.is_empty() { remove(path).await } else { Ok(()) }
}

/// What is in a folder, by name; nothing if it is not there.
pub async fn list(folder: &str) -> Result<Vec<Entry>> {
    let mut entries = twin::disk::list(folder).await?;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// What a path is, if it is there; links are followed.
pub async fn look(path: &str) -> Result<Option<Entry>> {
    twin::disk::look(path).await
}

/// Makes `link` show the file `target`, relative to the link's own folder. Where the system knows no links
/// the file itself is moved there.
pub async fn link(target: &str, link: &str) -> Result<()> {
    twin::disk::link(target, link).await
}

/// How much may still be stored in a folder.
pub async fn space(folder: &str) -> Space {
    twin::disk::space(folder).await
}

/// Asks the browser to keep what is stored; whether it promised.
pub async fn persist() -> bool {
    twin::disk::persist().await
}

/// The folder before the last part of a path, and that part.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path))
}
