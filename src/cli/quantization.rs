//! `polo eval --suite quantization`: how far each way of holding the weights strays from the model as it is.

use serde::Serialize;

use super::eval_args::EvalArgs;
use super::failure::Failure;
use super::output::Output;
use super::session::{Session, progress_bar};
use crate::eval::quantization;
use crate::protocol::{Comparison, Event, Request};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Evaluation {
    suite: &'static str,
    device: String,
    #[serde(flatten)]
    comparison: Comparison,
    elapsed_s: f64,
}

pub(super) fn run(args: &EvalArgs, output: &mut Output) -> Result<(), Failure> {
    let mut session = Session::start();
    let start = web_time::Instant::now();
    let id = session.id();
    let reference = args.model.source()?;
    let candidates = quantization::candidates(&reference, &args.compare);
    let models = candidates.len() as u64 + 1;
    session.send(Request::Compare {
        id,
        reference,
        candidates,
        texts: quantization::texts(),
        options: args.model.options(),
    });
    let bar = progress_bar(output, "{msg} [{bar:30}] {bytes}/{total_bytes} {eta}", 0);
    bar.set_message(format!("Loading each of {models}"));
    let comparison = loop {
        match session.next()? {
            Event::Loading { done_bytes, total_bytes, .. } => {
                bar.set_length(total_bytes);
                bar.set_position(done_bytes);
            }
            Event::Compared { comparison, .. } => break comparison,
            _ => {}
        }
    };
    bar.finish_and_clear();
    if !args.json {
        output.text(&quantization::table(&comparison))?;
        return Ok(());
    }
    output.json(&Evaluation {
        suite: quantization::NAME,
        device: session.device.take().unwrap_or_default().name,
        comparison,
        elapsed_s: start.elapsed().as_secs_f64(),
    })
}
