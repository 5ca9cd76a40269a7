//! Results come back late, through a ring of mapped buffers: waiting for each would cost more than
//! the work (0.4 to 4 ms in Chrome, some 100 ms in Firefox).

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;

use super::{Gpu, Tensor};
use crate::error::{Error, Result};

/// A fixed set of staging buffers.
pub struct Ring {
    free: Rc<RefCell<Vec<wgpu::Buffer>>>,
    slot_bytes: u64,
}

impl Ring {
    /// `slots` staging buffers of `slot_bytes` each.
    pub fn new(gpu: &Gpu, slots: usize, slot_bytes: u64) -> Self {
        let free = (0..slots).map(|_| gpu.staging(slot_bytes)).collect();
        Self { free: Rc::new(RefCell::new(free)), slot_bytes }
    }

    /// Whether a copy can be recorded now; otherwise wait for the oldest [`Pending`].
    pub fn has_room(&self) -> bool {
        !self.free.borrow().is_empty()
    }

    /// Records a copy of the first `bytes` of `source`; `None` if every buffer is in flight.
    /// Call [`Copy::map`] after the submit.
    pub fn copy(&self, encoder: &mut wgpu::CommandEncoder, source: &Tensor, bytes: u64) -> Option<Copy> {
        assert!(bytes <= self.slot_bytes, "readback of {bytes} bytes into {}", self.slot_bytes);
        let buffer = self.free.borrow_mut().pop()?;
        encoder.copy_buffer_to_buffer(source.buffer(), 0, &buffer, 0, bytes);
        Some(Copy { buffer, bytes, free: self.free.clone() })
    }
}

/// A recorded copy, not yet submitted.
pub struct Copy {
    buffer: wgpu::Buffer,
    bytes: u64,
    free: Rc<RefCell<Vec<wgpu::Buffer>>>,
}

impl Copy {
    /// Asks for the data; `submission` is the one that holds the copy.
    pub fn map(self, submission: wgpu::SubmissionIndex) -> Pending {
        let (sender, receiver) = oneshot::channel();
        self.buffer.map_async(wgpu::MapMode::Read, 0..self.bytes, move |result| {
            // The receiver is gone only when the engine is; then nobody needs the data.
            let _ = sender.send(result.map_err(|error| error.to_string()));
        });
        Pending { copy: self, receiver, submission: Some(submission), done: None }
    }
}

/// Data on its way back.
pub struct Pending {
    copy: Copy,
    receiver: oneshot::Receiver<Result<(), String>>,
    submission: Option<wgpu::SubmissionIndex>,
    done: Option<Result<(), String>>,
}

impl Pending {
    /// Whether [`Pending::wait`] would return at once.
    pub fn is_ready(&mut self, gpu: &Gpu) -> bool {
        gpu.poll();
        if self.done.is_none() {
            match self.receiver.try_recv() {
                Ok(Some(result)) => self.done = Some(result),
                Ok(None) => {}
                Err(oneshot::Canceled) => self.done = Some(Err("the request was dropped".into())),
            }
        }
        self.done.is_some()
    }

    /// Waits, copies the data out and gives the buffer back to its ring.
    pub async fn wait(mut self, gpu: &Gpu) -> Result<Vec<u8>> {
        if self.done.is_none() {
            if let Some(submission) = self.submission.take() {
                gpu.poll_until(submission);
            }
            let result = (&mut self.receiver).await.unwrap_or_else(|_| Err("the request was dropped".into()));
            self.done = Some(result);
        }
        if let Some(Err(message)) = self.done {
            return Err(gpu.lost().unwrap_or(Error::ReadBack(message)));
        }
        let data = match self.copy.buffer.get_mapped_range(0..self.copy.bytes) {
            Ok(view) => view.to_vec(),
            Err(error) => return Err(Error::ReadBack(error.to_string())),
        };
        self.copy.buffer.unmap();
        self.copy.free.borrow_mut().push(self.copy.buffer.clone());
        Ok(data)
    }
}
