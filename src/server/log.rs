//! One line a request, and what it counts for. What people write and read stays out of it unless asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;
use web_time::Instant;

use super::metrics::Labels;
use super::refusal::Refusal;
use super::reply::Counts;
use super::{Context, Ctx};

/// A request as it will be logged: when the last who knows of it lets go, which of a stream is after its last byte.
pub(super) struct Entry {
    context: Context,
    method: String,
    path: String,
    /// The route, which has no names in it.
    route: String,
    started: Instant,
    status: AtomicU16,
    prompt: AtomicU64,
    completion: AtomicU64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let status = self.status.load(Ordering::Relaxed);
        let time = self.started.elapsed();
        let labels = Labels { path: std::mem::take(&mut self.route), status };
        self.context.metrics.requests.get_or_create(&labels).inc();
        self.context.metrics.duration.observe(time.as_secs_f64());
        if !self.context.options.log {
            return;
        }
        let (prompt, completion) =
            (self.prompt.load(Ordering::Relaxed), self.completion.load(Ordering::Relaxed));
        let tokens = if prompt > 0 { format!(" {prompt}+{completion} tokens") } else { String::new() };
        // Status 0: the client went away before there was one.
        eprintln!("{} {} {status} {} ms{tokens}", self.method, self.path, time.as_millis());
    }
}

impl Entry {
    /// The prompts are accepted.
    pub(super) fn started(&self, context: &Context, counts: &Counts) {
        self.prompt.store(counts.prompt as u64, Ordering::Relaxed);
        context.metrics.prompt_tokens.inc_by(counts.prompt as u64);
        context.metrics.cached_tokens.inc_by(counts.cached as u64);
    }

    /// The replies are complete.
    pub(super) fn ended(&self, context: &Context, counts: &Counts) {
        self.completion.store(counts.completion as u64, Ordering::Relaxed);
        context.metrics.completion_tokens.inc_by(counts.completion as u64);
        context.metrics.reasoning_tokens.inc_by(counts.reasoning as u64);
        if counts.first_token_us > 0 {
            context.metrics.first_token.observe(counts.first_token_us as f64 / 1e6);
        }
    }

    /// A failure that the status does not show, because it was sent before.
    pub(super) fn refused(&self, refusal: &Refusal) {
        self.status.store(refusal.status.as_u16(), Ordering::Relaxed);
    }

    /// What was asked, where content may be logged.
    pub(super) fn content(&self, context: &Context, body: &Value) {
        if context.options.log_content {
            eprintln!("{} {} {body}", self.method, self.path);
        }
    }
}

/// A path that cannot break a line or flood the log.
fn shown(path: &str) -> String {
    path.chars().take(200).flat_map(char::escape_default).collect()
}

/// Accompanies a request.
pub(super) async fn accompany(State(context): Ctx, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let entry = Arc::new(Entry {
        context,
        method: request.method().to_string(),
        path: shown(request.uri().path()),
        route: route.unwrap_or_else(|| "other".into()),
        started: Instant::now(),
        status: AtomicU16::new(0),
        prompt: AtomicU64::new(0),
        completion: AtomicU64::new(0),
    });
    request.extensions_mut().insert(entry.clone());
    let response = next.run(request).await;
    // What failed in a stream has told its own.
    let status = response.status().as_u16();
    let _ = entry.status.compare_exchange(0, status, Ordering::Relaxed, Ordering::Relaxed);
    response
}
