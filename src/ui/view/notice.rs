//! A notice on the page: an error with what to do, or a remark.

use leptos::prelude::*;

use super::icons::{CLOSE, INFO, Icon, WARNING};
use crate::ui::notices::{Notice, Remark};

/// A button of a notice: its label and what it does.
pub type Action = (&'static str, Callback<()>);

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
    view! {
        <div class="notice" role="alert" data-kind=notice.kind>
            <Icon path=WARNING />
            <div>
                <p class="notice-title">{notice.title}</p>
                <p class="notice-detail">{notice.detail}</p>
                <p>{notice.advice}</p>
                <Actions actions />
            </div>
            {dismiss.map(|dismiss| view! { <Dismiss dismiss /> })}
        </div>
    }
}

/// Something that stopped nothing. It is said through the page's status, so that no reader hears it twice.
#[component]
pub fn RemarkView(remark: Remark, dismiss: Callback<()>) -> impl IntoView {
    view! {
        <div class="notice remark" role="note" data-kind=remark.kind>
            <Icon path=INFO />
            <div>
                <p class="notice-title">{remark.title}</p>
                <p class="notice-detail">{remark.detail}</p>
            </div>
            <Dismiss dismiss />
        </div>
    }
}

#[component]
fn Dismiss(dismiss: Callback<()>) -> impl IntoView {
    view! {
        <button type="button" class="icon-button" aria-label="Dismiss" on:click=move |_| dismiss.run(())>
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
