//! A thin layer over wgpu: the device and its limits, tensors, recorded dispatches, readback.
//!
//! It knows nothing of models. Everything here is single-threaded: the engine lives in a Web Worker,
//! or on one thread of its own natively.

mod device;
mod readback;
mod recorder;
mod tensor;

pub use device::{DeviceOptions, Gpu, list_adapters};
pub use readback::{Copy, Pending, Ring};
pub use recorder::{Extent, Grid, Kernel, Plan, Recorder};
pub use tensor::Tensor;
