//! The reader's choices: the knobs of a request, kept across visits, and the page's address.

use serde::{Deserialize, Serialize};

use super::prompts::Saved;
use super::theme::Theme;
use super::words::{Language, t};
use crate::protocol::{KvType, LoadOptions, Quantize, SamplingOptions, Variant};

/// The knobs; `None` leaves the choice to the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Instructions before the conversation; empty for the model's own.
    pub system: String,
    /// Longest reply, in tokens.
    pub max_new_tokens: Option<usize>,
    /// 0 to 4.
    pub temperature: Option<f32>,
    /// More than 0, at most 1.
    pub top_p: Option<f32>,
    /// 0 to 64.
    pub top_k: Option<u32>,
    /// Fixed random numbers; `None` for new ones each time.
    pub seed: Option<u64>,
    /// The language of the page; `None` for the browser's.
    pub language: Option<Language>,
    /// Light or dark.
    pub theme: Theme,
    /// System prompts that the reader saved.
    pub prompts: Vec<Saved>,
}

impl Settings {
    /// Settings kept by an earlier visit; anything unreadable or out of range is the default.
    pub fn from_json(text: &str) -> Self {
        let kept: Self = serde_json::from_str(text).unwrap_or_default();
        if kept.sampling(None, 0).validate().is_ok() { kept } else { kept.restored_to(kept.system.clone()) }
    }

    /// The knobs of a request as they are at first; the page looks and speaks as before.
    #[must_use]
    pub fn restored(&self) -> Self {
        self.restored_to(String::new())
    }

    fn restored_to(&self, system: String) -> Self {
        let (language, theme, prompts) = (self.language, self.theme, self.prompts.clone());
        Self { system, language, theme, prompts, ..Self::default() }
    }

    /// For the next visit.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The options of one request. `random` is used where no seed is set.
    pub fn sampling(&self, model: Option<&SamplingOptions>, random: u64) -> SamplingOptions {
        let base = model.cloned().unwrap_or_default();
        SamplingOptions {
            max_new_tokens: self.max_new_tokens.unwrap_or(base.max_new_tokens),
            temperature: self.temperature.unwrap_or(base.temperature),
            top_p: self.top_p.unwrap_or(base.top_p),
            top_k: self.top_k.unwrap_or(base.top_k),
            seed: self.seed.unwrap_or(random),
            ..base
        }
    }
}

/// A knob that is typed as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knob {
    /// [`Settings::max_new_tokens`].
    MaxNewTokens,
    /// [`Settings::temperature`].
    Temperature,
    /// [`Settings::top_p`].
    TopP,
    /// [`Settings::top_k`].
    TopK,
    /// [`Settings::seed`].
    Seed,
}

impl Settings {
    /// Takes what was typed; an empty text is the default, an error says what is expected.
    pub fn set(&mut self, knob: Knob, text: &str) -> Result<(), String> {
        fn read<T: std::str::FromStr>(text: &str, what: &str) -> Result<Option<T>, String> {
            // Who writes decimal commas types them too.
            let text = text.trim().replace(',', ".");
            if text.is_empty() {
                return Ok(None);
            }
            text.parse().map(Some).map_err(|_| t!(what))
        }
        let mut next = self.clone();
        let expected = match knob {
            Knob::MaxNewTokens => "settings-expected-tokens",
            Knob::Temperature => "settings-expected-temperature",
            Knob::TopP => "settings-expected-top-p",
            Knob::TopK => "settings-expected-top-k",
            Knob::Seed => "settings-expected-seed",
        };
        match knob {
            Knob::MaxNewTokens => next.max_new_tokens = read(text, expected)?,
            Knob::Temperature => next.temperature = read(text, expected)?,
            Knob::TopP => next.top_p = read(text, expected)?,
            Knob::TopK => next.top_k = read(text, expected)?,
            Knob::Seed => next.seed = read(text, expected)?,
        }
        next.sampling(None, 0).validate().map_err(|_| t!(expected))?;
        *self = next;
        Ok(())
    }

    /// What was typed, as text; empty for the default.
    pub fn typed(&self, knob: Knob) -> String {
        let text = |value: Option<String>| value.unwrap_or_default();
        match knob {
            Knob::MaxNewTokens => text(self.max_new_tokens.map(|v| v.to_string())),
            Knob::Temperature => text(self.temperature.map(|v| v.to_string())),
            Knob::TopP => text(self.top_p.map(|v| v.to_string())),
            Knob::TopK => text(self.top_k.map(|v| v.to_string())),
            Knob::Seed => text(self.seed.map(|v| v.to_string())),
        }
    }
}

