//! `polo bench`: speeds as a table or as JSON.

use std::fmt::Write;

use super::failure::Failure;
use super::measure_args::BenchArgs;
use super::output::Output;
use super::session::{Session, progress_bar};
use crate::Error;
use crate::protocol::{BenchReport, Event, KernelBench, Request, SearchBench};

pub(super) fn run(args: &BenchArgs, output: &mut Output) -> Result<(), Failure> {
    let options = args.options();
    if options.batches.iter().any(|batch| !(1..=16).contains(batch)) {
        return Err(
            Error::BadRequest(format!("--batch is {:?}, expected numbers from 1 to 16", args.batch)).into()
        );
    }
    if options.prompt_tokens == 0 || options.decode_tokens == 0 {
        return Err(Error::BadRequest("--prompt-tokens and --decode-tokens must be at least 1".into()).into());
    }
    let mut session = Session::start();
    session.load(args.source()?, args.model.options(), output)?;
    let id = session.id();
    session.send(Request::Bench { id, options });
    let bar = progress_bar(output, "{spinner} {msg} {elapsed}", 0);
    bar.set_message("Measuring");
    let report = loop {
        if let Event::Benched { report, .. } = session.next()? {
            break report;
        }
    };
    bar.finish_and_clear();
    if args.json { output.json(&report) } else { output.text(&table(&report)) }
}

fn table(report: &BenchReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "GPU        {} ({}, {})",
        report.device.name, report.device.backend, report.device.device_type
    );
    let _ = writeln!(text, "Model      {}, {:.1} M weights", report.model, report.parameters as f64 / 1e6);
    let _ = writeln!(text, "Load       {:.0} ms", report.load_ms);
    let limits = match report.file_gb_per_s {
        Some(file) => format!(
            "reading the file alone {file:.2}, writing to the GPU alone {:.2}",
            report.upload_gb_per_s
        ),
        None => format!("writing to the GPU alone {:.2}", report.upload_gb_per_s),
    };
    let _ = writeln!(
        text,
        "Weights    {:.0} ms of it, {:.2} GB/s ({limits})",
        report.weights_ms, report.load_gb_per_s
    );
    let _ = writeln!(text, "Prefill    {:.1} tokens/s", report.prefill_tokens_per_s);
    let mebibytes = report.bandwidth_bytes >> 20;
    let _ = writeln!(text, "Bandwidth  {:.2} GB/s, reading {mebibytes} MiB\n", report.read_gb_per_s);
    let _ = writeln!(
        text,
        "{:>5} {:>12} {:>12} {:>10} {:>10} {:>15} {:>15}",
        "batch", "tokens/s", "MB/step", "GB/s", "of read", "dispatches/step", "readback/token"
    );
    for row in &report.decode {
        let _ = writeln!(
            text,
            "{:>5} {:>12.1} {:>12.2} {:>10.2} {:>8.0} % {:>15} {:>13} B",
            row.batch,
            row.tokens_per_s,
            row.bytes_per_step as f64 / 1e6,
            row.gb_per_s,
            100.0 * row.bandwidth_share,
            row.dispatches_per_step,
            row.readback_bytes_per_token,
        );
    }
    if let Some(search) = &report.search {
        search_table(search, &mut text);
    }
    text
}

fn search_table(search: &SearchBench, text: &mut String) {
    let SearchBench { prefix_tokens, branch_tokens, fork_us, first_token_ms, .. } = search;
    let _ = writeln!(
        text,
        "\nBranches of {branch_tokens} tokens over a prefix of {prefix_tokens}: a fork takes {fork_us:.1} µs, its first token comes after {first_token_ms:.1} ms"
    );
    let _ = writeln!(
        text,
        "{:>5} {:>12} {:>9} {:>10} {:>12} {:>13} {:>15} {:>9}",
        "lanes", "tokens/s", "of one", "kv MB", "unshared MB", "read MB/step", "unshared read MB", "GPU idle"
    );
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let one = search.lanes.first().map_or(1.0, |lane| lane.tokens_per_s.max(1e-9));
    for row in &search.lanes {
        let _ = writeln!(
            text,
            "{:>5} {:>12.1} {:>8.2}x {:>10.2} {:>12.2} {:>13.2} {:>16.2} {:>7.0} %",
            row.lanes,
            row.tokens_per_s,
            row.tokens_per_s / one,
            mb(row.kv_bytes),
            mb(row.kv_bytes_unshared),
            mb(row.kv_read_bytes),
            mb(row.kv_read_bytes_unshared),
            100.0 * row.idle_share,
        );
    }
    let _ = writeln!(text, "\n{:<20} {:>10} {:>10} {:>8}", "kernel", "dispatches", "ms/step", "share");
    for kernel in &search.kernels {
        let KernelBench { name, dispatches, ms, share } = kernel;
        let _ = writeln!(text, "{name:<20} {dispatches:>10} {ms:>10.3} {:>6.0} %", 100.0 * share);
    }
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::protocol::{BenchReport, DecodeBench};

    #[test]
    fn the_table_has_a_row_for_each_batch() {
        let row = |batch| DecodeBench {
            batch,
            tokens_per_s: 12.34,
            bandwidth_share: 0.5,
            ..DecodeBench::default()
        };
        let report =
            BenchReport { model: "m".into(), decode: vec![row(1), row(8)], ..BenchReport::default() };
        let text = table(&report);
        assert_eq!(
            text.lines().filter(|line| line.contains("12.3") && line.contains("50 %")).count(),
            2,
            "{text}"
        );
    }
}
