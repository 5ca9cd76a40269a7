//! A conversation as Markdown, for other programs and for reading.

use super::format::Record;
use crate::ui::words::t;

/// The path that is shown last, questions as headings of their own; thoughts are left out.
pub fn of(chat: &Record) -> String {
    let mut text = format!("# {}\n", one_line(&chat.shown_title()));
    let mut parent = None;
    loop {
        let ways = chat.exchanges.iter().filter(|exchange| exchange.parent == parent);
        let Some(next) = ways.max_by_key(|exchange| (exchange.seen, exchange.key)) else { break };
        let reply = &next.reply;
        let who = if reply.model.is_empty() { "Polo" } else { &reply.model };
        let output = if reply.output.trim().is_empty() { &reply.thought } else { &reply.output };
        for (who, what) in [(t!("chats-you").as_str(), next.question.trim()), (who, output.trim())] {
            text.extend(["\n## ", &one_line(who), "\n\n", what, "\n"]);
        }
        // Keys grow: what follows an exchange is younger, so this ends.
        if Some(next.key) <= parent {
            break;
        }
        parent = Some(next.key);
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::chats::format::{KeptExchange, KeptReply};

    fn exchange(key: u64, parent: Option<u64>, question: &str, output: &str) -> KeptExchange {
        let reply = KeptReply {
            output: output.into(),
            thought: "hm".into(),
            model: "Marco".into(),
            ..KeptReply::default()
        };
        KeptExchange { key, parent, seen: key, question: question.into(), reply }
    }

    #[test]
    fn the_path_that_was_read_last_without_thoughts() {
        let exchanges = vec![
            exchange(1, None, "2+2?", "**4**"),
            exchange(2, Some(1), "old", "old"),
            exchange(3, Some(1), "and\n3+3?", ""),
        ];
        let chat = Record { exchanges, ..Record::default() };
        assert_eq!(
            of(&chat),
            "# 2+2?\n\n## You\n\n2+2?\n\n## Marco\n\n**4**\n\n## You\n\nand\n3+3?\n\n## Marco\n\nhm\n"
        );
    }

    #[test]
    fn a_file_with_a_circle_in_it_ends() {
        let exchanges =
            vec![exchange(5, None, "a", "b"), exchange(3, Some(5), "c", "d"), exchange(3, Some(3), "c", "d")];
        assert!(of(&Record { exchanges, ..Record::default() }).contains("## Marco"));
    }

    #[test]
    fn the_branch_that_was_turned_to_last_is_taken() {
        let mut exchanges = vec![exchange(2, None, "first", "1"), exchange(3, None, "second", "2")];
        exchanges[0].seen = 9;
        exchanges[0].reply.model.clear();
        let title = Some("two\nlines".into());
        let text = of(&Record { title, exchanges, ..Record::default() });
        assert_eq!(text, "# two lines\n\n## You\n\nfirst\n\n## Polo\n\n1\n");
    }
}
