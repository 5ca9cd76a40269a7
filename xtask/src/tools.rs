//! How each tool is found and installed. `setup.rs` says in which order and for whom.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::console;
use crate::machine::{Machine, find_program};
use crate::process;

const TRUNK: &str = "0.21.14";
/// Debian's own (108) does not know the wasm features of today's compilers.
const BINARYEN: &str = "132.0.0";
const TYPOS: &str = "1.52.0";
const CARGO_DENY: &str = "0.20.2";

/// Second word of `tool 1.2.3 …`, whichever word looks like a version.
fn version_of(path: &Path) -> Option<String> {
    let text = process::capture(Command::new(path).arg("--version"))?;
    let starts_with_digit = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    text.split_whitespace().find(starts_with_digit).map(str::to_owned)
}

fn at(path: &Path, version: &str) -> String {
    format!("{version}, {}", path.display())
}

/// Builds a program from the crate registry into our tools; an interrupted build goes on where it was.
fn cargo_install(
    machine: &Machine,
    name: &str,
    version: &str,
    locked: bool,
    level: &str,
) -> Result<(), String> {
    let target = machine.cache.join("build");
    let mut cargo = machine.cargo();
    cargo
        .current_dir(&machine.cache)
        .args(["install", name, "--version", version, "--root"])
        .arg(machine.tools())
        .args(locked.then_some("--locked"))
        .env("CARGO_TARGET_DIR", &target)
        // The tools are used for seconds and built for minutes: build fast.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level);
    process::run(&mut cargo)?;
    if target.exists() {
        std::fs::remove_dir_all(&target).map_err(|e| format!("{}: {e}", target.display()))?;
    }
    Ok(())
}

pub(crate) fn find_trunk(machine: &Machine) -> Result<String, String> {
    let path = machine.tool("trunk").ok_or("trunk is not installed")?;
    let version = version_of(&path).ok_or_else(|| format!("{} does not run", path.display()))?;
    if version.starts_with("0.21.") {
        Ok(at(&path, &version))
    } else {
        Err(format!("{} is {version}, expected 0.21", path.display()))
    }
}

pub(crate) fn install_trunk(machine: &Machine) -> Result<(), String> {
    // Without its lock file one of its dependencies does not compile.
    cargo_install(machine, "trunk", TRUNK, true, "0")
}

pub(crate) fn trunk_by_hand(_: &Machine) -> String {
    format!("cargo install trunk --version {TRUNK} --locked")
}

/// Must equal the library's version: the two halves speak a private format.
pub(crate) fn find_wasm_bindgen(machine: &Machine) -> Result<String, String> {
    let wanted = machine.locked_version("wasm-bindgen")?;
    if let Some(path) = machine.tool("wasm-bindgen")
        && version_of(&path).as_deref() == Some(&wanted)
    {
        return Ok(at(&path, &wanted));
    }
    if trunk_cache().is_some_and(|cache| cache.join(format!("wasm-bindgen-{wanted}")).exists()) {
        return Ok(format!("{wanted}, fetched by trunk"));
    }
    let place = "https://github.com/rustwasm/wasm-bindgen/releases/download";
    let file = format!("{place}/{wanted}/wasm-bindgen-{wanted}-x86_64-unknown-linux-musl.tar.gz");
    let mut probe = Command::new("curl");
    if process::capture(probe.args(["-fsIL", "--max-time", "15", "-o", null_device(), &file])).is_some() {
        return Ok(format!("{wanted}, trunk will fetch it"));
    }
    Err(format!(
        "version {wanted}, the library's in Cargo.lock, is neither here nor where trunk looks for it"
    ))
}

fn null_device() -> &'static str {
    if cfg!(windows) { "NUL" } else { "/dev/null" }
}

fn trunk_cache() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from)?;
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    Some(if cfg!(target_os = "macos") {
        home.join("Library/Caches/dev.trunkrs.trunk")
    } else {
        cache.join("trunk")
    })
}

pub(crate) fn install_wasm_bindgen(machine: &Machine) -> Result<(), String> {
    // Without --locked: its lock file may name crates that a mirror does not have yet.
    cargo_install(machine, "wasm-bindgen-cli", &machine.locked_version("wasm-bindgen")?, false, "2")
}

pub(crate) fn wasm_bindgen_by_hand(machine: &Machine) -> String {
    let version = machine.locked_version("wasm-bindgen").unwrap_or_default();
    format!("cargo install wasm-bindgen-cli --version {version}")
}

pub(crate) fn find_wasm_opt(machine: &Machine) -> Result<String, String> {
    let path = machine.tool("wasm-opt").ok_or("wasm-opt is not installed")?;
    let version = version_of(&path).ok_or_else(|| format!("{} does not run", path.display()))?;
    match version.parse::<u32>() {
        Ok(number) if number >= 120 => Ok(at(&path, &version)),
        _ => Err(format!("{} is {version}, expected 120 or newer", path.display())),
    }
}

