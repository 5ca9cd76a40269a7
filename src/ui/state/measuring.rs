//! The tokens of what is being written.

use crate::protocol::{Message, Role};

use super::{Chat, Phase};
use crate::ui::effect::Effect;

impl Chat {
    /// Counts what stands in the composer, with all that goes before it. Nothing while a reply is made: the
    /// conversation is another when it is done.
    pub fn measure(&mut self, draft: &str, system: &str) {
        if draft.trim().is_empty() || self.is_busy() {
            self.meter.clear();
            return;
        }
        let Some(model) = self.model.clone() else { return };
        let message = |role, content: &str| Message { role, content: content.trim().to_owned() };
        let mut messages = Vec::new();
        if !system.trim().is_empty() {
            messages.push(message(Role::System, system));
        }
        for exchange in &self.exchanges {
            let reply = exchange.reply.for_model(&model.name);
            if !reply.is_empty() {
                messages.push(message(Role::User, &exchange.question));
                messages.push(Message { role: Role::Assistant, content: reply });
            }
        }
        self.meter.want_draft(messages, draft);
        self.ask_meter();
    }

    /// Counts a file beside the draft.
    pub fn measure_file(&mut self, key: u64, text: &str) {
        self.meter.want_file(key, text);
        self.ask_meter();
    }

    /// Asks the engine for the next count. A server counts nothing before it is asked to answer.
    pub(super) fn ask_meter(&mut self) {
        if self.choice.server().is_some() {
            self.meter.estimate_all();
        } else if self.phase == Phase::Ready {
            let next_id = &mut self.next_id;
            let request = self.meter.next(|| {
                *next_id += 1;
                *next_id
            });
            self.effects.extend(request.map(Effect::Post));
        }
    }

    /// Takes a count; false where the answer is to something else.
    pub(super) fn measured(&mut self, id: u64, tokens: Option<usize>) -> bool {
        let ours = self.meter.told(id, tokens);
        if ours {
            self.ask_meter();
        }
        ours
    }

    /// Tokens of the conversation with what stands in the composer, whether they are counted, and the context.
    pub fn context_wanted(&self) -> Option<(usize, bool, usize)> {
        let (used, context) = self.context_used()?;
        Some(match self.meter.draft() {
            Some(count) => (count.tokens, count.exact, context),
            None => (used, true, context),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Event, LoadOptions, ModelInfo, Prompt, Request};
    use crate::ui::choice::Choice;
    use crate::ui::settings::Settings;

    fn ready() -> Chat {
        let mut chat = Chat::new(LoadOptions::default(), Choice::default());
        chat.apply(Event::Ready, 0.0);
        let load = chat.take_effects().into_iter().find_map(|effect| match effect {
            Effect::Post(Request::Load { id, .. }) => Some(id),
            _ => None,
        });
        let model = ModelInfo { name: "m".into(), context: 100, ..ModelInfo::default() };
        chat.apply(Event::Loaded { id: load.unwrap(), model }, 0.0);
        chat.take_effects();
        chat
    }

    fn counted(chat: &mut Chat) -> Option<(u64, usize)> {
        chat.take_effects().into_iter().find_map(|effect| match effect {
            Effect::Post(Request::Tokenize { id, prompt: Prompt::Chat { messages } }) => {
                Some((id, messages.len()))
            }
            _ => None,
        })
    }

    #[test]
    fn a_draft_is_counted_with_all_that_goes_before_it() {
        let mut chat = ready();
        chat.measure("Why?", "Be brief.");
        let (id, messages) = counted(&mut chat).unwrap();
        assert_eq!(messages, 2);
        chat.apply(Event::Tokenized { id, tokens: vec![1; 120], texts: Vec::new() }, 0.0);
        assert_eq!(chat.context_wanted(), Some((120, true, 100)), "it will not fit");
        chat.measure(" ", "");
        assert_eq!((chat.context_wanted(), counted(&mut chat)), (Some((0, true, 100)), None));
    }

    #[test]
    fn a_count_that_fails_is_an_estimate_and_no_error() {
        let mut chat = ready();
        chat.measure("Why?", "");
        let (id, _) = counted(&mut chat).unwrap();
        let (kind, message) = ("bad_request".to_owned(), String::new());
        chat.apply(Event::Failed { id: Some(id), kind, message, context: None }, 0.0);
        assert_eq!((chat.context_wanted(), chat.notice.is_none()), (Some((6, false, 100)), true));
    }

    #[test]
    fn nothing_is_counted_while_a_reply_is_made() {
        let mut chat = ready();
        chat.ask("Why?", &Settings::default(), 1, 0.0);
        chat.take_effects();
        chat.measure("And?", "");
        assert_eq!(counted(&mut chat), None);
    }
}
