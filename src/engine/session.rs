//! A loaded model with its tokenizer and scheduler, and the requests it is answering.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::guide::Formats;
use super::opened::{Language, Opened};
use super::reply::{Echo, Job, Reply};
use super::searches::Searches;
use super::tally::Tally;
use super::warm_up::warm_up;
use super::{Emit, choosing};
use crate::error::{Error, Result};
use crate::generate::{Output, Scheduler, SequenceId, SequenceRequest, Suspended};
use crate::gpu::Gpu;
use crate::model::Qwen2;
use crate::platform;
use crate::protocol::{
    Event, FinishReason, LoadOptions, LoadPhase, ModelInfo, ModelSource, Prompt, RequestId, SamplingOptions,
};
use crate::sampler::{Record, Rule};
use crate::text::{self, EncodedPrompt};

/// What was asked for when a model was loaded, to load it again.
#[derive(Clone)]
pub(super) struct Origin {
    id: RequestId,
    source: ModelSource,
    options: LoadOptions,
}

/// What was being answered when the device was lost.
pub(super) struct Interrupted {
    pub(super) origin: Origin,
    emit: Emit,
    suspended: Suspended,
    jobs: BTreeMap<RequestId, Job>,
    replies: HashMap<SequenceId, (RequestId, Reply)>,
    searches: Searches,
}

impl Interrupted {
    /// The load that is to be done again.
    pub(super) fn load(&self) -> (RequestId, ModelSource, LoadOptions) {
        let Origin { id, source, options } = self.origin.clone();
        (id, source, options)
    }

    /// Ends everything that was in progress with the same error.
    pub(super) fn fail_all(self, error: &Error) {
        fail_all(&self.emit, &self.jobs, &self.searches, error);
    }
}

fn fail_all(emit: &Emit, jobs: &BTreeMap<RequestId, Job>, searches: &Searches, error: &Error) {
    for id in jobs.keys().copied().chain(searches.running()) {
        emit(Event::failed(Some(id), error));
    }
}

/// A model that answers.
pub(super) struct Session {
    pub(super) emit: Emit,
    origin: Origin,
    pub(super) opened: Opened,
    /// What reading, packing and uploading the weights took.
    pub(super) weights_ms: f64,
    pub(super) scheduler: Scheduler,
    pub(super) language: Option<Language>,
    pub(super) end_tokens: Vec<u32>,
    pub(super) info: ModelInfo,
    /// Made when a reply is first to have a format.
    pub(super) formats: Option<Formats>,
    pub(super) jobs: BTreeMap<RequestId, Job>,
    pub(super) replies: HashMap<SequenceId, (RequestId, Reply)>,
    pub(super) searches: Searches,
}

impl Session {
    pub(super) async fn load(
        id: RequestId,
        gpu: Rc<Gpu>,
        source: &ModelSource,
        options: &LoadOptions,
        emit: Emit,
    ) -> Result<Self> {
        let started_ms = platform::now_ms();
        let loading = {
            let emit = emit.clone();
            move |phase, done_bytes, total_bytes| emit(Event::Loading { id, phase, done_bytes, total_bytes })
        };
        loading(LoadPhase::Open, 0, 0);
        let opened = Opened::open(source).await?;
        // What may be wrong with these should be known before gigabytes are moved.
        let language = opened.language()?;
        let end_tokens = opened.end_tokens(language.as_ref());
        let total_bytes = opened.file_bytes();
        let (mut done_bytes, mut told) = (0, 0);
        let mut progress = |bytes: u64| {
            done_bytes += bytes;
            // A hundred messages a load are enough for any bar.
            if done_bytes - told >= total_bytes / 100 {
                told = done_bytes;
                loading(LoadPhase::Upload, done_bytes, total_bytes);
            }
        };
        let wanted = opened.options(options)?;
        let wanted_context = wanted.context;
        let weights_from_ms = platform::now_ms();
        let model = Qwen2::load(gpu, opened.config.clone(), opened.source(), wanted, &mut progress).await?;
        let weights_ms = platform::now_ms() - weights_from_ms;
        let context = model.options().context;
        if context < wanted_context {
            let message = format!(
                "a context of {wanted_context} tokens does not fit this GPU's memory; it is {context} tokens now"
            );
            emit(Event::Notice { id: Some(id), kind: "context".into(), message });
        }
        if let Some(message) = opened.remark() {
            emit(Event::Notice { id: Some(id), kind: "sampling".into(), message });
        }
        let mut info = ModelInfo {
            context,
            weight_bytes: model.weights().bytes(),
            kv_bytes: model.kv_bytes(),
            tensors: model.weights().formats.clone(),
            ..opened.info()
        };
        let mut scheduler = Scheduler::new(model);
        loading(LoadPhase::Compile, done_bytes, total_bytes);
        warm_up(&mut scheduler, || loading(LoadPhase::Check, done_bytes, total_bytes)).await?;
        info.load_ms = platform::now_ms() - started_ms;
        Ok(Self {
            emit,
            origin: Origin { id, source: source.clone(), options: options.clone() },
            opened,
            weights_ms,
            scheduler,
            language,
            end_tokens,
            info,
            formats: None,
            jobs: BTreeMap::new(),
            replies: HashMap::new(),
            searches: Searches::default(),
        })
    }

