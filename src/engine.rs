//! The one door: takes requests, emits events. Stub until the engine lands: it refuses everything.

use futures_channel::mpsc::UnboundedReceiver;
use futures_util::StreamExt;

use crate::protocol::{Event, Request};

pub use crate::gpu::list_adapters;

/// Owns the GPU, the model and every sequence.
pub struct Engine {
    emit: Box<dyn Fn(Event)>,
}

impl Engine {
    /// An engine that tells what happens to `emit`.
    pub fn new(emit: impl Fn(Event) + 'static) -> Self {
        Self { emit: Box::new(emit) }
    }

    /// Serves requests until their sender is gone.
    pub async fn run(self, mut requests: UnboundedReceiver<Request>) {
        (self.emit)(Event::Ready);
        while let Some(request) = requests.next().await {
            let (Request::Load { id, .. }
            | Request::Generate { id, .. }
            | Request::Cancel { id }
            | Request::Bench { id, .. }
            | Request::SelfTest { id }) = request;
            let message = "the engine is not built in yet".to_owned();
            (self.emit)(Event::Failed { id: Some(id), kind: "no_gpu".into(), message });
        }
    }
}
