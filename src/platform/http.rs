//! HTTP as both sides have it: a GET or a POST that tells status and headers, then streams its body; and an
//! address as a source of bytes.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::LocalBoxFuture;

use super::{ByteSource, check_range, sleep_ms, twin};
use crate::{Error, Result};

/// The first request brings this much, so that a small file takes one request, in bytes.
const HEAD_BYTES: u64 = 64 << 10;
/// A body that must be held whole, because its server knows no ranges, is refused from here on, in bytes.
const MAX_WHOLE: u64 = 512 << 20;
/// A read of a range is tried so often before its failure counts.
const TRIES: u32 = 4;
/// Silence after which a connection counts as dead, in milliseconds.
pub const STALL_MS: u32 = 20_000;

/// Origins and their secrets: requests to an origin, and to no other, carry its own.
static TOKENS: RwLock<Vec<(String, String)>> = RwLock::new(Vec::new());

/// Lets requests to one origin (`https://host`) carry a token from now on, or none any more.
pub fn authorize(origin: &str, token: Option<&str>) {
    let origin = origin.trim_end_matches('/');
    let mut tokens = TOKENS.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    tokens.retain(|(known, _)| known != origin);
    tokens.extend(token.map(|token| (origin.to_owned(), token.to_owned())));
}

static OFFLINE: AtomicBool = AtomicBool::new(false);

/// From now on whether every request is refused, because the person wants none.
pub fn stay_offline(offline: bool) {
    OFFLINE.store(offline, Ordering::Relaxed);
}

fn token_for(url: &str) -> Option<String> {
    let tokens = TOKENS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let is_of = |origin: &str| url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'));
    tokens.iter().find(|(origin, _)| is_of(origin)).map(|(_, token)| token.clone())
}

fn authorization(url: &str) -> Option<(&'static str, String)> {
    token_for(url).map(|token| ("Authorization", format!("Bearer {token}")))
}

/// What to ask for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask {
    /// First byte and the one after the last; `None` for everything.
    pub range: Option<(u64, u64)>,
    /// Silence after which the connection counts as dead, in milliseconds; 0 for [`STALL_MS`].
    pub stall_ms: u32,
}

/// An answer whose body is still to come. Dropping it ends the connection.
pub struct Response(twin::http::Response);

/// Asks an address. An error means that no answer came; any status is an answer.
pub async fn get(url: &str, ask: Ask) -> Result<Response> {
    if OFFLINE.load(Ordering::Relaxed) {
        let what = "HF_HUB_OFFLINE is set, so nothing is asked of the network; unset it, or take a model that is \
                    stored (`polo list`)";
        return Err(Error::fetch(url, what));
    }
    let mut headers = Vec::new();
    if let Some((start, end)) = ask.range {
        headers.push(("Range", format!("bytes={start}-{}", end.max(start + 1) - 1)));
    }
    headers.extend(authorization(url));
    let stall_ms = if ask.stall_ms == 0 { STALL_MS } else { ask.stall_ms };
    twin::http::send(url, &headers, None, stall_ms).await.map(Response)
}

/// Speaks with a server that the person named, whatever [`stay_offline`] says: that is about models to fetch. A
/// `body` of JSON makes it a POST, whose answer's bytes come as soon as they are there.
pub async fn talk(url: &str, body: Option<&str>, stall_ms: u32) -> Result<Response> {
    let mut headers = vec![("Accept", "application/json, text/event-stream".to_owned())];
    if body.is_some() {
        headers.push(("Content-Type", "application/json".to_owned()));
    }
    headers.extend(authorization(url));
    twin::http::send(url, &headers, body, stall_ms).await.map(Response)
}

impl Response {
    /// The status, e.g. 206.
    pub fn status(&self) -> u16 {
        self.0.status()
    }

    /// A header, by its name in lower case; in the browser only what the server exposes.
    pub fn header(&self, name: &str) -> Option<String> {
        self.0.header(name)
    }

