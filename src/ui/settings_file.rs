//! The settings as a file: all of them, so that another browser can be set as this one is.

use serde::Serialize;
use serde_json::Value;

use super::search::knobs::SearchSettings;
use super::settings::Settings;
use super::words::t;

/// What kind of file it is.
const KIND: &str = "settings";
/// The version that is written, and the newest that is read.
const VERSION: u64 = 1;

#[derive(Serialize)]
struct Written<'a> {
    polo: &'static str,
    version: u64,
    settings: &'a Settings,
    search: &'a SearchSettings,
}

/// The text of the file.
pub fn write(settings: &Settings, search: &SearchSettings) -> String {
    serde_json::to_string_pretty(&Written { polo: KIND, version: VERSION, settings, search })
        .unwrap_or_default()
}

/// Reads such a file whole, or says what is wrong with it.
pub fn read(text: &str) -> Result<(Settings, SearchSettings), String> {
    let wrong = |what: String| t!("settings-file-wrong", what = what);
    let file: Value = serde_json::from_str(text).map_err(|_| t!("settings-file-not-json"))?;
    let version = file["version"].as_u64().filter(|_| file["polo"] == KIND);
    match version {
        None => return Err(t!("settings-file-not-json")),
        Some(version) if version > VERSION => {
            return Err(t!("settings-file-newer", version = version, known = VERSION));
        }
        Some(_) => {}
    }
    let settings: Settings =
        serde_json::from_value(file["settings"].clone()).map_err(|error| wrong(error.to_string()))?;
    settings.sampling(None, 0).validate().map_err(|error| wrong(error.to_string()))?;
    let search: SearchSettings =
        serde_json::from_value(file["search"].clone()).map_err(|error| wrong(error.to_string()))?;
    search.options.validate().map_err(|error| wrong(error.to_string()))?;
    Ok((settings, search))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Theme;
    use crate::ui::words::Language;

    fn some() -> (Settings, SearchSettings) {
        let mut settings = Settings { system: "Be brief.".into(), top_k: Some(7), ..Settings::default() };
        settings.language = Some(Language::Chinese);
        settings.theme = Theme::Dark;
        settings.save_prompt("brief");
        (settings, SearchSettings { on: true, ..SearchSettings::default() })
    }

    #[test]
    fn what_is_written_is_read() {
        let (settings, search) = some();
        assert_eq!(read(&write(&settings, &search)), Ok((settings, search)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let (settings, search) = some();
        let good = write(&settings, &search);
        let newer = good.replace("\"version\": 1", "\"version\": 2");
        let hot = good.replace("\"top_k\": 7", "\"top_k\": \"many\"");
        let wide = good.replace("\"lanes\": ", "\"lanes\": 99");
        for (bad, what) in [
            ("", "saved here"),
            ("[1]", "saved here"),
            ("{\"version\": 1, \"polo\": \"chats\"}", "saved here"),
            (newer.as_str(), "version 2"),
            (hot.as_str(), "many"),
            (wide.as_str(), "lanes is"),
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn a_number_that_no_knob_takes_changes_nothing() {
        let (settings, search) = some();
        let cold = Settings { temperature: Some(-1.0), ..settings };
        let error = read(&write(&cold, &search)).unwrap_err();
        assert!(error.contains("temperature"), "{error}");
    }
}
