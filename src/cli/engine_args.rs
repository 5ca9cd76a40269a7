//! `--engine`: a model behind a server instead of one on this machine.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::failure::Failure;
use crate::platform::http;
use crate::protocol::{ModelSource, Request, ThoughtFormat};

/// Which server, and how to speak with it.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "A model elsewhere")]
pub(super) struct EngineArgs {
    /// Ask a server that speaks OpenAI's API (vLLM, llama.cpp, `polo serve`) instead of this machine's GPU, e.g.
    /// `http://localhost:8000/v1`; its key is read from `POLO_ENGINE_KEY`, `POLO_API_KEY` or `OPENAI_API_KEY`
    #[arg(long, value_name = "URL", conflicts_with = "model")]
    pub(super) engine: Option<String>,
    /// Which of the server's models [default: its only one]
    #[arg(long, value_name = "NAME", requires = "engine")]
    pub(super) remote_model: Option<String>,
    /// Requests to the server at once [default: as many as a search has lanes]
    #[arg(long, value_name = "N", requires = "engine", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(super) concurrency: Option<u32>,
    /// Seconds of silence after which a request to the server counts as dead [default: 120]
    #[arg(long, value_name = "SECONDS", requires = "engine", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(super) timeout: Option<u32>,
    /// How the server's model marks its thoughts [default: found out]
    #[arg(long, value_name = "FORMAT", requires = "engine", value_parser = thoughts_parser())]
    pub(super) thoughts: Option<ThoughtFormat>,
}

fn thoughts_parser() -> impl TypedValueParser<Value = ThoughtFormat> {
    PossibleValuesParser::new(["marco", "think", "none"]).map(|name| match name.as_str() {
        "marco" => ThoughtFormat::Marco,
        "think" => ThoughtFormat::Think,
        _ => ThoughtFormat::None,
    })
}

impl EngineArgs {
    /// The server, if one is named.
    pub(super) fn source(&self) -> Option<ModelSource> {
        Some(ModelSource::Remote {
            url: self.engine.clone()?,
            model: self.remote_model.clone(),
            connections: self.concurrency.map(|count| count as usize),
            timeout_s: self.timeout,
            thoughts: self.thoughts,
        })
    }
}

/// Gives the engine the key of a server, before it is asked anything; nothing for other sources.
pub(super) fn key_for(source: &ModelSource) -> Result<Option<Request>, Failure> {
    let key = key(source, false)?;
    Ok(key.map(|(origin, key)| Request::Authorize { origin: Some(origin), token: Some(key) }))
}

/// The same for a program that serves: its engine is not its own to ask.
pub(super) fn authorize_serving(source: &ModelSource) -> Result<(), Failure> {
    if let Some((origin, key)) = key(source, true)? {
        http::authorize(&origin, Some(&key));
    }
    Ok(())
}

/// Origin of the server and its key.
fn key(source: &ModelSource, serving: bool) -> Result<Option<(String, String)>, Failure> {
    let ModelSource::Remote { url, .. } = source else { return Ok(None) };
    let Some(key) = super::environment::server_key(serving) else { return Ok(None) };
    if !key.chars().all(|c| c.is_ascii_graphic()) {
        let what = "the key in POLO_ENGINE_KEY, POLO_API_KEY or OPENAI_API_KEY holds letters that no key has; set it again";
        return Err(crate::Error::BadRequest(what.into()).into());
    }
    Ok(Some((origin(url), key)))
}

/// Scheme and host of an address.
fn origin(url: &str) -> String {
    let url = url.trim();
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    url[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Args, Command};

    #[test]
    fn the_key_goes_to_the_host_alone() {
        assert_eq!(origin("http://h:8000/v1"), "http://h:8000");
        assert_eq!(origin(" https://h"), "https://h");
        assert_eq!(origin("https://h?x=/"), "https://h");
    }

    #[test]
    fn every_flag_reaches_the_source() {
        let words =
            "polo ask --engine http://h/v1 --remote-model m --concurrency 3 --timeout 5 --thoughts think hi";
        let Command::Ask(args) = Args::try_parse_from(words.split(' ')).unwrap().command else { panic!() };
        let expected = ModelSource::Remote {
            url: "http://h/v1".into(),
            model: Some("m".into()),
            connections: Some(3),
            timeout_s: Some(5),
            thoughts: Some(ThoughtFormat::Think),
        };
        assert_eq!(args.model.source().unwrap(), expected);
    }

    #[test]
    fn without_an_address_there_is_no_server() {
        assert_eq!(EngineArgs::default().source(), None);
        assert!(key_for(&ModelSource::Embedded).unwrap().is_none());
    }
}
