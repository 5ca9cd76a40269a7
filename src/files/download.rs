//! The download of one file: ranges in parallel, retried, journalled, hashed, and only then given its name.
//!
//! Beside the file at `PATH` lie `PATH.polo-part` with the bytes and `PATH.polo-journal` with what of them
//! is certain. Whoever holds the part open holds the file: a second program or tab is told so.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sha2::{Digest, Sha256};

use super::hub::{self, RepoFile};
use super::journal::{self, Content, Journal};
use crate::platform::disk;
use crate::platform::http::{self, Ask, Response};
use crate::{Error, Result, platform};

/// How downloads behave; tests choose smaller figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadOptions {
    /// Ranges at once.
    pub connections: usize,
    /// What a kill can cost on each connection, in bytes.
    pub piece_bytes: u64,
    /// Silence after which a connection counts as dead, in milliseconds.
    pub stall_ms: u32,
    /// Failures in a row, without a byte between them, before a download gives up.
    pub tries: u32,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self { connections: 4, piece_bytes: 8 << 20, stall_ms: http::STALL_MS, tries: 10 }
    }
}

/// Pieces that one request asks for at most: fewer requests, and the hub counts them.
const RUN: usize = 8;
/// Read and hashed at once while verifying, in bytes.
const BLOCK: usize = 1 << 20;

/// What is going on, with the bytes of this file that are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Download(u64),
    Wait(u64),
    Verify(u64),
}

/// Where the bytes lie until they are verified, and the journal about them.
pub(super) fn part_paths(path: &str) -> (String, String) {
    (format!("{path}.polo-part"), format!("{path}.polo-journal"))
}

/// Whether the file is here, whole.
pub(super) async fn is_here(path: &str, bytes: u64) -> Result<bool> {
    Ok(disk::look(path).await?.is_some_and(|entry| !entry.is_folder && entry.bytes == bytes))
}

/// Bytes of the file that are here.
pub(super) async fn done_bytes(path: &str, bytes: u64) -> Result<u64> {
    if is_here(path, bytes).await? {
        return Ok(bytes);
    }
    Ok(journal::done_bytes(&part_paths(path).1).await?.min(bytes))
}

/// Deletes what an unfinished or just finished download leaves beside the file.
pub(super) async fn clean(path: &str) -> Result<()> {
    let (part, journal) = part_paths(path);
    disk::remove(&part).await?;
    disk::remove(&journal).await
}

/// Brings a file to `path`. `owner` names the repository or server in messages.
pub(super) async fn fetch(
    file: &RepoFile,
    owner: &str,
    path: &str,
    options: &DownloadOptions,
    tell: &dyn Fn(Step),
) -> Result<()> {
    if is_here(path, file.bytes).await? {
        return clean(path).await;
    }
    let (part_path, journal_path) = part_paths(path);
    let mut again = true;
    loop {
        let Some(part) = disk::open(&part_path).await? else {
            let what = format!("{} is being downloaded already, by another program or tab; wait for it", file.path);
            return Err(Error::Busy(what));
        };
        if is_here(path, file.bytes).await? {
            // Another program finished it while we opened the part.
            drop(part);
            return clean(path).await;
        }
        let mark = file.sha256.clone().or_else(|| file.mark.clone()).unwrap_or_default();
        let content = Content { bytes: file.bytes, piece: options.piece_bytes.max(1), mark };
        let mut journal = Journal::open(&journal_path, content).await?;
        if part.len()? == 0 && journal.done_bytes() > 0 {
            // Somebody deleted the part and left the journal.
            journal.reset().await?;
        }
        let transfer = Transfer {
            file,
            owner,
            options,
            tell,
            part: &part,
            done_bytes: Cell::new(journal.done_bytes()),
            journal: RefCell::new(journal),
            taken: RefCell::default(),
            waiting: Cell::new(0),
            open: Cell::new(0),
        };
        transfer.run().await?;
        let mut journal = transfer.journal.into_inner();
        let Some(found) = wrong_hash(&part, file, tell).await? else {
            drop((part, journal));
            // Whoever came first did the same work.
            if let Err(error) = disk::rename(&part_path, path).await
                && !is_here(path, file.bytes).await?
            {
                return Err(error);
            }
            return disk::remove(&journal_path).await;
        };
        // Which piece is wrong cannot be known. Once it may be the network; twice it is the server.
        journal.reset().await?;
        part.set_len(0)?;
        if !again {
            drop((part, journal));
            clean(path).await?;
            let what = format!(
                "what came has SHA-256 {found}, expected {}, twice; the server or something between it and \
                 this machine changes the file: try another network, or later",
                file.sha256.as_deref().unwrap_or_default()
            );
            return Err(Error::Damaged { file: file.path.clone(), what });
        }
        again = false;
    }
}

