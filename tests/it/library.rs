//! Models from elsewhere: the hub, plain addresses, and what the network does to them.

use std::path::Path;

use polo::files::{DownloadOptions, PullProgress, Store, StoreOptions};
use polo::platform;
use polo::protocol::{ModelSource, PullPhase, StoredModel};

use crate::hub::{Fault, Hub, noise, sha256};

#[test]
fn an_address_is_read_by_ranges() {
    let hub = Hub::start();
    let bytes = noise(300_000, 1);
    hub.state.lock().unwrap().plain.insert("a.gguf".into(), bytes.clone());
    let url = format!("{}/plain/a.gguf", hub.url);
    pollster::block_on(async {
        hub.order(&[Fault::Status(503)]);
        let source = platform::open(&url).await.unwrap();
        assert_eq!(source.len(), 300_000);
        for (offset, len) in [(0, 10), (65_530, 20), (299_999, 1), (0, 300_000)] {
            let range = offset as usize..offset as usize + len;
            assert_eq!(source.read_at(offset, len).await.unwrap(), bytes[range], "{offset}+{len}");
        }
        hub.order(&[Fault::Status(429), Fault::Cut(70_000)]);
        assert_eq!(source.read_at(70_000, 200_000).await.unwrap(), bytes[70_000..270_000]);
        hub.order(&[Fault::WrongLength(5)]);
        assert_eq!(source.read_at(70_000, 100_000).await.unwrap_err().kind(), "damaged");
        assert_eq!(source.read_at(300_000, 1).await.unwrap_err().kind(), "fetch");
        let missing = format!("{}/plain/b.gguf", hub.url);
        assert!(platform::open_if_exists(&missing).await.unwrap().is_none());
        let error = platform::open(&missing).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), "not_found");
        hub.state.lock().unwrap().no_ranges = true;
        let whole = platform::open(&url).await.unwrap();
        assert_eq!(whole.read_at(299_000, 1000).await.unwrap(), bytes[299_000..]);
        let error = polo::files::ModelFiles::open(&ModelSource::Url { url }).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), "bad_model", "{error}");
    });
}

/// A store of its own in a temporary folder, and what is left there.
struct Shelf {
    folder: tempfile::TempDir,
    store: Store,
}

