//! What a tab tells of itself while nobody looks at it: whether it works or is done, and whether being in the
//! background made it slow. Figures and decisions only; `view/presence.rs` carries them out.

/// What the title and the icon of the tab show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sign {
    /// Nothing is under way.
    #[default]
    Idle,
    /// A reply or a search is being made.
    Working,
    /// One was finished while nobody looked.
    Done,
}

impl Sign {
    /// After work began or ended, or the tab was shown or hidden.
    #[must_use]
    pub fn after(self, busy: bool, hidden: bool) -> Self {
        match self {
            _ if busy => Self::Working,
            Self::Working | Self::Done if hidden => Self::Done,
            _ => Self::Idle,
        }
    }
}

/// Work that takes longer than this keeps the screen awake, in milliseconds.
pub const LONG_MS: f64 = 5000.0;

/// Tokens made in a span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Span {
    tokens: f64,
    ms: f64,
}

impl Span {
    fn per_second(self) -> f64 {
        self.tokens * 1000.0 / self.ms
    }
}

/// How fast one piece of work was while the tab could be seen, and while it could not.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pace {
    seen: Span,
    unseen: Span,
    last: Option<(f64, f64)>,
}

/// Tokens a second, in the background and in front.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slowed {
    /// While it could not be seen.
    pub unseen: f64,
    /// While it could.
    pub seen: f64,
}

impl Pace {
    /// Spans that tell something, in milliseconds.
    const LEAST_SEEN_MS: f64 = 2000.0;
    const LEAST_UNSEEN_MS: f64 = 5000.0;
    /// What counts as slower.
    const SHARE: f64 = 0.6;

    /// So many tokens by now; `hidden` is how the tab was since the call before.
    pub fn count(&mut self, now_ms: f64, tokens: f64, hidden: bool) {
        if let Some((at_ms, before)) = self.last.replace((now_ms, tokens)) {
            let span = if hidden { &mut self.unseen } else { &mut self.seen };
            span.ms += (now_ms - at_ms).max(0.0);
            span.tokens += (tokens - before).max(0.0);
        }
    }

    /// Whether the background made it slow.
    pub fn slowed(&self) -> Option<Slowed> {
        if self.seen.ms < Self::LEAST_SEEN_MS || self.unseen.ms < Self::LEAST_UNSEEN_MS {
            return None;
        }
        let (seen, unseen) = (self.seen.per_second(), self.unseen.per_second());
        (unseen < seen * Self::SHARE).then_some(Slowed { unseen, seen })
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Sign, Slowed};

    #[test]
    fn what_ends_unseen_is_shown_until_it_is_seen() {
        let sign = Sign::default().after(true, false);
        assert_eq!(sign, Sign::Working);
        assert_eq!(sign.after(false, false), Sign::Idle, "the reader was there");
        let sign = sign.after(true, true).after(false, true);
        assert_eq!(sign, Sign::Done);
        assert_eq!(sign.after(false, true), Sign::Done, "it stays");
        assert_eq!(sign.after(false, false), Sign::Idle, "it was seen");
        assert_eq!(Sign::Idle.after(false, true), Sign::Idle, "nothing was done");
    }

    #[test]
    fn a_slower_background_is_told_with_both_speeds() {
        let mut pace = Pace::default();
        pace.count(0.0, 0.0, false);
        pace.count(4000.0, 80.0, false);
        assert_eq!(pace.slowed(), None, "it was never hidden");
        pace.count(8000.0, 84.0, true);
        assert_eq!(pace.slowed(), None, "not long enough to say");
        pace.count(14_000.0, 90.0, true);
        assert_eq!(pace.slowed(), Some(Slowed { unseen: 1.0, seen: 20.0 }));
    }

    #[test]
    fn the_same_speed_is_not_told() {
        let mut pace = Pace::default();
        pace.count(0.0, 0.0, false);
        pace.count(4000.0, 80.0, false);
        pace.count(14_000.0, 230.0, true);
        assert_eq!(pace.slowed(), None);
    }
}
