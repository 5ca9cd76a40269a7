//! The 125 replies that Marco-o1's authors published, where they lie beside the checkout, and replies of our own:
//! parser, answer and cuts must agree with each other and with a plain reading.

use std::io::Write;
use std::path::Path;

use crate::protocol::{Action, NodeKind};
use crate::search::answer::{Source, extract};
use crate::search::cutter::Cutter;
use crate::search::repeats::Repeats;
use crate::search::token::Token;
use crate::text::{MARCO, ReplyParser, split};

/// The published replies; none, and said so, where they are not at hand.
fn demo() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/marco_cot_demo.json");
    let Ok(json) = std::fs::read_to_string(&path) else {
        // Written past the test's capture, or nobody would read it.
        let _ = writeln!(std::io::stderr(), "skipped: {} is not there", path.display());
        return Vec::new();
    };
    let demo: Vec<serde_json::Value> = serde_json::from_str(&json).expect("the file is JSON");
    let replies: Vec<String> =
        demo.iter().map(|entry| entry["response"].as_str().expect("a response is text").to_owned()).collect();
    assert_eq!(replies.len(), 125);
    replies
}

/// What stands between the first `open` and the next `close`, or the end.
fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    let text = text.split_once(open).map_or("", |(_, rest)| rest);
    text.split_once(close).map_or(text, |(inside, _)| inside).trim()
}

/// Tokens of a few bytes each: they cut characters and tags.
fn tokens(text: &str, size: usize) -> Vec<Token> {
    let token =
        |(id, bytes): (usize, &[u8])| Token { forced: false, ..Token::forced(id as u32, bytes.to_vec()) };
    text.as_bytes().chunks(size).enumerate().map(token).collect()
}

/// Pieces that begin where a word does.
fn words_of(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut in_word = false;
    for (at, letter) in text.char_indices() {
        if letter.is_alphanumeric() && !in_word && at > 0 {
            starts.push(at);
        }
        in_word = letter.is_alphanumeric();
    }
    starts.push(text.len());
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

/// Cuts a reply into nodes; whatever the action, nothing is lost and the answer's node begins at the tag.
fn check_cuts(text: &str) {
    for (action, size) in
        [(Action::Step, 3), (Action::MiniStep(64), 1), (Action::MiniStep(32), 4), (Action::Whole, 5)]
    {
        let tokens = tokens(text, size);
        let mut cutter = Cutter::new(action, Some(&MARCO), Vec::new());
        let mut tagged = false;
        for token in &tokens {
            tagged |= cutter.push(token);
        }
        assert_eq!(cutter.text(), text);
        let nodes = cutter.nodes(NodeKind::Final);
        let ranges: Vec<usize> = nodes.iter().flat_map(|(range, _)| range.clone()).collect();
        assert_eq!(ranges, (0..tokens.len()).collect::<Vec<_>>(), "{action:?}");
        let last = nodes.last().expect("a reply has nodes");
        assert_eq!(last.1, NodeKind::Final);
        if action != Action::Whole && tagged {
            let begin = last.0.start * size;
            let tag = text.find("</Thought>").expect("the tag is there");
            assert!((begin..begin + size).contains(&tag), "{action:?}: {begin}, the tag is at {tag}");
        }
        for (range, _) in &nodes[..nodes.len() - 1] {
            let most = if let Action::MiniStep(most) = action { most as usize } else { 256 };
            assert!(range.len() <= most, "{action:?}");
        }
    }
}

#[test]
fn published_replies_are_read_as_they_are() {
    let replies = demo();
    let mut unclosed = 0;
    for reply in &replies {
        let parts = split(reply, None);
        assert_eq!(parts.thought, between(reply, "<Thought>", "</Thought>"));
        assert_eq!(parts.output, between(reply, "<Output>", "</Output>"));
        assert_eq!(extract(reply), Some((parts.output.as_str(), Source::Output)));
        unclosed += usize::from(!reply.contains("</Output>"));
        // In pieces of seven characters it says the same.
        let mut parser = ReplyParser::new(None);
        let letters: Vec<char> = reply.chars().collect();
        let mut parts = Vec::new();
        for piece in letters.chunks(7) {
            parts.extend(parser.push(&piece.iter().collect::<String>()));
        }
        parts.extend(parser.finish());
        let whole: String = parts.into_iter().map(|part| part.1).collect();
        assert_eq!(whole, split(reply, None).thought + &split(reply, None).output);
        check_cuts(reply);
        // None of them goes in circles. A word with the signs after it is a token.
        let mut repeats = Repeats::default();
        let mut words = std::collections::BTreeMap::new();
        for word in words_of(reply) {
            let next = words.len() as u32;
            let id = *words.entry(word).or_insert(next);
            assert!(!repeats.push(&Token::forced(id, word.into()), true), "a loop at {word:?} in {reply}");
        }
    }
    assert!(replies.is_empty() || unclosed == 2, "{unclosed} replies do not close their output");
}

#[test]
fn replies_of_our_own_are_read_as_they_are() {
    for (reply, thought, output) in [
        ("<Thought>\n一 + 一\n\n= 二\n</Thought>\n<Output>\n二\n</Output>", "一 + 一\n\n= 二", "二"),
        ("<Thought>\na\n</Thought>\n<Output>\nnever closed, 5", "a", "never closed, 5"),
        (
            "<Thought>\n<Thought>\na\n</Thought>\n</Thought>\n<Output>\n<Output>\n5\n</Output>\n</Output>",
            "a",
            "5",
        ),
        ("<Thought>\na</Thought><Output></Output>", "a", ""),
        ("<Thought></Thought><Output>5</Output>", "", "5"),
        (
            "<Thought>\na < b and b > c\n</Thought>\n<Output>\nif a < b: 5\n</Output>",
            "a < b and b > c",
            "if a < b: 5",
        ),
    ] {
        let parts = split(reply, None);
        assert_eq!((parts.thought.as_str(), parts.output.as_str()), (thought, output));
        // With doubled tags the last output begins after the first.
        assert_eq!(extract(reply), Some((output, Source::Output)));
        check_cuts(reply);
    }
}
