//! What each end of a leg leads to, on replies written by hand.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::protocol::{
    Action, Chosen, NodeKind, Reflection, Repeats, SamplingOptions, SearchOptions, StopCause, ThoughtFormat,
};
use crate::search::toy::{Proposer, run};
use crate::search::{Bytes, End, REFLECTION, Search, Token, Told, Work};

/// Says what it is told to, by rollout; a leg goes on where the last stopped. `$` is the end token, a word ends with
/// a space or a line.
#[derive(Default)]
pub(super) struct Script {
    /// What the rollouts say; the last says it for all others.
    pub(super) replies: Vec<String>,
    pub(super) confidence: f32,
    said: BTreeMap<(u32, u32), usize>,
    /// Rollout, forced text, temperature, end of each leg.
    pub(super) legs: Vec<(u32, String, f32, End)>,
    pub(super) prefixes: Vec<String>,
    ids: BTreeMap<String, u32>,
}

impl Script {
    pub(super) fn new(replies: &[&str]) -> Self {
        let replies = replies.iter().map(|&reply| reply.to_owned()).collect();
        Self { replies, confidence: 0.75, ..Self::default() }
    }

    fn token(&mut self, text: &str) -> Token {
        let next = self.ids.len() as u32 + 1;
        let id = *self.ids.entry(text.to_owned()).or_insert(next);
        Token::forced(id, if text == "$" { Vec::new() } else { text.into() })
    }
}

impl Proposer for Script {
    fn propose(&mut self, work: &Work) -> Result<Told> {
        let words: BTreeMap<u32, &String> = self.ids.iter().map(|(text, id)| (*id, text)).collect();
        self.prefixes.push(work.prefix.iter().map(|id| words[id].as_str()).collect());
        let mut watch = work.watch.clone();
        let mut tokens = Vec::new();
        let mut end = None;
        if !work.forced.is_empty() {
            let token = self.token(&work.forced);
            end = watch.push(&token, false);
            tokens.push(token);
        }
        let number = (work.rollout as usize).min(self.replies.len() - 1);
        let reply = self.replies[number].clone();
        let said = self.said.get(&(work.rollout, work.choice)).copied().unwrap_or(0);
        let mut at = said;
        for text in reply[said..].split_inclusive([' ', '\n', '>', '$']) {
            if end.is_some() {
                break;
            }
            at += text.len();
            let token = Token { forced: false, confidence: Some(self.confidence), ..self.token(text) };
            end = watch.push(&token, text == "$");
            tokens.push(Token { bytes: Bytes(token.bytes.0.clone()), ..token });
        }
        self.said.insert((work.rollout, work.choice), at);
        let end = end.unwrap_or_else(|| panic!("the script of rollout {number} has ended: {reply:?}"));
        self.legs.push((work.rollout, work.forced.clone(), work.rule.temperature, end));
        Ok(Told { rollout: work.rollout, leg: work.leg, tokens, end })
    }
}

/// One lane, one way on, no early stop.
pub(super) fn narrow() -> SearchOptions {
    SearchOptions {
        rollouts: 1,
        lanes: 1,
        branching: 1,
        reflection: Reflection::Off,
        agreement: 1.0,
        ..SearchOptions::default()
    }
}

/// As [`narrow`], where the same reply again is tried again.
fn retrying() -> SearchOptions {
    SearchOptions { repeats: Repeats::Retry, ..narrow() }
}

pub(super) fn search(options: &SearchOptions, script: &mut Script) -> Search {
    search_in(options, script, ThoughtFormat::Marco)
}

fn search_in(options: &SearchOptions, script: &mut Script, thoughts: ThoughtFormat) -> Search {
    let mut search = Search::new(options, &SamplingOptions::default(), thoughts, 4096).unwrap();
    run(&mut search, script, |_| 0).unwrap();
    search
}

/// Kind and text of every node but the root.
fn nodes(search: &Search) -> Vec<(NodeKind, String)> {
    (1..search.tree().nodes().len() as u32)
        .map(|id| search.tree().told(id))
        .map(|n| (n.kind, n.text))
        .collect()
}

fn ends(script: &Script) -> Vec<End> {
    script.legs.iter().map(|leg| leg.3).collect()
}

/// So many different words.
fn words(letter: char, count: usize) -> String {
    (0..count).fold(String::new(), |words, i| format!("{words}{letter}{i} "))
}

const STEP: &str = "one two three four five six seven eight\n\n";

