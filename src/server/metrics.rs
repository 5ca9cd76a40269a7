//! Counters for Prometheus.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// What tells requests apart: where they went, and what came of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Labels {
    pub(super) path: String,
    pub(super) status: u16,
}

/// All that is counted.
pub(super) struct Metrics {
    registry: Registry,
    pub(super) requests: Family<Labels, Counter>,
    pub(super) prompt_tokens: Counter,
    pub(super) cached_tokens: Counter,
    pub(super) completion_tokens: Counter,
    pub(super) reasoning_tokens: Counter,
    pub(super) first_token: Histogram,
    pub(super) duration: Histogram,
    replies: Gauge,
    /// Requests that the engine is at, and its pages: in all, used, cached.
    engine: [Gauge; 4],
    loaded: Gauge<f64, AtomicU64>,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let seconds = || Histogram::new([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0]);
        let mut this = Self {
            registry: Registry::with_prefix("polo"),
            requests: Family::default(),
            prompt_tokens: Counter::default(),
            cached_tokens: Counter::default(),
            completion_tokens: Counter::default(),
            reasoning_tokens: Counter::default(),
            first_token: seconds(),
            duration: seconds(),
            replies: Gauge::default(),
            engine: Default::default(),
            loaded: Gauge::default(),
        };
        let registry = &mut this.registry;
        registry.register("requests", "Requests answered", this.requests.clone());
        registry.register("prompt_tokens", "Tokens of prompts", this.prompt_tokens.clone());
        registry.register(
            "cached_tokens",
            "Tokens of prompts found in key/value pages",
            this.cached_tokens.clone(),
        );
        registry.register("completion_tokens", "Tokens of replies", this.completion_tokens.clone());
        registry.register("reasoning_tokens", "Tokens of thoughts", this.reasoning_tokens.clone());
        let (first, duration) = (this.first_token.clone(), this.duration.clone());
        registry.register_with_unit(
            "time_to_first_token",
            "From prompt to first token",
            Unit::Seconds,
            first,
        );
        registry.register_with_unit("request_duration", "From request to last byte", Unit::Seconds, duration);
        registry.register("replies_under_way", "Replies being made or waiting", this.replies.clone());
        let told = [
            ("requests_running", "Requests that the engine is answering"),
            ("kv_pages", "Key/value pages of 16 tokens"),
            ("kv_pages_used", "Key/value pages in use or cached"),
            ("kv_pages_cached", "Key/value pages kept for prompts that begin alike"),
        ];
        for ((name, help), gauge) in told.into_iter().zip(&this.engine) {
            registry.register(name, help, gauge.clone());
        }
        registry.register_with_unit(
            "model_memory",
            "Weights and key/value pages on the GPU",
            Unit::Bytes,
            this.loaded.clone(),
        );
        this
    }

    /// All counters as text, with what only now is known.
    pub(super) fn text(&self, replies: usize, model_bytes: u64, engine: Option<[usize; 4]>) -> String {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.replies.set(count(replies));
        for (gauge, number) in self.engine.iter().zip(engine.unwrap_or_default()) {
            gauge.set(count(number));
        }
        self.loaded.set(model_bytes as f64);
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}
