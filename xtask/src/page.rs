//! Builds the page with trunk and serves it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::machine::{Machine, find_program};
use crate::setup::{self, Purpose};
use crate::{console, process, server, shell, wasm_std};

/// `cargo xtask run`.
pub(crate) fn run(machine: &Machine, port: u16, open: bool) -> Result<ExitCode, String> {
    // First, because nobody wants to wait for a build and then hear that the port is taken.
    let server = server::Server::bind(port)?;
    let dist = make(machine)?;

    console::step("serve", "the page, to this machine only");
    let address = format!("http://localhost:{port}");
    console::note(&format!("Polo is at  {address}   (Ctrl+C stops it)"));
    console::note("Expect: the page names your GPU and loads Polo Tiny, a model of a few megabytes that");
    console::note("comes with it. Type a problem; the thought streams into a folded block above the answer.");
    console::note("It needs a browser with WebGPU: Chrome or Edge 113, Firefox 141, Safari 26 or newer.");
    if open {
        open_browser(&address);
    }
    server.serve(&dist)?;
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask page`: installs what is missing and builds the page; returns its folder.
pub(crate) fn make(machine: &Machine) -> Result<PathBuf, String> {
    let missing = setup::ensure(machine, Purpose::Run);
    missing.report();
    let needed = [setup::WASM_TARGET, setup::TRUNK, setup::WASM_BINDGEN];
    if let Some(lack) = missing.first_of(&needed) {
        return Err(format!("the page cannot be built: {lack}"));
    }
    console::step("page", "compile it for the browser; the first time takes minutes, then seconds");
    build(machine)
}

/// `cargo xtask install`: the page first, then the program with the page inside, where `cargo install` puts
/// programs or below `root`.
pub(crate) fn install(machine: &Machine, root: Option<&str>) -> Result<ExitCode, String> {
    let dist = make(machine)?;
    console::step("install", "polo, with the page inside; in release, which takes minutes");
    let mut cargo = machine.cargo();
    cargo.args(["install", "--locked", "--force", "--bin", "polo", "--path"]).arg(&machine.root);
    cargo.env("POLO_PAGE_DIR", &dist);
    if let Some(root) = root {
        cargo.arg("--root").arg(root);
    }
    process::run(&mut cargo)?;
    let program = installed(root, |name| std::env::var_os(name).filter(|value| !value.is_empty()));
    let Some(program) = program.filter(|program| program.exists()) else {
        console::note("Installed; the lines above say where.");
        return Ok(ExitCode::SUCCESS);
    };
    let bytes = std::fs::metadata(&program).map(|data| data.len()).unwrap_or_default();
    console::note(&format!("{}: {bytes} bytes, page inside", program.display()));
    let version = process::capture(Command::new(&program).arg("--version"));
    console::note(&format!("It says: {}", version.ok_or("nothing: it does not start")?.trim()));
    Ok(ExitCode::SUCCESS)
}

/// Where `cargo install` puts the program, unless Cargo's own configuration says otherwise.
fn installed(root: Option<&str>, variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let home =
        || variable("HOME").or_else(|| variable("USERPROFILE")).map(|home| Path::new(&home).join(".cargo"));
    let root = root
        .map(PathBuf::from)
        .or_else(|| variable("CARGO_INSTALL_ROOT").map(PathBuf::from))
        .or_else(|| variable("CARGO_HOME").map(PathBuf::from))
        .or_else(home)?;
    Some(root.join("bin").join(format!("polo{}", std::env::consts::EXE_SUFFIX)))
}

/// Builds the page in release; returns the folder to serve.
pub(crate) fn build(machine: &Machine) -> Result<PathBuf, String> {
    let start = Instant::now();
    let compiler = wasm_std::find(machine)?;
    let dist = machine.root.join("dist");
    let mut trunk = machine.web_command(compiler, "trunk");
    trunk.args(["build", "--release", "--skip-version-check", "--dist"]).arg(&dist);
    // trunk reads this as its own option and only knows `true` and `false`.
    trunk.env_remove("NO_COLOR");
    process::run(&mut trunk)?;
    shell::name_files(&dist)?;
    let mut total = 0;
    for (name, bytes) in sizes(&dist)? {
        total += bytes;
        if Path::new(&name).extension().is_some_and(|e| e == "wasm") {
            console::note(&format!("{name}: {bytes} bytes"));
        }
    }
    console::note(&format!("built in {}: {total} bytes in dist/", console::duration(start.elapsed())));
    Ok(dist)
}

fn sizes(dist: &Path) -> Result<Vec<(String, u64)>, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", dist.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dist).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let data = entry.metadata().map_err(failed)?;
        if data.is_file() {
            found.push((entry.file_name().to_string_lossy().into_owned(), data.len()));
        }
    }
    Ok(found)
}

/// Opens the address in the person's browser, where there is a screen.
fn open_browser(address: &str) {
    let screen = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let (program, first): (&str, &[&str]) = if cfg!(windows) {
        ("cmd", &["/C", "start"])
    } else if cfg!(target_os = "macos") {
        ("open", &[])
    } else if screen("DISPLAY") || screen("WAYLAND_DISPLAY") {
        ("xdg-open", &[])
    } else {
        console::note("No screen here: open the address in a browser yourself.");
        return;
    };
    let program = find_program(program).unwrap_or_else(|| program.into());
    let started = Command::new(program)
        .args(first)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(e) = started {
        console::note(&format!("No browser could be started ({e}): open the address yourself."));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::installed;

    #[test]
    fn the_program_is_where_cargo_puts_it() {
        let with = |root, known: &[(&str, &str)]| {
            let found = installed(root, |name| {
                known.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).into())
            });
            found.and_then(|path| path.parent().map(Path::to_owned))
        };
        let home = ("HOME", "/h");
        assert_eq!(with(Some("/r"), &[home]).as_deref(), Some(Path::new("/r/bin")));
        assert_eq!(with(None, &[home, ("CARGO_HOME", "/c")]).as_deref(), Some(Path::new("/c/bin")));
        let root = ("CARGO_INSTALL_ROOT", "/i");
        assert_eq!(with(None, &[root, ("CARGO_HOME", "/c")]).as_deref(), Some(Path::new("/i/bin")));
        assert_eq!(with(None, &[home]).as_deref(), Some(Path::new("/h/.cargo/bin")));
        assert_eq!(with(None, &[]), None);
    }
}
