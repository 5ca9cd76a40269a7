//! Text files in a question: each goes to the model as a fenced block under its name, and is found again in the
//! question to be shown folded.

use super::words::t;

/// Largest file: far more than any context holds.
pub const MAX_BYTES: u64 = 512 << 10;

/// A text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Its name, without folders.
    pub name: String,
    /// What it holds, without blank lines at the end.
    pub text: String,
}

impl TextFile {
    /// A file, if what it holds is text; the name is not asked. The error is in words.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let binary = |c: char| c.is_control() && !"\n\r\t\u{c}\u{1b}".contains(c);
        let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains(binary));
        let Some(text) = text else { return Err(t!("page-file-no-text", name = name)) };
        let text = text.replace("\r\n", "\n").trim_end().to_owned();
        if text.is_empty() {
            return Err(t!("page-file-empty", name = name));
        }
        // The name stands between backticks in one line.
        let name = name.replace('`', "'").split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Self { name, text })
    }
}

/// Whether files of these names are a model, or part of one.
pub fn is_model(names: &[String]) -> bool {
    let ends = |name: &String, ending| name.to_ascii_lowercase().ends_with(ending);
    names.iter().any(|name| ends(name, ".gguf") || ends(name, ".safetensors"))
}

/// Whether a file with these first and last letters was exported from here: chats, or a search.
pub fn is_export(ends: &str) -> bool {
    ends.trim_start().starts_with('{')
        && ["\"polo-chats", "\"polo-search"].iter().any(|mark| ends.contains(mark))
}

/// What the model is asked: the text, then the files.
pub fn join(text: &str, files: &[TextFile]) -> String {
    let mut out = text.trim().to_owned();
    for file in files {
        // Longer than any run of backticks in the file, so that nothing in it ends the block.
        let runs = file.text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat((runs + 1).max(3));
        let ending = file.name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let ending = if ending.chars().all(|c| c.is_ascii_alphanumeric()) { ending } else { "" };
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        out.extend(["`", &file.name, "`\n", &fence, ending, "\n", &file.text, "\n", &fence]);
    }
    out
}

/// A question's own text, and the files in it.
pub fn split(question: &str) -> (String, Vec<TextFile>) {
    let lines: Vec<&str> = question.lines().collect();
    let names = (0..lines.len()).filter(|&at| at == 0 || lines[at - 1].is_empty());
    for at in names {
        if let Some(files) = files_of(&lines[at..]) {
            return (lines[..at].join("\n").trim().to_owned(), files);
        }
    }
    (question.trim().to_owned(), Vec::new())
}

/// The files that these lines are; `None` where they are anything else.
fn files_of(lines: &[&str]) -> Option<Vec<TextFile>> {
    let (mut files, mut rest) = (Vec::new(), lines);
    while let [name, opening, after @ ..] = rest {
        let name = name
            .strip_prefix('`')?
            .strip_suffix('`')
            .filter(|name| !name.is_empty() && !name.contains('`'))?;
        let fence = &opening[..opening.len() - opening.trim_start_matches('`').len()];
        if fence.len() < 3 {
            return None;
        }
        let end = after.iter().position(|line| *line == fence)?;
        files.push(TextFile { name: name.to_owned(), text: after[..end].join("\n") });
        rest = after[end + 1..].strip_prefix(&[""]).unwrap_or(&after[end + 1..]);
    }
    (rest.is_empty() && !files.is_empty()).then_some(files)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(name: &str, text: &str) -> TextFile {
        TextFile { name: name.into(), text: text.into() }
    }

    #[test]
    fn a_question_with_files_is_fenced_and_found_again() {
        let files = [file("a.rs", "fn main() {}"), file("notes", "```\nx\n```")];
        let question = join(" What is this? ", &files);
        assert_eq!(
            question,
            "What is this?\n\n`a.rs`\n```rs\nfn main() {}\n```\n\n`notes`\n````\n```\nx\n```\n````"
        );
        assert_eq!(split(&question), ("What is this?".into(), files.to_vec()));
        assert_eq!(split(&join("", &files[..1])), (String::new(), files[..1].to_vec()));
    }

    #[test]
    fn an_ordinary_question_holds_no_files() {
        for question in ["Why?", "See\n\n`a`\n```\nx\n```\nthis", "`a`", "`a`\n```\nx", "```\nx\n```", ""] {
            assert_eq!(split(question), (question.into(), Vec::new()), "{question}");
        }
    }

    #[test]
    fn content_decides_what_is_text() {
        assert_eq!(TextFile::read("a.bin", b"\xef\xbb\xbfx\r\ny\n\n").unwrap(), file("a.bin", "x\ny"));
        assert!(TextFile::read("a.txt", b"a\0b").unwrap_err().contains("a.txt"));
        assert!(TextFile::read("a.txt", &[0xff, 0xfe, 0x41, 0]).is_err(), "UTF-16");
        assert!(TextFile::read("a.txt", b" \n").is_err());
        assert_eq!(TextFile::read("a`b\nc", b"x").unwrap().name, "a'b c");
    }

    #[test]
    fn models_are_known_by_their_names() {
        assert!(is_model(&["config.json".into(), "m.Safetensors".into()]));
        assert!(!is_model(&["config.json".into(), "gguf.txt".into()]));
        assert!(
            is_export("{\n \"format\": \"polo-search-1\",")
                && !is_export("[\"polo-chats\"]")
                && !is_export("{}")
        );
    }

    proptest! {
        #[test]
        fn any_file_is_found_again(text in "[a-z` \n]{0,20}", content in "[a-z`\n]{1,40}", name in "[a-z.]{1,8}") {
            let read = TextFile::read(&name, content.as_bytes());
            prop_assume!(read.is_ok());
            let file = read.unwrap();
            prop_assume!(split(&text).1.is_empty());
            let (_, files) = split(&join(&text, std::slice::from_ref(&file)));
            prop_assert_eq!(files.last(), Some(&file));
        }
    }
}
