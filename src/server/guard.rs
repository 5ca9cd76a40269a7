//! Who may ask: the right host name, the right origin, the right key.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq;

use super::refusal::Refusal;
use super::{Ctx, ServerOptions};

/// What everybody may see, key or not: whether the server runs, and the page, which is no secret.
const OPEN: [&str; 3] = ["/health", "/version", "/openapi.json"];

/// What needs the key.
fn is_guarded(path: &str) -> bool {
    const GUARDED: [&str; 3] = ["/v1/", "/api/", "/metrics"];
    !OPEN.contains(&path)
        && (GUARDED.iter().any(|prefix| path.starts_with(prefix))
            || matches!(path, "/tokenize" | "/detokenize"))
}

/// A host without its port.
fn bare_host(host: &str) -> &str {
    let end = if host.starts_with('[') { host.find(']').map(|end| end + 1) } else { host.find(':') };
    end.map_or(host, |end| &host[..end])
}

/// Whether a name can only mean this machine.
pub(super) fn is_local(host: &str) -> bool {
    let host = bare_host(host).trim_matches(['[', ']']).to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a page of this origin may ask: the page that is served here, one on this machine, or one on the list.
pub(super) fn origin_allowed(options: &ServerOptions, origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    if options.cors.iter().any(|allowed| allowed == "*" || allowed.trim_end_matches('/') == origin) {
        return true;
    }
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    if !matches!(scheme, "http" | "https") {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    is_local(authority) || host == Some(authority)
}

/// Lets a request through, or says why not.
pub(super) async fn guard(State(context): Ctx, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    match check(&context.options, &path, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.respond_on(&path),
    }
}

fn check(options: &ServerOptions, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let forbidden = |message: String| Refusal::status(StatusCode::FORBIDDEN, "forbidden", message);
    // A page elsewhere can give its own name this machine's address (DNS rebinding). It cannot change the host that
    // the browser says it is asking.
    if is_local(&options.host)
        && let Some(host) = headers.get(header::HOST)
    {
        let host = host.to_str().unwrap_or("�");
        if !is_local(host) {
            let shown: String = host.chars().take(100).collect();
            return Err(forbidden(format!(
                "the host {shown:?} is not this machine; start the server with --host to be reached by other names"
            )));
        }
    }
    if let Some(origin) = headers.get(header::ORIGIN)
        && !origin_allowed(options, origin, headers)
    {
        return Err(forbidden(format!("pages of the origin {origin:?} may not ask; allow it with --cors")));
    }
    match &options.api_key {
        Some(key) if is_guarded(path) => check_key(key, headers),
        _ => Ok(()),
    }
}

/// A key in the header where OpenAI's clients put it; compared in a time that tells nothing of it.
pub(super) fn check_key(key: &str, headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let token = match given.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => token.trim_ascii(),
        _ => {
            let message = "You didn't provide an API key. Send it in the header Authorization: Bearer KEY";
            return Err(Refusal::no_key(message));
        }
    };
    if bool::from(token.ct_eq(key.as_bytes())) {
        return Ok(());
    }
    Err(Refusal::no_key("Incorrect API key provided"))
}

#[cfg(test)]
mod tests {
    use super::{bare_host, is_guarded, is_local};

    #[test]
    fn names_of_this_machine_are_known() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:1", "127.9.9.9", "[::1]:5", "a.localhost:3"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["localhost.evil.org", "127.0.0.1.evil.org:1", "192.168.1.1", "", "[::2]:5", "evil:127"] {
            assert!(!is_local(host), "{host}");
        }
        assert_eq!((bare_host("[::1]:5"), bare_host("a:1"), bare_host("a")), ("[::1]", "a", "a"));
    }

    #[test]
    fn everything_that_computes_or_tells_needs_the_key() {
        for path in ["/v1/chat/completions", "/v1/models", "/api/tags", "/metrics", "/tokenize"] {
            assert!(is_guarded(path), "{path}");
        }
        for path in ["/", "/health", "/version", "/index.html", "/openapi.json"] {
            assert!(!is_guarded(path), "{path}");
        }
    }
}
