//! Builds the page with trunk, makes it fit a strict content policy, and serves it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::machine::{Machine, find_program};
use crate::setup::{self, Purpose};
use crate::{console, process, server, wasm_std};

/// What the page may do: load from where it came from, compile wasm, and nothing else. The same
/// policy stands in a header of our server and in the page, for servers that set no headers.
pub(crate) const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
     img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'";

/// `cargo xtask run`.
pub(crate) fn run(machine: &Machine, port: u16, open: bool) -> Result<ExitCode, String> {
    let missing = setup::ensure(machine, Purpose::Run);
    missing.report();
    let needed = [setup::WASM_TARGET, setup::TRUNK, setup::WASM_BINDGEN];
    if let Some(lack) = missing.first_of(&needed) {
        return Err(format!("the page cannot be built: {lack}"));
    }
    console::step("page", "compile it for the browser; the first time takes minutes, then seconds");
    let dist = build(machine)?;

    console::step("serve", "the page, to this machine only");
    let server = server::Server::bind(&dist, port)?;
    let address = format!("http://localhost:{port}");
    console::note(&format!("Polo is at  {address}   (Ctrl+C stops it)"));
    console::note("Expect: the page names your GPU and loads Polo Tiny, a model of a few megabytes that");
    console::note("comes with it. Type a problem; the thought streams into a folded block above the answer.");
    console::note("It needs a browser with WebGPU: Chrome or Edge 113, Firefox 141, Safari 26 or newer.");
    if open {
        open_browser(&address);
    }
    server.serve();
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
    seal(&dist)?;
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

/// Moves scripts that stand inside the page into files and adds the content policy.
fn seal(dist: &Path) -> Result<(), String> {
    let path = dist.join("index.html");
    let failed = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    let html = std::fs::read_to_string(&path).map_err(|e| failed(&path, e))?;
    let (html, scripts) = sealed(&html)?;
    for (name, text) in scripts {
        let file = dist.join(name);
        std::fs::write(&file, text).map_err(|e| failed(&file, e))?;
    }
    std::fs::write(&path, html).map_err(|e| failed(&path, e))
}

/// The page with its inline scripts replaced by references, and those scripts by file name.
fn sealed(html: &str) -> Result<(String, Vec<(String, String)>), String> {
    let mut out = String::with_capacity(html.len() + 512);
    let mut scripts = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        let open_end = rest[start..].find('>').ok_or("index.html: a <script tag does not end")? + start + 1;
        let close =
            rest[open_end..].find("</script>").ok_or("index.html: a <script> is not closed")? + open_end;
        let tag = &rest[start..open_end];
        let body = &rest[open_end..close];
        out.push_str(&rest[..start]);
        if tag.contains(" src=") || body.trim().is_empty() {
            out.push_str(&rest[start..close]);
        } else {
            let name = format!("start-{:016x}.js", fnv1a(body.as_bytes()));
            let kind = if tag.contains("module") { " type=\"module\"" } else { "" };
            out.extend(["<script", kind, " src=\"./", &name, "\">"]);
            scripts.push((name, body.trim_start().to_owned()));
        }
        rest = &rest[close..];
    }
    out.push_str(rest);
    let head = out.find("<head>").ok_or("index.html: no <head>")? + "<head>".len();
    out.insert_str(head, &format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">"));
    Ok((out, scripts))
}

/// 64-bit FNV-1a: a name that changes with the content, so that no cache serves an old script.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
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
    use super::sealed;

    #[test]
    fn inline_scripts_move_out_and_others_stay() {
        let html = "<html><head><script src=\"a.js\"></script><script type=\"module\" nonce=\"x\">\nimport a;\n</script></head></html>";
        let (out, scripts) = sealed(html).unwrap();
        assert_eq!(scripts.len(), 1);
        assert_eq!(scripts[0].1, "import a;\n");
        assert!(
            out.contains(&format!("<script type=\"module\" src=\"./{}\"></script>", scripts[0].0)),
            "{out}"
        );
        assert!(out.contains("<script src=\"a.js\"></script>"));
        assert!(!out.contains("import a"));
        assert!(out.starts_with("<html><head><meta http-equiv=\"Content-Security-Policy\""), "{out}");
    }

    #[test]
    fn a_broken_page_is_named() {
        assert!(sealed("<head><script>").unwrap_err().contains("not closed"));
        assert!(sealed("<p>").unwrap_err().contains("<head>"));
    }
}
