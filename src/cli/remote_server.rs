//! `polo ps` and `polo stop`: what a running `polo serve` holds.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::failure::Failure;
use super::output::Output;
use crate::Error;
use crate::server::PORT;

/// A server on this machine that does not answer in this time will not.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) const PS_EXAMPLES: &str = "\
Examples:
  polo ps
  POLO_HOST=gpu-box:11435 polo ps
  polo ps --host http://127.0.0.1:11434         Ollama answers this too

Without --host POLO_HOST says where the server is, else it is this machine, port 11435. POLO_API_KEY is sent where it
is set.";

pub(super) const STOP_EXAMPLES: &str = "\
Examples:
  polo stop polo-tiny                           the server gives the model's memory back";

/// Where the server is.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ServerArgs {
    /// Address of the server: HOST, HOST:PORT or http://HOST:PORT [default: 127.0.0.1:11435]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) host: Option<String>,
}

/// Arguments of `polo ps`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct PsArgs {
    #[command(flatten)]
    pub(super) server: ServerArgs,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `polo stop`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct StopArgs {
    /// As `polo ps` names it
    #[arg(value_name = "MODEL")]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

pub(super) fn ps(args: &PsArgs, output: &mut Output) -> Result<(), Failure> {
    let answer = ask(&args.server, "/api/ps", None)?;
    if args.json {
        return output.json(&answer);
    }
    output.text(&table(&answer))
}

pub(super) fn stop(args: &StopArgs, output: &mut Output) -> Result<(), Failure> {
    // Ollama's way to say it.
    let body = json!({ "model": args.name, "keep_alive": 0, "stream": false });
    ask(&args.server, "/api/generate", Some(&body))?;
    output.note(&format!("{} is given back.", args.name));
    Ok(())
}

/// A server's address, of what a person wrote.
fn address(text: &str) -> Result<String, Error> {
    let text = text.trim().trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let (host, path) =
        rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    // [::1]:80 has colons of its own.
    let after = host.rfind(']').map_or(0, |end| end + 1);
    let (name, port) = match host[after..].rfind(':') {
        Some(at) => (&host[..after + at], &host[after + at + 1..]),
        None => (host, ""),
    };
    let given = text.contains("://");
    let port = match port {
        "" if given => {
            if scheme == "https" {
                443
            } else {
                80
            }
        }
        "" => PORT,
        port => port.parse().map_err(|_| {
            Error::BadRequest(format!("{text}: {port} is no port; expected HOST:PORT or http://HOST:PORT"))
        })?,
    };
    if !["http", "https"].contains(&scheme) {
        return Err(Error::BadRequest(format!("{text}: expected http:// or https:// before the host")));
    }
    // A server that listens on every address is asked on one of them.
    let name = match name {
        "" | "0.0.0.0" | "[::]" => "127.0.0.1",
        name => name,
    };
    Ok(format!("{scheme}://{name}:{port}{path}"))
}

/// Asks the server; with a body by POST.
fn ask(server: &ServerArgs, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
    let variable = |name: &str| super::environment::variable(name);
    let named = server.host.clone().or_else(|| variable("POLO_HOST"));
    let base = address(named.as_deref().unwrap_or_default())?;
    let url = format!("{base}{path}");
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        .build()
        .into();
    let key = variable("POLO_API_KEY").map(|key| format!("Bearer {key}"));
    let sent = match body {
        None => {
            let request = agent.get(&url);
            match &key {
                Some(key) => request.header("authorization", key).call(),
                None => request.call(),
            }
        }
        Some(body) => {
            let request = agent.post(&url).header("content-type", "application/json");
            match &key {
                Some(key) => request.header("authorization", key).send(body.to_string()),
                None => request.send(body.to_string()),
            }
        }
    };
    let mut response = sent.map_err(|error| match error {
        ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => Error::fetch(
            &base,
            "no server runs there; `polo serve` starts one, POLO_HOST or --host say where it is",
        ),
        other => Error::fetch(&base, other),
    })?;
    let status = response.status();
    let text = response.body_mut().read_to_string().map_err(|error| Error::fetch(&base, error))?;
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status.is_success() && value.is_object() {
        return Ok(value);
    }
    let message = value["error"].as_str().or(value["error"]["message"].as_str());
    let what = match message {
        Some(message) => message.to_owned(),
        None => format!("{path} was answered with {status}; is it a `polo serve`?"),
    };
    Err(Error::fetch(&base, what).into())
}

fn table(answer: &Value) -> String {
    let none = Vec::new();
    let models = answer["models"].as_array().unwrap_or(&none);
    if models.is_empty() {
        return "The server holds no model; the first request loads one.\n".into();
    }
    let name = |model: &Value| model["name"].as_str().unwrap_or_default().to_owned();
    let width = models.iter().map(|model| name(model).len()).max().unwrap_or(0).max(20);
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{:width$}  {:>10}  {:>8}  UNTIL", "NAME", "SIZE", "CONTEXT");
    for model in models {
        let size = model["size_vram"].as_u64().or(model["size"].as_u64()).unwrap_or(0);
        let context = model["context_length"].as_u64().map_or("-".into(), |tokens| tokens.to_string());
        let until = model["expires_at"].as_str().unwrap_or("-");
        let size = indicatif::DecimalBytes(size).to_string();
        let _ = writeln!(text, "{:width$}  {size:>10}  {context:>8}  {until}", name(model));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{address, table};

    #[test]
    fn addresses_are_what_people_write() {
        for (text, expected) in [
            ("", "http://127.0.0.1:11435"),
            ("gpu-box", "http://gpu-box:11435"),
            ("gpu-box:80", "http://gpu-box:80"),
            (":9000", "http://127.0.0.1:9000"),
            ("0.0.0.0:9000", "http://127.0.0.1:9000"),
            ("http://h", "http://h:80"),
            ("https://h/polo/", "https://h:443/polo"),
            ("[::1]:9000", "http://[::1]:9000"),
            ("[::1]", "http://[::1]:11435"),
        ] {
            assert_eq!(address(text).unwrap(), expected, "{text}");
        }
        assert!(address("h:many").unwrap_err().to_string().contains("many is no port"));
        assert!(address("ftp://h").is_err());
    }

    #[test]
    fn models_are_listed() {
        let model = json!({ "name": "polo-tiny:latest", "size": 5, "size_vram": 2_000_000, "context_length": 2048,
            "expires_at": "2026-01-01T00:00:00Z" });
        let text = table(&json!({ "models": [model] }));
        assert!(text.contains("polo-tiny:latest") && text.contains("2.00 MB      2048  2026-01"), "{text}");
        assert!(table(&json!({ "models": [] })).contains("holds no model"));
    }
}
