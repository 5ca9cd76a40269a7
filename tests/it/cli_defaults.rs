//! The file of defaults, completions and the manual from outside; `ps` where no server runs.

use std::io::{BufRead, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::servers::{Kind, Server as Elsewhere};

fn polo(config: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polo"));
    command.args(words).env("XDG_CONFIG_HOME", config).env("POLO_HOME", config).stdin(Stdio::null());
    for name in ["POLO_MODEL", "POLO_HOST", "POLO_SAMPLING_TEMPERATURE", "POLO_CONTEXT"] {
        command.env_remove(name);
    }
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A folder with this config.toml.
fn folder(file: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("polo")).unwrap();
    std::fs::write(folder.path().join("polo/config.toml"), file).unwrap();
    folder
}

#[test]
fn config_shows_what_holds_and_why() {
    let folder = folder("context = 512\n[sampling]\ntemperature = 0.25\ntop_k = 7\n");
    let output =
        polo(folder.path(), &["config", "--json"]).env("POLO_SAMPLING_TEMPERATURE", "0.5").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["exists"], true);
    let holds = |key: &str| {
        let rows = shown["settings"].as_array().unwrap();
        let row = rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no {key}: {shown}"));
        (row["value"].as_str().unwrap_or("none").to_owned(), row["origin"].as_str().unwrap().to_owned())
    };
    assert_eq!(holds("sampling.temperature"), ("0.5".into(), "POLO_SAMPLING_TEMPERATURE".into()));
    assert_eq!(holds("sampling.top_k"), ("7".into(), "file".into()));
    assert_eq!(holds("context"), ("512".into(), "file".into()));
    assert_eq!(holds("kv"), ("f16".into(), "default".into()));
    assert_eq!(holds("sampling.top_p").0, "0.9");
    let table = polo(folder.path(), &["config"]).output().unwrap();
    assert!(text(&table.stdout).contains("sampling.top_k"), "{table:?}");
    assert!(text(&table.stdout).lines().next().unwrap().ends_with("polo/config.toml"), "{table:?}");
}

