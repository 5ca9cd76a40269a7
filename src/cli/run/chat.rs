//! A conversation with a model: what was said, how it is continued, and how a reply is shown.

use std::path::Path;

use super::commands;
use super::saved::{Saved, note_model};
use super::{RunArgs, random_seed};
use crate::Error;
use crate::cli::args::ModelArgs;
use crate::cli::engine_args::EngineArgs;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::reply::{self, Told, Writer, speed};
use crate::cli::search::{self, Screen};
use crate::cli::search_args::SearchArgs;
use crate::cli::session::Session;
use crate::protocol::{
    FinishReason, Format, LoadOptions, Message, ModelInfo, ModelSource, Prompt, Request, Role,
    SamplingOptions, SearchOptions,
};

/// A conversation, and the model that it is with.
pub(super) struct Chat<'a> {
    pub(super) args: &'a RunArgs,
    pub(super) session: &'a mut Session,
    pub(super) output: &'a mut Output,
    /// The folder of what stays.
    pub(super) home: &'a Path,
    /// What `/save` keeps.
    pub(super) settings: Saved,
    /// None where a load failed.
    pub(super) model: Option<ModelInfo>,
    pub(super) verbose: bool,
}

/// What became of a message.
struct Answered {
    /// With its tags.
    reply: String,
    cancelled: bool,
}

impl<'a> Chat<'a> {
    /// With the settings of the arguments; no model is loaded yet.
    pub(super) fn new(
        args: &'a RunArgs,
        home: &'a Path,
        session: &'a mut Session,
        output: &'a mut Output,
    ) -> Self {
        let mut settings = Saved::new("");
        settings.system.clone_from(&args.system);
        settings.format.clone_from(&args.format);
        settings.search = args.search.map(|preset| commands::preset_name(preset).to_owned());
        settings.think = !args.hide_thinking;
        Self { args, session, output, home, settings, model: None, verbose: args.verbose }
    }

    /// Loads a model by the name that was typed. Where that fails, the one before stays, or comes back.
    pub(super) fn load(&mut self, name: &str, context: Option<usize>) -> Result<(), Failure> {
        let args = self.model_args(name);
        let mut options = args.options();
        options.context = context.or(options.context);
        // A name that is wrong, or a download that fails, costs no model.
        let source = match args.source()? {
            source @ (ModelSource::Hub { .. } | ModelSource::Url { .. }) => {
                ModelSource::Stored { name: self.session.pull(source, self.output)?.name }
            }
            source => source,
        };
        let before = self.model.take();
        match self.session.load(source, options, self.output) {
            Ok(model) => {
                self.model = Some(model);
                self.settings.model = name.into();
                self.settings.parameters.set_context(context);
                // A server's address is no model's name.
                if self.args.model.engine.engine.as_deref() != Some(name) {
                    note_model(self.home, name);
                }
                Ok(())
            }
            Err(failure) => {
                self.come_back(before.is_some() && !ends(&failure));
                Err(failure)
            }
        }
    }

    /// The arguments as if this model had been named; the address of the server that was named is that server.
    fn model_args(&self, name: &str) -> ModelArgs {
        let own = self.args.model.clone();
        if own.engine.engine.as_deref() == Some(name) {
            return own;
        }
        ModelArgs { model: Some(name.to_owned()), engine: EngineArgs::default(), ..own }
    }

    /// Loads the model of the settings again, after another one could not be loaded.
    fn come_back(&mut self, wanted: bool) {
        if !wanted {
            return;
        }
        let name = self.settings.model.clone();
        let context = self.settings.parameters.context();
        let args = self.model_args(&name);
        let options = LoadOptions { context: context.or(args.context), ..args.options() };
        if let Ok(source) = args.source()
            && let Ok(model) = self.session.load(source, options, self.output)
        {
            self.output.warn(&format!("{name} is loaded again"));
            self.model = Some(model);
        }
    }

    /// Says something to the model and shows what it answers. A message that is not answered is as if it had not
    /// been said.
    pub(super) fn say(&mut self, text: String) -> Result<(), Failure> {
        self.settings.messages.push(Message { role: Role::User, content: text });
        let answered = self.answer();
        match &answered {
            Ok(Answered { reply, .. }) if !reply.is_empty() => {
                let said = Message { role: Role::Assistant, content: reply.clone() };
                self.settings.messages.push(said);
            }
            _ => drop(self.settings.messages.pop()),
        }
        if answered?.cancelled { Err(Failure::Interrupted) } else { Ok(()) }
    }

