//! The browser's side of `platform::disk`: the origin's private file system, through a worker's
//! exclusive handles. Paths begin with `opfs:/`.

use futures_util::future::LocalBoxFuture;
use js_sys::{Array, AsyncIterator, Function, IteratorNext, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemRemoveOptions,
    FileSystemSyncAccessHandle, StorageEstimate, StorageManager,
};

use super::super::disk::{Entry, Space, split};
use super::Scope;
use crate::platform::{ByteSource, check_range};
use crate::{Error, Result};

/// What the paths of stored files begin with.
pub(in crate::platform) const ROOT: &str = "opfs:/";

pub(in crate::platform) struct File {
    path: String,
    handle: FileSystemSyncAccessHandle,
}

impl Drop for File {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// The name of what a script threw: `NotFoundError`, `QuotaExceededError`, …
fn name_of(error: &JsValue) -> String {
    Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default()
}

fn is_missing(error: &JsValue) -> bool {
    matches!(name_of(error).as_str(), "NotFoundError" | "TypeMismatchError")
}

/// The error for a failed access, in plain words.
fn failed(path: &str, error: &JsValue) -> Error {
    let name = name_of(error);
    if name == "QuotaExceededError" {
        return Error::NoSpace { what: path.into(), needed_bytes: 0, free_bytes: 0 };
    }
    let text = Reflect::get(error, &"message".into()).ok().and_then(|text| text.as_string());
    let text = text.unwrap_or_else(|| format!("{error:?}"));
    if name == "SecurityError" {
        let what = "this browser stores no files for this page (a private window?); use a normal window, \
                    or run the model without saving it";
        return Error::Write(format!("{path}: {what} ({text})"));
    }
    Error::Write(format!("{path}: {name}: {text}"))
}

async fn wait<T: JsCast>(promise: Promise) -> Result<T, JsValue> {
    JsFuture::from(promise).await?.dyn_into()
}

fn storage() -> StorageManager {
    match Scope::get() {
        Scope::Window(window) => window.navigator().storage(),
        Scope::Worker(worker) => worker.navigator().storage(),
    }
}

/// The folder of this path, made if wanted; `None` if it is not there.
async fn folder(path: &str, create: bool) -> Result<Option<FileSystemDirectoryHandle>> {
    let mut handle: FileSystemDirectoryHandle =
        wait(storage().get_directory()).await.map_err(|error| failed(path, &error))?;
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(create);
    let inside = path.strip_prefix(ROOT).unwrap_or(path);
    for part in inside.split('/').filter(|part| !part.is_empty()) {
        match wait(handle.get_directory_handle_with_options(part, &options)).await {
            Ok(inner) => handle = inner,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(failed(path, &error)),
        }
    }
    Ok(Some(handle))
}

/// The file of this path, made with its folders if wanted; `None` if it is not there.
async fn file(path: &str, create: bool) -> Result<Option<FileSystemFileHandle>> {
    let (parent, name) = split(path);
    let Some(parent) = folder(parent, create).await? else { return Ok(None) };
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    match wait(parent.get_file_handle_with_options(name, &options)).await {
        Ok(handle) => Ok(Some(handle)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

pub(in crate::platform) async fn open(path: &str) -> Result<Option<File>> {
    let Some(handle) = file(path, true).await? else {
        return Err(Error::Write(format!("{path}: a folder is in its place")));
    };
    match wait(handle.create_sync_access_handle()).await {
        Ok(handle) => Ok(Some(File { path: path.into(), handle })),
        Err(error) if name_of(&error) == "NoModificationAllowedError" => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

fn at(offset: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(offset as f64);
    options
}

impl File {
    pub(in crate::platform) fn len(&self) -> Result<u64> {
        self.handle.get_size().map(|size| size as u64).map_err(|error| failed(&self.path, &error))
    }

    pub(in crate::platform) fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let count = self.handle.read_with_u8_array_and_options(&mut bytes, &at(offset));
        bytes.truncate(count.map_err(|error| failed(&self.path, &error))? as usize);
        Ok(bytes)
    }

    pub(in crate::platform) fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let count = self.handle.write_with_u8_array_and_options(bytes, &at(offset));
        let count = count.map_err(|error| failed(&self.path, &error))?;
        if count as u64 != bytes.len() as u64 {
            // Instead of failing, Chromium 156 answers -8 as an unsigned number in private windows.
            return Err(Error::NoSpace { what: self.path.clone(), needed_bytes: 0, free_bytes: 0 });
        }
        Ok(())
    }

    pub(in crate::platform) fn set_len(&self, len: u64) -> Result<()> {
        self.handle.truncate_with_f64(len as f64).map_err(|error| failed(&self.path, &error))
    }

    #[expect(clippy::unused_async, reason = "the system's twin waits")]
    pub(in crate::platform) async fn flush(&self) -> Result<()> {
        self.handle.flush().map_err(|error| failed(&self.path, &error))
    }
}

pub(in crate::platform) async fn rename(from: &str, to: &str) -> Result<()> {
    let Some(handle) = file(from, false).await? else {
        return Err(Error::Write(format!("{to}: {from} is gone")));
    };
    let (parent, name) = split(to);
    let Some(parent) = folder(parent, true).await? else {
        return Err(Error::Write(format!("{to}: its folder cannot be made")));
    };
    // Every browser with WebGPU has it; web-sys does not yet.
    let moved = Reflect::get(&handle, &"move".into()).and_then(|function| {
        let function: Function = function.dyn_into()?;
        function.call2(&handle, &parent, &name.into())?.dyn_into::<Promise>()
    });
    let moved = moved.map_err(|error| failed(to, &error))?;
    JsFuture::from(moved).await.map_err(|error| failed(to, &error))?;
    Ok(())
}

pub(in crate::platform) async fn remove(path: &str) -> Result<()> {
    let (parent, name) = split(path);
    let Some(parent) = folder(parent, false).await? else { return Ok(()) };
    let options = FileSystemRemoveOptions::new();
    options.set_recursive(true);
    match JsFuture::from(parent.remove_entry_with_options(name, &options)).await {
        Err(error) if name_of(&error) == "NoModificationAllowedError" => {
            Err(Error::Busy(format!("{path} is in use by another tab of this page; close it and try again")))
        }
        Err(error) if !is_missing(&error) => Err(failed(path, &error)),
        _ => Ok(()),
    }
}

async fn entry(name: &str, handle: &JsValue) -> Result<Entry, JsValue> {
    let mut entry = Entry { name: name.into(), is_folder: true, bytes: 0, modified_ms: 0 };
    if let Some(handle) = handle.dyn_ref::<FileSystemFileHandle>() {
        let file: web_sys::File = wait(handle.get_file()).await?;
        entry.is_folder = false;
        entry.bytes = file.size() as u64;
        entry.modified_ms = file.last_modified() as u64;
    }
    Ok(entry)
}

pub(in crate::platform) async fn list(path: &str) -> Result<Vec<Entry>> {
    let Some(handle) = folder(path, false).await? else { return Ok(Vec::new()) };
    let entries: AsyncIterator = handle.entries();
    let mut found = Vec::new();
    loop {
        let next = entries.next().map_err(|error| failed(path, &error))?;
        let next = JsFuture::from(next).await.map_err(|error| failed(path, &error))?;
        let next: IteratorNext = next.unchecked_into();
        if next.done() {
            return Ok(found);
        }
        let pair: Array = next.value().unchecked_into();
        let name = pair.get(0).as_string().unwrap_or_default();
        match entry(&name, &pair.get(1)).await {
            Ok(entry) => found.push(entry),
            // It went away while we looked.
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(failed(path, &error)),
        }
    }
}

pub(in crate::platform) async fn look(path: &str) -> Result<Option<Entry>> {
    let name = split(path).1;
    if let Some(handle) = file(path, false).await? {
        return entry(name, &handle).await.map(Some).map_err(|error| failed(path, &error));
    }
    let folder = folder(path, false).await?;
    Ok(folder.map(|_| Entry { name: name.into(), is_folder: true, bytes: 0, modified_ms: 0 }))
}

pub(in crate::platform) async fn link(target: &str, link: &str) -> Result<()> {
    // There are no links here, and nobody to share with.
    rename(&format!("{}/{target}", split(link).0), link).await
}

pub(in crate::platform) async fn space(_folder: &str) -> Space {
    let unknown = Space { free_bytes: None, persistent: false };
    let Ok(promise) = storage().estimate() else { return unknown };
    let Ok(estimate) = JsFuture::from(promise).await else { return unknown };
    let estimate: StorageEstimate = estimate.unchecked_into();
    let free = estimate.get_quota().map(|quota| (quota - estimate.get_usage().unwrap_or(0.0)).max(0.0));
    let persistent = match storage().persisted() {
        Ok(promise) => JsFuture::from(promise).await.is_ok_and(|yes| yes.is_truthy()),
        Err(_) => false,
    };
    Space { free_bytes: free.map(|free| free as u64), persistent }
}

pub(in crate::platform) async fn persist() -> bool {
    // Some browsers answer this in a window only; there the page asks.
    match storage().persist() {
        Ok(promise) => JsFuture::from(promise).await.is_ok_and(|yes| yes.is_truthy()),
        Err(_) => false,
    }
}

/// A file of the browser, stored here or picked by the person, read a slice at a time.
pub(in crate::platform) struct BlobSource {
    name: String,
    blob: Blob,
}

impl BlobSource {
    pub(in crate::platform) fn new(name: &str, blob: Blob) -> Self {
        Self { name: name.into(), blob }
    }
}

impl ByteSource for BlobSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read_at(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            check_range(&self.name, self.len(), offset, len)?;
            let failed = |error: JsValue| {
                let what = "it changed or went away since it was chosen; choose it again";
                Error::fetch(&self.name, format!("at byte {offset}: {what} ({})", name_of(&error)))
            };
            let end = (offset + len as u64) as f64;
            let slice = self.blob.slice_with_f64_and_f64(offset as f64, end).map_err(failed)?;
            let buffer = JsFuture::from(slice.array_buffer()).await.map_err(failed)?;
            Ok(Uint8Array::new(&buffer).to_vec())
        })
    }
}

/// A stored file, if it is there.
pub(in crate::platform) async fn source(path: &str) -> Result<Option<Box<dyn ByteSource>>> {
    let Some(handle) = file(path, false).await? else { return Ok(None) };
    let file: web_sys::File = wait(handle.get_file()).await.map_err(|error| failed(path, &error))?;
    Ok(Some(Box::new(BlobSource::new(path, file.into()))))
}
