//! Light or dark, as the reader has it. The style sheet asks the system (`prefers-color-scheme`); a reader who
//! chose otherwise has those questions answered here, so that the sheet says each colour once.

use std::cell::RefCell;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;
use web_sys::{CssMediaRule, CssStyleSheet, HtmlElement, MediaList};

/// The reader's choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its name in the page's markup.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The media query that stands for `(prefers-color-scheme: …)` under this choice.
    fn query(self, dark: bool) -> &'static str {
        match (self, dark) {
            // Paper is light.
            (Self::System, true) => "screen and (prefers-color-scheme: dark)",
            (Self::System, false) => "(prefers-color-scheme: light)",
            (Self::Dark, true) => "screen",
            (Self::Light, false) => "all",
            (Self::Dark, false) | (Self::Light, true) => "not all",
        }
    }
}

thread_local! {
    /// The questions of the style sheet, and whether each asks for dark; found once, for their text changes.
    static QUESTIONS: RefCell<Option<Vec<(MediaList, bool)>>> = const { RefCell::new(None) };
}

/// Whether a media query asks for one of the two, and for which.
fn asks(query: &str) -> Option<bool> {
    let colour = query.split("prefers-color-scheme:").nth(1)?.trim_start();
    Some(colour.starts_with("dark"))
}

fn questions() -> Vec<(MediaList, bool)> {
    let sheets = document().style_sheets();
    let sheets = (0..sheets.length()).filter_map(|at| sheets.item(at)?.dyn_into::<CssStyleSheet>().ok());
    let rules = sheets.filter_map(|sheet| sheet.css_rules().ok()).flat_map(|rules| {
        (0..rules.length()).filter_map(move |at| rules.item(at)?.dyn_into::<CssMediaRule>().ok())
    });
    rules.filter_map(|rule| asks(&rule.media().media_text()).map(|dark| (rule.media(), dark))).collect()
}

/// Shows the page in this theme.
pub(super) fn show(theme: Theme) {
    QUESTIONS.with_borrow_mut(|kept| {
        for (media, dark) in kept.get_or_insert_with(questions) {
            media.set_media_text(theme.query(*dark));
        }
    });
    // Scroll bars and fields are the browser's own: they follow this.
    let root = document().document_element().and_then(|root| root.dyn_into::<HtmlElement>().ok());
    if let Some(root) = root {
        let scheme = if theme == Theme::System { "" } else { theme.name() };
        // Setting a style property cannot fail for these values.
        drop(web_sys::HtmlElement::style(&root).set_property("color-scheme", scheme));
    }
    for (dark, colour) in [(false, "#fbfaf8"), (true, "#171816")] {
        let selector = format!("meta[name=theme-color][content='{colour}']");
        if let Ok(Some(meta)) = document().query_selector(&selector) {
            drop(meta.set_attribute("media", theme.query(dark)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_questions_about_the_colours_are_answered() {
        assert_eq!(asks("screen and (prefers-color-scheme: dark)"), Some(true));
        assert_eq!(asks("(prefers-color-scheme:light)"), Some(false));
        assert_eq!(asks("(max-width: 40rem)"), None);
    }

    #[test]
    fn a_choice_answers_both_questions() {
        assert_eq!((Theme::Dark.query(true), Theme::Dark.query(false)), ("screen", "not all"));
        assert_eq!((Theme::Light.query(true), Theme::Light.query(false)), ("not all", "all"));
        assert_eq!(serde_json::to_string(&Theme::System).unwrap(), "\"system\"");
    }
}
