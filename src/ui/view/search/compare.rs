//! The dialog that answers a question in four ways with the same number of tokens, side by side.

use leptos::prelude::*;

use crate::protocol::{Mode, RequestId, SearchReport};

use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::search::compare::{WAYS, Way};
use crate::ui::search::run::Run;
use crate::ui::search::words;
use crate::ui::state::{Chat, Phase};
use crate::ui::view::settings::Dialog;
use crate::ui::words::t;

/// The dialog.
#[component]
pub fn CompareDialog() -> impl IntoView {
    let page = page();
    let question = RwSignal::new(String::new());
    // What stands in the composer, or was asked last, until something is typed here.
    let suggested = move || {
        let draft = page.draft.get();
        if !draft.trim().is_empty() {
            return draft;
        }
        page.chat.with(|chat| chat.exchanges.last().map(|last| last.question.to_string()).unwrap_or_default())
    };
    let asked = move || if question.with(String::is_empty) { suggested() } else { question.get() };
    let running = Memo::new(move |_| page.chat.with(Chat::is_comparing));
    let ready = Memo::new(move |_| page.chat.with(|chat| chat.phase == Phase::Ready && !chat.is_busy()));
    let budget = move || page.search.with(|search| figures::count(u64::from(search.options.max_tokens)));
    let ways = Memo::new(move |_| {
        page.chat.with(|chat| {
            let comparison = chat.comparison.as_ref()?;
            let row = |way: &Way| row(way, way.id.and_then(|id| chat.searches.get(id)), comparison.stopped);
            Some((
                comparison.question.clone(),
                comparison.budget,
                comparison.ways.iter().map(row).collect::<Vec<_>>(),
            ))
        })
    });
    view! {
        <Dialog node_ref=page.compare_dialog id="compare-title" title=t!("search-compare-title")>
            <p class="quiet-text">
                {move || t!("search-compare-about", budget = budget())}
            </p>
            <div class="field">
                <label for="compare-question">{t!("search-compare-question")}</label>
                <textarea
                    id="compare-question"
                    rows="2"
                    prop:value=asked
                    on:input=move |event| question.set(event_target_value(&event))
                ></textarea>
            </div>
            <p class="buttons">
                <Show
                    when=move || running.get()
                    fallback=move || {
                        view! {
                            <button
                                type="button"
                                class="plain primary"
                                disabled=move || !ready.get() || asked().trim().is_empty()
                                on:click=move |_| page.compare(&asked())
                            >
                                {t!("search-compare")}
                            </button>
                        }
                    }
                >
                    <button type="button" class="plain" on:click=move |_| page.act(Chat::stop_comparing)>
                        {t!("search-compare-stop")}
                    </button>
                </Show>
            </p>
            {move || ways.get().map(|(question, budget, rows)| view! { <Table question budget rows /> })}
        </Dialog>
    }
}

/// One way as it is shown.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    mode: Mode,
    id: Option<RequestId>,
    answer: String,
    agreement: String,
    votes: String,
    tokens: String,
    time: String,
}

fn row(way: &Way, run: Option<&Run>, stopped: bool) -> Row {
    let dash = || "–".to_owned();
    let mut row = Row {
        mode: way.mode,
        id: way.id,
        answer: if stopped { t!("search-compare-not-run") } else { t!("search-compare-waiting") },
        agreement: dash(),
        votes: dash(),
        tokens: dash(),
        time: dash(),
    };
    if let Some(run) = run {
        row.answer = match (&way.failure, &run.report) {
            (Some(failure), _) => failure.line(),
            (None, Some(report)) => report.answer.clone().unwrap_or_else(|| t!("search-compare-no-answer")),
            (None, None) => t!("search-compare-running"),
        };
        row.tokens = figures::count(u64::from(run.progress.tokens));
        row.time = figures::duration(run.active_ms());
        if let Some(report) = &run.report {
            row.votes = votes(report);
            // One reply agrees with nobody.
            if report.votes.votes > 1 {
                row.agreement = words::percent(report.votes.agreement);
            }
        }
    }
    row
}

/// The votes of the leading answers.
fn votes(report: &SearchReport) -> String {
    let classes = report.votes.classes.iter().take(3);
    let each: Vec<_> = classes.map(|class| format!("{}: {}", class.answer, class.votes)).collect();
    let more = report.votes.classes.len().saturating_sub(3);
    let votes = each.join(", ");
    if more > 0 { t!("search-compare-more", votes = votes, more = more) } else { votes }
}

#[component]
fn Table(question: String, budget: u32, rows: Vec<Row>) -> impl IntoView {
    let lines = rows
        .into_iter()
        .map(|row| {
            let name = WAYS
                .iter()
                .find(|(mode, _)| *mode == row.mode)
                .map_or_else(String::new, |(_, name)| t!(name));
            view! {
                <tr data-mode=format!("{:?}", row.mode)>
                    <th scope="row">{name}</th>
                    <td>{row.answer}</td>
                    <td class="right">{row.agreement}</td>
                    <td class="right">{row.tokens}</td>
                    <td class="right">{row.time}</td>
                    <td>{row.votes}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <p class="compared">{question}</p>
        <div class="table-scroll" role="region" aria-label=t!("search-compare-region") tabindex="0">
            <table class="listing compare-table">
                <caption class="quiet-text">{t!("search-compare-each", tokens = budget)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!("search-column-way")}</th>
                        <th scope="col">{t!("search-column-answer")}</th>
                        <th scope="col" class="right">{t!("search-column-agreement")}</th>
                        <th scope="col" class="right">{t!("search-column-tokens")}</th>
                        <th scope="col" class="right">{t!("search-column-time")}</th>
                        <th scope="col">{t!("search-column-votes")}</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
}
