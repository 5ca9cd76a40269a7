//! Errors in words for a person: what happened, and what to do. A notice is kept as facts and put into words
//! when it is shown, so that it follows the language of the page; the engine's own account stays English.

use crate::protocol::ModelSource;

use super::choice::Choice;
use super::words::t;

/// The engine's account as a sentence: its messages begin small, for they follow a colon elsewhere.
/// A message that begins with a name or a path stays as it is.
pub fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or("");
    let mut chars = text.chars();
    match chars.next() {
        Some(c) if first.chars().all(|c| c.is_ascii_lowercase()) => c.to_uppercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// What an error is about, where that decides what to do.
#[derive(Debug, Clone, PartialEq)]
enum About {
    /// A request, or the engine itself.
    Engine,
    /// A model that could not be loaded: its name, and where it is.
    Load(String, ModelSource),
    /// A file with a search.
    Import,
}

/// An error to show.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// [`crate::Error::kind`], `panic` or `worker`.
    pub kind: String,
    /// The engine's own account, with names and figures, in English.
    pub detail: String,
    about: About,
}

impl Notice {
    /// The notice for an error of the engine.
    pub fn new(kind: &str, detail: &str) -> Self {
        Self { kind: kind.to_owned(), detail: sentence(detail), about: About::Engine }
    }

    /// The notice for a model that could not be loaded: what to do depends on where it is.
    pub fn of_load(kind: &str, detail: &str, choice: &Choice) -> Self {
        let about = match kind {
            "no_gpu" | "gpu_lost" => About::Engine,
            _ => About::Load(choice.title.clone(), choice.source.clone()),
        };
        Self { about, ..Self::new(kind, detail) }
    }

    /// The notice for a file with a search that could not be opened.
    pub fn of_import(kind: &str, detail: &str) -> Self {
        Self { about: About::Import, ..Self::new(kind, detail) }
    }

    /// What happened, in a few words.
    pub fn title(&self) -> String {
        match &self.about {
            About::Engine => t!(words(&self.kind).0),
            About::Load(model, _) => t!("notices-load", model = model.as_str()),
            About::Import => t!("notices-import"),
        }
    }

    /// What to do. `Backticks` mark what is typed as it stands.
    pub fn advice(&self) -> String {
        match &self.about {
            About::Engine => t!(words(&self.kind).1),
            About::Load(_, source) => {
                // The title only says which model it was.
                let (what, advice) = (t!(words(&self.kind).0), t!(advice_of_load(&self.kind, source)));
                t!("notices-load-why", what = what, advice = advice)
            }
            About::Import => t!("notices-import-advice"),
        }
    }

    /// Title and account in one line, for a place where there is no room for more.
    pub fn line(&self) -> String {
        if self.detail.is_empty() { self.title() } else { format!("{}: {}", self.title(), self.detail) }
    }
}

/// The messages for a kind: what happened, and what to do.
fn words(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "no_gpu" => ("notices-no-gpu", "notices-no-gpu-advice"),
        "gpu_lost" => ("notices-gpu-lost", "notices-gpu-lost-advice"),
        "out_of_memory" => ("notices-out-of-memory", "notices-out-of-memory-advice"),
        "fetch" => ("notices-fetch", "notices-fetch-advice"),
        "not_found" => ("notices-not-found", "notices-not-found-advice"),
        "gated" => ("notices-gated", "notices-gated-advice"),
        "no_space" => ("notices-no-space", "notices-no-space-advice"),
        "damaged" => ("notices-damaged", "notices-damaged-advice"),
        "busy" => ("notices-busy", "notices-busy-advice"),
        "write" => ("notices-write", "notices-write-advice"),
        "bad_model" => ("notices-bad-model", "notices-bad-model-advice"),
        "context_full" => ("notices-context-full", "notices-text-is-back"),
        "bad_request" => ("notices-bad-request", "notices-text-is-back"),
        "bad_numbers" => ("notices-bad-numbers", "notices-bad-numbers-advice"),
        "read_back" => ("notices-read-back", "notices-try-again"),
        "panic" => ("notices-panic", "notices-panic-advice"),
        "worker" => ("notices-worker", "notices-worker-advice"),
        "restarted" => ("notices-restarted", "notices-try-again"),
        "address" => ("notices-address", "notices-address-advice"),
        _ => ("notices-other", "notices-try-again"),
    }
}

