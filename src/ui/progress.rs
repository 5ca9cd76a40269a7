//! What a load and a download are doing, in words and figures.

use crate::protocol::{LoadPhase, PullPhase};

use super::figures;
use super::models::{Pull, PullState};
use super::state::Phase;
use super::words::t;

/// The phases of a load in their order, each with the message that names it.
pub const STEPS: [(LoadPhase, &str); 4] = [
    (LoadPhase::Open, "models-step-open"),
    (LoadPhase::Upload, "models-step-upload"),
    (LoadPhase::Compile, "models-step-compile"),
    (LoadPhase::Check, "models-step-check"),
];

/// What a phase of a load does.
pub fn loading(phase: LoadPhase) -> String {
    t!(match phase {
        LoadPhase::Open => "models-phase-open",
        LoadPhase::Upload => "models-phase-upload",
        LoadPhase::Compile => "models-phase-compile",
        LoadPhase::Check => "models-phase-check",
    })
}

/// How far the engine has come, in a sentence.
pub fn sentence(phase: Phase) -> String {
    match phase {
        Phase::Starting => t!("models-starting"),
        Phase::Loading { phase, total_bytes: 0, .. } => t!("models-phase-done", phase = loading(phase)),
        Phase::Loading { phase, done_bytes, total_bytes } => {
            t!("models-phase-of", phase = loading(phase), done = figures::size_of(done_bytes, total_bytes))
        }
        Phase::Ready => t!("models-answers"),
        Phase::Down => t!("models-down"),
    }
}

/// How far the engine has come, in the header: a word or two after the model's name.
pub fn short(phase: Phase) -> Option<String> {
    match phase {
        Phase::Starting => Some(t!("models-short-starting")),
        Phase::Loading { phase: LoadPhase::Upload, done_bytes, total_bytes } if total_bytes > 0 => {
            Some(figures::percent(done_bytes, total_bytes))
        }
        Phase::Loading { phase: LoadPhase::Compile, .. } => Some(t!("models-short-compiling")),
        Phase::Loading { phase: LoadPhase::Check, .. } => Some(t!("models-short-checking")),
        Phase::Loading { .. } => Some(t!("models-short-opening")),
        Phase::Down => Some(t!("models-short-down")),
        Phase::Ready => None,
    }
}

/// What a download is about: state, bytes, speed, time left.
pub fn pulling(pull: &Pull) -> String {
    let progress = &pull.progress;
    let bytes = figures::size_of(progress.done_bytes, progress.total_bytes);
    match &pull.state {
        PullState::Paused => t!("models-paused-at", bytes = bytes),
        PullState::Pausing => t!("models-pausing-at", bytes = bytes),
        PullState::Failed(_) => t!("models-stopped-at", bytes = bytes),
        PullState::Running => match progress.phase {
            PullPhase::Verify => t!("models-verifying", bytes = bytes),
            PullPhase::Wait => t!("models-waiting", bytes = bytes),
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
