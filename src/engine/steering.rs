//! What a person does to a search, wherever its model is.

use super::Engine;
use super::ground::Ground;
use super::searches::Searches;
use crate::error::Error;
use crate::protocol::RequestId;
use crate::search::Search;

impl Engine {
    pub(super) fn steer(
        &mut self,
        id: RequestId,
        change: impl FnOnce(&mut Search) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.searching(|all, ground| all.steer(id, ground, change))
    }

    pub(super) fn searching(
        &mut self,
        act: impl FnOnce(&mut Searches, &mut Ground<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (searches, mut ground) = match &mut self.remote {
            Some(remote) => remote.searching(),
            None => self.session()?.searching()?,
        };
        act(searches, &mut ground)
    }

    pub(super) fn export(&mut self, id: RequestId) -> Result<(), Error> {
        let name = match &self.remote {
            Some(remote) => remote.info().name.clone(),
            None => self.session()?.info().name.clone(),
        };
        self.searching(|all, ground| all.export(id, &name, ground.emit))
    }
}