    /// The next bytes of the body, of any number above 0; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        self.0.chunk().await
    }

    /// The rest of the body, at most `limit` bytes of it.
    pub async fn body(&mut self, url: &str, limit: u64) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > limit {
                return Err(Error::fetch(url, format!("more than {limit} bytes came, expected fewer")));
            }
        }
        Ok(body)
    }

    /// First byte and length of the whole, from `Content-Range`.
    pub fn content_range(&self) -> Option<(u64, Option<u64>)> {
        let value = self.header("content-range")?;
        let (range, total) = value.trim().strip_prefix("bytes")?.trim().split_once('/')?;
        let start = range.split('-').next()?.trim().parse().ok()?;
        Some((start, total.trim().parse().ok()))
    }

    /// What the server asks to wait, in milliseconds; at most ten minutes.
    pub fn retry_after_ms(&self) -> Option<u32> {
        // By the server's own clock, where it tells the time.
        let now = self.header("date").and_then(|date| seconds_of(&date));
        let now = now.or_else(|| {
            Some(web_time::SystemTime::now().duration_since(web_time::UNIX_EPOCH).ok()?.as_secs())
        });
        wait_seconds(&self.header("retry-after")?, now?).map(|seconds| seconds * 1000)
    }

    /// Whether the same request may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self.status(), 408 | 429 | 500 | 502 | 503 | 504)
    }

    /// The error for a status that is no success.
    pub fn refusal(&self, url: &str) -> Error {
        let host = host(url);
        match self.status() {
            401 | 403 => Error::Gated(format!(
                "{host} refuses {url} ({}): it wants a sign-in, or the address has expired",
                self.status()
            )),
            404 | 410 => Error::NotFound(format!("{url}: there is nothing at this address; check it")),
            429 => Error::fetch(url, format!("{host} says that too much was asked (429); try again later")),
            status @ 500..=599 => {
                Error::fetch(url, format!("{host} has a fault of its own ({status}); try again later"))
            }
            status => Error::fetch(url, format!("{host} answered {status}, expected 200 or 206")),
        }
    }
}

/// Seconds since 1970 of a date as HTTP writes it.
fn seconds_of(date: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(date.trim()).ok()?;
    time.duration_since(std::time::UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// What `Retry-After` means at a time in seconds since 1970: a number of seconds, or a date (RFC 9110, 10.2.3).
fn wait_seconds(value: &str, now: u64) -> Option<u32> {
    const LONGEST: u64 = 600;
    let seconds = value.trim().parse().ok().or_else(|| Some(seconds_of(value)?.saturating_sub(now)))?;
    u32::try_from(seconds.min(LONGEST)).ok()
}

/// The host of an address, for messages.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// A wait before the next of several tries: doubling from half a second to half a minute, with jitter so
/// that many clients do not come back at once. In milliseconds.
pub fn back_off_ms(failures: u32) -> u32 {
    let full = (500u32 << failures.min(6)).min(30_000);
    full / 2 + twin::random() % (full / 2)
}

/// Asks until an answer comes that is more than a passing fault, a few times.
pub async fn get_patiently(url: &str, ask: Ask) -> Result<Response> {
    for failures in 0.. {
        let last = failures + 1 >= TRIES || OFFLINE.load(Ordering::Relaxed);
        let wait = match get(url, ask).await {
            Ok(response) if response.is_passing() && !last => {
                response.retry_after_ms().unwrap_or_else(|| back_off_ms(failures))
            }
            Err(Error::Fetch { .. }) if !last => back_off_ms(failures),
            other => return other,
        };
        sleep_ms(wait).await;
    }
    unreachable!("the loop ends at its last try")
}

/// An address whose server answers ranges, or whose whole body is held because it does not.
struct UrlSource {
    url: String,
    len: u64,
    /// The bytes from the start that are here already; all of them where the server knows no ranges.
    head: Vec<u8>,
}

impl UrlSource {
    async fn read_once(&self, start: u64, end: u64) -> Result<Vec<u8>> {
        let mut response = get_patiently(&self.url, Ask { range: Some((start, end)), stall_ms: 0 }).await?;
        match response.status() {
            206 => {}
            200 => return Err(Error::Damaged { file: self.url.clone(), what: CHANGED.into() }),
            _ => return Err(response.refusal(&self.url)),
        }
        if response
            .content_range()
            .is_some_and(|(at, total)| at != start || total.is_some_and(|t| t != self.len))
        {
            return Err(Error::Damaged { file: self.url.clone(), what: CHANGED.into() });
        }
        let bytes = response.body(&self.url, end - start).await?;
        if bytes.len() as u64 != end - start {
            let what = format!("{} bytes came for a range of {}; try again", bytes.len(), end - start);
            return Err(Error::fetch(&self.url, what));
        }
        Ok(bytes)
    }
}

const CHANGED: &str = "the file changed on the server while it was read; load it again";

impl ByteSource for UrlSource {
    fn name(&self) -> &str {
        &self.url
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            check_range(&self.url, self.len, offset, len)?;
            let end = offset + len as u64;
            if len == 0 {
                return Ok(Vec::new());
            }
            if end <= self.head.len() as u64 {
                return Ok(self.head[offset as usize..end as usize].to_vec());
            }
            let mut failures = 0;
            loop {
                match self.read_once(offset, end).await {
                    Err(Error::Fetch { .. }) if failures + 1 < TRIES => {
                        sleep_ms(back_off_ms(failures)).await;
                        failures += 1;
                    }
                    other => return other,
                }
            }
        })
    }
}

