//! The system's side of `platform::http`: ureq on threads, so that the engine's own thread never waits.

use std::io::Read;
use std::sync::LazyLock;
use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_util::StreamExt;
use ureq::Agent;
use ureq::config::RedirectAuthHeaders;

use super::super::http::host;
use crate::{Error, Result};

/// Bytes handed over at once; smaller pieces would wake the engine too often, larger ones come too seldom
/// over a slow line.
const CHUNK: usize = 32 << 10;
/// Chunks that may wait for the engine; a full queue slows the network down.
const QUEUE: usize = 8;

/// One for all that fetch files, so that connections are used again.
static AGENT: LazyLock<Agent> = LazyLock::new(agent);

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        // A token is for the host that it was meant for, never for the one that serves the bytes.
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .user_agent(concat!("polo/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_resolve(Some(Duration::from_secs(20)))
        .max_idle_connections_per_host(8)
        .build()
        .into()
}

/// An agent with one connection, which ends with this value: a server that is still at work is to notice.
struct Line(Option<Agent>);

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(agent) = self.0.take() {
            agent.shutdown();
        }
    }
}

type Head = (u16, Vec<(String, String)>);

pub(in crate::platform) struct Response {
    head: Head,
    chunks: mpsc::Receiver<Result<Vec<u8>>>,
    _line: Line,
}

/// A POST with a body, else a GET.
pub(in crate::platform) async fn send(
    url: &str,
    headers: &[(&str, String)],
    body: Option<&str>,
    stall_ms: u32,
) -> Result<Response> {
    let stall = Some(Duration::from_millis(u64::from(stall_ms)));
    let method = if body.is_some() { "POST" } else { "GET" };
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    // Who speaks with a server waits for each of its words; a file comes in large pieces.
    let at_once = body.is_some();
    let body = body.map(str::to_owned);
    let agent = if at_once { agent() } else { AGENT.clone() };
    let line = Line(at_once.then(|| agent.clone()));
    let (head_sender, head) = oneshot::channel::<Result<Head>>();
    let (sender, chunks) = mpsc::channel(QUEUE);
    let url = url.to_owned();
    let gone = Error::fetch(&url, "the thread that asked is gone, which is a bug");
    std::thread::spawn(move || match call(&agent, request, body, stall) {
        Ok(response) => {
            let text = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            };
            let headers = response.headers().iter().filter_map(text).collect();
            if head_sender.send(Ok((response.status().as_u16(), headers))).is_ok() {
                pass_on(&url, response.into_body().into_reader(), at_once, sender);
            }
        }
        Err(error) => drop(head_sender.send(Err(explain(&url, &error)))),
    });
    let head = head.await.unwrap_or(Err(gone))?;
    Ok(Response { head, chunks, _line: line })
}

fn call(
    agent: &Agent,
    request: ureq::http::request::Builder,
    body: Option<String>,
    stall: Option<Duration>,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    fn run<B: ureq::AsSendBody>(
        agent: &Agent,
        request: ureq::http::Request<B>,
        stall: Option<Duration>,
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let config = agent.configure_request(request);
        agent.run(config.timeout_per_read(stall).timeout_recv_response(stall).build())
    }
    match body {
        Some(body) => run(agent, request.body(body)?, stall),
        None => run(agent, request.body(())?, stall),
    }
}

/// Sends the body until it ends or nobody listens any more.
fn pass_on(url: &str, mut body: impl Read, at_once: bool, mut sender: mpsc::Sender<Result<Vec<u8>>>) {
    let mut send = |item| {
        let ready = std::future::poll_fn(|context| sender.poll_ready(context));
        pollster::block_on(ready).is_ok() && sender.start_send(item).is_ok()
    };
    loop {
        let mut chunk = vec![0; CHUNK];
        let mut filled = 0;
        let mut end = None;
        while filled < CHUNK && end.is_none() && !(at_once && filled > 0) {
            match body.read(&mut chunk[filled..]) {
                Ok(0) => end = Some(None),
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => end = Some(Some(explain(url, &ureq::Error::from(error)))),
            }
        }
        chunk.truncate(filled);
        if filled > 0 && !send(Ok(chunk)) {
            return;
        }
        match end {
            None => {}
            Some(None) => return,
            Some(Some(error)) => {
                send(Err(error));
                return;
            }
        }
    }
}

/// Whether a name led to no address: std has no kind for it, but one text (Windows: one number).
fn is_unknown_host(error: &std::io::Error) -> bool {
    const WSAHOST_NOT_FOUND: i32 = 11001;
    error.to_string().starts_with("failed to lookup address")
        || error.raw_os_error() == Some(WSAHOST_NOT_FOUND)
}

fn insecure(host: &str, error: &dyn std::fmt::Display) -> String {
    format!("no secure connection to {host} ({error}); is this machine's clock right?")
}

/// Why no answer came, and what to do about it.
fn explain(url: &str, error: &ureq::Error) -> Error {
    let host = host(url);
    let what = match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            return Error::BadRequest(format!("{url} is no address: {error}"));
        }
        ureq::Error::HostNotFound => format!("{host} was not found; is the network there?"),
        ureq::Error::Io(error) if is_unknown_host(error) => {
            format!("{host} was not found; is the network there?")
        }
        ureq::Error::Timeout(_) => format!("{host} went silent ({error}); is the network there?"),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            format!("{host} cannot be reached; is the network there?")
        }
        ureq::Error::ConnectionFailed => format!("{host} cannot be reached; is the network there?"),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => insecure(host, error),
        // What rustls finds wrong with a certificate comes as this kind.
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => insecure(host, error),
        ureq::Error::Io(error) => format!("the connection to {host} broke ({error}); is the network there?"),
        other => format!("{host}: {other}"),
    };
    Error::fetch(url, what)
}

impl Response {
    pub(in crate::platform) fn status(&self) -> u16 {
        self.head.0
    }

    pub(in crate::platform) fn header(&self, name: &str) -> Option<String> {
        self.head.1.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    pub(in crate::platform) async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        self.chunks.next().await.transpose()
    }
}
