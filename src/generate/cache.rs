//! Finished sequences keep their pages as long as nobody needs them: the next turn of a chat, a
//! regenerated or an edited message begins where they agree.

use crate::model::{BlockTable, Pages};

/// A finished sequence.
struct Kept {
    tokens: Vec<u32>,
    table: BlockTable,
    last_used: u64,
}

/// Finished sequences, the least recently used given up first.
#[derive(Default)]
pub(super) struct PrefixCache {
    kept: Vec<Kept>,
    clock: u64,
}

/// Finished sequences kept at most; each lookup compares with all of them.
const MOST: usize = 64;

/// Tokens two sequences share from the start.
pub(super) fn common_prefix(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl PrefixCache {
    /// Tokens that the best match for `tokens` shares with it, at most `most`; and a table of them.
    pub(super) fn fork(&mut self, tokens: &[u32], most: usize, pages: &mut Pages) -> Option<BlockTable> {
        self.clock += 1;
        let shared = |kept: &Kept| common_prefix(&kept.tokens, tokens).min(kept.table.len()).min(most);
        let best = self.kept.iter_mut().max_by_key(|kept| shared(kept))?;
        let len = shared(best);
        if len == 0 {
            return None;
        }
        best.last_used = self.clock;
        Some(best.table.fork(len, pages))
    }

    /// Shared tokens of the best match.
    pub(super) fn best_len(&self, tokens: &[u32]) -> usize {
        let shared = |kept: &Kept| common_prefix(&kept.tokens, tokens).min(kept.table.len());
        self.kept.iter().map(shared).max().unwrap_or(0)
    }

    /// Pages that its sequences hold.
    pub(super) fn page_count(&self) -> usize {
        let entries = self.kept.iter().flat_map(|kept| kept.table.entries());
        entries.map(|entry| entry.page()).collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Keeps a finished sequence; `table` holds at most `tokens`.
    pub(super) fn keep(&mut self, tokens: Vec<u32>, table: BlockTable, pages: &mut Pages) {
        assert!(table.len() <= tokens.len(), "{} slots for {} tokens", table.len(), tokens.len());
        if table.is_empty() {
            return;
        }
        self.clock += 1;
        let covered = |kept: &Kept| {
            kept.table.len() <= table.len() && common_prefix(&kept.tokens, &tokens) >= kept.table.len()
        };
        while let Some(at) = self.kept.iter().position(covered) {
            self.kept.swap_remove(at).table.release(pages);
        }
        self.kept.push(Kept { tokens, table, last_used: self.clock });
        if self.kept.len() > MOST {
            self.evict(pages);
        }
    }

    /// Gives up the least recently used sequence; false if there is none.
    pub(super) fn evict(&mut self, pages: &mut Pages) -> bool {
        let oldest = self.kept.iter().enumerate().min_by_key(|(_, kept)| kept.last_used).map(|(at, _)| at);
        if let Some(at) = oldest {
            self.kept.swap_remove(at).table.release(pages);
        }
        oldest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(len: usize, pages: &mut Pages) -> BlockTable {
        let mut table = BlockTable::default();
        for _ in 0..len {
            table.push(pages).unwrap();
        }
        table
    }

    #[test]
    fn the_longest_shared_prefix_is_found_and_the_oldest_given_up() {
        let mut pages = Pages::new(100);
        let mut cache = PrefixCache::default();
        let first = table(40, &mut pages);
        cache.keep((0..40).collect(), first, &mut pages);
        let second = table(30, &mut pages);
        cache.keep((0..20).chain(90..100).collect(), second, &mut pages);
        let wanted: Vec<u32> = (0..25).chain(200..210).collect();
        assert_eq!(cache.best_len(&wanted), 25);
        let fork = cache.fork(&wanted, 34, &mut pages).unwrap();
        assert_eq!(fork.len(), 25);
        fork.release(&mut pages);
        assert!(cache.fork(&[7, 8], 1, &mut pages).is_none());
        // The second is now the one used longest ago.
        assert!(cache.evict(&mut pages));
        assert_eq!(cache.best_len(&wanted), 25);
        assert!(cache.evict(&mut pages) && !cache.evict(&mut pages));
        assert_eq!(pages.used(), 0);
    }

    #[test]
    fn only_what_is_wholly_covered_is_replaced() {
        let mut pages = Pages::new(100);
        let mut cache = PrefixCache::default();
        let long = table(40, &mut pages);
        cache.keep((0..40).collect(), long, &mut pages);
        // Cancelled early: the same tokens, of which few or none were computed.
        cache.keep((0..60).collect(), BlockTable::default(), &mut pages);
        let short = table(10, &mut pages);
        cache.keep((0..60).collect(), short, &mut pages);
        assert_eq!(cache.best_len(&(0..60).collect::<Vec<_>>()), 40);
        let longer = table(50, &mut pages);
        cache.keep((0..50).collect(), longer, &mut pages);
        assert_eq!(cache.kept.len(), 1, "the longer one holds all the others hold");
        while cache.evict(&mut pages) {}
        assert_eq!(pages.used(), 0);
    }
}
