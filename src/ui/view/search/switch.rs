//! The switch at the composer: whether the next question is searched for, how, and what it may cost.

use leptos::prelude::*;

use crate::protocol::SearchOptions;

use crate::ui::page::page;
use crate::ui::search::knobs::{PRESETS, SearchSettings, about, cost};
use crate::ui::state::Chat;
use crate::ui::view::icons::{Icon, SLIDERS};
use crate::ui::view::settings;
use crate::ui::words::t;

/// The switch, and beside it, while it is on, the preset and the knobs.
#[component]
pub fn SearchSwitch() -> impl IntoView {
    let page = page();
    let on = Memo::new(move |_| page.search.with(|search| search.on));
    let speed = Memo::new(move |_| {
        // While a search runs its speed changes with every token; what is to come has not begun.
        if page.chat.with(Chat::is_busy) { None } else { page.chat.with(Chat::last_speed) }
    });
    let price = move || page.search.with(|search| cost(&search.options, speed.get()));
    view! {
        <div class="search-switch">
            <button
                type="button"
                role="switch"
                class="switch"
                aria-checked=move || on.get().to_string()
                on:click=move |_| page.search.update(|search| search.on = !search.on)
            >
                <span class="switch-track" aria-hidden="true"></span>
                {t!("search-title")}
            </button>
            <Show when=move || on.get()>
                <Presets />
                <button
                    type="button"
                    class="quiet"
                    aria-label=t!("search-adjust-it")
                    on:click=move |_| settings::open(page.search_dialog)
                >
                    <Icon path=SLIDERS />
                    <span class="label">{t!("search-adjust")}</span>
                </button>
                <span class="search-cost">{price}</span>
            </Show>
        </div>
    }
}

/// The presets as a list to choose from.
#[component]
pub fn Presets() -> impl IntoView {
    let page = page();
    let preset = Memo::new(move |_| page.search.with(SearchSettings::preset));
    let chosen = move || {
        let at = PRESETS.iter().position(|(one, ..)| Some(*one) == preset.get());
        at.map_or_else(|| "own".to_owned(), |at| at.to_string())
    };
    let choose = move |event| {
        let preset = event_target_value(&event).parse().ok().and_then(|at: usize| PRESETS.get(at));
        if let Some((preset, ..)) = preset {
            page.search.update(|search| search.options = SearchOptions::preset(*preset));
        }
    };
    view! {
        <select class="preset" aria-label=t!("search-preset") prop:value=chosen on:change=choose>
            {PRESETS
                .iter()
                .enumerate()
                .map(|(at, (_, name))| {
                    view! { <option value=at.to_string() title=about(name) selected=move || chosen() == at.to_string()>{t!(name)}</option> }
                })
                .collect_view()}
            <option value="own" disabled=true hidden=move || preset.get().is_some() selected=move || preset.get().is_none()>
                {t!("search-own")}
            </option>
        </select>
    }
}
