//! Holds the page to its languages: every message in all of them, with the same variables; none that nobody says;
//! and no text in the page's sources that is in no language's file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const LANGUAGES: [&str; 3] = ["en", "ru", "zh"];

/// Beginnings of keys that are put together when they are said; tests beside that code hold each of them.
const COMPOSED: [&str; 10] = [
    "models-about-",
    "search-knob-",
    "search-unit-",
    "search-mode-",
    "search-action-",
    "search-selection-",
    "search-reflection-",
    "search-vote-",
    "search-answer-",
    "search-repeats-",
];

/// Texts of the views that are the same in every language: names, and what is typed as it stands.
const SAME_EVERYWHERE: [&str; 12] = [
    "Polo",
    "Polo Tiny",
    "JSON",
    "SVG",
    "GPU",
    "Markdown",
    "hf_…",
    "http://localhost:8000/v1",
    "off",
    "own",
    "none",
    "Files",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file under `folder` with that ending, and its text.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<(PathBuf, String)>) {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries {
            let path = entry.expect("a folder of the checkout is readable").path();
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.extension().is_some_and(|e| e == ending) {
                let text =
                    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), ending, &mut found);
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

/// The messages of a file: key, and the names of its variables.
fn messages(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::<String, BTreeSet<String>>::new();
    let mut key = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let begins = line.starts_with(|c: char| c.is_ascii_lowercase());
        if let Some((name, _)) = line.split_once(" =").filter(|_| begins) {
            name.clone_into(&mut key);
            messages.entry(key.clone()).or_default();
        }
        for part in line.split("{ $").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            // A price is no variable.
            if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                messages.entry(key.clone()).or_default().insert(name);
            }
        }
    }
    messages
}

/// What a message says, where it is one line.
fn text_of(language: &str, key: &str) -> String {
    let all = files(&format!("src/ui/locales/{language}"), "ftl");
    let mut lines = all.iter().flat_map(|(_, text)| text.lines());
    let found = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
    found.unwrap_or_else(|| panic!("{key} is not in {language}")).to_owned()
}

fn all_messages(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    files(&format!("src/ui/locales/{language}"), "ftl").iter().flat_map(|(_, text)| messages(text)).collect()
}

/// The program of a source file, without its tests and comments.
fn program(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().map(|line| line.split("// ").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The sources of the page, without files of tests.
fn sources() -> Vec<(String, String)> {
    let all = files("src/ui", "rs");
    let named = all.into_iter().map(|(path, text)| (path.display().to_string(), program(&text)));
    named.filter(|(path, _)| !path.ends_with("tests.rs")).collect()
}

/// What stands between the quotes of a text's literals. Raw strings and escapes are not looked into.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('"') {
        // A quote as a character: '"'.
        if rest[..at].ends_with('\'') && rest[at + 1..].starts_with('\'') {
            rest = &rest[at + 2..];
            continue;
        }
        let body = &rest[at + 1..];
        let mut escaped = false;
        let end = body.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else { break };
        found.push(body[..end].to_owned());
        rest = &body[end + 1..];
    }
    found
}

