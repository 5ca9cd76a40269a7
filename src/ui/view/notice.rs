//! A notice on the page.

use leptos::prelude::*;

use super::icons::{CLOSE, Icon, WARNING};
use crate::ui::notices::Notice;

/// What happened, the engine's account of it, and what to do.
#[component]
pub fn NoticeView(
    notice: Notice,
    /// Takes the notice away; without it the notice stays.
    #[prop(optional)]
    dismiss: Option<Callback<()>>,
    /// A button with something to do.
    #[prop(optional)]
    action: Option<(&'static str, Callback<()>)>,
) -> impl IntoView {
    view! {
        <div class="notice" role="alert" data-kind=notice.kind>
            <Icon path=WARNING />
            <div>
                <p class="notice-title">{notice.title}</p>
                <p class="notice-detail">{notice.detail}</p>
                <p>{notice.advice}</p>
                {action
                    .map(|(label, run)| {
                        view! {
                            <button type="button" class="plain" on:click=move |_| run.run(())>
                                {label}
                            </button>
                        }
                    })}
            </div>
            {dismiss
                .map(|dismiss| {
                    view! {
                        <button type="button" class="icon-button" aria-label="Dismiss" on:click=move |_| dismiss.run(())>
                            <Icon path=CLOSE />
                        </button>
                    }
                })}
        </div>
    }
}
