//! Chat templates: a conversation as the text the model was trained on (transformers'
//! `apply_chat_template`), with special tokens of the template's own and none of the people's.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, Value, context};

use super::{Piece, Tokenizer, reply, special::Marks};
use crate::protocol::{Message, Role, ThoughtFormat};
use crate::{Error, Result};

/// What a template may spend: a step costs 1, and so do 64 bytes that it makes or writes, 128 MB in all. The longest
/// templates in use need some hundred steps a message; a context of a million tokens has 4 MB or so.
const FUEL: u64 = 2_000_000;
/// Set before the message of a refusal that a template states itself.
const REFUSAL: &str = "chat template refuses: ";

/// What Qwen2 and its kin use, for models without a template of their own.
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content \
    + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// A model's chat template, or `ChatML`.
#[derive(Debug, Clone, Default)]
pub struct ChatTemplate {
    source: Option<String>,
    bos_token: String,
    eos_token: String,
}

/// How a model marks its thoughts, as far as its chat template shows: by its default system prompt, by what
/// it opens, or by what it drops of earlier turns.
pub fn thoughts_in(template: &str) -> ThoughtFormat {
    let mentions = |format: &reply::Format| template.contains(format.open) || template.contains(format.close);
    if mentions(&reply::MARCO) {
        ThoughtFormat::Marco
    } else if mentions(&reply::THINK) {
        ThoughtFormat::Think
    } else {
        ThoughtFormat::None
    }
}

/// A conversation, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Text and special tokens, in order.
    pub pieces: Vec<Piece>,
    /// Why the model's own template was not used, if it was not.
    pub note: Option<String>,
}

impl ChatTemplate {
    /// Takes a Jinja template; `None` is `ChatML`. Some templates write the begin and end tokens.
    pub fn new(source: Option<String>, bos_token: Option<String>, eos_token: Option<String>) -> Self {
        Self { source, bos_token: bos_token.unwrap_or_default(), eos_token: eos_token.unwrap_or_default() }
    }

    /// The default system prompt is the template's; messages are the conversation, oldest first.
    ///
    /// A template that refuses a conversation (`raise_exception`) is an error; one that fails for
    /// another cause is replaced by `ChatML`, and the note says so.
    pub fn render(&self, messages: &[Message], tokenizer: &Tokenizer) -> Result<Rendered> {
        let specials = tokenizer.specials();
        let sources = [self.source.as_deref().unwrap_or(CHATML)];
        let contents = messages.iter().map(|message| message.content.as_str());
        let mut marks = Marks::new(&sources.into_iter().chain(contents));
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| {
                let content = specials.hide(&message.content, &mut marks);
                context! { role => role_name(message.role), content => content.as_ref() }
            })
            .collect();
        let (text, note) = match &self.source {
            None => (self.render_one(CHATML, &messages)?, None),
            Some(source) => match self.render_one(source, &messages) {
                Ok(text) => (text, None),
                Err(error @ Error::BadRequest(_)) => return Err(error),
                Err(error) => {
                    let note = format!("the model's chat template failed ({error}); ChatML is used instead");
                    (self.render_one(CHATML, &messages)?, Some(note))
                }
            },
        };
        let mut pieces = specials.cut(&text);
        for piece in &mut pieces {
            if let Piece::Text(text) = piece {
                *text = marks.reveal(text);
            }
        }
        Ok(Rendered { pieces, note })
    }

    fn render_one(&self, source: &str, messages: &[Value]) -> Result<String> {
        let failed = |error: minijinja::Error| {
            let what = error.detail().unwrap_or_default();
            match what.strip_prefix(REFUSAL) {
                Some(refusal) => Error::BadRequest(format!("the model's chat template refuses: {refusal}")),
                None => {
                    Error::bad_model("chat template", error.to_string().chars().take(400).collect::<String>())
                }
            }
        };
        let mut environment = Environment::new();
        // As transformers sets jinja2 up (utils/chat_template_utils.py).
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(failed)?;
        environment.set_syntax(syntax);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |what: String| -> Result<Value, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, format!("{REFUSAL}{what}")))
        });
        environment.add_function("strftime_now", |format: String| super::strftime::now(&format));
        environment.add_template("chat", source).map_err(failed)?;
        let template = environment.get_template("chat").map_err(failed)?;
        let context = context! {
            messages, add_generation_prompt => true,
            bos_token => &self.bos_token, eos_token => &self.eos_token,
        };
        template.render(context).map_err(failed)
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}
