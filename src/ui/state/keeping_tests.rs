//! What is kept and when, what is opened again, and replies that go on.

use super::super::tests::{answered, ask, done, failed, ready, sent, token};
use super::*;
use crate::protocol::{Channel, Event, ModelInfo, RequestId, SearchOptions};
use crate::ui::chats::format::{End, KeptReply};
use crate::ui::settings::Settings;
use crate::ui::tokens::Told;

fn kept(chat: &mut Chat) -> Vec<Kept> {
    chat.take_kept(1_000_000.0)
}

fn journals(chat: &mut Chat) -> Vec<Journal> {
    let open = |kept| match kept {
        Kept::Open(journal) => Some(*journal),
        _ => None,
    };
    kept(chat).into_iter().filter_map(open).collect()
}

fn record(chat: &mut Chat) -> Record {
    match kept(chat).pop() {
        Some(Kept::Whole(record)) => *record,
        other => panic!("a conversation is expected, not {other:?}"),
    }
}

/// The page after a reload: what was kept, in a new chat with the model loaded.
fn reloaded(whole: &Whole) -> Chat {
    let mut chat = ready();
    chat.number_from(1 << 40);
    chat.open(whole);
    assert!(kept(&mut chat).is_empty(), "what was read need not be written");
    chat
}

fn started(id: RequestId) -> Event {
    Event::Started { id, prompt_tokens: 10, cached_tokens: 0 }
}

#[test]
fn what_is_written_is_kept_every_second_and_at_its_end() {
    let mut chat = ready();
    assert!(kept(&mut chat).is_empty());
    let id = ask(&mut chat, "one");
    assert_eq!(journals(&mut chat)[0].open.question, "one", "before the first token");
    chat.apply(token(id, Channel::Output, "a"), 100.0);
    assert_eq!(journals(&mut chat).len(), 1);
    chat.apply(token(id, Channel::Output, "b"), 900.0);
    assert!(kept(&mut chat).is_empty(), "not yet a second");
    chat.apply(token(id, Channel::Output, "c"), 1101.0);
    let [journal] = &journals(&mut chat)[..] else { panic!("a second is over") };
    assert_eq!((journal.open.reply.output.as_str(), journal.open.reply.told.len()), ("abc", 3));
    assert_eq!((journal.open.reply.end, journal.open.reply.seed), (End::Interrupted, 7));
    chat.apply(token(id, Channel::Output, "d"), 1200.0);
    chat.keep_now();
    assert_eq!(journals(&mut chat)[0].open.reply.output, "abcd", "the page is about to go");
    chat.apply(done(id, FinishReason::Stop), 1300.0);
    let record = record(&mut chat);
    assert_eq!((record.exchanges.len(), record.exchanges[0].reply.end), (1, End::Stop));
    assert!((record.created_ms - 1_000_000.0).abs() < 1.0);
    chat.keep_now();
    assert!(kept(&mut chat).is_empty(), "nothing is open");
}

#[test]
fn a_conversation_is_opened_as_it_was_left() {
    let mut chat = ready();
    answered(&mut chat, "one");
    answered(&mut chat, "two");
    chat.regenerate(&Settings::default(), 3, 9.0);
    let (id, ..) = sent(&mut chat);
    chat.apply(token(id, Channel::Output, "5"), 10.0);
    chat.apply(done(id, FinishReason::Length), 11.0);
    chat.show(chat.branches(1).reply.before.unwrap());
    kept(&mut chat);
    let whole = chat.whole(5.0);
    let again = reloaded(&whole);
    assert_eq!(again.exchanges.len(), 2);
    for (was, is) in chat.all().zip(again.all()) {
        let plain = |reply: &Reply| Reply {
            id: 0,
            asked_ms: 0.0,
            span_ms: None,
            thought_end_ms: None,
            ..reply.clone()
        };
        assert_eq!((was.key, was.parent, &was.question), (is.key, is.parent, &is.question));
        assert_eq!(plain(&was.reply), plain(&is.reply));
        assert_eq!(
            (was.reply.tokens_per_s(), was.reply.thought_ms()),
            (is.reply.tokens_per_s(), is.reply.thought_ms())
        );
    }
    assert_eq!(again.identity.id, chat.identity.id);
    assert_eq!(again.whole(5.0), whole);
}