/// Load options from the page's address (`?baseline=1&kv=f32&context=512`), for tests and the
/// curious; the second list names what was not understood.
pub fn load_options(query: &str) -> (LoadOptions, Vec<String>) {
    let (mut options, mut unknown) = (LoadOptions::default(), Vec::new());
    for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, "1"));
        let understood = match key {
            "hub" => hub_of(query).map(|_| ()),
            "baseline" => matches!(value, "0" | "1").then(|| options.baseline = value == "1"),
            "max_chunk_bytes" => value.parse().ok().map(|bytes| options.max_chunk_bytes = bytes),
            "context" => value.parse().ok().map(|tokens| options.context = Some(tokens)),
            "max_batch" => value.parse().ok().map(|batch| options.max_batch = batch),
            "kv" => word::<KvType>(value).map(|kv| options.kv = kv),
            "quantize" => word::<Quantize>(value).map(|quantize| options.quantize = quantize),
            "variant" => word::<Variant>(value).map(|variant| options.variant = Some(variant)),
            _ => None,
        };
        if understood.is_none() {
            unknown.push(pair.to_owned());
        }
    }
    (options, unknown)
}

/// Where models are looked up (`?hub=http://localhost:1234`), if not on the engine's own hub: a mirror,
/// or a server on this machine. Anything but https elsewhere would be readable on the way.
pub fn hub_of(query: &str) -> Option<&str> {
    let mut pairs = query.trim_start_matches('?').split('&');
    let address = pairs.find_map(|pair| pair.strip_prefix("hub="))?;
    let host = address.strip_prefix("https://").map(|host| (host, true));
    let (host, safe) = host.or_else(|| address.strip_prefix("http://").map(|host| (host, false)))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:/".contains(c);
    let local = ["localhost", "127.0.0.1"].contains(&host.split([':', '/']).next().unwrap_or_default());
    ((safe || local) && !host.is_empty() && host.chars().all(plain)).then_some(address)
}

/// An option by its protocol name.
fn word<T: for<'de> Deserialize<'de>>(value: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(value.to_owned())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_values_are_checked() {
        let mut settings = Settings::default();
        assert!(settings.set(Knob::Temperature, "0").is_ok());
        assert!(settings.set(Knob::Temperature, "5").unwrap_err().contains("0 to 4"));
        assert!(settings.set(Knob::Temperature, "NaN").is_err());
        assert_eq!(settings.temperature, Some(0.0));
        assert!(settings.set(Knob::TopP, "0").is_err());
        assert!(settings.set(Knob::MaxNewTokens, "1.5").is_err());
        assert!(settings.set(Knob::Temperature, " ").is_ok());
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn settings_survive_a_visit_and_bad_storage() {
        let mut settings = Settings { system: "Be brief.".into(), ..Settings::default() };
        settings.set(Knob::TopK, "8").unwrap();
        assert_eq!(Settings::from_json(&settings.to_json()), settings);
        for bad in ["", "[]", "{\"temperature\":\"hot\"}", "{\"temperature\":9}"] {
            assert_eq!(Settings::from_json(bad), Settings::default());
        }
    }

    #[test]
    fn the_reader_overrules_the_model_and_the_model_the_default() {
        let model = SamplingOptions { temperature: 0.3, top_k: 7, ..SamplingOptions::default() };
        let settings = Settings { top_k: Some(0), ..Settings::default() };
        let sampling = settings.sampling(Some(&model), 99);
        assert_eq!((sampling.temperature, sampling.top_k, sampling.seed), (0.3, 0, 99));
    }

    #[test]
    fn a_hub_is_local_or_encrypted() {
        let of = |address: &str| hub_of(&format!("?kv=f32&hub={address}")).map(str::to_owned);
        for good in ["http://localhost:1234", "http://127.0.0.1:9/x", "https://hf-mirror.example"] {
            assert_eq!(of(good).as_deref(), Some(good));
            assert!(load_options(&format!("?hub={good}")).1.is_empty());
        }
        for bad in
            ["http://example.org", "ftp://localhost", "https://", "https://a\"b", "http://localhost.evil.org"]
        {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(load_options("?hub=nowhere").1, ["hub=nowhere"]);
        assert_eq!(hub_of(""), None);
    }

    #[test]
    fn options_in_the_address() {
        let (options, unknown) =
            load_options("?baseline=1&max_chunk_bytes=65536&kv=f32&context=512&variant=serial&x=1&kv=f8");
        assert!(options.baseline);
        assert_eq!(options.max_chunk_bytes, 65536);
        assert_eq!(options.kv, KvType::F32);
        assert_eq!(options.context, Some(512));
        assert_eq!(options.variant, Some(Variant::Serial));
        assert_eq!(unknown, ["x=1", "kv=f8"]);
        assert_eq!(load_options("").0, LoadOptions::default());
    }
}
