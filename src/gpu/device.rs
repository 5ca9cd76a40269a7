//! Adapter, device, kernels and buffers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use super::{Kernel, Tensor};
use crate::error::{Error, Result};
use crate::platform;
use crate::protocol::{DeviceInfo, Variant};

/// What to ask of the system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceOptions {
    /// Part of an adapter's name, or its index in [`list_adapters`]; `None` for the fastest.
    pub device: Option<String>,
    /// Ask for nothing beyond the default WebGPU limits and features.
    pub baseline: bool,
    /// Kernel family; `None` chooses by what the adapter is and has.
    pub variant: Option<Variant>,
}

/// An open device. Dropping it frees everything on it.
pub struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    info: DeviceInfo,
    variant: Variant,
    has_subgroups: bool,
    memory_bytes: Option<u64>,
    lost: Arc<Mutex<Option<String>>>,
    kernels: RefCell<HashMap<(String, String), Rc<Kernel>>>,
}

const ADVICE: &str = "update the graphics driver, or install a software one \
     (Debian and Ubuntu: apt install mesa-vulkan-drivers); in a browser use a current Chrome, Edge, \
     Firefox or Safari over https or localhost";

fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle())
}

fn describe(info: &wgpu::AdapterInfo, limits: &wgpu::Limits) -> DeviceInfo {
    DeviceInfo {
        name: info.name.clone(),
        backend: format!("{:?}", info.backend),
        device_type: format!("{:?}", info.device_type),
        driver: [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().to_owned(),
        features: Vec::new(),
        limits: vec![
            ("max_buffer_size".into(), limits.max_buffer_size),
            ("max_storage_buffer_binding_size".into(), limits.max_storage_buffer_binding_size),
            (
                "max_storage_buffers_per_shader_stage".into(),
                limits.max_storage_buffers_per_shader_stage.into(),
            ),
            ("max_compute_workgroup_storage_size".into(), limits.max_compute_workgroup_storage_size.into()),
            (
                "max_compute_invocations_per_workgroup".into(),
                limits.max_compute_invocations_per_workgroup.into(),
            ),
        ],
        variants: Vec::new(),
    }
}

/// Every adapter of the system, best first as the system orders them. In a browser: the one it gives.
pub async fn list_adapters() -> Vec<DeviceInfo> {
    let adapters = instance().enumerate_adapters(wgpu::Backends::all()).await;
    adapters.iter().map(|adapter| describe(&adapter.get_info(), &adapter.limits())).collect()
}

async fn choose_adapter(options: &DeviceOptions) -> Result<wgpu::Adapter> {
    let instance = instance();
    if let Some(wanted) = &options.device {
        let mut adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
        let names: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
        let position = match wanted.parse::<usize>() {
            Ok(index) => (index < adapters.len()).then_some(index),
            Err(_) => names.iter().position(|name| name.to_lowercase().contains(&wanted.to_lowercase())),
        };
        return match position {
            Some(index) => Ok(adapters.swap_remove(index)),
            None => Err(Error::NoGpu(format!(
                "no adapter matches {wanted:?}; there are {names:?}: name one of them or give its index"
            ))),
        };
    }
    let request = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    };
    instance.request_adapter(&request).await.map_err(|error| Error::NoGpu(format!("{error}; {ADVICE}")))
}

