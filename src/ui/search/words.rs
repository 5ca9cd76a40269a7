//! A search in words: why an answer won, why the search ended, how a node stands.

use crate::protocol::{Chosen, NodeKind, SearchReport, Standing, StopCause};
use crate::ui::figures;
use crate::ui::words::t;

use super::run::Run;

/// A share of 1 in whole per cent.
pub fn percent(share: f64) -> String {
    figures::per_cent(share, 0)
}

/// What a node holds.
pub fn kind(kind: NodeKind) -> String {
    t!(match kind {
        NodeKind::Segment => "search-kind-thought",
        NodeKind::Reflection => "search-kind-reflection",
        NodeKind::Final => "search-kind-answer",
        NodeKind::Truncated => "search-kind-forced",
        NodeKind::Loop => "search-kind-loop",
    })
}

/// Why a node is chosen next, or is not.
pub fn standing(standing: Standing) -> String {
    t!(match standing {
        Standing::Next => "search-standing-next",
        Standing::Open => "search-standing-open",
        Standing::Closed => "search-standing-closed",
        Standing::Ended => "search-standing-ended",
        Standing::Pruned => "search-standing-pruned",
    })
}

/// Why the answer won.
pub fn why(report: &SearchReport) -> String {
    let first = report.votes.classes.first();
    match report.chosen {
        Chosen::Vote => {
            let (votes, weight) = first.map_or((0, 0.0), |class| (class.votes, class.weight));
            t!("search-why-vote", votes = votes, all = report.votes.votes, weight = percent(weight))
        }
        Chosen::BestPath => t!("search-why-best-path"),
        Chosen::NoAgreement if report.votes.classes.len() == 1 => t!("search-why-only"),
        Chosen::NoAgreement => t!("search-why-no-agreement"),
        Chosen::Nothing => t!("search-why-nothing"),
    }
}

/// Whether thinking again changed the answer; `None` where no branch thought again.
pub fn reflection(report: &SearchReport, reflected: bool) -> Option<String> {
    match &report.without_reflection {
        Some(other) => Some(t!("search-reflection-changed", other = other.as_str())),
        None if reflected => Some(t!("search-reflection-unchanged")),
        None => None,
    }
}

/// Why the search ended.
pub fn stopped(stop: StopCause) -> String {
    t!(match stop {
        StopCause::Rollouts => "search-stopped-rollouts",
        StopCause::Tokens => "search-stopped-tokens",
        StopCause::Time => "search-stopped-time",
        StopCause::Agreement => "search-stopped-agreement",
        StopCause::Exhausted => "search-stopped-exhausted",
        StopCause::Cancelled => "search-stopped-cancelled",
    })
}

/// How far a search is, in parts of a line.
pub fn progress(run: &Run) -> Vec<String> {
    let progress = run.progress;
    let rollouts = run.options.rollouts.max(progress.rollouts);
    let tokens = progress.max_tokens.max(run.options.max_tokens);
    let mut parts = vec![
        t!("search-progress-rollouts", done = progress.rollouts, all = rollouts),
        t!("search-progress-tokens", done = progress.tokens, all = tokens),
    ];
    parts.push(if run.is_done() {
        figures::duration(run.active_ms())
    } else {
        t!("search-progress-lanes", done = run.busy_lanes(), all = run.options.lanes)
    });
    if let Some(speed) = run.tokens_per_s() {
        parts.push(t!("search-progress-speed", speed = figures::per_second(speed)));
    }
    if let Some(seconds) = run.seconds_left() {
        parts.push(t!("search-progress-left", left = figures::left(seconds)));
    }
    parts
}

/// The search in one line, for its heading.
pub fn summary(run: &Run) -> String {
    let nodes = run.tree.len();
    match &run.report {
        Some(report) => t!(
            "search-summary-done",
            rollouts = t!("search-rollouts", count = report.progress.rollouts),
            nodes = t!("search-nodes", count = nodes),
            answer = report.answer.clone().unwrap_or_else(|| t!("search-none"))
        ),
        None => t!("search-summary", nodes = nodes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{SearchProgress, VoteClass, Votes};

    fn report(chosen: Chosen) -> SearchReport {
        let class = VoteClass { answer: "48".into(), votes: 5, weight: 0.714, value: 0.9, leaves: vec![3] };
        SearchReport {
            answer: Some("48".into()),
            reply: String::new(),
            path: vec![0],
            chosen,
            votes: Votes { classes: vec![class], votes: 8, agreement: 0.9 },
            without_reflection: None,
            stop: StopCause::Rollouts,
            progress: SearchProgress::default(),
        }
    }

    #[test]
    fn the_verdict_says_who_chose_and_what_reflection_did() {
        let mut report = report(Chosen::Vote);
        assert_eq!(
            why(&report),
            "It won the vote: 5 of 8 finished branches chose it, with 71 % of the weight."
        );
        assert_eq!(reflection(&report, false), None);
        assert_eq!(reflection(&report, true).unwrap(), "Reflection did not change the answer.");
        let lonely = self::report(Chosen::NoAgreement);
        assert!(why(&lonely).contains("only one reply"), "there is but one answer");
        report.without_reflection = Some("47".into());
        assert!(reflection(&report, true).unwrap().ends_with("it would have been 47."));
    }
}
