//! `polo doctor`: the GPUs of this machine, what the engine makes of one, and whether it computes right.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::failure::Failure;
use super::measure_args::DoctorArgs;
use super::output::Output;
use super::session::{Session, progress_bar};
use crate::engine;
use crate::protocol::{DeviceInfo, Event, ModelInfo, Request, SelfTestResult, TensorFormat};

/// What to say of a kernel that differs from its reference.
const WRONG_NUMBERS: &str =
    "\nNot healthy: a kernel gave wrong numbers. Try --baseline, another --device or a newer driver.\n";

/// What was found.
#[derive(Debug, Default, Serialize)]
struct Findings {
    version: &'static str,
    /// Every adapter, as the system orders them.
    adapters: Vec<DeviceInfo>,
    /// The one in use.
    device: Option<DeviceInfo>,
    model: Option<ModelInfo>,
    self_test: Vec<SelfTestResult>,
    /// Why the device could not be opened or tested.
    failure: Option<String>,
    healthy: bool,
}

pub(super) fn run(args: &DoctorArgs, output: &mut Output) -> Result<(), Failure> {
    let mut findings = Findings {
        version: env!("CARGO_PKG_VERSION"),
        adapters: pollster::block_on(engine::list_adapters()),
        ..Findings::default()
    };
    let mut session = Session::start();
    match examine(args, &mut session, &mut findings, output) {
        Ok(()) => findings.healthy = findings.self_test.iter().all(SelfTestResult::passed),
        Err(Failure::Error { message, .. }) => findings.failure = Some(message),
        Err(other) => return Err(other),
    }
    findings.device = session.device.take();
    if args.json {
        output.json(&findings)?;
    } else {
        output.text(&table(&findings))?;
    }
    output.flush()?;
    if findings.healthy { Ok(()) } else { Err(Failure::Faults) }
}

fn examine(
    args: &DoctorArgs,
    session: &mut Session,
    findings: &mut Findings,
    output: &mut Output,
) -> Result<(), Failure> {
    findings.model = Some(session.load(args.model.source()?, args.model.options(), output)?);
    let id = session.id();
    session.send(Request::SelfTest { id });
    let bar = progress_bar(output, "{spinner} {msg} {elapsed}", 0);
    bar.set_message("Holding every kernel against its reference");
    loop {
        if let Event::SelfTested { results, .. } = session.next()? {
            findings.self_test = results;
            bar.finish_and_clear();
            return Ok(());
        }
    }
}

fn table(findings: &Findings) -> String {
    let mut text = format!("polo {}\n\nAdapters\n", findings.version);
    // Writing to a String cannot fail.
    for (number, adapter) in findings.adapters.iter().enumerate() {
        let DeviceInfo { name, backend, device_type, driver, .. } = adapter;
        let _ = writeln!(text, "  {number}  {name} ({backend}, {device_type}) {driver}");
    }
    if findings.adapters.is_empty() {
        text += "  none\n";
    }
    if let Some(device) = &findings.device {
        let _ = writeln!(text, "\nIn use: {} ({})", device.name, device.backend);
        let features =
            if device.features.is_empty() { "none needed".into() } else { device.features.join(", ") };
        let _ = writeln!(text, "  features  {features}");
        for (name, value) in &device.limits {
            let _ = writeln!(text, "  {name}  {value}");
        }
        text += "\nKernels chosen\n";
        for (kernel, variant) in &device.variants {
            let _ = writeln!(text, "  {kernel}: {variant}");
        }
    }
    if let Some(model) = &findings.model {
        let _ = writeln!(
            text,
            "\nModel: {} ({:.1} M weights, {:.1} MB on the GPU, context {})",
            model.name,
            model.parameters as f64 / 1e6,
            model.weight_bytes as f64 / 1e6,
            model.context,
        );
        // One line a format; the JSON has every tensor.
        let mut formats: BTreeMap<(&str, &str), Vec<&TensorFormat>> = BTreeMap::new();
        for tensor in &model.tensors {
            formats.entry((&tensor.file, &tensor.gpu)).or_default().push(tensor);
        }
        for ((file, gpu), tensors) in formats {
            let chunks: usize = tensors.iter().map(|tensor| tensor.chunks).sum();
            let first = tensors[0];
            let _ = writeln!(
                text,
                "  {file} -> {gpu}: {} in {}, such as {} {:?}",
                counted(tensors.len(), "tensor"),
                counted(chunks, "buffer"),
                first.name,
                first.dims,
            );
        }
    }
    if !findings.self_test.is_empty() {
        text += "\nSelf-test\n";
        for result in &findings.self_test {
            let verdict = if result.passed() { "ok  " } else { "FAIL" };
            let _ = write!(
                text,
                "  {verdict}  {}  error {:.1e}, at most {:.0e}",
                result.name, result.error, result.tolerance
            );
            if let Some(failure) = &result.failure {
                let _ = write!(text, ": {failure}");
            }
            text.push('\n');
        }
    }
    match &findings.failure {
        Some(failure) => {
            let _ = writeln!(text, "\nNot healthy: {failure}");
        }
        None if findings.healthy => text += "\nHealthy: this GPU computes right.\n",
        None => text += WRONG_NUMBERS,
    }
    text
}

/// `1 tensor`, `2 tensors`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{Findings, table};
    use crate::protocol::SelfTestResult;

    #[test]
    fn faults_are_said_plainly() {
        let result =
            |error: f64| SelfTestResult { name: "matvec".into(), error, tolerance: 1e-6, failure: None };
        let healthy = Findings { healthy: true, self_test: vec![result(1e-7)], ..Findings::default() };
        assert!(table(&healthy).contains("Healthy") && table(&healthy).contains("ok    matvec"));
        let faulty = Findings { self_test: vec![result(f64::NAN)], ..Findings::default() };
        assert!(table(&faulty).contains("FAIL  matvec") && table(&faulty).contains("wrong numbers"));
        let none = Findings { failure: Some("no usable GPU".into()), ..Findings::default() };
        assert!(table(&none).contains("none") && table(&none).contains("Not healthy: no usable GPU"));
    }
}
