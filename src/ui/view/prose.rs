//! Text of a model as blocks of HTML.

use leptos::html;
use leptos::prelude::*;

use crate::ui::{dom, paint};

/// Blocks of text, of which only the one that changes is put into the page anew. While the text is `open`, its last
/// block may still grow; code gets its colours when its block no longer does.
#[component]
pub fn Text(text: Memo<String>, open: Memo<bool>, render: fn(&str) -> Vec<String>) -> impl IntoView {
    let blocks = Memo::new(move |_| text.with(|text| render(text)));
    let count = Memo::new(move |_| blocks.with(Vec::len));
    view! {
        <For each=move || 0..count.get() key=|index| *index let(index)>
            {
                let html = Memo::new(move |_| {
                    blocks.with(|blocks| blocks.get(index).cloned().unwrap_or_default())
                });
                let done = Memo::new(move |_| !open.get() || index + 1 < count.get());
                let block = NodeRef::<html::Div>::new();
                Effect::new(move |_| {
                    html.track();
                    if done.get() && let Some(block) = block.get() {
                        // When the text is in the page.
                        dom::soon(move || paint::code_in(&block));
                    }
                });
                view! { <div class="block" node_ref=block inner_html=move || html.get()></div> }
            }
        </For>
    }
}
