//! The searches of a session: requests about them, and which sequence is whose.

use std::collections::BTreeMap;

use super::Emit;
use super::ground::Ground;
use super::search::SearchJob;
use crate::error::{Error, Result};
use crate::generate::SequenceId;
use crate::protocol::{Event, NodeId, RequestId};
use crate::search::Search;

/// Searches that are kept after their end.
const DONE_SEARCHES: usize = 8;

/// Searches that run, are held, and the last few that ended.
#[derive(Default)]
pub(super) struct Searches(BTreeMap<RequestId, SearchJob>);

impl Searches {
    pub(super) fn contains(&self, id: RequestId) -> bool {
        self.0.contains_key(&id)
    }

    /// Those that have not ended.
    pub(super) fn running(&self) -> impl Iterator<Item = RequestId> {
        self.0.iter().filter(|(_, search)| !search.is_done()).map(|(&id, _)| id)
    }

    /// The search that a sequence belongs to.
    pub(super) fn of(&self, sequence: SequenceId) -> Option<RequestId> {
        self.0.iter().find(|(_, job)| job.owns(sequence)).map(|(&id, _)| id)
    }

    /// Begins with a search, or goes on with one that was exported.
    pub(super) fn take_in(&mut self, id: RequestId, job: SearchJob, ground: &mut Ground<'_>) {
        let mut done: Vec<RequestId> =
            self.0.iter().filter(|(_, search)| search.is_done()).map(|(&id, _)| id).collect();
        if done.len() >= DONE_SEARCHES {
            self.0.remove(&done.remove(0));
        }
        self.0.insert(id, job);
        self.with(id, ground, SearchJob::advance);
    }

    /// Does something to a search. What fails, ends the search.
    pub(super) fn with(
        &mut self,
        id: RequestId,
        ground: &mut Ground<'_>,
        act: impl FnOnce(&mut SearchJob, &mut Ground<'_>) -> Result<()>,
    ) {
        let Some(job) = self.0.get_mut(&id) else { return };
        if let Err(error) = act(job, ground) {
            job.drop_lanes(&mut *ground.lanes);
            self.0.remove(&id);
            (ground.emit)(Event::failed(Some(id), &error));
        }
    }

    /// Lets every search go on that waits for nothing else: once a step, whatever number of tokens it brought.
    pub(super) fn advance(&mut self, ground: &mut Ground<'_>) {
        for id in self.running().collect::<Vec<_>>() {
            self.with(id, ground, SearchJob::advance);
        }
    }

    /// Ends a search at once; unknown ones are fine.
    pub(super) fn cancel(&mut self, id: RequestId, ground: &mut Ground<'_>) {
        self.with(id, ground, |job, ground| {
            job.cancel(&mut *ground.lanes);
            job.advance(ground)
        });
    }

    fn known(&mut self, id: RequestId) -> Result<&mut SearchJob> {
        let none = || {
            let what =
                "it was made with another model, or others have ended since: search again, or import it";
            Error::BadRequest(format!("there is no search {id}; {what}"))
        };
        self.0.get_mut(&id).ok_or_else(none)
    }

    /// Changes a search as a person wishes.
    pub(super) fn steer(
        &mut self,
        id: RequestId,
        ground: &mut Ground<'_>,
        change: impl FnOnce(&mut Search) -> Result<()>,
    ) -> Result<()> {
        self.known(id)?.steer(change, ground.emit)?;
        self.with(id, ground, SearchJob::advance);
        Ok(())
    }

    /// Puts another token in the place of one of a node's.
    pub(super) fn branch(
        &mut self,
        id: RequestId,
        ground: &mut Ground<'_>,
        (node, at, token): (NodeId, u32, u32),
    ) -> Result<()> {
        self.known(id)?;
        let bytes = ground.words.bytes(token)?;
        self.steer(id, ground, |search| search.branch(node, at, token, bytes))
    }

    /// Holds a search, or lets it go on.
    pub(super) fn hold(&mut self, id: RequestId, ground: &mut Ground<'_>, held: bool) -> Result<()> {
        self.known(id)?;
        self.with(id, ground, |job, ground| {
            if held {
                job.hold(&mut *ground.lanes);
            } else {
                job.go_on(ground)?;
            }
            job.advance(ground)
        });
        Ok(())
    }

    /// Tells a search in full. `model` is the name of the model.
    pub(super) fn export(&mut self, id: RequestId, model: &str, emit: &Emit) -> Result<()> {
        emit(self.known(id)?.export(model));
        Ok(())
    }

    /// Tells a node of a search in full.
    pub(super) fn node(&mut self, id: RequestId, ground: &Ground<'_>, node: NodeId) -> Result<()> {
        let detail = self.known(id)?.search().detail(node, |token| ground.words.show(token))?;
        (ground.emit)(Event::Node { id, detail });
        Ok(())
    }
}
