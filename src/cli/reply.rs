//! A reply as it comes: the thought dim, the output plain; shared by `polo ask` and `polo run`.

use super::failure::Failure;
use super::output::Output;
use super::session::Session;
use crate::protocol::{Channel, Event, FinishReason, ModelInfo, Request, RequestId, Usage};

/// How a reply ended.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) finish_reason: FinishReason,
    pub(super) usage: Usage,
    /// The reply with its tags, as the next turn of the conversation needs it.
    pub(super) reply: String,
    /// Whether Ctrl-C was pressed.
    pub(super) cancelled: bool,
}

/// Writes the reply to a request that was sent, until it ends; `each` sees every piece of it. The first Ctrl-C
/// ends the reply, the second this.
pub(super) fn follow(
    id: RequestId,
    session: &mut Session,
    writer: &mut Writer,
    output: &mut Output,
    mut each: impl FnMut(&Event),
) -> Result<Told, Failure> {
    let mut cancelled = false;
    loop {
        match session.next() {
            Ok(event @ (Event::Token { .. } | Event::Text { .. })) => {
                each(&event);
                if let Event::Token { channel, text, .. } | Event::Text { channel, text, .. } = event {
                    writer.write(channel, &text, output)?;
                }
            }
            Ok(Event::Notice { message, .. }) => output.warn(&message),
            Ok(Event::Done { id: of, replies, finish_reason, usage }) if of == id => {
                writer.end(output)?;
                let reply = replies.into_iter().next().unwrap_or_default();
                return Ok(Told { finish_reason, usage, reply, cancelled });
            }
            Ok(_) => {}
            Err(Failure::Interrupted) if !cancelled => {
                cancelled = true;
                session.send(Request::Cancel { id });
            }
            Err(failure) => {
                writer.end(output)?;
                return Err(failure);
            }
        }
    }
}

/// Tokens a second after the first.
pub(super) fn speed(usage: &Usage) -> f64 {
    let after_first = usage.completion_tokens.saturating_sub(1);
    if usage.decode_ms > 0.0 { after_first as f64 / usage.decode_ms * 1e3 } else { 0.0 }
}

/// What the built-in model is, and what it is not.
pub(super) fn introduce(model: &ModelInfo, output: &mut Output) {
    let described = claim(model, "general.description").unwrap_or("a very small model for trying things out");
    let size = model.parameters as f64 / 1e6;
    output.note(&format!("{} ({size:.1} M weights): {described}", model.name));
}

/// What a model says of itself under a key.
pub(super) fn claim<'a>(model: &'a ModelInfo, key: &str) -> Option<&'a str> {
    model.claims.iter().find(|(known, _)| known == key).map(|(_, text)| text.as_str())
}

/// Writes the two channels one after the other: dim and plain, or under headings without colour.
pub(super) struct Writer {
    /// Whether anything is written.
    pub(super) show: bool,
    /// Whether the thought is.
    pub(super) thought: bool,
    last: Option<Channel>,
}

impl Writer {
    pub(super) fn new(show: bool, thought: bool) -> Self {
        Self { show, thought, last: None }
    }

    pub(super) fn write(&mut self, channel: Channel, text: &str, output: &mut Output) -> Result<(), Failure> {
        if !self.show || text.is_empty() || (channel == Channel::Thought && !self.thought) {
            return Ok(());
        }
        if self.last != Some(channel) {
            if self.last.is_some() {
                output.text("\n\n")?;
            }
            match channel {
                Channel::Thought if !output.color => output.text("Thought:\n")?,
                // A reply without a thought needs no heading.
                Channel::Output if !output.color && self.last.is_some() => output.text("Output:\n")?,
                _ => {}
            }
            self.last = Some(channel);
        }
        match channel {
            Channel::Thought => output.dim(text)?,
            Channel::Output => output.text(text)?,
        }
        output.flush()
    }

    pub(super) fn end(&mut self, output: &mut Output) -> Result<(), Failure> {
        if self.last.take().is_some() {
            output.text("\n")?;
        }
        output.flush()
    }
}
