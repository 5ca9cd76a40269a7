//! Replies of reasoning models: which text is thought and which is output, while it streams.
//!
//! A small table holds the formats. The tags are ordinary text, so matching is on decoded text and
//! does not depend on how tokens cut it. Models forget tags and double them; nothing they say is
//! lost for that, only blank space around the parts.

use crate::protocol::{Channel, ThoughtFormat};

/// How a kind of model marks its thought.
#[derive(Debug, PartialEq, Eq)]
pub struct Format {
    /// Opens the thought.
    pub open: &'static str,
    /// Closes the thought.
    pub close: &'static str,
    /// Opens and closes the output, where the format marks it.
    pub output: Option<(&'static str, &'static str)>,
}

/// Marco-o1, and Polo Tiny.
pub static MARCO: Format =
    Format { open: "<Thought>", close: "</Thought>", output: Some(("<Output>", "</Output>")) };

/// R1's distills and most later models.
pub static THINK: Format = Format { open: "<think>", close: "</think>", output: None };

static FORMATS: [&Format; 2] = [&MARCO, &THINK];

/// The format whose thought a prompt has opened at its end, as R1's template does.
pub(super) fn opened_by(prompt: &str) -> Option<&'static Format> {
    FORMATS.into_iter().find(|format| prompt.trim_end().ends_with(format.open))
}

/// The formats a model may use, by what is known of it.
fn formats_of(thoughts: ThoughtFormat) -> &'static [&'static Format] {
    match thoughts {
        ThoughtFormat::Marco => &FORMATS[..1],
        ThoughtFormat::Think => &FORMATS[1..],
        ThoughtFormat::None => &[],
    }
}

/// A reply in its two parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// Inside the thought's tags.
    pub thought: String,
    /// The answer; all of a reply without tags.
    pub output: String,
}

/// Splits a whole reply. `opened` is the thought that the prompt has opened, if it has.
///
/// The parts are those that [`ReplyParser`] gives for any cutting of the text, with one exception
/// that only hindsight allows: where the first tag closes a thought, the text before it was thought.
pub fn split(text: &str, opened: Option<&'static Format>) -> Reply {
    let mut parser = ReplyParser::new(opened);
    let mut parts = parser.push(text);
    if let Some(format) = parser.orphan {
        parser = ReplyParser::new(Some(format));
        parts = parser.push(text);
    }
    parts.extend(parser.finish());
    let mut reply = Reply::default();
    for (channel, text) in parts {
        match channel {
            Channel::Thought => reply.thought += &text,
            Channel::Output => reply.output += &text,
        }
    }
    reply
}

/// Where in a reply the parser is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    /// No tag yet: perhaps there never will be one.
    Plain,
    Thought,
    /// The thought is closed, the output not yet opened.
    Between,
    Output,
    /// The output is closed.
    After,
}

/// Splits a reply as it streams; holds back what may be part of a tag, and blank space before one.
#[derive(Debug, Clone)]
pub struct ReplyParser {
    section: Section,
    /// Formats that may turn up.
    known: &'static [&'static Format],
    /// The one that has.
    format: Option<&'static Format>,
    /// The start of a tag.
    pending: String,
    /// Blank space that is dropped if the section ends here.
    space: String,
    /// Whether this section has no text yet.
    empty: bool,
    /// Whether the thought, and the output, have text already.
    begun: [bool; 2],
    /// Set when a thought was closed that was never opened.
    orphan: Option<&'static Format>,
}

impl ReplyParser {
    /// A parser for a model of which nothing is known; `opened` is the thought that the prompt has opened.
    pub fn new(opened: Option<&'static Format>) -> Self {
        Self::with(&FORMATS, opened)
    }

    /// A parser for a model that marks its thoughts so; other formats' tags are ordinary text in its replies.
    pub fn of(thoughts: ThoughtFormat, opened: Option<&'static Format>) -> Self {
        Self::with(formats_of(thoughts), opened)
    }

