//! Text and tokens: tokenizer, chat template, streaming decoder, stop texts, reply parser.

use crate::Result;
use crate::protocol::Prompt;

mod chat_template;
mod reply;
mod special;
mod stop;
mod stream;
mod strftime;
mod tokenizer;

pub use chat_template::{ChatTemplate, Rendered, thoughts_in};
pub use reply::{Format, MARCO, Reply, ReplyParser, THINK, split};
pub use special::Piece;
pub use stop::StopMatcher;
pub use stream::StreamDecoder;
pub use tokenizer::Tokenizer;

/// A prompt as tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedPrompt {
    /// Token ids.
    pub tokens: Vec<u32>,
    /// The format of a thought that the template has already opened; the reply starts inside it.
    pub opened: Option<&'static Format>,
    /// What the user should know: the model's own template failed and `ChatML` stood in.
    pub note: Option<String>,
}

/// Turns any prompt into tokens; special tokens in what people wrote stay ordinary text.
pub fn encode(prompt: &Prompt, tokenizer: &Tokenizer, template: &ChatTemplate) -> Result<EncodedPrompt> {
    match prompt {
        Prompt::Chat { messages } => {
            let Rendered { pieces, note } = template.render(messages, tokenizer)?;
            let opened = match pieces.last() {
                Some(Piece::Text(text)) => reply::opened_by(text),
                _ => None,
            };
            Ok(EncodedPrompt { tokens: tokenizer.encode_prompt(&pieces)?, opened, note })
        }
        Prompt::Raw { text } => {
            Ok(EncodedPrompt { tokens: tokenizer.encode(text)?, opened: None, note: None })
        }
        Prompt::Marked { text } => {
            let pieces = tokenizer.specials().cut(text);
            let opened = match pieces.last() {
                Some(Piece::Text(text)) => reply::opened_by(text),
                _ => None,
            };
            Ok(EncodedPrompt { tokens: tokenizer.encode_prompt(&pieces)?, opened, note: None })
        }
        Prompt::Tokens { tokens } => {
            let highest = tokenizer.id_count();
            if let Some(id) = tokens.iter().find(|id| **id >= highest) {
                let what = format!("token {id} is not in the vocabulary of {highest}");
                return Err(crate::Error::BadRequest(what));
            }
            Ok(EncodedPrompt { tokens: tokens.clone(), opened: None, note: None })
        }
    }
}
