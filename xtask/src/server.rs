//! A static server for the built page, on this machine only.

use std::fs::File;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use tiny_http::{Header, Method, Request, Response};

use crate::console;

/// Requests answered at once.
const THREADS: usize = 4;

pub(crate) struct Server(Arc<tiny_http::Server>);

impl Server {
    /// Takes the port; nobody is answered yet.
    pub(crate) fn bind(port: u16) -> Result<Self, String> {
        let http = tiny_http::Server::http(("127.0.0.1", port))
            .map_err(|e| format!("port {port} cannot be used ({e}): choose another with --port"))?;
        Ok(Self(Arc::new(http)))
    }

    /// Answers with the files of a folder until the program is stopped.
    pub(crate) fn serve(self, folder: &Path) -> Result<(), String> {
        let index = folder.join("index.html");
        let html = std::fs::read_to_string(&index).map_err(|e| format!("{}: {e}", index.display()))?;
        let policy = content_policy(&html)
            .ok_or_else(|| format!("{}: no content security policy", index.display()))?;
        let workers: Vec<_> = (0..THREADS)
            .map(|_| {
                let (http, folder, policy) = (Arc::clone(&self.0), folder.to_owned(), policy.clone());
                std::thread::spawn(move || {
                    for request in http.incoming_requests() {
                        // A browser that went away in the middle is everyday life.
                        let _ = answer(request, &folder, &policy);
                    }
                })
            })
            .collect();
        for worker in workers {
            if worker.join().is_err() {
                console::problem("a thread of the server ended by a bug; the others go on");
            }
        }
        Ok(())
    }
}

fn answer(request: Request, folder: &Path, policy: &str) -> std::io::Result<()> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return request.respond(Response::from_string("only GET and HEAD\n").with_status_code(405));
    }
    let Some(path) = file_for(folder, request.url()) else {
        return request.respond(Response::from_string("no such file\n").with_status_code(404));
    };
    let Ok(file) = File::open(&path) else {
        return request.respond(Response::from_string("no such file\n").with_status_code(404));
    };
    let mut response = Response::from_file(file);
    for (name, value) in [
        ("Content-Type", media_type(&path)),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        // File names carry a hash, but a developer rebuilds the page under the same address.
        ("Cache-Control", "no-cache"),
    ] {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    request.respond(response)
}

/// The page's own policy as a header: it then holds for the worker too, which a page's `meta` does not
/// reach, and forbids frames, which only a header can.
fn content_policy(html: &str) -> Option<String> {
    let (_, rest) = html.split_once("http-equiv=\"Content-Security-Policy\"")?;
    let (_, rest) = rest.split_once("content=\"")?;
    let (policy, _) = rest.split_once('"')?;
    Some(format!("{policy}; frame-ancestors 'none'"))
}

/// The file an address means; `None` if it is not inside the folder.
fn file_for(folder: &Path, url: &str) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?;
    let path = percent_decoded(path)?;
    let relative = Path::new(path.trim_start_matches('/'));
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let file = folder.join(relative);
    let file = if file.is_dir() { file.join("index.html") } else { file };
    file.is_file().then_some(file)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|e| e.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::{content_policy, file_for, media_type, percent_decoded};
    use std::path::Path;

    #[test]
    fn addresses_stay_inside_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(file_for(folder, "/Cargo.toml?x=1"), Some(folder.join("Cargo.toml")));
        assert_eq!(file_for(folder, "/src/%6dain.rs"), Some(folder.join("src/main.rs")));
        for outside in
            ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "//etc/../../Cargo.toml", "/src/../Cargo.toml", "/none"]
        {
            assert_eq!(file_for(folder, outside), None, "{outside}");
        }
    }

    #[test]
    fn the_policy_is_the_page_s_own() {
        let html = "<meta\n http-equiv=\"Content-Security-Policy\"\n content=\"default-src 'none'\" />";
        assert_eq!(content_policy(html).as_deref(), Some("default-src 'none'; frame-ancestors 'none'"));
        assert_eq!(content_policy("<meta>"), None);
    }

    #[test]
    fn bad_percent_signs_are_refused() {
        assert_eq!(percent_decoded("a%20b").as_deref(), Some("a b"));
        for bad in ["%", "%2", "%zz", "%ff", "%00", "%+1"] {
            assert_eq!(percent_decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn wasm_and_models_have_their_types() {
        assert_eq!(media_type(Path::new("a_bg.wasm")), "application/wasm");
        assert_eq!(media_type(Path::new("polo-tiny.gguf")), "application/octet-stream");
    }
}
