//! The searches of this visit: what each has found, and what the reader does to it. No DOM here.

pub mod compare;
pub mod knobs;
pub mod layout;
pub mod look;
pub mod parts;
pub mod run;
pub mod tree;
pub mod words;

use crate::protocol::{Event, NodeId, Request, RequestId, SearchOptions};

use super::effect::Effect;
use super::notices::sentence;
use run::{Run, RunPhase};
use tree::ROOT;

/// What a search can be saved as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All of it: it can be opened again and goes on.
    Json,
    /// A picture.
    Svg,
}

impl Form {
    /// The ending of its file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Svg => "svg",
        }
    }

    /// Its media type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// All searches of this visit.
#[derive(Debug, Default)]
pub struct Searches {
    runs: Vec<Run>,
    effects: Vec<Effect>,
    /// What was asked to be saved.
    saving: Option<(RequestId, Form)>,
}

impl Searches {
    /// The search of that request.
    pub fn get(&self, id: RequestId) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    fn get_mut(&mut self, id: RequestId) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id == id)
    }

    /// What is to be done since the last call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// A search was asked for.
    pub fn begin(&mut self, id: RequestId, options: &SearchOptions, now_ms: f64) {
        self.runs.push(Run::new(id, options.resolved(), now_ms));
    }

    /// Forgets a search.
    pub fn forget(&mut self, id: RequestId) {
        self.runs.retain(|run| run.id != id);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.runs.clear();
    }

    /// The engine is gone, and the trees with it: they can be looked at, and no more.
    pub fn lose(&mut self) {
        for run in &mut self.runs {
            run.kept = false;
            run.asking = false;
            if run.phase != RunPhase::Done {
                run.fail();
            }
        }
    }

    /// Takes what the engine says, if it is about a search.
    pub fn apply(&mut self, event: &Event, now_ms: f64) {
        let Some(id) = about(event) else { return };
        if let Event::Exported { json, svg, .. } = event {
            if let Some((asked, form)) = self.saving.take_if(|(asked, _)| *asked == id) {
                let text = if form == Form::Json { json } else { svg };
                let name = format!("polo-search-{asked}.{}", form.ending());
                self.effects.push(Effect::Download { name, form, text: text.clone() });
            }
            return;
        }
        let Some(run) = self.get_mut(id) else { return };
        run.apply(event, now_ms);
        self.look_again(id);
    }

    /// The engine did not do what the reader wished of a search that goes on all the same; whether it was that.
    pub fn refuse(&mut self, id: RequestId, kind: &str, message: &str) -> bool {
        self.saving.take_if(|(asked, _)| *asked == id);
        let Some(run) = self.get_mut(id) else { return false };
        run.asking = false;
        if !matches!(kind, "bad_request" | "not_found") || run.phase == RunPhase::Waiting {
            return false;
        }
        run.refusal = Some(sentence(message));
        true
    }

    /// A search ended in an error.
    pub fn fail(&mut self, id: RequestId) {
        if let Some(run) = self.get_mut(id) {
            run.fail();
        }
    }

    /// Asks for the node that is looked at once more, if it may have changed.
    fn look_again(&mut self, id: RequestId) {
        let Some(run) = self.get_mut(id).filter(|run| run.kept && run.stale && !run.asking) else { return };
        let Some(node) = run.selected else { return };
        (run.stale, run.asking) = (false, true);
        self.effects.push(Effect::Post(Request::Node { id, node }));
    }

    /// Looks at a node, or at none.
    pub fn select(&mut self, id: RequestId, node: Option<NodeId>) {
        let Some(run) = self.get_mut(id) else { return };
        if run.selected == node || node.is_some_and(|node| run.tree.get(node).is_none()) {
            return;
        }
        // The root is what the keyboard reaches while nothing else is looked at.
        for id in [run.selected, node] {
            run.tree.touch(id.unwrap_or(ROOT));
        }
        run.selected = node;
        run.detail = None;
        run.refusal = None;
        // An answer about another node is passed over when it comes.
        (run.stale, run.asking) = (true, false);
        self.look_again(id);
    }

    /// Follows the growth of a branch, or of nothing.
    pub fn follow(&mut self, id: RequestId, node: Option<NodeId>) {
        if let Some(run) = self.get_mut(id) {
            run.follow = node;
        }
    }

    /// Sends what the reader wishes of a search that the engine still has.
    fn wish(&mut self, id: RequestId, request: Request, change: impl FnOnce(&mut Run)) {
        let Some(run) = self.get_mut(id).filter(|run| run.kept) else { return };
        run.refusal = None;
        change(run);
        run.stale = true;
        self.effects.push(Effect::Post(request));
        self.look_again(id);
    }

    /// Leaves a branch alone, or takes it in again; not the root.
    pub fn prune(&mut self, id: RequestId, node: NodeId, pruned: bool) {
        if node != ROOT {
            self.wish(id, Request::Prune { id, node, pruned }, |run| run.tree.prune(node, pruned));
        }
    }

    /// Puts a branch first, or back among the others.
    pub fn pin(&mut self, id: RequestId, node: NodeId, pinned: bool) {
        self.wish(id, Request::Pin { id, node, pinned }, |run| run.tree.pin(node, pinned));
    }

    /// One more rollout from a node.
    pub fn go_on(&mut self, id: RequestId, node: NodeId) {
        self.wish(id, Request::Continue { id, node }, |run| run.follow = Some(node));
    }

    /// One more rollout with another token in the place of one of a node's.
    pub fn branch(&mut self, id: RequestId, node: NodeId, at: u32, token: u32) {
        self.wish(id, Request::Branch { id, node, at, token }, |run| {
            // The new branch hangs where this node does.
            run.follow = run.tree.get(node).map(|node| node.told.parent);
        });
    }

    /// Holds a search, or lets it go on.
    pub fn pause(&mut self, id: RequestId, paused: bool, now_ms: f64) {
        if self.get(id).is_some_and(|run| run.phase != RunPhase::Done) {
            let request = if paused { Request::Pause { id } } else { Request::Resume { id } };
            self.wish(id, request, |run| run.hold(paused, now_ms));
        }
    }

    /// Saves a search as a file.
    pub fn save(&mut self, id: RequestId, form: Form) {
        self.saving = Some((id, form));
        self.wish(id, Request::Export { id }, |_| {});
    }
}

/// The request that an event of a search is about.
pub(super) fn about(event: &Event) -> Option<RequestId> {
    match event {
        Event::Imported { id, .. }
        | Event::Launched { id, .. }
        | Event::Token { id, .. }
        | Event::Text { id, .. }
        | Event::Expanded { id, .. }
        | Event::Visited { id, .. }
        | Event::Voted { id, .. }
        | Event::Searched { id, .. }
        | Event::SearchDone { id, .. }
        | Event::Node { id, .. }
        | Event::Exported { id, .. } => Some(*id),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "numbers that are exact")]
mod tests;
