//! Downloads: how far each has come, with its buttons.

use leptos::prelude::*;

use super::access_token::AccessToken;
use super::icons::{Icon, PAUSE, PLAY, TRASH};
use super::notice::Problem;
use crate::ui::models::{Pull, PullState};
use crate::ui::page::page;
use crate::ui::progress;
use crate::ui::words::t;

/// Reads something of a download; `None` once it is gone.
fn read<T>(key: u64, of: impl Fn(&Pull) -> T) -> Option<T> {
    page().models.with(|models| models.pulls.iter().find(|pull| pull.key == key).map(of))
}

/// Bar and figures. They change every moment, so no status region holds them.
#[component]
pub fn PullBar(key: u64) -> impl IntoView {
    let figures = Memo::new(move |_| read(key, progress::pulling).unwrap_or_default());
    let bytes =
        Memo::new(move |_| read(key, |pull| (pull.progress.done_bytes, pull.progress.total_bytes.max(1))));
    let title = read(key, |pull| t!("models-download-of", model = pull.title.as_str())).unwrap_or_default();
    view! {
        <progress
            class="bar"
            aria-label=title
            max=move || bytes.get().map_or(1, |(_, total)| total).to_string()
            value=move || bytes.get().map_or(0, |(done, _)| done).to_string()
        ></progress>
        <span class="bar-text">{move || figures.get()}</span>
    }
}

/// The downloads of this visit.
#[component]
pub fn Pulls() -> impl IntoView {
    let page = page();
    let keys = Memo::new(move |_| {
        page.models.with(|models| models.pulls.iter().map(|pull| pull.key).collect::<Vec<_>>())
    });
    view! {
        <Show when=move || keys.with(|keys| !keys.is_empty())>
            <section aria-labelledby="downloads">
                <h3 id="downloads">{t!("models-downloads")}</h3>
                <ul class="rows">
                    <For each=move || keys.get() key=|key| *key let(key)>
                        <PullRow key />
                    </For>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn PullRow(key: u64) -> impl IntoView {
    let page = page();
    let title = StoredValue::new(read(key, |pull| pull.title.clone()).unwrap_or_default());
    let state = Memo::new(move |_| read(key, |pull| pull.state.clone()));
    let running = Memo::new(move |_| matches!(state.get(), Some(PullState::Running)));
    let locked = Memo::new(move |_| read(key, Pull::is_locked).unwrap_or_default());
    let pausing = Memo::new(move |_| matches!(state.get(), Some(PullState::Pausing)));
    let failure = move || match state.get() {
        Some(PullState::Failed(notice)) => Some(notice),
        _ => None,
    };
    // One button for both, so that the focus stays where it is.
    let toggle = move |_| {
        page.act_on_models(
            |models| if running.get_untracked() { models.pause(key) } else { models.resume(key) },
        );
    };
    let verb = move || if running.get() || pausing.get() { t!("models-pause") } else { t!("models-go-on") };
    let whole = move || {
        let model = title.get_value();
        if running.get() || pausing.get() {
            t!("models-pause-of", model = model)
        } else {
            t!("models-go-on-of", model = model)
        }
    };
    let path = Memo::new(move |_| if running.get() || pausing.get() { PAUSE } else { PLAY });
    view! {
        <li class="row pull">
            <div class="row-main">
                <p class="row-title">{title.get_value()}</p>
                <PullBar key />
                {move || {
                    failure().map(|notice| view! { <Problem notice /> })
                }}
                {move || locked.get().then(|| view! { <AccessToken /> })}
            </div>
            <div class="row-actions">
                <button
                    type="button"
                    class="plain"
                    aria-label=whole
                    disabled=move || pausing.get()
                    on:click=toggle
                >
                    {move || view! { <Icon path=path.get() /> }}
                    {verb}
                </button>
                <button
                    type="button"
                    class="icon-button"
                    aria-label=t!("models-discard-of", model = title.get_value())
                    title=t!("models-discard")
                    on:click=move |_| page.act_on_models(|models| models.discard(key))
                >
                    <Icon path=TRASH />
                </button>
            </div>
        </li>
    }
}
