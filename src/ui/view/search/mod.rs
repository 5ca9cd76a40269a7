//! What is seen of searches: the switch at the composer, the tree beside a reply, a node in full, the comparison.

mod compare;
mod inspect;
mod lanes;
mod list;
mod pane;
mod panel;
mod picture;
mod setup;
mod switch;
mod votes;

pub(super) use compare::CompareDialog;
pub(super) use panel::SearchPanel;
pub(super) use setup::SearchDialog;
pub(super) use switch::{Presets, SearchSwitch};

use leptos::prelude::*;

use crate::protocol::RequestId;
use crate::ui::page::page;
use crate::ui::search::run::Run;

/// Something of a search, drawn anew only when it is another.
fn of_run<T: PartialEq + Send + Sync + 'static>(
    id: RequestId,
    of: impl Fn(&Run) -> T + Send + Sync + 'static,
) -> Memo<Option<T>> {
    let page = page();
    Memo::new(move |_| page.chat.with(|chat| chat.searches.get(id).map(&of)))
}

/// The colour class of an answer, by its letter: six, then round again.
fn hue(letter: char) -> usize {
    (letter as usize).wrapping_sub('A' as usize) % 6
}
