//! What the lanes are writing just now, a line each.

use leptos::prelude::*;

use crate::protocol::{NodeId, RequestId};

use super::of_run;
use crate::ui::page::page;
use crate::ui::search::look::short;
use crate::ui::search::run::{Lane, Run};
use crate::ui::words::t;

/// Letters of a line.
const END: usize = 90;

/// The end of what a lane says.
fn end(lane: &Lane) -> String {
    let over = lane.text.chars().count().saturating_sub(END);
    short(&lane.text.chars().skip(over).collect::<String>(), END)
}

/// The lanes.
#[component]
pub fn Lanes(id: RequestId) -> impl IntoView {
    let lanes = of_run(id, |run| run.lanes.iter().map(|lane| (lane.rollout, lane.node)).collect::<Vec<_>>());
    view! {
        <Show when=move || lanes.with(|lanes| lanes.as_ref().is_some_and(|lanes| !lanes.is_empty()))>
            <ul class="lanes" aria-label=t!("search-being-written")>
                <For each=move || lanes.get().unwrap_or_default() key=|lane| *lane let((rollout, node))>
                    <LaneView id rollout node />
                </For>
            </ul>
        </Show>
    }
}

#[component]
fn LaneView(id: RequestId, rollout: u32, node: NodeId) -> impl IntoView {
    let page = page();
    let said = of_run(id, move |run: &Run| {
        let lane = run.lanes.iter().find(|lane| lane.rollout == rollout);
        lane.map_or((0, String::new()), |lane| (lane.tokens, end(lane)))
    });
    view! {
        <li>
            <button type="button" title=t!("search-lane-from") on:click=move |_| page.act_on_searches(|searches| searches.select(id, Some(node)))>
                <span class="lane-name">{format!("#{}", rollout + 1)}</span>
                <span class="lane-text">{move || said.get().map(|(_, text)| text)}</span>
                <span class="lane-tokens">{move || said.get().map(|(tokens, _)| tokens.to_string())}</span>
            </button>
        </li>
    }
}
