//! The votes as bars, with the probability that the leader truly leads.

use leptos::prelude::*;

use crate::protocol::{RequestId, VoteClass};

use super::{hue, of_run};
use crate::ui::page::page;
use crate::ui::search::words;
use crate::ui::words::{gap, t};

/// Bars that are shown; what is below them has few votes.
const BARS: usize = 6;

/// The votes so far.
#[component]
pub fn VotesView(id: RequestId) -> impl IntoView {
    let votes = of_run(id, |run| {
        let lettered = |class: &VoteClass| (run.letter(&class.answer).unwrap_or('?'), class.clone());
        (run.votes.classes.iter().map(lettered).collect::<Vec<_>>(), run.votes.votes, run.votes.agreement)
    });
    let page = page();
    view! {
        {move || {
            let (classes, all, agreement) = votes.get().filter(|(classes, ..)| !classes.is_empty())?;
            let rest = classes.len().saturating_sub(BARS);
            let bars = classes
                .into_iter()
                .take(BARS)
                .map(|(letter, class)| {
                    let VoteClass { answer, votes, weight, leaves, .. } = class;
                    let best = leaves.first().copied();
                    let look = move |_| page.act_on_searches(|searches| searches.select(id, best));
                    view! {
                        <li>
                            <button type="button" class=format!("vote hue{}", hue(letter)) title=t!("search-vote-look") on:click=look>
                                <span class="vote-answer">{format!("{letter} {answer}")}</span>
                                <span class="vote-track" aria-hidden="true">
                                    <span class="vote-bar" style:inline-size=format!("{:.1}%", weight * 100.0)></span>
                                </span>
                                <span class="vote-count">{t!("search-vote-count", votes = votes, all = all, weight = words::percent(weight))}</span>
                            </button>
                        </li>
                    }
                })
                .collect_view();
            Some(
                view! {
                    <div class="votes">
                        <ul aria-label=t!("search-votes")>{bars}</ul>
                        <p class="quiet-text">
                            {(rest > 0).then(|| t!("search-votes-rest", rest = rest) + gap())}
                            {t!("search-agreement", percent = words::percent(agreement))}
                        </p>
                    </div>
                },
            )
        }}
    }
}
