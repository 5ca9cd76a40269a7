//! Requests to a server without a port, and an engine that is made up.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use polo::protocol::{
    Channel, Event, FinishReason, Library, ModelInfo, ModelSource, Prompt, Request as Ask, SamplingOptions,
    StoredModel, Usage,
};
use polo::server::{Host, Server, ServerOptions};
use serde_json::Value;
use tower::ServiceExt;

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The data of each server-sent event, with its name; comments are left out.
    pub(crate) fn events(&self) -> Vec<(String, String)> {
        let mut events = Vec::new();
        for block in self.text.split("\n\n").filter(|block| !block.is_empty()) {
            let (mut name, mut data) = (String::new(), None);
            for line in block.lines() {
                if let Some(rest) = line.strip_prefix("data: ") {
                    data = Some(rest.to_owned());
                } else if let Some(rest) = line.strip_prefix("event: ") {
                    rest.clone_into(&mut name);
                } else {
                    assert!(line.starts_with(':'), "{line}");
                }
            }
            events.extend(data.map(|data| (name, data)));
        }
        events
    }

    /// The chunks of a stream that went well.
    #[track_caller]
    pub(crate) fn chunks(&self) -> Vec<Value> {
        let mut events = self.events();
        assert_eq!(events.pop().map(|(_, data)| data).as_deref(), Some("[DONE]"), "{}", self.text);
        events.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect()
    }
}

pub(crate) async fn send(server: &Server, request: Request<Body>) -> Answer {
    let response = server.app().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

pub(crate) async fn get(server: &Server, path: &str) -> Answer {
    send(server, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) fn posted(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

pub(crate) async fn post(server: &Server, path: &str, body: &Value) -> Answer {
    send(server, posted(path, body.to_string())).await
}

/// A model that is here.
pub(crate) fn stored(name: &str) -> StoredModel {
    StoredModel {
        name: name.into(),
        source: ModelSource::Url { url: "http://x/y.gguf".into() },
        bytes: 1,
        done_bytes: 1,
        complete: true,
        modified_ms: 0,
        folder: String::new(),
    }
}

/// A made-up engine: what it was asked, and how it answers.
#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) asked: Arc<Mutex<Vec<Ask>>>,
    /// Replies never end.
    pub(crate) hangs: bool,
    /// Loads fail.
    pub(crate) refuses: bool,
    /// What it tells instead of the below, where this says something.
    pub(crate) tells: Option<Tells>,
}

pub(crate) type Tells = Arc<dyn Fn(&Ask) -> Option<Vec<Event>> + Send + Sync>;

impl Script {
    /// With answers of its own to some requests.
    pub(crate) fn telling(tells: impl Fn(&Ask) -> Option<Vec<Event>> + Send + Sync + 'static) -> Self {
        Self { tells: Some(Arc::new(tells)), ..Self::default() }
    }

    pub(crate) fn server(&self, options: ServerOptions) -> Server {
        Server::new(self.host(), options)
    }

    pub(crate) fn host(&self) -> Arc<Host> {
        let this = self.clone();
        Host::with(Box::new(move |emit, mut requests| {
            pollster::block_on(async {
                while let Some(request) = requests.next().await {
                    this.asked.lock().unwrap().push(request.clone());
                    match this.tells.as_ref().and_then(|tells| tells(&request)) {
                        Some(events) => events.into_iter().for_each(&*emit),
                        None => this.answer(request, &*emit),
                    }
                }
            });
        }))
    }

    fn answer(&self, request: Ask, emit: &dyn Fn(Event)) {
        match request {
            Ask::Load { id, .. } if self.refuses => {
                let (kind, message) = ("out_of_memory".into(), "it does not fit".into());
                emit(Event::Failed { id: Some(id), kind, message, context: None });
            }
            Ask::Load { id, source, .. } => {
                let name = format!("{source:?}");
                emit(Event::Loaded { id, model: ModelInfo { name, context: 100, ..ModelInfo::default() } });
            }
            Ask::Status { id } => {
                emit(Event::Status { id, running: 0, pages: 0, pages_used: 0, pages_cached: 0 });
            }
            Ask::Unload { id } => emit(Event::Unloaded { id }),
            Ask::Library { id } => {
                let models = vec![stored("a/b:Q4_0"), stored("other")];
                emit(Event::Library { id, library: Library { models, ..Library::default() } });
            }
            Ask::Tokenize { id, .. } => {
                emit(Event::Tokenized { id, tokens: vec![1, 2], texts: vec!["a".into(), "b".into()] });
            }
            Ask::Detokenize { id, .. } => emit(Event::Detokenized { id, text: "ab".into() }),
            Ask::Generate { id, sampling, .. } => {
                emit(Event::Started { id, prompt_tokens: 5, cached_tokens: 2 });
                for choice in 0..sampling.choices {
                    emit(Event::Token {
                        id,
                        choice,
                        node: 0,
                        channel: Channel::Output,
                        text: "Yes".into(),
                        token: 7,
                        logprob: -0.5,
                        top: Vec::new(),
                        bytes: Some(b"Yes".to_vec()),
                    });
                    if !self.hangs {
                        let finish_reason = FinishReason::Stop;
                        emit(Event::Ended {
                            id,
                            choice,
                            finish_reason,
                            stop: None,
                            completion_tokens: 1,
                            reasoning_tokens: 0,
                        });
                    }
                }
                if !self.hangs {
                    let (replies, finish_reason) = (Vec::new(), FinishReason::Stop);
                    emit(Event::Done { id, replies, finish_reason, usage: Usage::default() });
                }
            }
            Ask::Cancel { .. } => {}
            other => {
                let id = serde_json::to_value(other).unwrap()["id"].as_u64();
                let (kind, message) = ("bad_request".into(), "the script does not know".into());
                emit(Event::Failed { id, kind, message, context: None });
            }
        }
    }

    /// The last that it was asked to go on with.
    #[track_caller]
    pub(crate) fn generated(&self) -> (Prompt, SamplingOptions) {
        let asked = self.asked.lock().unwrap();
        let found = asked.iter().rev().find_map(|asked| match asked {
            Ask::Generate { prompt, sampling, .. } => Some((prompt.clone(), sampling.clone())),
            _ => None,
        });
        found.expect("nothing was generated")
    }

    /// Whether something of the kind was asked, waiting for it a while.
    pub(crate) fn was_asked(&self, what: impl Fn(&Ask) -> bool) -> bool {
        for _ in 0..200 {
            if self.asked.lock().unwrap().iter().any(&what) {
                return true;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        false
    }
}
