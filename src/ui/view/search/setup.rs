//! The dialog with every knob of a search: its default, its unit, and what it does in a line.

use leptos::prelude::*;

use crate::protocol::{KNOBS, Knob, SearchOptions};

use super::switch::Presets;
use crate::ui::dom;
use crate::ui::page::page;
use crate::ui::search::knobs::{self, CHOICES, Choice, PRESETS, SearchSettings, cost, label, number, shown};
use crate::ui::state::Chat;
use crate::ui::view::settings::{self, Dialog};
use crate::ui::words::{gap, t};

/// The knobs in the groups in which they are shown: heading, choices, numbers.
const GROUPS: [(&str, &[&str], &[&str]); 4] = [
    ("search-group-cost", &[], &["rollouts", "max_tokens", "lanes", "agreement", "time_limit_s"]),
    (
        "search-group-tree",
        &["mode", "action", "selection"],
        &["branching", "exploration", "depth", "path_tokens", "answer_reserve"],
    ),
    ("search-group-again", &["reflection"], &["reflect_below"]),
    ("search-group-answer", &["vote", "answer", "repeats"], &["vote_temperature"]),
];

/// The dialog.
#[component]
pub fn SearchDialog() -> impl IntoView {
    let page = page();
    let speed =
        Memo::new(move |_| page.chat.with(Chat::last_speed).filter(|_| !page.chat.with(Chat::is_busy)));
    let about = move || {
        let preset = page.search.with(SearchSettings::preset);
        let found = PRESETS.iter().find(|(one, ..)| Some(*one) == preset);
        found.map_or_else(|| t!("search-own-about"), |(_, name)| knobs::about(name))
    };
    let import = move |event: leptos::ev::Event| {
        let input: web_sys::HtmlInputElement = event_target(&event);
        page.import_search(&dom::files_of(input.files().as_ref()));
        // The same file can be chosen again.
        input.set_value("");
        close(page.search_dialog);
    };
    let groups = GROUPS
        .iter()
        .map(|(heading, choices, numbers)| {
            let choices = choices
                .iter()
                .filter_map(|name| CHOICES.iter().find(|choice| choice.name == *name))
                .map(|choice| view! { <Ways choice /> })
                .collect_view();
            let numbers = numbers
                .iter()
                .filter_map(|name| KNOBS.iter().find(|knob| knob.name == *name))
                .map(|knob| view! { <Number knob /> })
                .collect_view();
            view! {
                <h3>{t!(heading)}</h3>
                <div class="fields">{choices} {numbers}</div>
            }
        })
        .collect_view();
    view! {
        <Dialog node_ref=page.search_dialog id="search-title" title=t!("search-title")>
            <p class="quiet-text">
                {t!("search-about")}
            </p>
            <p class="search-preset">
                <Presets />
                <span class="quiet-text">{about}</span>
            </p>
            <p class="search-total" role="status">
                {move || page.search.with(|search| cost(&search.options, speed.get()))}
                {move || speed.get().is_none().then(|| format!(". {}", t!("search-time-unknown")))}
            </p>
            {groups}
            <p class="buttons">
                <button
                    type="button"
                    class="plain"
                    on:click=move |_| page.search.update(|search| search.options = SearchOptions::default())
                >
                    {t!("search-restore")}
                </button>
                <button
                    type="button"
                    class="plain"
                    on:click=move |_| {
                        close(page.search_dialog);
                        settings::open(page.compare_dialog);
                    }
                >
                    {t!("search-compare-title")}
                </button>
                <label class="plain file">
                    {t!("search-open")}
                    <input class="hidden" type="file" accept=".json,application/json" on:change=import />
                </label>
            </p>
        </Dialog>
    }
}

fn close(dialog: NodeRef<leptos::html::Dialog>) {
    if let Some(dialog) = dialog.get_untracked() {
        dialog.close();
    }
}

