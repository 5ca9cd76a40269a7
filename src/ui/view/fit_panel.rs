//! The pre-flight: whether the chosen form fits, with the numbers, before anything is downloaded.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::{Fit, FitReport};

use super::card::read;
use super::icons::{CHECK, CLOSE, Icon, WARNING};
use super::notice::{Actions, Problem};
use crate::ui::figures;
use crate::ui::fit::{self, Tone};
use crate::ui::models::Models;
use crate::ui::page::page;
use crate::ui::task::Task;
use crate::ui::words::t;

/// Whether it fits, with the numbers.
#[component]
pub fn FitPanel() -> impl IntoView {
    let page = page();
    let report = Memo::new(move |_| read(|_, card| card.report.clone()).flatten());
    let state = Memo::new(move |_| {
        read(|_, card| match &card.inspection {
            Task::Failed(notice) => (false, Some(notice.clone())),
            task => (matches!(task, Task::Running(_)), None),
        })
        .unwrap_or_default()
    });
    let again = Callback::new(move |()| page.act_on_models(Models::look_again));
    view! {
        <div class="fit-place" aria-busy=move || state.get().0.to_string()>
            {move || {
                (state.get().0 && report.with(Option::is_none))
                    .then(|| view! { <p class="quiet-text pulse">{t!("models-fit-reading")}</p> })
            }}
            {move || {
                state
                    .get()
                    .1
                    .map(|notice| {
                        view! {
                            <p class="error">{t!("models-fit-failed")}</p>
                            <Problem notice />
                            <Actions actions=vec![(t!("notices-again"), again)] />
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
        ("weights", t!("models-fit-weights"), figures::bytes(report.weight_bytes)),
        ("kv", t!("models-fit-kv"), figures::bytes(report.kv_bytes)),
        ("scratch", t!("models-fit-scratch"), figures::bytes(report.scratch_bytes)),
        ("", t!("models-fit-total"), figures::bytes(fit::total(&report))),
    ];
    rows.extend(report.device_bytes.map(|bytes| ("", t!("models-fit-device"), figures::bytes(bytes))));
    let rows = rows
        .into_iter()
        .map(|(class, name, value)| view! { <div><dt class=class>{name}</dt><dd>{value}</dd></div> })
        .collect_view();
    let given_up = read(|_, card| card.shortened_from).flatten().map(|wished| {
        let text = t!("models-fit-shortened", tokens = wished);
        view! { <p>{text}</p> }
    });
    let too_large = (report.fit == Fit::TooLarge).then(|| view! { <Smaller /> });
    view! {
        <section class="fit" data-tone=tone.name() aria-label=t!("models-fit")>
            <p class="fit-title">
                <Icon path=icon />
                {verdict}
            </p>
            <svg class="memory" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
                {bar}
            </svg>
            <dl class="facts memory-facts">{rows}</dl>
            <p class="quiet-text">{fit::reason(&report)}</p>
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
        Some((index, t!("models-fit-try", form = option.label.as_str(), size = figures::size(option.bytes))))
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
        None => view! { <p>{t!("models-fit-no-smaller")}</p> }.into_any(),
    }
}
