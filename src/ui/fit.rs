//! The pre-flight report in words: verdict, offered contexts, and the parts of the memory.

use crate::protocol::{Fit, FitReport};

use super::figures;
use super::words::t;

/// How good a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing stands in the way.
    Good,
    /// Nobody knows, or not everything fits.
    Careful,
    /// It will not work.
    Bad,
}

impl Tone {
    /// The name in the style sheet.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Careful => "careful",
            Self::Bad => "bad",
        }
    }
}

/// The verdict in a few words.
pub fn verdict(report: &FitReport) -> (Tone, String) {
    match report.fit {
        Fit::Fits => (Tone::Good, t!("models-fit-yes", tokens = report.context)),
        Fit::Shorter => (Tone::Careful, t!("models-fit-shorter", tokens = report.largest_context)),
        Fit::TooLarge => (Tone::Bad, t!("models-fit-no")),
        Fit::Unknown => (Tone::Careful, t!("models-fit-unknown")),
    }
}

/// What it needs of the GPU's memory, and what there is.
pub fn reason(report: &FitReport) -> String {
    let needed = figures::bytes(total(report));
    match report.device_bytes {
        Some(has) => t!("models-fit-needs", needed = needed, has = figures::bytes(has)),
        None => t!("models-fit-needs-unknown", needed = needed),
    }
}

/// Contexts to choose from, shortest first: powers of two, the judged one, and the longest that fits.
pub fn contexts(report: &FitReport) -> Vec<usize> {
    let longest = if report.largest_context == 0 { report.model_context } else { report.largest_context };
    let mut offered: Vec<usize> =
        (9..=20).map(|power| 1 << power).filter(|tokens| *tokens >= 1024 && *tokens <= longest).collect();
    offered.extend([longest, report.context].into_iter().filter(|tokens| *tokens > 0));
    offered.sort_unstable();
    offered.dedup();
    offered
}

/// Bytes on the GPU in all.
pub fn total(report: &FitReport) -> u64 {
    report.weight_bytes + report.kv_bytes + report.scratch_bytes
}

/// Parts of the bar that shows the memory: class, start and length, in thousandths of the bar.
/// The bar is the GPU's memory, or what is needed where that is more or not known.
pub fn bar(report: &FitReport) -> Vec<(&'static str, f64, f64)> {
    let whole = report.device_bytes.unwrap_or(0).max(total(report)).max(1) as f64;
    let mut start = 0.0;
    [("weights", report.weight_bytes), ("kv", report.kv_bytes), ("scratch", report.scratch_bytes)]
        .into_iter()
        .map(|(class, bytes)| {
            let (from, length) = (start, bytes as f64 * 1000.0 / whole);
            start += length;
            (class, from, length)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> FitReport {
        FitReport {
            weight_bytes: 600,
            kv_bytes: 150,
            scratch_bytes: 50,
            context: 8192,
            largest_context: 10_000,
            model_context: 32_768,
            device_bytes: Some(1000),
            fit: Fit::Fits,
            ..FitReport::default()
        }
    }

    #[test]
    fn verdicts_are_plain() {
        let said = |fit| verdict(&FitReport { fit, ..report() });
        assert_eq!(said(Fit::Fits), (Tone::Good, "It fits, with 8,192 tokens of context".into()));
        assert_eq!(said(Fit::Shorter).0, Tone::Careful);
        assert!(said(Fit::Shorter).1.contains("10,000"));
        assert_eq!(said(Fit::TooLarge).0, Tone::Bad);
        assert_eq!(said(Fit::Unknown).0, Tone::Careful);
    }

    #[test]
    fn contexts_end_at_the_longest_that_fits() {
        assert_eq!(contexts(&report()), [1024, 2048, 4096, 8192, 10_000]);
        let judged = FitReport { context: 16_000, ..report() };
        assert_eq!(contexts(&judged), [1024, 2048, 4096, 8192, 10_000, 16_000], "the one that was asked for");
        let short = FitReport { context: 512, largest_context: 512, ..report() };
        assert_eq!(contexts(&short), [512]);
        assert_eq!(contexts(&FitReport::default()), [0_usize; 0]);
    }

    #[test]
    fn the_bar_is_the_gpu_or_what_is_needed() {
        assert_eq!(bar(&report()), [("weights", 0.0, 600.0), ("kv", 600.0, 150.0), ("scratch", 750.0, 50.0)]);
        let unknown = FitReport { device_bytes: None, ..report() };
        assert_eq!(bar(&unknown)[0], ("weights", 0.0, 750.0));
        assert_eq!(total(&unknown), 800);
        assert!(bar(&FitReport::default()).iter().all(|(_, start, length)| *start == 0.0 && *length == 0.0));
    }
}
