//! The system's side of `platform::disk`: std's files, locked while they are written.

use std::fs;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::super::disk::{Entry, Space, split};
use crate::{Error, Result};

pub(in crate::platform) struct File {
    path: String,
    file: Arc<fs::File>,
}

/// What a full disk says: the error for a failed write.
fn failed(path: &str, error: &std::io::Error) -> Error {
    if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        let free_bytes = available(path).unwrap_or(0);
        return Error::NoSpace { what: path.into(), needed_bytes: 0, free_bytes };
    }
    Error::Write(format!("{path}: {error}"))
}

fn make_folder(path: &str) -> Result<()> {
    let folder = split(path).0;
    if folder.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))
}

#[expect(clippy::unused_async, reason = "the browser's twin waits")]
pub(in crate::platform) async fn open(path: &str) -> Result<Option<File>> {
    loop {
        make_folder(path)?;
        let file = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| failed(path, &error))?;
        // A file system without locks (some network ones) gives another error: go on without.
        if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
            return Ok(None);
        }
        // Whoever held it before may have moved it to its final name while we waited for the lock.
        if Path::new(path).exists() {
            return Ok(Some(File { path: path.into(), file: Arc::new(file) }));
        }
    }
}

impl File {
    pub(in crate::platform) fn len(&self) -> Result<u64> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(|error| Error::fetch(&self.path, error))
    }

    pub(in crate::platform) fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.take(len as u64).read_to_end(&mut bytes))
            .map_err(|error| Error::fetch(&self.path, format!("at byte {offset}: {error}")))?;
        Ok(bytes)
    }

    pub(in crate::platform) fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.write_all(bytes))
            .map_err(|error| failed(&self.path, &error))
    }

    pub(in crate::platform) fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len).map_err(|error| failed(&self.path, &error))
    }

    /// On a thread: a slow disk takes its time, and the engine has other things to do.
    pub(in crate::platform) async fn flush(&self) -> Result<()> {
        let (done, flushed) = futures_channel::oneshot::channel();
        let file = self.file.clone();
        std::thread::spawn(move || drop(done.send(file.sync_data())));
        match flushed.await {
            Ok(Err(error)) => Err(failed(&self.path, &error)),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

#[expect(clippy::unused_async, reason = "the browser's twin waits")]
pub(in crate::platform) async fn rename(from: &str, to: &str) -> Result<()> {
    make_folder(to)?;
    fs::rename(from, to).map_err(|error| failed(to, &error))
}

#[expect(clippy::unused_async, reason = "the browser's twin waits")]
pub(in crate::platform) async fn remove(path: &str) -> Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::Write(format!("{path} (to delete it): {error}")))
        }
        _ => Ok(()),
    }
}

fn entry(path: &Path, metadata: &fs::Metadata) -> Option<Entry> {
    let since_1970 = |time: web_time::SystemTime| time.duration_since(web_time::UNIX_EPOCH).ok();
    let modified = metadata.modified().ok().and_then(since_1970);
    Some(Entry {
        name: path.file_name()?.to_str()?.to_owned(),
        is_folder: metadata.is_dir(),
        bytes: if metadata.is_dir() { 0 } else { metadata.len() },
        modified_ms: modified.map_or(0, |time| time.as_millis() as u64),
    })
}

#[expect(clippy::unused_async, reason = "the browser's twin waits")]
pub(in crate::platform) async fn list(folder: &str) -> Result<Vec<Entry>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(Error::fetch(folder, error)),
    };
    // A name that is not Unicode is none of ours; a dead link is nothing.
    Ok(entries
        .flatten()
        .filter_map(|found| entry(&found.path(), &fs::metadata(found.path()).ok()?))
        .collect())
}

#[expect(clippy::unused_async, reason = "the browser's twin waits")]
pub(in crate::platform) async fn look(path: &str) -> Result<Option<Entry>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(entry(Path::new(path), &metadata)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::fetch(path, error)),
    }
}

#[expect(clippy::unused_async, reason = "the browser's twin waits")]
pub(in crate::platform) async fn link(target: &str, link: &str) -> Result<()> {
    make_folder(link)?;
    match fs::remove_file(link) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(link, &error)),
        _ => {}
    }
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(target, link);
    #[cfg(windows)]
    let linked = std::os::windows::fs::symlink_file(target, link);
    // Windows lets few people make links; the hub's own programs move the file then, too.
    linked
        .or_else(|_| fs::rename(Path::new(split(link).0).join(target), link))
        .map_err(|error| failed(link, &error))
}

/// Free bytes on the disk that a path is, or would be, on.
fn available(path: &str) -> Option<u64> {
    Path::new(path).ancestors().find(|part| part.exists()).and_then(|part| fs4::available_space(part).ok())
}

#[expect(clippy::unused_async, reason = "the browser's twin waits")]
pub(in crate::platform) async fn space(folder: &str) -> Space {
    Space { free_bytes: available(folder), persistent: true }
}

#[expect(clippy::unused_async, reason = "the browser's twin asks")]
pub(in crate::platform) async fn persist() -> bool {
    true
}
