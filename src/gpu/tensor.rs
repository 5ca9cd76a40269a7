//! A buffer on the GPU together with its shape.

use std::fmt;

/// A buffer with a shape, outermost dimension first. Cloning shares the buffer.
#[derive(Clone)]
pub struct Tensor {
    buffer: wgpu::Buffer,
    dims: Vec<usize>,
}

impl Tensor {
    /// Gives `buffer` a shape.
    pub fn new(buffer: wgpu::Buffer, dims: &[usize]) -> Self {
        Self { buffer, dims: dims.to_vec() }
    }

    /// The shape, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// Elements.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size of the buffer in bytes.
    pub fn bytes(&self) -> u64 {
        self.buffer.size()
    }

    /// The buffer itself.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor{:?}", self.dims)
    }
}
