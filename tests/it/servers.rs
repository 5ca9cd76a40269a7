//! Servers that speak OpenAI's API as others do: as vLLM, as llama.cpp, as one that only chats; and what goes wrong.
//!
//! The model behind them knows three replies, a word is a token, and the seed says which reply it is.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// Whose server it is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Vllm,
    LlamaCpp,
    /// Chats only. Whether it goes on with a last message of the assistant, and how many alternatives it tells.
    Bare {
        prefill: bool,
        alternatives: usize,
    },
    /// Chats only, takes a last message of the assistant's, and begins anew.
    Anew,
}

/// What goes wrong with one streamed answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// This status, with `Retry-After: 0`.
    Status(u16),
    /// The connection breaks after so many tokens.
    Cut(usize),
    /// Nothing comes after so many tokens.
    Stall(usize),
    /// Nothing comes after so many tokens, for as long as the client listens.
    Silence(usize),
    /// What comes after so many tokens is no JSON.
    Garbage(usize),
    /// Numbers that do not belong together.
    WrongCounts,
    /// What was said has filled the context.
    Full,
    /// The reply ends for this reason.
    Reason(&'static str),
}

/// What the server has done, and will do.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// For the next streams, in this order.
    pub(crate) faults: VecDeque<Fault>,
    /// A fault that every stream meets.
    pub(crate) always: Option<Fault>,
    /// Path, authorization, and body of every request.
    pub(crate) log: Vec<(String, Option<String>, Value)>,
    /// Streams open now, and most at once.
    pub(crate) open: usize,
    pub(crate) most_open: usize,
    /// Streams whose client went away before the end.
    pub(crate) left: usize,
    words: Vec<String>,
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
}

/// The replies of the model.
pub(crate) const REPLIES: [&str; 3] = [
    "<Thought>\nSix times seven is six more than six times six, which is thirty six.\n\nSo thirty six and six is \
     forty two, and that is the answer.\n</Thought>\n<Output>\n42\n</Output>",
    "<Thought>\nSeven times six is the same as six times seven, and I know that one.\n\nIt is forty two, as \
     everybody knows who was at school.\n</Thought>\n<Output>\n42\n</Output>",
    "<Thought>\nSix times seven might be found by adding seven to itself many times over.\n\nThat gives me \
     forty one if I have not lost count.\n</Thought>\n<Output>\n41\n</Output>",
];
/// How it goes on where none of them fits.
const ELSE: &str = " Once more then.\n</Thought>\n<Output>\n42\n</Output>";
const ASSISTANT: &str = "<|assistant|>";
/// Milliseconds between tokens.
const PACE: Duration = Duration::from_millis(1);

impl Server {
    pub(crate) fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // A client that went away is no fault of the server.
                std::thread::spawn(move || answer(&stream, kind, &state));
            }
        });
        Self { url, state }
    }

    pub(crate) fn order(&self, faults: &[Fault]) {
        self.state.lock().unwrap().faults.extend(faults);
    }

    /// Bodies of requests to a path.
    pub(crate) fn asked(&self, path: &str) -> Vec<Value> {
        let state = self.state.lock().unwrap();
        state.log.iter().filter(|(to, ..)| to == path).map(|(.., body)| body.clone()).collect()
    }
}

impl State {
    fn ids(&mut self, text: &str) -> Vec<usize> {
        let words = text.split_inclusive(char::is_whitespace);
        words
            .map(|word| {
                let at = self.words.iter().position(|known| known == word);
                at.unwrap_or_else(|| {
                    self.words.push(word.into());
                    self.words.len() - 1
                })
            })
            .collect()
    }

    fn text(&self, ids: &Value) -> String {
        let word = |id: &Value| self.words[id.as_u64().unwrap() as usize].as_str();
        ids.as_array().unwrap().iter().map(word).collect()
    }
}

fn read_request(stream: &TcpStream) -> Option<(String, Option<String>, Value)> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let (mut length, mut key) = (0, None);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => key = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, key, serde_json::from_slice(&body).unwrap_or_default()))
}

fn send(mut stream: &TcpStream, status: u16, body: &Value) -> Option<()> {
    let text = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nRetry-After: 0\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(text.as_bytes()).ok()
}

