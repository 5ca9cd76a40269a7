//! The pre-flight: from the head of a model's file alone, what it would take and whether it fits.

use super::opened::Opened;
use crate::error::Result;
use crate::gpu::Gpu;
use crate::model::{Needs, SHORTEST_CONTEXT};
use crate::protocol::{Fit, FitReport, LoadOptions, ModelSource};

/// Left to the system and to other programs: a twelfth of the memory, and at least this much. In bytes.
const LEFT_TO_OTHERS: u64 = 256 << 20;

/// Reads the head of `source` and judges it for this device.
pub(super) async fn inspect(gpu: &Gpu, source: &ModelSource, options: &LoadOptions) -> Result<FitReport> {
    judge(gpu, gpu.memory_bytes(), source, options).await
}

/// As [`inspect`], for a device with that much memory.
pub(super) async fn judge(
    gpu: &Gpu,
    device_bytes: Option<u64>,
    source: &ModelSource,
    options: &LoadOptions,
) -> Result<FitReport> {
    let opened = Opened::open(source).await?;
    let chosen = opened.options(options)?;
    let needs = |context: usize| {
        Needs::of(&opened.config, &opened.source(), &chosen.with_context(context), gpu.variant())
    };
    let model_context = opened.config.max_position_embeddings;
    let device = Device { budget: device_bytes.map(budget), binding: gpu.largest_binding() };
    let fits = |context: usize| -> Result<bool> {
        Ok(device.holds(&needs(context)?, opened.config.num_hidden_layers))
    };
    let taken = needs(chosen.context)?;
    let largest_context = largest(model_context, fits)?;
    let fit = match largest_context {
        None => Fit::TooLarge,
        Some(longest) if longest < chosen.context => Fit::Shorter,
        Some(_) if device.budget.is_none() => Fit::Unknown,
        Some(_) => Fit::Fits,
    };
    let info = opened.info();
    let mut report = FitReport {
        name: info.name,
        architecture: info.architecture,
        thoughts: info.thoughts,
        parameters: info.parameters,
        file_bytes: opened.file_bytes(),
        weight_bytes: taken.weights,
        kv_bytes: taken.kv,
        scratch_bytes: taken.scratch,
        context: chosen.context,
        largest_context: largest_context.unwrap_or(0),
        model_context,
        device_bytes,
        fit,
        reason: String::new(),
    };
    report.reason = reason(&report);
    Ok(report)
}

/// Of the memory, what a model may take.
fn budget(device_bytes: u64) -> u64 {
    device_bytes.saturating_sub(LEFT_TO_OTHERS.max(device_bytes / 12))
}

struct Device {
    budget: Option<u64>,
    /// Largest buffer a shader can see.
    binding: u64,
}

impl Device {
    fn holds(&self, needs: &Needs, layers: usize) -> bool {
        needs.kv / layers as u64 <= self.binding && self.budget.is_none_or(|budget| needs.total() <= budget)
    }
}

/// The longest context that fits, in steps of 256 tokens.
fn largest(model_context: usize, fits: impl Fn(usize) -> Result<bool>) -> Result<Option<usize>> {
    const STEP: usize = 256;
    if fits(model_context)? {
        return Ok(Some(model_context));
    }
    let shortest = SHORTEST_CONTEXT.min(model_context);
    if !fits(shortest)? {
        return Ok(None);
    }
    let (mut good, mut bad) = (shortest, model_context);
    while bad - good > STEP {
        let middle = good.midpoint(bad) / STEP * STEP;
        let middle = if middle <= good { good + STEP } else { middle };
        if fits(middle)? { good = middle } else { bad = middle }
    }
    Ok(Some(good))
}

/// The verdict with its numbers.
fn reason(report: &FitReport) -> String {
    let total = report.weight_bytes + report.kv_bytes + report.scratch_bytes;
    let parts = format!(
        "weights {}, keys and values {} for {} tokens, working memory {}: {} in all",
        gb(report.weight_bytes),
        gb(report.kv_bytes),
        report.context,
        gb(report.scratch_bytes),
        gb(total)
    );
    let has = match report.device_bytes {
        Some(bytes) => format!("this GPU has {}", gb(bytes)),
        None => "this GPU does not tell its memory".into(),
    };
    match report.fit {
        Fit::Fits | Fit::Unknown => format!("{parts}; {has}"),
        Fit::Shorter => {
            format!("{parts}; {has}: a context of up to {} tokens fits", report.largest_context)
        }
        Fit::TooLarge => {
            format!("{parts}; {has}: choose a smaller model or a form with fewer bits a weight")
        }
    }
}

fn gb(bytes: u64) -> String {
    if bytes >= 1_000_000_000 {
        format!("{:.1} GB", bytes as f64 / 1e9)
    } else {
        format!("{:.0} MB", bytes as f64 / 1e6)
    }
}
