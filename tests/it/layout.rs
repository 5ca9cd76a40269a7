//! Holds what ARCHITECTURE.md claims: who may import whom, a shader for each kernel, comments, sizes.
//!
//! Every rule is a function from file texts to faults, tried on made-up texts below and then on the
//! repository. To change a rule, change the table here and the document together.

use std::collections::BTreeMap;
use std::path::Path;

/// Module, and what it may import from this crate. Bottom first: a line may only name lines above it.
const MAY_USE: [(&str, &[&str]); 21] = [
    ("error", &[]),
    ("protocol", &["error"]),
    ("grammar", &["protocol", "error"]),
    ("quant", &[]),
    ("sampler", &[]),
    ("platform", &["error"]),
    ("gpu", &["error", "platform", "protocol"]),
    ("ops", &["gpu", "quant", "sampler", "platform", "protocol", "error"]),
    ("files", &["error", "platform", "quant", "protocol"]),
    ("text", &["error", "protocol"]),
    ("model", &["ops", "gpu", "quant", "files", "protocol", "error"]),
    ("generate", &["model", "ops", "text", "sampler", "gpu", "protocol", "error"]),
    ("search", &["sampler", "text", "protocol", "error"]),
    ("remote", &["search", "sampler", "text", "platform", "protocol", "error"]),
    ("eval", &["search", "text", "protocol", "error"]),
    (
        "engine",
        &[
            "eval", "remote", "search", "generate", "model", "text", "files", "ops", "gpu", "platform",
            "sampler", "grammar", "quant", "protocol", "error",
        ],
    ),
    ("worker", &["engine", "eval", "platform", "protocol", "error"]),
    ("server", &["engine", "eval", "platform", "protocol", "error"]),
    ("cli", &["server", "engine", "eval", "platform", "protocol", "error"]),
    ("ui", &["protocol"]),
    ("bin", &["cli", "worker", "ui"]),
];

/// Endings of shaders that are a faster variant of the kernel before the ending.
const VARIANTS: [&str; 2] = ["_subgroup", "_serial"];

/// Files in src/ops/ that are no kernel, and what they are.
const NOT_KERNELS: [(&str, &str); 6] = [
    ("mod", "chooses variants by what the device has"),
    ("check", "holds a kernel against its reference, here and in the browser"),
    ("matrix", "a weight matrix on the GPU"),
    ("self_test", "runs every kernel's check"),
    ("source", "puts shader texts together"),
    ("step", "what the CPU tells the kernels about one step"),
];

/// Files over [`MAX_LINES`], and why they may be.
const LONG_FILES: [(&str, &str); 0] = [];

const MAX_LINES: usize = 400;

/// Path from the root of the repository, with `/`, and text.
type Files = BTreeMap<String, String>;

/// The module a file in src/ belongs to; none for lib.rs.
fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let module = inside.split('/').next()?.trim_end_matches(".rs");
    (module != "lib").then_some(module)
}

/// The text without comments, so that prose and doc links are not taken for imports.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// First names after `crate::` (or `polo::` in a program), braces opened.
fn imports(path: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let prefix = if path.starts_with("src/bin/") { "polo::" } else { "crate::" };
    let mut found = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(c),
                    _ => {}
                }
            }
            found.push(name);
        } else {
            found.push(rest.to_owned());
        }
    }
    let first_name = |text: &String| {
        let name: String = text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        // lib.rs passes these two on from `error`.
        if name == "Error" || name == "Result" { "error".to_owned() } else { name }
    };
    found.iter().map(first_name).filter(|name| !name.is_empty()).collect()
}

fn is_rust(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

fn import_faults(files: &Files, table: &[(&str, &[&str])]) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| is_rust(path)) {
        let Some(module) = module_of(path) else { continue };
        let Some((_, allowed)) = table.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{path}: module `{module}` is not in the table of imports"));
            continue;
        };
        for name in imports(path, text) {
            if name != module && !allowed.contains(&name.as_str()) {
                faults.push(format!("{path}: `{module}` may not use `{name}`"));
            }
        }
        for glob in ["use super::*", "use crate::*"] {
            // Unit tests may: they stand in the file whose names they take.
            let program = text.split("#[cfg(test)]").next().unwrap_or_default();
            if code(program).contains(glob) && !path.ends_with("tests.rs") {
                faults.push(format!("{path}: `{glob}` hides where names come from"));
            }
        }
    }
    faults
}

/// A line of the table that names itself or a line below it would allow a cycle.
fn table_faults(table: &[(&str, &[&str])]) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, (module, allowed)) in table.iter().enumerate() {
        for name in *allowed {
            if !table[..at].iter().any(|(above, _)| above == name) {
                faults.push(format!("table: `{module}` names `{name}`, which does not stand above it"));
            }
        }
    }
    faults
}

