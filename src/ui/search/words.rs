//! A search in words: why an answer won, why the search ended, how a node stands.

use crate::protocol::{Chosen, NodeKind, SearchReport, Standing, StopCause};
use crate::ui::figures;

use super::run::Run;

/// A number with its noun.
fn counted(number: u32, noun: &str, nouns: &str) -> String {
    format!("{} {}", figures::count(u64::from(number)), if number == 1 { noun } else { nouns })
}

/// A share of 1 in whole per cent.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// What a node holds.
pub fn kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Segment => "Thought",
        NodeKind::Reflection => "Reflection",
        NodeKind::Final => "Answer",
        NodeKind::Truncated => "Forced answer",
        NodeKind::Loop => "Goes in circles",
    }
}

/// Why a node is chosen next, or is not.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Next => "The next branch goes through it: it scores highest.",
        Standing::Open => "It can grow, but others score higher or come first.",
        Standing::Closed => {
            "All ways on from it were tried, are being tried, or would be too long or too deep."
        }
        Standing::Ended => "The reply ended here.",
        Standing::Pruned => "It was pruned, here or above: it does not grow, and its votes do not count.",
    }
}

/// Why the answer won.
pub fn why(report: &SearchReport) -> String {
    let first = report.votes.classes.first();
    let share = first.map_or_else(String::new, |class| {
        format!(
            "{} of {} chose it, with {} of the weight",
            figures::count(u64::from(class.votes)),
            counted(report.votes.votes, "finished branch", "finished branches"),
            percent(class.weight)
        )
    });
    match report.chosen {
        Chosen::Vote => format!("It won the vote: {share}."),
        Chosen::BestPath => "It is the answer of the most confident branch.".to_owned(),
        Chosen::NoAgreement if report.votes.classes.len() == 1 => {
            "The branches brought only one reply with an answer, so it stands.".to_owned()
        }
        Chosen::NoAgreement => {
            "No answer came twice, so the most confident branch stands. Take it with care.".to_owned()
        }
        Chosen::Nothing => "No branch came to an answer. More tokens or longer branches may help.".to_owned(),
    }
}

/// Whether thinking again changed the answer; `None` where no branch thought again.
pub fn reflection(report: &SearchReport, reflected: bool) -> Option<String> {
    match &report.without_reflection {
        Some(other) => {
            Some(format!("Reflection changed the answer: without it, it would have been {other}."))
        }
        None if reflected => Some("Reflection did not change the answer.".to_owned()),
        None => None,
    }
}

/// Why the search ended.
pub fn stopped(stop: StopCause) -> &'static str {
    match stop {
        StopCause::Rollouts => "All rollouts are made.",
        StopCause::Tokens => "The tokens are spent.",
        StopCause::Time => "The time is over.",
        StopCause::Agreement => "The branches agree surely enough.",
        StopCause::Exhausted => "No node was left that could grow.",
        StopCause::Cancelled => "You stopped it.",
    }
}

/// How far a search is, in parts of a line.
pub fn progress(run: &Run) -> Vec<String> {
    let progress = run.progress;
    let of = |done: u32, all: u32, what: &str| {
        format!("{} of {} {what}", figures::count(u64::from(done)), figures::count(u64::from(all)))
    };
    let mut parts = vec![
        of(progress.rollouts, run.options.rollouts.max(progress.rollouts), "rollouts"),
        of(progress.tokens, progress.max_tokens.max(run.options.max_tokens), "tokens"),
    ];
    parts.push(if run.is_done() {
        figures::duration(run.active_ms())
    } else {
        of(run.busy_lanes(), run.options.lanes, "lanes busy")
    });
    if let Some(speed) = run.tokens_per_s() {
        parts.push(format!("{} tokens/s", figures::per_second(speed)));
    }
    if let Some(seconds) = run.seconds_left() {
        parts.push(format!("at most {}", figures::left(seconds)));
    }
    parts
}

/// The search in one line, for its heading.
pub fn summary(run: &Run) -> String {
    let nodes = counted(run.tree.len() as u32, "node", "nodes");
    match &run.report {
        Some(report) => {
            let answer = report.answer.as_deref().unwrap_or("none");
            format!(
                "Search: {}, {nodes}, answer {answer}",
                counted(report.progress.rollouts, "rollout", "rollouts")
            )
        }
        None => format!("Search: {nodes}"),
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
