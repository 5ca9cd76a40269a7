//! A server that behaves like the hub, and misbehaves like the network: for the tests of downloads.
//!
//! `/resolve/` sends large files to another host (another port), the API tells sizes and hashes in pages,
//! and faults can be ordered for the requests to come.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

/// Files from this size on are served by the other host, in bytes.
const LARGE: usize = 4096;
/// Entries of a page of the file list.
const PAGE: usize = 3;

/// What goes wrong with one request for bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// This status, with `Retry-After: 0`.
    Status(u16),
    /// The connection breaks after so many bytes of the body.
    Cut(usize),
    /// Nothing more comes after so many bytes.
    Stall(usize),
    /// The byte at this place of the file is another one.
    Corrupt(usize),
    /// The server says that the file is longer by so much.
    WrongLength(usize),
}

/// One repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repo {
    pub(crate) commit: String,
    pub(crate) gated: bool,
    /// Large files are said to have so many bytes more than they have.
    pub(crate) larger: u64,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// What the server has and does; tests change it while it runs.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) repos: BTreeMap<String, Repo>,
    /// Files at `/plain/NAME`.
    pub(crate) plain: BTreeMap<String, Vec<u8>>,
    /// For the next requests for bytes, in this order.
    pub(crate) faults: VecDeque<Fault>,
    /// A fault that every other request for bytes meets.
    pub(crate) always: Option<Fault>,
    pub(crate) no_ranges: bool,
    /// Pause after each 16 KiB of a body.
    pub(crate) slow: Duration,
    /// `METHOD path [range] [auth]` of every request.
    pub(crate) log: Vec<String>,
    /// Bytes of bodies sent.
    pub(crate) sent: u64,
}

/// The running server; it ends with the test's process.
pub(crate) struct Hub {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes that do not repeat.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

impl Hub {
    pub(crate) fn start() -> Self {
        let hub = TcpListener::bind("127.0.0.1:0").unwrap();
        let bytes = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", hub.local_addr().unwrap());
        // By another name of this machine: what counts as another host must.
        let other = format!("http://localhost:{}", bytes.local_addr().unwrap().port());
        let state = Arc::new(Mutex::new(State::default()));
        for listener in [hub, bytes] {
            let (state, url, other) = (state.clone(), url.clone(), other.clone());
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let (state, url, other) = (state.clone(), url.clone(), other.clone());
                    // A client that went away is no fault of the server.
                    std::thread::spawn(move || answer(&stream, &state, &url, &other));
                }
            });
        }
        Self { url, state }
    }

    /// Adds a file to a repository.
    pub(crate) fn add(&self, repo: &str, path: &str, bytes: Vec<u8>) {
        let mut state = self.state.lock().unwrap();
        let entry = state.repos.entry(repo.into()).or_default();
        if entry.commit.is_empty() {
            entry.commit = sha256(repo.as_bytes())[..40].into();
        }
        entry.files.insert(path.into(), bytes);
    }

    pub(crate) fn order(&self, faults: &[Fault]) {
        self.state.lock().unwrap().faults.extend(faults);
    }

    /// Requests whose line holds this text.
    pub(crate) fn asked(&self, text: &str) -> usize {
        self.state.lock().unwrap().log.iter().filter(|line| line.contains(text)).count()
    }
}

struct Request {
    path: String,
    range: Option<(usize, usize)>,
    authorized: bool,
}

fn read_request(stream: &TcpStream, log: &Mutex<State>) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut request = Request { path, range: None, authorized: false };
    let mut entry = first.clone();
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                let (start, end) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
                request.range = Some((start.parse().ok()?, end.parse().ok()?));
                let _ = write!(entry, " {}", value.trim());
            }
            "authorization" => {
                request.authorized = true;
                let _ = write!(entry, " {}", value.trim());
            }
            _ => {}
        }
    }
    log.lock().unwrap().log.push(entry);
    Some(request)
}

fn answer(mut stream: &TcpStream, state: &Mutex<State>, url: &str, other: &str) -> Option<()> {
    let request = read_request(stream, state)?;
    let path = request.path.split('?').next()?.to_owned();
    let mut plain = |status: u16, headers: &str, body: &str| {
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
        .ok()
    };
    if let Some(name) = path.strip_prefix("/plain/") {
        let bytes = state.lock().unwrap().plain.get(name).cloned();
        let Some(bytes) = bytes else { return plain(404, "", "none") };
        return send(stream, state, &request, &bytes);
    }
    if let Some(hash) = path.strip_prefix("/blob/") {
        let held = state.lock().unwrap();
        let mut all = held.repos.values().flat_map(|repo| repo.files.values());
        let bytes = all.find(|bytes| sha256(bytes) == hash).cloned();
        drop(held);
        let Some(bytes) = bytes else { return plain(404, "", "none") };
        return send(stream, state, &request, &bytes);
    }
    let held = state.lock().unwrap();
    let found = held.repos.iter().find_map(|(name, repo)| {
        let api = path.strip_prefix(&format!("/api/models/{name}/")).map(str::to_owned);
        let file = path.strip_prefix(&format!("/{name}/resolve/")).map(str::to_owned);
        (api.is_some() || file.is_some()).then(|| (repo.clone(), api, file))
    });
    drop(held);
    let Some((repo, api, file)) = found else {
        return plain(404, "X-Error-Code: RepoNotFound\r\n", "Repository not found");
    };
    if let Some(api) = api {
        return tell(&mut plain, &repo, &api, &request, url);
    }
    // What a gated repository holds may be known, its files may not.
    if repo.gated && !request.authorized {
        return plain(401, "X-Error-Code: GatedRepo\r\n", "Access to this model is restricted");
    }
    let (_, file) = file.as_deref()?.split_once('/')?;
    match repo.files.get(file) {
        None => plain(404, "X-Error-Code: EntryNotFound\r\n", "Entry not found"),
        Some(bytes) if bytes.len() >= LARGE => {
            plain(302, &format!("Location: {other}/blob/{}?signed=1\r\n", sha256(bytes)), "")
        }
        Some(bytes) => send(stream, state, &request, bytes),
    }
}

