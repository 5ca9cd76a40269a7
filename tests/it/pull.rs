//! `polo pull`, `list`, `show` and `rm` from outside: what they print and leave, and what kills cost.

use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::hub::{Hub, noise, sha256};
use crate::library::files_in;

/// A hub, and a home of its own for the command.
struct Place {
    hub: Hub,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
}

impl Place {
    fn new(len: usize) -> Self {
        let hub = Hub::start();
        let bytes = noise(len, 3);
        hub.add("org/model-GGUF", "model-Q4_0.gguf", bytes.clone());
        Self { hub, folder: tempfile::tempdir().unwrap(), bytes }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_polo"));
        command
            .args(words)
            .env("HF_ENDPOINT", &self.hub.url)
            .env("HF_HOME", self.folder.path().join("hf"))
            .env("POLO_HOME", self.folder.path().join("polo"))
            .env_remove("HF_HUB_CACHE")
            .env_remove("HF_TOKEN")
            .env_remove("HF_HUB_OFFLINE")
            .env_remove("HF_TOKEN_PATH")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn spawn(&self) -> Child {
        let words = ["pull", "org/model-GGUF", "--piece-bytes", "65536"];
        self.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn slow(&self, pause: Duration) {
        self.hub.state.lock().unwrap().slow = pause;
    }

    /// Pulls to the end, and holds what is on the disk against what should be.
    fn check_whole(&self, what: &str) {
        let output = self.run(&["pull", "org/model-GGUF", "--piece-bytes", "65536"]);
        assert_eq!(output.status.code(), Some(0), "{what}: {output:?}");
        let commit = self.hub.state.lock().unwrap().repos["org/model-GGUF"].commit.clone();
        let repo = "hf/hub/models--org--model-GGUF";
        let blob = format!("{repo}/blobs/{}", sha256(&self.bytes));
        let expected = [
            blob.clone(),
            format!("{repo}/refs/main"),
            format!("{repo}/snapshots/{commit}/model-Q4_0.gguf"),
            "polo/models/org--model-GGUF@Q4_0.json".to_owned(),
        ];
        assert_eq!(files_in(self.folder.path()), expected, "{what}");
        assert!(std::fs::read(self.folder.path().join(blob)).unwrap() == self.bytes, "{what}: other bytes");
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn models_are_pulled_listed_shown_and_removed() {
    let place = Place::new(300_000);
    let json = |words: &[&str]| -> Value {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert!(text(&place.run(&["list"]).stdout).contains("polo pull marco-o1"));
    assert!(text(&place.run(&["list", "--all"]).stdout).contains("deepseek-r1-1.5b"));
    let listing = json(&["show", "org/model-GGUF", "--json"]);
    assert_eq!(listing["listing"]["options"][0]["label"], "Q4_0");
    let pulled = json(&["pull", "hf.co/org/model-GGUF", "--json"]);
    assert_eq!((&pulled["name"], &pulled["complete"]), (&"org/model-GGUF:Q4_0".into(), &true.into()));
    place.check_whole("after the first pull");
    let output = place.run(&["pull", "org/model-GGUF"]);
    assert_eq!(text(&output.stdout), "org/model-GGUF:Q4_0 is here, 300.00 kB\n");
    assert_eq!(text(&output.stderr), "", "quiet where nobody looks");
    let list = place.run(&["list"]).stdout;
    let row: Vec<&str> = text(&list).lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row, ["org/model-GGUF:Q4_0", "300.00", "kB", "complete"]);
    assert_eq!(json(&["show", "org/model-gguf", "--json"])["stored"]["done_bytes"], 300_000);
    let output = place.run(&["rm", "org/model-GGUF", "no/such"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no/such is not stored here"));
    place.check_whole("a wrong name deletes nothing");
    let output = place.run(&["rm", "org/model-GGUF"]);
    assert!(text(&output.stdout).contains("300.00 kB are free again"), "{output:?}");
    assert_eq!(files_in(place.folder.path()), Vec::<String>::new());
}

#[test]
fn what_cannot_be_pulled_is_told() {
    let place = Place::new(5000);
    let check = |words: &[&str], code: i32, kind: &str, said: &str| {
        let output = place.run(&[words, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
        let error: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(error["error"]["kind"], kind, "{error}");
        assert!(error["error"]["message"].as_str().unwrap().contains(said), "{error}");
    };
    check(&["pull", "marco"], 1, "not_found", "Did you mean marco-o1?");
    check(&["pull", "org/none"], 1, "not_found", "no repository org/none");
    check(&["pull", "org/model-GGUF:Q5_1"], 1, "not_found", "it has Q4_0");
    check(&["pull", "./Cargo.toml"], 2, "bad_request", "nothing to pull");
    check(&["show", "org/none"], 1, "not_found", "no repository");
    check(&["rm", "org/none"], 1, "not_found", "not stored here");
    check(&["ask", "--model", "org/none", "hi"], 1, "not_found", "no repository");
    place.hub.state.lock().unwrap().repos.get_mut("org/model-GGUF").unwrap().gated = true;
    check(&["pull", "org/model-GGUF"], 1, "gated", "HF_TOKEN");
    let mut command = place.command(&["pull", "org/model-GGUF"]);
    assert!(command.env("HF_TOKEN", "secret").output().unwrap().status.success());
    assert!(place.hub.asked("Bearer secret") > 0);
    let log = place.hub.state.lock().unwrap().log.clone();
    let blobs: Vec<&String> = log.iter().filter(|line| line.contains("/blob/")).collect();
    let leaked = blobs.is_empty() || blobs.iter().any(|line| line.contains("secret"));
    assert!(!leaked, "the token went to another host");
}

#[test]
fn the_token_that_hugging_faces_programs_keep_is_taken() {
    let place = Place::new(5000);
    place.hub.state.lock().unwrap().repos.get_mut("org/model-GGUF").unwrap().gated = true;
    std::fs::create_dir(place.folder.path().join("hf")).unwrap();
    std::fs::write(place.folder.path().join("hf/token"), "secret\n").unwrap();
    let output = place.run(&["pull", "org/model-GGUF"]);
    assert!(output.status.success(), "{output:?}");
    // The variable goes first.
    place.run(&["rm", "org/model-GGUF"]);
    assert!(place.hub.asked("Bearer secret") > 0);
    place.hub.state.lock().unwrap().log.clear();
    let output = place.command(&["pull", "org/model-GGUF"]).env("HF_TOKEN", "other").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(place.hub.asked("Bearer other") > 0 && place.hub.asked("Bearer secret") == 0);
}

#[test]
fn a_download_comes_in_the_pieces_and_over_the_connections_that_were_asked_for() {
    let pieces = ["--piece-bytes", "65536"];
    // Five pieces for four connections: the first takes two. One connection takes them in one request.
    for (words, requests) in
        [(&pieces[..], 4), (&[&pieces[..], &["--connections", "1"]].concat(), 1), (&[], 1)]
    {
        let place = Place::new(300_000);
        let output = place.run(&[&["pull", "org/model-GGUF"], words].concat());
        assert!(output.status.success(), "{output:?}");
        let log = place.hub.state.lock().unwrap().log.clone();
        assert_eq!(place.hub.asked("/blob/"), requests, "{words:?}: {log:?}");
    }
}

#[test]
fn a_model_that_is_not_whole_is_shown_with_what_the_hub_has() {
    let place = Place::new(1_500_000);
    place.slow(Duration::from_millis(20));
    let mut child = place.spawn();
    while !files_in(place.folder.path()).iter().any(|path| path.ends_with(".polo-part")) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    place.slow(Duration::ZERO);
    let shown: Value =
        serde_json::from_slice(&place.run(&["show", "org/model-GGUF", "--json"]).stdout).unwrap();
    assert_eq!(shown["stored"]["complete"], false, "{shown}");
    assert_eq!(shown["listing"]["options"][0]["label"], "Q4_0", "{shown}");
    let text = place.run(&["show", "org/model-GGUF"]);
    assert!(self::text(&text.stdout).contains("`polo pull org/model-GGUF:Q4_0` goes on"), "{text:?}");
}

#[test]
fn without_the_network_what_is_stored_works() {
    let place = Place::new(300_000);
    let offline = |words: &[&str]| place.command(words).env("HF_HUB_OFFLINE", "1").output().unwrap();
    let output = offline(&["pull", "org/model-GGUF", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(error["error"]["kind"], "fetch");
    let row =
        "HF_HUB_OFFLINE is set, so nothing is asked of the network; unset it, or take a model that is stored";
    assert!(error["error"]["message"].as_str().unwrap().contains(row), "{error}");
    assert_eq!(place.hub.asked(""), 0, "nobody was asked");
    place.check_whole("with the network");
    place.hub.state.lock().unwrap().log.clear();
    let output = offline(&["show", "org/model-GGUF"]);
    let folder = place.folder.path().join("hf/hub/models--org--model-GGUF/snapshots");
    assert!(text(&output.stdout).contains(&format!("Folder    {}", folder.to_str().unwrap())), "{output:?}");
    assert_eq!(place.hub.asked(""), 0, "what is stored needs nobody");
}

#[test]
fn two_programs_do_not_write_the_same_file() {
    let place = Place::new(600_000);
    place.slow(Duration::from_millis(20));
    let mut first = place.spawn();
    while place.hub.asked("/blob/") == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = place.run(&["pull", "org/model-GGUF"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("being downloaded already"), "{output:?}");
    place.slow(Duration::ZERO);
    assert!(first.wait().unwrap().success());
    place.check_whole("after both");
}

/// Kills so many downloads at random moments; how many of them had begun and not ended.
fn kill_downloads(kills: u32) -> u32 {
    let mut in_the_middle = 0;
    for kill in 0..kills {
        let place = Place::new(1_500_000);
        place.slow(Duration::from_millis(8));
        // Every download is killed once, every other one twice.
        for _ in 0..=kill % 2 {
            let mut child = place.spawn();
            let pause = u64::from(noise(1, u64::from(kill) * 77 + 5)[0]) * 2;
            std::thread::sleep(Duration::from_millis(pause));
            child.kill().unwrap();
            let ended = child.wait().unwrap().success();
            let part = files_in(place.folder.path()).iter().any(|path| path.ends_with(".polo-part"));
            in_the_middle += u32::from(part && !ended);
        }
        place.slow(Duration::ZERO);
        place.check_whole(&format!("kill {kill}"));
    }
    println!("{kills} downloads killed, {in_the_middle} kills in the middle");
    in_the_middle
}

#[test]
fn ten_killed_downloads_go_on() {
    assert!(kill_downloads(10) > 2);
}

#[test]
#[ignore = "a minute or two: part of `cargo xtask slow`"]
fn a_hundred_killed_downloads_go_on() {
    assert!(kill_downloads(100) > 30);
}

/// Kills so many `polo ask` that pull and load, at random moments; each time the next one answers.
#[test]
#[ignore = "minutes: part of `cargo xtask slow`"]
fn gpu_a_hundred_killed_loads_leave_nothing() {
    let place = Place::new(100);
    let tiny = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/polo-tiny.gguf")).unwrap();
    place.hub.add("polo/tiny-GGUF", "tiny-Q4_0.gguf", tiny.clone());
    let words = ["ask", "--greedy", "--max-tokens", "4", "--model", "polo/tiny-GGUF", "What is 12 + 34?"];
    for kill in 0..100 {
        if kill % 10 == 0 {
            place.run(&["rm", "polo/tiny-GGUF"]);
        }
        let mut child = place.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(u64::from(noise(1, kill * 31 + 7)[0]) * 8));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = place.run(&words);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let files = files_in(place.folder.path());
    assert_eq!(files.len(), 4, "{files:?}");
    assert!(files[0].ends_with(&sha256(&tiny)));
}

#[test]
fn gpu_ask_pulls_what_is_not_here() {
    let place = Place::new(100);
    let tiny = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/polo-tiny.gguf")).unwrap();
    place.hub.add("polo/tiny-GGUF", "tiny-Q4_0.gguf", tiny);
    let ask = || {
        let words = [
            "ask",
            "--json",
            "--greedy",
            "--max-tokens",
            "8",
            "--model",
            "polo/tiny-GGUF",
            "What is 12 + 34?",
        ];
        let output = place.run(&words);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["tokens"].clone()
    };
    let tokens = ask();
    assert_eq!(tokens.as_array().unwrap().len(), 8);
    place.hub.state.lock().unwrap().log.clear();
    assert_eq!(ask(), tokens);
    assert_eq!(place.hub.asked(""), 0, "the second time it works offline");
}

#[test]
fn a_second_name_costs_no_bytes_and_keeps_the_files() {
    let place = Place::new(300_000);
    let done = |words: &[&str]| -> String {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
        text(&output.stdout).to_owned()
    };
    let refused = |words: &[&str], said: &str| {
        let output = place.run(words);
        assert_ne!(output.status.code(), Some(0), "{words:?}");
        assert!(text(&output.stderr).contains(said), "{words:?}: {}", text(&output.stderr));
    };
    // One in the hub's cache, one beside the manifests.
    let port = place.hub.url.rsplit(':').next().unwrap().to_owned();
    let address = format!("http://localhost:{port}/org/model-GGUF/resolve/main/model-Q4_0.gguf");
    for name in ["org/model-GGUF", address.as_str()] {
        done(&["pull", name]);
        let before = files_in(place.folder.path()).len();
        refused(&["cp", "no/such", "fast"], "no/such is not stored here");
        for wrong in ["a/b", "../x", "marco-o1", "polo-tiny", "x.gguf", ""] {
            refused(&["cp", name, wrong], "cannot be a model's name");
        }
        assert!(done(&["cp", name, "fast"]).contains("fast is "));
        refused(&["cp", name, "Fast"], "stored already");
        assert!(done(&["cp", "fast", "faster"]).contains("faster is fast now"));
        assert_eq!(files_in(place.folder.path()).len(), before + 2, "a manifest each, and nothing else");
        assert!(done(&["list"]).contains("300.00 kB used"), "files count once");
        // The first name goes, then the middle one: the last holds the files.
        assert!(done(&["rm", name]).contains("0 B are free again"));
        refused(&["rm", name], "is not stored here");
        assert!(done(&["rm", "fast"]).contains("0 B are free again"));
        let shown = done(&["show", "faster", "--json"]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(
            (&shown["stored"]["complete"], &shown["stored"]["done_bytes"]),
            (&true.into(), &300_000.into())
        );
        assert!(done(&["rm", "faster"]).contains("300.00 kB are free again"));
        assert_eq!(files_in(place.folder.path()), Vec::<String>::new(), "{name}");
    }
}
