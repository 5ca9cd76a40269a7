//! Tokens as a heat map: each coloured and underlined by the confidence the model had in it, and what else it could
//! have been. Shared by replies and by the nodes of a search.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::icons::{Icon, THERMOMETER};
use crate::protocol::Channel;
use crate::ui::figures;
use crate::ui::markdown::escape;
use crate::ui::page::page;
use crate::ui::reply::Reply;
use crate::ui::search::look;
use crate::ui::tokens::{Told, beginning};
use crate::ui::words::t;

/// A token of the map.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) confidence: Option<f32>,
    /// Whether it was put there, and not chosen by the model.
    pub(super) forced: bool,
}

impl Piece {
    /// In words, with what cannot be seen made visible.
    pub(super) fn spoken(&self) -> String {
        let text = visible(&self.text);
        match self.confidence {
            _ if self.forced => t!("page-token-forced", text = text),
            Some(confidence) => {
                t!("page-token-sure", text = text, share = figures::per_cent(f64::from(confidence), 0))
            }
            None => t!("page-token-plain", text = text),
        }
    }

    fn html(&self, at: usize) -> String {
        let state = if self.forced { "token forced" } else { "token" };
        let (class, spoken) = (look::class(self.confidence), escape(&self.spoken()));
        let text = if self.text.is_empty() { "·".to_owned() } else { escape(&self.text) };
        let tab = if at == 0 { 0 } else { -1 };
        format!(
            "<span role=\"option\" aria-selected=\"false\" tabindex=\"{tab}\" class=\"{state} {class}\" \
             data-at=\"{at}\" aria-label=\"{spoken}\" title=\"{spoken}\">{text}</span>"
        )
    }
}

/// The heading of a part.
fn part_html(title: &str) -> String {
    format!("<span class=\"tokens-part\" role=\"presentation\">{title}</span>")
}

/// Blank space as signs.
pub(super) fn visible(text: &str) -> String {
    let text = text.replace('\n', "⏎").replace('\t', "⇥");
    if text.trim().is_empty() { text.replace(' ', "␣") } else { text }
}

/// The token that an event is about.
fn at_of(target: Option<web_sys::EventTarget>) -> Option<usize> {
    let element: Element = target?.dyn_into().ok()?;
    element.closest("[data-at]").ok()??.get_attribute("data-at")?.parse().ok()
}

/// The tokens; arrow keys go from one to the next. The mouse only looks at a token until one is chosen; what it
/// looked at last stays, since what is shown of it may come to lie under the mouse.
#[allow(clippy::needless_pass_by_value, reason = "a component owns its properties")]
#[component]
pub(super) fn Heat(
    pieces: Arc<[Piece]>,
    /// Beginnings of the parts, each with its heading.
    #[prop(default = [].into())]
    parts: Arc<[(usize, String)]>,
    chosen: RwSignal<Option<usize>>,
    hovered: RwSignal<Option<usize>>,
) -> impl IntoView {
    let count = pieces.len();
    let list = NodeRef::<html::Div>::new();
    // There may be thousands of tokens: they are one piece of HTML, and only the two that change are touched.
    let mut html = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        if let Some((_, title)) = parts.iter().find(|(first, _)| *first == at) {
            let title = escape(title);
            html += &part_html(&title);
        }
        html.push_str(&piece.html(at));
    }
    let choose = move |at: usize| {
        let Some(list) = list.get_untracked() else { return };
        let find = |at: usize| list.query_selector(&format!("[data-at=\"{at}\"]")).ok().flatten();
        let mark = |element: &Element, is: bool| {
            // These names and values are always allowed.
            drop(element.set_attribute("aria-selected", if is { "true" } else { "false" }));
            drop(element.set_attribute("tabindex", if is { "0" } else { "-1" }));
        };
        for old in [Some(0), chosen.get_untracked()].into_iter().flatten() {
            find(old).inspect(|element| mark(element, false));
        }
        let Some(element) = find(at) else { return };
        mark(&element, true);
        chosen.set(Some(at));
        if let Ok(element) = element.dyn_into::<web_sys::HtmlElement>() {
            drop(element.focus());
        }
    };
    let step = move |event: leptos::ev::KeyboardEvent| {
        let Some(at) = at_of(event.target()) else { return };
        let last = count.saturating_sub(1);
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => (at + 1).min(last),
            "ArrowLeft" | "ArrowUp" => at.saturating_sub(1),
            "Home" => 0,
            "End" => last,
            "Enter" | " " => at,
            _ => return,
        };
        event.prevent_default();
        choose(next);
    };
    view! {
        <div
            class="tokens"
            role="listbox"
            dir="auto"
            aria-label=t!("page-tokens")
            node_ref=list
            on:keydown=step
            on:click=move |event| at_of(event.target()).into_iter().for_each(choose)
            on:focusin=move |event| {
                if let Some(at) = at_of(event.target()).filter(|at| chosen.get_untracked() != Some(*at)) {
                    choose(at);
                }
            }
            on:mouseover=move |event| hovered.set(at_of(event.target()))
            inner_html=html
        ></div>
    }
}

