//! Requests to one server: bounded in number, tried again with pauses, and told in its own words when refused.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::oneshot;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::platform::http::{self, Response};
use crate::platform::{now_ms, sleep_ms};

/// Failures in a row, without a token between them, before a request gives up.
pub(super) const TRIES: u32 = 5;

/// Answers that are no streams are refused from here on, in bytes.
const LONGEST: u64 = 64 << 20;

/// What a server was asked and how it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests sent, those tried again included.
    pub requests: u64,
    /// Of them, tried again.
    pub retries: u64,
    /// Tokens that came after they were wanted.
    pub beyond: u64,
}

/// Why a request did not end well.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The same request may succeed later; after so many milliseconds, if the server says so.
    Passing(Error, Option<u32>),
    /// It will not.
    Lasting(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Fetch { .. } => Self::Passing(error, None),
            other => Self::Lasting(other),
        }
    }
}

/// One server.
pub(super) struct Client {
    /// The address that the paths of the API follow, e.g. `http://host:8000/v1`.
    base: String,
    /// Silence after which a request counts as dead, in milliseconds.
    stall_ms: u32,
    gate: Rc<Gate>,
    /// Nothing is asked before this moment: the server said so to one of the lanes.
    closed_until_ms: Cell<f64>,
    pub(super) counts: Cell<Counts>,
}

