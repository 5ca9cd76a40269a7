//! What holds right now, for the dialog "Model and GPU": memory that is taken, how fast it was, the network.

use leptos::prelude::*;

use crate::ui::dom;
use crate::ui::figures;
use crate::ui::page::page;
use crate::ui::words::t;

/// A few rows of facts.
#[component]
pub fn Now() -> impl IntoView {
    let page = page();
    let memory = Memo::new(move |_| {
        let bytes =
            page.chat.with(|chat| chat.model.as_ref().map(|model| model.weight_bytes + model.kv_bytes));
        bytes.filter(|bytes| *bytes > 0).map(figures::bytes)
    });
    let speed = Memo::new(move |_| {
        let speed = page.chat.with(|chat| if chat.is_busy() { None } else { chat.last_speed() });
        speed.map(|speed| t!("shell-now-per-second", speed = figures::per_second(speed)))
    });
    let online = dom::online();
    let network = move || if online.get() { t!("shell-now-online") } else { t!("shell-now-offline") };
    let row = |name: String, value: Memo<Option<String>>| {
        move || {
            let name = name.clone();
            value.get().map(|value| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
        }
    };
    view! {
        <h3>{t!("shell-now")}</h3>
        <dl class="facts" data-facts="now">
            {row(t!("shell-now-memory"), memory)} {row(t!("shell-now-speed"), speed)}
            <div>
                <dt>{t!("shell-now-network")}</dt>
                <dd>{network}</dd>
            </div>
        </dl>
    }
}
