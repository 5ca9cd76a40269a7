//! The rows of docs/ERRORS.md about networks, storage and the GPU, each brought about as it comes about: a
//! server that misbehaves, a folder that is none, a device that is gone, a model that cannot be right.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::rc::Rc;

use futures_channel::mpsc;
use polo::Error;
use polo::engine::Engine;
use polo::files::{ModelFiles, Store, StoreOptions};
use polo::gpu::{DeviceOptions, Gpu, Ring};
use polo::platform;
use polo::protocol::{Event, LoadOptions, ModelSource, Prompt, Request, SamplingOptions};

use crate::errors::fits;
use crate::gguf_writer::GgufWriter;
use crate::hub::{Fault, Hub, noise};

/// A row of docs/ERRORS.md.
pub(crate) struct Row {
    /// What is said, cut at its `…`.
    pub(crate) pieces: Vec<String>,
    /// [`Error::kind`].
    kind: String,
    cause: String,
    remedy: String,
    /// The test that brings it about, where it is not one of this file.
    test: Option<String>,
}

/// What is added to an error while a file is downloaded.
const STAYS: &str = " What is here stays: pull again to go on";

const HUB: &str = "The hub, downloads and storage";
const GPU: &str = "Loading, GPU and memory";

fn document() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ERRORS.md")).unwrap()
}

/// The rows of a section whose tables have five columns.
pub(crate) fn section(title: &str) -> Vec<Row> {
    let document = document();
    let (_, after) = document.split_once(&format!("\n## {title}\n")).unwrap();
    let section = after.split("\n## ").next().unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> =
            line.strip_prefix("| ")?.strip_suffix('|')?.split(" |").map(str::trim).collect();
        let text = cells[0].strip_prefix('`')?.strip_suffix('`')?;
        assert_eq!(cells.len(), 5, "{line}");
        let test = cells[4].strip_prefix('`').and_then(|name| name.strip_suffix('`'));
        Some(Row {
            pieces: text.split('…').map(str::to_owned).collect(),
            kind: cells[1].to_owned(),
            cause: cells[2].to_owned(),
            remedy: cells[3].to_owned(),
            test: test.map(str::to_owned),
        })
    };
    section.lines().filter_map(row).collect()
}

impl Row {
    /// Whether this is what was said.
    pub(crate) fn fits(&self, kind: &str, said: &str) -> bool {
        let said = said.strip_suffix(STAYS).map_or(said, |said| said.trim_end_matches('.'));
        self.kind == kind && fits(&self.pieces, said)
    }
}

/// Every case has a row, and every row that names no other test has a case.
fn check(title: &str, cases: &[(String, String)]) {
    let rows = section(title);
    for (kind, said) in cases {
        println!("{kind}: {said}");
        assert!(rows.iter().any(|row| row.fits(kind, said)), "docs/ERRORS.md has no row for {kind}: {said}");
    }
    for row in rows.iter().filter(|row| row.test.is_none()) {
        let known = cases.iter().any(|(kind, said)| row.fits(kind, said));
        assert!(known, "no case brings about {}: {}", row.kind, row.pieces.join("…"));
    }
}

fn told(error: &Error) -> (String, String) {
    (error.kind().into(), error.to_string())
}

/// The error of something that must fail.
fn refused<T>(result: polo::Result<T>) -> (String, String) {
    told(&result.map(drop).expect_err("expected an error"))
}

/// A hub, and folders for the stores that ask it.
struct Place {
    hub: Hub,
    folder: tempfile::TempDir,
    stores: Cell<usize>,
}

impl Place {
    fn new() -> Self {
        let hub = Hub::start();
        hub.add("org/model", "model-Q4_0.gguf", noise(200_000, 1));
        hub.add("org/model", "model-IQ2_M.gguf", noise(5000, 2));
        hub.add("org/plain", "README.md", b"hello".to_vec());
        hub.state.lock().unwrap().plain.insert("a.gguf".into(), noise(300_000, 3));
        Self { hub, folder: tempfile::tempdir().unwrap(), stores: Cell::new(0) }
    }