fn kernel_faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for path in files.keys() {
        let Some(name) = path.strip_prefix("shaders/").and_then(|p| p.strip_suffix(".wgsl")) else {
            continue;
        };
        if name.contains('/') {
            continue;
        }
        let base = VARIANTS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
        let op = [name, base].iter().find_map(|n| files.get(&format!("src/ops/{n}.rs")));
        match op {
            None => faults.push(format!("{path}: there is no src/ops/{base}.rs")),
            Some(text) if !text.contains(&format!("{name}.wgsl")) => {
                faults.push(format!("{path}: src/ops/{base}.rs does not include it"));
            }
            Some(_) => {}
        }
    }
    for (path, text) in files {
        let Some(name) = path.strip_prefix("src/ops/").and_then(|p| p.strip_suffix(".rs")) else { continue };
        if NOT_KERNELS.iter().any(|(other, _)| *other == name) {
            continue;
        }
        if !files.contains_key(&format!("shaders/{name}.wgsl")) {
            faults.push(format!("{path}: there is no shaders/{name}.wgsl"));
        }
        // A variant passes on the reference of the kernel it must equal.
        if !text.contains("pub fn reference(") && !text.contains("::reference;") {
            faults.push(format!("{path}: no `pub fn reference`"));
        }
        if !text.contains("fn gpu_matches_reference()") {
            faults.push(format!("{path}: no `fn gpu_matches_reference`"));
        }
    }
    faults
}

fn platform_faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with("src/")) {
        if !path.starts_with("src/platform/") && text.contains("target_arch") {
            faults.push(format!("{path}: target_arch belongs in src/platform/"));
        }
        if path != "src/lib.rs" && code(text).contains("cfg(feature") {
            faults.push(format!("{path}: cfg(feature) belongs in src/lib.rs"));
        }
        // They compile for the browser and panic there. (Clippy cannot tell them from web_time's,
        // which natively are the same types.)
        for clock in ["std::time::Instant", "std::time::SystemTime", "std::time::{"] {
            if code(text).contains(clock) {
                faults.push(format!("{path}: `{clock}` panics in the browser, take it from web_time"));
            }
        }
    }
    faults
}

fn form_faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files {
        let opening = if is_rust(path) { "//! " } else { "// " };
        if !text.starts_with(opening) {
            faults.push(format!("{path}: does not open with `{}` and what is here", opening.trim()));
        }
        let lines = text.lines().count();
        if lines > MAX_LINES && !LONG_FILES.iter().any(|(name, _)| name == path) {
            faults.push(format!("{path}: {lines} lines, at most {MAX_LINES}"));
        }
    }
    faults
}

/// Chromium 156 on SwiftShader does not set `var x: T;` to zero again in the next round of a loop.
fn shader_faults(files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| path.strip_suffix(".wgsl").is_some()) {
        for line in
            code(text).lines().filter(|line| line.trim_start().starts_with("var ") && !line.contains('='))
        {
            faults.push(format!("{path}: `{}` is not set: write what it starts with", line.trim()));
        }
    }
    faults
}

/// An exception that is no longer needed would cover the next long file of that name.
fn exception_faults(files: &Files, exceptions: &[(&str, &str)]) -> Vec<String> {
    let needless = |name: &str| files.get(name).is_none_or(|text| text.lines().count() <= MAX_LINES);
    let bad = exceptions.iter().filter(|(name, why)| why.is_empty() || needless(name));
    bad.map(|(name, _)| format!("{name}: needs no place among the long files, or gives no reason")).collect()
}

