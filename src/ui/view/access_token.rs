//! Asks for the access token of a hub that shows a model only to those it knows.

use leptos::html;
use leptos::prelude::*;

use crate::ui::page::page;
use crate::ui::words::t;

/// The field. What is typed goes to the workers and is kept nowhere else.
#[component]
pub fn AccessToken() -> impl IntoView {
    let page = page();
    let field = NodeRef::<html::Input>::new();
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let token = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        page.act_on_models(|models| {
            models.authorize(&token);
        });
    };
    view! {
        <form class="token" on:submit=send>
            <label>
                {t!("models-token")}
                <input type="password" autocomplete="off" spellcheck="false" placeholder="hf_…" node_ref=field />
            </label>
            <button type="submit" class="plain">{t!("models-token-try")}</button>
            <p class="hint">{t!("models-token-hint")}</p>
        </form>
    }
}
