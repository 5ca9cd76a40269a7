//! What the page is to do for its state: the state decides, the page acts.

use crate::protocol::Request;

use super::choice::Choice;
use super::search::Form;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Tell the engine.
    Post(Request),
    /// End the engine's worker and start another.
    Restart,
    /// Put this text back into the composer.
    Draft(String),
    /// Start with this model next time.
    Remember(Choice),
    /// From now on the hub is asked with this access token, by whichever worker asks.
    Authorize(String),
    /// Tell the library, whose worker may have to be started first.
    Library(Request),
    /// End the library's worker and start another.
    RestartLibrary,
    /// Load this model.
    Use(Choice),
    /// Load this model, or offer it if a reply is under way.
    UseIfIdle(Choice),
    /// At the next visit, ask the library for downloads that were not finished.
    MarkLibrary,
    /// Hand the person a file.
    Download {
        /// Its name.
        name: String,
        /// What it is.
        form: Form,
        /// What it holds.
        text: String,
    },
}
