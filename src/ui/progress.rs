//! What a load and a download are doing, in words and figures.

use crate::protocol::{LoadPhase, PullPhase};

use super::figures;
use super::models::{Pull, PullState};
use super::state::Phase;

/// The phases of a load in their order, each with its name.
pub const STEPS: [(LoadPhase, &str); 4] = [
    (LoadPhase::Open, "Open"),
    (LoadPhase::Upload, "Upload"),
    (LoadPhase::Compile, "Compile"),
    (LoadPhase::Check, "Check"),
];

/// What a phase of a load does.
pub fn loading(phase: LoadPhase) -> &'static str {
    match phase {
        LoadPhase::Open => "Opening the file",
        LoadPhase::Upload => "Bringing the weights to the GPU",
        LoadPhase::Compile => "Compiling the kernels",
        LoadPhase::Check => "Checking the numbers",
    }
}

/// How far the engine has come, in a sentence.
pub fn sentence(phase: Phase) -> String {
    match phase {
        Phase::Starting => "The engine is starting.".to_owned(),
        Phase::Loading { phase, total_bytes: 0, .. } => format!("{}.", loading(phase)),
        Phase::Loading { phase, done_bytes, total_bytes } => {
            format!("{}: {}.", loading(phase), figures::size_of(done_bytes, total_bytes))
        }
        Phase::Ready => "The model answers.".to_owned(),
        Phase::Down => "The engine does not run.".to_owned(),
    }
}

/// How far the engine has come, in the header: a word or two after the model's name.
pub fn short(phase: Phase) -> Option<String> {
    match phase {
        Phase::Starting => Some("starting…".to_owned()),
        Phase::Loading { phase: LoadPhase::Upload, done_bytes, total_bytes } if total_bytes > 0 => {
            Some(figures::percent(done_bytes, total_bytes))
        }
        Phase::Loading { phase: LoadPhase::Compile, .. } => Some("compiling…".to_owned()),
        Phase::Loading { phase: LoadPhase::Check, .. } => Some("checking…".to_owned()),
        Phase::Loading { .. } => Some("opening…".to_owned()),
        Phase::Down => Some("not running".to_owned()),
        Phase::Ready => None,
    }
}

/// What a download is about: state, bytes, speed, time left.
pub fn pulling(pull: &Pull) -> String {
    let progress = &pull.progress;
    let bytes = figures::size_of(progress.done_bytes, progress.total_bytes);
    match &pull.state {
        PullState::Paused => format!("Paused at {bytes}"),
        PullState::Pausing => format!("Pausing at {bytes}"),
        PullState::Failed(_) => format!("Stopped at {bytes}"),
        PullState::Running => match progress.phase {
            PullPhase::Verify => format!("Checking what came: {bytes}"),
            PullPhase::Wait => format!("{bytes} · no connection, trying again"),
            PullPhase::Download => {
                let mut parts = vec![bytes];
                if progress.bytes_per_s >= 1.0 {
                    parts.push(figures::speed(progress.bytes_per_s));
                }
                parts.extend(progress.seconds_left.map(figures::left).filter(|left| !left.is_empty()));
                parts.join(" · ")
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_in_words() {
        let at = |phase, total_bytes| Phase::Loading { phase, done_bytes: 340_000_000, total_bytes };
        assert_eq!(short(at(LoadPhase::Upload, 1_000_000_000)).as_deref(), Some("34 %"));
        assert_eq!(short(at(LoadPhase::Upload, 0)).as_deref(), Some("opening…"));
        assert_eq!(short(Phase::Ready), None);
        let whole = sentence(at(LoadPhase::Upload, 1_000_000_000));
        assert_eq!(whole, "Bringing the weights to the GPU: 0.34 of 1.00 GB.");
        assert_eq!(sentence(at(LoadPhase::Compile, 0)), "Compiling the kernels.");
    }
}