/// The keys that a source says by `t!("…"`.
fn said(text: &str) -> Vec<String> {
    let macros = text.match_indices("t!(").filter(|(at, _)| {
        // format!( and the like end so too.
        !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    });
    let first = macros.filter_map(|(at, name)| text[at + name.len()..].trim_start().strip_prefix('"'));
    first.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// Texts of a view that are in no language's file: between tags, or as what a reader is told of an element.
fn untranslated(text: &str) -> Vec<String> {
    let speaks = |text: &str| text.chars().any(char::is_alphabetic) && !SAME_EVERYWHERE.contains(&text);
    let mut found = Vec::new();
    for attribute in ["aria-label=", "title=", "placeholder=", "alt=", "aria-description="] {
        for part in text.split(&format!(" {attribute}\"")).skip(1) {
            found.extend(part.split('"').next().filter(|text| speaks(text)).map(str::to_owned));
        }
    }
    // A literal that is a node of a view stands alone on its line, or between a tag's end and another's beginning.
    // Code is typed as it stands in every language.
    for line in text.lines().map(str::trim).filter(|line| !line.contains("<code>")) {
        let alone = line.starts_with('"') && line.ends_with('"') && line.len() > 2;
        let inner = line.split(">\"").skip(1).filter_map(|rest| rest.split_once("\"<").map(|(text, _)| text));
        let alone = alone.then(|| &line[1..line.len() - 1]).into_iter();
        found.extend(alone.chain(inner).filter(|text| speaks(text)).map(str::to_owned));
    }
    found
}

/// What a screen reader would be told in one language only: an announcement, or a text put together in a view.
fn told(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let beginnings =
        ["announcement = ", "aria-label=format!", " title=format!", "clone_into(&mut self.announcement"];
    for line in text.lines().filter(|line| beginnings.iter().any(|begin| line.contains(begin))) {
        // Inside t!(…) a literal is a key; inside braces there are names.
        let plain = [" t!(\"", "=t!(\"", "(t!(\""]
            .iter()
            .fold(line, |line, begin| line.split(begin).next().unwrap_or_default());
        let words = literals(plain).iter().any(|text| {
            let outside: String =
                text.split('{').map(|part| part.rsplit('}').next().unwrap_or_default()).collect();
            outside.split(' ').any(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1)
                && !SAME_EVERYWHERE.contains(&text.as_str())
                && outside.chars().next().is_some_and(|c| c.is_uppercase() || text.contains('{'))
        });
        if words {
            found.push(line.trim().to_owned());
        }
    }
    found
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_message_is_in_every_language_with_the_same_variables() {
    let english = all_messages("en");
    let mut faults = Vec::new();
    for language in &LANGUAGES[1..] {
        let other = all_messages(language);
        faults.extend(
            english
                .keys()
                .filter(|key| !other.contains_key(*key))
                .map(|key| format!("{language}: {key} is missing")),
        );
        faults.extend(
            other
                .keys()
                .filter(|key| !english.contains_key(*key))
                .map(|key| format!("{language}: {key} is not in en")),
        );
        for (key, variables) in &english {
            if let Some(others) = other.get(key).filter(|others| *others != variables) {
                faults.push(format!("{language}: {key} has {others:?}, in en {variables:?}"));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn what_is_said_has_a_message_and_every_message_is_said() {
    let known = all_messages("en");
    let sources = sources();
    let mut faults = Vec::new();
    for (path, text) in &sources {
        let missing = said(text).into_iter().filter(|key| !known.contains_key(key));
        faults.extend(missing.map(|key| format!("{path}: t!(\"{key}\") has no message")));
    }
    let used: BTreeSet<String> = sources.iter().flat_map(|(_, text)| literals(text)).collect();
    let about = |key: &str| key.strip_suffix("-about").is_some_and(|of| used.contains(of));
    let begins = |key: &str| COMPOSED.iter().any(|begin| format!("{key}-").starts_with(begin));
    let idle = known.keys().filter(|key| !used.contains(*key) && !about(key) && !begins(key));
    faults.extend(idle.map(|key| format!("{key} is said nowhere")));
    assert_none(&faults);
}

#[test]
fn no_text_of_the_page_is_in_one_language_only() {
    let faults = sources().into_iter().flat_map(|(path, text)| {
        let views = if path.contains("/view/") { untranslated(&text) } else { Vec::new() };
        views.into_iter().chain(told(&text)).map(move |text| format!("{path}: {text}")).collect::<Vec<_>>()
    });
    assert_none(&faults.collect::<Vec<_>>());
}

/// The rules see what they are to see.
mod violations {
    use super::{literals, messages, program, said, told, untranslated};

    #[test]
    fn messages_and_variables_are_read() {
        let read = messages(
            "# a = $b\nkey-one = It is { $n }.\nkey-two =\n    { $a ->\n       *[other] x { $b }\n    }\n",
        );
        assert_eq!(read["key-one"].iter().collect::<Vec<_>>(), ["n"]);
        assert_eq!(read["key-two"].iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn keys_are_found_where_they_are_said() {
        let text = "t!(\"a-b\", n = 1) t!(\n    \"c-d\"\n) // t!(\"no\")\n#[cfg(test)] t!(\"no\")";
        assert_eq!(said(&program(text)), ["a-b", "c-d"]);
        assert_eq!(literals("x = '\"'; \"one\" \"t\\\"wo\""), ["one", "t\\\"wo"]);
    }

    #[test]
    fn texts_of_one_language_are_found() {
        for bad in ["<b aria-label=\"Close\">", "<p>\"Hello there\"</p>", "view! {\n    \"Hello\"\n}"] {
            assert_eq!(untranslated(bad).len(), 1, "{bad}");
        }
        for bad in [
            "<b title=format!(\"Seed {seed}\")>",
            "self.announcement = \"Done\".to_owned();",
            "\"Stopped\".clone_into(&mut self.announcement);",
        ] {
            assert_eq!(told(bad).len(), 1, "{bad}");
        }
        assert_eq!(told("self.announcement = format!(\"{}. {}\", remark.title(), remark.detail);").len(), 0);
        for good in [
            "<b aria-label=t!(\"page-close\")>",
            "<h1>\"Polo\"</h1>",
            "<td>\"–\"</td>",
            "class=\"quiet text\"",
        ] {
            assert_eq!(untranslated(good), Vec::<String>::new(), "{good}");
        }
    }
}

#[test]
fn what_is_shown_before_the_program_is_what_it_says_then() {
    let start = std::fs::read_to_string(root().join("start.js")).expect("start.js is readable");
    for language in LANGUAGES {
        let text = |key| text_of(language, key);
        let lead = format!("{} {}", text("page-welcome-thinks"), text("page-welcome-here"));
        let line = format!(
            "{language}: [{:?}, {lead:?}, {:?}],",
            text("page-welcome-title"),
            text("models-starting")
        );
        assert!(start.contains(&line), "start.js lacks {line}");
    }
}

#[test]
fn the_read_me_says_the_same_in_every_language() {
    let read = |name: &str| {
        std::fs::read_to_string(root().join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .replace("\r\n", "\n")
    };
    // Commands without their remarks, addresses of links and pictures, rows of tables.
    let facts = |text: &str| {
        let command = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
        let code = |(at, block): (usize, &str)| {
            (at % 2 == 1).then(|| block.lines().map(command).collect::<Vec<_>>())
        };
        let mut commands: Vec<_> = text.split("```").enumerate().filter_map(code).flatten().collect();
        // What is asked in a command is in the language of its file.
        commands.retain(|line| !line.contains("+ 30") && !line.contains("7305"));
        let links: BTreeSet<_> = text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        let links: Vec<_> =
            links.into_iter().filter(|link| !link.starts_with("README")).map(str::to_owned).collect();
        (commands, links, text.lines().filter(|line| line.starts_with('|')).count())
    };
    let english = read("README.md");
    for name in ["README.ru.md", "README.zh.md"] {
        assert_eq!(facts(&read(name)), facts(&english), "{name}");
    }
}