    /// A store of its own: a program that another test starts may hold a lock for a moment longer.
    fn store(&self, change: impl FnOnce(&mut StoreOptions)) -> Store {
        self.stores.update(|stores| stores + 1);
        let path = format!("{}/{}", self.folder.path().to_str().unwrap(), self.stores.get());
        let mut options = StoreOptions {
            home: format!("{path}/polo"),
            hub_cache: Some(format!("{path}/hub")),
            endpoint: self.hub.url.clone(),
            ..StoreOptions::default()
        };
        options.download.tries = 1;
        options.download.stall_ms = 300;
        options.download.piece_bytes = 50_000;
        change(&mut options);
        Store::new(options)
    }

    /// What a pull of the model says, where every request for bytes meets this fault.
    fn pull(&self, fault: Option<Fault>) -> (String, String) {
        self.hub.state.lock().unwrap().always = fault;
        let said = refused(pollster::block_on(self.store(|_| {}).pull(&model(None), &|_| {})));
        self.hub.state.lock().unwrap().always = None;
        said
    }

    fn plain(&self, name: &str) -> String {
        format!("{}/plain/{name}", self.hub.url)
    }
}

fn model(file: Option<&str>) -> ModelSource {
    ModelSource::Hub { repo: "org/model".into(), revision: None, file: file.map(str::to_owned) }
}

fn find(store: &Store, reference: &str) -> (String, String) {
    refused(pollster::block_on(store.find(reference)))
}

/// What a name says that leads to nothing.
fn names(place: &Place) -> Vec<(String, String)> {
    let store = place.store(|_| {});
    let pull = |source: ModelSource| refused(pollster::block_on(store.pull(&source, &|_| {})));
    let old = ModelSource::Hub { repo: "org/model".into(), revision: Some("v9".into()), file: None };
    let stored = ModelSource::Stored { name: "org/model:Q4_0".into() };
    let mut said = vec![
        find(&store, "marco"),
        find(&store, "org/none"),
        find(&store, "org/plain"),
        pull(ModelSource::Url { url: place.plain("none.gguf") }),
        pull(old),
        pull(model(Some("Q5_0"))),
        pull(model(Some("IQ2_M"))),
        pull(stored.clone()),
        refused(pollster::block_on(store.remove("x"))),
        refused(pollster::block_on(store.locate(&stored))),
    ];
    // Some of it came, then the server was in trouble.
    place.hub.order(&[Fault::Cut(60_000)]);
    place.hub.state.lock().unwrap().always = Some(Fault::Status(503));
    // One after the other, or the trouble may come before the bytes.
    let part = place.store(|options| options.download.connections = 1);
    refused(pollster::block_on(part.pull(&model(None), &|_| {})));
    place.hub.state.lock().unwrap().always = None;
    said.push(refused(pollster::block_on(part.locate(&stored))));
    place.hub.state.lock().unwrap().repos.get_mut("org/model").unwrap().gated = true;
    said.push(pull(model(None)));
    place.hub.state.lock().unwrap().repos.get_mut("org/model").unwrap().gated = false;
    said
}

