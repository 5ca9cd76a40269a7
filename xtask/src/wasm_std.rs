//! The compiler of the page: Rust with a standard library for wasm32.
//!
//! `rustup target add` is the ordinary way. Where rustup's server cannot be reached, Debian's
//! `rustc-web` brings a compiler and the source of its standard library, which is built here once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::console;
use crate::machine::{Machine, OLDEST_RUST, WASM, WebCompiler, find_program, rust_version};
use crate::process;

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// The page is linked with `lto = "fat"`, which reads the bitcode of every library.
const STD_FLAGS: &str = "-C embed-bitcode=yes";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Which compiler can build the page now; the error says what is missing.
pub(crate) fn find(machine: &Machine) -> Result<WebCompiler, String> {
    let wish = wish()?;
    if wish != Some(WebCompiler::Debian) && rustup_has_it(machine) {
        return Ok(WebCompiler::Rustup);
    }
    if wish != Some(WebCompiler::Rustup) && debian_has_it().is_ok() {
        return Ok(WebCompiler::Debian);
    }
    Err(format!("no Rust compiler here has a standard library for {WASM}"))
}

fn wish() -> Result<Option<WebCompiler>, String> {
    match std::env::var("POLO_WASM").as_deref() {
        Ok("rustup") => Ok(Some(WebCompiler::Rustup)),
        Ok("debian") => Ok(Some(WebCompiler::Debian)),
        Ok(other) if !other.is_empty() => Err(format!("POLO_WASM is `{other}`, expected rustup or debian")),
        _ => Ok(None),
    }
}

fn rustup_has_it(machine: &Machine) -> bool {
    let sysroot = process::capture(machine.command("rustc").args(["--print", "sysroot"]));
    sysroot.is_some_and(|sysroot| has_std(&library_folder(&sysroot)))
}

fn library_folder(sysroot: &str) -> PathBuf {
    Path::new(sysroot).join("lib/rustlib").join(WASM).join("lib")
}

fn has_std(folder: &Path) -> bool {
    let Ok(files) = std::fs::read_dir(folder) else { return false };
    files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

/// Debian's compiler with a standard library that this very compiler built.
fn debian_has_it() -> Result<(), String> {
    let version = debian_version()?;
    let folder = library_folder(&debian_sysroot()?);
    if !has_std(&folder) {
        return Err(format!("{} has no standard library", folder.display()));
    }
    // A library of another compiler is refused with E0514: an upgrade asks for a new build.
    match std::fs::read_to_string(folder.join("built-by")) {
        Ok(built_by) if built_by == recipe(&version) => Ok(()),
        _ => Err("the standard library was built by another version of rustc, or in another way".into()),
    }
}

/// How the library is built, as noted beside it: another compiler or other flags ask for a new build.
fn recipe(version: &str) -> String {
    format!("{version}\n{STD_FLAGS}\n")
}

/// All of `rustc -vV`, once the compiler is new enough.
fn debian_version() -> Result<String, String> {
    let version =
        process::capture(debian(DEBIAN_RUSTC).arg("-vV")).ok_or("Debian's rustc is not installed")?;
    match rust_version(&version) {
        Some(found) if found >= OLDEST_RUST => Ok(version),
        _ => Err(format!("{DEBIAN_RUSTC} is older than Rust {}.{}", OLDEST_RUST.0, OLDEST_RUST.1)),
    }
}

fn debian_sysroot() -> Result<String, String> {
    process::capture(debian(DEBIAN_RUSTC).args(["--print", "sysroot"]))
        .ok_or_else(|| "rustc has no sysroot".into())
}

fn debian(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_remove("LD_LIBRARY_PATH").env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// Tries the ordinary way, then Debian's.
pub(crate) fn install(machine: &Machine) -> Result<(), String> {
    let wish = wish()?;
    if wish != Some(WebCompiler::Debian) {
        if find_program("rustup").is_some() {
            console::note("The ordinary way first: rustup fetches the standard library.");
            let mut add = machine.command("rustup");
            match process::run_within(add.args(["target", "add", WASM]), Duration::from_mins(4)) {
                Ok(()) if rustup_has_it(machine) => return Ok(()),
                Ok(()) => console::note("rustup is content, but this rustc does not see the target."),
                Err(why) => console::note(&why),
            }
        } else {
            console::note("There is no rustup here.");
        }
    }
    if wish == Some(WebCompiler::Rustup) || !machine.has_apt {
        return Err(format!("type `rustup target add {WASM}` where rustup's server can be reached"));
    }
    console::note("The other way: Debian's compiler, and a standard library built from its source.");
    machine.apt_install(&DEBIAN_PACKAGES)?;
    let version = debian_version()?;
    // The linker must know the object files of this compiler's LLVM.
    let llvm = version.lines().find_map(|line| line.strip_prefix("LLVM version: ")).unwrap_or("22");
    let linker = format!("lld-{}", llvm.split('.').next().unwrap_or("22"));
    machine.apt_install(&[linker.as_str()])?;
    build_std(machine, &version)
}

/// Compiles std for wasm32 as a dependency of an empty crate and keeps what was compiled.
fn build_std(machine: &Machine, version: &str) -> Result<(), String> {
    let folder = machine.cache.join("wasm-std");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(&folder);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|e| format!("{}: {e}", path.display()))
    };
    write(
        "Cargo.toml",
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[profile.release]\npanic = \"abort\"\n\n[workspace]\n",
    )?;
    write("src/lib.rs", "//! Empty: only its dependencies, the standard library, are wanted.\n#![no_std]\n")?;
    let mut cargo = debian("/usr/bin/cargo");
    cargo
        .current_dir(&folder)
        .args(["build", "--release", "--target", WASM, "-Zbuild-std=std,panic_abort"])
        .env("RUSTC", DEBIAN_RUSTC)
        // The option is meant for nightly compilers; on a stable one it has to be asked for like this.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", STD_FLAGS)
        .env("CARGO_TARGET_DIR", folder.join("target"));
    process::run(&mut cargo)?;

    let library = library_folder(&debian_sysroot()?);
    let failed = |e: std::io::Error| format!("{}: {e}", library.display());
    if library.exists() {
        std::fs::remove_dir_all(&library).map_err(failed)?;
    }
    std::fs::create_dir_all(&library).map_err(failed)?;
    let results = folder.join("target").join(WASM).join("release/deps");
    let mut copied = 0;
    for file in std::fs::read_dir(&results).map_err(|e| format!("{}: {e}", results.display()))?.flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|e| e == "rlib") && !name.starts_with("libempty-") {
            std::fs::copy(file.path(), library.join(&name)).map_err(failed)?;
            copied += 1;
        }
    }
    // Last, so that an interrupted copy is not taken for a finished one.
    std::fs::write(library.join("built-by"), recipe(version)).map_err(failed)?;
    console::note(&format!("{copied} libraries copied to {}", library.display()));
    // It has served; 100 MB.
    std::fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))
}

/// What to type where nothing worked.
pub(crate) fn by_hand(_: &Machine) -> String {
    format!("rustup target add {WASM}")
}