    fn answer(&mut self) -> Result<Answered, Failure> {
        let Some(model) = &self.model else {
            return Err(Error::BadRequest("no model is loaded; /load <name> loads one".into()).into());
        };
        let load_ms = model.load_ms;
        let sampling = self.sampling(model.sampling.as_ref())?;
        let seed = sampling.seed;
        let prompt = self.prompt();
        self.session.calm()?;
        let id = self.session.id();
        if let Some(search) = self.search() {
            search.validate()?;
            let terminal = self.output.redraws;
            let mut screen = Screen::new(self.settings.think, terminal);
            self.session.send(Request::Search { id, prompt, sampling, search });
            let (report, cancelled) = search::follow(id, &mut screen, self.session, self.output)?;
            screen.end(&report, self.output)?;
            self.output.flush()?;
            return Ok(Answered { reply: report.reply, cancelled });
        }
        self.session.send(Request::Generate { id, prompt, sampling });
        let mut writer = Writer::new(true, self.settings.think);
        let told = reply::follow(id, self.session, &mut writer, self.output, |_| {})?;
        self.remark(&told);
        if self.verbose {
            for line in figures(&told, load_ms, seed) {
                self.output.warn(&line);
            }
        }
        Ok(Answered { reply: told.reply, cancelled: told.cancelled })
    }

    /// The whole conversation; nothing of it is ever left out.
    fn prompt(&self) -> Prompt {
        let system = self.settings.system.iter();
        let system = system.map(|text| Message { role: Role::System, content: text.clone() });
        Prompt::Chat { messages: system.chain(self.settings.messages.iter().cloned()).collect() }
    }

    /// What was set goes over the flags, they over what the model recommends, and that over the defaults.
    pub(super) fn sampling(&self, recommended: Option<&SamplingOptions>) -> Result<SamplingOptions, Failure> {
        let parameters = &self.settings.parameters;
        let mut options = parameters.over(&self.args.sampling.options(recommended))?;
        if self.args.sampling.seed.is_none() && !parameters.has("seed") {
            options.seed = random_seed();
        }
        options.format = self.settings.format.as_deref().map(format).transpose()?;
        options.validate()?;
        Ok(options)
    }

    fn search(&self) -> Option<SearchOptions> {
        let preset = commands::preset(self.settings.search.as_deref()?)?;
        let parameters = &self.settings.parameters;
        let length = parameters.over(&SamplingOptions::default()).ok().map(|options| options.max_new_tokens);
        let length = length.filter(|_| parameters.has("num_predict")).or(self.args.sampling.max_tokens);
        Some(SearchArgs { preset: Some(preset), ..SearchArgs::default() }.options(length))
    }

    /// What ended the reply, where that was not the model.
    fn remark(&mut self, told: &Told) {
        let usage = &told.usage;
        let used = usage.prompt_tokens + usage.completion_tokens;
        let text = match told.finish_reason {
            FinishReason::Length => format!(
                "The reply was cut at {} tokens, as was set; /set parameter num_predict <tokens> allows more.",
                usage.completion_tokens
            ),
            FinishReason::Context => format!(
                "The context is full: {} tokens of the conversation and {} of this reply, {used} in all. {CHOICES}",
                usage.prompt_tokens, usage.completion_tokens
            ),
            // The next message, and its reply, need room too.
            FinishReason::Stop if usage.context_left < used / 8 => {
                format!(
                    "The context is nearly full: {used} tokens are in it, {} are left.",
                    usage.context_left
                )
            }
            _ => return,
        };
        self.output.warn(&text);
    }
}

/// What a person can do about a full context.
pub(super) const CHOICES: &str = "Nothing was left out. /clear begins anew, /save keeps the conversation first, \
     /set parameter num_ctx <tokens> makes the context longer where model and memory allow it.";

/// Whether nothing more can come of this engine, or nobody is there to read it.
pub(super) fn ends(failure: &Failure) -> bool {
    match failure {
        Failure::Error { kind, .. } => kind == "panic",
        Failure::Interrupted => false,
        Failure::Faults | Failure::BrokenPipe => true,
    }
}

/// `json`, or a schema.
pub(super) fn format(text: &str) -> Result<Format, Error> {
    if text == "json" {
        return Ok(Format::JsonObject);
    }
    let schema = serde_json::from_str(text).map_err(|error| {
        Error::BadRequest(format!("the format is neither `json` nor a JSON schema: {error}"))
    })?;
    Ok(Format::JsonSchema { schema })
}

/// What `--verbose` tells, as Ollama does.
fn figures(told: &Told, load_ms: f64, seed: u64) -> Vec<String> {
    let usage = &told.usage;
    let read = usage.prompt_tokens.saturating_sub(usage.cached_tokens);
    let reading = if usage.first_token_ms > 0.0 { read as f64 / usage.first_token_ms * 1e3 } else { 0.0 };
    let seconds = |ms: f64| format!("{:.3} s", ms / 1e3);
    vec![
        format!("total duration:       {}", seconds(usage.first_token_ms + usage.decode_ms)),
        format!("load duration:        {}", seconds(load_ms)),
        format!(
            "prompt eval count:    {} token(s), {} of them known already",
            usage.prompt_tokens, usage.cached_tokens
        ),
        format!("prompt eval duration: {}", seconds(usage.first_token_ms)),
        format!("prompt eval rate:     {reading:.2} tokens/s"),
        format!(
            "eval count:           {} token(s), {} of them thought",
            usage.completion_tokens, usage.reasoning_tokens
        ),
        format!("eval duration:        {}", seconds(usage.decode_ms)),
        format!("eval rate:            {:.2} tokens/s", speed(usage)),
        format!("context left:         {} token(s)", usage.context_left),
        format!("seed:                 {seed}"),
    ]
}
