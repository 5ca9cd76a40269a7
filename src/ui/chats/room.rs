//! Whether the room that the browser gives is coming to its end: said before something cannot be kept.

use super::{Chats, Stand, Wish};

/// A chat takes some ten kilobytes, the tree of a search up to some megabytes: with less than this left there is
/// still time for both. A share alone would speak of gigabytes on a large disk.
const LITTLE_BYTES: f64 = 20e6;
/// Of the little that a private window may get, this share.
const LITTLE_SHARE: f64 = 0.1;
/// It is looked at no oftener than this, in milliseconds: the browser has to add up what is there.
const PAUSE_MS: f64 = 60_000.0;

/// What the browser gives to all of this page, models and chats.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Room {
    /// What is left of it.
    pub free_bytes: f64,
    /// All of it.
    pub quota_bytes: f64,
}

impl Room {
    /// By what the browser estimates.
    pub fn of(quota_bytes: f64, used_bytes: f64) -> Self {
        Self { free_bytes: (quota_bytes - used_bytes).max(0.0), quota_bytes }
    }

    fn is_little(self) -> bool {
        self.free_bytes < LITTLE_BYTES.min(self.quota_bytes * LITTLE_SHARE)
    }
}

/// When the room is to be looked at.
#[derive(Debug, Default)]
pub struct Lookout {
    looked_ms: Option<f64>,
}

impl Lookout {
    /// Whether to look after this; `now_ms` is a clock that is not set back.
    pub fn is_due(&mut self, wish: &Wish, now_ms: f64) -> bool {
        let rested = self.looked_ms.is_none_or(|last| now_ms - last >= PAUSE_MS);
        let due = matches!(wish, Wish::Look) || (wish.writes() && rested);
        if due {
            self.looked_ms = Some(now_ms);
        }
        due
    }
}

/// What is left where that is little, and whether the reader has heard it: it is said once, until there was room.
#[derive(Debug, Default)]
pub(super) struct Little {
    free_bytes: Option<f64>,
    dismissed: bool,
}

impl Little {
    pub(super) fn note(&mut self, room: Room) {
        self.free_bytes = room.is_little().then_some(room.free_bytes);
        self.dismissed &= self.free_bytes.is_some();
    }
}

impl Chats {
    /// What is left in bytes, where the reader should know that it is little. A full storage has its own words.
    pub fn little_room(&self) -> Option<f64> {
        self.little.free_bytes.filter(|_| self.stand == Stand::Keeping && !self.little.dismissed)
    }

    /// The reader knows.
    pub fn dismiss_little_room(&mut self) {
        self.little.dismissed = true;
    }

    /// Something was deleted: where there was little room there may be more now.
    pub fn look_for_room(&mut self) {
        if self.little.free_bytes.is_some() {
            self.wish(Wish::Look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Act, Answer, For};
    use super::*;

    fn told(chats: &mut Chats, free_bytes: f64) -> Option<f64> {
        chats.apply(Answer::Room(Room::of(10e9, 10e9 - free_bytes)));
        chats.little_room()
    }

    fn keeping() -> Chats {
        Chats { stand: Stand::Keeping, ..Chats::default() }
    }

    #[test]
    fn little_is_less_than_a_few_searches_take_and_of_little_a_tenth() {
        assert!(Room::of(100e9, 100e9 - 19e6).is_little());
        assert!(!Room::of(100e9, 100e9 - 21e6).is_little(), "not a share: that would be gigabytes");
        assert!(!Room::of(50e6, 40e6).is_little());
        assert!(Room::of(50e6, 46e6).is_little());
        assert!(Room::of(50e6, 60e6).is_little() && Room::of(50e6, 60e6).free_bytes == 0.0, "more than all");
        assert!(!Room::of(0.0, 0.0).is_little(), "a browser that does not tell");
    }

    #[test]
    fn it_is_said_once_until_there_was_room() {
        let mut chats = keeping();
        assert_eq!(told(&mut chats, 30e6), None);
        assert_eq!(told(&mut chats, 15e6), Some(15e6));
        assert_eq!(told(&mut chats, 14e6), Some(14e6), "it stands there with what is left now");
        chats.dismiss_little_room();
        assert_eq!(told(&mut chats, 1e6), None, "it was said");
        assert_eq!(told(&mut chats, 1e9), None);
        assert_eq!(told(&mut chats, 9e6), Some(9e6), "a second time it fills");
        assert_eq!(told(&mut chats, 1e9), None, "room was made: nothing has to be dismissed");
    }

    #[test]
    fn a_full_storage_is_not_told_twice() {
        let mut chats = keeping();
        chats.apply(Answer::Full(Box::default()));
        assert_eq!(told(&mut chats, 0.0), None);
    }

    #[test]
    fn it_is_looked_at_once_a_minute_after_writing_and_when_something_was_deleted() {
        let mut lookout = Lookout::default();
        let save = Wish::Save(Box::default());
        assert!(lookout.is_due(&Wish::Look, 0.0), "at the start");
        assert!(!lookout.is_due(&save, PAUSE_MS - 1.0));
        assert!(!lookout.is_due(&Wish::Read("a".into(), For::Show), PAUSE_MS), "reading takes no room");
        assert!(lookout.is_due(&save, PAUSE_MS));
        assert!(!lookout.is_due(&save, PAUSE_MS + 1.0));
        assert!(lookout.is_due(&Wish::Look, PAUSE_MS + 2.0), "when asked for");
        assert!(Lookout::default().is_due(&save, 5.0));

        let mut chats = keeping();
        chats.apply(Answer::Deleted("a".into(), None));
        assert_eq!(chats.take_acts(), [], "there is room");
        told(&mut chats, 15e6);
        chats.apply(Answer::Deleted("a".into(), None));
        assert_eq!(chats.take_acts(), [Act::Wish(Wish::Look)]);
    }
}
