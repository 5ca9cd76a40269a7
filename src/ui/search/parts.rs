//! A whole reply in its two parts, as the engine's tags divide it: the report of a search has them still.

use crate::protocol::ThoughtFormat;

/// Thought and output of a reply. A thought that was never closed is all thought.
pub fn parts(reply: &str, thoughts: ThoughtFormat) -> (String, String) {
    let (open, close) = match thoughts {
        ThoughtFormat::Marco => ("<Thought>", "</Thought>"),
        ThoughtFormat::Think => ("<think>", "</think>"),
        ThoughtFormat::None => return (String::new(), tidy(reply)),
    };
    let body = reply.trim_start();
    let opened = body.strip_prefix(open);
    // Some templates open the thought in the prompt: then only its end is here.
    match (opened.unwrap_or(body).split_once(close), opened) {
        (Some((thought, output)), _) => (tidy(thought), output_of(output)),
        (None, Some(thought)) => (tidy(thought), String::new()),
        (None, None) => (String::new(), output_of(body)),
    }
}

/// The output without the tags that Marco-o1 puts around it.
fn output_of(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("<Output>").unwrap_or(text);
    tidy(text.strip_suffix("</Output>").unwrap_or(text))
}

fn tidy(text: &str) -> String {
    text.trim_matches('\n').trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_divided_as_their_model_marks_them() {
        let of = |reply, thoughts| {
            let (thought, output) = parts(reply, thoughts);
            format!("{thought}|{output}")
        };
        let marco = ThoughtFormat::Marco;
        assert_eq!(of("<Thought>\n2+2\n</Thought>\n<Output>\n4\n</Output>", marco), "2+2|4");
        assert_eq!(of("<Thought>\n2+2\n</Thought>\n4", marco), "2+2|4");
        assert_eq!(of("<Thought>\n2+2", marco), "2+2|");
        assert_eq!(of("2+2</think>\n\n4", ThoughtFormat::Think), "2+2|4");
        assert_eq!(of("<think>a</think>b", ThoughtFormat::None), "|<think>a</think>b");
        assert_eq!(of("4", marco), "|4");
    }
}
