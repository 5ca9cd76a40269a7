//! Errors in words for a person: what happened, and what to do.

use crate::protocol::ModelSource;

use super::choice::Choice;

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

/// An error to show.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// [`crate::Error::kind`], `panic` or `worker`.
    pub kind: String,
    /// What happened, in a few words.
    pub title: String,
    /// The engine's own account, with names and figures.
    pub detail: String,
    /// What to do.
    pub advice: &'static str,
}

impl Notice {
    /// The notice for an error of the engine.
    pub fn new(kind: &str, detail: &str) -> Self {
        let (title, advice) = match kind {
            "no_gpu" => ("No GPU can be used", "See below what browsers and systems need."),
            "gpu_lost" => (
                "The GPU was lost",
                "The engine is starting again. Your conversation is kept; ask once more when it is ready. If it \
                 happens again, close other programs that use the GPU.",
            ),
            "out_of_memory" => (
                "Not enough GPU memory",
                "Close other tabs and programs that use the GPU, or choose a smaller model or a shorter context.",
            ),
            "fetch" => ("Something could not be read", "Check the connection, then try again."),
            "not_found" => ("It was not found", "Check the spelling, or look for it on the hub's own page."),
            "gated" => (
                "The hub gives this model only to those who have agreed to its terms",
                "Agree to them there, make an access token and give it here; or download the files with your account \
                 and open them here.",
            ),
            "no_space" => ("Storage is full", "Delete a model, or run this one without saving it."),
            "damaged" => {
                ("What came is not what was announced", "Try again: what is damaged is fetched anew.")
            }
            "busy" => ("Another tab is at work on this model", "Wait until it is done, or go on there."),
            "bad_model" => (
                "The model file is damaged or not supported",
                "Reload the page to fetch it again; if that does not help, build the page again.",
            ),
            "context_full" => ("This does not fit the model's context", "Your text is back in the box."),
            "bad_request" => ("This request cannot be answered", "Your text is back in the box."),
            "bad_numbers" => (
                "The GPU computed wrong numbers",
                "Nothing is shown rather than something wrong. A newer graphics driver may help; ?baseline=1 in the \
                 address uses the plainest kernels.",
            ),
            "read_back" => ("Results could not be read from the GPU", "Try again."),
            "panic" => (
                "The engine stopped because of a fault in Polo",
                "It is starting again. Your conversation is kept; ask once more when it is ready.",
            ),
            "worker" => ("The engine could not be started", "Reload the page."),
            "address" => ("Part of the page's address was not understood", "It was left out."),
            _ => ("Something went wrong", "Try again."),
        };
        Self { kind: kind.to_owned(), title: title.to_owned(), detail: sentence(detail), advice }
    }

    /// The notice for a model that could not be loaded: what to do depends on where it is.
    pub fn of_load(kind: &str, detail: &str, choice: &Choice) -> Self {
        let notice = Self::new(kind, detail);
        if matches!(kind, "no_gpu" | "gpu_lost") {
            return notice;
        }
        let advice = match (kind, &choice.source) {
            ("fetch", ModelSource::Embedded) => "Check that the page's server is running, then try again.",
            (_, ModelSource::Embedded) => return notice,
            ("fetch" | "not_found" | "damaged", ModelSource::Stored { .. }) => {
                "The browser may have deleted it to make room. Download it again, or go on with Polo Tiny."
            }
            ("fetch" | "not_found", ModelSource::Picked { .. }) => {
                "The file may have changed or moved. Choose it again, or go on with Polo Tiny."
            }
            ("fetch", _) => "Check the connection and try again, or go on with Polo Tiny.",
            ("bad_model", ModelSource::Stored { .. }) => {
                "Delete it and download it again, choose another form, or go on with Polo Tiny."
            }
            ("out_of_memory", _) => {
                "Choose a smaller form or a shorter context, close other tabs that use the GPU, or go on with \
                 Polo Tiny."
            }
            ("bad_numbers" | "busy" | "gated", _) => notice.advice,
            _ => "Choose another model, or go on with Polo Tiny.",
        };
        Self { title: format!("{} could not be loaded", choice.title), advice, ..notice }
    }
}

impl Notice {
    /// The notice for a file with a search that could not be opened.
    pub fn of_import(kind: &str, detail: &str) -> Self {
        let advice = "Choose a file that Polo exported, with the model loaded that made it.";
        let title = "This search could not be opened".to_owned();
        Self { title, advice, ..Self::new(kind, detail) }
    }
}

/// Something the reader should know that stopped nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// `context`, `template`, `kv`, `recovered`, …
    pub kind: String,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// What happened and what was done about it.
    pub detail: String,
}

impl Remark {
    /// The remark for a notice of the engine.
    pub fn new(kind: &str, detail: &str) -> Self {
        let title = match kind {
            "context" => "The context was shortened",
            "template" => "The model's chat template failed",
            "kv" => "Keys and values are kept in another form",
            "recovering" => "The GPU was lost; it is being brought back",
            "recovered" => "The GPU was lost, and is back",
            _ => "Good to know",
        };
        Self { kind: kind.to_owned(), title, detail: sentence(detail) }
    }

    /// Whether it takes the place of another: of one of its kind, or of what is over now.
    pub fn replaces(&self, other: &Self) -> bool {
        self.kind == other.kind || (self.kind == "recovered" && other.kind == "recovering")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(notice.title, "Marco-o1 could not be loaded");
        assert!(notice.advice.contains("Polo Tiny"));
        let tiny = Notice::of_load("fetch", "a: not there", &Choice::default());
        assert!(!tiny.advice.contains("Polo Tiny"), "{}", tiny.advice);
        assert_eq!(Notice::of_load("no_gpu", "none", &stored), Notice::new("no_gpu", "none"));
    }
}