/// A token that could have stood in a place.
pub(super) struct Row {
    pub(super) text: String,
    pub(super) logprob: f32,
    /// Whether it is the one that stands there.
    pub(super) taken: bool,
    /// What goes on from it, where that is possible: the button's text, its name, what it does.
    pub(super) go_on: Option<(String, String, Callback<()>)>,
}

/// What else a token could have been.
#[component]
pub(super) fn Alternatives(about: String, rows: Vec<Row>) -> impl IntoView {
    let none = rows.is_empty();
    let rows = rows
        .into_iter()
        .map(|row| {
            let share = figures::per_cent(f64::from(row.logprob).exp(), 1);
            let action = match row.go_on {
                _ if row.taken => t!("page-token-taken").into_any(),
                Some((text, name, act)) => view! {
                    <button type="button" class="quiet" aria-label=name on:click=move |_| act.run(())>
                        {text}
                    </button>
                }
                .into_any(),
                None => ().into_any(),
            };
            view! {
                <tr>
                    <th scope="row">
                        <code dir="auto">{visible(&row.text)}</code>
                    </th>
                    <td class="right">{share}</td>
                    <td>{action}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <p class="about-token" dir="auto">{about}</p>
        {none.then(|| view! { <p class="quiet-text">{t!("page-token-no-others")}</p> })}
        <table class="listing alternatives">
            <tbody>{rows}</tbody>
        </table>
    }
}

/// The button that shows a reply token by token.
#[component]
pub(super) fn HeatSwitch(shown: RwSignal<bool>) -> impl IntoView {
    view! {
        <button
            type="button"
            class="quiet heat-switch"
            aria-pressed=move || shown.get().to_string()
            title=t!("page-confidence-about")
            on:click=move |_| shown.update(|shown| *shown = !*shown)
        >
            <Icon path=THERMOMETER />
            {t!("page-confidence")}
        </button>
    }
}

/// Whether there is something to show of a reply.
pub(super) fn has_heat(reply: &Reply) -> bool {
    reply.told.iter().any(|told| !told.top.is_empty())
}

/// A reply token by token.
#[component]
pub(super) fn HeatMap(reply: Arc<Reply>) -> impl IntoView {
    let (chosen, hovered) = (RwSignal::new(None), RwSignal::new(None));
    let told = &reply.told;
    let piece =
        |told: &Arc<Told>| Piece { text: told.text.clone(), confidence: told.confidence(), forced: false };
    let pieces: Arc<[_]> = told.iter().map(piece).collect();
    let first = |channel| told.iter().position(|told| told.channel == channel);
    let mut parts = Vec::new();
    if let Some(thought) = first(Channel::Thought) {
        parts.push((thought, t!("page-tokens-thought")));
        parts.extend(first(Channel::Output).map(|at| (at, t!("page-tokens-output"))));
    }
    let shown = Memo::new(move |_| chosen.get().or(hovered.get()));
    view! {
        <section class="heat" aria-label=t!("page-tokens-title")>
            <p class="heat-legend">
                {t!("page-tokens-legend")}
                {(0..6)
                    .map(|strength| {
                        view! { <span class=format!("token c{strength}")>{look::bounds(strength)}</span> }
                    })
                    .collect_view()} {t!("page-tokens-unit")}
            </p>
            <Heat pieces parts=parts.into() chosen hovered />
            <div class="heat-panel">
                {move || match shown.get() {
                    Some(at) => view! { <Place reply=reply.clone() at /> }.into_any(),
                    None => view! { <p class="quiet-text">{t!("page-tokens-hint")}</p> }.into_any(),
                }}
            </div>
        </section>
    }
}

/// One token of a reply, with what else could have stood there.
#[component]
fn Place(reply: Arc<Reply>, at: usize) -> impl IntoView {
    let page = page();
    let told = reply.told.get(at)?.clone();
    let piece = Piece { text: told.text.clone(), confidence: told.confidence(), forced: false };
    let about = t!("page-token-of", number = at + 1, count = reply.told.len(), token = piece.spoken());
    let can = page.can_go_on_from(&reply);
    let rows = told
        .top
        .iter()
        .enumerate()
        .map(|(other, top)| {
            let (id, from) = (reply.id, reply.clone());
            let act = move |()| {
                if let Some(beginning) = beginning(&from.told, at, other) {
                    page.go_on_from(id, &beginning);
                }
            };
            let name = t!("page-token-go-on-name", text = visible(&top.text));
            Row {
                text: top.text.clone(),
                logprob: top.logprob,
                taken: top.token == told.token,
                go_on: can.then(|| (t!("page-token-go-on"), name, Callback::new(act))),
            }
        })
        .collect();
    Some(view! { <Alternatives about rows /> })
}
