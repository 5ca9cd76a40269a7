//! What is written is read again, what older versions wrote too, and nothing else.

use super::*;
use crate::protocol::{Channel, SamplingOptions, SearchOptions};

pub(crate) fn exchange(key: u64, parent: Option<u64>, question: &str, output: &str) -> KeptExchange {
    let reply = KeptReply {
        output: output.into(),
        tokens: 3,
        told: vec![Arc::new(Told::new(1, Channel::Output, output, -0.5, vec![]))],
        asked: Some(Asked {
            system: "Be brief.".into(),
            sampling: SamplingOptions { seed: 9, ..SamplingOptions::default() },
            search: Some(SearchOptions::default()),
        }),
        span_ms: Some((1.5, 20.25)),
        ..KeptReply::default()
    };
    KeptExchange { key, parent, seen: key, question: question.into(), reply }
}

pub(crate) fn chat(id: &str, exchanges: Vec<KeptExchange>) -> Record {
    Record {
        version: VERSION,
        id: id.into(),
        created_ms: 1.0,
        changed_ms: 2.0,
        exchanges,
        ..Record::default()
    }
}

#[test]
fn what_is_written_is_read_again() {
    let record = chat("a", vec![exchange(1, None, "2+2?", "4"), exchange(2, Some(1), "\"—\" 你好", "я")]);
    assert_eq!(read_record(&write(&record)).unwrap(), record);
    let journal = Journal {
        chat: chat("a", vec![]),
        open: exchange(3, Some(2), "more", ""),
        holder: Some("tab".into()),
    };
    assert_eq!(read_journal(&write(&journal)).unwrap(), journal);
    let whole = Whole { chat: record, trees: [(2, "{\"nodes\":[]}".to_owned())].into() };
    let file = write_file(std::slice::from_ref(&whole));
    assert!(looks_like_chats(&file));
    assert_eq!(read_file(&file).unwrap(), [whole]);
}

/// As version 1 wrote it: exchanges in a line, replies with what they had then.
const VERSION_1: &str = r#"{"version":1,"id":"18f","created_ms":5,"changed_ms":6,"exchanges":[
    {"key":3,"question":"one","reply":{"end":"stop","output":"1","model":"Marco"}},
    {"key":8,"question":"two","reply":{"end":"length","output":"2"}}]}"#;

