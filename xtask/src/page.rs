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
    let missing = setup::ensure(machine, Purpose::Run);
    missing.report();
    let needed = [setup::WASM_TARGET, setup::TRUNK, setup::WASM_BINDGEN];
    if let Some(lack) = missing.first_of(&needed) {
        return Err(format!("the page cannot be built: {lack}"));
    }
    console::step("page", "compile it for the browser; the first time takes minutes, then seconds");
    let dist = build(machine)?;

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
