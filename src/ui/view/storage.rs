//! How much of the browser's storage the models take, and whether it keeps them.

use leptos::prelude::*;

use crate::protocol::Library;

use crate::ui::figures;
use crate::ui::page::page;

/// What is used and what is free, in a sentence.
fn account(library: &Library) -> String {
    let models = match library.models.len() {
        0 => "No models are stored".to_owned(),
        1 => format!("One model takes {}", figures::size(library.used_bytes)),
        count => format!("{count} models take {}", figures::size(library.used_bytes)),
    };
    let place = if library.location.is_empty() { "here" } else { &library.location };
    match library.free_bytes {
        Some(free) => format!("{models}; {} are free in {place}.", figures::size(free)),
        None => format!("{models} in {place}."),
    }
}

/// The section at the end of the dialog.
#[component]
pub fn Storage() -> impl IntoView {
    let page = page();
    let library = Memo::new(move |_| page.models.with(|models| models.library.clone()));
    view! {
        {move || {
            library
                .get()
                .map(|library| {
                    let bar = library
                        .free_bytes
                        .filter(|_| library.used_bytes > 0)
                        .map(|free| {
                            let used = library.used_bytes;
                            view! {
                                <progress
                                    class="bar"
                                    aria-label="Storage used"
                                    max=(used + free).max(1).to_string()
                                    value=used.to_string()
                                ></progress>
                            }
                        });
                    view! {
                        <section aria-labelledby="storage">
                            <h3 id="storage">"Storage"</h3>
                            <p>{account(&library)}</p>
                            {bar}
                            <Keeping persistent=library.persistent some=!library.models.is_empty() />
                        </section>
                    }
                })
        }}
    }
}

/// Whether the browser may delete the models, and the wish that it does not.
#[component]
fn Keeping(persistent: bool, some: bool) -> impl IntoView {
    let page = page();
    if persistent {
        return view! { <p class="quiet-text">"The browser has promised not to delete them by itself."</p> }
            .into_any();
    }
    view! {
        <p class="quiet-text">
            "When the disk runs full, the browser may delete what is stored here without asking."
        </p>
        <Show when=move || some>
            <p class="buttons">
                <button type="button" class="plain" on:click=move |_| page.keep_models()>
                    "Ask the browser to keep them"
                </button>
            </p>
        </Show>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ModelSource, StoredModel};

    #[test]
    fn the_account_counts_and_names() {
        let mut library = Library { location: "this browser".into(), ..Library::default() };
        assert_eq!(account(&library), "No models are stored in this browser.");
        let model = StoredModel {
            name: "a".into(),
            source: ModelSource::Embedded,
            bytes: 2_000_000_000,
            done_bytes: 0,
            complete: false,
            modified_ms: 0,
            folder: String::new(),
        };
        library.models = vec![model.clone()];
        library.used_bytes = 2_000_000_000;
        library.free_bytes = Some(41_200_000_000);
        assert_eq!(account(&library), "One model takes 2.00 GB; 41.20 GB are free in this browser.");
        library.models.push(model);
        assert!(account(&library).starts_with("2 models take 2.00 GB"));
    }
}