/// The hash of what was written, if it is not the one expected.
async fn wrong_hash(part: &disk::File, file: &RepoFile, tell: &dyn Fn(Step)) -> Result<Option<String>> {
    let Some(expected) = &file.sha256 else { return Ok(None) };
    let mut hash = Sha256::new();
    let mut offset = 0;
    while offset < file.bytes {
        tell(Step::Verify(offset));
        let bytes = part.read_at(offset, BLOCK.min(usize::try_from(file.bytes - offset).unwrap_or(BLOCK)))?;
        if bytes.is_empty() {
            break;
        }
        hash.update(&bytes);
        offset += bytes.len() as u64;
        platform::yield_now().await;
    }
    tell(Step::Verify(offset));
    let found = hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok((found != *expected).then_some(found))
}

/// Bytes that one connection is after.
struct Run {
    /// The next byte.
    at: u64,
    /// The byte after the last.
    end: u64,
}

/// Why a run stopped before its end.
enum Trouble {
    /// It may pass: try again, after so many milliseconds if the server says so.
    Passing(Error, Option<u32>),
    /// It will not.
    Lasting(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Fetch { .. } => Self::Passing(error, None),
            error => Self::Lasting(error),
        }
    }
}

struct Transfer<'a> {
    file: &'a RepoFile,
    owner: &'a str,
    options: &'a DownloadOptions,
    tell: &'a dyn Fn(Step),
    part: &'a disk::File,
    journal: RefCell<Journal>,
    /// Pieces that a connection is after.
    taken: RefCell<Vec<usize>>,
    /// Bytes written, certain or not yet.
    done_bytes: Cell<u64>,
    /// Connections that wait after a failure, and all that are open.
    waiting: Cell<usize>,
    open: Cell<usize>,
}

