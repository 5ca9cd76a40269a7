//! Everything that is under way at a server, several at once: understanding questions, legs, plain replies.

use std::collections::HashMap;
use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable, FutureExt, LocalBoxFuture};
use futures_util::stream::FuturesUnordered;

pub use super::leg::Leg;

use super::chat::{self, Heard};
use super::leg;
use super::server::{Question, Server};
use crate::error::{Error, Result};
use crate::platform;
use crate::protocol::{FinishReason, Prompt, SamplingOptions};
use crate::search::Token;

/// Names something under way.
pub type TaskId = u64;

/// A search's clock is looked at so often while nothing comes, in milliseconds.
const TICK_MS: u32 = 500;

/// What comes of it.
#[derive(Debug)]
pub enum Output {
    /// A question in the form that the server takes. The task is over.
    Understood {
        /// Which.
        id: TaskId,
        /// The question.
        question: Question,
    },
    /// A token of a leg.
    Token {
        /// Which leg.
        id: TaskId,
        /// The token.
        token: Token,
        /// Whether it is an end token.
        is_end: bool,
    },
    /// A piece of a plain reply.
    Heard {
        /// Which reply.
        id: TaskId,
        /// The piece.
        heard: Heard,
    },
    /// A leg or a reply is over.
    Finished {
        /// Which.
        id: TaskId,
        /// Why.
        reason: FinishReason,
    },
    /// It failed, and is over.
    Failed {
        /// Which.
        id: TaskId,
        /// Why.
        error: Error,
    },
    /// Time has passed.
    Tick,
}

/// What is under way. Dropping it ends all of it.
pub struct Lanes {
    server: Rc<Server>,
    tasks: FuturesUnordered<LocalBoxFuture<'static, ()>>,
    open: HashMap<TaskId, AbortHandle>,
    sender: mpsc::UnboundedSender<Output>,
    outputs: mpsc::UnboundedReceiver<Output>,
    tick: Option<LocalBoxFuture<'static, ()>>,
    next_id: TaskId,
}

impl Lanes {
    /// Lanes of a server; how many requests run at once is the server's matter.
    pub fn new(server: Rc<Server>) -> Self {
        let (sender, outputs) = mpsc::unbounded();
        let (tasks, open) = (FuturesUnordered::new(), HashMap::new());
        Self { server, tasks, open, sender, outputs, tick: None, next_id: 1 }
    }

    /// Whether anything is under way.
    pub fn is_busy(&self) -> bool {
        !self.open.is_empty()
    }

    /// Begins to turn a prompt into a question.
    pub fn understand(&mut self, prompt: Prompt) -> TaskId {
        let server = self.server.clone();
        self.begin(move |id, _| async move {
            Ok(Output::Understood { id, question: server.understand(&prompt).await? })
        })
    }

    /// Gives a question back as if it had been understood, for those that need no asking.
    pub fn take(&mut self, question: Question) -> TaskId {
        self.begin(move |id, _| async move { Ok(Output::Understood { id, question }) })
    }

    /// Begins a leg.
    pub fn decode(&mut self, leg: Leg) -> TaskId {
        let server = self.server.clone();
        self.begin(move |id, sender| async move {
            let tell = |token, is_end| drop(sender.unbounded_send(Output::Token { id, token, is_end }));
            let reason = leg::decode(&server, leg, &tell).await?;
            Ok(Output::Finished { id, reason })
        })
    }

    /// Begins a plain reply.
    pub fn converse(&mut self, question: Rc<Question>, sampling: SamplingOptions, choice: u32) -> TaskId {
        let server = self.server.clone();
        self.begin(move |id, sender| async move {
            let tell = |heard| drop(sender.unbounded_send(Output::Heard { id, heard }));
            let reason = chat::converse(&server, &question, &sampling, choice, &tell).await?;
            Ok(Output::Finished { id, reason })
        })
    }

    fn begin<F: Future<Output = Result<Output>> + 'static>(
        &mut self,
        task: impl FnOnce(TaskId, mpsc::UnboundedSender<Output>) -> F,
    ) -> TaskId {
        let id = self.next_id;
        self.next_id += 1;
        let sender = self.sender.clone();
        let task = task(id, self.sender.clone());
        let (handle, registration) = AbortHandle::new_pair();
        self.open.insert(id, handle);
        let task = async move {
            let output = task.await.unwrap_or_else(|error| Output::Failed { id, error });
            drop(sender.unbounded_send(output));
        };
        self.tasks.push(Box::pin(Abortable::new(task, registration).map(drop)));
        id
    }

    /// Ends something now: its connection goes. Unknown ids (already over) are fine.
    pub fn cancel(&mut self, id: TaskId) {
        if let Some(handle) = self.open.remove(&id) {
            handle.abort();
        }
    }

    /// What comes next. Nothing is lost when this is dropped before it is done.
    pub async fn next(&mut self) -> Output {
        loop {
            let tick = self.tick.get_or_insert_with(|| Box::pin(platform::sleep_ms(TICK_MS)));
            // What has come goes first: what it ends need not be read any further.
            let output = futures_util::select_biased! {
                output = self.outputs.select_next_some() => output,
                () = self.tasks.select_next_some() => continue,
                () = tick.fuse() => {
                    self.tick = None;
                    return Output::Tick;
                }
            };
            match &output {
                Output::Token { id, .. } | Output::Heard { id, .. } => {
                    if !self.open.contains_key(id) {
                        self.server.client.count(|counts| counts.beyond += 1);
                        continue;
                    }
                }
                Output::Understood { id, .. } | Output::Finished { id, .. } | Output::Failed { id, .. } => {
                    if self.open.remove(id).is_none() {
                        continue;
                    }
                }
                Output::Tick => {}
            }
            return output;
        }
    }
}