impl Shelf {
    fn new(hub: &Hub, change: impl FnOnce(&mut StoreOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let mut options = StoreOptions {
            home: format!("{path}/polo"),
            hub_cache: Some(format!("{path}/hub")),
            endpoint: hub.url.clone(),
            token: None,
            offline: false,
            download: DownloadOptions { connections: 3, piece_bytes: 50_000, stall_ms: 1500, tries: 4 },
        };
        change(&mut options);
        Self { folder, store: Store::new(options) }
    }

    fn pull(&self, source: &ModelSource) -> polo::Result<StoredModel> {
        pollster::block_on(self.store.pull(source, &|_| {}))
    }

    /// Every file and link under the folder.
    fn files(&self) -> Vec<String> {
        files_in(self.folder.path())
    }
}

/// Fails unless docs/ERRORS.md has a row for what was said.
fn check_documented(error: &polo::Error) {
    let rows = crate::failures::section("The hub, downloads and storage");
    let known = rows.iter().any(|row| row.fits(error.kind(), &error.to_string()));
    assert!(known, "docs/ERRORS.md has no row for {}: {error}", error.kind());
}

/// Paths of all files and links in a folder, sorted, from it.
pub(crate) fn files_in(root: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.is_symlink() {
                walk(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort();
    found
}

fn hub_source(repo: &str, file: Option<&str>) -> ModelSource {
    ModelSource::Hub { repo: repo.into(), revision: None, file: file.map(str::to_owned) }
}

/// A hub with one repository of GGUF files; the bytes of its `Q4_K_M` file.
fn hub_with_model() -> (Hub, Vec<u8>) {
    let hub = Hub::start();
    let bytes = noise(420_123, 7);
    hub.add("org/model-GGUF", "model-Q8_0.gguf", noise(10_000, 8));
    hub.add("org/model-GGUF", "model-Q4_K_M.gguf", bytes.clone());
    hub.add("org/model-GGUF", "model-IQ2_M.gguf", noise(5_000, 9));
    hub.add("org/model-GGUF", "README.md", b"hello".to_vec());
    (hub, bytes)
}

/// What a whole pull of that file leaves: blob, reference, link, manifest.
fn expected_files(hub: &Hub, bytes: &[u8]) -> Vec<String> {
    let commit = hub.state.lock().unwrap().repos["org/model-GGUF"].commit.clone();
    let repo = "hub/models--org--model-GGUF";
    vec![
        format!("{repo}/blobs/{}", sha256(bytes)),
        format!("{repo}/refs/main"),
        format!("{repo}/snapshots/{commit}/model-Q4_K_M.gguf"),
        "polo/models/org--model-GGUF@Q4_K_M.json".into(),
    ]
}

#[test]
fn a_repository_is_found_pulled_shared_and_removed() {
    let (hub, bytes) = hub_with_model();
    let shelf = Shelf::new(&hub, |_| {});
    let listing = pollster::block_on(shelf.store.find("org/model-GGUF")).unwrap();
    let labels: Vec<&str> = listing.options.iter().map(|option| option.label.as_str()).collect();
    assert_eq!(labels, ["Q4_K_M", "Q8_0", "IQ2_M"], "all pages of the list were read");
    assert!(listing.options[2].unsupported.is_some() && !listing.options[0].stored);
    assert_eq!(listing.license.as_deref(), Some("apache-2.0"));
    assert_eq!(listing.options[0].files[0].sha256, Some(sha256(&bytes)));

    let steps = std::cell::RefCell::new(Vec::new());
    let tell = |progress: PullProgress| steps.borrow_mut().push(progress);
    let model = pollster::block_on(shelf.store.pull(&listing.options[0].source, &tell)).unwrap();
    assert_eq!((model.name.as_str(), model.complete), ("org/model-GGUF:Q4_K_M", true));
    assert_eq!(shelf.files(), expected_files(&hub, &bytes));
    let steps = steps.into_inner();
    let of = |phase| steps.iter().filter(move |step| step.phase == phase).map(|step| step.done_bytes);
    assert!(of(PullPhase::Download).is_sorted() && of(PullPhase::Verify).is_sorted());
    assert_eq!(of(PullPhase::Download).next_back(), Some(420_123));
    assert_eq!(of(PullPhase::Verify).next_back(), Some(420_123));
    assert!(hub.asked("/blob/") > 2, "several ranges, from the other host");

    // Stored: located on the disk, and nothing is asked of anyone.
    hub.state.lock().unwrap().log.clear();
    for source in [
        hub_source("org/model-GGUF", None),
        hub_source("ORG/model-gguf", Some("q4_k_m")),
        ModelSource::Stored { name: "org/model-GGUF:Q4_K_M".into() },
    ] {
        let ModelSource::Path { path } = pollster::block_on(shelf.store.locate(&source)).unwrap() else {
            panic!("{source:?} is not on the disk")
        };
        assert!(path.ends_with("/model-Q4_K_M.gguf"));
        assert_eq!(std::fs::read(path).unwrap(), bytes);
        shelf.pull(&source).unwrap();
    }
    assert_eq!(hub.asked(""), 0);
    assert!(pollster::block_on(shelf.store.find("org/model-GGUF")).unwrap().options[0].stored);

    let library = pollster::block_on(shelf.store.library()).unwrap();
    assert_eq!((library.models.len(), library.used_bytes), (1, 420_123));
    assert!(library.free_bytes.is_some() && !library.catalogue.is_empty());
    let error = pollster::block_on(shelf.store.remove("no/such:Q8_0")).unwrap_err();
    assert_eq!(error.kind(), "not_found");
    pollster::block_on(shelf.store.remove("org/model-GGUF:Q4_K_M")).unwrap();
    assert_eq!(shelf.files(), Vec::<String>::new());
}

#[test]
fn another_program_s_cache_is_used_and_left_alone() {
    let (hub, bytes) = hub_with_model();
    let shelf = Shelf::new(&hub, |_| {});
    let commit = hub.state.lock().unwrap().repos["org/model-GGUF"].commit.clone();
    // As huggingface_hub leaves it, with another revision of the same content.
    let repo = shelf.folder.path().join("hub/models--org--model-GGUF");
    let other = repo.join("snapshots/0123");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::create_dir_all(repo.join("blobs")).unwrap();
    let blob = repo.join("blobs").join(sha256(&bytes));
    std::fs::write(&blob, &bytes).unwrap();
    std::fs::write(other.join("model-Q4_K_M.gguf"), &bytes).unwrap();
    shelf.pull(&hub_source("org/model-GGUF", None)).unwrap();
    assert_eq!(hub.asked("/blob/"), 0, "the bytes were here");
    assert_eq!(std::fs::read(repo.join("snapshots").join(commit).join("model-Q4_K_M.gguf")).unwrap(), bytes);
    pollster::block_on(shelf.store.remove("org/model-GGUF:Q4_K_M")).unwrap();
    assert!(blob.exists() && other.join("model-Q4_K_M.gguf").exists(), "they are another revision's, too");
}

#[test]
fn faults_of_the_network_are_survived() {
    let (hub, bytes) = hub_with_model();
    let check = |faults: &[Fault], connections: usize| {
        let shelf = Shelf::new(&hub, |options| options.download.connections = connections);
        hub.order(faults);
        shelf.pull(&hub_source("org/model-GGUF", None)).unwrap_or_else(|e| panic!("{faults:?}: {e}"));
        assert_eq!(shelf.files(), expected_files(&hub, &bytes), "{faults:?}");
        assert_eq!(std::fs::read(shelf.folder.path().join(&shelf.files()[0])).unwrap(), bytes);
        assert!(hub.state.lock().unwrap().faults.is_empty(), "{faults:?} was met");
    };
    for connections in [1, 3] {
        check(&[Fault::Status(503), Fault::Status(429), Fault::Status(500)], connections);
        check(
            &[Fault::Cut(0), Fault::Cut(1), Fault::Cut(16_000), Fault::Cut(49_999), Fault::Cut(50_001)],
            connections,
        );
        check(&[Fault::Stall(20_000)], connections);
    }
    // One connection, because which piece meets the fault must be known: the first byte of the file.
    check(&[Fault::Corrupt(0)], 1);
    hub.state.lock().unwrap().no_ranges = true;
    check(&[], 3);
    check(&[Fault::Cut(100_000), Fault::Status(503), Fault::Cut(300_000)], 3);
}

#[test]
fn what_cannot_be_survived_is_told_and_can_go_on() {
    let (hub, bytes) = hub_with_model();
    let source = hub_source("org/model-GGUF", None);
    let fail = |shelf: &Shelf, fault: Fault| {
        hub.state.lock().unwrap().always = Some(fault);
        let error = shelf.pull(&source).unwrap_err();
        hub.state.lock().unwrap().always = None;
        check_documented(&error);
        (error.kind(), error.to_string())
    };
    let shelf = Shelf::new(&hub, |options| options.download.tries = 2);
    let (kind, text) = fail(&shelf, Fault::Status(503));
    assert!(kind == "fetch" && text.contains("503") && text.contains("pull again to go on"), "{text}");
    let (kind, text) = fail(&shelf, Fault::WrongLength(1));
    assert!(kind == "damaged" && text.contains("420124 bytes now, expected 420123"), "{text}");
    // Each connection writes one run, then everything breaks.
    hub.order(&[Fault::Cut(60_000), Fault::Cut(60_000), Fault::Cut(60_000)]);
    let (kind, _) = fail(&shelf, Fault::Status(503));
    assert_eq!(kind, "fetch");
    let error =
        pollster::block_on(shelf.store.locate(&ModelSource::Stored { name: "org/model-GGUF:Q4_K_M".into() }));
    assert_eq!(error.unwrap_err().kind(), "not_found");
    hub.state.lock().unwrap().sent = 0;
    shelf.pull(&source).unwrap();
    assert_eq!(shelf.files(), expected_files(&hub, &bytes));

    // The same byte is wrong every time.
    let shelf = Shelf::new(&hub, |_| {});
    let (kind, text) = fail(&shelf, Fault::Corrupt(123_456));
    assert!(kind == "damaged" && text.contains(&sha256(&bytes)) && text.contains("twice"), "{text}");
    assert_eq!(shelf.files(), Vec::<String>::new());
    shelf.pull(&source).unwrap();
    assert_eq!(shelf.files(), expected_files(&hub, &bytes));
}

#[test]
fn a_paused_pull_goes_on_where_it_was() {
    let (hub, bytes) = hub_with_model();
    let shelf = Shelf::new(&hub, |_| {});
    let source = hub_source("org/model-GGUF", None);
    hub.state.lock().unwrap().slow = std::time::Duration::from_millis(5);
    // Dropped in the middle, as Cancel does.
    let half = std::cell::Cell::new(0);
    let tell = |progress: PullProgress| half.set(progress.done_bytes);
    pollster::block_on(async {
        let mut pull = Box::pin(shelf.store.pull(&source, &tell));
        while half.get() < 250_000 {
            assert!(futures_util::poll!(&mut pull).is_pending());
            platform::sleep_ms(5).await;
        }
    });
    let library = pollster::block_on(shelf.store.library()).unwrap();
    let before = library.models[0].done_bytes;
    assert!(!library.models[0].complete && (50_000..420_123).contains(&before), "{before}");
    std::thread::sleep(std::time::Duration::from_millis(300));
    hub.state.lock().unwrap().slow = std::time::Duration::ZERO;
    hub.state.lock().unwrap().sent = 0;
    shelf.pull(&source).unwrap();
    let sent = hub.state.lock().unwrap().sent;
    // A connection that was given up may still carry a little; from the start it would be all of `before` more.
    assert!(sent <= 420_123 - before / 2, "{sent} bytes came again of {}", 420_123 - before);
    assert_eq!(shelf.files(), expected_files(&hub, &bytes));
}

#[test]
fn a_new_revision_replaces_the_old_one() {
    let (hub, _) = hub_with_model();
    let shelf = Shelf::new(&hub, |options| options.hub_cache = None);
    shelf.pull(&hub_source("org/model-GGUF", None)).unwrap();
    let new = noise(99_000, 77);
    hub.add("org/model-GGUF", "model-Q4_K_M.gguf", new.clone());
    hub.state.lock().unwrap().repos.get_mut("org/model-GGUF").unwrap().commit = "ab".repeat(20);
    let listing = pollster::block_on(shelf.store.find("org/model-GGUF")).unwrap();
    assert!(!listing.options[0].stored);
    shelf.pull(&listing.options[0].source).unwrap();
    let files = shelf.files();
    assert_eq!(files.len(), 2, "{files:?}");
    let name = format!("polo/models/org--model-GGUF@Q4_K_M/{}/model-Q4_K_M.gguf", "ab".repeat(20));
    assert!(files.contains(&name) && std::fs::read(shelf.folder.path().join(name)).unwrap() == new);
    pollster::block_on(shelf.store.remove("org/model-GGUF:Q4_K_M")).unwrap();
    assert_eq!(shelf.files(), Vec::<String>::new());
}

#[test]
fn plain_addresses_are_stored_too() {
    let hub = Hub::start();
    let part = |number: usize| (format!("m-{number:05}-of-00002.gguf"), noise(60_000, number as u64));
    for (name, bytes) in [part(1), part(2), ("one.gguf".into(), noise(70_000, 5))] {
        hub.state.lock().unwrap().plain.insert(name, bytes);
    }
    let shelf = Shelf::new(&hub, |_| {});
    let url = |name: &str| ModelSource::Url { url: format!("{}/plain/{name}", hub.url) };
    shelf.pull(&url("m-00001-of-00002.gguf")).unwrap();
    shelf.pull(&url("one.gguf")).unwrap();
    assert_eq!(shelf.files().len(), 5, "{:?}", shelf.files());
    let ModelSource::Path { path } = pollster::block_on(shelf.store.locate(&url("one.gguf"))).unwrap() else {
        panic!("not on the disk")
    };
    assert_eq!(std::fs::read(&path).unwrap(), noise(70_000, 5));
    // The file changes on its server: the pull after that brings the new one.
    hub.state.lock().unwrap().plain.insert("one.gguf".into(), noise(70_001, 6));
    shelf.pull(&url("one.gguf")).unwrap();
    assert_eq!(shelf.files().len(), 5, "{:?}", shelf.files());
    let error = shelf.pull(&url("none.gguf")).unwrap_err();
    assert_eq!(error.kind(), "not_found");
    check_documented(&error);
    // What is not stored is read where it is.
    assert_eq!(pollster::block_on(shelf.store.locate(&url("none.gguf"))).unwrap(), url("none.gguf"));
}

#[test]
fn refusals_of_the_hub_are_explained() {
    let (hub, _) = hub_with_model();
    hub.state.lock().unwrap().repos.get_mut("org/model-GGUF").unwrap().gated = true;
    let shelf = Shelf::new(&hub, |options| options.download.tries = 2);
    let check = |source: ModelSource, kind: &str, said: &str| {
        let error = shelf.pull(&source).unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(said), "{source:?}: {error}");
        check_documented(&error);
    };
    check(hub_source("org/model-GGUF", None), "gated", "HF_TOKEN");
    check(hub_source("org/none", None), "not_found", "no repository org/none");
    hub.state.lock().unwrap().repos.get_mut("org/model-GGUF").unwrap().gated = false;
    let old = ModelSource::Hub { repo: "org/model-GGUF".into(), revision: Some("v9".into()), file: None };
    check(old, "not_found", "no such revision");
    check(hub_source("org/model-GGUF", Some("Q5_0")), "not_found", "it has Q4_K_M, Q8_0, IQ2_M");
    check(hub_source("org/model-GGUF", Some("IQ2_M")), "bad_request", "does not read");
    check(ModelSource::Stored { name: "x".into() }, "not_found", "not stored here");
    let gone = Shelf::new(&hub, |options| options.endpoint = "http://127.0.0.1:9".into());
    let error = gone.pull(&hub_source("org/model-GGUF", None)).unwrap_err();
    assert!(error.kind() == "fetch" && error.to_string().contains("is the network there?"), "{error}");
    check_documented(&error);
}
