//! The server: OpenAI's and Ollama's words over HTTP, answered by the engine on this machine's GPU.

mod body;
mod connection;
mod guard;
mod host;
mod log;
mod metrics;
mod names;
mod ollama;
mod openai;
mod page;
mod queue;
mod refusal;
mod reply;
mod slot;
mod status;
mod stream;

use std::fmt::Write;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::protocol::LoadOptions;

pub use body::MAX_BODY_BYTES;
pub use host::{Host, Serve};
pub use names::EMBEDDED;
pub use page::Page;
pub use refusal::Refusal;
pub use slot::{KeepAlive, Named, parse_keep_alive};

/// Where the server listens if nothing else is said; Ollama has the port before it.
pub const PORT: u16 = 11435;

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The name or address to listen on.
    pub host: String,
    /// The model for requests that name none, or this one.
    pub model: Named,
    /// How models are held.
    pub load: LoadOptions,
    /// What clients have to know.
    pub api_key: Option<String>,
    /// Origins whose pages may ask, beside those on this machine; `*` is everyone.
    pub cors: Vec<String>,
    /// Replies that may be under way or wait.
    pub queue: usize,
    /// How long a model stays in memory after its last request.
    pub keep_alive: KeepAlive,
    /// Whether requests are logged, a line each.
    pub log: bool,
    /// Whether what people write is logged as well.
    pub log_content: bool,
    /// What is under way at the end may take this long.
    pub grace: Duration,
    /// What is served at `/`.
    pub page: Page,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            model: Named { name: EMBEDDED.into(), source: crate::protocol::ModelSource::Embedded },
            load: LoadOptions::default(),
            api_key: None,
            cors: Vec::new(),
            queue: 256,
            keep_alive: None,
            log: false,
            log_content: false,
            grace: Duration::from_secs(30),
            page: Page::built_in(),
        }
    }
}

/// What every handler knows.
struct Inner {
    options: ServerOptions,
    host: Arc<Host>,
    slot: Arc<slot::Slot>,
    queue: queue::Queue,
    metrics: metrics::Metrics,
    started_s: u64,
    /// Whether the first model is still to come.
    starting: AtomicBool,
}

type Context = Arc<Inner>;
type Ctx = State<Context>;

/// A server without its port.
#[derive(Clone)]
pub struct Server {
    context: Context,
}

impl Server {
    /// A server over an engine.
    pub fn new(host: Arc<Host>, options: ServerOptions) -> Self {
        let context = Arc::new(Inner {
            slot: slot::Slot::new(host.clone(), options.load.clone()),
            queue: queue::Queue::new(options.queue),
            metrics: metrics::Metrics::new(),
            started_s: openai::now_s(),
            starting: AtomicBool::new(false),
            options,
            host,
        });
        Self { context }
    }

    /// All routes, with all that stands before them.
    pub fn app(&self) -> Router {
        let context = &self.context;
        routes()
            .fallback_service(self.page())
            .method_not_allowed_fallback(status::wrong_method)
            .layer(middleware::from_fn_with_state(context.clone(), guard::guard))
            .layer(self.cors())
            .layer(middleware::from_fn_with_state(context.clone(), log::accompany))
            .layer(middleware::map_response(name_server))
            .with_state(context.clone())
    }

    /// Compressed on the way, which replies are not: they come a few bytes at a time.
    fn page(&self) -> Router {
        Router::new().fallback(page::serve).layer(CompressionLayer::new()).with_state(self.context.clone())
    }

    fn cors(&self) -> CorsLayer {
        let options = self.context.options.clone();
        let allowed = AllowOrigin::predicate(move |origin, parts| {
            guard::origin_allowed(&options, origin, &parts.headers)
        });
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST, Method::DELETE, Method::HEAD])
            .allow_headers(AllowHeaders::mirror_request())
            .max_age(Duration::from_mins(10))
    }

    /// Loads the model of the command line; until then the server says that it is loading.
    pub async fn load(&self) -> Result<(), Refusal> {
        self.context.starting.store(true, Ordering::Relaxed);
        let options = &self.context.options;
        let outcome = self.context.slot.lease(&options.model, options.keep_alive).await;
        self.context.starting.store(false, Ordering::Relaxed);
        outcome.map(drop)
    }

    /// Gives the memory of a model back that nobody has used for its time. Returns whether it did.
    pub async fn tidy(&self) -> bool {
        self.context.slot.tidy().await
    }

    /// Serves until `stop`; then takes no new work, and lets what is under way end.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let this = self.clone();
        let tidying = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(500)).await;
                this.tidy().await;
            }
        });
        let this = self.clone();
        let stop = async move {
            stop.await;
            this.context.queue.close();
            tokio::spawn(async move {
                tokio::time::sleep(this.context.options.grace).await;
                this.context.host.close("shutdown", "the server is shutting down");
            });
        };
        connection::serve(listener, self.app(), stop).await;
        tidying.abort();
    }
}

fn routes() -> Router<Context> {
    Router::new()
        .route("/v1/chat/completions", post(openai::chat::complete))
        .route("/v1/completions", post(openai::completions::complete))
        .route("/v1/models", get(openai::models::list))
        .route("/v1/models/{*id}", get(openai::models::one))
        .route("/tokenize", post(openai::tokens::tokenize))
        .route("/detokenize", post(openai::tokens::detokenize))
        .route("/api/chat", post(ollama::chat::chat))
        .route("/api/generate", post(ollama::chat::generate))
        .route("/api/tags", get(ollama::models::tags))
        .route("/api/ps", get(ollama::models::running))
        .route("/api/show", post(ollama::models::show))
        .route("/api/delete", delete(ollama::models::delete))
        .route("/api/pull", post(ollama::pull::pull))
        .route("/api/version", get(ollama::version))
        .route("/api/embed", post(ollama::not_done))
        .route("/api/embeddings", post(ollama::not_done))
        .route("/api/create", post(ollama::not_done))
        .route("/health", get(status::health))
        .route("/metrics", get(status::metrics))
        .route("/version", get(status::version))
        .route("/openapi.json", get(status::openapi))
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A JSON body.
fn json_response(status: StatusCode, body: &Value) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, kind)], Body::from(body.to_string())).into_response()
}

async fn name_server(mut response: Response) -> Response {
    const NAME: HeaderValue = HeaderValue::from_static(concat!("polo/", env!("CARGO_PKG_VERSION")));
    response.headers_mut().insert(header::SERVER, NAME);
    response
}
