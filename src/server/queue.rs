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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reply_of_a_request_takes_a_place() {
        let queue = Queue::new(4);
        let three = queue.enter(3).ok();
        assert_eq!((three.is_some(), queue.taken()), (true, 3));
        assert!(queue.enter(2).is_err(), "at once or not at all");
        let one = queue.enter(0).ok();
        assert_eq!((one.is_some(), queue.taken()), (true, 4), "no request takes none");
        drop((three, one));
        let all = queue.enter(9).ok();
        assert_eq!((all.is_some(), queue.taken()), (true, 4), "more than there could ever be");
        drop(all);
        queue.close();
        assert!(queue.enter(1).is_err());
    }
}
