//! Words with something in them that is typed as it stands.

use leptos::prelude::*;

/// A message in which `backticks` mark code: a file, a command, an address.
pub fn coded(text: &str) -> impl IntoView + use<> {
    let part = |(at, part): (usize, &str)| {
        let part = part.to_owned();
        if at % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
    };
    text.split('`').enumerate().map(part).collect_view()
}
