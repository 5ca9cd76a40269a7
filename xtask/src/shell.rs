//! Tells the page's service worker which files make up this version of the page.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

/// The service worker, and the line of it that is filled in.
const SCRIPT: &str = "sw.js";
const EMPTY: &str = "const FILES = {};";

/// What lies beside the page and is not needed without a network: for developers, and for shops of applications.
const LEFT_OUT: [&str; 3] = ["package.json", "polo.d.ts", "screenshots"];

/// Writes name and SHA-256 of every file of the built page into its service worker. A browser sees
/// that the script has changed, and with it that there is a new version.
pub(crate) fn name_files(dist: &Path) -> Result<(), String> {
    let script = dist.join(SCRIPT);
    let text = std::fs::read_to_string(&script).map_err(|e| format!("{}: {e}", script.display()))?;
    let mut files = Vec::new();
    walk(dist, "", &mut files)?;
    files.sort();
    let text = filled(&text, &files)
        .ok_or_else(|| format!("{}: there is no line `{EMPTY}` to fill in", script.display()))?;
    std::fs::write(&script, text).map_err(|e| format!("{}: {e}", script.display()))
}

fn filled(script: &str, files: &[(String, String)]) -> Option<String> {
    let lines: String = files.iter().fold(String::new(), |mut lines, (name, hash)| {
        // Trunk's names hold nothing that would have to be escaped.
        let _ = writeln!(lines, "  '{name}': '{hash}',");
        lines
    });
    script.contains(EMPTY).then(|| script.replacen(EMPTY, &format!("const FILES = {{\n{lines}}};"), 1))
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), files)?;
        } else if name != SCRIPT {
            let bytes = std::fs::read(entry.path()).map_err(failed)?;
            let hash = Sha256::digest(&bytes).iter().fold(String::new(), |mut hash, byte| {
                let _ = write!(hash, "{byte:02x}");
                hash
            });
            files.push((name, hash));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{filled, walk};

    #[test]
    fn files_are_named_with_their_hashes() {
        let files = [("a.js".to_owned(), "12".to_owned()), ("models/b".to_owned(), "34".to_owned())];
        let script = filled("// x\nconst FILES = {};\nrest", &files).unwrap();
        assert_eq!(script, "// x\nconst FILES = {\n  'a.js': '12',\n  'models/b': '34',\n};\nrest");
        assert_eq!(filled("const FILES = {old};", &files), None);
    }

    #[test]
    fn folders_are_walked_and_the_hash_is_sha256() {
        let folder = std::env::temp_dir().join(format!("polo-shell-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("models")).unwrap();
        std::fs::write(folder.join("models/a"), "abc").unwrap();
        std::fs::write(folder.join("sw.js"), "").unwrap();
        std::fs::create_dir_all(folder.join("screenshots")).unwrap();
        std::fs::write(folder.join("screenshots/a"), "abc").unwrap();
        let mut files = Vec::new();
        walk(&folder, "", &mut files).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(files, [("models/a".to_owned(), abc.to_owned())]);
    }
}
