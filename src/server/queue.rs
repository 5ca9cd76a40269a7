//! How much may be under way at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::refusal::Refusal;

/// Seconds after which a client that found no room may try again.
const RETRY_AFTER_S: u32 = 2;

/// Room for replies that are being made or wait for their turn.
pub(super) struct Queue {
    room: Arc<Semaphore>,
    size: usize,
}

/// A request's room, until it is dropped.
pub(super) struct Place(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Queue {
    pub(super) fn new(size: usize) -> Self {
        let size = size.clamp(1, Semaphore::MAX_PERMITS);
        Self { room: Arc::new(Semaphore::new(size)), size }
    }

    /// Room for so many replies, at once or not at all. A request that asks for more than there could ever be takes
    /// all there is.
    pub(super) fn enter(&self, replies: u32) -> Result<Place, Refusal> {
        let wanted = replies.min(u32::try_from(self.size).unwrap_or(u32::MAX)).max(1);
        match self.room.clone().try_acquire_many_owned(wanted) {
            Ok(permit) => Ok(Place(permit)),
            Err(TryAcquireError::NoPermits) => {
                let message = format!(
                    "{} replies are being made or waiting, and no more are taken; try again in a moment",
                    self.size
                );
                Err(Refusal::overloaded(message, RETRY_AFTER_S))
            }
            Err(TryAcquireError::Closed) => {
                Err(Refusal::overloaded("the server is shutting down", 10 * RETRY_AFTER_S))
            }
        }
    }

    /// Takes nobody in any more.
    pub(super) fn close(&self) {
        self.room.close();
    }

    /// Replies that are being made or wait.
    pub(super) fn taken(&self) -> usize {
        self.size.saturating_sub(self.room.available_permits())
    }
}
