//! How the storage of conversations stands, where the reader should know: above the composer.

use leptos::prelude::*;

use super::icons::{CLOSE, INFO, Icon, WARNING};
use super::notice::Actions;
use crate::ui::chats::{Chats, Stand};
use crate::ui::figures;
use crate::ui::models::PullState;
use crate::ui::page::page;
use crate::ui::words::t;

/// Says where what is written is not kept; above the composer.
#[component]
pub fn NotKept() -> impl IntoView {
    let page = page();
    let stand = Memo::new(move |_| page.chats.with(|chats| chats.stand.clone()));
    let asked = Memo::new(move |_| page.chat.with(|chat| !chat.exchanges.is_empty()));
    let seen = RwSignal::new(false);
    let full = move |title: String, why: Option<String>| {
        view! {
            <div class="notice" role="alert" data-kind="storage">
                <Icon path=WARNING />
                <div>
                    <p class="notice-title">{title}</p>
                    <p>{t!("chats-full-advice")}</p>
                    {why.map(|why| view! { <p class="notice-detail" lang="en">{why}</p> })}
                    <p class="buttons">
                        <button type="button" class="plain" on:click=move |_| page.export_chats()>
                            {t!("chats-export-all")}
                        </button>
                        <button type="button" class="plain" on:click=move |_| page.act_on_chats(Chats::try_again)>
                            {t!("chats-try-again")}
                        </button>
                    </p>
                </div>
            </div>
        }
    };
    move || match stand.get() {
        Stand::Opening | Stand::Keeping => None,
        Stand::Full => Some(full(t!("chats-full"), None).into_any()),
        Stand::Failed(why) => Some(full(t!("chats-failed"), Some(why)).into_any()),
        Stand::Nothing(_) if seen.get() || !asked.get() => None,
        Stand::Nothing(why) => Some(
            view! {
                <div class="notice remark" role="status" data-kind="storage">
                    <Icon path=INFO />
                    <div>
                        <p class="notice-title">{t!("chats-nothing")}</p>
                        <p>{t!("chats-nothing-advice")}</p>
                        <p class="notice-detail" lang="en">{why}</p>
                    </div>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=t!("chats-dismiss")
                        on:click=move |_| seen.set(true)
                    >
                        <Icon path=CLOSE />
                    </button>
                </div>
            }
            .into_any(),
        ),
    }
}

/// Says that there is little room left, before something cannot be kept.
#[component]
pub fn LittleRoom() -> impl IntoView {
    let page = page();
    let left = Memo::new(move |_| page.chats.with(Chats::little_room));
    // A download that found no room has said so.
    let said = Memo::new(move |_| {
        let full =
            |state: &PullState| matches!(state, PullState::Failed(notice) if notice.kind == "no_space");
        page.models.with(|models| models.pulls.iter().any(|pull| full(&pull.state)))
    });
    let stored = Memo::new(move |_| {
        page.models.with(|models| models.library.as_ref().map(|library| library.used_bytes))
    });
    Effect::new(move |_| {
        stored.track();
        page.act_on_chats(Chats::look_for_room);
    });
    let export = Callback::new(move |()| page.export_chats());
    let models = Callback::new(move |()| page.open_models());
    let dismiss = move |_| page.act_on_chats(Chats::dismiss_little_room);
    move || {
        left.get().filter(|_| !said.get()).map(|free| {
            let actions = vec![(t!("settings-chats-export"), export), (t!("settings-data-models"), models)];
            view! {
                <div class="notice remark" role="status" data-kind="little-room">
                    <Icon path=INFO />
                    <div>
                        <p class="notice-title">{t!("chats-little-room")}</p>
                        <p>{t!("chats-little-room-advice", free = figures::in_units(free))}</p>
                        <Actions actions />
                    </div>
                    <button type="button" class="icon-button" aria-label=t!("chats-dismiss") on:click=dismiss>
                        <Icon path=CLOSE />
                    </button>
                </div>
            }
        })
    }
}
