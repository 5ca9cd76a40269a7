//! A notice on the page: an error with what to do, or a remark.

use leptos::prelude::*;

use super::icons::{CLOSE, INFO, Icon, WARNING};
use super::words::coded;
use crate::ui::notices::{Notice, Remark};
use crate::ui::words::t;

/// A button of a notice: its label and what it does.
pub type Action = (String, Callback<()>);

/// What happened, the engine's account of it, and what to do.
#[component]
pub fn NoticeView(
    notice: Notice,
    /// Takes the notice away; without it the notice stays.
    #[prop(optional)]
    dismiss: Option<Callback<()>>,
    /// Buttons with something to do.
    #[prop(optional)]
    actions: Vec<Action>,
) -> impl IntoView {
    let (title, advice) = (notice.title(), notice.advice());
    let Notice { kind, detail, .. } = notice;
    view! {
        <div class="notice" role="alert" data-kind=kind>
            <Icon path=WARNING />
            <div>
                <p class="notice-title">{title}</p>
                <p>{coded(&advice)}</p>
                <Detail text=detail />
                <Actions actions />
            </div>
            {dismiss.map(|dismiss| view! { <Dismiss dismiss /> })}
        </div>
    }
}

/// Letters of an account that is shown at once; a longer one is folded.
const SHORT: usize = 240;

/// The engine's own account. It is in English whatever the page speaks, and told so to screen readers.
#[component]
pub fn Detail(text: String) -> impl IntoView {
    if text.is_empty() {
        ().into_any()
    } else if text.chars().count() <= SHORT {
        view! { <p class="notice-detail" lang="en" dir="ltr">{text}</p> }.into_any()
    } else {
        view! {
            <details class="notice-detail">
                <summary>{t!("notices-details")}</summary>
                <p lang="en" dir="ltr">{text}</p>
            </details>
        }
        .into_any()
    }
}

/// An error where there is room for a line: what happened, and the engine's account.
#[component]
pub fn Problem(notice: Notice) -> impl IntoView {
    view! {
        <div class="problem" role="alert">
            <p class="error">{notice.title()}</p>
            <Detail text=notice.detail />
        </div>
    }
}

/// Something that stopped nothing. It is said through the page's status, so that no reader hears it twice.
#[component]
pub fn RemarkView(remark: Remark, dismiss: Callback<()>) -> impl IntoView {
    view! {
        <div class="notice remark" role="note" data-kind=remark.kind.clone()>
            <Icon path=INFO />
            <div>
                <p class="notice-title">{remark.title()}</p>
                <Detail text=remark.detail />
            </div>
            <Dismiss dismiss />
        </div>
    }
}

#[component]
fn Dismiss(dismiss: Callback<()>) -> impl IntoView {
    view! {
        <button type="button" class="icon-button" aria-label=t!("notices-dismiss") on:click=move |_| dismiss.run(())>
            <Icon path=CLOSE />
        </button>
    }
}

/// Buttons in a row.
#[component]
pub fn Actions(actions: Vec<Action>) -> impl IntoView {
    (!actions.is_empty()).then(|| {
        let buttons = actions
            .into_iter()
            .map(|(label, run)| {
                view! {
                    <button type="button" class="plain" on:click=move |_| run.run(())>
                        {label}
                    </button>
                }
            })
            .collect_view();
        view! { <p class="buttons">{buttons}</p> }
    })
}
