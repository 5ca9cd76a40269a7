//! The pages of the key/value cache: who holds which, and the block table of a sequence.
//!
//! A fork copies only the table. Parent and child share every page, the partly filled last one too; the
//! entry says how many of its tokens are meant, so the two can differ. Only one holder may go on writing
//! a shared page (the parent); the other goes on in a fresh one.

use crate::ops::TableEntry;
use crate::ops::step::PAGE;

/// Reference counts of all pages.
#[derive(Debug)]
pub struct Pages {
    holders: Vec<u32>,
    free: Vec<u32>,
}

impl Pages {
    /// `count` free pages.
    pub fn new(count: usize) -> Self {
        Self { holders: vec![0; count], free: (0..count as u32).rev().collect() }
    }

    /// Pages that nobody holds.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// Pages that somebody holds.
    pub fn used(&self) -> usize {
        self.holders.len() - self.free.len()
    }

    fn take(&mut self) -> Option<u32> {
        let page = self.free.pop()?;
        self.holders[page as usize] = 1;
        Some(page)
    }

    fn release(&mut self, page: u32) {
        let holders = &mut self.holders[page as usize];
        assert!(*holders > 0, "page {page} is released twice");
        *holders -= 1;
        if *holders == 0 {
            self.free.push(page);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    page: u32,
    len: usize,
}

/// Where the tokens of one sequence lie. It must be given back with [`BlockTable::release`].
#[derive(Debug, Default)]
pub struct BlockTable {
    entries: Vec<Entry>,
    len: usize,
    // Whether this table may write into its last page although others hold it too.
    owns_tail: bool,
}

impl BlockTable {
    /// Tokens held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no token.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The table as the kernels read it. A last page that this table goes on writing counts as full
    /// already: what is not yet written lies beyond the position that reads, so the entry need not be
    /// sent again for each token.
    pub fn entries(&self) -> Vec<TableEntry> {
        let mut position = 0;
        let last = self.entries.len().wrapping_sub(1);
        let entry = |(index, entry): (usize, &Entry)| {
            let len = if index == last && self.owns_tail { PAGE } else { entry.len };
            let made = TableEntry::new(entry.page, len, position);
            position += entry.len;
            made
        };
        self.entries.iter().enumerate().map(entry).collect()
    }

    /// Number of entries.
    pub fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// Makes room for one more token: its slot (page * 16 + place), or `None` if no page is free.
    pub fn push(&mut self, pages: &mut Pages) -> Option<u32> {
        if let Some(last) = self.entries.last_mut()
            && last.len < PAGE
            && (self.owns_tail || pages.holders[last.page as usize] == 1)
        {
            last.len += 1;
            self.len += 1;
            self.owns_tail = true;
            return Some(last.page * PAGE as u32 + last.len as u32 - 1);
        }
        let page = pages.take()?;
        self.entries.push(Entry { page, len: 1 });
        self.len += 1;
        self.owns_tail = true;
        Some(page * PAGE as u32)
    }

    /// A table of the first `len` tokens that shares their pages.
    #[must_use]
    pub fn fork(&self, len: usize, pages: &mut Pages) -> Self {
        assert!(len <= self.len, "fork at {len} of {}", self.len);
        let mut entries = Vec::new();
        let mut left = len;
        for entry in &self.entries {
            if left == 0 {
                break;
            }
            pages.holders[entry.page as usize] += 1;
            entries.push(Entry { page: entry.page, len: entry.len.min(left) });
            left -= entry.len.min(left);
        }
        Self { entries, len, owns_tail: false }
    }

    /// Forgets all but the first `len` tokens.
    pub fn truncate(&mut self, len: usize, pages: &mut Pages) {
        assert!(len <= self.len, "truncate {} to {len}", self.len);
        while self.len > len {
            let Some(last) = self.entries.last_mut() else { break };
            let dropped = (self.len - len).min(last.len);
            last.len -= dropped;
            self.len -= dropped;
            if last.len == 0 {
                pages.release(last.page);
                self.entries.pop();
            }
            // Places given up may be seen by a fork: only a sole holder writes there again.
            self.owns_tail = false;
        }
    }

    /// Gives every page back.
    pub fn release(mut self, pages: &mut Pages) {
        self.truncate(0, pages);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_chat_fills_its_pages() {
        let mut pages = Pages::new(4);
        let mut table = BlockTable::default();
        for _ in 0..33 {
            table.push(&mut pages).unwrap();
        }
        assert_eq!((table.entry_count(), pages.used()), (3, 3));
        table.release(&mut pages);
        assert_eq!(pages.used(), 0);
    }

    #[test]
    fn a_full_cache_says_so() {
        let mut pages = Pages::new(1);
        let mut table = BlockTable::default();
        for _ in 0..PAGE {
            assert!(table.push(&mut pages).is_some());
        }
        assert_eq!(table.push(&mut pages), None);
        assert_eq!(table.len(), PAGE, "a refused token is not counted");
        table.release(&mut pages);
    }

    proptest! {
        // Whatever forks, truncations and appends do, a table reads back what was written through it.
        #[test]
        fn tables_never_see_each_others_writes(
            steps in prop::collection::vec((0usize..4, any::<prop::sample::Index>(), 0usize..40), 1..80),
        ) {
            let mut pages = Pages::new(400);
            let mut memory: HashMap<u32, u32> = HashMap::new();
            let mut stamp = 0;
            let mut tables = vec![(BlockTable::default(), Vec::<u32>::new())];
            for (what, which, amount) in steps {
                let at = which.index(tables.len());
                match what {
                    0 | 1 => for _ in 0..=amount / 4 {
                        let (table, expected) = &mut tables[at];
                        if let Some(slot) = table.push(&mut pages) {
                            stamp += 1;
                            memory.insert(slot, stamp);
                            expected.push(stamp);
                        }
                    },
                    2 => {
                        let len = amount.min(tables[at].0.len());
                        let expected = tables[at].1[..len].to_vec();
                        let fork = tables[at].0.fork(len, &mut pages);
                        tables.push((fork, expected));
                    }
                    _ => {
                        let (table, expected) = &mut tables[at];
                        let len = amount.min(table.len());
                        table.truncate(len, &mut pages);
                        expected.truncate(len);
                    }
                }
                for (table, expected) in &tables {
                    let mut read = Vec::new();
                    for entry in table.entries() {
                        prop_assert_eq!(entry.position as usize, read.len());
                        let (page, len) = (entry.page_and_len / 32, entry.page_and_len % 32);
                        // Attention masks what lies beyond the position of the row that reads.
                        let len = len.min(expected.len() as u32 - entry.position);
                        read.extend((0..len).map(|place| memory[&(page * PAGE as u32 + place)]));
                    }
                    prop_assert_eq!(&read, expected);
                }
            }
            for (table, _) in tables {
                table.release(&mut pages);
            }
            prop_assert_eq!(pages.used(), 0);
        }
    }
}
