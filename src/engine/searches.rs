//! The searches of a session: requests about them, and which sequence is whose.

use super::search::{self, Ground, SearchJob};
use super::session::Session;
use crate::error::{Error, Result};
use crate::generate::SequenceId;
use crate::protocol::{Event, NodeId, Prompt, RequestId, SamplingOptions, SearchOptions};
use crate::search::Search;

/// Searches that are kept after their end.
const DONE_SEARCHES: usize = 8;

impl Session {
    /// Begins a search.
    pub(super) fn search(
        &mut self,
        id: RequestId,
        prompt: Prompt,
        sampling: &SamplingOptions,
        options: &SearchOptions,
    ) -> Result<()> {
        self.check_new(id)?;
        if self.language.is_none() {
            return Err(Error::BadRequest("a random model cannot search: it has no tokenizer".into()));
        }
        if sampling.format.is_some() || sampling.echo {
            let what = "a search knows neither format nor echo: ask for a single reply, or leave them out";
            return Err(Error::BadRequest(what.into()));
        }
        let encoded = self.encode(&prompt)?;
        let (prompt_tokens, limit) = (encoded.tokens.len(), self.info.context);
        if prompt_tokens >= limit {
            return Err(Error::ContextFull { prompt_tokens, limit });
        }
        if let Some(message) = &encoded.note {
            let kind = "template".into();
            (self.emit)(Event::Notice { id: Some(id), kind, message: message.clone() });
        }
        let room = self.info.context.saturating_sub(encoded.tokens.len()) as u32;
        let search = Search::new(options, sampling, self.info.thoughts, room)?;
        self.tell_start(id, &encoded.tokens);
        self.take_in(id, SearchJob::new(id, search, prompt, encoded.tokens));
        Ok(())
    }

    /// Takes in a search that was exported; it goes on where it was.
    pub(super) fn import(&mut self, id: RequestId, json: &str) -> Result<()> {
        self.check_new(id)?;
        let mut job = SearchJob::import(id, json, |prompt| Ok(self.encode(prompt)?.tokens))?;
        job.fits(self.info.context)?;
        self.tell_start(id, job.prompt_tokens());
        job.tell_all(&self.emit);
        self.take_in(id, job);
        Ok(())
    }

    fn tell_start(&self, id: RequestId, prompt: &[u32]) {
        let cached_tokens = self.scheduler.cached_len(prompt);
        (self.emit)(Event::Started { id, prompt_tokens: prompt.len(), cached_tokens });
    }

    fn take_in(&mut self, id: RequestId, job: SearchJob) {
        let mut done: Vec<RequestId> =
            self.searches.iter().filter(|(_, search)| search.is_done()).map(|(&id, _)| id).collect();
        if done.len() >= DONE_SEARCHES {
            self.searches.remove(&done.remove(0));
        }
        self.searches.insert(id, job);
        self.with_search(id, SearchJob::advance);
    }

    /// Does something to a search. What fails, ends the search.
    pub(super) fn with_search(
        &mut self,
        id: RequestId,
        act: impl FnOnce(&mut SearchJob, &mut Ground<'_>) -> Result<()>,
    ) {
        let (Some(job), Some(language)) = (self.searches.get_mut(&id), &self.language) else { return };
        let mut ground = Ground {
            scheduler: &mut self.scheduler,
            tokenizer: &language.tokenizer,
            end_tokens: &self.end_tokens,
            emit: &self.emit,
        };
        if let Err(error) = act(job, &mut ground) {
            job.drop_lanes(&mut self.scheduler);
            self.searches.remove(&id);
            (self.emit)(Event::failed(Some(id), &error));
        }
    }

    /// Lets every search go on that waits for nothing else: once a step, whatever number of tokens it brought.
    pub(super) fn advance_searches(&mut self) {
        let running: Vec<RequestId> =
            self.searches.iter().filter(|(_, search)| !search.is_done()).map(|(&id, _)| id).collect();
        for id in running {
            self.with_search(id, SearchJob::advance);
        }
    }

    fn known_search(&mut self, id: RequestId) -> Result<&mut SearchJob> {
        let none = || {
            let what =
                "it was made with another model, or others have ended since: search again, or import it";
            Error::BadRequest(format!("there is no search {id}; {what}"))
        };
        self.searches.get_mut(&id).ok_or_else(none)
    }

    /// Changes a search as a person wishes.
    pub(super) fn steer(
        &mut self,
        id: RequestId,
        change: impl FnOnce(&mut Search) -> Result<()>,
    ) -> Result<()> {
        let emit = self.emit.clone();
        self.known_search(id)?.steer(change, &emit)?;
        self.with_search(id, SearchJob::advance);
        Ok(())
    }

    /// Puts another token in the place of one of a node's.
    pub(super) fn branch(&mut self, id: RequestId, node: NodeId, at: u32, token: u32) -> Result<()> {
        let Some(language) = &self.language else { return self.known_search(id).map(|_| ()) };
        if token >= language.tokenizer.id_count() {
            let what =
                format!("there is no token {token}: the vocabulary has {}", language.tokenizer.id_count());
            return Err(Error::BadRequest(what));
        }
        let bytes = search::bytes(&language.tokenizer, token);
        self.steer(id, |search| search.branch(node, at, token, bytes))
    }

    /// Holds a search, or lets it go on.
    pub(super) fn hold(&mut self, id: RequestId, held: bool) -> Result<()> {
        self.known_search(id)?;
        self.with_search(id, |job, ground| {
            if held {
                job.hold(ground.scheduler);
            } else {
                job.go_on(ground)?;
            }
            job.advance(ground)
        });
        Ok(())
    }

    /// Tells a search in full.
    pub(super) fn export(&mut self, id: RequestId) -> Result<()> {
        let (name, emit) = (self.info.name.clone(), self.emit.clone());
        emit(self.known_search(id)?.export(&name));
        Ok(())
    }

    /// Tells a node of a search in full.
    pub(super) fn node(&mut self, id: RequestId, node: NodeId) -> Result<()> {
        self.known_search(id)?;
        if let (Some(job), Some(language)) = (self.searches.get(&id), &self.language) {
            let detail = job.search().detail(node, |token| language.tokenizer.token_text(token))?;
            (self.emit)(Event::Node { id, detail });
        }
        Ok(())
    }

    pub(super) fn search_of(&self, sequence: SequenceId) -> Option<RequestId> {
        self.searches.iter().find(|(_, job)| job.owns(sequence)).map(|(&id, _)| id)
    }
}
