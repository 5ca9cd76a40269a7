//! This machine: its system, its compilers, where things are kept, and the environment of builds.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{console, process};

/// The oldest Rust that builds Polo; `rust-version` in Cargo.toml says the same.
pub(crate) const OLDEST_RUST: (u32, u32) = (1, 95);
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Whose compiler builds the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WebCompiler {
    /// The one that builds everything else, with the target that rustup added.
    Rustup,
    /// Debian's `rustc-web`, with a standard library built from its source.
    Debian,
}

pub(crate) struct Machine {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// What outlives a checkout: tools, and in CI build results.
    pub(crate) cache: PathBuf,
    /// Nobody watches, and build results are shared between clones.
    pub(crate) ci: bool,
    pub(crate) has_apt: bool,
    apt_is_fresh: Cell<bool>,
}

impl Machine {
    pub(crate) fn look() -> Result<Self, String> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().ok_or("xtask has no parent folder")?.to_owned();
        let cache = cache_folder()?;
        std::fs::create_dir_all(&cache).map_err(|e| {
            format!("{} cannot be made: {e}; set POLO_CACHE to a folder that can", cache.display())
        })?;
        let ci = std::env::var_os("CI").is_some_and(|v| !v.is_empty() && v != "false");
        let has_apt = cfg!(target_os = "linux") && find_program("apt-get").is_some();
        Ok(Self { root, cache, ci, has_apt, apt_is_fresh: Cell::new(false) })
    }

    /// Where set-up installs tools.
    pub(crate) fn tools(&self) -> PathBuf {
        self.cache.join("tools")
    }

    /// A program, taken from our tools first and from PATH second.
    pub(crate) fn tool(&self, name: &str) -> Option<PathBuf> {
        let own = [
            self.tools().join("bin"),
            self.tools().join("node_modules/.bin"),
            self.tools().join("python/bin"),
        ];
        own.iter().find_map(|folder| program_in(folder, name)).or_else(|| find_program(name))
    }

    /// A command in the checkout, with our tools in front of PATH.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.path(&[]));
        for (name, _) in std::env::vars_os() {
            // What cargo tells xtask about itself must not reach the builds that xtask starts.
            if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
                command.env_remove(name);
            }
        }
        command
    }

    /// Cargo for this machine's own programs.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.command("cargo");
        if self.ci {
            command.env("CARGO_INCREMENTAL", "0");
            if std::env::var_os("CARGO_TARGET_DIR").is_none() {
                command.env("CARGO_TARGET_DIR", self.native_target());
            }
        }
        command
    }

    /// Build results of this machine's own programs. In CI a fresh clone finds those of the last.
    pub(crate) fn native_target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None if self.ci => self.cache.join("target/native"),
            None => self.root.join("target"),
        }
    }

    /// Build results of the page: a folder of their own, because two compilers may share a checkout.
    pub(crate) fn web_target(&self, compiler: WebCompiler) -> PathBuf {
        let name = match compiler {
            WebCompiler::Rustup => "web",
            WebCompiler::Debian => "web-debian",
        };
        match std::env::var_os("POLO_WEB_TARGET") {
            Some(folder) => self.root.join(folder),
            None if self.ci => self.cache.join("target").join(name),
            None => self.root.join("target-web").join(name),
        }
    }

    /// A command that compiles for the browser.
    pub(crate) fn web_command(&self, compiler: WebCompiler, program: &str) -> Command {
        let program = self.tool(program).map_or_else(|| program.into(), PathBuf::into_os_string);
        let mut command = self.command(program);
        command.env("CARGO_TARGET_DIR", self.web_target(compiler));
        // The compiler has said what is wrong; where trunk was when it heard of it is noise.
        command.env("RUST_BACKTRACE", "0");
        if self.ci {
            command.env("CARGO_INCREMENTAL", "0");
        }
        if compiler == WebCompiler::Debian {
            // rustup's proxies and libraries must not get in the way of the other compiler.
            command
                .env("PATH", self.path(&["/usr/bin"]))
                .env("RUSTC", "/usr/bin/rustc")
                .env("CARGO", "/usr/bin/cargo")
                .env_remove("RUSTDOC")
                .env_remove("RUSTUP_TOOLCHAIN")
                .env_remove("LD_LIBRARY_PATH");
        }
        command
    }

    /// Throws shared build results away once they have grown too large: every clone adds to them.
    pub(crate) fn trim_cache(&self) -> Result<(), String> {
        const MOST_BYTES: u64 = 24 << 30;
        let folder = self.cache.join("target");
        let bytes = bytes_in(&folder);
        if self.ci && bytes > MOST_BYTES {
            console::note(&format!("{} has grown to {} GiB: starting afresh", folder.display(), bytes >> 30));
            std::fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        // Cargo takes another clone's build of our own code for this one's where its files are not newer.
        if self.ci { forget_members(&folder) } else { Ok(()) }
    }

    fn path(&self, first: &[&str]) -> OsString {
        let tools = self.tools();
        let mut folders: Vec<PathBuf> = first.iter().map(PathBuf::from).collect();
        folders.extend([tools.join("bin"), tools.join("node_modules/.bin")]);
        let old = std::env::var_os("PATH").unwrap_or_default();
        folders.extend(std::env::split_paths(&old));
        // join_paths only refuses a folder with the separator in its name: then the old PATH has to do.
        std::env::join_paths(folders).unwrap_or(old)
    }

    /// Installs Debian packages, as root or through sudo.
    pub(crate) fn apt_install(&self, packages: &[&str]) -> Result<(), String> {
        if !self.has_apt {
            return Err("this system has no apt-get".into());
        }
        if !self.apt_is_fresh.replace(true) {
            process::run(apt().arg("update"))?;
        }
        process::run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages))
    }

    /// What to type for [`Self::apt_install`], or `None` where there is no apt.
    pub(crate) fn apt_line(&self, packages: &[&str]) -> Option<String> {
        self.has_apt.then(|| format!("sudo apt-get install {}", packages.join(" ")))
    }

    /// Version of a crate in Cargo.lock.
    pub(crate) fn locked_version(&self, name: &str) -> Result<String, String> {
        let path = self.root.join("Cargo.lock");
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        locked_version(&text, name).ok_or_else(|| format!("Cargo.lock: no package {name}"))
    }
}

