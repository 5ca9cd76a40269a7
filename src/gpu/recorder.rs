//! Dispatches are recorded once, with pipelines and bind groups, and replayed every step.
//!
//! Bind-group layouts come from the shader, so there are no dynamic offsets: each dispatch has a
//! 256-byte slot of one uniform buffer and a bind group of its own. After recording, a step creates
//! nothing; only the number of workgroups along one axis may follow the number of rows.

use std::rc::Rc;

use bytemuck::Pod;

use super::{Gpu, Tensor};

/// Bytes between the parameter slots of two dispatches (`minUniformBufferOffsetAlignment`).
const SLOT_BYTES: usize = 256;

/// A compiled entry point.
#[derive(Debug)]
pub struct Kernel {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) name: String,
}

/// What the second axis of a dispatch follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Fixed,
    /// One workgroup for so many rows.
    Rows(u32),
    /// One workgroup for each piece of work.
    Work,
}

/// How many workgroups a dispatch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    groups: [u32; 3],
    axis: Axis,
}

/// What a plan is replayed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Rows of the step.
    pub rows: usize,
    /// Pieces of work that its attention is cut into.
    pub work: usize,
}

impl From<usize> for Extent {
    fn from(rows: usize) -> Self {
        Self { rows, work: 0 }
    }
}

impl Grid {
    /// Always the same number.
    pub fn fixed(x: usize, y: usize, z: usize) -> Self {
        Self { groups: [x as u32, y as u32, z as u32], axis: Axis::Fixed }
    }

    /// `x` by ceil(rows / `rows_per_group`) by `z`, with the rows given when the plan is replayed.
    pub fn by_rows(x: usize, rows_per_group: usize, z: usize) -> Self {
        assert!(rows_per_group > 0, "a workgroup covers at least one row");
        Self { groups: [x as u32, 0, z as u32], axis: Axis::Rows(rows_per_group as u32) }
    }

    /// `x` by the pieces of work given when the plan is replayed by `z`.
    pub fn by_work(x: usize, z: usize) -> Self {
        Self { groups: [x as u32, 0, z as u32], axis: Axis::Work }
    }

    fn at(self, extent: Extent) -> [u32; 3] {
        let [x, y, z] = self.groups;
        let y = match self.axis {
            Axis::Fixed => y,
            Axis::Rows(rows_per_group) => (extent.rows as u32).div_ceil(rows_per_group),
            Axis::Work => extent.work as u32,
        };
        [x, y, z]
    }
}

struct Recorded {
    kernel: Rc<Kernel>,
    buffers: Vec<wgpu::Buffer>,
    slot: usize,
    param_bytes: usize,
    grid: Grid,
}

/// Collects dispatches; [`Recorder::finish`] makes a [`Plan`] of them.
pub struct Recorder<'g> {
    gpu: &'g Gpu,
    recorded: Vec<Recorded>,
    params: Vec<u8>,
}

impl<'g> Recorder<'g> {
    /// Starts an empty plan.
    pub fn new(gpu: &'g Gpu) -> Self {
        Self { gpu, recorded: Vec::new(), params: Vec::new() }
    }

    /// The device the plan is for.
    pub fn gpu(&self) -> &'g Gpu {
        self.gpu
    }

    /// Records one dispatch; `tensors` are bound from 0 in order, `params` after them.
    pub fn dispatch<P: Pod>(&mut self, kernel: &Rc<Kernel>, tensors: &[&Tensor], params: &P, grid: Grid) {
        let bytes = bytemuck::bytes_of(params);
        assert!(bytes.len() <= SLOT_BYTES, "{}: parameters are {} bytes", kernel.name, bytes.len());
        let slot = self.params.len();
        self.params.extend_from_slice(bytes);
        self.params.resize(slot + SLOT_BYTES, 0);
        self.recorded.push(Recorded {
            kernel: kernel.clone(),
            buffers: tensors.iter().map(|tensor| tensor.buffer().clone()).collect(),
            slot,
            param_bytes: bytes.len().next_multiple_of(16),
            grid,
        });
    }

    /// Writes the parameters, makes the bind groups.
    pub fn finish(self) -> Plan {
        let size = self.params.len().max(SLOT_BYTES) as u64;
        let uniforms = self.gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("params"),
            size,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        if !self.params.is_empty() {
            self.gpu.queue().write_buffer(&uniforms, 0, &self.params);
        }
        let dispatches = self
            .recorded
            .into_iter()
            .map(|recorded| {
                let mut entries: Vec<wgpu::BindGroupEntry<'_>> = recorded
                    .buffers
                    .iter()
                    .enumerate()
                    .map(|(index, buffer)| wgpu::BindGroupEntry {
                        binding: index as u32,
                        resource: buffer.as_entire_binding(),
                    })
                    .collect();
                entries.push(wgpu::BindGroupEntry {
                    binding: recorded.buffers.len() as u32,
                    resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: &uniforms,
                        offset: recorded.slot as u64,
                        size: std::num::NonZeroU64::new(recorded.param_bytes as u64),
                    }),
                });
                let bind_group = self.gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
                    label: Some(&recorded.kernel.name),
                    layout: &recorded.kernel.pipeline.get_bind_group_layout(0),
                    entries: &entries,
                });
                Dispatch { kernel: recorded.kernel, bind_group, grid: recorded.grid }
            })
            .collect();
        Plan { dispatches }
    }
}

#[derive(Clone)]
struct Dispatch {
    kernel: Rc<Kernel>,
    bind_group: wgpu::BindGroup,
    grid: Grid,
}

impl Dispatch {
    /// The name without the constants.
    fn entry(&self) -> &str {
        self.kernel.name.split(' ').next().unwrap_or_default()
    }
}

/// A fixed sequence of dispatches.
#[derive(Default)]
pub struct Plan {
    dispatches: Vec<Dispatch>,
}

impl Plan {
    /// Number of dispatches.
    pub fn len(&self) -> usize {
        self.dispatches.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.dispatches.is_empty()
    }

    /// Replays the plan into a compute pass; `extent` sizes the grids made by [`Grid::by_rows`] (a number of
    /// rows is enough where there are no others) and [`Grid::by_work`].
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>, extent: impl Into<Extent>) {
        let extent = extent.into();
        for dispatch in &self.dispatches {
            let [x, y, z] = dispatch.grid.at(extent);
            if x == 0 || y == 0 || z == 0 {
                continue;
            }
            pass.set_pipeline(&dispatch.kernel.pipeline);
            pass.set_bind_group(0, &dispatch.bind_group, &[]);
            pass.dispatch_workgroups(x, y, z);
        }
    }

    /// The entry points in use, each once.
    pub fn kernels(&self) -> Vec<String> {
        let mut names: Vec<String> = self.dispatches.iter().map(|dispatch| dispatch.entry().into()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The dispatches of one entry point alone. What they compute means nothing; it is for measurements.
    #[must_use]
    pub fn only(&self, entry: &str) -> Self {
        let dispatches = self.dispatches.iter().filter(|dispatch| dispatch.entry() == entry);
        Self { dispatches: dispatches.cloned().collect() }
    }

    /// Submits the plan alone; for tests and measurements.
    pub fn run(&self, gpu: &Gpu, extent: impl Into<Extent>) {
        let mut encoder = gpu.encoder();
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.encode(&mut pass, extent);
        }
        gpu.queue().submit([encoder.finish()]);
    }
}
