//! Work that the reader asked for beside the conversation.

use crate::protocol::RequestId;

use super::notices::Notice;

/// A measurement or a check that the reader asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Task<T> {
    /// Not asked for.
    #[default]
    Idle,
    /// Under way.
    Running(RequestId),
    /// Its result.
    Done(T),
    /// Why there is none.
    Failed(Notice),
}

impl<T> Task<T> {
    /// Whether `id` is the request under way.
    pub(super) fn is(&self, id: RequestId) -> bool {
        matches!(self, Self::Running(running) if *running == id)
    }

    /// Ends it, if it is under way.
    pub(super) fn fail(&mut self, notice: &Notice) {
        if matches!(self, Self::Running(_)) {
            *self = Self::Failed(notice.clone());
        }
    }
}
