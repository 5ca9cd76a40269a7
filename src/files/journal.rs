//! What of a file is here already: pieces that are written and flushed, told in a small file beside it.
//!
//! The first line says which content it is about; every further line is the number of a piece. Lines are
//! only ever appended, so after a kill at most the last one is torn, and a torn line is no line.

use serde::{Deserialize, Serialize};

use crate::platform::disk;
use crate::{Error, Result};

/// What the pieces are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    /// Length of the whole, in bytes.
    pub(super) bytes: u64,
    /// Length of a piece, in bytes; the last may be shorter.
    pub(super) piece: u64,
    /// SHA-256 or another mark that changes with the content.
    pub(super) mark: String,
}

pub(super) struct Journal {
    file: disk::File,
    /// Length of the journal itself.
    end: u64,
    content: Content,
    done: Vec<bool>,
}

fn read(bytes: &[u8]) -> Option<(Content, Vec<bool>)> {
    let whole = bytes.iter().rposition(|&byte| byte == b'\n')?;
    let text = std::str::from_utf8(&bytes[..whole]).ok()?;
    let mut lines = text.lines();
    let content: Content = serde_json::from_str(lines.next()?).ok()?;
    // A journal is a file like any other: nothing in it is believed that cannot be.
    let pieces = usize::try_from(content.bytes.div_ceil(content.piece.max(1))).ok()?;
    if content.piece == 0 || pieces > 1 << 24 {
        return None;
    }
    let mut done = vec![false; pieces];
    for number in lines.filter_map(|line| line.parse::<usize>().ok()) {
        *done.get_mut(number)? = true;
    }
    Some((content, done))
}

impl Journal {
    /// Goes on with the journal at this path if it is about the same content, else begins it anew.
    pub(super) async fn open(path: &str, content: Content) -> Result<Self> {
        let Some(file) = disk::open(path).await? else {
            return Err(Error::Busy(format!("{path} is in use by another program")));
        };
        let len = file.len()?;
        let found = file.read_at(0, usize::try_from(len.min(64 << 20)).unwrap_or(0))?;
        if let Some((known, done)) = read(&found)
            && known.bytes == content.bytes
            && known.mark == content.mark
        {
            // The torn line, if any, is written over.
            let end = found.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at as u64 + 1);
            file.set_len(end)?;
            return Ok(Self { file, end, content: known, done });
        }
        let mut journal = Self { file, end: 0, content, done: Vec::new() };
        journal.reset().await?;
        Ok(journal)
    }

    /// Forgets every piece.
    pub(super) async fn reset(&mut self) -> Result<()> {
        self.file.set_len(0)?;
        self.end = 0;
        self.done = vec![false; self.content.bytes.div_ceil(self.content.piece) as usize];
        let line = serde_json::to_string(&self.content).expect("plain data");
        self.append(&line)?;
        self.file.flush().await
    }

    fn append(&mut self, line: &str) -> Result<()> {
        let line = format!("{line}\n");
        self.file.write_at(self.end, line.as_bytes())?;
        self.end += line.len() as u64;
        Ok(())
    }

    /// Notes a piece that is written and flushed.
    pub(super) fn record(&mut self, number: usize) -> Result<()> {
        self.done[number] = true;
        self.append(&number.to_string())
    }

    pub(super) fn pieces(&self) -> usize {
        self.done.len()
    }

    pub(super) fn is_done(&self, number: usize) -> bool {
        self.done[number]
    }

    /// First byte of a piece, and the one after its last.
    pub(super) fn range(&self, number: usize) -> (u64, u64) {
        let start = number as u64 * self.content.piece;
        (start, (start + self.content.piece).min(self.content.bytes))
    }

    pub(super) fn done_bytes(&self) -> u64 {
        bytes_of(&self.content, &self.done)
    }
}

fn bytes_of(content: &Content, done: &[bool]) -> u64 {
    let size = |number: usize| {
        let start = number as u64 * content.piece;
        (start + content.piece).min(content.bytes) - start
    };
    (0..done.len()).filter(|&number| done[number]).map(size).sum()
}

/// Bytes that the journal at this path says are here.
pub(super) async fn done_bytes(path: &str) -> Result<u64> {
    let found = disk::read(path).await?.unwrap_or_default();
    Ok(read(&found).map_or(0, |(content, done)| bytes_of(&content, &done)))
}

#[cfg(test)]
mod tests {
    use super::{Content, Journal, done_bytes, read};

    #[test]
    fn pieces_are_remembered_and_torn_lines_are_not() {
        pollster::block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("j").to_str().unwrap().to_owned();
            let content = |mark: &str| Content { bytes: 25, piece: 10, mark: mark.into() };
            let mut journal = Journal::open(&path, content("a")).await.unwrap();
            assert_eq!((journal.pieces(), journal.range(2)), (3, (20, 25)));
            journal.record(2).unwrap();
            journal.record(0).unwrap();
            assert_eq!(journal.done_bytes(), 15);
            drop(journal);
            // Killed while writing "1\n".
            let mut text = std::fs::read(&path).unwrap();
            text.push(b'1');
            std::fs::write(&path, &text).unwrap();
            assert_eq!(done_bytes(&path).await.unwrap(), 15);
            let mut journal = Journal::open(&path, content("a")).await.unwrap();
            assert_eq!([0, 1, 2].map(|piece| journal.is_done(piece)), [true, false, true]);
            journal.record(1).unwrap();
            drop(journal);
            assert_eq!(done_bytes(&path).await.unwrap(), 25);
            let journal = Journal::open(&path, content("b")).await.unwrap();
            assert_eq!(journal.done_bytes(), 0, "another content begins anew");
        });
    }

    #[test]
    fn a_damaged_journal_is_no_journal() {
        let head = r#"{"bytes":25,"piece":10,"mark":""}"#;
        assert!(read(format!("{head}\n0\n").as_bytes()).is_some());
        let zero = r#"{"bytes":25,"piece":0,"mark":""}"#;
        let huge = r#"{"bytes":18446744073709551615,"piece":1,"mark":""}"#;
        for text in ["", "\n", head, &format!("{head}\n3\n"), &format!("{zero}\n"), &format!("{huge}\n")] {
            assert!(read(text.as_bytes()).is_none(), "{text}");
        }
    }
}