impl Gpu {
    /// Opens the fastest adapter, or the one asked for.
    pub async fn open(options: &DeviceOptions) -> Result<Self> {
        let adapter = choose_adapter(options).await?;
        let adapter_info = adapter.get_info();
        let available = adapter.limits();
        let mut limits = wgpu::Limits::default();
        let mut features = wgpu::Features::empty();
        if !options.baseline {
            limits.max_buffer_size = available.max_buffer_size;
            limits.max_storage_buffer_binding_size = available.max_storage_buffer_binding_size;
            features |= adapter.features() & (wgpu::Features::SUBGROUP | wgpu::Features::TIMESTAMP_QUERY);
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("polo"),
            required_features: features,
            required_limits: limits.clone(),
            memory_hints: wgpu::MemoryHints::MemoryUsage,
            ..Default::default()
        };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|error| Error::NoGpu(format!("{}: {error}; {ADVICE}", adapter_info.name)))?;
        let lost: Arc<Mutex<Option<String>>> = Arc::default();
        let note = lost.clone();
        device.set_device_lost_callback(move |reason, message| {
            if let Ok(mut slot) = note.lock() {
                slot.get_or_insert(format!("{reason:?}: {message}"));
            }
        });
        let full = lost.clone();
        device.on_uncaptured_error(Arc::new(move |error| match error {
            wgpu::Error::OutOfMemory { .. } => {
                // Outside of `allocate`, where nothing can be given up: everything is let go and tried again.
                if let Ok(mut slot) = full.lock() {
                    slot.get_or_insert(format!("its memory is full: {error}"));
                }
            }
            // A use of the interface that it forbids is a fault of ours.
            other => panic!("{other}"),
        }));
        // wgpu's browser backend neither requests nor reports subgroups; the worker's shim does both.
        let has_subgroups = features.contains(wgpu::Features::SUBGROUP)
            || (!options.baseline && platform::shim_has_subgroups());
        let mut info = describe(&adapter_info, &limits);
        // Known only now, after the request.
        if info.name.is_empty() {
            info.name = platform::shim_adapter_name().unwrap_or_default();
        }
        if has_subgroups {
            info.features.push("subgroups".into());
        }
        if features.contains(wgpu::Features::TIMESTAMP_QUERY) {
            info.features.push("timestamp-query".into());
        }
        let (variant, why) = match options.variant {
            Some(Variant::Subgroup) if !has_subgroups => {
                return Err(Error::BadRequest(format!(
                    "{} has no subgroups: choose the variant base or serial",
                    info.name
                )));
            }
            Some(variant) => (variant, "asked for"),
            None if adapter_info.device_type == wgpu::DeviceType::Cpu => {
                (Variant::Serial, "the adapter is a CPU, where barriers are what costs")
            }
            None if has_subgroups => (Variant::Subgroup, "the adapter has subgroups"),
            None => (Variant::Base, "works on every device"),
        };
        info.variants
            .push(("matvec, attention, sampling".into(), format!("{variant:?}: {why}").to_lowercase()));
        Ok(Self {
            device,
            queue,
            info,
            variant,
            has_subgroups,
            memory_bytes: platform::adapter_memory(&adapter),
            lost,
            kernels: RefCell::default(),
        })
    }

    /// The wgpu device.
    pub fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// The wgpu queue.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }

    /// Adapter, limits, features, variants.
    pub fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// The kernel family to use.
    pub fn variant(&self) -> Variant {
        self.variant
    }

    /// Changes the kernel family, e.g. after a variant failed its check; `why` is shown to the user.
    pub fn set_variant(&mut self, variant: Variant, why: &str) {
        self.variant = variant;
        self.info.variants = vec![(
            "matvec, attention, sampling".into(),
            format!("{}: {why}", format!("{variant:?}").to_lowercase()),
        )];
    }

    /// Memory of the device in bytes, where the driver tells it.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.memory_bytes
    }

    /// Largest buffer a shader can see, in bytes.
    pub fn largest_binding(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_buffer_size.min(limits.max_storage_buffer_binding_size)
    }

    /// Whether shaders may use subgroup operations.
    pub fn has_subgroups(&self) -> bool {
        self.has_subgroups
    }

    /// Why the device was lost, if it was.
    pub fn lost(&self) -> Option<Error> {
        self.lost.lock().ok()?.clone().map(Error::GpuLost)
    }

    /// Compiles `source` (or finds it compiled) with `overrides` for its override constants; the entry
    /// point is `entry`.
    pub fn kernel(&self, entry: &str, source: &str, overrides: &[(&str, f64)]) -> Rc<Kernel> {
        let mut key = entry.to_owned();
        for (name, value) in overrides {
            key = format!("{key} {name}={value}");
        }
        let full_key = (key.clone(), source.to_owned());
        if let Some(kernel) = self.kernels.borrow().get(&full_key) {
            return kernel.clone();
        }
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(&key),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&key),
            layout: None,
            module: &module,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: overrides,
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        let kernel = Rc::new(Kernel { pipeline, name: key });
        self.kernels.borrow_mut().insert(full_key, kernel.clone());
        kernel
    }

    /// A new command encoder.
    pub fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None })
    }

    fn buffer(&self, label: &str, bytes: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            // Bindings are whole 16-byte elements, and no binding may be empty.
            size: bytes.next_multiple_of(16).max(16),
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        })
    }

    /// A zeroed tensor of 4-byte elements.
    pub fn zeros(&self, label: &str, dims: &[usize]) -> Tensor {
        Tensor::new(self.buffer(label, dims.iter().product::<usize>() as u64 * 4), dims)
    }

    /// A tensor of 4-byte elements that holds `data`.
    pub fn upload<T: bytemuck::Pod>(&self, label: &str, data: &[T], dims: &[usize]) -> Tensor {
        assert_eq!(size_of_val(data), dims.iter().product::<usize>() * 4, "{label}: data for {dims:?}");
        let tensor = self.zeros(label, dims);
        self.write(&tensor, 0, data);
        tensor
    }

    /// Overwrites part of a tensor, from byte `offset`, with the next submit.
    pub fn write<T: bytemuck::Pod>(&self, tensor: &Tensor, offset: u64, data: &[T]) {
        if !data.is_empty() {
            self.queue.write_buffer(tensor.buffer(), offset, bytemuck::cast_slice(data));
        }
    }

    /// As [`Gpu::zeros`], of `bytes` bytes, but a refusal by the driver is an error; for weights and caches.
    pub async fn allocate(&self, label: &str, bytes: u64, dims: &[usize]) -> Result<Tensor> {
        let advice = "choose a smaller context or a smaller model";
        let refused = |what: String| Error::OutOfMemory { what, needed_bytes: bytes, advice: advice.into() };
        let largest = self.largest_binding();
        if bytes > largest {
            return Err(refused(format!("{label} (the device binds at most {largest} bytes)")));
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let buffer = self.buffer(label, bytes);
        match scope.pop().await {
            None => Ok(Tensor::new(buffer, dims)),
            Some(_) => Err(refused(label.to_owned())),
        }
    }

    pub(super) fn staging(&self, bytes: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size: bytes.next_multiple_of(16),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    /// Runs callbacks that are due; browsers do so themselves.
    pub fn poll(&self) {
        // Poll never waits, so its only failure is a lost device, which the callback has noted.
        let _ = self.device.poll(wgpu::PollType::Poll);
    }

    pub(super) fn poll_until(&self, submission: wgpu::SubmissionIndex) {
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: None };
        // As above: whoever awaits the result sees the loss.
        let _ = self.device.poll(wait);
    }

    /// Reads a whole tensor back and waits for it; for tests and measurements.
    pub async fn read<T: bytemuck::Pod>(&self, tensor: &Tensor) -> Result<Vec<T>> {
        let ring = super::Ring::new(self, 1, tensor.bytes());
        let mut encoder = self.encoder();
        let Some(copy) = ring.copy(&mut encoder, tensor, tensor.bytes()) else {
            return Err(Error::ReadBack("a new ring has no buffer".into()));
        };
        let submission = self.queue.submit([encoder.finish()]);
        let bytes = copy.map(submission).wait(self).await?;
        let mut values: Vec<T> = bytemuck::pod_collect_to_vec(&bytes);
        values.truncate(tensor.len());
        Ok(values)
    }

    /// Waits until everything submitted so far is done.
    pub async fn finish(&self) -> Result<()> {
        let marker = self.zeros("marker", &[4]);
        self.read::<u32>(&marker).await.map(|_| ())
    }

    /// Runs `work` and tells the first validation error it caused; for shaders that may not compile.
    pub async fn check<T>(&self, work: impl FnOnce() -> T) -> Result<T, String> {
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let value = work();
        match scope.pop().await {
            None => Ok(value),
            Some(error) => Err(error.to_string()),
        }
    }
}