    pub(super) fn info(&self) -> &ModelInfo {
        &self.info
    }

    pub(super) fn is_busy(&self) -> bool {
        self.scheduler.is_busy()
    }

    pub(super) fn encode(&self, prompt: &Prompt) -> Result<EncodedPrompt> {
        match (&self.language, prompt) {
            (Some(language), _) => text::encode(prompt, &language.tokenizer, &language.template),
            (None, Prompt::Tokens { tokens }) => {
                Ok(EncodedPrompt { tokens: tokens.clone(), opened: None, note: None })
            }
            (None, _) => Err(Error::BadRequest("a random model has no tokenizer: give token ids".into())),
        }
    }

    pub(super) fn generate(
        &mut self,
        id: RequestId,
        prompt: &Prompt,
        sampling: &SamplingOptions,
    ) -> Result<()> {
        sampling.validate()?;
        self.check_new(id)?;
        let started_ms = platform::now_ms();
        let mut prompt = self.encode(prompt)?;
        let reply_from = prompt.tokens.len();
        self.begin_with(&mut prompt, sampling)?;
        if let Some(message) = &prompt.note {
            let kind = "template".into();
            (self.emit)(Event::Notice { id: Some(id), kind, message: message.clone() });
        }
        let prompt_tokens = prompt.tokens.len();
        let cached_tokens = if sampling.echo { 0 } else { self.scheduler.cached_len(&prompt.tokens) };
        let alternatives = sampling.top_logprobs as usize;
        let rule = choosing::rule(sampling);
        let guide = self.guide(sampling, &prompt)?;
        let chooser = choosing::chooser(rule, sampling, alternatives, reply_from, guide);
        // Where it is chosen here, the kernels' rule does not count; they would not know this one.
        let rule = if chooser.is_some() { Rule::GREEDY } else { rule };
        let mut submitted = Vec::new();
        for choice in 0..sampling.choices {
            let mut reply = Reply::new(id, choice, &prompt, self.info.thoughts, sampling);
            if let Some(language) = &self.language {
                reply.resume(&language.tokenizer, &sampling.prefix);
            }
            if reply.is_stopped() {
                let what = "the prefix holds a stop text: there is nothing to go on with";
                return Err(Error::BadRequest(what.into()));
            }
            // The first tells the prompt for all.
            let echo = (sampling.echo && choice == 0).then_some(alternatives);
            let sequence = self.scheduler.submit(SequenceRequest {
                tokens: prompt.tokens.clone(),
                rule,
                seed: sampling.seed,
                choice: sampling.first_choice.wrapping_add(choice),
                max_new_tokens: sampling.max_new_tokens,
                end_tokens: if sampling.ignore_end { Vec::new() } else { self.end_tokens.clone() },
                group: id,
                chooser: chooser.clone(),
                echo,
            })?;
            submitted.push(sequence);
            self.replies.insert(sequence, (id, reply));
        }
        let choices = sampling.choices as usize;
        self.jobs.insert(
            id,
            Job {
                sequences: submitted,
                echo: sampling.echo.then(|| Echo::new(&prompt.tokens, sampling.token_bytes)),
                tally: Tally::new(id, prompt_tokens, cached_tokens, choices, started_ms),
            },
        );
        (self.emit)(Event::Started { id, prompt_tokens, cached_tokens });
        self.tell_prompt(id, None);
        Ok(())
    }

