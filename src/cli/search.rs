//! `polo ask --search`: the tree as it grows, the answer, and why it won; or one JSON object with the whole tree.

use serde::Serialize;

use super::args::AskArgs;
use super::failure::Failure;
use super::output::Output;
use super::session::Session;
use super::tree::{TreeView, plain, verdict};

use crate::eval::output_of;
use crate::protocol::{
    Event, ModelInfo, Prompt, Request, RequestId, SamplingOptions, SearchOptions, SearchReport,
};

/// Milliseconds between two pictures, unless something has ended.
const REDRAW_MS: u128 = 200;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Found<'a> {
    model: &'a str,
    /// The winning reply without its thought.
    output: &'a str,
    #[serde(flatten)]
    report: &'a SearchReport,
    search: &'a SearchOptions,
    sampling: &'a SamplingOptions,
    timings: Timings,
    /// The search as it is exported, every token included.
    tree: serde_json::Value,
}

#[derive(Debug, Serialize)]
struct Timings {
    load_ms: f64,
    search_ms: f64,
    tokens_per_s: f64,
}

/// How to search, as the arguments say.
pub(super) fn options(args: &AskArgs) -> SearchOptions {
    let options = args.how.options(args.sampling.max_tokens);
    SearchOptions { mode: args.mode.unwrap_or(options.mode), ..options }
}

/// Searches with a model that is loaded.
pub(super) fn run(
    args: &AskArgs,
    model: &ModelInfo,
    prompt: Prompt,
    sampling: &SamplingOptions,
    session: &mut Session,
    output: &mut Output,
) -> Result<(), Failure> {
    let search = options(args);
    let id = session.id();
    let start = web_time::Instant::now();
    session.send(Request::Search { id, prompt, sampling: sampling.clone(), search: search.clone() });
    let mut screen = Screen::new(!args.json && !args.no_thought, output.redraws);
    let (report, cancelled) = follow(id, &mut screen, session, output)?;
    if args.json {
        let search_ms = start.elapsed().as_secs_f64() * 1e3;
        let tokens_per_s = f64::from(report.progress.tokens) / search_ms.max(1e-3) * 1e3;
        output.json(&Found {
            model: &model.name,
            output: output_of(&report.reply),
            report: &report,
            search: &search,
            sampling,
            timings: Timings { load_ms: model.load_ms, search_ms, tokens_per_s },
            tree: export(id, session)?,
        })?;
    } else {
        screen.end(&report, output)?;
    }
    output.flush()?;
    if cancelled { Err(Failure::Interrupted) } else { Ok(()) }
}

/// Shows a search that was asked for until it ends, and tells whether Ctrl-C was pressed. The first Ctrl-C ends the
/// search with the best answer so far, the second this.
pub(super) fn follow(
    id: RequestId,
    screen: &mut Screen,
    session: &mut Session,
    output: &mut Output,
) -> Result<(SearchReport, bool), Failure> {
    let mut cancelled = false;
    loop {
        match session.next() {
            Ok(Event::Notice { message, .. }) => output.warn(&message),
            Ok(event) => {
                screen.show(&event, output)?;
                if let Event::SearchDone { report, .. } = event {
                    return Ok((report, cancelled));
                }
            }
            Err(Failure::Interrupted) if !cancelled => {
                cancelled = true;
                session.send(Request::Cancel { id });
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// The whole tree of a search that is done.
fn export(id: RequestId, session: &mut Session) -> Result<serde_json::Value, Failure> {
    session.send(Request::Export { id });
    loop {
        if let Event::Exported { json, .. } = session.next()? {
            return serde_json::from_str(&json).map_err(|error| Failure::Error {
                kind: "panic".into(),
                message: format!(
                    "the search was exported as something that is no JSON, which is a bug: {error}"
                ),
            });
        }
    }
}

/// What stands on the terminal, or what goes down the pipe.
pub(super) struct Screen {
    view: TreeView,
    /// Whether a picture is drawn again and again.
    redraws: bool,
    /// Whether a line is written for each event.
    lines: bool,
    /// Lines of the picture that stands there.
    drawn: usize,
    last: Option<web_time::Instant>,
}

impl Screen {
    /// `tree`: whether anything but the answer is shown.
    pub(super) fn new(tree: bool, terminal: bool) -> Self {
        Self {
            view: TreeView::default(),
            redraws: tree && terminal,
            lines: tree && !terminal,
            drawn: 0,
            last: None,
        }
    }

    fn show(&mut self, event: &Event, output: &mut Output) -> Result<(), Failure> {
        if self.lines {
            // Votes change with every branch, and the verdict comes at the end.
            if matches!(event, Event::Expanded { .. } | Event::Visited { .. }) {
                for line in plain(event) {
                    output.line(&line)?;
                }
                output.flush()?;
            }
            return Ok(());
        }
        self.view.apply(event);
        let due = match event {
            Event::Searched { .. } | Event::SearchDone { .. } => true,
            Event::Token { .. } => self.last.is_none_or(|last| last.elapsed().as_millis() >= REDRAW_MS),
            _ => false,
        };
        if self.redraws && due {
            let (rows, columns) = console::Term::stdout().size();
            // A line in the last column would wrap, and a picture as high as the terminal would scroll.
            let (rows, columns) = (usize::from(rows).max(6) - 2, usize::from(columns).max(20) - 1);
            let picture = self.view.picture(columns, rows);
            output.draw(self.drawn, &picture)?;
            self.drawn = picture.len();
            self.last = Some(web_time::Instant::now());
        }
        Ok(())
    }

    /// The answer under the tree, and why it won.
    pub(super) fn end(&self, report: &SearchReport, output: &mut Output) -> Result<(), Failure> {
        if self.redraws || self.lines {
            output.text("\n")?;
        }
        output.line(output_of(&report.reply))?;
        if self.redraws || self.lines {
            output.text("\n")?;
            for line in verdict(report) {
                output.line(&line)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
