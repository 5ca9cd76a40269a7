//! What can be done from the keyboard: the commands, their keys, and the search among them.

use super::words::t;

/// Something that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// The list of commands.
    Palette,
    /// The list of keys.
    Shortcuts,
    /// An empty conversation.
    NewChat,
    /// Look for a conversation.
    SearchChats,
    /// The cursor into the message box.
    Write,
    /// The last question again, to be changed.
    EditLast,
    /// Stop what is being made.
    Stop,
    /// The last reply anew.
    Regenerate,
    /// The last reply to the clipboard.
    CopyReply,
    /// The last reply token by token.
    Confidence,
    /// Open or fold the thoughts.
    Thoughts,
    /// Search for the next answer, or not.
    Search,
    /// How to search.
    SearchKnobs,
    /// Four ways to an answer.
    Compare,
    /// Text files into the message.
    Attach,
    /// The models.
    Models,
    /// What runs, and on what.
    Inspector,
    /// The settings.
    Settings,
    /// Light, dark, as the system.
    Theme,
    /// The next language.
    Language,
    /// All chats as a file.
    Export,
}

/// What is held and pressed. `key` is as `KeyboardEvent.key` has it, in lower case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Press<'a> {
    /// The key.
    pub key: &'a str,
    /// Control, or Command on a Mac: the one that commands are given with.
    pub main: bool,
    /// The other of the two, or Alt: then the press is not ours.
    pub other: bool,
    /// Shift.
    pub shift: bool,
}

/// Where the press happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// In a box where text is written.
    pub writing: bool,
    /// While a dialog is open.
    pub dialog: bool,
    /// Whether single keys are commands.
    pub single_keys: bool,
}

impl Command {
    /// All of them, as the palette lists them.
    pub const ALL: [Self; 20] = [
        Self::NewChat,
        Self::SearchChats,
        Self::Write,
        Self::EditLast,
        Self::Stop,
        Self::Regenerate,
        Self::CopyReply,
        Self::Confidence,
        Self::Thoughts,
        Self::Search,
        Self::SearchKnobs,
        Self::Compare,
        Self::Attach,
        Self::Models,
        Self::Inspector,
        Self::Settings,
        Self::Theme,
        Self::Language,
        Self::Export,
        Self::Shortcuts,
    ];

    /// What it is called.
    pub fn name(self) -> String {
        t!(match self {
            Self::Palette => "page-command-palette",
            Self::Shortcuts => "page-command-shortcuts",
            Self::NewChat => "page-command-new-chat",
            Self::SearchChats => "page-command-search-chats",
            Self::Write => "page-command-write",
            Self::EditLast => "page-command-edit-last",
            Self::Stop => "page-command-stop",
            Self::Regenerate => "page-command-regenerate",
            Self::CopyReply => "page-command-copy-reply",
            Self::Confidence => "page-command-confidence",
            Self::Thoughts => "page-command-thoughts",
            Self::Search => "page-command-search",
            Self::SearchKnobs => "page-command-search-knobs",
            Self::Compare => "page-command-compare",
            Self::Attach => "page-command-attach",
            Self::Models => "page-command-models",
            Self::Inspector => "page-command-inspector",
            Self::Settings => "page-command-settings",
            Self::Theme => "page-command-theme",
            Self::Language => "page-command-language",
            Self::Export => "page-command-export",
        })
    }

    /// Its key with Control or Command: works while writing too.
    fn with_main(self) -> Option<&'static str> {
        match self {
            Self::Palette => Some("k"),
            Self::Shortcuts => Some("/"),
            _ => None,
        }
    }

    /// Its key alone, where nobody is writing. Browsers keep `/` and `'` for their own search.
    fn alone(self) -> Option<&'static str> {
        Some(match self {
            Self::Shortcuts => "?",
            Self::NewChat => "n",
            Self::SearchChats => "f",
            Self::Write => "m",
            Self::Thoughts => "t",
            Self::CopyReply => "c",
            Self::Regenerate => "r",
            _ => return None,
        })
    }

    /// The command of a press, if it is one.
    pub fn of(press: Press<'_>, place: Place) -> Option<Self> {
        if press.other || (place.dialog && !press.main) {
            return None;
        }
        let key = |command: &Self| {
            if press.main {
                command.with_main() == Some(press.key) && !press.shift
            } else {
                // The question mark is typed with Shift.
                !place.writing
                    && place.single_keys
                    && command.alone() == Some(press.key)
                    && (!press.shift || press.key == "?")
            }
        };
        std::iter::once(&Self::Palette).chain(&Self::ALL).copied().find(key)
    }

    /// Its keys as they are shown: each of them a way, each a list of keys to press together.
    pub fn keys(self, mac: bool, single_keys: bool) -> Vec<Vec<String>> {
        let main = if mac { "⌘" } else { "Ctrl" };
        let with_main = self.with_main().map(|key| vec![main.to_owned(), key.to_uppercase()]);
        let alone = self.alone().filter(|_| single_keys).map(|key| vec![key.to_uppercase()]);
        let fixed = match self {
            Self::Stop => Some(vec!["Esc".to_owned()]),
            Self::EditLast => Some(vec!["↑".to_owned()]),
            _ => None,
        };
        [with_main, alone, fixed].into_iter().flatten().collect()
    }
}

