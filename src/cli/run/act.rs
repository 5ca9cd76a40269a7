//! Carries out what is typed in `polo run`.

use std::fmt::Write as _;

use super::chat::{CHOICES, Chat, ends, format};
use super::commands::{Entry, Shown, preset_name};
use super::lines::Lines;
use super::parameters::CONTEXT;
use super::saved::{Saved, names};
use crate::cli::failure::Failure;
use crate::cli::reply::claim;
use crate::protocol::{ModelInfo, Role};

impl Chat<'_> {
    /// Carries it out. An error is told and the conversation goes on, unless nothing can come of it any more.
    pub(super) fn carry_out(&mut self, entry: Entry, lines: &mut dyn Lines) -> Result<(), Failure> {
        let said = matches!(entry, Entry::Say(_));
        match self.act(entry, lines) {
            Ok(()) if said => self.output.text("\n"),
            Ok(()) => Ok(()),
            Err(failure) if ends(&failure) => Err(failure),
            Err(Failure::Interrupted) => {
                self.output.note("Stopped.");
                self.output.text("\n")
            }
            Err(failure) => {
                if let Failure::Error { kind, message } = &failure {
                    self.output.error(message);
                    if kind == "context_full" {
                        self.output.warn(CHOICES);
                    }
                }
                Ok(())
            }
        }
    }

    fn act(&mut self, entry: Entry, lines: &mut dyn Lines) -> Result<(), Failure> {
        match entry {
            Entry::Nothing | Entry::Bye => Ok(()),
            Entry::Say(text) => self.say(text),
            Entry::Clear => {
                self.settings.messages.clear();
                self.output.line("Cleared session context")
            }
            Entry::Help(text) => self.output.line(&text),
            Entry::Wrong(what) => self.output.line(&what),
            Entry::System(None) => self.show(Shown::System),
            Entry::System(Some(text)) => {
                self.settings.system = Some(text);
                self.output.line("Set system message.")
            }
            Entry::Parameter(name, value) => self.set_parameter(&name, &value),
            Entry::History(on) => {
                lines.keep_history(on);
                self.output.line(if on { "History is kept." } else { "History is not kept from now on." })
            }
            Entry::Verbose(on) => {
                self.verbose = on;
                self.output.line(if on { "Set 'verbose' mode." } else { "Set 'quiet' mode." })
            }
            Entry::Think(on) => {
                self.settings.think = on;
                self.output.line(if on { "Thoughts are shown." } else { "Thoughts are hidden." })
            }
            Entry::Format(text) => {
                text.as_deref().map(format).transpose()?;
                let answer = match &text {
                    Some(text) => format!("Set format to '{text}'."),
                    None => "Disabled format.".into(),
                };
                self.settings.format = text;
                self.output.line(&answer)
            }
            Entry::Search(preset) => {
                self.settings.search = preset.map(|preset| preset_name(preset).to_owned());
                let answer = match &self.settings.search {
                    Some(name) => format!("Answers are searched for: {name}."),
                    None => "Answers come at once.".into(),
                };
                self.output.line(&answer)
            }
            Entry::Show(what) => self.show(what),
            Entry::Save(name) => {
                let path = self.settings.save(self.home, &name)?;
                self.output.line(&format!("Saved as '{name}' ({}); /load {name} goes on.", path.display()))
            }
            Entry::Load(name) => self.open(&name),
        }
    }

    fn set_parameter(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let mut parameters = self.settings.parameters.clone();
        parameters.set(name, value)?;
        if name == CONTEXT {
            let model = self.settings.model.clone();
            self.load(&model, parameters.context())?;
        }
        self.settings.parameters = parameters;
        self.output.line(&format!("Set parameter '{name}' to '{value}'"))
    }

    /// A saved conversation of this name, else the model of this name with a conversation that begins anew.
    fn open(&mut self, name: &str) -> Result<(), Failure> {
        let Some(saved) = Saved::load(self.home, name)? else {
            self.output.line(&format!("Loading model '{name}'"))?;
            self.load(name, None)?;
            self.settings.messages.clear();
            return Ok(());
        };
        let context = saved.parameters.context();
        let same = self.model.is_some()
            && self.settings.model == saved.model
            && self.settings.parameters.context() == context;
        if !same {
            self.output.line(&format!("Loading model '{}'", saved.model))?;
            self.load(&saved.model, context)?;
        }
        let count = saved.messages.len();
        self.settings = saved;
        self.output.line(&format!("Loaded '{name}': {count} messages with {}.", self.settings.model))
    }

    fn show(&mut self, what: Shown) -> Result<(), Failure> {
        let none = || "no model is loaded; /load <name> loads one\n".to_owned();
        let model = self.model.as_ref();
        let text = match what {
            Shown::Info => model.map_or_else(none, information),
            Shown::License => model.map_or_else(none, |model| match claim(model, "general.license") {
                Some(license) => format!("{license}\n"),
                None => "The model's files do not tell its licence.\n".into(),
            }),
            Shown::System => match &self.settings.system {
                Some(text) => format!("{text}\n"),
                None => "No system message was set; the model's own template may bring one.\n".into(),
            },
            Shown::Template => model.map_or_else(none, |model| match &model.template {
                Some(template) => format!("{template}\n"),
                None => "The model's files have no chat template; ChatML is used.\n".into(),
            }),
            Shown::Parameters => self.parameters()?,
            Shown::Messages => self.messages(),
        };
        self.output.line(&text)
    }

    fn parameters(&self) -> Result<String, Failure> {
        let settings = &self.settings;
        let mut text = String::new();
        // Writing to a String cannot fail.
        for (name, value) in settings.parameters.iter() {
            let _ = writeln!(text, "  {name:18} {value}");
        }
        let text = if text.is_empty() { "  none\n".into() } else { text };
        let recommended = self.model.as_ref().and_then(|model| model.sampling.as_ref());
        let holds = self.sampling(recommended)?;
        let seed = if self.args.sampling.seed.is_some() || settings.parameters.has("seed") {
            holds.seed.to_string()
        } else {
            "another one each time".into()
        };
        Ok(format!(
            "User defined parameters:\n{text}\nWhat holds:\n  temperature {}, top_k {}, top_p {}, min_p {}\n  \
             longest reply {} tokens, seed {seed}\n  search {}, format {}, thoughts {}\n",
            holds.temperature,
            holds.top_k,
            holds.top_p,
            holds.min_p,
            holds.max_new_tokens,
            settings.search.as_deref().unwrap_or("off"),
            settings.format.as_deref().unwrap_or("free"),
            if settings.think { "shown" } else { "hidden" },
        ))
    }

    fn messages(&self) -> String {
        let lines = self.settings.messages.iter().map(|message| {
            let who = match message.role {
                Role::User => "you",
                Role::Assistant => "model",
                Role::System => "system",
            };
            format!("[{who}] {}\n", message.content)
        });
        let text: String = lines.collect();
        let saved = names(self.home);
        let saved = if saved.is_empty() { "none".into() } else { saved.join(", ") };
        let text = if text.is_empty() { "Nothing was said yet.\n".into() } else { text };
        format!("{text}\nSaved conversations: {saved}\n")
    }
}

/// The model, for people.
fn information(model: &ModelInfo) -> String {
    let mut formats: Vec<&str> = model.tensors.iter().map(|tensor| tensor.file.as_str()).collect();
    formats.sort_unstable();
    formats.dedup();
    format!(
        "  Model\n    name             {}\n    architecture     {}\n    parameters       {:.1} M\n    \
         context length   {} tokens\n    types in file    {}\n    weights on GPU   {:.1} MB\n    \
         keys and values  {:.1} MB\n    thoughts         {:?}\n",
        model.name,
        model.architecture,
        model.parameters as f64 / 1e6,
        model.context,
        formats.join(", "),
        model.weight_bytes as f64 / 1e6,
        model.kv_bytes as f64 / 1e6,
        model.thoughts,
    )
}