/// All Rust and WGSL files that the rules are about.
fn repository() -> Files {
    fn walk(root: &Path, folder: &Path, files: &mut Files) {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries {
            let path = entry.expect("a folder of the checkout is readable").path();
            if path.is_dir() {
                walk(root, &path, files);
            } else if path.extension().is_some_and(|e| e == "rs" || e == "wgsl") {
                let text =
                    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                let name =
                    path.strip_prefix(root).expect("it is inside").to_string_lossy().replace('\\', "/");
                files.insert(name, text);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Files::new();
    for folder in ["src", "shaders", "xtask/src", "tests/it"] {
        let folder = root.join(folder);
        if folder.exists() {
            walk(root, &folder, &mut files);
        }
    }
    assert!(files.len() > 10, "the repository was not found at {}", root.display());
    files
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn imports_follow_the_table() {
    assert_none(&table_faults(&MAY_USE));
    assert_none(&import_faults(&repository(), &MAY_USE));
}

#[test]
fn every_kernel_is_complete() {
    assert_none(&kernel_faults(&repository()));
}

#[test]
fn shaders_set_their_variables() {
    assert_none(&shader_faults(&repository()));
}

#[test]
fn differences_of_platforms_stay_in_one_place() {
    assert_none(&platform_faults(&repository()));
}

#[test]
fn files_open_with_a_comment_and_stay_short() {
    assert_none(&form_faults(&repository()));
    assert_none(&exception_faults(&repository(), &LONG_FILES));
}

/// Each violation once, so that a rule that stops seeing anything is noticed.
mod violations {
    use super::{
        Files, MAX_LINES, exception_faults, form_faults, import_faults, imports, kernel_faults,
        platform_faults, shader_faults, table_faults,
    };

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[track_caller]
    fn check(faults: &[String], expected: &[&str]) {
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, part) in faults.iter().zip(expected) {
            assert!(fault.contains(part), "{fault} lacks {part}");
        }
    }

    #[test]
    fn imports_are_seen_in_every_form() {
        let text = "use crate::gpu::Tensor;\nuse crate::{ops, quant::{DType, BLOCK}, Error};\nlet x = crate::text::f();";
        assert_eq!(imports("src/model/a.rs", text), ["gpu", "ops", "quant", "error", "text"]);
        assert_eq!(imports("src/a.rs", "/// [`crate::engine`]\n// crate::ui\n"), Vec::<String>::new());
        assert_eq!(imports("src/bin/a.rs", "polo::cli::main()"), ["cli"]);
    }

    #[test]
    fn a_forbidden_import() {
        let table: [(&str, &[&str]); 3] = [("gpu", &[]), ("ops", &["gpu"]), ("ui", &[])];
        let good = files(&[
            ("src/ops/a.rs", "use crate::gpu::Tensor;\nuse crate::ops::b;"),
            ("src/lib.rs", "pub mod ui;"),
        ]);
        check(&import_faults(&good, &table), &[]);
        let bad = files(&[("src/ui/a.rs", "use crate::gpu::Tensor;")]);
        check(&import_faults(&bad, &table), &["`ui` may not use `gpu`"]);
        check(&import_faults(&files(&[("src/new.rs", "")]), &table), &["not in the table"]);
        check(&import_faults(&files(&[("src/ops/a.rs", "use super::*;")]), &table), &["hides"]);
    }

    #[test]
    fn a_cycle_in_the_table() {
        check(&table_faults(&[("a", &["b"]), ("b", &["a"])]), &["`a` names `b`"]);
        check(&table_faults(&[("a", &["a"])]), &["`a` names `a`"]);
    }

    #[test]
    fn an_incomplete_kernel() {
        let op = "include_str!(\"rope.wgsl\") include_str!(\"rope_serial.wgsl\") pub fn reference() fn gpu_matches_reference()";
        let good = [("shaders/rope.wgsl", ""), ("shaders/rope_serial.wgsl", ""), ("src/ops/rope.rs", op)];
        check(&kernel_faults(&files(&good)), &[]);
        check(&kernel_faults(&files(&[("shaders/common/a.wgsl", ""), ("src/ops/mod.rs", "")])), &[]);
        check(&kernel_faults(&files(&good[..1])), &["no src/ops/rope.rs"]);
        check(&kernel_faults(&files(&good[2..])), &["no shaders/rope.wgsl"]);
        let other = [
            ("shaders/rope.wgsl", ""),
            ("src/ops/rope.rs", "pub use super::a::reference; fn gpu_matches_reference()"),
        ];
        check(&kernel_faults(&files(&other)), &["does not include it"]);
        let bare = [("shaders/rope.wgsl", ""), ("src/ops/rope.rs", "rope.wgsl")];
        check(&kernel_faults(&files(&bare)), &["`pub fn reference`", "`fn gpu_matches_reference`"]);
    }

    #[test]
    fn a_variable_without_a_value() {
        let bad = "var<workgroup> a: f32;\nfn f() {\n    var x: f32;\n    var y = 0.0; // var z: f32;\n}";
        check(&shader_faults(&files(&[("shaders/a.wgsl", bad)])), &["`var x: f32;`"]);
    }

    #[test]
    fn a_difference_of_platforms_in_the_wrong_place() {
        let arch = "#[cfg(target_arch = \"wasm32\")]";
        check(&platform_faults(&files(&[("src/gpu/a.rs", arch)])), &["target_arch"]);
        check(&platform_faults(&files(&[("src/platform/mod.rs", arch)])), &[]);
        check(&platform_faults(&files(&[("src/a.rs", "std::time::Instant::now()")])), &["web_time"]);
        let feature = "#[cfg(feature = \"web\")]";
        check(&platform_faults(&files(&[("src/gpu/a.rs", feature)])), &["cfg(feature)"]);
        check(&platform_faults(&files(&[("src/lib.rs", feature)])), &[]);
    }

    #[test]
    fn a_file_without_a_comment_or_too_long() {
        check(
            &form_faults(&files(&[("src/a.rs", "use x;"), ("shaders/a.wgsl", "fn a() {}")])),
            &["`//`", "`//!`"],
        );
        let long = format!("//! Long.\n{}", "\n".repeat(MAX_LINES));
        check(&form_faults(&files(&[("src/a.rs", &long)])), &["401 lines"]);
        check(&exception_faults(&files(&[("src/a.rs", &long)]), &[("src/a.rs", "a reason")]), &[]);
        check(&exception_faults(&files(&[("src/a.rs", "")]), &[("src/a.rs", "a reason")]), &["src/a.rs"]);
        check(&exception_faults(&files(&[("src/a.rs", &long)]), &[("src/a.rs", "")]), &["src/a.rs"]);
        check(&form_faults(&files(&[("src/a.rs", "//! Fine.\n"), ("shaders/a.wgsl", "// y = x\n")])), &[]);
    }
}
