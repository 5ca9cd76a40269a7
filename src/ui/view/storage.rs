//! How much of the browser's storage the models take, and whether it keeps them.

use leptos::prelude::*;

use crate::protocol::Library;

use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::words::t;

/// What is used and what is free, in a sentence.
fn account(library: &Library) -> String {
    // The engine names the browser in English; a place with a name of its own stays as it is.
    let place = match library.location.as_str() {
        "" | "this browser" => t!("models-this-browser"),
        other => other.to_owned(),
    };
    let (count, used) = (library.models.len(), figures::size(library.used_bytes));
    match (count, library.free_bytes.map(figures::size)) {
        (0, None) => t!("models-account-none", place = place),
        (0, Some(free)) => t!("models-account-none-free", place = place, free = free),
        (_, None) => t!("models-account", count = count, used = used, place = place),
        (_, Some(free)) => t!("models-account-free", count = count, used = used, place = place, free = free),
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
                                    aria-label=t!("models-storage-used")
                                    max=(used + free).max(1).to_string()
                                    value=used.to_string()
                                ></progress>
                            }
                        });
                    view! {
                        <section aria-labelledby="storage">
                            <h3 id="storage">{t!("models-storage")}</h3>
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
        return view! { <p class="quiet-text">{t!("models-storage-kept")}</p> }.into_any();
    }
    view! {
        <p class="quiet-text">
            {t!("models-storage-may-go")}
        </p>
        <Show when=move || some>
            <p class="buttons">
                <button type="button" class="plain" on:click=move |_| page.keep_models()>
                    {t!("models-storage-ask")}
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