#[test]
fn a_conversation_of_version_1_is_read_as_one_branch() {
    let record = read_record(VERSION_1).unwrap();
    assert_eq!(record.version, VERSION);
    let places: Vec<_> = record.exchanges.iter().map(|one| (one.key, one.parent, one.seen)).collect();
    assert_eq!(places, [(3, None, 3), (8, Some(3), 8)]);
    assert_eq!(record.exchanges[1].reply.end, End::Length);
    let file = format!(r#"{{"format":"polo-chats","version":1,"chats":[{{"chat":{VERSION_1}}}]}}"#);
    assert_eq!(read_file(&file).unwrap()[0].chat, record);
    let journal = format!(
        r#"{{"chat":{VERSION_1},"open":{{"key":9,"parent":8,"seen":9,"question":"","reply":{{}}}}}}"#
    );
    assert_eq!(read_journal(&journal).unwrap().chat, record);
}

#[test]
fn what_is_no_conversation_is_refused_with_its_reason() {
    let newer = write(&Record { version: VERSION + 1, ..chat("a", vec![]) });
    assert_eq!(read_record(&newer), Err(Unreadable::Newer(u64::from(VERSION) + 1)));
    for text in ["", "[1]", "{}", "{\"version\":2}", "{\"version\":2,\"id\":1}", "null"] {
        assert!(matches!(read_record(text), Err(Unreadable::Broken(_))), "{text}");
        assert!(read_journal(text).is_err(), "{text}");
    }
    assert_eq!(read_file("{\"format\":\"other\"}"), Err(Unreadable::Foreign));
    let one_is_empty =
        [Whole { chat: chat("a", vec![exchange(1, None, "q", "a")]), ..Whole::default() }, Whole::default()];
    for text in ["{", "{\"format\":\"polo-chats\"}", &write_file(&one_is_empty)] {
        assert!(matches!(read_file(text), Err(Unreadable::Broken(_) | Unreadable::Newer(_))), "{text}");
    }
}

#[test]
fn what_two_tabs_wrote_is_kept_from_both() {
    let mut ours = chat("a", vec![exchange(1, None, "q", "a"), exchange(5, Some(1), "ours", "a")]);
    let mut theirs = chat("a", vec![exchange(1, None, "q", "a"), exchange(7, Some(1), "theirs", "b")]);
    theirs.title = Some("named".into());
    assert!(ours.take_in(&theirs));
    let keys: Vec<_> = ours.exchanges.iter().map(|one| one.key).collect();
    assert_eq!((keys.as_slice(), ours.title.as_deref()), ([1, 5, 7].as_slice(), Some("named")));
    assert!(!ours.take_in(&theirs), "twice is once");
}

#[test]
fn a_reply_that_went_further_takes_the_place_of_one_that_was_cut() {
    let with = |end, tokens| {
        let mut one = exchange(1, None, "q", "a");
        (one.reply.end, one.reply.tokens) = (end, tokens);
        chat("a", vec![one])
    };
    let after = |mut ours: Record, theirs: &Record| {
        ours.take_in(theirs);
        (ours.exchanges[0].reply.end, ours.exchanges[0].reply.tokens)
    };
    assert_eq!(after(with(End::Interrupted, 3), &with(End::Stop, 9)), (End::Stop, 9));
    assert_eq!(after(with(End::Interrupted, 3), &with(End::Interrupted, 5)), (End::Interrupted, 5));
    assert_eq!(after(with(End::Stop, 9), &with(End::Interrupted, 12)), (End::Stop, 9));
    assert_eq!(after(with(End::Interrupted, 5), &with(End::Interrupted, 3)), (End::Interrupted, 5));
}

#[test]
fn a_journal_becomes_the_end_of_its_conversation() {
    let mut open = exchange(2, Some(1), "and then?", "so f");
    open.reply.end = End::Interrupted;
    let journal = Journal { chat: Record { changed_ms: 9.0, ..chat("a", vec![]) }, open, holder: None };
    let kept = chat("a", vec![exchange(1, None, "q", "a")]);
    let recovered = journal.clone().recovered(Some(kept));
    assert_eq!((recovered.exchanges.len(), recovered.changed_ms), (2, 9.0));
    assert_eq!(recovered.exchanges[1].reply.output, "so f");
    let alone = journal.recovered(None);
    assert_eq!((alone.id.as_str(), alone.exchanges.len()), ("a", 1));
}

#[test]
fn a_journal_is_left_behind_by_a_tab_that_is_gone() {
    let journal = |holder: Option<&str>| Journal {
        chat: Record { changed_ms: 100_000.0, ..chat("a", vec![]) },
        open: exchange(1, None, "q", ""),
        holder: holder.map(str::to_owned),
    };
    let (soon, late) = (100_001.0, 100_000.0 + GONE_MS);
    let others = ["other".to_owned()];
    let living = ["other".to_owned(), "tab".to_owned()];
    let held = journal(Some("tab"));
    assert!(held.is_left_behind(None, Some(&others), soon), "it is seen at once that it is gone");
    assert!(!held.is_left_behind(None, Some(&living), late), "silent for long, but there");
    assert!(!held.is_left_behind(Some("a"), Some(&living), late), "a copy of a tab that is there");
    // Where there are no locks, or none was held: by the clock, and by what this tab itself had shown.
    for (journal, held) in [(journal(None), Some(&others[..])), (journal(None), None), (held, None)] {
        assert!(!journal.is_left_behind(None, held, soon));
        assert!(!journal.is_left_behind(Some("b"), held, late - 1.0));
        assert!(journal.is_left_behind(None, held, late));
        assert!(journal.is_left_behind(Some("a"), held, soon));
    }
    let (old, text) = (journal(None), write(&journal(None)));
    assert!(!text.contains("holder"), "an older page reads it: {text}");
    assert_eq!(read_journal(&text).unwrap(), old);
}

#[test]
fn a_file_says_what_it_is_at_its_beginning() {
    let long = "a question without an end ".repeat(1000);
    let file =
        write_file(&[Whole { chat: chat("a", vec![exchange(1, None, &long, "4")]), ..Whole::default() }]);
    assert!(looks_like_chats(&file) && crate::ui::attach::is_export(&file[..100]), "{}", &file[..100]);
    assert!(looks_like_chats(&file[..file.len() / 2]), "also one that is cut off");
    let at_its_end = format!("{{\"chats\":[\"{long}\"],\"format\":\"{FORMAT}\",\"version\":1}}");
    assert!(looks_like_chats(&at_its_end), "as it once was");
    assert!(!looks_like_chats(&long) && !looks_like_chats("{\"format\":\"polo-search-1\"}"));
}

#[test]
fn of_two_copies_the_newer_keeps_its_title_and_both_their_exchanges() {
    let with = |changed_ms, title: Option<&str>, keys: &[u64]| {
        let exchanges = keys.iter().map(|key| exchange(*key, None, "q", "a")).collect();
        Record { changed_ms, title: title.map(str::to_owned), ..chat("a", exchanges) }
    };
    let (old, new) = (with(1.0, Some("old"), &[1, 2]), with(2.0, Some("new"), &[1, 3]));
    for joined in [old.clone().joined(new.clone()), new.clone().joined(old.clone())] {
        let keys: Vec<_> = joined.exchanges.iter().map(|one| one.key).collect();
        assert_eq!((joined.changed_ms, joined.title.as_deref(), keys), (2.0, Some("new"), vec![1, 3, 2]));
        assert_eq!(joined.clone().joined(old.clone()), joined, "twice is once");
    }
    let untitled = with(3.0, None, &[1]).joined(old.clone());
    assert_eq!(untitled.title.as_deref(), Some("old"));
}