#[test]
fn an_interrupted_reply_goes_on_from_its_tokens() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let settings = Settings { system: "Be brief.".into(), temperature: Some(0.25), ..Settings::default() };
    assert!(chat.ask("two", &settings, 21, 0.0));
    let (id, asked, _) = sent(&mut chat);
    chat.apply(started(id), 1.0);
    chat.apply(token(id, Channel::Thought, "hm"), 10.0);
    kept(&mut chat);
    chat.keep_now();
    let journal = journals(&mut chat).remove(0);
    let before = chat.record(5.0);
    let mut chat = reloaded(&Whole { chat: journal.recovered(Some(before)), ..Whole::default() });
    assert_eq!((chat.exchanges[1].reply.status, chat.can_go_on()), (Status::Interrupted, Some(GoOn::Now)));
    chat.go_on(2_000.0);
    let (id, messages, sampling) = sent(&mut chat);
    assert_eq!((messages, sampling.prefix, sampling.seed), (asked, vec![1], 21));
    assert!((sampling.temperature - 0.25).abs() < 1e-6);
    assert!(chat.is_busy() && chat.can_go_on().is_none());
    chat.apply(Event::Started { id, prompt_tokens: 11, cached_tokens: 0 }, 2_001.0);
    chat.apply(token(id, Channel::Output, "4"), 2_100.0);
    chat.apply(done(id, FinishReason::Stop), 2_101.0);
    let reply = &chat.exchanges[1].reply;
    assert_eq!((reply.thought.as_str(), reply.output.as_str(), reply.tokens), ("hm", "4", 2));
    let usage = reply.usage.as_ref().unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens), (9, 4), "what was begun is no prompt");
    assert_eq!(reply.thought_ms(), Some(110.0), "the time between does not count");
}

#[test]
fn a_reply_goes_on_only_with_its_model_and_once_that_is_loaded() {
    let mut chat = ready();
    let id = ask(&mut chat, "one");
    chat.apply(token(id, Channel::Output, "so"), 1.0);
    chat.apply(done(id, FinishReason::Cancelled), 2.0);
    assert_eq!(chat.can_go_on(), Some(GoOn::Now));
    let model = chat.model.take();
    assert_eq!(chat.can_go_on(), Some(GoOn::Later));
    chat.model = Some(Arc::new(ModelInfo { name: "Big".into(), ..ModelInfo::default() }));
    assert_eq!(chat.can_go_on(), Some(GoOn::With("Polo Tiny".into())));
    chat.model = model;
    chat.go_on(3.0);
    sent(&mut chat);
    let id = chat.exchanges[0].reply.id;
    chat.apply(done(id, FinishReason::Stop), 4.0);
    assert_eq!(chat.can_go_on(), None, "it came to its end");
}

#[test]
fn a_branch_begins_with_the_tokens_it_is_given() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let key = chat.exchanges[0].key;
    let told = |token| Arc::new(Told::new(token, Channel::Output, "5", -0.1, vec![]));
    assert!(chat.branch_from(key, &[told(1), told(77)], 9.0));
    let (id, messages, sampling) = sent(&mut chat);
    assert_eq!((messages.len(), sampling.prefix), (1, vec![1, 77]));
    assert_eq!((chat.branches(0).reply.count, chat.exchanges[0].reply.output.as_str()), (2, "55"));
    chat.apply(failed(Some(id), "bad_request"), 10.0);
    assert!(!chat.is_busy());
}

#[test]
fn a_search_is_exported_while_it_runs_and_opened_again() {
    let mut chat = ready();
    chat.search = Some(SearchOptions::default());
    chat.ask("one", &Settings::default(), 7, 0.0);
    let Some(Effect::Post(Request::Search { id, .. })) = chat.take_effects().pop() else { panic!() };
    let progress = crate::protocol::SearchProgress::default();
    chat.apply(Event::Searched { id, progress }, 10.0);
    assert_eq!(chat.take_effects(), [Effect::Post(Request::Export { id })]);
    chat.apply(Event::Searched { id, progress }, 20.0);
    assert!(chat.take_effects().is_empty(), "not for each");
    chat.apply(Event::Exported { id, json: "{tree}".into(), svg: String::new() }, 30.0);
    let key = chat.exchanges[0].key;
    assert!(kept(&mut chat).contains(&Kept::Tree(chat.identity.id.clone(), key, "{tree}".into())));
    chat.settle();
    assert_eq!(record(&mut chat).exchanges[0].reply.end, End::Interrupted);
    let mut chat = reloaded(&chat.whole(5.0));
    assert_eq!(chat.can_go_on(), Some(GoOn::Now));
    chat.go_on(50.0);
    let Some(Effect::Post(Request::Import { id, json })) = chat.take_effects().pop() else { panic!() };
    assert_eq!((json.as_str(), chat.exchanges.len(), chat.exchanges[0].reply.id), ("{tree}", 1, id));
    chat.apply(failed(Some(id), "bad_request"), 60.0);
    assert_eq!(chat.exchanges[0].reply.status, Status::Interrupted, "it is as it was");
    assert!(chat.notice.is_some() && !chat.is_busy());
}