/// The key that is meant: on a keyboard for another script, that of the place where Latin letters lie.
pub fn key_of(key: &str, code: &str, main: bool) -> String {
    let letter = code.strip_prefix("Key").filter(|_| !key.is_ascii());
    match letter {
        Some(letter) => letter.to_lowercase(),
        None if main && code == "Slash" => "/".to_owned(),
        None => key.to_lowercase(),
    }
}

/// The commands whose names hold all words of `query`, those that begin with it first.
pub fn matching(query: &str, among: &[Command]) -> Vec<Command> {
    let query = query.trim().to_lowercase();
    let holds = |name: &str| query.split_whitespace().all(|word| name.contains(word));
    let named = among.iter().map(|command| (*command, command.name().to_lowercase()));
    let mut found: Vec<_> = named.filter(|(_, name)| holds(name)).collect();
    found.sort_by_key(|(_, name)| !name.starts_with(&query));
    found.into_iter().map(|(command, _)| command).collect()
}

/// Where a key moves to in a list of `count`, round its ends; `None` for a key that moves nowhere.
pub fn moved(at: usize, count: usize, key: &str, control: bool) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let at = at.min(last);
    match key {
        "ArrowDown" => Some((at + 1) % count),
        "ArrowUp" => Some((at + last) % count),
        "Home" if control => Some(0),
        "End" if control => Some(last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Place = Place { writing: false, dialog: false, single_keys: true };
    const WRITING: Place = Place { writing: true, ..READING };

    fn press(key: &str) -> Press<'_> {
        Press { key, ..Press::default() }
    }

    #[test]
    fn letters_are_letters_while_somebody_writes() {
        assert_eq!(Command::of(press("n"), READING), Some(Command::NewChat));
        assert_eq!(Command::of(press("n"), WRITING), None);
        assert_eq!(Command::of(press("n"), Place { single_keys: false, ..READING }), None);
        assert_eq!(Command::of(press("n"), Place { dialog: true, ..READING }), None);
        assert_eq!(Command::of(Press { shift: true, ..press("?") }, READING), Some(Command::Shortcuts));
        assert_eq!(Command::of(Press { shift: true, ..press("n") }, READING), None);
        let main = |key| Press { main: true, ..press(key) };
        assert_eq!(Command::of(main("k"), WRITING), Some(Command::Palette));
        assert_eq!(Command::of(main("/"), WRITING), Some(Command::Shortcuts));
        assert_eq!(
            Command::of(Press { other: true, ..main("k") }, WRITING),
            None,
            "AltGr is Control and Alt"
        );
        for browsers in ["n", "t", "r", "f", "c", "w", "p", "l"] {
            assert_eq!(Command::of(main(browsers), READING), None, "the browser's own");
        }
    }

    #[test]
    fn keyboards_of_other_scripts_have_the_same_keys() {
        assert_eq!(key_of("л", "KeyK", true), "k");
        assert_eq!(key_of("K", "KeyK", true), "k");
        assert_eq!(key_of("a", "KeyQ", false), "a", "a French keyboard");
        assert_eq!(key_of(".", "Slash", true), "/", "a Russian one");
        assert_eq!(key_of("?", "Digit7", false), "?");
    }

    #[test]
    fn no_key_has_two_commands_and_each_is_shown() {
        let mut keys: Vec<_> = Command::ALL.iter().flat_map(|command| command.keys(false, true)).collect();
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);
        assert_eq!(Command::Palette.keys(true, true), [["⌘", "K"]]);
        assert_eq!(Command::NewChat.keys(false, false), Vec::<Vec<String>>::new());
    }

    #[test]
    fn the_search_takes_all_words_and_beginnings_first() {
        assert_eq!(matching("chat new", &Command::ALL), [Command::NewChat]);
        assert_eq!(matching("se", &Command::ALL)[0].name().to_lowercase().get(..2), Some("se"));
        assert_eq!(matching("", &Command::ALL).len(), Command::ALL.len());
        assert!(matching("xyzzy", &Command::ALL).is_empty());
    }
}