impl Transfer<'_> {
    async fn run(&self) -> Result<()> {
        (self.tell)(Step::Download(self.done_bytes.get()));
        // The first answer tells whether this server knows ranges.
        let Some(mut run) = self.claim() else { return Ok(()) };
        let mut failures = 0;
        self.open.set(1);
        let response = loop {
            match self.ask(&run).await {
                Ok(response) => break response,
                Err(trouble) => self.recover(trouble, &mut failures).await?,
            }
        };
        if response.status() == 200 {
            return self.whole(response).await;
        }
        let connections = FuturesUnordered::new();
        connections.push(self.first_connection(&mut run, response));
        let more = self.options.connections.max(1) - 1;
        self.open.set(more + 1);
        let others = FuturesUnordered::new();
        for _ in 0..more {
            others.push(self.connection());
        }
        let (mut first, mut others) = (connections, others);
        loop {
            let ended = futures_util::select! {
                ended = first.select_next_some() => ended,
                ended = others.select_next_some() => ended,
                complete => return Ok(()),
            };
            ended?;
            self.open.set(self.open.get() - 1);
        }
    }

    /// Takes pieces that are neither here nor on their way: neighbours, but no more than a fair share.
    fn claim(&self) -> Option<Run> {
        let journal = self.journal.borrow();
        let mut taken = self.taken.borrow_mut();
        let free = |number: &usize| !journal.is_done(*number) && !taken.contains(number);
        let open: Vec<usize> = (0..journal.pieces()).filter(free).collect();
        let first = *open.first()?;
        let share = open.len().div_ceil(self.options.connections.max(1)).min(RUN);
        let run: Vec<usize> =
            open.iter().enumerate().take(share).take_while(|&(at, &n)| n == first + at).map(|(_, &n)| n).collect();
        let last = *run.last()?;
        taken.extend(run);
        Some(Run { at: journal.range(first).0, end: journal.range(last).1 })
    }

    async fn first_connection(&self, run: &mut Run, response: Response) -> Result<()> {
        let mut failures = 0;
        if let Err(trouble) = self.receive(run, response, &mut failures).await {
            self.recover(trouble, &mut failures).await?;
            self.finish(run, &mut failures).await?;
        }
        self.connection().await
    }

    async fn connection(&self) -> Result<()> {
        let mut failures = 0;
        while let Some(mut run) = self.claim() {
            self.finish(&mut run, &mut failures).await?;
        }
        Ok(())
    }

    /// Asks for the rest of a run until all of it is here.
    async fn finish(&self, run: &mut Run, failures: &mut u32) -> Result<()> {
        while run.at < run.end {
            let tried = match self.ask(run).await {
                Ok(response) if response.status() == 200 => {
                    let what = "the server gave ranges before and now the whole file; try again";
                    Err(Trouble::Passing(Error::fetch(&self.file.url, what), None))
                }
                Ok(response) => self.receive(run, response, failures).await,
                Err(trouble) => Err(trouble),
            };
            if let Err(trouble) = tried {
                self.recover(trouble, failures).await?;
            }
        }
        Ok(())
    }

    /// Asks for a run; the answer is 206 for it, or 200 for the whole file.
    async fn ask(&self, run: &Run) -> Result<Response, Trouble> {
        let url = &self.file.url;
        let ask = Ask { range: Some((run.at, run.end)), stall_ms: self.options.stall_ms };
        let response = http::get(url, ask).await?;
        let changed = |what: String| {
            let what = format!("{what}: the file changed on the server; pull it again");
            Trouble::Lasting(Error::Damaged { file: self.file.path.clone(), what })
        };
        match response.status() {
            200 | 206 => {}
            416 => return Err(changed(format!("it has no bytes {} to {}", run.at, run.end))),
            _ if response.is_passing() => {
                return Err(Trouble::Passing(response.refusal(url), response.retry_after_ms()));
            }
            _ => return Err(Trouble::Lasting(hub::refusal(&response, url, self.owner))),
        }
        if response.status() == 206
            && let Some((at, total)) = response.content_range()
        {
            if total.is_some_and(|total| total != self.file.bytes) {
                let total = total.unwrap_or_default();
                return Err(changed(format!("it has {total} bytes now, expected {}", self.file.bytes)));
            }
            if at != run.at {
                let what = format!("bytes from {at} came, asked for {}; try again", run.at);
                return Err(Trouble::Passing(Error::fetch(url, what), None));
            }
        }
        // A hash is better than any tag, and other hosts of the hub have tags of their own.
        if self.file.sha256.is_none()
            && let (Some(mark), Some(tag)) = (&self.file.mark, response.header("etag"))
            && mark.starts_with(['"', 'W'])
            && *mark != tag
        {
            return Err(changed(format!("its ETag is {tag} now, expected {mark}")));
        }
        Ok(response)
    }

    /// Writes what comes, and notes each piece when it is safe.
    async fn receive(&self, run: &mut Run, mut response: Response, failures: &mut u32) -> Result<(), Trouble> {
        while run.at < run.end {
            let Some(mut chunk) = response.chunk().await? else {
                let what = format!("the connection ended at byte {} of {}", run.at, run.end);
                return Err(Trouble::Passing(Error::fetch(&self.file.url, what), None));
            };
            *failures = 0;
            chunk.truncate(usize::try_from(run.end - run.at).unwrap_or(usize::MAX));
            self.part.write_at(run.at, &chunk)?;
            let before = run.at;
            run.at += chunk.len() as u64;
            self.done_bytes.set(self.done_bytes.get() + chunk.len() as u64);
            (self.tell)(Step::Download(self.done_bytes.get()));
            self.note_pieces(before, run.at).await?;
        }
        Ok(())
    }

    /// Notes the pieces whose last byte was written between these two places.
    async fn note_pieces(&self, before: u64, now: u64) -> Result<()> {
        let ended: Vec<usize> = {
            let journal = self.journal.borrow();
            let piece = (journal.range(0).1).max(1);
            let first = (before / piece) as usize;
            let ends = |number: &usize| {
                let end = journal.range(*number).1;
                end > before && end <= now && !journal.is_done(*number)
            };
            (first..journal.pieces()).take_while(|&n| journal.range(n).0 < now).filter(ends).collect()
        };
        if ended.is_empty() {
            return Ok(());
        }
        // What the journal says must be true after a loss of power, too.
        self.part.flush().await?;
        for number in ended {
            self.journal.borrow_mut().record(number)?;
        }
        Ok(())
    }

    /// A server without ranges: everything from the start, as often as it takes.
    async fn whole(&self, response: Response) -> Result<()> {
        let mut failures = 0;
        let mut response = Some(response);
        loop {
            let mut run = Run { at: 0, end: self.file.bytes };
            let already = self.journal.borrow().done_bytes();
            let tried = match response.take() {
                Some(response) => self.receive_whole(&mut run, response, already, &mut failures).await,
                None => match self.ask(&run).await {
                    Ok(response) => self.receive_whole(&mut run, response, already, &mut failures).await,
                    Err(trouble) => Err(trouble),
                },
            };
            match tried {
                Ok(()) => return Ok(()),
                Err(trouble) => self.recover(trouble, &mut failures).await?,
            }
        }
    }

    async fn receive_whole(
        &self,
        run: &mut Run,
        mut response: Response,
        already: u64,
        failures: &mut u32,
    ) -> Result<(), Trouble> {
        while let Some(chunk) = response.chunk().await? {
            if run.at + chunk.len() as u64 > run.end {
                let what = format!("more came than the {} bytes expected; pull it again", run.end);
                return Err(Trouble::Lasting(Error::Damaged { file: self.file.path.clone(), what }));
            }
            self.part.write_at(run.at, &chunk)?;
            let before = run.at;
            run.at += chunk.len() as u64;
            if run.at > already {
                // Only new ground is progress.
                *failures = 0;
            }
            self.done_bytes.set(run.at.max(already));
            (self.tell)(Step::Download(self.done_bytes.get()));
            self.note_pieces(before, run.at).await?;
        }
        if run.at < run.end {
            let what = format!("the connection ended at byte {} of {}", run.at, run.end);
            return Err(Trouble::Passing(Error::fetch(&self.file.url, what), None));
        }
        Ok(())
    }

    /// Waits after a passing trouble; a lasting one, or one too many, is the end.
    async fn recover(&self, trouble: Trouble, failures: &mut u32) -> Result<()> {
        let (error, wait) = match trouble {
            Trouble::Lasting(error) => return Err(error),
            Trouble::Passing(error, wait) => (error, wait),
        };
        *failures += 1;
        if *failures >= self.options.tries {
            return Err(match error {
                Error::Fetch { url, what } => {
                    Error::fetch(url, format!("{what}. What is here stays: pull again to go on"))
                }
                other => other,
            });
        }
        self.waiting.set(self.waiting.get() + 1);
        if self.waiting.get() >= self.open.get() {
            (self.tell)(Step::Wait(self.done_bytes.get()));
        }
        let own = http::back_off_ms(*failures - 1);
        platform::sleep_ms(wait.map_or(own, |wait| wait.max(own.min(1000)))).await;
        self.waiting.set(self.waiting.get() - 1);
        Ok(())
    }
}