fn answer(stream: &TcpStream, kind: Kind, state: &Mutex<State>) -> Option<()> {
    let (path, key, body) = read_request(stream)?;
    state.lock().unwrap().log.push((path.clone(), key, body.clone()));
    let refuse = |status: u16, what: &str| send(stream, status, &json!({ "error": { "message": what } }));
    match (path.as_str(), kind) {
        ("/v1/models", _) => {
            let owner = match kind {
                Kind::Vllm => "vllm",
                Kind::LlamaCpp => "llamacpp",
                Kind::Bare { .. } | Kind::Anew => "somebody",
            };
            let mut entry = json!({ "id": "marco-test", "owned_by": owner });
            if kind == Kind::Vllm {
                entry["max_model_len"] = 4096.into();
            }
            send(stream, 200, &json!({ "object": "list", "data": [entry] }))
        }
        ("/props", Kind::LlamaCpp) => {
            let template = "{{ 'reply in <Thought> and </Thought>' }}";
            let settings = json!({ "n_ctx": 2048 });
            send(stream, 200, &json!({ "default_generation_settings": settings, "chat_template": template }))
        }
        ("/apply-template", Kind::LlamaCpp) => {
            send(stream, 200, &json!({ "prompt": template(&body["messages"]) }))
        }
        ("/tokenize", Kind::Vllm | Kind::LlamaCpp) => {
            let text = [&body["prompt"], &body["content"]].into_iter().find_map(Value::as_str);
            let text = text.map_or_else(|| template(&body["messages"]), str::to_owned);
            let mut state = state.lock().unwrap();
            let ids = state.ids(&text);
            let tokens = if body["with_pieces"] == true {
                let piece = |&id: &usize| json!({ "id": id, "piece": state.words[id] });
                json!(ids.iter().map(piece).collect::<Vec<_>>())
            } else {
                json!(ids)
            };
            drop(state);
            send(stream, 200, &json!({ "tokens": tokens, "count": ids.len() }))
        }
        ("/v1/completions", Kind::Vllm | Kind::LlamaCpp) => {
            let prompt = match &body["prompt"] {
                Value::String(text) => text.clone(),
                ids => state.lock().unwrap().text(ids),
            };
            let said = prompt.rsplit_once(ASSISTANT).map_or("", |(_, said)| said).to_owned();
            reply(stream, kind, state, &body, &said)
        }
        ("/v1/chat/completions", _) => {
            let messages = body["messages"].as_array()?;
            let last = messages.last()?;
            let said = if last["role"] == "assistant" && kind != Kind::Anew {
                last["content"].as_str()?
            } else {
                ""
            };
            if let Kind::Bare { prefill: false, .. } = kind
                && !said.is_empty()
            {
                return refuse(400, "the last message must be the user's");
            }
            if matches!(kind, Kind::Bare { alternatives: 0, .. }) && body["logprobs"] == true {
                return refuse(400, "logprobs are not supported");
            }
            if last["content"].as_str()?.starts_with("Now give only") {
                return reply(stream, kind, state, &body, "answer now:");
            }
            reply(stream, kind, state, &body, said)
        }
        _ => refuse(404, "not found"),
    }
}

fn template(messages: &Value) -> String {
    let turn = |turn: &Value| {
        format!("<|{}|>\n{}\n", turn["role"].as_str().unwrap(), turn["content"].as_str().unwrap())
    };
    let text: String = messages.as_array().unwrap().iter().map(turn).collect();
    format!("{text}\n{ASSISTANT}").replace(&format!("\n{ASSISTANT}"), &format!("\n {ASSISTANT}"))
}

/// What the model says next, word by word.
fn words_after(said: &str, body: &Value) -> Vec<String> {
    let seed = body["seed"].as_u64().unwrap_or_default() as usize;
    let fitting: Vec<&str> = REPLIES.into_iter().filter_map(|reply| reply.strip_prefix(said)).collect();
    let rest = match fitting.get(seed % fitting.len().max(1)) {
        _ if said == "alpha beta gamma" => " delta epsilon",
        _ if said == "answer now:" => "42",
        Some(rest) => rest,
        None => ELSE,
    };
    let limit = body["max_tokens"].as_u64().unwrap_or(1000) as usize;
    rest.split_inclusive(char::is_whitespace).take(limit).map(str::to_owned).collect()
}

fn reply(stream: &TcpStream, kind: Kind, state: &Mutex<State>, body: &Value, said: &str) -> Option<()> {
    let words = words_after(said, body);
    let full = body["max_tokens"].as_u64().is_some_and(|limit| words.len() as u64 >= limit);
    let reason = if full { "length" } else { "stop" };
    let chat = body["messages"].is_array();
    if body["stream"] != true {
        let text = words.concat();
        let mut choice =
            json!({ "index": 0, "text": text, "message": { "content": text }, "finish_reason": reason });
        choice["logprobs"] = logprobs(kind, state, body, &words, 0);
        if kind == Kind::Vllm && !chat {
            choice["token_ids"] =
                json!(words.iter().flat_map(|word| state.lock().unwrap().ids(word)).collect::<Vec<_>>());
        }
        return send(stream, 200, &json!({ "choices": [choice] }));
    }
    let fault = {
        let mut state = state.lock().unwrap();
        let always = state.always;
        state.faults.pop_front().or(always)
    };
    if let Some(Fault::Status(status)) = fault {
        return send(stream, status, &json!({ "error": { "message": "not now" } }));
    }
    if fault == Some(Fault::Full) {
        let error =
            json!({ "code": "context_length_exceeded", "prompt_tokens": 9, "limit": 8, "message": "full" });
        return send(stream, 400, &json!({ "error": error }));
    }
    let reason = if let Some(Fault::Reason(other)) = fault { other } else { reason };
    {
        let mut state = state.lock().unwrap();
        state.open += 1;
        state.most_open = state.most_open.max(state.open);
    }
    let end = speak(stream, kind, state, body, &words, reason, fault);
    {
        // Before its end is sent: a client that has read it may open the next at once.
        let mut state = state.lock().unwrap();
        state.open -= 1;
        state.left += usize::from(end.is_none());
    }
    let mut stream = stream;
    stream.write_all(end?.as_bytes()).ok()
}