fn locked_version(lock: &str, name: &str) -> Option<String> {
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{name}\""));
    let version = lines.nth(1)?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

fn apt() -> Command {
    let is_root = process::capture(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    let mut command = if is_root { Command::new("apt-get") } else { Command::new("sudo") };
    if !is_root {
        use std::io::IsTerminal;
        if !std::io::stdin().is_terminal() {
            command.arg("-n");
        }
        command.arg("apt-get");
    }
    // Another installation may hold the lock for a while.
    command.args(["-o", "DPkg::Lock::Timeout=600", "-q"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn cache_folder() -> Result<PathBuf, String> {
    let from = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(folder) = from("POLO_CACHE") {
        return Ok(folder);
    }
    let base = if cfg!(windows) {
        from("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|home| home.join("Library/Caches"))
    } else {
        from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("polo")).ok_or_else(|| "no home folder is known: set POLO_CACHE".into())
}

/// Removes what cargo remembers of our own packages below a folder; dependencies stay built.
fn forget_members(folder: &Path) -> Result<(), String> {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let remembered = folder.file_name().is_some_and(|f| f == ".fingerprint");
        if remembered && (name.starts_with("polo-") || name.starts_with("xtask-")) {
            std::fs::remove_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        } else if !remembered && path.is_dir() && !["deps", "build", "incremental"].contains(&name.as_str()) {
            forget_members(&path)?;
        }
    }
    Ok(())
}

/// Bytes of all files below a folder; what cannot be read counts nothing.
fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => bytes_in(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// A program in PATH.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find_map(|folder| program_in(&folder, name))
}

fn program_in(folder: &Path, name: &str) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
    endings.iter().map(|ending| folder.join(format!("{name}{ending}"))).find(|file| file.is_file())
}

/// `(1, 96)` of `rustc 1.96.0 (…)`.
pub(crate) fn rust_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{locked_version, rust_version};

    #[test]
    fn versions_are_read() {
        assert_eq!(
            rust_version("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"),
            Some((1, 96))
        );
        assert_eq!(rust_version("nonsense"), None);
        let lock = "[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"x\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}
