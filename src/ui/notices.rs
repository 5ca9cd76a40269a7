//! Errors in words for a person: what happened, and what to do.

/// The engine's account as a sentence: its messages begin small, for they follow a colon elsewhere.
/// A message that begins with a name or a path stays as it is.
fn sentence(text: &str) -> String {
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
    pub title: &'static str,
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
                "Close other tabs and programs that use the GPU, or add ?context=512 to the address.",
            ),
            "fetch" => {
                ("The model could not be read", "Check that the page's server is running, then try again.")
            }
            "bad_model" => (
                "The model file is damaged or not supported",
                "Reload the page to fetch it again; if that does not help, build the page again.",
            ),
            "context_full" => ("This does not fit the model's context", "Your text is back in the box."),
            "bad_request" => ("This request cannot be answered", "Your text is back in the box."),
            "bad_numbers" => (
                "The GPU computed wrong numbers",
                "Nothing was shown rather than something wrong. Open “Model and GPU” and check the kernels; \
                 ?baseline=1 in the address uses the plainest ones.",
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
        Self { kind: kind.to_owned(), title, detail: sentence(detail), advice }
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
}