#[test]
fn a_reply_is_cut_into_steps_and_an_answer() {
    let mut script = Script::new(&[&format!("<Thought>\n{STEP}so \n</Thought>\n<Output>\n18.0\n</Output>$")]);
    let search = search(&narrow(), &mut script);
    let expected = [
        (NodeKind::Segment, format!("<Thought>\n{STEP}")),
        (NodeKind::Segment, "so \n".into()),
        (NodeKind::Final, "</Thought>\n<Output>\n18.0\n</Output>".into()),
    ];
    assert_eq!(nodes(&search), expected);
    let report = search.report();
    assert_eq!((report.answer.as_deref(), report.chosen), (Some("18"), Chosen::NoAgreement));
    assert_eq!((report.path, report.stop), (vec![0, 1, 2, 3], StopCause::Rollouts));
    // Every token was chosen with 0.75.
    assert!((report.votes.classes[0].value - 0.75).abs() < 1e-9);
}

#[test]
fn a_thought_is_sent_back_before_its_tag() {
    let reply = format!(
        "<Thought>\n{STEP}</Thought>so again and again and again and once \n</Thought>\n<Output>\n5\n</Output>$"
    );
    for (mode, confidence, legs) in [
        (Reflection::Always, 0.95, 2),
        (Reflection::LowConfidence, 0.5, 2),
        // Sure enough: it goes on where it was, in a leg of its own.
        (Reflection::LowConfidence, 0.95, 2),
        (Reflection::Off, 0.5, 1),
        (Reflection::Action, 0.5, 1),
    ] {
        let mut script = Script::new(&[&reply]);
        script.confidence = confidence;
        let search = search(&SearchOptions { reflection: mode, ..narrow() }, &mut script);
        assert_eq!(script.legs.len(), legs, "{mode:?}");
        let reflects = mode == Reflection::Always || (mode == Reflection::LowConfidence && confidence < 0.9);
        let kinds: Vec<NodeKind> = nodes(&search).into_iter().map(|node| node.0).collect();
        if reflects {
            assert_eq!(ends(&script), [End::Tag, End::Stop]);
            assert_eq!(script.legs[1].1, REFLECTION);
            assert_eq!(script.prefixes[1], format!("<Thought>\n{STEP}"));
            assert_eq!(kinds, [NodeKind::Segment, NodeKind::Reflection, NodeKind::Final]);
            let text = search.report().reply;
            assert!(text.contains(&format!("eight\n\n{REFLECTION}so again")), "{text}");
        } else {
            assert!(kinds.iter().all(|kind| *kind != NodeKind::Reflection), "{mode:?}: {kinds:?}");
        }
        assert!(search.report().answer.is_some());
    }
}

#[test]
fn reflection_is_a_second_way_on_from_the_end_of_a_thought() {
    let first = format!("<Thought>\n{STEP}</Thought>\n<Output>\n4\n</Output>$");
    let second = "No. It was one less than I thought it was \n</Thought>\n<Output>\n3\n</Output>$";
    let mut script = Script::new(&[&first, second]);
    let search =
        search(&SearchOptions { rollouts: 3, reflection: Reflection::Action, ..retrying() }, &mut script);
    // The third rollout finds nothing to expand: a path reflects once.
    assert_eq!(search.stopped(), Some(StopCause::Exhausted));
    let kinds: Vec<NodeKind> = nodes(&search).into_iter().map(|node| node.0).collect();
    assert_eq!(kinds, [NodeKind::Segment, NodeKind::Final, NodeKind::Reflection, NodeKind::Final]);
    assert_eq!(search.tree().node(1).children, [2, 3]);
    // The blank line before it is there already.
    assert_eq!(script.legs[1].1, REFLECTION);
    let report = search.report();
    assert_eq!(report.votes.votes, 2);
    // Both have the same value; the smaller class goes first, and without reflection it would be the other.
    assert_eq!((report.answer.as_deref(), report.without_reflection.as_deref()), (Some("3"), Some("4")));
}

