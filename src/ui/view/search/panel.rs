//! A search beside its reply: how far it is, what can be done to it, the votes, the tree and the node looked at.

use leptos::prelude::*;

use crate::protocol::{NodeKind, RequestId};

use super::inspect::Inspect;
use super::lanes::Lanes;
use super::list::List;
use super::of_run;
use super::picture::Picture;
use super::votes::VotesView;
use crate::ui::dom;
use crate::ui::page::page;
use crate::ui::search::run::{Run, RunPhase};
use crate::ui::search::{Form, look, words};
use crate::ui::state::Chat;
use crate::ui::view::icons::{CHEVRON, DOWNLOAD, Icon, PAUSE, PLAY, STOP};
use crate::ui::words::{gap, t};

/// Below this width, in CSS pixels, the list is shown first: a picture has no room.
const NARROW: f64 = 640.0;

/// A search.
#[component]
pub fn SearchPanel(id: RequestId, is_last: Memo<bool>) -> impl IntoView {
    let page = page();
    let summary = of_run(id, words::summary);
    // Who is at work here is not to be carried to the end of the conversation.
    let stay = move || page.following.set(false);
    view! {
        <details
            class="search-panel"
            open=move || is_last.get()
            on:pointerdown=move |_| stay()
            on:keydown=move |_| stay()
        >
            <summary>
                <Icon path=CHEVRON />
                <span>{move || summary.get()}</span>
            </summary>
            <Controls id />
            <Verdict id />
            <VotesView id />
            <Lanes id />
            <Tree id />
        </details>
    }
}

/// How far it is, and what holds or ends it.
#[component]
fn Controls(id: RequestId) -> impl IntoView {
    let page = page();
    let phase = of_run(id, |run| run.phase);
    let parts = of_run(id, |run| words::progress(run).join(" · "));
    let share = of_run(id, |run: &Run| (run.progress.tokens, run.progress.max_tokens.max(1)));
    let running = move || matches!(phase.get(), Some(RunPhase::Running | RunPhase::Waiting));
    let paused = move || phase.get() == Some(RunPhase::Paused);
    let live = move || running() || paused();
    let hold = move |_| {
        let held = phase.get_untracked() == Some(RunPhase::Paused);
        page.act_on_searches(|searches| searches.pause(id, !held, dom::now_ms()));
    };
    view! {
        <div class="search-controls">
            <p class="stats">
                {move || paused().then(|| t!("search-paused") + gap())}
                {move || parts.get()}
            </p>
            <Show when=live>
                <progress
                    class="bar"
                    aria-label=t!("search-tokens-spent")
                    max=move || share.get().map(|(_, all)| all.to_string())
                    value=move || share.get().map(|(done, _)| done.to_string())
                ></progress>
                <p class="buttons">
                    <button type="button" class="plain" on:click=hold>
                        {move || if paused() {
                            view! { <Icon path=PLAY />" "{t!("search-resume")} }
                        } else {
                            view! { <Icon path=PAUSE />" "{t!("search-pause")} }
                        }}
                    </button>
                    <button type="button" class="plain" on:click=move |_| page.act(Chat::stop)>
                        <Icon path=STOP />
                        " "
                        {t!("search-answer-now")}
                    </button>
                </p>
            </Show>
        </div>
    }
}

/// The answer, why it won, and whether thinking again changed it.
#[component]
fn Verdict(id: RequestId) -> impl IntoView {
    let verdict = of_run(id, |run: &Run| {
        let report = run.report.as_ref()?;
        let reflected = run.tree.nodes().iter().any(|node| node.told.kind == NodeKind::Reflection);
        let mut lines = vec![words::why(report), words::stopped(report.stop)];
        lines.extend(words::reflection(report, reflected));
        Some((report.answer.clone(), lines.join(gap())))
    });
    move || {
        let (answer, text) = verdict.get().flatten()?;
        let answer = answer.map(|answer| view! { <strong class="verdict-answer">{answer}</strong> });
        Some(view! { <p class="verdict">{answer} {text}</p> })
    }
}

/// The tree as a picture or a list, with the node that is looked at beside it.
#[component]
fn Tree(id: RequestId) -> impl IntoView {
    let page = page();
    let width = window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or(f64::MAX);
    let as_list = RwSignal::new(width < NARROW);
    let kept = of_run(id, |run| run.kept && !run.tree.is_empty());
    let save = move |form| move |_| page.act_on_searches(|searches| searches.save(id, form));
    let looking = of_run(id, |run| run.selected.is_some());
    let view_button = move |list: bool, label: String| {
        view! {
            <button
                type="button"
                class="quiet"
                aria-pressed=move || (as_list.get() == list).to_string()
                on:click=move |_| as_list.set(list)
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="tree-bar">
            <div class="segments" role="group" aria-label=t!("search-show-as")>
                {view_button(false, t!("search-as-tree"))} {view_button(true, t!("search-as-list"))}
            </div>
            <Show when=move || kept.get() == Some(true)>
                <div class="tree-export" role="group" aria-label=t!("search-save")>
                    <button type="button" class="quiet" title=t!("search-save-json") on:click=save(Form::Json)>
                        <Icon path=DOWNLOAD />
                        "JSON"
                    </button>
                    <button type="button" class="quiet" title=t!("search-save-svg") on:click=save(Form::Svg)>
                        <Icon path=DOWNLOAD />
                        "SVG"
                    </button>
                </div>
            </Show>
        </div>
        <div class="tree-place" class:with-node=move || looking.get() == Some(true)>
            <div class="tree-side">
                {move || if as_list.get() {
                    view! { <List id /> }.into_any()
                } else {
                    view! {
                        <Picture id />
                        <Legend />
                    }
                        .into_any()
                }}
            </div>
            <Inspect id />
        </div>
    }
}

/// What colours, lines and shapes mean.
#[component]
fn Legend() -> impl IntoView {
    let steps = (0..6)
        .map(|strength| view! { <li class=format!("c{strength}")>{look::bounds(strength)}</li> })
        .collect_view();
    let shape = |class: &'static str, label: &'static str, word: &'static str| {
        view! {
            <li>
                <svg class="tree" viewBox="0 -11 42 22" width="42" height="22" aria-hidden="true">
                    <g class=format!("node {class}")>
                        <rect class="box" x="1" y="-9" width="40" height="18" rx=if class.contains("segment") { "5" } else { "9" } />
                        <text class="label" x="21" y="4">{label}</text>
                    </g>
                </svg>
                {t!(word)}
            </li>
        }
    };
    let line = |visits: u32| {
        view! {
            <li>
                <svg class="tree" viewBox="0 -11 24 22" width="24" height="22" aria-hidden="true">
                    <path class="edge" d="M0 0H24" stroke-width=look::thickness(visits) />
                </svg>
                {visits}
            </li>
        }
    };
    view! {
        <div class="legend" role="group" aria-label=t!("search-legend")>
            <p>
                <span>{t!("search-legend-confidence")}</span>
            </p>
            <ul class="legend-scale">{steps}</ul>
            <p>
                <span>{t!("search-legend-rollouts")}</span>
            </p>
            <ul>{line(1)} {line(4)} {line(16)}</ul>
            <ul>
                {shape("segment c4", "93", "search-legend-thought")} {shape("reflection c4", "↺93", "search-legend-again")}
                {shape("final c4", "93", "search-legend-answer")} {shape("truncated c4", "!93", "search-legend-forced")}
                {shape("loop c4", "∞93", "search-legend-loop")} {shape("segment c4 won", "93", "search-legend-won")}
                {shape("segment c4 pruned", "93", "search-legend-pruned")}
            </ul>
        </div>
    }
}
