//! A node in full: its text as a heat map, what else each token could have been, how the node stands, and what can
//! be done to it.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::{NodeDetail, NodeKind, RequestId, TokenDetail};

use super::of_run;
use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::search::run::Run;
use crate::ui::search::tree::ROOT;
use crate::ui::search::words;
use crate::ui::view::icons::{CLOSE, Icon};
use crate::ui::view::notice::Detail;
use crate::ui::view::tokens::{Alternatives, Heat, Piece, Row, visible};
use crate::ui::words::t;

type Detail = Memo<Option<Arc<NodeDetail>>>;

/// The node that is looked at, if one is.
#[component]
pub fn Inspect(id: RequestId) -> impl IntoView {
    let page = page();
    let selected = of_run(id, |run| run.selected);
    let node = Memo::new(move |_| selected.get().flatten());
    // A detail is long, and another Arc when it is another.
    let detail = Memo::new_with_compare(
        move |_| page.chat.with(|chat| chat.searches.get(id).and_then(|run| run.detail.clone())),
        |a, b| match (a, b) {
            (Some(Some(a)), Some(Some(b))) => !Arc::ptr_eq(a, b),
            (Some(None), Some(None)) => false,
            _ => true,
        },
    );
    // Tokens of a node never change: they are drawn once, whatever else becomes of it.
    let shown = Memo::new(move |_| detail.with(|detail| detail.as_ref().map(|detail| detail.node.node)));
    let title = of_run(id, move |run: &Run| {
        let node = run.selected.and_then(|node| run.tree.get(node))?;
        let of = node.told.node;
        Some(if of == ROOT { t!("search-question") } else { format!("{} {of}", words::kind(node.told.kind)) })
    });
    let refusal = of_run(id, |run| run.refusal.clone());
    view! {
        {move || {
            node.get().map(|_| {
                view! {
                    <section class="node-panel" aria-label=t!("search-node")>
                        <header>
                            <h3>{move || title.get().flatten()}</h3>
                            <button
                                type="button"
                                class="icon-button"
                                aria-label=t!("search-node-close")
                                on:click=move |_| page.act_on_searches(|searches| searches.select(id, None))
                            >
                                <Icon path=CLOSE />
                            </button>
                        </header>
                        <Steering id />
                        {move || refusal.get().flatten().map(|why| view! { <Refusal why /> })}
                        <Facts detail />
                        {move || match shown.get() {
                            Some(_) => view! { <Tokens id detail /> }.into_any(),
                            None => view! { <Plain id /> }.into_any(),
                        }}
                    </section>
                }
            })
        }}
    }
}

/// Why the engine did not do what the reader wished.
#[component]
fn Refusal(why: String) -> impl IntoView {
    view! {
        <div class="problem" role="alert">
            <p class="error">{t!("notices-search-refused")}</p>
            <Detail text=why />
        </div>
    }
}

/// The text alone, until more is known or where the engine has let go of the tree.
#[component]
fn Plain(id: RequestId) -> impl IntoView {
    let text = of_run(id, |run: &Run| {
        let node = run.selected.and_then(|node| run.tree.get(node));
        node.map(|node| node.told.text.clone()).unwrap_or_default()
    });
    view! { <p class="tokens">{move || text.get()}</p> }
}