    fn with(known: &'static [&'static Format], opened: Option<&'static Format>) -> Self {
        Self {
            section: if opened.is_some() { Section::Thought } else { Section::Plain },
            known,
            format: opened,
            pending: String::new(),
            space: String::new(),
            empty: true,
            begun: [false; 2],
            orphan: None,
        }
    }

    /// Takes more of the reply, and gives what is certain by now.
    pub fn push(&mut self, text: &str) -> Vec<(Channel, String)> {
        let mut parts = Vec::new();
        for letter in text.chars() {
            self.pending.push(letter);
            self.settle(&mut parts);
        }
        parts
    }

    /// The end of the reply: what was held back was text, but for blank space.
    pub fn finish(&mut self) -> Vec<(Channel, String)> {
        let mut parts = Vec::new();
        while !self.pending.is_empty() {
            let letter = self.pending.remove(0);
            self.emit(letter, &mut parts);
            self.settle(&mut parts);
        }
        self.space.clear();
        parts
    }

    /// Where the next text belongs, as far as is known.
    pub fn channel(&self) -> Channel {
        let opening = |format: &&Format| !self.pending.is_empty() && format.open.starts_with(&self.pending);
        match self.section {
            Section::Thought => Channel::Thought,
            Section::Plain if self.empty && self.known.iter().any(opening) => Channel::Thought,
            _ => Channel::Output,
        }
    }

    /// Decides about as much of the pending text as can be decided.
    fn settle(&mut self, parts: &mut Vec<(Channel, String)>) {
        while let Some(first) = self.pending.chars().next() {
            if first == '<' {
                let mut partial = false;
                let mut complete = None;
                self.each_tag(|tag, section, format| {
                    partial |= tag.starts_with(&self.pending);
                    if tag == self.pending {
                        complete = Some((section, format));
                    }
                });
                if let Some((section, format)) = complete {
                    self.enter(section, format);
                    continue;
                }
                if partial {
                    return;
                }
            }
            self.pending.remove(0);
            self.emit(first, parts);
        }
    }

    /// The tags that count here, and what each leads to.
    fn each_tag(&self, mut visit: impl FnMut(&'static str, Section, &'static Format)) {
        let line_start = self.space.contains('\n') || (self.empty && self.space.is_empty());
        let only = self.format.map(|format| [format]);
        for format in only.as_ref().map_or(self.known, |format| &format[..]) {
            let (open_output, close_output) = format.output.unwrap_or(("", ""));
            // Doubled tags fall away where a section has just begun; later on they are text.
            let (opens, closes, opens_output, closes_output) = match self.section {
                Section::Plain => (true, true, true, true),
                // A thought may mention the output's tag; one that opens a line is meant.
                Section::Thought => (self.empty, true, line_start, false),
                Section::Between => (self.empty, self.empty, true, true),
                Section::Output => (false, false, self.empty, true),
                Section::After => (self.empty, false, true, true),
            };
            let tags = [
                (opens, format.open, Section::Thought),
                (closes, format.close, Section::Between),
                (opens_output, open_output, Section::Output),
                (closes_output, close_output, Section::After),
            ];
            for (counts, tag, section) in tags {
                if counts && !tag.is_empty() {
                    visit(tag, section, format);
                }
            }
        }
    }

    fn enter(&mut self, section: Section, format: &'static Format) {
        if self.section == Section::Plain && section == Section::Between && self.begun[1] {
            self.orphan = Some(format);
        }
        self.pending.clear();
        self.space.clear();
        self.empty = true;
        self.section = section;
        self.format = Some(format);
    }

    /// Gives one character to the section, with the blank space before it if that is inside a text.
    fn emit(&mut self, letter: char, parts: &mut Vec<(Channel, String)>) {
        if letter.is_whitespace() {
            self.space.push(letter);
            return;
        }
        let channel = if self.section == Section::Thought { Channel::Thought } else { Channel::Output };
        let begun = &mut self.begun[usize::from(channel == Channel::Output)];
        let before = match (self.empty, *begun) {
            (false, _) => self.space.as_str(),
            // A second part of the same channel.
            (true, true) => "\n\n",
            // The first line keeps its indentation, blank lines before it go.
            (true, false) => self.space.rsplit_once('\n').map_or("", |(_, indentation)| indentation),
        };
        match parts.last_mut() {
            Some((last, text)) if *last == channel => {
                text.push_str(before);
                text.push(letter);
            }
            _ => parts.push((channel, format!("{before}{letter}"))),
        }
        self.space.clear();
        self.empty = false;
        *begun = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

    use super::{Format, MARCO, ReplyParser, THINK, split};
    use crate::protocol::{Channel, ThoughtFormat};

    fn check_from(opened: Option<&'static Format>, text: &str, thought: &str, output: &str) {
        let reply = split(text, opened);
        assert_eq!((reply.thought.as_str(), reply.output.as_str()), (thought, output), "{text:?}");
    }

    fn check(text: &str, thought: &str, output: &str) {
        check_from(None, text, thought, output);
    }

    #[test]
    fn whole_replies() {
        check("<Thought>\na\n\nb\n</Thought>\n<Output>\n42\n</Output>\n", "a\n\nb", "42");
        check("<think>\na\n</think>\n\n42", "a", "42");
        check("\n\n<think>a</think>42\n", "a", "42");
        check(
            "<Thought>\na\n</Thought>\n<Output>\n    indented\n  code\n</Output>",
            "a",
            "    indented\n  code",
        );
        check("", "", "");
        check("  \n ", "", "");
    }

    #[test]
    fn missing_tags() {
        check("just 42 < 43, no tags", "", "just 42 < 43, no tags");
        check("<Thought>a</Thought><Output>42", "a", "42");
        check("<Thought>\na\n</Thought>\n42", "a", "42");
        check("<Thought>\na\n<Output>\n42\n</Output>", "a", "42");
        check("<Thought>\nnever ends", "never ends", "");
        check("a\n</Thought>\n<Output>\n42\n</Output>", "a", "42");
        check("a\n</think>\n42", "a", "42");
        check("<Output>42</Output>", "", "42");
        check("42</Output>", "", "42");
        check("Sure! <Thought>a</Thought><Output>42</Output>", "a", "Sure!\n\n42");
    }

    #[test]
    fn doubled_and_quoted_tags() {
        check("<Thought>\n<Thought>\na</Thought></Thought><Output><Output>42</Output></Output>", "a", "42");
        check("<Thought>use <Output> tags</Thought><Output>42</Output>", "use <Output> tags", "42");
        check("<Thought>a</Thought><Output>write `<Thought>` first</Output>", "a", "write `<Thought>` first");
        check("<think>a <Thought> b</think>if x <y & </Thought", "a <Thought> b", "if x <y & </Thought");
        check("<Thought>a</Thought><Output>4</Output>\nor 2", "a", "4\n\nor 2");
        check("<Thought>a <</Thought><Output><<b></Output>", "a <", "<<b>");
        check("<Thought>a</Thought>\n<Output>\n42\n</Outp", "a", "42\n</Outp");
    }

    #[test]
    fn a_thought_that_the_prompt_has_opened() {
        check_from(Some(&THINK), "a\n</think>\n42", "a", "42");
        check_from(Some(&THINK), "<think>\na\n</think>\n42", "a", "42");
        check_from(Some(&MARCO), "a</Thought><Output>42", "a", "42");
    }

    #[test]
    fn a_model_has_its_own_tags_only() {
        let check = |thoughts: ThoughtFormat, text: &str, want: &[(Channel, &str)]| {
            let mut parser = ReplyParser::of(thoughts, None);
            assert_eq!(parser.channel(), Channel::Output);
            let mut parts = parser.push(text);
            parts.extend(parser.finish());
            let parts: Vec<(Channel, &str)> = parts.iter().map(|(at, text)| (*at, text.as_str())).collect();
            assert_eq!(parts, want, "{thoughts:?} {text}");
        };
        let marco = "<Thought>a</Thought><Output>b</Output>";
        let think = "<think>a</think>b";
        check(ThoughtFormat::Marco, marco, &[(Channel::Thought, "a"), (Channel::Output, "b")]);
        check(ThoughtFormat::Marco, think, &[(Channel::Output, think)]);
        check(ThoughtFormat::Think, think, &[(Channel::Thought, "a"), (Channel::Output, "b")]);
        check(ThoughtFormat::Think, marco, &[(Channel::Output, marco)]);
        for text in [marco, think, "a <b"] {
            check(ThoughtFormat::None, text, &[(Channel::Output, text)]);
        }
    }

    #[test]
    fn the_channel_is_known_while_a_tag_arrives() {
        let mut parser = ReplyParser::new(None);
        assert_eq!(parser.channel(), Channel::Output);
        for (text, channel) in
            [("<Th", Channel::Thought), ("ought>\na", Channel::Thought), ("</Tho", Channel::Thought)]
        {
            parser.push(text);
            assert_eq!(parser.channel(), channel, "{text}");
        }
        parser.push("ught>");
        assert_eq!(parser.channel(), Channel::Output);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn cutting_does_not_matter(parts in proptest::collection::vec(
            "<Thought>|</Thought>|<Output>|</Output>|<think>|</think>|</|<T|a|\u{4e00}| |\n|>", 0..14),
            cuts in proptest::collection::vec(1usize..6, 1..8), inside in 0usize..3) {
            let text = parts.concat();
            let opened = [None, Some(&MARCO), Some(&THINK)][inside];
            let mut whole = ReplyParser::new(opened);
            let mut expected = whole.push(&text);
            expected.extend(whole.finish());
            let mut parser = ReplyParser::new(opened);
            let mut found: Vec<(Channel, String)> = Vec::new();
            let mut letters = text.chars().peekable();
            for cut in cuts.iter().cycle() {
                let piece: String = letters.by_ref().take(*cut).collect();
                if piece.is_empty() {
                    break;
                }
                found.extend(parser.push(&piece));
            }
            found.extend(parser.finish());
            let join = |parts: Vec<(Channel, String)>| {
                let mut joined: Vec<(Channel, String)> = Vec::new();
                for (channel, text) in parts {
                    match joined.last_mut() {
                        Some((last, all)) if *last == channel => all.push_str(&text),
                        _ => joined.push((channel, text)),
                    }
                }
                joined
            };
            prop_assert_eq!(join(found), join(expected.clone()));
            // Nothing but tags and blank space is lost; no tag holds this character.
            let reply = split(&text, opened);
            prop_assert_eq!(reply.thought.matches('\u{4e00}').count() + reply.output.matches('\u{4e00}').count(), text.matches('\u{4e00}').count());
        }
    }
}