/// Opens an address for ranged reading; one that is not there is `None`.
pub(super) async fn open(location: &str) -> Result<Option<Box<dyn ByteSource>>> {
    let mut response = get_patiently(location, Ask { range: Some((0, HEAD_BYTES)), stall_ms: 0 }).await?;
    let status = response.status();
    // A development server answers a missing path with its index page; an empty file has no ranges.
    let page = response.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    if matches!(status, 404 | 410) || (page && matches!(status, 200 | 206)) {
        return Ok(None);
    }
    if status == 416 {
        return Ok(Some(Box::new(UrlSource { url: location.into(), len: 0, head: Vec::new() })));
    }
    if !matches!(status, 200 | 206) {
        return Err(response.refusal(location));
    }
    let total = response.content_range().and_then(|(_, total)| total);
    let claimed = response.header("content-length").and_then(|text| text.parse::<u64>().ok());
    if status == 200 && claimed.is_some_and(|length| length > MAX_WHOLE) {
        let what = "its server gives no ranges of bytes, so it cannot be read in pieces; download it first";
        return Err(Error::fetch(location, what));
    }
    let head = response.body(location, MAX_WHOLE).await?;
    let here = head.len() as u64;
    let len = match (status, total) {
        (206, Some(total)) if total >= here => total,
        (206, _) if here < HEAD_BYTES => here,
        (206, _) => {
            let what = "the server hides the file's length (it must expose the header Content-Range)";
            return Err(Error::fetch(location, what));
        }
        // No ranges here: the body is the whole file, already read.
        _ => here,
    };
    Ok(Some(Box::new(UrlSource { url: location.into(), len, head })))
}

#[cfg(test)]
mod tests {
    use super::{seconds_of, wait_seconds};

    #[test]
    fn a_wait_is_a_number_or_a_date() {
        let now = seconds_of("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(now, 784_111_777);
        assert_eq!(wait_seconds(" 7", now), Some(7));
        assert_eq!(wait_seconds("99999999999", now), Some(600));
        assert_eq!(wait_seconds("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(30));
        assert_eq!(wait_seconds("Sun, 06 Nov 1994 08:49:07 GMT", now), Some(0), "it is over");
        assert_eq!(wait_seconds("Sat, 06 Nov 2094 08:49:07 GMT", now), Some(600));
        assert_eq!(wait_seconds("soon", now), None);
    }
}
