//! A model behind a server that speaks OpenAI's API, instead of one on this machine.

use leptos::html;
use leptos::prelude::*;

use super::words::coded;
use crate::ui::dom;
use crate::ui::page::page;
use crate::ui::server;
use crate::ui::words::t;

/// The form. The key is kept for this visit only, and by the engine's worker alone.
#[component]
pub fn Server() -> impl IntoView {
    let page = page();
    let address = RwSignal::new(String::new());
    let (model, key) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let problem = RwSignal::new(None::<String>);
    let text =
        |field: NodeRef<html::Input>| field.get_untracked().map(|field| field.value()).unwrap_or_default();
    // The machine that serves this page: `polo serve`. Where it wants a key, the form below takes it.
    let beside = move |_| {
        if let Some(Ok((choice, origin))) =
            page.engine_beside.get_untracked().map(|address| server::choice(&address, "", &dom::origin()))
        {
            page.use_server(choice, origin, &text(key));
        }
    };
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match server::choice(&address.get_untracked(), &text(model), &dom::origin()) {
            Ok((choice, origin)) => {
                problem.set(None);
                page.use_server(choice, origin, &text(key));
            }
            Err(why) => problem.set(Some(why)),
        }
    };
    view! {
        <details class="server">
            <summary>{t!("models-server")}</summary>
            <form class="token" on:submit=send>
                <label>
                    {t!("models-server-address")}
                    <input
                        type="text"
                        inputmode="url"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        placeholder="http://localhost:8000/v1"
                        prop:value=address
                        on:input=move |event| address.set(event_target_value(&event))
                    />
                </label>
                <label>
                    {t!("models-server-model")}
                    <input type="text" autocomplete="off" spellcheck="false" node_ref=model />
                </label>
                <label>
                    {t!("models-server-key")}
                    <input type="password" autocomplete="off" spellcheck="false" node_ref=key />
                </label>
                <button type="submit" class="plain" disabled=move || address.with(|a| a.trim().is_empty())>
                    {t!("models-server-use")}
                </button>
            </form>
            {move || problem.get().map(|why| view! { <p class="error" role="alert">{why}</p> })}
            <p class="hint">
                {coded(&t!("models-server-hint"))}
            </p>
        </details>
        // Below: it comes a moment later, and would move the form.
        <Show when=move || page.engine_beside.with(Option::is_some)>
            <div class="beside">
                <button type="button" class="plain" on:click=beside>{t!("models-beside")}</button>
                <p class="hint">{coded(&t!("models-beside-hint"))}</p>
            </div>
        </Show>
    }
}