#[test]
fn limits_force_an_answer() {
    let endless = words('w', 4000);
    let options = SearchOptions { path_tokens: 256, max_tokens: 256, ..narrow() };
    let mut script = Script::new(&[&endless]);
    let short = search(&options, &mut script);
    // 128 tokens of thought, then the tags, then as many words as were kept back less one for the tags.
    assert_eq!(ends(&script), [End::Limit, End::Limit]);
    assert_eq!(script.legs[1].1, "\n</Thought>\n<Output>\n");
    assert_eq!((script.legs[0].2, script.legs[1].2), (0.7, 0.0));
    assert_eq!(short.progress().tokens, 256);
    let leaf = short.tree().nodes().last().unwrap();
    assert_eq!((leaf.kind, leaf.scored, leaf.forced), (NodeKind::Truncated, 0, 128));
    assert!(leaf.answer.as_ref().unwrap().forced);
    // As many nodes as a path may have.
    let mut script = Script::new(&[&endless]);
    let options = SearchOptions { action: Action::MiniStep(4), depth: 3, ..narrow() };
    let deep = search(&options, &mut script);
    assert_eq!(ends(&script), [End::Depth, End::Limit]);
    assert_eq!(
        deep.tree().nodes().iter().map(|node| node.tokens.len()).collect::<Vec<_>>()[..4],
        [0, 4, 4, 4]
    );
}

#[test]
fn a_reply_without_an_answer_is_made_to_give_one() {
    for (reply, forced, thoughts) in [
        ("<Thought>\nhm $7\n</Output>$", "\n</Thought>\n<Output>\n", ThoughtFormat::Marco),
        ("<Thought>\nhm \n</Thought>$7\n</Output>$", "\n<Output>\n", ThoughtFormat::Marco),
        ("<think>\nhm $7 $", "\n</think>\n\n", ThoughtFormat::Think),
    ] {
        let mut script = Script::new(&[reply]);
        let search = search_in(&narrow(), &mut script, thoughts);
        assert_eq!(script.legs[1].1, forced, "{reply}");
        // The end token went.
        assert!(!script.prefixes[1].contains('$'), "{:?}", script.prefixes);
        let report = search.report();
        assert_eq!(report.answer.as_deref(), Some("7"), "{reply}");
        assert_eq!(search.tree().nodes().last().unwrap().kind, NodeKind::Truncated);
    }
    // An output that is open and empty is an answer that is none.
    let mut script = Script::new(&["<Thought>\nhm \n</Thought><Output></Output>$"]);
    let search = search(&narrow(), &mut script);
    assert_eq!((search.report().chosen, search.report().answer), (Chosen::Nothing, None));
    assert!(search.report().reply.ends_with("</Output>"));
}

#[test]
fn an_answer_that_is_cut_short_goes_on() {
    let thought = words('w', 120);
    let output = words('x', 40);
    let mut script =
        Script::new(&[&format!("<Thought>\n{thought}\n</Thought>\n<Output>\n{output}77\n</Output>$")]);
    let search = search(&SearchOptions { path_tokens: 256, ..narrow() }, &mut script);
    assert_eq!(ends(&script), [End::Limit, End::Stop]);
    assert_eq!(script.legs[1].1, "");
    assert_eq!(search.report().answer.as_deref(), Some("77"));
    // One node from the tag to the end, and its parent is where the thought ends.
    let leaf = search.tree().nodes().last().unwrap();
    assert_eq!(leaf.kind, NodeKind::Truncated);
    assert!(search.tree().node(leaf.parent).thought_end);
}

#[test]
fn a_loop_is_worth_nothing_and_ends_there() {
    let looping = format!("<Thought>\n{}", STEP.repeat(9));
    let other = words('w', 9);
    let good = format!("<Thought>\n{other}</Thought><Output>1</Output>$");
    let mut script = Script::new(&[&looping, &good]);
    let search = search(&SearchOptions { rollouts: 2, lanes: 2, ..narrow() }, &mut script);
    assert_eq!(ends(&script)[0], End::Loop);
    let loops: Vec<_> = search.tree().nodes().iter().filter(|node| node.kind == NodeKind::Loop).collect();
    assert_eq!(loops.len(), 1);
    assert_eq!((loops[0].value(), loops[0].answer.is_none()), (Some(0.0), true));
    // The range of values does not know it.
    let (low, high) = search.climate().range.unwrap();
    assert_eq!((low.to_f64(), high.to_f64()), (0.75, 0.75));
}

#[test]
fn without_marked_thoughts_all_of_a_reply_is_the_answer() {
    let mut script = Script::new(&[&format!("{STEP}The answer is 12. $")]);
    let search = search_in(&narrow(), &mut script, ThoughtFormat::None);
    let kinds: Vec<NodeKind> = nodes(&search).into_iter().map(|node| node.0).collect();
    assert_eq!(kinds, [NodeKind::Segment, NodeKind::Final]);
    assert_eq!(search.report().answer.as_deref(), Some("12"));
}