#[test]
fn a_bad_file_stops_commands_and_says_where() {
    let folder = folder("[sampling]\ntemprature = 1\n");
    let failed = |words: &[&str]| -> Output { polo(folder.path(), words).output().unwrap() };
    for words in [&["problems"][..], &["run", "polo-tiny", "hi"], &["config"]] {
        let output = failed(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        let told = text(&output.stderr);
        assert!(told.contains("did you mean `sampling.temperature`?"), "{told}");
        assert!(told.contains("config.toml"), "{told}");
    }
    assert!(failed(&["--help"]).status.success() && failed(&["completions", "bash"]).status.success());
}

#[test]
fn completions_are_scripts() {
    let folder = folder("");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = polo(folder.path(), &["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let script = text(&output.stdout);
        assert!(script.contains("hide-thinking") && script.contains("completions"), "{shell}: {script}");
        let file = folder.path().join("script");
        std::fs::write(&file, script).unwrap();
        // The shell itself, where it is here, reads the script without running it.
        if ["bash", "zsh", "fish"].contains(&shell)
            && let Ok(read) = Command::new(shell).arg("-n").arg(&file).output()
        {
            assert!(read.status.success(), "{shell}: {read:?}");
        }
    }
    let man = polo(folder.path(), &["man", "run"]).output().unwrap();
    assert!(text(&man.stdout).contains(".TH") && text(&man.stdout).contains("hide\\-thinking"), "{man:?}");
    assert_eq!(polo(folder.path(), &["man", "walk"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn ps_says_when_no_server_runs() {
    let folder = folder("");
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = polo(folder.path(), &["ps"]).env("POLO_HOST", format!("127.0.0.1:{port}")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("no server runs there") && told.contains(&port.to_string()), "{told}");
}

/// Ended when the test is.
struct Server(std::process::Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_without_its_model_ends_and_says_why() {
    let folder = folder("");
    let command = &["serve", "--port", "0", "--model", "no-such.gguf"];
    let mut server = Server(polo(folder.path(), command).stderr(Stdio::piped()).spawn().unwrap());
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(2);
    let status = loop {
        if let Some(status) = server.0.try_wait().unwrap() {
            break status;
        }
        assert!(std::time::Instant::now() < deadline, "it goes on without a model");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    let mut told = String::new();
    server.0.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(!status.success() && told.contains("no-such.gguf"), "{status}: {told}");
}

#[test]
fn a_key_that_can_be_none_is_told_before_anyone_is_asked() {
    let folder = folder("");
    let mut command = polo(folder.path(), &["ask", "--engine", "http://127.0.0.1:1/v1", "hi"]);
    let output = command.env("POLO_ENGINE_KEY", "two words").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("POLO_ENGINE_KEY"), "{output:?}");
}

/// Whether a server elsewhere was asked, and with which keys.
fn keys_of(server: &Elsewhere) -> Option<Vec<Option<String>>> {
    let mut keys: Vec<_> = server.state.lock().unwrap().log.iter().map(|(_, key, _)| key.clone()).collect();
    keys.dedup();
    (!keys.is_empty()).then_some(keys)
}

const KEYS: [&str; 3] = ["POLO_ENGINE_KEY", "POLO_API_KEY", "OPENAI_API_KEY"];

/// Of the keys these and no others are set, each to its own name in small letters.
fn set_only<'a>(command: &'a mut Command, set: &[&str]) -> &'a mut Command {
    for name in KEYS {
        command.env_remove(name);
    }
    command.envs(set.iter().map(|name| (name, name.to_lowercase())))
}

#[test]
fn a_key_goes_to_the_engine_that_it_is_for() {
    let folder = folder("");
    let used = |set: &[&str]| {
        let server = Elsewhere::start(Kind::Vllm);
        let mut command = polo(folder.path(), &["ask", "--engine", &server.url, "6 * 7?"]);
        let output = set_only(&mut command, set).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        keys_of(&server)
    };
    let key = |key: &str| Some(vec![Some(format!("Bearer {key}"))]);
    assert_eq!(used(&[]), Some(vec![None]));
    assert_eq!(used(&KEYS), key("polo_engine_key"));
    assert_eq!(used(&KEYS[1..]), key("polo_api_key"));
    assert_eq!(used(&KEYS[2..]), key("openai_api_key"));
}

#[test]
fn one_that_serves_keeps_the_key_of_its_own_clients() {
    let folder = folder("");
    let used = |set: &[&str]| {
        let elsewhere = Elsewhere::start(Kind::Vllm);
        let mut command = polo(folder.path(), &["serve", "--port", "0", "--engine", &elsewhere.url]);
        let command = set_only(&mut command, set);
        let _serving = Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(2);
        loop {
            if let Some(keys) = keys_of(&elsewhere) {
                return keys;
            }
            assert!(std::time::Instant::now() < deadline, "the engine was never asked");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    };
    assert_eq!(used(&["POLO_API_KEY"]), [None]);
    assert_eq!(used(&KEYS), [Some("Bearer polo_engine_key".to_owned())]);
}

#[test]
fn gpu_ps_and_stop_ask_a_running_server() {
    // The port and the key come from the file, as a service would have them.
    let folder = folder("model = 'polo-tiny'\n[serve]\nport = 0\napi_key = 'secret'\n");
    let mut command = polo(folder.path(), &["serve"]);
    let mut server = Server(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    std::io::BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let ask = |words: &[&str], key: &str| -> (bool, String) {
        let output =
            polo(folder.path(), words).env("POLO_HOST", &address).env("POLO_API_KEY", key).output().unwrap();
        let told = [&output.stdout[..], &output.stderr[..]].concat();
        (output.status.success(), text(&told).to_owned())
    };
    let (done, told) = ask(&["ps"], "wrong");
    assert!(!done && told.contains(&address), "{told}");
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(4);
    loop {
        let (done, told) = ask(&["ps"], "secret");
        assert!(done, "{told}");
        if told.contains("polo-tiny") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "no model was loaded: {told}");
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    let (done, told) = ask(&["stop", "polo-tiny"], "secret");
    assert!(done, "{told}");
    let (_, told) = ask(&["ps"], "secret");
    assert!(told.contains("holds no model"), "{told}");
}