/// What the network does.
fn network(place: &Place) -> Vec<(String, String)> {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let not_tls = format!("https://{}", other.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in other.incoming().flatten() {
            // Whether the client still listens is its own affair.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let at = |endpoint: String| find(&place.store(|options| options.endpoint = endpoint), "org/model");
    place.hub.state.lock().unwrap().always = Some(Fault::Status(403));
    let refuses = refused(pollster::block_on(platform::open(&place.plain("a.gguf"))));
    vec![
        refuses,
        place.pull(Some(Fault::Stall(0))),
        place.pull(Some(Fault::Cut(0))),
        place.pull(Some(Fault::Status(429))),
        place.pull(Some(Fault::Status(503))),
        place.pull(Some(Fault::WrongLength(1))),
        place.pull(Some(Fault::Corrupt(0))),
        at("http://127.0.0.1:9".into()),
        at("http://polo.invalid".into()),
        at(not_tls),
    ]
}

/// What the disk does.
fn storage(place: &Place) -> Vec<(String, String)> {
    let pull = |store: &Store| refused(pollster::block_on(store.pull(&model(None), &|_| {})));
    place.hub.state.lock().unwrap().repos.get_mut("org/model").unwrap().larger = 1 << 60;
    let full = pull(&place.store(|_| {}));
    place.hub.state.lock().unwrap().repos.get_mut("org/model").unwrap().larger = 0;
    let file = place.folder.path().join("file");
    std::fs::write(&file, b"no folder").unwrap();
    let inside = format!("{}/home", file.to_str().unwrap());
    let no_folder = pull(&place.store(|options| options.home = inside));
    place.hub.state.lock().unwrap().slow = std::time::Duration::from_millis(20);
    let shared = |options: &mut StoreOptions| {
        options.hub_cache = None;
        options.home = format!("{}/shared", place.folder.path().to_str().unwrap());
    };
    let (first, second) = (place.store(shared), place.store(shared));
    let busy = pollster::block_on(async {
        let source = model(None);
        let begun = std::cell::Cell::new(false);
        let tell = |progress: polo::files::PullProgress| begun.set(progress.done_bytes > 0);
        let mut pull = Box::pin(first.pull(&source, &tell));
        while !begun.get() {
            assert!(futures_util::poll!(&mut pull).is_pending());
            platform::sleep_ms(5).await;
        }
        refused(second.pull(&source, &|_| {}).await)
    });
    place.hub.state.lock().unwrap().slow = std::time::Duration::ZERO;
    vec![full, no_folder, busy]
}

#[test]
fn failures_of_networks_and_disks_are_in_the_document() {
    let place = Place::new();
    check(HUB, &[names(&place), network(&place), storage(&place)].concat());
}

/// What an engine says that is asked for these things, one after the other; the first is a load.
fn ask(requests: Vec<Request>) -> (String, String) {
    let failed = Rc::new(RefCell::new(Vec::new()));
    let (sender, receiver) = mpsc::unbounded();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let mut waiting = requests.into_iter();
    let send =
        move |sender: &Rc<RefCell<Option<mpsc::UnboundedSender<Request>>>>, next: Option<Request>| match next
        {
            Some(request) => sender.borrow().as_ref().unwrap().unbounded_send(request).unwrap(),
            None => *sender.borrow_mut() = None,
        };
    send(&sender, waiting.next());
    let (seen, waiting) = (failed.clone(), RefCell::new(waiting));
    let engine = Engine::new(move |event| match event {
        Event::Failed { kind, message, .. } => {
            seen.borrow_mut().push((kind, message));
            send(&sender, None);
        }
        Event::Loaded { .. } | Event::Done { .. } => send(&sender, waiting.borrow_mut().next()),
        _ => {}
    });
    pollster::block_on(engine.run(receiver));
    let failed = failed.borrow();
    assert_eq!(failed.len(), 1, "{failed:?}");
    failed[0].clone()
}

fn load(source: ModelSource, change: impl FnOnce(&mut LoadOptions)) -> Request {
    let mut options = LoadOptions::default();
    change(&mut options);
    Request::Load { id: 1, source, options }
}

/// Tensors of the tiny Qwen2 of [`GgufWriter::qwen2`]: name and shape, innermost first.
const TENSORS: [(&str, &[u64]); 14] = [
    ("token_embd.weight", &[32, 4]),
    ("output_norm.weight", &[32]),
    ("blk.0.attn_norm.weight", &[32]),
    ("blk.0.ffn_norm.weight", &[32]),
    ("blk.0.attn_q.weight", &[32, 32]),
    ("blk.0.attn_k.weight", &[32, 16]),
    ("blk.0.attn_v.weight", &[32, 16]),
    ("blk.0.attn_q.bias", &[32]),
    ("blk.0.attn_k.bias", &[16]),
    ("blk.0.attn_v.bias", &[16]),
    ("blk.0.attn_output.weight", &[32, 32]),
    ("blk.0.ffn_gate.weight", &[32, 64]),
    ("blk.0.ffn_up.weight", &[32, 64]),
    ("blk.0.ffn_down.weight", &[64, 32]),
];

/// Loads a model whose one tensor has another shape, or other values; what is said.
fn load_with(folder: &Path, wrong: &str, dims: Option<&'static [u64]>, value: f32) -> (String, String) {
    let mut writer = GgufWriter::qwen2();
    for (name, shape) in TENSORS {
        let shape = dims.filter(|_| name == wrong).unwrap_or(shape);
        let value = if name == wrong { value } else { 0.01 };
        let values = vec![value; shape.iter().product::<u64>() as usize];
        writer = writer.tensor(name, shape, 0, bytemuck::cast_slice(&values));
    }
    let path = folder.join("wrong.gguf");
    std::fs::write(&path, writer.bytes()).unwrap();
    ask(vec![load(ModelSource::Path { path: path.to_str().unwrap().into() }, |_| {})])
}

/// Loads a Llama 3.1 in GGUF one of whose divisors of frequencies is zero; what is said.
fn load_without_divisor(folder: &Path) -> (String, String) {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/golden/gguf_llama3/model.gguf");
    let mut bytes = std::fs::read(data).unwrap();
    let files = pollster::block_on(ModelFiles::from_bytes("wrong", bytes.clone())).unwrap();
    let at = files.tensor("rope_freqs.weight").unwrap().offset as usize;
    bytes[at..at + 4].fill(0);
    let path = folder.join("divisor.gguf");
    std::fs::write(&path, bytes).unwrap();
    ask(vec![load(ModelSource::Path { path: path.to_str().unwrap().into() }, |_| {})])
}

/// Two results that are on their way when their device goes: what is heard by who asks that device, and by who
/// asks one that knows of nothing.
async fn lost_device() -> Vec<(String, String)> {
    let open = async || Gpu::open(&DeviceOptions::default()).await.unwrap();
    let (lost, other) = (open().await, open().await);
    let tensor = lost.zeros("x", &[4]);
    let ring = Ring::new(&lost, 2, 16);
    let mut encoder = lost.encoder();
    let mut copy = || ring.copy(&mut encoder, &tensor, 16).unwrap();
    let (one, two) = (copy(), copy());
    let submission = lost.queue().submit([encoder.finish()]);
    lost.device().destroy();
    let (one, two) = (one.map(submission.clone()), two.map(submission));
    lost.poll();
    vec![refused(one.wait(&other).await), refused(two.wait(&lost).await)]
}

#[test]
fn gpu_failures_are_in_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let tiny = || ModelSource::Random { shape: "tiny".into(), seed: 1 };
    let long = Prompt::Tokens { tokens: vec![1; 40] };
    let generate = Request::Generate { id: 2, prompt: long, sampling: SamplingOptions::default() };
    let mut said = pollster::block_on(lost_device());
    said.push(refused(pollster::block_on(async {
        let gpu = Gpu::open(&DeviceOptions::default()).await.unwrap();
        gpu.allocate("the key/value cache of a layer", 1 << 50, &[1]).await
    })));
    said.extend([
        ask(vec![load(tiny(), |options| options.device = Some("no such adapter".into()))]),
        ask(vec![load(tiny(), |options| options.context = Some(1))]),
        ask(vec![load(tiny(), |options| options.context = Some(32)), generate.clone()]),
        ask(vec![load(tiny(), |options| options.max_batch = 0)]),
        ask(vec![generate]),
        load_with(folder.path(), "blk.0.attn_q.weight", Some(&[32, 16]), 0.01),
        load_with(folder.path(), "output_norm.weight", None, f32::NAN),
        load_with(folder.path(), "blk.0.ffn_up.weight", None, f32::INFINITY),
        load_with(folder.path(), "blk.0.ffn_up.weight", None, 3e38),
        load_without_divisor(folder.path()),
    ]);
    check(GPU, &said);
}

/// The text of all files below a folder that end like this.
fn texts(folder: &str, ending: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = crate::library::files_in(&root).into_iter();
    let ours = paths.filter(|path| path.ends_with(ending) && !path.contains("node_modules"));
    ours.map(|path| std::fs::read_to_string(root.join(path)).unwrap()).collect()
}

#[test]
fn every_kind_has_a_row_and_every_row_a_test() {
    let rows: Vec<Row> = [HUB, GPU].into_iter().flat_map(section).collect();
    let source = texts("src", "error.rs");
    let kinds: Vec<&str> = source.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(kinds.len() >= 15, "{kinds:?}");
    for kind in &kinds {
        assert!(rows.iter().any(|row| row.kind == *kind), "docs/ERRORS.md has no row of the kind {kind}");
    }
    let tests = [texts("src", ".rs"), texts("tests", ".rs"), texts("tests/browser", ".test.mjs")].concat();
    for row in &rows {
        let said = row.pieces.join("…");
        assert!(kinds.contains(&row.kind.as_str()), "{said}: there is no kind {}", row.kind);
        assert!(!row.cause.is_empty() && !row.remedy.is_empty(), "{said}: no cause or no remedy");
        if let Some(test) = &row.test {
            let there = tests.contains(&format!("fn {test}()")) || tests.contains(&format!("test('{test}'"));
            assert!(there, "{said}: there is no test {test}");
        }
    }
}