/// What can be done to the node.
#[component]
fn Steering(id: RequestId) -> impl IntoView {
    let page = page();
    let state = of_run(id, |run: &Run| {
        let node = run.selected.and_then(|node| run.tree.get(node))?;
        let of = node.told.node;
        Some((of, node.is_inner(), node.pinned, node.pruned, run.follow == Some(of), run.kept))
    });
    move || {
        let (node, inner, pinned, pruned, followed, kept) = state.get().flatten()?;
        if !kept {
            return Some(view! { <p class="quiet-text">{t!("search-node-gone")}</p> }.into_any());
        }
        let follow = move |_| {
            page.act_on_searches(|searches| searches.follow(id, (!followed).then_some(node)));
        };
        let pin = move |_| page.act_on_searches(|searches| searches.pin(id, node, !pinned));
        let prune = move |_| page.act_on_searches(|searches| searches.prune(id, node, !pruned));
        let go_on = move |_| page.act_on_searches(|searches| searches.go_on(id, node));
        Some(
            view! {
                <p class="buttons">
                    {inner
                        .then(|| {
                            view! {
                                <button type="button" class="plain" aria-pressed=followed.to_string() title=t!("search-follow-title") on:click=follow>
                                    {t!("search-follow")}
                                </button>
                                <button type="button" class="plain" aria-pressed=pinned.to_string() title=t!("search-pin-title") on:click=pin>
                                    {t!("search-pin")}
                                </button>
                            }
                        })}
                    {(node != ROOT)
                        .then(|| {
                            view! {
                                <button type="button" class="plain" aria-pressed=pruned.to_string() title=t!("search-prune-title") on:click=prune>
                                    {t!("search-prune")}
                                </button>
                            }
                        })}
                    {inner
                        .then(|| {
                            view! {
                                <button type="button" class="plain" title=t!("search-continue-title") on:click=go_on>
                                    {t!("search-continue")}
                                </button>
                            }
                        })}
                </p>
            }
                .into_any(),
        )
    }
}

/// Counts and scores, and why it is chosen next or is not.
#[component]
fn Facts(detail: Detail) -> impl IntoView {
    move || {
        let detail = detail.get()?;
        let number =
            |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| figures::decimal(value, 3));
        let node = &detail.node;
        let facts = [
            ("search-fact-tokens", node.tokens.to_string()),
            ("search-fact-confidence", number(node.confidence.map(f64::from))),
            ("search-column-visits", detail.visits.to_string()),
            ("search-fact-under-way", detail.in_flight.to_string()),
            ("search-column-value", number(detail.value)),
            ("search-fact-score", number(detail.score)),
        ];
        let facts = facts.map(|(name, value)| view! { <div><dt>{t!(name)}</dt><dd>{value}</dd></div> });
        Some(view! {
            <dl class="facts node-facts">{facts.collect_view()}</dl>
            <p class="standing">{words::standing(detail.standing)}</p>
        })
    }
}

/// The tokens as a heat map, and below what else the chosen one could have been.
#[component]
fn Tokens(id: RequestId, detail: Detail) -> impl IntoView {
    let (chosen, hovered) = (RwSignal::new(None), RwSignal::new(None));
    let Some(node) = detail.get_untracked() else { return ().into_any() };
    let pieces = node.pieces.iter().map(piece).collect::<Arc<[_]>>();
    let shown = Memo::new(move |_| chosen.get().or(hovered.get()));
    view! {
        <p class="about-token">{t!("search-tokens-title")}</p>
        <Heat pieces chosen hovered />
        {move || match shown.get() {
            Some(at) => view! { <Others id node=node.clone() at /> }.into_any(),
            None => view! { <p class="quiet-text">{t!("search-tokens-hint")}</p> }.into_any(),
        }}
    }
    .into_any()
}

fn piece(told: &TokenDetail) -> Piece {
    Piece { text: told.text.clone(), confidence: told.confidence, forced: told.forced }
}

/// What else a token could have been.
#[component]
fn Others(id: RequestId, node: Arc<NodeDetail>, at: usize) -> impl IntoView {
    let page = page();
    let told = node.pieces.get(at)?;
    let of = node.node.node;
    let kept = page.chat.with_untracked(|chat| chat.searches.get(id).is_some_and(|run| run.kept));
    let can = kept && !told.forced && node.node.kind != NodeKind::Truncated && of != ROOT;
    let rows = told
        .top
        .iter()
        .map(|top| {
            let token = top.token;
            let branch = move |()| {
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                page.act_on_searches(|searches| searches.branch(id, of, at, token));
            };
            let name = t!("search-branch-from", text = visible(&top.text));
            Row {
                text: top.text.clone(),
                logprob: top.logprob,
                taken: token == told.token,
                go_on: can.then(|| (t!("search-branch"), name, Callback::new(branch))),
            }
        })
        .collect();
    let about = t!("page-token-of", number = at + 1, count = node.pieces.len(), token = piece(told).spoken());
    Some(view! { <Alternatives about rows /> })
}
