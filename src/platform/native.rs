//! The system's side of `platform`: files by std, waiting by threads.

use std::cell::RefCell;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::task::Poll;

use futures_util::future::LocalBoxFuture;

use super::ByteSource;
use crate::{Error, Result};

pub(super) mod disk;
pub(super) mod http;

/// Gives way once to whatever else this thread drives.
pub(super) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A thread sleeps, so that this one can go on with other futures.
pub(super) async fn sleep_ms(ms: u32) {
    let (done, woken) = futures_channel::oneshot::channel();
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(u64::from(ms)));
        let _ = done.send(());
    });
    let _ = woken.await;
}

/// A file that is read where asked and never held whole.
struct FileSource {
    path: String,
    file: RefCell<File>,
    len: u64,
}

impl ByteSource for FileSource {
    fn name(&self) -> &str {
        &self.path
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            super::check_range(&self.path, self.len, offset, len)?;
            let mut file = self.file.borrow_mut();
            let mut bytes = vec![0; len];
            file.seek(SeekFrom::Start(offset))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(|error| Error::fetch(&self.path, format!("at byte {offset}: {error}")))?;
            Ok(bytes)
        })
    }
}

#[expect(clippy::unused_async, reason = "the browser's twin waits for the network")]
pub(super) async fn open(location: &str) -> Result<Option<Box<dyn ByteSource>>> {
    let fetch = |error: std::io::Error| Error::fetch(location, error);
    let file = match File::open(location) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(fetch(error)),
    };
    let metadata = file.metadata().map_err(fetch)?;
    if metadata.is_dir() {
        return Err(Error::fetch(location, "it is a folder, expected a file"));
    }
    if !metadata.is_file() {
        return Err(Error::fetch(location, "it is a pipe or a device, expected an ordinary file"));
    }
    let source = FileSource { path: location.into(), file: RefCell::new(file), len: metadata.len() };
    Ok(Some(Box::new(source)))
}

#[expect(clippy::unnecessary_wraps, reason = "the browser's twin can fail")]
pub(super) fn is_folder(location: &str) -> Result<bool> {
    Ok(std::path::Path::new(location).is_dir())
}

pub(super) fn is_address(location: &str) -> bool {
    location.starts_with("http://") || location.starts_with("https://")
}

pub(super) fn offer_picked(_file: &dyn std::any::Any) {}

pub(super) fn random() -> u32 {
    use std::hash::{BuildHasher, Hasher};
    // The standard library seeds every hasher differently.
    std::hash::RandomState::new().build_hasher().finish() as u32
}

pub(super) const WGSL_SUBGROUPS: &str = "";

pub(super) fn shim_adapter_name() -> Option<String> {
    None
}

pub(super) fn shim_has_subgroups() -> bool {
    false
}

#[expect(clippy::unnecessary_wraps, reason = "the browser's twin has none")]
pub(super) fn embedded_model() -> Option<&'static [u8]> {
    Some(include_bytes!("../../models/polo-tiny.gguf"))
}

/// Vulkan's largest heap of device-local memory; the other systems' interfaces are not asked yet.
#[allow(unsafe_code, reason = "the memory of a device is only told below wgpu's safe interface")]
pub(super) fn adapter_memory(adapter: &wgpu::Adapter) -> Option<u64> {
    // SAFETY: the handles are only read while `adapter` keeps them alive, and nothing is destroyed.
    let properties = unsafe {
        let vulkan = adapter.as_hal::<wgpu::hal::api::Vulkan>()?;
        let instance = vulkan.shared_instance().raw_instance();
        instance.get_physical_device_memory_properties(vulkan.raw_physical_device())
    };
    let heaps = properties.memory_heaps.iter().take(properties.memory_heap_count as usize);
    // Bit 0 of the flags is VK_MEMORY_HEAP_DEVICE_LOCAL_BIT.
    heaps.filter(|heap| heap.flags.as_raw() & 1 != 0).map(|heap| heap.size).max()
}
