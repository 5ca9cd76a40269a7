//! The page that the server serves: from a folder, with what browsers need to keep and to trust it.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use polo::server::{Page, Server, ServerOptions};

use crate::http::{Script, get, post, send};

const INDEX: &str = r#"<meta http-equiv="Content-Security-Policy" content="default-src 'self'"><p>"#;

/// A server with a page of these words.
fn serving(folder: &std::path::Path, words: &str) -> Server {
    std::fs::create_dir_all(folder.join("sub")).unwrap();
    std::fs::write(folder.join("index.html"), format!("{INDEX}{words}")).unwrap();
    std::fs::write(folder.join("sub/a.js"), "let a").unwrap();
    let page = Page::read(folder).unwrap();
    Script::default().server(ServerOptions { page, ..ServerOptions::default() })
}

#[tokio::test]
async fn a_page_has_its_policy_and_is_asked_for_again_by_its_tag() {
    let folder = tempfile::tempdir().unwrap();
    let server = serving(folder.path(), "one");
    let index = get(&server, "/").await;
    assert_eq!((index.status, index.text), (StatusCode::OK, format!("{INDEX}one")));
    for (name, expected) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-cache"),
    ] {
        assert_eq!(index.headers[name], expected, "{name}");
    }
    let tag = index.headers["etag"].clone();
    let again = |server: Server| {
        let request = Request::get("/").header("if-none-match", tag.clone()).body(Body::empty()).unwrap();
        async move { send(&server, request).await }
    };
    let same = again(server).await;
    assert_eq!((same.status, same.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let changed = again(serving(folder.path(), "two")).await;
    assert_eq!((changed.status, changed.text), (StatusCode::OK, format!("{INDEX}two")));
}

#[tokio::test]
async fn only_the_files_of_the_page_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = serving(&folder.path().join("page"), "one");
    std::fs::write(folder.path().join("secret"), "x").unwrap();
    let script = get(&server, "/sub/a.js").await;
    assert_eq!((script.status, &script.text[..]), (StatusCode::OK, "let a"));
    assert_eq!(script.headers["content-type"], "text/javascript; charset=utf-8");
    // What came after the server was started is none of the page's either.
    std::fs::write(folder.path().join("page/late.txt"), "x").unwrap();
    for path in
        ["/sub", "/sub/", "/late.txt", "/../secret", "/sub/../../secret", "/%2e%2e/secret", "//index.html/"]
    {
        let answer = get(&server, path).await;
        assert_eq!(
            (answer.status, answer.text.contains("unknown_url")),
            (StatusCode::NOT_FOUND, true),
            "{path}"
        );
    }
    assert_eq!(post(&server, "/index.html", &serde_json::Value::Null).await.status, StatusCode::NOT_FOUND);
    let none = Page::read(&folder.path().join("page/sub")).unwrap_err().to_string();
    assert!(none.contains("build the page first"), "{none}");
}
