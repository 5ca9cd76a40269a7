//! The page, from inside of the program or from a folder. Its files are taken in once: no request names a path on the
//! disk.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::{Ctx, hex, status};

/// What `cargo xtask install` has put into the program: name with `/` between the parts, and contents.
static BUILT_IN: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The files of a page.
#[derive(Debug, Clone, Default)]
pub struct Page {
    files: BTreeMap<String, File>,
    /// What the page may do, as its own head says; a header holds for what stands before that head as well.
    policy: Option<HeaderValue>,
}

#[derive(Debug, Clone)]
struct File {
    bytes: Bytes,
    kind: HeaderValue,
    /// A name for these contents.
    tag: HeaderValue,
}

impl Page {
    /// The page that is built in; without files where none is.
    pub fn built_in() -> Self {
        Self::of(BUILT_IN.iter().map(|(name, bytes)| ((*name).to_owned(), Bytes::from_static(bytes))))
    }

    /// A built page from its folder.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        walk(folder, "", &mut files)?;
        let this = Self::of(files);
        if this.files.contains_key("index.html") {
            return Ok(this);
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "there is no index.html in it; build the page first"))
    }

    fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let file = |(name, bytes): (String, Bytes)| {
            let kind = mime_guess::from_path(&name).first_or_octet_stream();
            let text =
                kind.type_() == mime_guess::mime::TEXT || kind.subtype() == mime_guess::mime::JAVASCRIPT;
            let kind = if text { format!("{}; charset=utf-8", kind.essence_str()) } else { kind.to_string() };
            let hash = hex(&Sha256::digest(&bytes)[..16]);
            let header = |text: String| HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
            (name, File { bytes, kind: header(kind), tag: header(format!("\"{hash}\"")) })
        };
        let files: BTreeMap<String, File> = files.into_iter().map(file).collect();
        let policy =
            files.get("index.html").and_then(|file| policy_of(&String::from_utf8_lossy(&file.bytes)));
        Self { files, policy }
    }
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<(String, Bytes)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, fs::read(entry.path())?.into()));
        }
    }
    Ok(())
}

/// The content security policy in the head of a page.
fn policy_of(html: &str) -> Option<HeaderValue> {
    let (_, rest) = html.split_once("http-equiv=\"Content-Security-Policy\"")?;
    let (_, rest) = rest.split_once("content=\"")?;
    let (policy, _) = rest.split_once('"')?;
    // This one works in a header only.
    HeaderValue::from_str(&format!("{policy}; frame-ancestors 'none'")).ok()
}

/// Whatever is no endpoint: a file of the page, or nothing.
pub(super) async fn serve(State(context): Ctx, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let name = if path.is_empty() { "index.html" } else { path };
    let page = &context.options.page;
    let reads = method == Method::GET || method == Method::HEAD;
    let Some(file) = page.files.get(name).filter(|_| reads) else {
        if path.is_empty() && reads {
            return "Polo is running. There is no page in this program; see /v1/models, /openapi.json\n"
                .into_response();
        }
        return status::not_found(&method, &uri);
    };
    let mut response = Response::new(Body::empty());
    if headers.get(header::IF_NONE_MATCH) == Some(&file.tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(file.bytes.clone());
    }
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, file.kind.clone());
    out.insert(header::ETAG, file.tag.clone());
    // Asked again each time, and answered in a word: the page may have been built anew.
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    out.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // The page asks for its own head to learn that the machine which serves it has an engine as well.
    out.insert("polo-engine", HeaderValue::from_static("v1"));
    out.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    if let Some(policy) = &page.policy {
        out.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    response
}