/// The API: what a revision is, and its files.
fn tell(
    plain: &mut impl FnMut(u16, &str, &str) -> Option<()>,
    repo: &Repo,
    api: &str,
    request: &Request,
    url: &str,
) -> Option<()> {
    if let Some(revision) = api.strip_prefix("revision/") {
        if revision != "main" && revision != repo.commit {
            return plain(404, "X-Error-Code: RevisionNotFound\r\n", "Revision not found");
        }
        let body = json!({ "sha": repo.commit, "gated": false, "tags": ["license:apache-2.0"],
            "cardData": { "license": "apache-2.0" } });
        return plain(200, "Content-Type: application/json\r\n", &body.to_string());
    }
    let entries: Vec<_> = repo
        .files
        .iter()
        .map(|(path, bytes)| {
            let mut entry = json!({ "type": "file", "path": path, "size": bytes.len(),
                "oid": &sha256(path.as_bytes())[..40] });
            if bytes.len() >= LARGE {
                entry["lfs"] = json!({ "oid": sha256(bytes), "size": bytes.len() as u64 + repo.larger,
                    "pointerSize": 134 });
            }
            entry
        })
        .collect();
    let cursor = request.path.split_once("cursor=").and_then(|(_, text)| text.parse().ok()).unwrap_or(0usize);
    let page: Vec<_> = entries.iter().skip(cursor).take(PAGE).collect();
    let mut headers = "Content-Type: application/json\r\n".to_owned();
    if cursor + PAGE < entries.len() {
        let path = request.path.split('?').next()?;
        let next = format!("{url}{path}?recursive=true&cursor={}", cursor + PAGE);
        let _ = write!(headers, "Link: <{next}>; rel=\"next\"\r\n");
    }
    plain(200, &headers, &json!(page).to_string())
}

/// Bytes, with what was ordered to go wrong.
fn send(mut stream: &TcpStream, state: &Mutex<State>, request: &Request, bytes: &[u8]) -> Option<()> {
    let mut held = state.lock().unwrap();
    let fault = held.faults.pop_front().or(held.always);
    let (no_ranges, slow) = (held.no_ranges, held.slow);
    drop(held);
    if let Some(Fault::Status(status)) = fault {
        let head = format!(
            "HTTP/1.1 {status} x\r\nConnection: close\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
        );
        return stream.write_all(head.as_bytes()).ok();
    }
    let mut total = bytes.len();
    if let Some(Fault::WrongLength(more)) = fault {
        total += more;
    }
    let mut bytes = bytes.to_vec();
    if let Some(Fault::Corrupt(at)) = fault {
        bytes[at] ^= 1;
    }
    let tag = sha256(&bytes)[..16].to_owned();
    let range = request.range.filter(|_| !no_ranges);
    let (head, body) = match range {
        Some((start, _)) if start >= bytes.len() => {
            ("HTTP/1.1 416 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(), &bytes[..0])
        }
        Some((start, end)) => {
            let body = &bytes[start..bytes.len().min(end + 1)];
            let range = format!("bytes {start}-{}/{total}", start + body.len() - 1);
            (
                format!(
                    "HTTP/1.1 206 x\r\nContent-Range: {range}\r\nContent-Length: {}\r\nETag: \"{tag}\"\r\nConnection: close\r\n\r\n",
                    body.len()
                ),
                body,
            )
        }
        None => (
            format!(
                "HTTP/1.1 200 x\r\nContent-Length: {total}\r\nETag: \"{tag}\"\r\nConnection: close\r\n\r\n"
            ),
            &bytes[..],
        ),
    };
    stream.write_all(head.as_bytes()).ok()?;
    let end = match fault {
        Some(Fault::Cut(at) | Fault::Stall(at)) => at.min(body.len()),
        _ => body.len(),
    };
    for part in body[..end].chunks(16 << 10) {
        stream.write_all(part).ok()?;
        state.lock().unwrap().sent += part.len() as u64;
        if !slow.is_zero() {
            std::thread::sleep(slow);
        }
    }
    if let Some(Fault::Stall(_)) = fault {
        std::thread::sleep(Duration::from_mins(1));
    }
    Some(())
}
