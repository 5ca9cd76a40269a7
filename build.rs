//! Puts the built page into the program where `POLO_PAGE_DIR` names its folder, as `cargo xtask install` does.
//! Without the variable there is no page inside, and nothing else is needed to build.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=POLO_PAGE_DIR");
    let mut files = Vec::new();
    if let Some(folder) = env::var_os("POLO_PAGE_DIR").filter(|folder| !folder.is_empty()) {
        let folder = PathBuf::from(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        if let Err(error) = walk(&folder, "", &mut files) {
            println!("cargo::error=POLO_PAGE_DIR={}: {error}; build the page first", folder.display());
            return;
        }
        if !files.iter().any(|(name, _)| name == "index.html") {
            println!("cargo::error=POLO_PAGE_DIR={}: there is no index.html in it", folder.display());
            return;
        }
    }
    files.sort();
    let entry = |(name, path): &(String, String)| format!("({name:?}, include_bytes!({path:?})),");
    let entries: Vec<String> = files.iter().map(entry).collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("page.rs");
    fs::write(out, format!("&[{}]", entries.concat())).expect("cargo made the folder");
}

/// Every file below a folder: its name with `/` between the parts, and its absolute path.
fn walk(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, entry.path().canonicalize()?.to_string_lossy().into_owned()));
        }
    }
    Ok(())
}
