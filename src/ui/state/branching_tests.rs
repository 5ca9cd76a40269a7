//! Branches against scripted events.

use super::super::tests::{answered, ask, done, failed, ready, sent};
use super::*;
use crate::protocol::{Event, FinishReason, Usage};

fn questions(chat: &Chat) -> Vec<&str> {
    chat.exchanges.iter().map(|exchange| &*exchange.question).collect()
}

fn place(standing: Standing) -> (usize, usize) {
    (standing.number, standing.count)
}

#[test]
fn another_reply_is_a_branch_and_the_first_is_one_step_away() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let first = chat.exchanges[0].key;
    chat.regenerate(&Settings::default(), 9, 5.0);
    let (id, messages, _) = sent(&mut chat);
    assert_eq!(messages.len(), 1, "the same history as before: its pages are found again");
    assert!(chat.exchanges[0].reply.output.is_empty());
    chat.show(first);
    assert_ne!(chat.exchanges[0].key, first, "not while a reply is made");
    chat.apply(
        Event::Done { id, finish_reason: FinishReason::Stop, usage: Usage::default(), replies: vec![] },
        6.0,
    );
    assert_eq!(place(chat.branches(0).reply), (2, 2));
    assert_eq!(place(chat.branches(0).question), (1, 1), "it is the same question");
    let before = chat.branches(0).reply.before.unwrap();
    assert_eq!(before, first);
    chat.show(before);
    assert_eq!((chat.exchanges[0].reply.output.as_str(), place(chat.branches(0).reply)), ("4", (1, 2)));
}

#[test]
fn an_edited_question_keeps_what_followed_the_old_one() {
    let mut chat = ready();
    answered(&mut chat, "one");
    answered(&mut chat, "two");
    answered(&mut chat, "three");
    let second = chat.exchanges[1].key;
    assert!(!chat.edit(second, "  ", &Settings::default(), 1, 9.0));
    assert!(chat.edit(second, "other", &Settings::default(), 1, 9.0));
    let (id, messages, _) = sent(&mut chat);
    assert_eq!(messages.iter().filter(|m| m.content == "one" || m.content == "other").count(), 2);
    assert_eq!((questions(&chat), messages.len()), (vec!["one", "other"], 3));
    chat.apply(
        Event::Done { id, finish_reason: FinishReason::Stop, usage: Usage::default(), replies: vec![] },
        9.0,
    );
    assert_eq!((place(chat.branches(1).question), place(chat.branches(1).reply)), ((2, 2), (1, 1)));
    chat.show(second);
    assert_eq!(questions(&chat), ["one", "two", "three"], "down to where it was last read");
    let other = chat.branches(1).question.after.unwrap();
    chat.show(other);
    assert_eq!(questions(&chat), ["one", "other"]);
    answered(&mut chat, "after other");
    chat.show(second);
    chat.show(other);
    assert_eq!(questions(&chat), ["one", "other", "after other"]);
}

#[test]
fn replies_are_counted_for_each_question_apart() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let first = chat.exchanges[0].key;
    let done = |chat: &mut Chat| {
        let (id, ..) = sent(chat);
        let (usage, replies) = (Usage::default(), vec![]);
        chat.apply(Event::Done { id, finish_reason: FinishReason::Stop, usage, replies }, 6.0);
    };
    chat.regenerate(&Settings::default(), 9, 5.0);
    done(&mut chat);
    let latest = chat.exchanges[0].key;
    chat.edit(first, "no longer shown", &Settings::default(), 9, 5.0);
    assert!(chat.take_effects().is_empty(), "only what is shown can be edited");
    chat.edit(latest, "other", &Settings::default(), 9, 5.0);
    done(&mut chat);
    assert_eq!((place(chat.branches(0).question), place(chat.branches(0).reply)), ((2, 2), (1, 1)));
    let back = chat.branches(0).question.before.unwrap();
    assert_eq!(back, latest, "to the reply that was read last");
    chat.show(back);
    assert_eq!((place(chat.branches(0).question), place(chat.branches(0).reply)), ((1, 2), (2, 2)));
}

#[test]
fn what_is_refused_brings_the_branch_before_it_back() {
    let mut chat = ready();
    answered(&mut chat, "one");
    answered(&mut chat, "two");
    chat.regenerate(&Settings::default(), 9, 5.0);
    let (id, ..) = sent(&mut chat);
    chat.apply(failed(Some(id), "context_full"), 6.0);
    assert_eq!((questions(&chat), chat.exchanges[1].reply.output.as_str()), (vec!["one", "two"], "4"));
    assert!(chat.take_effects().is_empty(), "the question is where it was");
    let first = chat.exchanges[0].key;
    chat.edit(first, "far too long", &Settings::default(), 9, 7.0);
    let (id, ..) = sent(&mut chat);
    chat.apply(failed(Some(id), "context_full"), 8.0);
    assert_eq!(questions(&chat), ["one", "two"]);
    assert_eq!(chat.take_effects(), [Effect::Draft("far too long".into())], "what was typed is not lost");
}

#[test]
fn a_circle_in_a_file_does_not_hang_the_page() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let mut all: Vec<Exchange> = chat.exchanges.drain(..).collect();
    let key = all[0].key;
    let (mut other, mut lost) = (all[0].clone(), all[0].clone());
    (other.key, other.parent) = (key + 100, Some(key + 101));
    (lost.key, lost.parent) = (key + 101, Some(key + 100));
    all.extend([other, lost]);
    chat.lay(all, Some(key + 100));
    assert_eq!(chat.exchanges.len() + chat.aside.len(), 3, "nothing is lost");
}

#[test]
fn nothing_branches_while_a_reply_is_made_or_without_an_engine() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let key = chat.exchanges[0].key;
    let id = ask(&mut chat, "two");
    assert!(!chat.edit(key, "other", &Settings::default(), 1, 9.0), "not while a reply is made");
    chat.apply(done(id, FinishReason::Stop), 10.0);
    chat.phase = Phase::Down;
    assert!(!chat.edit(key, "other", &Settings::default(), 1, 11.0), "not without an engine");
    assert_eq!(questions(&chat), ["one", "two"]);
}

#[test]
fn what_is_turned_to_is_kept_and_a_question_leads_to_the_reply_that_was_read_last() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let first = chat.exchanges[0].key;
    chat.regenerate(&Settings::default(), 9, 5.0);
    let (id, ..) = sent(&mut chat);
    chat.apply(done(id, FinishReason::Stop), 6.0);
    chat.take_kept(1.0);
    chat.show(first);
    assert!(!chat.take_kept(2.0).is_empty(), "it is the one to return to");
    // Another tab has turned to the other since: this one shows its own.
    chat.aside[0].seen = u64::MAX;
    assert_eq!(place(chat.branches(0).question), (1, 1));
    chat.aside[0].seen = 0;
    chat.edit(first, "other", &Settings::default(), 1, 9.0);
    let (id, ..) = sent(&mut chat);
    chat.apply(done(id, FinishReason::Stop), 10.0);
    assert_eq!(chat.branches(0).question.before, Some(first));
}
