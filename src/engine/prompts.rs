//! What a session says of prompts: their tokens, how probable these are, what of them was at hand; and what their
//! replies have to be.

use super::guide::Formats;
use super::reply::Heard;
use super::session::Session;
use crate::error::{Error, Result};
use crate::generate::SequenceId;
use crate::protocol::{Event, Prompt, RequestId, SamplingOptions};
use crate::sampler::Guide;
use crate::text::EncodedPrompt;

impl Session {
    /// What keeps the replies to their format, if they are to have one.
    pub(super) fn guide(
        &mut self,
        sampling: &SamplingOptions,
        prompt: &EncodedPrompt,
    ) -> Result<Option<Box<dyn Guide>>> {
        let Some(format) = &sampling.format else { return Ok(None) };
        let none = || Error::BadRequest("a random model has no tokenizer, and its replies no format".into());
        let language = self.language.as_ref().ok_or_else(none)?;
        let formats = match &mut self.formats {
            Some(formats) => formats,
            none => none.insert(Formats::new(language.tokenizer.clone(), &self.end_tokens)?),
        };
        formats.guide(format, self.info.thoughts, prompt.opened).map(Some)
    }

    /// Puts behind the prompt what every reply is to begin with.
    pub(super) fn begin_with(&self, prompt: &mut EncodedPrompt, sampling: &SamplingOptions) -> Result<()> {
        if sampling.prefix.is_empty() {
            return Ok(());
        }
        // Refuses ids that are none.
        let prefix = self.encode(&Prompt::Tokens { tokens: sampling.prefix.clone() })?.tokens;
        if !sampling.ignore_end
            && let Some(end) = prefix.iter().find(|token| self.end_tokens.contains(token))
        {
            let what =
                format!("the prefix holds token {end}, which ends a reply: there is nothing to go on with");
            return Err(Error::BadRequest(what));
        }
        prompt.tokens.extend(prefix);
        Ok(())
    }

    /// What is under way, and the pages.
    pub(super) fn status(&self, id: RequestId) {
        (self.emit)(Event::Status {
            id,
            running: self.jobs.len() + self.searches.running().count(),
            pages: self.scheduler.model().options().pages,
            pages_used: self.scheduler.pages_used(),
            pages_cached: self.scheduler.pages_cached(),
        });
    }

    /// What a prompt is in tokens.
    pub(super) fn tokenize(&self, id: RequestId, prompt: &Prompt) -> Result<()> {
        let tokens = self.encode(prompt)?.tokens;
        let text = |&token| self.language.as_ref().map_or(String::new(), |l| l.tokenizer.token_text(token));
        let texts = tokens.iter().map(text).collect();
        (self.emit)(Event::Tokenized { id, tokens, texts });
        Ok(())
    }

    /// What tokens are in text.
    pub(super) fn detokenize(&self, id: RequestId, tokens: &[u32]) -> Result<()> {
        let none = || Error::BadRequest("a random model has no tokenizer".into());
        let tokenizer = &self.language.as_ref().ok_or_else(none)?.tokenizer;
        // Refuses ids that are none.
        self.encode(&Prompt::Tokens { tokens: tokens.to_vec() })?;
        let bytes: Vec<u8> =
            tokens.iter().flat_map(|&token| tokenizer.token_bytes(token).into_owned()).collect();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (self.emit)(Event::Detokenized { id, text });
        Ok(())
    }

    /// What was at hand of the prompt when the first of the replies was admitted: others find what that one left.
    pub(super) fn admitted(&mut self, sequence: SequenceId, cached: usize) {
        let request = self.replies.get(&sequence).map(|(request, _)| *request);
        if let Some(job) = request.and_then(|request| self.jobs.get_mut(&request))
            && job.sequences.first() == Some(&sequence)
        {
            job.tally.cached_tokens = cached;
        }
    }

    /// Takes what is known of a token of the prompt; tells all of them when they are.
    pub(super) fn tell_prompt(&mut self, request: RequestId, heard: Option<(usize, Heard)>) {
        let Some(job) = self.jobs.get_mut(&request) else { return };
        let Some(echo) = &mut job.echo else { return };
        if let Some((position, heard)) = heard {
            echo.hear(position, heard);
        }
        if echo.is_complete() {
            let tokens = echo.tell(self.language.as_ref().map(|language| &*language.tokenizer));
            job.echo = None;
            (self.emit)(Event::Prompted { id: request, tokens });
        }
    }
}