#[test]
fn leaving_a_conversation_keeps_what_has_come() {
    let mut chat = ready();
    let id = ask(&mut chat, "one");
    chat.apply(token(id, Channel::Output, "so far"), 1.0);
    chat.settle();
    assert_eq!(chat.take_effects(), [Effect::Post(Request::Cancel { id })]);
    let record = record(&mut chat);
    assert_eq!(
        (record.exchanges[0].reply.output.as_str(), record.exchanges[0].reply.end),
        ("so far", End::Interrupted)
    );
    chat.new_chat();
    assert!(kept(&mut chat).is_empty() && chat.identity.id.is_empty());
    ask(&mut chat, "two");
    assert_ne!(journals(&mut chat)[0].chat.id, record.id);
}

#[test]
fn nothing_is_left_of_a_question_that_came_back() {
    let mut chat = ready();
    let id = ask(&mut chat, "far too long");
    let journal = journals(&mut chat).remove(0);
    chat.apply(failed(Some(id), "context_full"), 1.0);
    assert_eq!(kept(&mut chat), [Kept::Nothing(journal.chat.id)]);
}

#[test]
fn what_another_tab_wrote_is_taken_in() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let mut other = reloaded(&chat.whole(5.0));
    answered(&mut other, "from there");
    let theirs = Record { revision: 5, ..other.record(6.0) };
    chat.take_in(&theirs);
    assert_eq!(chat.exchanges.len(), 2, "what follows is shown");
    assert_eq!(&*chat.exchanges[1].question, "from there");
    assert_eq!(chat.identity.revision, 5);
    // Both went on from the same place: neither is lost.
    let mut mine = reloaded(&chat.whole(5.0));
    answered(&mut mine, "mine");
    other.rename(Some("named".into()));
    mine.number_from(1 << 41);
    other.number_from(1 << 42);
    answered(&mut other, "theirs");
    let id = ask(&mut mine, "still being written");
    mine.take_in(&other.record(7.0));
    assert_eq!((mine.exchanges.len(), mine.branches(2).question.count), (4, 2));
    assert_eq!((mine.exchanges[3].reply.id, mine.identity.title.as_deref()), (id, Some("named")));
}

#[test]
fn a_long_reply_is_kept_less_often_and_numbers_only_grow() {
    let mut keep = Keep::default();
    keep.journal(50_000, 0.0);
    for (now_ms, due) in [(5_999.0, false), (6_000.0, true)] {
        keep.journal = false;
        keep.journal(50_000, now_ms);
        assert_eq!(keep.journal, due, "{now_ms}");
    }
    let mut chat = ready();
    chat.number_from(500);
    chat.number_from(5);
    assert!(chat.next_id() > 500);
    let seen = KeptExchange { key: 700, seen: 900, ..KeptExchange::default() };
    chat.open(&Whole { chat: Record { exchanges: vec![seen], ..Record::default() }, ..Whole::default() });
    assert!(chat.next_id() > 900, "what is new is above all that was read");
}

#[test]
fn a_title_is_kept_beside_a_reply_that_is_made() {
    let mut chat = ready();
    answered(&mut chat, "one");
    kept(&mut chat);
    let id = chat.identity.id.clone();
    chat.rename(Some("named".into()));
    ask(&mut chat, "two");
    let [Kept::Whole(whole), Kept::Open(open)] = &kept(&mut chat)[..] else { panic!("both are expected") };
    assert_eq!((whole.title.as_deref(), whole.exchanges.len()), (Some("named"), 1), "what is open is apart");
    assert_eq!(open.open.question, "two");
    chat.rename(None);
    // Keeping the whole takes the journal away.
    assert!(matches!(&kept(&mut chat)[..], [Kept::Whole(_), Kept::Open(_)]));
    chat.settle();
    let first = chat.exchanges[0].key;
    chat.edit(first, "other", &Settings::default(), 1, 9.0);
    assert_eq!(chat.identity.id, id, "it stays the same conversation");
}

#[test]
fn what_was_kept_is_noted_and_a_reply_under_way_is_left_alone() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let (id, mut theirs) = (chat.identity.id.clone(), chat.record(5.0));
    chat.was_kept("another", 4, None);
    assert_eq!(chat.identity.revision, 0);
    theirs.revision = 9;
    theirs.exchanges[0].reply = KeptReply { end: End::Interrupted, tokens: 99, ..KeptReply::default() };
    let more =
        KeptExchange { key: 1 << 50, parent: Some(theirs.exchanges[0].key), ..KeptExchange::default() };
    theirs.exchanges.push(more);
    chat.was_kept(&id, 9, Some(&theirs));
    assert_eq!((chat.identity.revision, chat.exchanges.len()), (9, 2));
    assert_eq!(chat.exchanges[0].reply.output, "4", "ours came to its end");
    chat.was_kept(&id, 10, None);
    assert_eq!(chat.identity.revision, 10);
    let open = ask(&mut chat, "two");
    let mut theirs = chat.record(6.0);
    let key = chat.exchanges[2].key;
    theirs.exchanges.push(KeptExchange { key, ..KeptExchange::default() });
    chat.take_in(&theirs);
    assert!(chat.exchanges[2].reply.id == open && chat.is_busy());
    chat.settle();
    chat.take_in(&theirs);
    assert_eq!(chat.exchanges[2].reply.status, Status::Done(FinishReason::Stop), "theirs came to its end");
}

