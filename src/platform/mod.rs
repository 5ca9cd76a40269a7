//! What the browser and the system do differently, under one set of names.
//!
//! The only place that asks which target this is: the twins export the same functions, and the rest
//! of the program reads the same on both sides. Futures are not `Send`: the engine has one thread.

pub mod disk;
pub mod http;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
use native as twin;
#[cfg(target_arch = "wasm32")]
use web as twin;

use futures_util::future::LocalBoxFuture;

use crate::Result;

/// Something with a length from which any range of bytes can be read: a file, an address, memory.
pub trait ByteSource {
    /// Path or address, for messages.
    fn name(&self) -> &str;

    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether it holds no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads exactly `len` bytes from `offset`; a range that leaves the source is an error.
    fn read_at(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>>>;
}

/// Milliseconds since some fixed moment; never goes backwards.
#[allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "web_time is std natively and the browser's clock there"
)]
pub fn now_ms() -> f64 {
    thread_local! {
        static START: web_time::Instant = web_time::Instant::now();
    }
    START.with(|start| start.elapsed().as_secs_f64() * 1e3)
}

/// Lets everything else that waits run first: in the browser a macrotask, so that messages arrive.
pub async fn yield_now() {
    twin::yield_now().await;
}

/// Resumes after so many milliseconds.
pub async fn sleep_ms(ms: u32) {
    twin::sleep_ms(ms).await;
}

/// Any number, for what must differ and need not be secret.
pub fn random() -> u32 {
    twin::random()
}

/// Opens an address, a file (natively), a stored or a picked file (in the browser) for ranged reading.
pub async fn open(location: &str) -> Result<Box<dyn ByteSource>> {
    match open_if_exists(location).await? {
        Some(source) => Ok(source),
        None if is_address(location) => {
            Err(crate::Error::NotFound(format!("{location}: there is nothing at this address; check it")))
        }
        None => Err(crate::Error::fetch(location, "there is no such file; check the spelling")),
    }
}

/// Like [`open`], but a file that is not there is `None`.
pub async fn open_if_exists(location: &str) -> Result<Option<Box<dyn ByteSource>>> {
    if is_address(location) { http::open(location).await } else { twin::open(location).await }
}

/// Whether a location is a folder of files. An address is one unless it ends like a model file.
pub fn is_folder(location: &str) -> Result<bool> {
    if !is_address(location) {
        return twin::is_folder(location);
    }
    let path = location.split(['?', '#']).next().unwrap_or(location).to_ascii_lowercase();
    Ok(![".gguf", ".safetensors", ".json"].iter().any(|ending| path.ends_with(ending)))
}

/// What the locations of files begin with that the person picked in the page.
pub const PICKED_ROOT: &str = "picked:/";

/// Makes a file that the page sent (a `web_sys::File`) readable under [`PICKED_ROOT`] and its name. Natively
/// there is no page, and nothing happens.
pub fn offer_picked(file: &dyn std::any::Any) {
    twin::offer_picked(file);
}

/// Whether a location is on the network. In the browser everything is that lies not in its own storage.
pub fn is_address(location: &str) -> bool {
    twin::is_address(location)
}

/// Polo Tiny, where the program carries it in itself; the page fetches [`EMBEDDED_MODEL`] instead.
pub fn embedded_model() -> Option<&'static [u8]> {
    twin::embedded_model()
}

/// Where Polo Tiny lies beside the page.
pub const EMBEDDED_MODEL: &str = "models/polo-tiny.gguf";

/// What Tint wants at the head of a shader with subgroup operations, and naga does not know.
pub const WGSL_SUBGROUPS: &str = twin::WGSL_SUBGROUPS;

/// The adapter's name where wgpu does not tell it: the browser worker's shim noted it.
pub fn shim_adapter_name() -> Option<String> {
    twin::shim_adapter_name()
}

/// Whether the browser worker's shim asked the adapter for subgroups and got them; natively false.
pub fn shim_has_subgroups() -> bool {
    twin::shim_has_subgroups()
}

/// Memory that an adapter's shaders can use without a detour, in bytes; `None` where nobody tells.
pub fn adapter_memory(adapter: &wgpu::Adapter) -> Option<u64> {
    twin::adapter_memory(adapter)
}

/// Checks that a range lies inside a source of `total` bytes.
fn check_range(name: &str, total: u64, offset: u64, len: usize) -> Result<()> {
    if offset.checked_add(len as u64).is_none_or(|end| end > total) {
        let what = format!("bytes {offset} to {offset}+{len} asked for, it has {total}; it may be truncated");
        return Err(crate::Error::fetch(name, what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{is_folder, now_ms, open, open_if_exists, sleep_ms, yield_now};

    #[test]
    fn a_file_is_read_by_ranges() {
        pollster::block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("bytes");
            std::fs::write(&path, [0u8, 1, 2, 3, 4, 5]).unwrap();
            let location = path.to_str().unwrap();
            let source = open(location).await.unwrap();
            assert_eq!(source.len(), 6);
            assert_eq!(source.read_at(2, 3).await.unwrap(), [2, 3, 4]);
            assert_eq!(source.read_at(0, 6).await.unwrap(), [0, 1, 2, 3, 4, 5]);
            for (offset, len) in [(6, 1), (0, 7), (u64::MAX, 1), (1, usize::MAX)] {
                assert_eq!(source.read_at(offset, len).await.unwrap_err().kind(), "fetch");
            }
            assert!(is_folder(folder.path().to_str().unwrap()).unwrap());
            assert!(!is_folder(location).unwrap());
            assert!(open_if_exists(&format!("{location}.not")).await.unwrap().is_none());
            let error = open(&format!("{location}.not")).await.map(|_| ()).unwrap_err();
            assert!(error.to_string().contains("no such file"), "{error}");
            let error = open(folder.path().to_str().unwrap()).await.map(|_| ()).unwrap_err();
            assert!(error.to_string().contains("folder"), "{error}");
        });
    }

    #[test]
    fn time_passes_and_waiting_returns() {
        let before = now_ms();
        pollster::block_on(async {
            yield_now().await;
            sleep_ms(20).await;
        });
        assert!(now_ms() - before >= 19.0);
    }
}
