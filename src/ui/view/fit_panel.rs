//! The pre-flight: whether the chosen form fits, with the numbers, before anything is downloaded.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::{Fit, FitReport};

use super::card::read;
use super::icons::{CHECK, CLOSE, Icon, WARNING};
use super::notice::Actions;
use crate::ui::figures;
use crate::ui::fit::{self, Tone};
use crate::ui::models::Models;
use crate::ui::notices::sentence;
use crate::ui::page::page;
use crate::ui::task::Task;

/// Whether it fits, with the numbers.
#[component]
pub fn FitPanel() -> impl IntoView {
    let page = page();
    let report = Memo::new(move |_| read(|_, card| card.report.clone()).flatten());
    let state = Memo::new(move |_| {
        read(|_, card| match &card.inspection {
            Task::Failed(why) => (false, Some(why.clone())),
            task => (matches!(task, Task::Running(_)), None),
        })
        .unwrap_or_default()
    });
    let again = Callback::new(move |()| page.act_on_models(Models::look_again));
    view! {
        <div class="fit-place" aria-busy=move || state.get().0.to_string()>
            {move || {
                (state.get().0 && report.with(Option::is_none))
                    .then(|| view! { <p class="quiet-text pulse">"Reading the head of the file…"</p> })
            }}
            {move || {
                state
                    .get()
                    .1
                    .map(|why| {
                        view! {
                            <p class="error" role="alert">"Whether it fits could not be found out. " {why}</p>
                            <Actions actions=vec![("Try again", again)] />
                        }
                    })
            }}
            {move || report.get().map(|report| view! { <Report report /> })}
        </div>
    }
}

#[component]
fn Report(report: Arc<FitReport>) -> impl IntoView {
    let (tone, verdict) = fit::verdict(&report);
    let icon = match tone {
        Tone::Good => CHECK,
        Tone::Careful => WARNING,
        Tone::Bad => CLOSE,
    };
    let bar = fit::bar(&report)
        .into_iter()
        .map(|(class, start, length)| {
            view! { <rect class=class x=start.to_string() y="0" width=length.to_string() height="10" /> }
        })
        .collect_view();
    let mut rows = vec![
        ("weights", "Weights", figures::bytes(report.weight_bytes)),
        ("kv", "Keys and values", figures::bytes(report.kv_bytes)),
        ("scratch", "Working space", figures::bytes(report.scratch_bytes)),
        ("", "Together", figures::bytes(fit::total(&report))),
    ];
    rows.extend(report.device_bytes.map(|bytes| ("", "Memory of the GPU", figures::bytes(bytes))));
    let rows = rows
        .into_iter()
        .map(|(class, name, value)| view! { <div><dt class=class>{name}</dt><dd>{value}</dd></div> })
        .collect_view();
    let given_up = read(|_, card| card.shortened_from).flatten().map(|wished| {
        let text = format!("Shortened from {} tokens so that it fits.", figures::count(wished as u64));
        view! { <p>{text}</p> }
    });
    let too_large = (report.fit == Fit::TooLarge).then(|| view! { <Smaller /> });
    view! {
        <section class="fit" data-tone=tone.name() aria-label="Does it fit?">
            <p class="fit-title">
                <Icon path=icon />
                {verdict}
            </p>
            <svg class="memory" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
                {bar}
            </svg>
            <dl class="facts memory-facts">{rows}</dl>
            <p class="quiet-text">{sentence(&report.reason)}</p>
            {given_up}
            {too_large}
        </section>
    }
}

/// What else there is, when a form does not fit.
#[component]
fn Smaller() -> impl IntoView {
    let page = page();
    let smaller = read(|_, card| {
        let index = card.smaller()?;
        let option = card.listing()?.options.get(index)?;
        Some((index, format!("Try {}, {}", option.label, figures::size(option.bytes))))
    });
    match smaller.flatten() {
        Some((index, text)) => view! {
            <p class="buttons">
                <button
                    type="button"
                    class="plain"
                    on:click=move |_| page.act_on_models(|models| models.choose(index))
                >
                    {text}
                </button>
            </p>
        }
        .into_any(),
        None => {
            view! { <p>"No smaller form of it is listed. Choose a model with fewer weights."</p> }.into_any()
        }
    }
}