#[test]
fn a_question_that_was_never_sent_is_cancelled() {
    let mut chat = Chat::new(crate::protocol::LoadOptions::default(), crate::ui::choice::Choice::default());
    assert!(chat.ask("one", &Settings::default(), 7, 0.0));
    chat.settle();
    assert_eq!(chat.exchanges[0].reply.status, Status::Done(FinishReason::Cancelled));
}

#[test]
fn only_what_was_cut_off_goes_on_and_what_is_refused_is_as_it_was() {
    let mut chat = ready();
    let id = ask(&mut chat, "one");
    chat.apply(done(id, FinishReason::Cancelled), 1.0);
    assert_eq!(chat.can_go_on(), None, "there is nothing to go on from");
    let id = ask(&mut chat, "two");
    chat.apply(token(id, Channel::Output, "so"), 2.0);
    chat.apply(done(id, FinishReason::Cancelled), 3.0);
    let source = crate::protocol::ModelSource::Remote {
        url: "http://host/v1".into(),
        model: None,
        connections: None,
        timeout_s: None,
        thoughts: None,
    };
    let here = std::mem::replace(&mut chat.choice, crate::ui::choice::Choice::new(source, "far"));
    assert_eq!(chat.can_go_on(), None, "a server's tokens have no numbers");
    let (key, reply) = (chat.exchanges[1].key, chat.exchanges[1].reply.clone());
    assert!(!chat.can_branch_from(key, &reply));
    chat.choice = here;
    assert!(chat.can_branch_from(key, &reply));
    chat.go_on(4.0);
    let (id, ..) = sent(&mut chat);
    chat.apply(failed(Some(id), "bad_request"), 5.0);
    assert_eq!((chat.exchanges.len(), chat.exchanges[1].reply.output.as_str()), (2, "so"));
    assert_eq!(chat.exchanges[1].reply.status, Status::Done(FinishReason::Cancelled));
}

#[test]
fn a_branch_of_tokens_counts_its_thought_and_goes_where_it_is_refused() {
    let mut chat = ready();
    answered(&mut chat, "one");
    let key = chat.exchanges[0].key;
    let told = |channel| Arc::new(Told::new(1, channel, "5", -0.1, vec![]));
    assert!(!chat.branch_from(key, &[], 9.0), "that would be another reply");
    let reply = Arc::make_mut(&mut chat.exchanges[0].reply);
    let asked = reply.asked.as_deref().cloned().unwrap();
    reply.asked = Some(Arc::new(Asked { search: Some(SearchOptions::default()), ..asked }));
    assert!(chat.branch_from(key, &[told(Channel::Thought), told(Channel::Output)], 9.0));
    let (id, ..) = sent(&mut chat);
    assert_eq!((chat.exchanges[0].reply.tokens, chat.exchanges[0].reply.thought_tokens), (2, 1));
    chat.apply(failed(Some(id), "bad_request"), 10.0);
    assert_eq!((chat.exchanges[0].key, chat.branches(0).reply.count), (key, 1));
    chat.keep_tree(key, "{tree}");
    chat.regenerate(&Settings::default(), 3, 11.0);
    chat.new_chat();
    assert!(chat.all().next().is_none() && chat.whole(1.0).trees.is_empty(), "a new one has nothing of it");
}

#[test]
fn a_search_without_a_tree_is_asked_again_and_one_at_a_time_is_opened() {
    let mut chat = ready();
    chat.search = Some(SearchOptions::default());
    chat.ask("one", &Settings::default(), 7, 0.0);
    chat.take_effects();
    assert_eq!(chat.can_reopen(0), None);
    let key = chat.exchanges[0].key;
    chat.settle();
    let mut again = reloaded(&chat.whole(5.0));
    again.go_on(1.0);
    assert!(matches!(again.take_effects().pop(), Some(Effect::Post(Request::Search { .. }))));
    chat.keep_tree(key, "{tree}");
    let mut again = reloaded(&chat.whole(5.0));
    assert_eq!(again.can_reopen(0), Some(GoOn::Now));
    ask(&mut again, "two");
    assert_eq!(again.can_reopen(0), Some(GoOn::Later));
    again.reopen(0, 2.0);
    assert!(again.take_effects().is_empty(), "not while a reply is made");
    again.settle();
    again.reopen(0, 3.0);
    assert_eq!(again.can_reopen(0), None, "it is being opened");
}
