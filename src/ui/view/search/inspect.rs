//! A node in full: its text as a heat map, what else each token could have been, how the node stands, and what can
//! be done to it.

use std::sync::Arc;

use leptos::prelude::*;

use crate::protocol::{NodeDetail, NodeKind, RequestId, TokenDetail};

use super::of_run;
use crate::ui::page::page;
use crate::ui::search::look;
use crate::ui::search::run::Run;
use crate::ui::search::tree::ROOT;
use crate::ui::search::words;
use crate::ui::view::icons::{CLOSE, Icon};

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

/// The tokens as a heat map; the arrow keys go from one to the next.
#[component]
fn Tokens(id: RequestId, detail: Detail) -> impl IntoView {
    let chosen = RwSignal::new(None::<usize>);
    let Some(first) = detail.get_untracked() else { return ().into_any() };
    let count = first.pieces.len();
    let step = move |event: leptos::ev::KeyboardEvent| {
        let at = chosen.get_untracked();
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => at.map_or(0, |at| (at + 1).min(count.saturating_sub(1))),
            "ArrowLeft" | "ArrowUp" => at.map_or(0, |at| at.saturating_sub(1)),
            "Home" => 0,
            "End" => count.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        chosen.set((count > 0).then_some(next));
    };
    let of = first.node.node;
    let option = move |at: usize| format!("token-{id}-{of}-{at}");
    let tokens = first
        .pieces
        .iter()
        .enumerate()
        .map(|(at, piece)| {
            let state = if piece.forced { "token forced" } else { "token" };
            let class = format!("{state} {}", look::class(piece.confidence));
            view! {
                <span
                    role="option"
                    id=option(at)
                    class=class
                    aria-selected=move || (chosen.get() == Some(at)).to_string()
                    aria-label=spoken(piece)
                    title=spoken(piece)
                    on:click=move |_| chosen.set(Some(at))
                >
                    {piece.text.clone()}
                </span>
            }
        })
        .collect_view();
    let node = first.clone();
    view! {
        <h5>"Text, by confidence of each token"</h5>
        <div
            class="tokens"
            role="listbox"
            tabindex="0"
            aria-label="Tokens"
            aria-activedescendant=move || chosen.get().map(option)
            on:keydown=step
        >
            {tokens}
        </div>
        {move || match chosen.get() {
            Some(at) => view! { <Alternatives id node=node.clone() at /> }.into_any(),
            None => view! { <p class="quiet-text">"Choose a token to see what else it could have been."</p> }.into_any(),
        }}
    }
    .into_any()
}

/// A token in words.
fn spoken(piece: &TokenDetail) -> String {
    let text = piece.text.replace('\n', "⏎");
    match piece.confidence {
        _ if piece.forced => format!("“{text}”, put there"),
        Some(confidence) => format!("“{text}”, confidence {:.0} %", confidence * 100.0),
        None => format!("“{text}”"),
    }
}

/// What else a token could have been.
#[component]
fn Alternatives(id: RequestId, node: Arc<NodeDetail>, at: usize) -> impl IntoView {
    let page = page();
    let piece = node.pieces.get(at)?.clone();
    let of = node.node.node;
    let kept = page.chat.with_untracked(|chat| chat.searches.get(id).is_some_and(|run| run.kept));
    let can = kept && !piece.forced && node.node.kind != NodeKind::Truncated && of != ROOT;
    let rows = piece
        .top
        .iter()
        .map(|top| {
            let same = top.token == piece.token;
            let token = top.token;
            let text = top.text.replace('\n', "⏎");
            let branch = move |_| {
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                page.act_on_searches(|searches| searches.branch(id, of, at, token));
            };
            let label = format!("Branch from “{text}”");
            view! {
                <tr>
                    <th scope="row">
                        <code>{text}</code>
                    </th>
                    <td class="right">{format!("{:.1} %", f64::from(top.logprob).exp() * 100.0)}</td>
                    <td>
                        {if same {
                            "chosen".into_any()
                        } else if can {
                            view! {
                                <button type="button" class="quiet" aria-label=label on:click=branch>
                                    "Branch"
                                </button>
                            }
                                .into_any()
                        } else {
                            ().into_any()
                        }}
                    </td>
                </tr>
            }
        })
        .collect_view();
    let about = format!("Token {} of {}: {}", at + 1, node.pieces.len(), spoken(&piece));
    let none = piece.top.is_empty();
    Some(view! {
        <h5>{about}</h5>
        {none.then(|| view! { <p class="quiet-text">"No alternatives are known."</p> })}
        <table class="listing alternatives">
            <tbody>{rows}</tbody>
        </table>
    })
}
