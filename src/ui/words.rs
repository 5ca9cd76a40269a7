//! What the page says, in the reader's language: messages of Mozilla's Fluent in `locales/`, one folder a
//! language and one file an area. [`t!`] says one of them.
//!
//! The language is no signal: whoever changes it mounts the view anew, and every component reads its words
//! once. What the page keeps (notices, replies) is kept as facts and put into words when it is shown.

use std::cell::{Cell, OnceCell};

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use serde::{Deserialize, Serialize};

use super::figures;

/// A language of the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Russian.
    #[serde(rename = "ru")]
    Russian,
    /// Chinese, in simplified characters.
    #[serde(rename = "zh")]
    Chinese,
}

impl Language {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::English, Self::Russian, Self::Chinese];

    /// As `lang` in HTML names it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
            Self::Chinese => "zh",
        }
    }

    /// What those who speak it call it.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Russian => "Русский",
            Self::Chinese => "中文",
        }
    }

    /// The first of these tags (`ru-RU`, `zh-Hans-CN`) that the page speaks; English where there is none.
    pub fn best<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        let spoken = |tag: &str| {
            let first = tag.split(['-', '_']).next().unwrap_or_default();
            Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(first))
        };
        tags.into_iter().find_map(spoken).unwrap_or_default()
    }

    fn sources(self) -> [&'static str; 8] {
        macro_rules! of {
            ($language:literal) => {
                [
                    include_str!(concat!("locales/", $language, "/page.ftl")),
                    include_str!(concat!("locales/", $language, "/shell.ftl")),
                    include_str!(concat!("locales/", $language, "/chats.ftl")),
                    include_str!(concat!("locales/", $language, "/reply.ftl")),
                    include_str!(concat!("locales/", $language, "/settings.ftl")),
                    include_str!(concat!("locales/", $language, "/models.ftl")),
                    include_str!(concat!("locales/", $language, "/search.ftl")),
                    include_str!(concat!("locales/", $language, "/notices.ftl")),
                ]
            };
        }
        match self {
            Self::English => of!("en"),
            Self::Russian => of!("ru"),
            Self::Chinese => of!("zh"),
        }
    }

    /// Its messages. What a file holds that cannot be read is left out: the tests refuse such a file.
    fn bundle(self) -> Bundle {
        let tag = self.code().parse().unwrap_or_default();
        let mut bundle = Bundle::new(vec![tag]);
        // The marks would be copied along with the text.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(number) => number.value.to_string().parse::<u64>().ok().map(figures::count),
            _ => None,
        }));
        for source in self.sources() {
            let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(read, _)| read);
            // A key that comes twice keeps its first message.
            drop(bundle.add_resource(resource));
        }
        bundle
    }
}

type Bundle = FluentBundle<FluentResource>;

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
    static BUNDLES: [OnceCell<Bundle>; 3] = const { [OnceCell::new(), OnceCell::new(), OnceCell::new()] };
}

/// Speaks this language from now on.
pub fn speak(language: Language) {
    SPOKEN.set(language);
}

/// The language that is spoken.
pub fn spoken() -> Language {
    SPOKEN.get()
}

/// What stands between two sentences: a space, but nothing in Chinese, whose full stop is as wide as a letter.
pub fn gap() -> &'static str {
    if spoken() == Language::Chinese { "" } else { " " }
}

/// The message of this key in the spoken language; the key itself where there is none. Use [`t!`].
pub fn say(key: &str, arguments: &[(&'static str, FluentValue<'_>)]) -> String {
    let language = spoken();
    BUNDLES.with(|bundles| {
        let bundle = bundles[language as usize].get_or_init(|| language.bundle());
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let arguments: FluentArgs<'_> =
            arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
        bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    })
}

/// Whether there is a message of this key.
pub fn knows(key: &str) -> bool {
    let language = spoken();
    BUNDLES.with(|bundles| bundles[language as usize].get_or_init(|| language.bundle()).has_message(key))
}

/// Says a message: `t!("reply-copy")`, `t!("reply-tokens", count = 7, name = "Marco")`. Counts are given as
/// numbers, so that Fluent can choose the plural; they are written with the language's own separators.
macro_rules! t {
    ($key:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::ui::words::say($key, &[$((stringify!($name), ($value).into())),*])
    };
}
pub(crate) use t;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_s_first_language_that_is_spoken_is_taken() {
        assert_eq!(Language::best(["fr-FR", "ru-RU", "en"]), Language::Russian);
        assert_eq!(Language::best(["zh-Hans-CN"]), Language::Chinese);
        assert_eq!(Language::best(["ZH_tw"]), Language::Chinese);
        assert_eq!(Language::best(["fr"]), Language::English);
        assert_eq!(Language::best([]), Language::English);
    }

    #[test]
    fn a_language_is_kept_by_its_code() {
        for language in Language::ALL {
            let json = serde_json::to_string(&language).unwrap();
            assert_eq!(json, format!("\"{}\"", language.code()));
        }
    }

    #[test]
    fn every_file_can_be_read_and_no_key_comes_twice() {
        for language in Language::ALL {
            let mut bundle = Bundle::new(vec![language.code().parse().unwrap()]);
            for source in language.sources() {
                let resource = FluentResource::try_new(source.to_owned());
                let resource = resource.map_err(|(_, errors)| errors).unwrap();
                bundle.add_resource(resource).unwrap();
            }
        }
    }

    #[test]
    fn what_is_said_is_said_in_the_spoken_language() {
        assert_eq!(t!("page-settings"), "Settings");
        speak(Language::Russian);
        assert_eq!((t!("page-settings").as_str(), gap()), ("Настройки", " "));
        speak(Language::Chinese);
        assert_eq!((t!("page-settings").as_str(), gap()), ("设置", ""));
        assert_eq!(t!("page-no-such-key"), "page-no-such-key");
    }
}
