//! The live picture of a tree. Each node has signals of its own, so an update touches only what changed; the
//! window onto the picture moves by itself only where the reader asked it to follow.

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;

use crate::protocol::RequestId;

use super::pane::{Drawn, Pane, ZOOM};
use super::{hue, of_run};
use crate::ui::search::layout::{Camera, HEIGHT, WIDTH, edge};
use crate::ui::search::look::Look;
use crate::ui::search::tree::ROOT;
use crate::ui::view::icons::{Icon, MINUS, PLUS};
use crate::ui::words::t;

/// The picture of one search.
#[component]
pub fn Picture(id: RequestId) -> impl IntoView {
    let pane = Pane::new(id);
    let resized = window_event_listener(leptos::ev::resize, move |_| pane.measure());
    on_cleanup(move || resized.remove());
    let changes = of_run(id, |run| (run.tree.changes, run.report.is_some(), run.follow));
    Effect::new(move |_| {
        changes.get();
        pane.page
            .chat
            .with_untracked(|chat| chat.searches.get(id).into_iter().for_each(|run| pane.draw(run)));
    });
    let transform = move || {
        let Camera { x, y, zoom } = pane.camera.get();
        format!("translate({x:.1}px, {y:.1}px) scale({zoom:.3})")
    };
    let drawn = move |at: usize| pane.canvas.with_value(|canvas| canvas.nodes.get(at).cloned());
    view! {
        <div
            class="tree-frame"
            node_ref=pane.frame
            on:pointerdown=move |event| pane.down(&event)
            on:pointermove=move |event| pane.drag(&event)
            on:pointerup=move |event| pane.up(&event)
            on:pointercancel=move |event| pane.up(&event)
            on:wheel=move |event| pane.wheel(&event)
        >
            <svg class="tree" role="tree" aria-label=t!("search-tree") on:keydown=move |event| pane.key(&event)>
                <g role="none" class="world" class:gliding=move || pane.gliding.get() style:transform=transform>
                    <For each=move || 0..pane.count.get() key=|at| *at let(at)>
                        {drawn(at).map(|drawn| view! { <Shape drawn /> })}
                    </For>
                </g>
            </svg>
        </div>
        <Tools pane following=Memo::new(move |_| changes.get().is_some_and(|(.., follow)| follow.is_some())) />
    }
}

/// Buttons that move the window.
#[component]
fn Tools(pane: Pane, following: Memo<bool>) -> impl IntoView {
    view! {
        <div class="tree-tools" role="group" aria-label=t!("search-picture")>
            <button type="button" class="icon-button" aria-label=t!("search-zoom-in") on:click=move |_| pane.zoom(ZOOM)>
                <Icon path=PLUS />
            </button>
            <button type="button" class="icon-button" aria-label=t!("search-zoom-out") on:click=move |_| pane.zoom(1.0 / ZOOM)>
                <Icon path=MINUS />
            </button>
            <button
                type="button"
                class="quiet"
                on:click=move |_| {
                    pane.let_go();
                    pane.fit();
                }
            >
                {t!("search-fit")}
            </button>
            <button
                type="button"
                class="quiet"
                aria-pressed=move || following.get().to_string()
                on:click=move |_| {
                    let follow = (!following.get_untracked()).then_some(ROOT);
                    pane.page.act_on_searches(|searches| searches.follow(pane.id, follow));
                }
            >
                {t!("search-follow-growth")}
            </button>
        </div>
    }
}

/// One node with the line that leads to it.
#[component]
fn Shape(drawn: Drawn) -> impl IntoView {
    let Drawn { id, place, look, .. } = drawn;
    let (line, at) = (place.clone(), place);
    let read = |of: fn(&Look) -> String| {
        let look = look.clone();
        move || look.with(of)
    };
    let thickness = look.clone();
    let extras = look.clone();
    let level = look.with_untracked(|look| look.level.to_string());
    let radius = if look.with_untracked(|look| look.class.contains("segment")) { "5" } else { "10" };
    // The answer stands beside the item: it is in the item's name already.
    view! {
        <g
            role="none"
            class=read(|look| look.class.clone())
            data-at=id.to_string()
            style:transform=move || at.with(|place| format!("translate({:.0}px, {:.0}px)", place.x, place.y))
        >
            {(id != ROOT)
                .then(|| {
                    view! {
                        <path
                            class="edge"
                            d=move || line.with(|place| edge(place.rise))
                            stroke-width=move || thickness.with(|look| format!("{:.1}", look.thickness))
                        />
                    }
                })}
            <g
                class="item"
                role="treeitem"
                data-node=id.to_string()
                tabindex=read(|look| if look.focus { "0".into() } else { "-1".into() })
                aria-label=read(|look| look.name.clone())
                aria-selected=read(|look| look.selected.to_string())
                {..custom_attribute("aria-level", level)}
            >
                <rect class="box" y=-HEIGHT / 2.0 width=WIDTH height=HEIGHT rx=radius />
                <text class="label" x=WIDTH / 2.0 y="4">
                    {read(|look| look.label.clone())}
                </text>
            </g>
            {move || {
                extras.with(|look| {
                    let stub = (look.growing > 0)
                        .then(|| view! { <path class="stub" d=format!("M{WIDTH} 0h14") /> });
                    let answer = look.answer.clone().map(|(letter, answer)| {
                        view! {
                            <text aria-hidden="true" class=format!("answer hue{}", hue(letter)) x=WIDTH + 6.0 y="4">
                                {format!("{letter} {answer}")}
                            </text>
                        }
                    });
                    (stub, answer)
                })
            }}
        </g>
    }
}
