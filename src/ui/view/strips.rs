//! What stands above the composer: errors, remarks, downloads under way, and what waits for a word.

use leptos::prelude::*;

use super::icons::{CLOSE, DOWNLOAD, Icon};
use super::live::live;
use super::notice::{NoticeView, RemarkView};
use super::presence::Presence;
use super::pulls::PullBar;
use crate::ui::choice::Choice;
use crate::ui::figures;
use crate::ui::models::{Models, PullState};
use crate::ui::page::page;
use crate::ui::state::{Chat, Phase};
use crate::ui::words::{gap, t};

/// All of them.
#[component]
pub fn Strips() -> impl IntoView {
    view! {
        <Presence />
        <Update />
        <Interrupted />
        <Offer />
        <Downloads />
        <Remarks />
        <Notices />
    }
}

/// The error of the moment.
#[component]
fn Notices() -> impl IntoView {
    let page = page();
    let shown = Memo::new(move |_| {
        page.chat.with(|chat| {
            let down = chat.phase == Phase::Down;
            chat.notice.clone().map(|notice| (notice, down, chat.choice.is_tiny()))
        })
    });
    let dismiss = Callback::new(move |()| page.act(|chat| chat.notice = None));
    let again = Callback::new(move |()| page.act(Chat::try_again));
    let tiny = Callback::new(move |()| page.act(|chat| chat.use_model(Choice::default())));
    let other = Callback::new(move |()| page.open_models());
    move || {
        shown.get().map(|(notice, down, is_tiny)| {
            if !down {
                return view! { <NoticeView notice dismiss /> }.into_any();
            }
            let mut actions = vec![(t!("shell-try-again"), again)];
            if !is_tiny {
                actions.extend([(t!("shell-use-tiny"), tiny), (t!("shell-other-model"), other)]);
            }
            view! { <NoticeView notice actions /> }.into_any()
        })
    }
}

/// What the engine wants to be known.
#[component]
fn Remarks() -> impl IntoView {
    let page = page();
    let remarks = Memo::new(move |_| page.chat.with(|chat| chat.remarks.clone()));
    view! {
        <For each=move || remarks.get() key=|remark| (remark.kind.clone(), remark.detail.clone()) let(remark)>
            {
                let kind = remark.kind.clone();
                let dismiss = Callback::new(move |()| {
                    page.act(|chat| chat.remarks.retain(|remark| remark.kind != kind));
                });
                view! { <RemarkView remark dismiss /> }
            }
        </For>
    }
}

/// A line with a text, perhaps a button, and a way to be rid of it.
#[component]
pub(super) fn Strip(
    /// For tests and looks.
    kind: &'static str,
    text: String,
    #[prop(optional)] action: Option<(String, Callback<()>)>,
    dismiss: Callback<()>,
) -> impl IntoView {
    let label = text.clone();
    view! {
        <div class="strip" role="group" aria-label=label data-strip=kind>
            <p>{text}</p>
            {action
                .map(|(label, run)| {
                    view! {
                        <button type="button" class="plain" on:click=move |_| run.run(())>
                            {label}
                        </button>
                    }
                })}
            <button
                type="button"
                class="icon-button"
                aria-label=t!("shell-not-now")
                on:click=move |_| dismiss.run(())
            >
                <Icon path=CLOSE />
            </button>
        </div>
    }
}

/// A newer page that waits; for the end of a reply as well.
#[component]
fn Update() -> impl IntoView {
    let page = page();
    let busy = live().busy;
    let run = Callback::new(move |()| page.use_update());
    let dismiss = Callback::new(move |()| page.update.set(None));
    move || {
        page.update.with(Option::is_some).then(|| {
            if busy.get() {
                let text = t!("shell-update") + gap() + &t!("shell-update-busy");
                return view! { <Strip kind="update" text dismiss /> }.into_any();
            }
            let action = (t!("shell-update-use"), run);
            view! { <Strip kind="update" text=t!("shell-update") action dismiss /> }.into_any()
        })
    }
}

/// Downloads that an earlier visit left.
#[component]
fn Interrupted() -> impl IntoView {
    let page = page();
    let left = Memo::new(move |_| page.models.with(|models| models.interrupted.clone()));
    let dismiss = Callback::new(move |()| page.act_on_models(Models::leave_interrupted));
    view! {
        <For each=move || left.get() key=|model| model.name.clone() let(model)>
            {
                let have = figures::size_of(model.done_bytes, model.bytes);
                let text = t!("shell-interrupted", name = model.name.clone(), have = have);
                let run = Callback::new(move |()| {
                    page.act_on_models(|models| models.resume_stored(&model.name));
                });
                let action = (t!("shell-go-on"), run);
                view! { <Strip kind="interrupted" text action dismiss /> }
            }
        </For>
    }
}

/// A model that has become ready meanwhile.
#[component]
fn Offer() -> impl IntoView {
    let page = page();
    let offer = Memo::new(move |_| page.models.with(|models| models.offer.clone()));
    let run = Callback::new(move |()| page.act_on_models(Models::accept_offer));
    let dismiss = Callback::new(move |()| page.act_on_models(|models| models.offer = None));
    move || {
        offer.get().map(|choice| {
            let text = t!("shell-offer", name = choice.title);
            let action = (t!("shell-offer-run"), run);
            view! { <Strip kind="offer" text action dismiss /> }
        })
    }
}

/// Downloads under way, each a thin line; the dialog has the rest.
#[component]
fn Downloads() -> impl IntoView {
    let page = page();
    let keys = Memo::new(move |_| {
        page.models.with(|models| {
            let active = |state: &PullState| !matches!(state, PullState::Paused);
            let pulls = models.pulls.iter().filter(|pull| active(&pull.state));
            pulls.map(|pull| (pull.key, pull.title.clone())).collect::<Vec<_>>()
        })
    });
    view! {
        <For each=move || keys.get() key=|(key, _)| *key let((key, title))>
            <button type="button" class="strip download" on:click=move |_| page.open_models()>
                <Icon path=DOWNLOAD />
                <span class="download-title" title=title.clone()>{title.clone()}</span>
                <PullBar key />
            </button>
        </For>
    }
}