impl Client {
    /// A client with at most `connections` requests at once.
    pub(super) fn new(base: &str, connections: usize, stall_ms: u32) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            stall_ms,
            gate: Rc::new(Gate { free: Cell::new(connections.max(1)), waiting: RefCell::default() }),
            closed_until_ms: Cell::new(0.0),
            counts: Cell::default(),
        }
    }

    /// Where the API is.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// An address of the API, or beside it where the path begins with `/`.
    pub(super) fn url(&self, path: &str) -> String {
        if !path.starts_with('/') {
            return format!("{}/{path}", self.base);
        }
        let root = self.base.rsplit_once('/').map_or(self.base.as_str(), |(root, last)| {
            if last.starts_with('v') && last[1..].chars().all(|c| c.is_ascii_digit()) {
                root
            } else {
                &self.base
            }
        });
        format!("{root}{path}")
    }

    /// Asks once; a POST where there is a body. A permit is held as long as the answer.
    pub(super) async fn ask(&self, path: &str, body: Option<&Value>) -> Result<(Response, Permit)> {
        let permit = Gate::enter(&self.gate).await;
        let wait_ms = self.closed_until_ms.get() - now_ms();
        if wait_ms > 0.0 {
            #[expect(clippy::cast_sign_loss, reason = "it is more than 0")]
            sleep_ms(wait_ms as u32 + 1).await;
        }
        self.count(|counts| counts.requests += 1);
        let body = body.map(Value::to_string);
        let response = http::talk(&self.url(path), body.as_deref(), self.stall_ms).await?;
        Ok((response, permit))
    }

    /// Asks until an answer comes that is more than a passing fault; status and JSON. What is no JSON is null.
    pub(super) async fn json(&self, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let mut failures = 0;
        loop {
            match self.json_once(path, body).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => self.recover(trouble, &mut failures).await?,
            }
        }
    }

    async fn json_once(&self, path: &str, body: Option<&Value>) -> Result<(u16, Value), Trouble> {
        let (mut response, _permit) = self.ask(path, body).await?;
        if matches!(response.status(), 408 | 429 | 502 | 503 | 504) {
            return Err(self.refusal(path, response).await);
        }
        let bytes = response.body(&self.url(path), LONGEST).await?;
        Ok((response.status(), serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// What a status that is no success means, in the server's own words.
    pub(super) async fn refusal(&self, path: &str, mut response: Response) -> Trouble {
        let (status, wait_ms, passing) =
            (response.status(), response.retry_after_ms(), response.is_passing());
        let body = response.body(&self.url(path), LONGEST).await.unwrap_or_default();
        let error = self.error(path, status, &serde_json::from_slice(&body).unwrap_or_default());
        if passing { Trouble::Passing(error, wait_ms) } else { Trouble::Lasting(error) }
    }

    /// The error for a status and what came with it.
    pub(super) fn error(&self, path: &str, status: u16, body: &Value) -> Error {
        let url = self.url(path);
        let words = words(body);
        let said = words.as_ref().map(|words| format!(": {words}")).unwrap_or_default();
        if let Some((prompt_tokens, limit)) = too_long(body) {
            return Error::ContextFull { prompt_tokens, limit };
        }
        match status {
            401 | 403 => Error::Gated(format!(
                "{} refuses the key ({status}){said}; set POLO_API_KEY, or give the server's key in the page",
                http::host(&url)
            )),
            400 | 404 | 405 | 413 | 422 => Error::BadRequest(format!("{url} answered {status}{said}")),
            429 => Error::fetch(url, format!("too much was asked (429){said}; try again later")),
            500..=599 => Error::fetch(url, format!("the server has a fault of its own ({status}){said}")),
            _ => Error::fetch(url, format!("the server answered {status}{said}, expected 200")),
        }
    }

    /// Waits after a passing trouble; a lasting one, or one too many, is the end.
    pub(super) async fn recover(&self, trouble: Trouble, failures: &mut u32) -> Result<()> {
        let (error, wait_ms) = match trouble {
            Trouble::Lasting(error) => return Err(error),
            Trouble::Passing(error, wait_ms) => (error, wait_ms),
        };
        *failures += 1;
        if *failures >= TRIES {
            return Err(error);
        }
        self.count(|counts| counts.retries += 1);
        let own_ms = http::back_off_ms(*failures - 1);
        match wait_ms {
            // The limit is that of the key, not of one lane.
            Some(wait_ms) => {
                let until_ms = now_ms() + f64::from(wait_ms);
                self.closed_until_ms.set(self.closed_until_ms.get().max(until_ms));
                // Not all at once afterwards.
                sleep_ms(wait_ms + own_ms.min(250)).await;
            }
            None => sleep_ms(own_ms).await,
        }
        Ok(())
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }
}

/// What a server says of its refusal: `{"error": {"message": …}}`, or as older ones write it.
pub(super) fn words(body: &Value) -> Option<String> {
    const LONGEST: usize = 400;
    let error = &body["error"];
    let found =
        [&error["message"], error, &body["message"], &body["detail"]].into_iter().find_map(Value::as_str);
    found.map(|text| text.chars().take(LONGEST).collect())
}

/// Tokens of the prompt and of the context, where a server refuses a prompt for its length.
pub(super) fn too_long(body: &Value) -> Option<(usize, usize)> {
    let error = &body["error"];
    let is = |key: &str, value: &str| error[key].as_str() == Some(value);
    if !is("code", "context_length_exceeded") && !is("type", "exceed_context_size_error") {
        return None;
    }
    let number = |keys: [&str; 2]| keys.iter().find_map(|key| error[*key].as_u64()).unwrap_or_default();
    Some((number(["n_prompt_tokens", "prompt_tokens"]) as usize, number(["n_ctx", "limit"]) as usize))
}

/// Lets so many in at once; the others wait in the order in which they came.
struct Gate {
    free: Cell<usize>,
    waiting: RefCell<VecDeque<oneshot::Sender<Permit>>>,
}

/// A place inside; dropped, it goes to who waits longest.
pub(super) struct Permit(Rc<Gate>);

impl Gate {
    async fn enter(gate: &Rc<Self>) -> Permit {
        if gate.free.get() > 0 {
            gate.free.set(gate.free.get() - 1);
            return Permit(gate.clone());
        }
        let (sender, receiver) = oneshot::channel();
        gate.waiting.borrow_mut().push_back(sender);
        // The sender stays in the queue until it sends.
        receiver.await.unwrap_or_else(|_| Permit(gate.clone()))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let gate = self.0.clone();
        loop {
            let Some(next) = gate.waiting.borrow_mut().pop_front() else {
                return gate.free.set(gate.free.get() + 1);
            };
            // Who gave up waiting is passed over.
            if !next.is_canceled() {
                drop(next.send(Self(gate)));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::remote::made_up::answering;

    #[test]
    fn addresses_of_the_api_and_beside_it() {
        let url = |base: &str, path: &str| Client::new(base, 1, 1).url(path);
        assert_eq!(url("http://h:8000/v1/", "models"), "http://h:8000/v1/models");
        assert_eq!(url("http://h:8000/v1", "/tokenize"), "http://h:8000/tokenize");
        assert_eq!(url("http://h:8000/llm/v1", "/props"), "http://h:8000/llm/props");
        assert_eq!(url("http://h:8000", "/props"), "http://h:8000/props");
        assert_eq!(url("http://h/velo", "/props"), "http://h/velo/props");
    }

    #[test]
    fn refusals_are_told_in_the_servers_words() {
        let client = Client::new("http://h/v1", 1, 1);
        let error = client.error("models", 401, &json!({ "error": { "message": "no key" } }));
        assert!(
            error.to_string().contains("no key") && error.to_string().contains("POLO_API_KEY"),
            "{error}"
        );
        assert_eq!(client.error("completions", 400, &json!({ "detail": "what" })).kind(), "bad_request");
        let long =
            json!({ "error": { "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 5 } });
        let error = client.error("completions", 400, &long);
        assert!(matches!(error, Error::ContextFull { prompt_tokens: 9, limit: 5 }), "{error}");
        assert_eq!(client.error("completions", 503, &Value::Null).kind(), "fetch");
    }

    #[test]
    fn where_a_server_says_when_all_lanes_wait() {
        let client = Client::new("http://h/v1", 2, 1);
        let trouble = |wait_ms| Trouble::Passing(Error::fetch("http://h", "busy"), wait_ms);
        let mut failures = 0;
        pollster::block_on(client.recover(trouble(None), &mut failures)).unwrap();
        assert!(client.closed_until_ms.get() == 0.0, "one lane's own trouble");
        let before_ms = now_ms();
        pollster::block_on(client.recover(trouble(Some(40)), &mut failures)).unwrap();
        assert!(client.closed_until_ms.get() >= before_ms + 40.0);
        assert!(now_ms() >= before_ms + 40.0, "this one waits as well");
        assert_eq!((failures, client.counts.get().retries), (2, 2));
    }

    fn statuses(statuses: &[u16]) -> Client {
        let answer = |&status: &u16| (status, "application/json", format!("{{\"status\":{status}}}"));
        answering(statuses.iter().map(answer).collect())
    }

    #[test]
    fn passing_refusals_are_tried_again_and_lasting_ones_are_answers() {
        let client = statuses(&[503, 200]);
        let before_ms = now_ms();
        let (status, body) = pollster::block_on(client.json("models", None)).unwrap();
        assert_eq!((status, &body["status"], client.counts.get().retries), (200, &json!(200), 1));
        assert!(now_ms() - before_ms >= 250.0, "after a pause");
        let client = statuses(&[404]);
        assert_eq!(pollster::block_on(client.json("models", None)).unwrap().0, 404);
        let lasting = Trouble::Lasting(Error::BadRequest("no".into()));
        let mut failures = 0;
        let ended = pollster::block_on(client.recover(lasting, &mut failures));
        assert!(ended.is_err_and(|error| error.kind() == "bad_request") && failures == 0);
        let client = statuses(&[200]);
        let wanted_ms = now_ms() + 60.0;
        client.closed_until_ms.set(wanted_ms);
        pollster::block_on(client.json("models", None)).unwrap();
        assert!(now_ms() >= wanted_ms, "every lane waits while the server wants nobody");
    }

    #[test]
    fn no_more_enter_than_may_and_nobody_is_forgotten() {
        let gate = Rc::new(Gate { free: Cell::new(1), waiting: RefCell::default() });
        pollster::block_on(async {
            let first = Gate::enter(&gate).await;
            let mut gave_up = Box::pin(Gate::enter(&gate));
            let mut second = Box::pin(Gate::enter(&gate));
            assert!(futures_util::poll!(&mut gave_up).is_pending());
            assert!(futures_util::poll!(&mut second).is_pending());
            drop(gave_up);
            drop(first);
            let second = second.await;
            // One that was let in and went away before it noticed.
            let mut third = Box::pin(Gate::enter(&gate));
            assert!(futures_util::poll!(&mut third).is_pending());
            drop(second);
            drop(third);
            assert_eq!(gate.free.get(), 1);
        });
    }
}