#[test]
fn the_same_reply_again_is_tried_twice_hotter_and_has_one_vote() {
    let same = "<Thought>\nhm \n</Thought><Output>7</Output>$";
    let options = SearchOptions { rollouts: 2, lanes: 2, action: Action::Whole, ..retrying() };
    let mut script = Script::new(&[same]);
    let found = search(&options, &mut script);
    let heats: Vec<f32> = script.legs.iter().map(|leg| leg.2 / 0.7).collect();
    assert_eq!(heats.iter().map(|heat| (heat * 10.0).round()).collect::<Vec<_>>(), [10.0, 10.0, 15.0, 20.0]);
    let leaf = &found.tree().nodes()[1];
    assert_eq!((found.tree().nodes().len(), leaf.visits, leaf.end_count), (2, 2, 2));
    assert_eq!(found.votes().votes, 1);
    // All tries are paid for.
    assert_eq!(found.progress().tokens as usize, 4 * leaf.tokens.len());
    // Greedy, another try would say the same.
    let mut script = Script::new(&[same]);
    let sampling = SamplingOptions { temperature: 0.0, ..SamplingOptions::default() };
    let mut greedy = Search::new(&options, &sampling, ThoughtFormat::Marco, 4096).unwrap();
    run(&mut greedy, &mut script, |_| 0).unwrap();
    assert_eq!(script.legs.len(), 2);
}

#[test]
fn where_repeats_count_whole_replies_go_on_when_nothing_else_can_grow() {
    let same = "<Thought>\nhm \n</Thought><Output>7</Output>$";
    let mut script = Script::new(&[same]);
    let found = search(&SearchOptions { rollouts: 3, ..narrow() }, &mut script);
    assert_eq!(found.stopped(), Some(StopCause::Rollouts));
    // Once at the usual heat each, and a vote each.
    assert_eq!((script.legs.len(), found.votes().votes), (3, 3));
    let mut script = Script::new(&[same]);
    let retried = search(&SearchOptions { rollouts: 3, ..retrying() }, &mut script);
    assert_eq!((retried.stopped(), retried.votes().votes), (Some(StopCause::Exhausted), 1));
}

#[test]
fn who_reconsiders_is_given_what_a_whole_reply_takes() {
    // Long enough for the smallest budget there is, and no two words the same: else it would be a loop.
    let words: Vec<String> = (0..40).map(|number| format!("w{number}")).collect();
    let words = words.join(" ");
    let first = format!("<Thought>\n{words} \n\n</Thought>\n<Output>\n4\n</Output>$");
    let options = |max_tokens| SearchOptions {
        rollouts: 2,
        reflection: Reflection::Action,
        answer_reserve: 4,
        max_tokens,
        ..retrying()
    };
    let mut script = Script::new(&[&first]);
    let alone = search(&SearchOptions { rollouts: 1, ..options(1000) }, &mut script);
    let length = alone.progress().tokens;
    // A quarter more than the first reply, and the reserve, must be left: else it would be cut short.
    let enough = length + length + length / 4 + 4;
    for (tokens, rollouts) in [(enough, 2), (enough - 1, 1)] {
        let mut script = Script::new(&[&first]);
        let found = search(&options(tokens), &mut script);
        assert_eq!(found.tree().node(0).visits, rollouts, "{tokens} tokens, a reply takes {length}");
    }
}

#[test]
fn what_nobody_waits_for_is_not_taken_and_what_does_not_fit_is_refused() {
    let mut search = Search::new(&narrow(), &SamplingOptions::default(), ThoughtFormat::Marco, 4096).unwrap();
    let crate::search::Ask::Work(work) = search.ask() else { panic!("there is work") };
    let told = |leg, tokens| Told { rollout: 0, leg, tokens, end: End::Limit };
    assert!(!search.tell(told(1, Vec::new())).unwrap());
    let many = vec![Token::forced(1, Vec::new()); work.limit as usize + 1];
    assert_eq!(search.tell(told(0, many)).unwrap_err().kind(), "bad_request");
    let bad = Token { confidence: Some(f32::NAN), ..Token::forced(1, Vec::new()) };
    assert_eq!(search.tell(told(0, vec![bad])).unwrap_err().kind(), "bad_numbers");
    assert!(search.tell(told(0, Vec::new())).unwrap());
    assert!(Search::new(&narrow(), &SamplingOptions::default(), ThoughtFormat::Marco, 255).is_err());
}
