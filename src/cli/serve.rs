//! `polo serve`: the server in the foreground, until Ctrl-C.

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;

use super::args::ModelArgs;
use super::failure::Failure;
use super::output::Output;
use super::session::Session;
use crate::platform::http;
use crate::protocol::ModelSource;
use crate::server::{
    EMBEDDED, Host, KeepAlive, Named, PORT, Page, Refusal, Server, ServerOptions, parse_keep_alive,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  polo serve                                     Polo Tiny on http://127.0.0.1:11435
  polo serve --model marco-o1 --port 8080
  polo serve --host 0.0.0.0 --api-key secret     for other machines; the key may be in POLO_API_KEY
  polo serve --cors https://example.org          pages of this origin may ask

  curl http://127.0.0.1:11435/v1/chat/completions -H 'content-type: application/json' \\
    -d '{\"model\": \"polo-tiny\", \"messages\": [{\"role\": \"user\", \"content\": \"What is 12 + 34 * 5?\"}]}'

Ctrl-C lets what is under way end; a second one does not. docs/SERVER.md has the endpoints.";

/// Arguments of `polo serve`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ServeArgs {
    /// Name or address to listen on; 0.0.0.0 is reached from other machines
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub(super) host: String,
    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    pub(super) port: u16,
    /// Key that clients have to send [default: `POLO_API_KEY`, else none]
    #[arg(long, value_name = "KEY")]
    pub(super) api_key: Option<String>,
    /// Origin whose pages may ask, beside those of this machine; may be given several times; * is everyone
    #[arg(long, value_name = "ORIGIN")]
    pub(super) cors: Vec<String>,
    /// Replies that may be under way or wait; one more is told to come back later
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(super) queue: usize,
    /// How long a model stays in memory after its last request: 5m, a number of seconds, or -1 for ever
    #[arg(long, value_name = "TIME", default_value = "5m", allow_hyphen_values = true)]
    pub(super) keep_alive: String,
    /// Seconds that what is under way may take after Ctrl-C
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(super) grace: u64,
    /// Log what people write, too; without it a line says method, path, status, time and tokens
    #[arg(long)]
    pub(super) log_content: bool,
    /// Folder of a built page to serve at / [default: the page in this program, if one was built in]
    #[arg(long, value_name = "FOLDER")]
    pub(super) page: Option<PathBuf>,
    #[command(flatten)]
    pub(super) model: ModelArgs,
}

impl ServeArgs {
    fn keep_alive(&self) -> Result<KeepAlive, Failure> {
        parse_keep_alive(&self.keep_alive).map_err(|what| bad(format!("--keep-alive: {what}")))
    }

    fn page(&self) -> Result<Page, Failure> {
        let Some(folder) = &self.page else { return Ok(Page::built_in()) };
        Page::read(folder).map_err(|error| bad(format!("--page {}: {error}", folder.display())))
    }

    fn api_key(&self) -> Option<String> {
        let key = self.api_key.clone().or_else(|| std::env::var("POLO_API_KEY").ok());
        key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty())
    }
}

fn bad(message: String) -> Failure {
    Failure::Error { kind: "bad_request".into(), message }
}

/// Serves until it is told to stop.
pub(super) fn run(args: &ServeArgs, output: &mut Output) -> Result<(), Failure> {
    let options = ServerOptions {
        host: args.host.trim_matches(['[', ']']).to_owned(),
        model: named(args, output)?,
        load: args.model.options(),
        api_key: args.api_key(),
        cors: args.cors.clone(),
        queue: args.queue,
        keep_alive: args.keep_alive()?,
        log: true,
        log_content: args.log_content,
        grace: Duration::from_secs(args.grace),
        page: args.page()?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(serve(options, args.port, output))
}

/// The model under the name that requests know it by; one of a hub is fetched first, as people expect it.
fn named(args: &ServeArgs, output: &mut Output) -> Result<Named, Failure> {
    let source = match args.model.source()? {
        source @ (ModelSource::Hub { .. } | ModelSource::Url { .. }) => {
            let mut session = Session::start();
            ModelSource::Stored { name: session.pull(source, output)?.name }
        }
        other => other,
    };
    let name = match &source {
        ModelSource::Stored { name } => name.clone(),
        ModelSource::Path { path } => {
            let path = std::path::Path::new(path);
            let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
            name.map_or_else(|| "model".into(), |name| name.to_string_lossy().into_owned())
        }
        ModelSource::Remote { url, model, .. } => {
            super::engine_args::authorize_serving(&source)?;
            model.clone().unwrap_or_else(|| http::host(url).to_owned())
        }
        _ => EMBEDDED.into(),
    };
    Ok(Named { name, source })
}

async fn serve(options: ServerOptions, port: u16, output: &mut Output) -> Result<(), Failure> {
    let (host, model) = (options.host.clone(), options.model.name.clone());
    let failed = |error: std::io::Error| Failure::Error {
        kind: "listen".into(),
        message: format!("cannot listen on {host}, port {port}: {error}; choose another with --port"),
    };
    let listener = TcpListener::bind((host.as_str(), port)).await.map_err(failed)?;
    let address = listener.local_addr()?;
    let host = Host::start(super::environment::store_options());
    let server = Server::new(host.clone(), options);
    // A program that started it may wait for this line.
    output.line(&format!("Polo listens on http://{address} and loads {model}"))?;
    output.flush()?;
    let (failing, mut failures) = tokio::sync::mpsc::channel::<Refusal>(1);
    let loading = server.clone();
    tokio::spawn(async move {
        if let Err(refusal) = loading.load().await {
            // Nothing to serve with: that is for who started it to mend.
            let _ = failing.send(refusal).await;
        } else {
            // Keeps the channel open.
            std::future::pending::<()>().await;
        }
    });
    let stop = async {
        interrupted().await;
        eprintln!("polo: shutting down; what is under way may end (Ctrl-C again does not wait)");
        tokio::spawn(async {
            interrupted().await;
            std::process::exit(130);
        });
    };
    let outcome = tokio::select! {
        () = server.serve(listener, stop) => Ok(()),
        Some(refusal) = failures.recv() => {
            Err(Failure::Error { kind: refusal.code.unwrap_or("bad_request").into(), message: refusal.message })
        }
    };
    host.stop();
    outcome
}

/// Until Ctrl-C, or until a service manager asks for an end.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Where no handler can be set, only the system's own end is left.
    let _ = tokio::signal::ctrl_c().await;
}