    pub(super) fn check_new(&self, id: RequestId) -> Result<()> {
        if self.jobs.contains_key(&id) || self.searches.contains(id) {
            return Err(Error::BadRequest(format!("request {id} is already being answered")));
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self, id: RequestId) {
        for &sequence in self.jobs.get(&id).map(|job| &job.sequences).into_iter().flatten() {
            self.scheduler.cancel(sequence);
        }
        if let Ok((searches, mut ground)) = self.searching() {
            searches.cancel(id, &mut ground);
        }
    }

    /// Ends everything in progress with the same error.
    pub(super) fn fail_all(self, error: &Error) {
        fail_all(&self.emit, &self.jobs, &self.searches, error);
    }

    /// Lets go of the device and keeps what was being answered.
    pub(super) fn interrupt(self) -> Interrupted {
        Interrupted {
            origin: self.origin,
            emit: self.emit,
            suspended: self.scheduler.suspend(),
            jobs: self.jobs,
            replies: self.replies,
            searches: self.searches,
        }
    }

    /// Goes on with what another session of the same model was answering.
    pub(super) fn resume(&mut self, interrupted: Interrupted) {
        self.jobs = interrupted.jobs;
        self.replies = interrupted.replies;
        self.searches = interrupted.searches;
        self.scheduler.resume(interrupted.suspended);
    }

    /// One round: submit, collect, tell.
    pub(super) async fn step(&mut self) -> Result<()> {
        for output in self.scheduler.step().await? {
            match output {
                Output::Token { id, record, top } => match self.searches.of(id) {
                    Some(search) => self.search_token(search, id, &record),
                    None => self.token(id, &record, &top),
                },
                Output::Admitted { id, cached } => self.admitted(id, cached),
                Output::Prompt { id, position, logprob, top } => {
                    if let Some((request, _)) = self.replies.get(&id) {
                        self.tell_prompt(*request, Some((position, (logprob, top))));
                    }
                }
                Output::Finished { id, reason } => match self.searches.of(id) {
                    Some(search) => self.with_search(search, |job, _| job.finished(id, reason)),
                    None => self.finished(id, reason),
                },
                Output::Failed { id, error } => match self.searches.of(id) {
                    Some(search) => self.with_search(search, |_, _| Err(error)),
                    None => self.failed(id, &error),
                },
            }
        }
        if let Ok((searches, mut ground)) = self.searching() {
            searches.advance(&mut ground);
        }
        Ok(())
    }

    fn token(&mut self, sequence: SequenceId, record: &Record, top: &[(u32, f32)]) {
        let Some((request, reply)) = self.replies.get_mut(&sequence) else { return };
        let Some(job) = self.jobs.get_mut(request) else { return };
        job.tally.note(platform::now_ms());
        if reply.is_stopped() {
            return;
        }
        match &self.language {
            Some(language) => reply.push(&language.tokenizer, record, top, &*self.emit),
            None => reply.tokens += 1,
        }
        if reply.is_stopped() {
            let len = record.position as usize + 1;
            self.scheduler.truncate(sequence, len, FinishReason::Stop);
        }
    }

    fn finished(&mut self, sequence: SequenceId, reason: FinishReason) {
        let Some((request, mut reply)) = self.replies.remove(&sequence) else { return };
        reply.finish(&*self.emit);
        (self.emit)(reply.ended(reason));
        let Some(job) = self.jobs.get_mut(&request) else { return };
        let tokens = (reply.tokens, reply.reasoning_tokens);
        job.tally.close(reply.choice, reply.raw, tokens, reason);
        if job.tally.is_done()
            && let Some(job) = self.jobs.remove(&request)
        {
            (self.emit)(job.tally.done(self.info.context));
        }
    }

    fn failed(&mut self, sequence: SequenceId, error: &Error) {
        let Some((request, _)) = self.replies.remove(&sequence) else { return };
        for other in self.jobs.remove(&request).map(|job| job.sequences).into_iter().flatten() {
            self.replies.remove(&other);
            self.scheduler.cancel(other);
        }
        (self.emit)(Event::failed(Some(request), error));
    }
}