fn advice_of_load(kind: &str, source: &ModelSource) -> &'static str {
    match (kind, source) {
        ("fetch", ModelSource::Embedded) => "notices-load-page",
        (_, ModelSource::Embedded) | ("bad_numbers" | "busy" | "gated", _) => words(kind).1,
        ("fetch" | "not_found" | "damaged", ModelSource::Stored { .. }) => "notices-load-stored",
        ("fetch" | "not_found", ModelSource::Picked { .. }) => "notices-load-picked",
        ("fetch", _) => "notices-load-network",
        ("bad_model", ModelSource::Stored { .. }) => "notices-load-damaged",
        ("out_of_memory", _) => "notices-load-memory",
        _ => "notices-load-other",
    }
}

/// Something the reader should know that stopped nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// `context`, `template`, `kv`, `recovered`, …
    pub kind: String,
    /// What happened and what was done about it, in the engine's words.
    pub detail: String,
}

impl Remark {
    /// The remark for a notice of the engine.
    pub fn new(kind: &str, detail: &str) -> Self {
        Self { kind: kind.to_owned(), detail: sentence(detail) }
    }

    /// What it is about, in a few words.
    pub fn title(&self) -> String {
        t!(match self.kind.as_str() {
            "context" => "notices-context-short",
            "template" => "notices-template",
            "kv" => "notices-kv",
            "recovering" => "notices-recovering",
            "recovered" => "notices-recovered",
            "sampling" => "notices-sampling",
            "remote" | "remote_counts" => "notices-remote",
            _ => "notices-good-to-know",
        })
    }

    /// Whether it takes the place of another: of one of its kind, or of what is over now.
    pub fn replaces(&self, other: &Self) -> bool {
        self.kind == other.kind || (self.kind == "recovered" && other.kind == "recovering")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::{Language, speak};

    #[test]
    fn accounts_are_sentences_and_names_stay() {
        assert_eq!(sentence("the prompt has 9 tokens"), "The prompt has 9 tokens");
        assert_eq!(sentence("model.gguf: too short"), "model.gguf: too short");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn a_load_that_fails_says_which_and_what_else_there_is() {
        let stored = Choice::new(ModelSource::Stored { name: "a".into() }, "Marco-o1");
        let notice = Notice::of_load("fetch", "a: not there", &stored);
        assert_eq!(notice.title(), "Marco-o1 could not be loaded");
        assert!(notice.advice().contains("Polo Tiny"));
        let tiny = Notice::of_load("fetch", "a: not there", &Choice::default());
        assert!(!tiny.advice().contains("Polo Tiny"), "{}", tiny.advice());
        assert_eq!(Notice::of_load("no_gpu", "none", &stored), Notice::new("no_gpu", "none"));
    }

    #[test]
    fn a_notice_follows_the_language() {
        let notice = Notice::new("no_space", "no room");
        assert_eq!(notice.title(), "Storage is full");
        speak(Language::Russian);
        assert_eq!(notice.line(), "Хранилище заполнено: No room");
    }

    #[test]
    fn every_kind_of_error_has_words_of_its_own() {
        let source = include_str!("../error.rs");
        let kinds = source.split("fn kind").nth(1).and_then(|rest| rest.split("    }\n\n").next()).unwrap();
        let kinds: Vec<_> = kinds.split('"').skip(1).step_by(2).collect();
        assert!(kinds.len() > 10 && kinds.contains(&"no_gpu"), "{kinds:?}");
        for kind in kinds {
            assert_ne!(words(kind).0, "notices-other", "{kind} has no words");
        }
    }
}
