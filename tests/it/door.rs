//! The types for JavaScript name the fields that the protocol has, so that neither is changed without the other.

use polo::protocol::{
    DeviceInfo, LoadOptions, ModelInfo, SamplingOptions, SearchOptions, SearchProgress, Usage, Votes,
};
use serde::Serialize;

const TYPES: &str = include_str!("../../src/door/polo.d.ts");
const SCRIPT: &str = include_str!("../../src/door/polo.js");

fn fields(value: &impl Serialize) -> Vec<String> {
    let value = serde_json::to_value(value).expect("plain data");
    value.as_object().expect("a structure").keys().cloned().collect()
}

/// What stands between the braces of an interface; none of these has braces inside that end a line.
fn interface(name: &str) -> &str {
    let head = format!("export interface {name} ");
    let (_, rest) = TYPES.split_once(&head).unwrap_or_else(|| panic!("polo.d.ts has no {name}"));
    rest.split_once("\n}").expect("it ends").0
}

fn holds(name: &str, fields: &[String]) {
    for field in fields {
        let told = interface(name).lines().any(|line| {
            let line = line.trim_start();
            line.starts_with(&format!("{field}:")) || line.starts_with(&format!("{field}?:"))
        });
        assert!(told, "polo.d.ts: {name} lacks {field}");
    }
}

#[test]
fn every_field_has_its_type() {
    holds("LoadOptions", &fields(&LoadOptions::default()));
    holds("SearchOptions", &fields(&SearchOptions::default()));
    holds("SearchProgress", &fields(&SearchProgress::default()));
    holds("Votes", &fields(&Votes::default()));
    holds("DeviceInfo", &fields(&DeviceInfo::default()));
    holds("ModelInfo", &fields(&ModelInfo { template: Some(String::new()), ..ModelInfo::default() }));
}

/// What nobody has set is not written, so the names come from the debug form, which has them all.
fn sampling_fields() -> Vec<String> {
    let text = format!("{:#?}", SamplingOptions::default());
    let own = text.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    own.filter_map(|line| line.trim().split_once(':')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_option_of_sampling_is_let_through() {
    let fields = sampling_fields();
    assert!(fields.len() >= 19, "{fields:?}");
    holds("SamplingOptions", &fields);
    for field in fields {
        assert!(SCRIPT.contains(&format!("'{field}'")), "polo.js does not know {field}");
    }
}

#[test]
fn what_a_reply_took_is_all_told() {
    for field in fields(&Usage::default()) {
        let told = SCRIPT.contains(&format!("usage.{field}"));
        assert!(told, "polo.js does not tell {field}");
    }
}
