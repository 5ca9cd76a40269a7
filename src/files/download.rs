//! The download of one file: ranges in parallel, retried, journalled, hashed, and only then given its name.
//!
//! Beside the file at `PATH` lie `PATH.polo-part` with the bytes and `PATH.polo-journal` with what of them
//! is certain. Whoever holds the part open holds the file: a second program or tab is told so.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::hub::RepoFile;
use super::journal::{self, Content, Journal};
use super::transfer::Transfer;
use crate::platform::{disk, http};
use crate::{Error, Result, platform};

/// How downloads behave; tests choose smaller figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadOptions {
    /// Ranges at once.
    pub connections: usize,
    /// What a kill can cost on each connection, in bytes.
    pub piece_bytes: u64,
    /// Silence after which a connection counts as dead, in milliseconds.
    pub stall_ms: u32,
    /// Failures in a row, without a byte between them, before a download gives up.
    pub tries: u32,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self { connections: 4, piece_bytes: 4 << 20, stall_ms: http::STALL_MS, tries: 10 }
    }
}

/// Read and hashed at once while verifying, in bytes.
const BLOCK: usize = 1 << 20;

/// What is going on, with the bytes of this file that are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Download(u64),
    Wait(u64),
    Verify(u64),
}

/// Where the bytes lie until they are verified, and the journal about them.
pub(super) fn part_paths(path: &str) -> (String, String) {
    (format!("{path}.polo-part"), format!("{path}.polo-journal"))
}

/// Whether the file is here, whole.
pub(super) async fn is_here(path: &str, bytes: u64) -> Result<bool> {
    Ok(disk::look(path).await?.is_some_and(|entry| !entry.is_folder && entry.bytes == bytes))
}

/// Bytes of the file that are here.
pub(super) async fn done_bytes(path: &str, bytes: u64) -> Result<u64> {
    if is_here(path, bytes).await? {
        return Ok(bytes);
    }
    Ok(journal::done_bytes(&part_paths(path).1).await?.min(bytes))
}

/// Deletes what an unfinished or just finished download leaves beside the file.
pub(super) async fn clean(path: &str) -> Result<()> {
    let (part, journal) = part_paths(path);
    disk::remove(&part).await?;
    disk::remove(&journal).await
}

fn busy(file: &RepoFile) -> Error {
    let what = format!("{} is being downloaded already, by another program or tab; wait for it", file.path);
    Error::Busy(what)
}

/// An error if somebody is downloading the file.
pub(super) async fn check_unused(file: &RepoFile, path: &str) -> Result<()> {
    let (part, _) = part_paths(path);
    if disk::look(&part).await?.is_some() && disk::open(&part).await?.is_none() {
        return Err(busy(file));
    }
    Ok(())
}

/// Brings a file to `path`. `owner` names the repository or server in messages.
pub(super) async fn fetch(
    file: &RepoFile,
    owner: &str,
    path: &str,
    options: &DownloadOptions,
    tell: &dyn Fn(Step),
) -> Result<()> {
    if is_here(path, file.bytes).await? {
        return clean(path).await;
    }
    let (part_path, journal_path) = part_paths(path);
    let mut again = true;
    loop {
        let Some(part) = disk::open(&part_path).await? else { return Err(busy(file)) };
        if is_here(path, file.bytes).await? {
            // Another program finished it while we opened the part.
            drop(part);
            return clean(path).await;
        }
        let mark = file.sha256.clone().or_else(|| file.mark.clone()).unwrap_or_default();
        let content = Content { bytes: file.bytes, piece: options.piece_bytes.max(1), mark };
        let mut journal = Journal::open(&journal_path, content).await?;
        if part.len()? == 0 && journal.done_bytes() > 0 {
            // Somebody deleted the part and left the journal.
            journal.reset().await?;
        }
        let mut journal = Transfer::new(file, owner, options, tell, &part, journal).run().await?;
        let Some(found) = wrong_hash(&part, file, tell).await? else {
            drop((part, journal));
            // Whoever came first did the same work.
            if let Err(error) = disk::rename(&part_path, path).await
                && !is_here(path, file.bytes).await?
            {
                return Err(error);
            }
            return disk::remove(&journal_path).await;
        };
        // Which piece is wrong cannot be known. Once it may be the network; twice it is the server.
        journal.reset().await?;
        part.set_len(0)?;
        if !again {
            drop((part, journal));
            clean(path).await?;
            let what = format!(
                "what came has SHA-256 {found}, expected {}, twice; the server or something between it and \
                 this machine changes the file: try another network, or later",
                file.sha256.as_deref().unwrap_or_default()
            );
            return Err(Error::Damaged { file: file.path.clone(), what });
        }
        again = false;
    }
}

/// The hash of what was written, if it is not the one expected.
async fn wrong_hash(part: &disk::File, file: &RepoFile, tell: &dyn Fn(Step)) -> Result<Option<String>> {
    let Some(expected) = &file.sha256 else { return Ok(None) };
    let mut hash = Sha256::new();
    let mut offset = 0;
    while offset < file.bytes {
        tell(Step::Verify(offset));
        let bytes = part.read_at(offset, BLOCK.min(usize::try_from(file.bytes - offset).unwrap_or(BLOCK)))?;
        if bytes.is_empty() {
            break;
        }
        hash.update(&bytes);
        offset += bytes.len() as u64;
        platform::yield_now().await;
    }
    tell(Step::Verify(offset));
    let found = hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok((found != *expected).then_some(found))
}
