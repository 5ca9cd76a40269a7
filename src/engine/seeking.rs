//! Searches with the model on this machine.

use super::ground::{Ground, Sequences, plain_bytes};
use super::search::SearchJob;
use super::searches::Searches;
use super::session::Session;
use crate::error::{Error, Result};
use crate::generate::SequenceId;
use crate::protocol::{Event, Prompt, RequestId, SamplingOptions, SearchOptions};
use crate::sampler::Record;
use crate::search::{Search, Token};

impl Session {
    /// The searches, and what they stand on.
    pub(super) fn searching(&mut self) -> Result<(&mut Searches, Ground<'_>)> {
        let none = || Error::BadRequest("a random model cannot search: it has no tokenizer".into());
        let language = self.language.as_ref().ok_or_else(none)?;
        let lanes = Sequences { scheduler: &mut self.scheduler, end_tokens: &self.end_tokens };
        let ground = Ground { lanes: Box::new(lanes), words: &*language.tokenizer, emit: &self.emit };
        Ok((&mut self.searches, ground))
    }

    pub(super) fn with_search(
        &mut self,
        id: RequestId,
        act: impl FnOnce(&mut SearchJob, &mut Ground<'_>) -> Result<()>,
    ) {
        if let Ok((searches, mut ground)) = self.searching() {
            searches.with(id, &mut ground, act);
        }
    }

    pub(super) fn search_token(&mut self, search: RequestId, sequence: SequenceId, record: &Record) {
        let Some(language) = &self.language else { return };
        let own = if record.is_end() { Vec::new() } else { plain_bytes(&language.tokenizer, record.id) };
        let token = Token::sampled(record, own);
        self.with_search(search, |job, ground| job.token(sequence, token?, record.is_end(), ground));
    }

    /// Begins a search.
    pub(super) fn search(
        &mut self,
        id: RequestId,
        prompt: Prompt,
        sampling: &SamplingOptions,
        options: &SearchOptions,
    ) -> Result<()> {
        self.check_new(id)?;
        self.searching()?;
        if sampling.format.is_some() || sampling.echo {
            let what = "a search knows no `format` and no `echo`: ask for a single reply, or leave them out";
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
        self.take_in(id, SearchJob::new(id, search, prompt, encoded.tokens))
    }

    /// Takes in a search that was exported; it goes on where it was.
    pub(super) fn import(&mut self, id: RequestId, json: &str) -> Result<()> {
        self.check_new(id)?;
        let mut job = SearchJob::import(id, json, |prompt| Ok(self.encode(prompt)?.tokens))?;
        job.fits(self.info.context)?;
        self.tell_start(id, job.prompt_tokens());
        job.tell_all(&self.emit);
        self.take_in(id, job)
    }

    fn tell_start(&self, id: RequestId, prompt: &[u32]) {
        let cached_tokens = self.scheduler.cached_len(prompt);
        (self.emit)(Event::Started { id, prompt_tokens: prompt.len(), cached_tokens });
    }

    fn take_in(&mut self, id: RequestId, job: SearchJob) -> Result<()> {
        let (searches, mut ground) = self.searching()?;
        searches.take_in(id, job, &mut ground);
        Ok(())
    }
}
