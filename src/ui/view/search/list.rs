//! The tree as a table that unfolds: for screen readers, for phones, and for who would rather read.

use std::collections::BTreeSet;

use leptos::attr::custom::custom_attribute;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::protocol::{NodeId, RequestId};

use super::{hue, of_run};
use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::search::look;
use crate::ui::search::run::Run;
use crate::ui::search::tree::ROOT;
use crate::ui::search::words;
use crate::ui::words::t;

/// What a row shows.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    level: u32,
    class: String,
    text: String,
    kind: String,
    confidence: String,
    visits: u32,
    value: String,
    answer: Option<(char, String)>,
    marks: String,
    children: bool,
    selected: bool,
    focus: bool,
}

fn row(run: &Run, id: NodeId) -> Option<Row> {
    let node = run.tree.get(id)?;
    let looks = look::look(run, id);
    let marks = [
        (node.won, "search-mark-won"),
        (run.tree.is_pruned(id), "search-mark-pruned"),
        (node.pinned, "search-mark-pinned"),
        (node.growing > 0, "search-mark-growing"),
    ];
    let marks: Vec<_> = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| t!(mark)).collect();
    Some(Row {
        level: looks.level,
        class: looks.class,
        text: look::snippet(node),
        kind: if id == ROOT { t!("search-kind-root") } else { words::kind(node.told.kind) },
        confidence: look::percent(node.told.confidence),
        visits: node.visits,
        value: node.value().map_or_else(|| "–".to_owned(), |value| figures::decimal(value, 3)),
        answer: looks.answer,
        marks: marks.join(", "),
        children: !node.children.is_empty(),
        selected: looks.selected,
        focus: looks.focus,
    })
}

/// The table.
#[component]
pub fn List(id: RequestId) -> impl IntoView {
    let page = page();
    let table = NodeRef::<html::Table>::new();
    let folded = RwSignal::new(BTreeSet::<NodeId>::new());
    let shape = of_run(id, |run| run.tree.shape);
    let order = Memo::new(move |_| {
        // Reading it is what makes it follow.
        shape.get();
        let unfolded = |run: &Run| folded.with(|folded| run.tree.unfolded(folded));
        page.chat.with_untracked(|chat| chat.searches.get(id).map(unfolded)).unwrap_or_default()
    });
    let go = move |node: NodeId| {
        page.act_on_searches(|searches| searches.select(id, Some(node)));
        let selector = format!("[data-row='{node}']");
        request_animation_frame(move || {
            let found =
                table.get_untracked().and_then(|table| table.query_selector(&selector).ok().flatten());
            if let Some(row) = found.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) {
                // A row that is gone has no focus to take.
                drop(row.focus());
            }
        });
    };
    let fold = move |node: NodeId, fold: bool| {
        folded.update(|folded| {
            if fold {
                folded.insert(node)
            } else {
                folded.remove(&node)
            };
        });
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let from = page
            .chat
            .with_untracked(|chat| chat.searches.get(id).and_then(|run| run.selected))
            .unwrap_or(ROOT);
        let (children, parent) = page.chat.with_untracked(|chat| {
            let node = chat.searches.get(id).and_then(|run| run.tree.get(from));
            node.map_or((vec![], ROOT), |node| (node.children.clone(), node.told.parent))
        });
        let is_folded = folded.with_untracked(|folded| folded.contains(&from));
        let beside = |step: isize| {
            order.with_untracked(|order| {
                let at = order.iter().position(|one| *one == from)?;
                order.get(at.checked_add_signed(step)?).copied()
            })
        };
        match event.key().as_str() {
            "ArrowDown" => beside(1).into_iter().for_each(go),
            "ArrowUp" => beside(-1).into_iter().for_each(go),
            "ArrowRight" if is_folded => fold(from, false),
            "ArrowRight" => children.first().copied().into_iter().for_each(go),
            "ArrowLeft" if !children.is_empty() && !is_folded => fold(from, true),
            "ArrowLeft" => go(parent),
            "Home" => go(ROOT),
            "End" => order.with_untracked(|order| order.last().copied()).into_iter().for_each(go),
            "Enter" | " " => go(from),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div class="tree-list table-scroll" role="region" aria-label=t!("search-tree-table") tabindex="0">
            <table class="listing treegrid" role="treegrid" aria-label=t!("search-tree") node_ref=table on:keydown=on_key>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!("search-column-text")}</th>
                        <th role="columnheader" scope="col" class="right">{t!("search-column-confidence")}</th>
                        <th role="columnheader" scope="col">{t!("search-column-answer")}</th>
                        <th role="columnheader" scope="col" class="right">{t!("search-column-visits")}</th>
                        <th role="columnheader" scope="col" class="right">{t!("search-column-value")}</th>
                        <th role="columnheader" scope="col">{t!("search-column-kind")}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=move || order.get() key=|node| *node let(node)>
                        <RowView id node folded fold=Callback::new(move |(node, folding)| fold(node, folding)) go=Callback::new(go) />
                    </For>
                </tbody>
            </table>
        </div>
    }
}

/// A row.
#[component]
fn RowView(
    id: RequestId,
    node: NodeId,
    folded: RwSignal<BTreeSet<NodeId>>,
    fold: Callback<(NodeId, bool)>,
    go: Callback<NodeId>,
) -> impl IntoView {
    let row = of_run(id, move |run| row(run, node));
    let read = move |of: fn(&Row) -> String| {
        move || row.with(|row| row.as_ref().and_then(Option::as_ref).map(of)).unwrap_or_default()
    };
    let is_folded = Memo::new(move |_| folded.with(|folded| folded.contains(&node)));
    let children = Memo::new(move |_| {
        row.with(|row| row.as_ref().and_then(Option::as_ref).is_some_and(|row| row.children))
    });
    let expanded = move || children.get().then(|| (!is_folded.get()).to_string());
    let toggle = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        fold.run((node, !is_folded.get_untracked()));
    };
    view! {
        <tr
            role="row"
            data-row=node.to_string()
            class=read(|row| row.class.clone())
            {..custom_attribute("aria-level", read(|row| row.level.to_string()))}
            aria-expanded=expanded
            aria-selected=read(|row| row.selected.to_string())
            tabindex=read(|row| if row.focus { "0".into() } else { "-1".into() })
            on:click=move |_| go.run(node)
        >
            <td role="gridcell" class="tree-text" style:padding-inline-start=read(|row| format!("{:.1}rem", 0.6 * f64::from(row.level.min(9))))>
                <span class="fold" aria-hidden="true" class:open=move || !is_folded.get() on:click=toggle>
                    {move || if children.get() { "▸" } else { "" }}
                </span>
                {read(|row| row.text.clone())}
                <span class="marks">{read(|row| row.marks.clone())}</span>
            </td>
            <td role="gridcell" class="right">
                <span class="swatch">{read(|row| row.confidence.clone())}</span>
            </td>
            <td role="gridcell">
                {move || {
                    let answer = row.with(|row| row.as_ref().and_then(Option::as_ref).and_then(|row| row.answer.clone()));
                    answer.map(|(letter, answer)| view! { <span class=format!("answer hue{}", hue(letter))>{format!("{letter} {answer}")}</span> })
                }}
            </td>
            <td role="gridcell" class="right">{read(|row| row.visits.to_string())}</td>
            <td role="gridcell" class="right">{read(|row| row.value.clone())}</td>
            <td role="gridcell">{read(|row| row.kind.clone())}</td>
        </tr>
    }
}