/// A choice, with what the chosen way does.
#[component]
fn Ways(choice: &'static Choice) -> impl IntoView {
    let page = page();
    let chosen = Memo::new(move |_| page.search.with(|search| search.chosen(choice.name)));
    let mini = move || choice.name == "action" && chosen.with(|way| way == "mini_step");
    let about = move || {
        let way = chosen.get();
        choice.about(&way)
    };
    let id = format!("search-{}", choice.name);
    let hint = format!("{id}-hint");
    view! {
        <div class="field">
            <label for=id.clone()>{choice.label()}</label>
            <select
                id=id
                aria-describedby=hint.clone()
                prop:value=move || chosen.get()
                on:change=move |event| {
                    let way = event_target_value(&event);
                    page.search.update(|search| search.choose(choice.name, &way));
                }
            >
                {choice
                    .ways
                    .iter()
                    .enumerate()
                    .map(|(at, way)| {
                        let name = choice.way(way);
                        // The first way of each is the default.
                        let name = if at == 0 { t!("search-way-default", way = name) } else { name };
                        view! { <option value=*way selected=move || chosen.get() == *way>{name}</option> }
                    })
                    .collect_view()}
            </select>
            <Show when=mini>
                <Tokens />
            </Show>
            <p class="hint" id=hint>
                {choice.help()} {gap()} {about}
            </p>
        </div>
    }
}

/// The length of a mini-step.
#[component]
fn Tokens() -> impl IntoView {
    let page = page();
    let error = RwSignal::new(None::<String>);
    let on_input = move |event| {
        let text = event_target_value(&event);
        let mut next = page.search.get_untracked();
        error.set(next.set_mini_step(&text).err());
        page.search.set(next);
    };
    view! {
        <input
            type="text"
            inputmode="numeric"
            aria-label=t!("search-step-tokens")
            prop:value=page.search.with_untracked(|search| search.mini_step().to_string())
            aria-invalid=move || error.with(Option::is_some).to_string()
            on:input=on_input
        />
        {move || error.get().map(|text| view! { <p class="hint error">{text}</p> })}
    }
}

/// A number that is typed; what is not accepted is said and not used.
#[component]
fn Number(knob: &'static Knob) -> impl IntoView {
    let page = page();
    let error = RwSignal::new(None::<String>);
    let typed = RwSignal::new(None::<String>);
    let held = Memo::new(move |_| page.search.with(|search| number((knob.get)(&search.options))));
    // A preset replaces what was typed, right or wrong.
    Effect::new(move |_| {
        let held = held.get();
        let same = |text: &str| {
            text.trim().replace(',', ".").parse::<f64>().is_ok_and(|value| number(value) == held)
        };
        if !typed.with_untracked(|typed| typed.as_deref().is_some_and(same)) {
            typed.set(None);
            error.set(None);
        }
    });
    let id = format!("search-{}", knob.name);
    let hint = format!("{id}-hint");
    // Some are called by what they count.
    let told = matches!(knob.name, "rollouts" | "lanes" | "max_tokens" | "path_tokens");
    let unit = Some(knobs::unit(knob)).filter(|unit| !told && !unit.is_empty());
    let unit = unit.map(|unit| format!(" {}", t!("search-unit", unit = unit)));
    let help = t!(
        "search-help",
        help = knobs::help(knob),
        default = shown((knob.get)(&SearchOptions::default())),
        min = shown(knob.min),
        max = shown(knob.max)
    );
    let on_input = move |event| {
        let text = event_target_value(&event);
        let mut next = page.search.get_untracked();
        let result = next.set_number(knob.name, &text);
        typed.set(Some(text));
        match result {
            Ok(()) => {
                error.set(None);
                page.search.set(next);
            }
            Err(what) => error.set(Some(what)),
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label(knob)} <span class="unit">{unit}</span></label>
            <input
                id=id
                type="text"
                inputmode="decimal"
                autocomplete="off"
                prop:value=move || typed.get().unwrap_or_else(|| held.get())
                aria-invalid=move || error.with(Option::is_some).to_string()
                aria-describedby=hint.clone()
                on:input=on_input
                // What was not accepted goes when the reader does.
                on:blur=move |_| {
                    if error.with_untracked(Option::is_some) {
                        typed.set(None);
                        error.set(None);
                    }
                }
            />
            <p class="hint" id=hint class:error=move || error.with(Option::is_some)>
                {move || error.get().unwrap_or_else(|| help.clone())}
            </p>
        </div>
    }
}