pub(crate) fn install_wasm_opt(machine: &Machine) -> Result<(), String> {
    npm_install(machine, &format!("binaryen@{BINARYEN}"))
}

fn npm_install(machine: &Machine, package: &str) -> Result<(), String> {
    let tools = machine.tools();
    let manifest = tools.join("package.json");
    if !manifest.exists() {
        std::fs::create_dir_all(&tools)
            .and_then(|()| std::fs::write(&manifest, "{\"private\": true}\n"))
            .map_err(|e| format!("{}: {e}", manifest.display()))?;
    }
    let npm = find_program("npm").ok_or("npm is not installed")?;
    process::run(machine.command(npm).current_dir(&tools).args([
        "install",
        "--no-fund",
        "--no-audit",
        package,
    ]))
}

pub(crate) fn wasm_opt_by_hand(_: &Machine) -> String {
    format!("npm install --global binaryen@{BINARYEN}")
}

pub(crate) fn find_node(_: &Machine) -> Result<String, String> {
    find_program("npm").ok_or("npm is not installed")?;
    let path = find_program("node").ok_or("node is not installed")?;
    let text = process::capture(Command::new(&path).arg("--version")).unwrap_or_default();
    let version = text.trim_start_matches('v').to_owned();
    match version.split('.').next().map(str::parse::<u32>) {
        Some(Ok(number)) if number >= 18 => Ok(at(&path, &version)),
        _ => Err(format!("{} is `{version}`, expected 18 or newer", path.display())),
    }
}

pub(crate) fn install_node(machine: &Machine) -> Result<(), String> {
    machine.apt_install(&["nodejs", "npm"])
}

pub(crate) fn node_by_hand(machine: &Machine) -> String {
    machine.apt_line(&["nodejs", "npm"]).unwrap_or_else(|| "install Node 20 from https://nodejs.org".into())
}

pub(crate) fn find_components(machine: &Machine) -> Result<String, String> {
    for tool in ["fmt", "clippy"] {
        process::capture(machine.cargo().args([tool, "--version"]))
            .ok_or_else(|| format!("cargo {tool} is missing"))?;
    }
    Ok("rustfmt and clippy".into())
}

pub(crate) fn install_components(machine: &Machine) -> Result<(), String> {
    process::run(machine.command("rustup").args(["component", "add", "rustfmt", "clippy"]))
}

pub(crate) fn components_by_hand(_: &Machine) -> String {
    "rustup component add rustfmt clippy".into()
}

/// The browser of the tests.
pub(crate) fn chromium() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM").filter(|v| !v.is_empty()) {
        return Some(path.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
    let places = [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    ];
    let in_path = names.iter().find_map(|name| find_program(name));
    in_path.or_else(|| places.iter().map(PathBuf::from).find(|path| path.is_file()))
}

pub(crate) fn find_chromium(_: &Machine) -> Result<String, String> {
    let path = chromium().ok_or("no Chromium and no Chrome")?;
    if path.is_file() {
        Ok(path.display().to_string())
    } else {
        Err(format!("CHROMIUM: no file {}", path.display()))
    }
}

pub(crate) fn install_chromium(machine: &Machine) -> Result<(), String> {
    // Fonts: without them a bare machine draws boxes for Chinese.
    machine.apt_install(&["chromium", "fonts-dejavu-core", "fonts-wqy-microhei"])
}

pub(crate) fn chromium_by_hand(machine: &Machine) -> String {
    let other = "install Chrome or Chromium, or set CHROMIUM to its program";
    machine.apt_line(&["chromium"]).map_or_else(|| other.into(), |line| format!("{line} (or {other})"))
}

pub(crate) fn firefox() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("FIREFOX").filter(|v| !v.is_empty()) {
        return Some(path.into());
    }
    let place = PathBuf::from("/Applications/Firefox.app/Contents/MacOS/firefox");
    let in_path = ["firefox-esr", "firefox"].iter().find_map(|name| find_program(name));
    in_path.or_else(|| Some(place).filter(|path| path.is_file()))
}

pub(crate) fn find_firefox(_: &Machine) -> Result<String, String> {
    let path = firefox().ok_or("no Firefox")?;
    if path.is_file() {
        Ok(path.display().to_string())
    } else {
        Err(format!("FIREFOX: no file {}", path.display()))
    }
}

pub(crate) fn install_firefox(machine: &Machine) -> Result<(), String> {
    machine.apt_install(&["firefox-esr"])
}

pub(crate) fn firefox_by_hand(machine: &Machine) -> String {
    let other = "install Firefox, or set FIREFOX to its program";
    machine.apt_line(&["firefox-esr"]).map_or_else(|| other.into(), |line| format!("{line} (or {other})"))
}

