//! Which model is to run, and how it is held: what the page keeps between visits.

use serde::{Deserialize, Serialize};

use crate::protocol::{LoadOptions, ModelSource, Quantize};

/// A model, as the reader chose it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Where it is.
    pub source: ModelSource,
    /// Name to show while it is not loaded.
    pub title: String,
    /// Context in tokens; `None` for the engine's own choice.
    #[serde(default)]
    pub context: Option<usize>,
    /// What to do with unquantised weights.
    #[serde(default)]
    pub quantize: Quantize,
}

impl Default for Choice {
    fn default() -> Self {
        Self::new(ModelSource::Embedded, "Polo Tiny")
    }
}

impl Choice {
    /// A model with the engine's own context.
    pub fn new(source: ModelSource, title: &str) -> Self {
        Self { source, title: title.to_owned(), context: None, quantize: Quantize::None }
    }

    /// Whether it is the model that comes with the page.
    pub fn is_tiny(&self) -> bool {
        self.source == ModelSource::Embedded
    }

    /// Whether it will still be there at the next visit, without a network.
    pub fn lasts(&self) -> bool {
        matches!(self.source, ModelSource::Embedded | ModelSource::Stored { .. })
    }

    /// The address of the server that runs it, where that is not this page.
    pub fn server(&self) -> Option<&str> {
        match &self.source {
            ModelSource::Remote { url, .. } => Some(url),
            _ => None,
        }
    }

    /// The options of its load, over those of the page's address.
    pub fn options(&self, address: &LoadOptions) -> LoadOptions {
        let quantize = if self.quantize == Quantize::None { address.quantize } else { self.quantize };
        LoadOptions { context: self.context.or(address.context), quantize, ..address.clone() }
    }

    /// The choice kept by an earlier visit; anything unreadable is Polo Tiny.
    pub fn from_json(text: &str) -> Self {
        serde_json::from_str(text).ok().filter(Self::lasts).unwrap_or_default()
    }

    /// For the next visit.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether two sources mean the same model. The revision is left out: what is stored names the commit
/// that a branch stood for.
pub fn same_model(a: &ModelSource, b: &ModelSource) -> bool {
    match (a, b) {
        (ModelSource::Hub { repo, file, .. }, ModelSource::Hub { repo: other, file: other_file, .. }) => {
            repo.eq_ignore_ascii_case(other) && file == other_file
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_survives_a_visit_only_if_its_model_does() {
        let source = ModelSource::Stored { name: "u/r:Q4_0".into() };
        let stored = Choice { context: Some(4096), ..Choice::new(source, "R") };
        assert_eq!(Choice::from_json(&stored.to_json()), stored);
        let picked = Choice::new(ModelSource::Picked { names: vec!["a.gguf".into()] }, "a");
        for lost in [picked.to_json().as_str(), "", "{}", "[1]"] {
            assert_eq!(Choice::from_json(lost), Choice::default());
        }
    }

    #[test]
    fn the_choice_overrules_the_address() {
        let address = LoadOptions { context: Some(512), quantize: Quantize::Q8, ..LoadOptions::default() };
        let mut choice = Choice::default();
        assert_eq!(choice.options(&address), address);
        choice.context = Some(2048);
        choice.quantize = Quantize::Nf4;
        let options = choice.options(&address);
        assert_eq!((options.context, options.quantize), (Some(2048), Quantize::Nf4));
    }

    #[test]
    fn a_model_is_the_same_at_any_revision() {
        let hub = |repo: &str, revision: Option<&str>, file: &str| ModelSource::Hub {
            repo: repo.into(),
            revision: revision.map(Into::into),
            file: Some(file.into()),
        };
        assert!(same_model(&hub("U/r", None, "Q4_0"), &hub("u/r", Some("abc"), "Q4_0")));
        assert!(!same_model(&hub("u/r", None, "Q4_0"), &hub("u/r", None, "Q8_0")));
        assert!(!same_model(&hub("u/r", None, "Q4_0"), &ModelSource::Embedded));
    }
}