fn speak(
    mut stream: &TcpStream,
    kind: Kind,
    state: &Mutex<State>,
    body: &Value,
    words: &[String],
    reason: &str,
    fault: Option<Fault>,
) -> Option<String> {
    let chat = body["messages"].is_array();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: ping\n\n";
    stream.write_all(head.as_bytes()).ok()?;
    for (at, word) in words.iter().enumerate() {
        match fault {
            Some(Fault::Cut(after)) if at == after => return Some(String::new()),
            Some(Fault::Garbage(after)) if at == after => {
                stream.write_all(b"data: {\"choices\": [{]\n\n").ok()?;
            }
            Some(Fault::Silence(after)) if at == after => {
                // Until the client hangs up; it has nothing more to say.
                let _ = stream.read(&mut [0]);
                return None;
            }
            Some(Fault::Stall(after)) if at == after => {
                std::thread::sleep(Duration::from_secs(4));
                return None;
            }
            _ => {}
        }
        std::thread::sleep(PACE);
        let mut choice = json!({ "index": 0, "finish_reason": null });
        if chat {
            choice["delta"] = json!({ "content": word });
        } else {
            choice["text"] = word.as_str().into();
        }
        choice["logprobs"] = logprobs(kind, state, body, std::slice::from_ref(word), at);
        if kind == Kind::Vllm && !chat {
            choice["token_ids"] = json!(state.lock().unwrap().ids(word));
            if fault == Some(Fault::WrongCounts) {
                choice["token_ids"] = json!([1, 2, 3]);
            }
        }
        stream.write_all(format!("data: {}\n\n", json!({ "choices": [choice] })).as_bytes()).ok()?;
    }
    let end = json!({ "choices": [{ "index": 0, "text": "", "delta": {}, "finish_reason": reason }] });
    let usage = json!({ "choices": [], "usage": { "prompt_tokens": 9, "completion_tokens": words.len() } });
    Some(format!("data: {end}\n\ndata: {usage}\n\ndata: [DONE]\n\n"))
}

/// Log-probabilities as the server writes them; how sure the model is depends on the word.
fn logprobs(kind: Kind, state: &Mutex<State>, body: &Value, words: &[String], at: usize) -> Value {
    let wanted = if body["messages"].is_array() { &body["top_logprobs"] } else { &body["logprobs"] };
    let mut count = wanted.as_u64().unwrap_or_default() as usize;
    if let Kind::Bare { alternatives, .. } = kind {
        count = count.min(alternatives);
    }
    if count == 0 || words.is_empty() {
        return Value::Null;
    }
    let own = |word: &str| -0.01 * (word.len() % 7 + 1) as f64 - 0.001 * (at % 3) as f64;
    let others = |word: &str| -> Vec<(String, f64)> {
        let more = (1..count).map(|n| (format!("{}~{n}", word.trim()), own(word) - n as f64));
        std::iter::once((word.to_owned(), own(word))).chain(more).collect()
    };
    if kind == Kind::Vllm && !body["messages"].is_array() {
        let top: Vec<Value> = words
            .iter()
            .map(|word| json!(others(word).into_iter().collect::<std::collections::BTreeMap<_, _>>()))
            .collect();
        let probabilities: Vec<f64> = words.iter().map(|word| own(word)).collect();
        return json!({ "tokens": words, "token_logprobs": probabilities, "top_logprobs": top, "text_offset": [0] });
    }
    let entry = |word: &String, logprob: f64| {
        let mut entry = json!({ "token": word, "bytes": word.as_bytes(), "logprob": logprob });
        if kind == Kind::LlamaCpp {
            entry["id"] = state.lock().unwrap().ids(word).first().copied().into();
        }
        entry
    };
    let content: Vec<Value> = words
        .iter()
        .map(|word| {
            let mut told = entry(word, own(word));
            told["top_logprobs"] =
                others(word).iter().map(|(other, logprob)| entry(other, *logprob)).collect();
            told
        })
        .collect();
    json!({ "content": content })
}