/// Mesa's Vulkan driver for machines without a GPU; the tests prefer it, because it is the same everywhere.
pub(crate) fn lavapipe() -> Option<PathBuf> {
    let folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
    let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let mut found: Vec<PathBuf> = files
        .map(|file| file.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lvp_icd")))
        .collect();
    found.sort();
    found.into_iter().next()
}

pub(crate) fn find_vulkan(_: &Machine) -> Result<String, String> {
    if let Some(wish) = std::env::var_os("VK_DRIVER_FILES").filter(|v| !v.is_empty()) {
        return Ok(format!("VK_DRIVER_FILES={}", wish.to_string_lossy()));
    }
    if !cfg!(target_os = "linux") {
        return Ok("the system's own driver".into());
    }
    lavapipe()
        .map(|path| path.display().to_string())
        .ok_or_else(|| "Mesa's software Vulkan is not installed".into())
}

pub(crate) fn install_vulkan(machine: &Machine) -> Result<(), String> {
    machine.apt_install(&["mesa-vulkan-drivers", "libvulkan1"])
}

pub(crate) fn vulkan_by_hand(machine: &Machine) -> String {
    let other = "install Mesa's lavapipe, or set VK_DRIVER_FILES to your GPU's ICD file";
    machine
        .apt_line(&["mesa-vulkan-drivers"])
        .map_or_else(|| other.into(), |line| format!("{line} (or {other})"))
}

/// What `npm ci` installed is remembered by the lock file it came from.
fn browser_stamp(machine: &Machine) -> Result<(PathBuf, String), String> {
    let folder = machine.root.join("tests/browser");
    let lock = folder.join("package-lock.json");
    let text = std::fs::read_to_string(&lock).map_err(|e| format!("{}: {e}", lock.display()))?;
    Ok((folder.join("node_modules/.installed-from"), text))
}

pub(crate) fn find_browser_packages(machine: &Machine) -> Result<String, String> {
    let (stamp, lock) = browser_stamp(machine)?;
    match std::fs::read_to_string(&stamp) {
        Ok(installed) if installed == lock => Ok("as in tests/browser/package-lock.json".into()),
        Ok(_) => Err("tests/browser/package-lock.json has changed".into()),
        Err(_) => Err("not installed".into()),
    }
}

pub(crate) fn install_browser_packages(machine: &Machine) -> Result<(), String> {
    let (stamp, lock) = browser_stamp(machine)?;
    let npm = find_program("npm").ok_or("npm is not installed")?;
    let folder = machine.root.join("tests/browser");
    process::run(machine.command(npm).current_dir(folder).args([
        "ci",
        "--no-fund",
        "--no-audit",
        "--ignore-scripts",
    ]))?;
    std::fs::write(&stamp, lock).map_err(|e| format!("{}: {e}", stamp.display()))
}

pub(crate) fn browser_packages_by_hand(_: &Machine) -> String {
    "cd tests/browser && npm ci".into()
}

pub(crate) fn find_typos(machine: &Machine) -> Result<String, String> {
    let path = machine.tool("typos").ok_or("typos is not installed")?;
    version_of(&path)
        .map(|version| at(&path, &version))
        .ok_or_else(|| format!("{} does not run", path.display()))
}

pub(crate) fn install_typos(machine: &Machine) -> Result<(), String> {
    // The Python package ships the program ready-made; cargo would build it for minutes.
    let python = find_program("python3").or_else(|| find_program("python"));
    if let Some(python) = python {
        let mut pip = machine.command(python);
        pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--no-deps", "--target"]);
        pip.env("PIP_ROOT_USER_ACTION", "ignore").env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        pip.arg(machine.tools().join("python")).arg(format!("typos=={TYPOS}"));
        match process::run(&mut pip) {
            Ok(()) => return Ok(()),
            Err(why) => console::note(&why),
        }
    }
    cargo_install(machine, "typos-cli", TYPOS, true, "1")
}

pub(crate) fn typos_by_hand(_: &Machine) -> String {
    format!("cargo install typos-cli --version {TYPOS} --locked")
}

pub(crate) fn find_deny(machine: &Machine) -> Result<String, String> {
    let path = machine.tool("cargo-deny").ok_or("cargo-deny is not installed")?;
    version_of(&path)
        .map(|version| at(&path, &version))
        .ok_or_else(|| format!("{} does not run", path.display()))
}

pub(crate) fn install_deny(machine: &Machine) -> Result<(), String> {
    cargo_install(machine, "cargo-deny", CARGO_DENY, true, "0")
}

pub(crate) fn deny_by_hand(_: &Machine) -> String {
    format!("cargo install cargo-deny --version {CARGO_DENY} --locked")
}
