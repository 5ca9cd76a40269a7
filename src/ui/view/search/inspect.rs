//! A node in full: its text as a heat map, what else each token could have been, how the node stands, and what can
//! be done to it.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::{NodeDetail, NodeKind, RequestId, TokenDetail};

use super::of_run;
use crate::ui::page::page;
use crate::ui::search::run::Run;
use crate::ui::search::tree::ROOT;
use crate::ui::search::words;
use crate::ui::view::icons::{CLOSE, Icon};
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
        Some(if of == ROOT { "The question".into() } else { format!("{} {of}", words::kind(node.told.kind)) })
    });
    let refusal = of_run(id, |run| run.refusal.clone());
    view! {
        {move || {
            node.get().map(|_| {
                view! {
                    <section class="node-panel" aria-label="Node">
                        <header>
                            <h3>{move || title.get().flatten()}</h3>
                            <button
                                type="button"
                                class="icon-button"
                                aria-label="Close the node"
                                on:click=move |_| page.act_on_searches(|searches| searches.select(id, None))
                            >
                                <Icon path=CLOSE />
                            </button>
                        </header>
                        <Steering id />
                        {move || refusal.get().flatten().map(|why| view! { <p class="error" role="alert">{why}</p> })}
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
            return Some(view! { <p class="quiet-text">"The engine no longer has this tree: it can be looked at only."</p> }.into_any());
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
                                <button type="button" class="plain" aria-pressed=followed.to_string() title="Keep its growth in view" on:click=follow>
                                    "Follow"
                                </button>
                                <button type="button" class="plain" aria-pressed=pinned.to_string() title="Grow it before all others" on:click=pin>
                                    "Pin"
                                </button>
                            }
                        })}
                    {(node != ROOT)
                        .then(|| {
                            view! {
                                <button type="button" class="plain" aria-pressed=pruned.to_string() title="Leave it alone, and do not count its votes" on:click=prune>
                                    "Prune"
                                </button>
                            }
                        })}
                    {inner
                        .then(|| {
                            view! {
                                <button type="button" class="plain" title="One more branch from here" on:click=go_on>
                                    "Continue from here"
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
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
        let node = &detail.node;
        let facts = [
            ("Tokens", node.tokens.to_string()),
            ("Confidence", number(node.confidence.map(f64::from))),
            ("Visits", detail.visits.to_string()),
            ("Under way", detail.in_flight.to_string()),
            ("Value", number(detail.value)),
            ("Selection score now", number(detail.score)),
        ];
        let facts = facts.map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> });
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
        <h5>"Text, by confidence of each token"</h5>
        <Heat pieces chosen hovered />
        {move || match shown.get() {
            Some(at) => view! { <Others id node=node.clone() at /> }.into_any(),
            None => view! { <p class="quiet-text">"Choose a token to see what else it could have been."</p> }.into_any(),
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
            let name = format!("Branch from “{}”", visible(&top.text));
            Row {
                text: top.text.clone(),
                logprob: top.logprob,
                taken: token == told.token,
                go_on: can.then(|| ("Branch".to_owned(), name, Callback::new(branch))),
            }
        })
        .collect();
    let about = t!("page-token-of", number = at + 1, count = node.pieces.len(), token = piece(told).spoken());
    Some(view! { <Alternatives about rows /> })
}
