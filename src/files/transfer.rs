//! The bytes of one file, in ranges that several connections fetch at once, or whole where a server knows
//! no ranges.

use std::cell::{Cell, RefCell};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::download::{DownloadOptions, Step};
use super::hub::{self, RepoFile};
use super::journal::Journal;
use crate::platform::disk;
use crate::platform::http::{self, Ask, Response};
use crate::{Error, Result, platform};

/// Pieces that one request asks for at most: fewer requests, and the hub counts them.
const RUN: usize = 16;

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

/// One file on its way.
pub(super) struct Transfer<'a> {
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

impl<'a> Transfer<'a> {
    pub(super) fn new(
        file: &'a RepoFile,
        owner: &'a str,
        options: &'a DownloadOptions,
        tell: &'a dyn Fn(Step),
        part: &'a disk::File,
        journal: Journal,
    ) -> Self {
        Self {
            file,
            owner,
            options,
            tell,
            part,
            done_bytes: Cell::new(journal.done_bytes()),
            journal: RefCell::new(journal),
            taken: RefCell::default(),
            waiting: Cell::new(0),
            open: Cell::new(0),
        }
    }

    /// Returns when every piece is written and noted.
    pub(super) async fn run(self) -> Result<Journal> {
        self.transfer().await?;
        Ok(self.journal.into_inner())
    }

    async fn transfer(&self) -> Result<()> {
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
        let run: Vec<usize> = open
            .iter()
            .enumerate()
            .take(share)
            .take_while(|&(at, &n)| n == first + at)
            .map(|(_, &n)| n)
            .collect();
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
    async fn receive(
        &self,
        run: &mut Run,
        mut response: Response,
        failures: &mut u32,
    ) -> Result<(), Trouble> {
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
                    let stop = if what.ends_with('?') { "" } else { "." };
                    Error::fetch(url, format!("{what}{stop} What is here stays: pull again to go on"))
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
