//! The list against a scripted storage.

use super::format::VERSION;
use super::format::tests::{chat, exchange};
use super::*;

fn record(id: &str, question: &str, changed_ms: f64) -> Record {
    Record { changed_ms, ..chat(id, vec![exchange(1, None, question, "The answer")]) }
}

fn whole(id: &str, question: &str) -> Whole {
    Whole { chat: record(id, question, 1.0), ..Whole::default() }
}

fn opened() -> Chats {
    let mut chats = Chats::new(None);
    let heads = vec![Head::of(&record("a", "apples", 1.0)), Head::of(&record("b", "bags", 2.0))];
    chats.apply(Answer::Opened(heads, vec![]));
    assert!(chats.take_acts().is_empty());
    chats
}

/// The list in one line.
fn ids(chats: &Chats) -> String {
    chats.heads().iter().map(|head| head.id.as_str()).collect::<Vec<_>>().join(" ")
}

fn saved(chats: &mut Chats) -> Vec<Record> {
    let saved = |act| match act {
        Act::Wish(Wish::Save(record)) => Some(*record),
        _ => None,
    };
    chats.take_acts().into_iter().filter_map(saved).collect()
}

#[test]
fn the_newest_is_first_and_what_is_kept_moves_up() {
    let mut chats = opened();
    assert_eq!(ids(&chats), "b a");
    chats.keep(record("a", "apples", 3.0));
    assert_eq!(ids(&chats), "a b");
    assert_eq!(saved(&mut chats).len(), 1);
    let open = exchange(4, None, "just asked", "");
    chats.keep_open(Journal { chat: Record { changed_ms: 4.0, ..chat("c", vec![]) }, open, holder: None });
    assert_eq!((ids(&chats), chats.heads()[0].title.as_str()), ("c a b".to_owned(), "just asked"));
}

#[test]
fn a_tab_comes_back_to_what_it_showed_and_a_new_one_to_what_was_cut_off() {
    let heads = || vec![Head::of(&record("a", "apples", 1.0)), Head::of(&record("b", "bags", 2.0))];
    for (before, cut, expected) in [
        (Some("a"), vec!["b"], Some("a")),
        (Some("gone"), vec!["b"], Some("b")),
        (None, vec!["b"], Some("b")),
        (None, vec![], None),
    ] {
        let mut chats = Chats::new(before.map(str::to_owned));
        chats.apply(Answer::Opened(heads(), cut.into_iter().map(str::to_owned).collect()));
        let wish = expected.map(|id| Act::Wish(Wish::Read(id.into(), For::Resume)));
        assert_eq!(chats.take_acts(), wish.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn what_was_deleted_comes_back_with_its_searches() {
    let mut chats = opened();
    chats.delete("a");
    assert_eq!((ids(&chats), chats.take_acts()), ("b".to_owned(), vec![Act::Wish(Wish::Delete("a".into()))]));
    let lost = Whole { trees: [(1, "tree".into())].into(), ..whole("a", "apples") };
    chats.apply(Answer::Deleted("a".into(), Some(Box::new(lost.clone()))));
    assert_eq!(chats.deleted, Some(lost.clone()));
    chats.restore();
    assert_eq!((ids(&chats), chats.take_acts()), ("b a".to_owned(), vec![Act::Wish(Wish::Put(vec![lost]))]));
    assert_eq!((chats.deleted.is_none(), &chats.announcement), (true, &Said::Restored("apples".into())));
}

#[test]
fn a_full_storage_loses_nothing_and_room_is_used() {
    let mut chats = opened();
    chats.keep(record("c", "carrots", 3.0));
    let [unkept] = &saved(&mut chats)[..] else { panic!("one is to be saved") };
    chats.apply(Answer::Full(Box::new(Whole { chat: unkept.clone(), ..Whole::default() })));
    assert!(chats.stand == Stand::Full && chats.would_lose());
    chats.keep(record("c", "carrots and more", 4.0));
    chats.keep_tree("c".into(), 1, "tree".into());
    assert!(saved(&mut chats).is_empty(), "it is not tried for each");
    chats.read("c", For::Show);
    let [Act::Show(shown)] = &chats.take_acts()[..] else { panic!("it is here") };
    assert_eq!((shown.chat.changed_ms, shown.trees.len()), (4.0, 1));
    chats.delete("a");
    chats.take_acts();
    chats.apply(Answer::Deleted("a".into(), None));
    let [Act::Wish(Wish::Put(tried))] = &chats.take_acts()[..] else { panic!("there may be room") };
    assert_eq!(tried[0].chat.exchanges[0].question, "carrots and more");
    chats.apply(Answer::Imported(vec![Head::of(&tried[0].chat)]));
    assert!(chats.stand == Stand::Keeping && !chats.would_lose());
}

#[test]
fn a_journal_that_has_no_room_puts_nothing_in_the_place_of_the_conversation() {
    let mut chats = opened();
    chats.apply(Answer::Full(Box::default()));
    assert_eq!(chats.stand, Stand::Full);
    chats.read("a", For::Show);
    assert_eq!(chats.take_acts(), [Act::Wish(Wish::Read("a".into(), For::Show))]);
}

#[test]
fn without_a_storage_everything_lives_as_long_as_the_tab() {
    let mut chats = Chats::new(None);
    chats.keep(record("early", "asked at once", 1.0));
    let unkept = Whole { chat: saved(&mut chats).remove(0), ..Whole::default() };
    chats.apply(Answer::Failed(Box::new(unkept), "no".into()));
    chats.apply(Answer::Closed("private".into()));
    chats.keep(record("a", "apples", 2.0));
    chats.keep_open(Journal::default());
    assert!(chats.take_acts().is_empty(), "nobody is asked");
    assert!(!chats.would_lose(), "nothing could have been kept: the reader is not held back");
    chats.read("early", For::Show);
    assert!(matches!(&chats.take_acts()[..], [Act::Show(_)]));
    chats.export_all();
    let [Act::Download(name, text)] = &chats.take_acts()[..] else { panic!("a file is expected") };
    assert_eq!((name.as_str(), format::read_file(text).unwrap().len()), ("polo-chats.json", 2));
    chats.delete("a");
    chats.restore();
    assert_eq!(ids(&chats), "a early ");
}

#[test]
fn titles_and_texts_are_searched() {
    let mut chats = opened();
    chats.search("answer app");
    assert_eq!(chats.take_acts(), [Act::Wish(Wish::ReadAll(For::Search))]);
    chats.apply(Answer::All(vec![whole("a", "apples"), whole("b", "bags")], For::Search));
    let [(None, found)] = &chats.groups(0.0, 0.0)[..] else { panic!("one group") };
    assert_eq!((found.len(), found[0].0.id.as_str()), (1, "a"));
    assert!(found[0].1.as_ref().unwrap().contains("answer"));
    chats.search("BAGS");
    assert_eq!(chats.groups(0.0, 0.0)[0].1[0].1, None, "a title needs no snippet");
    assert!(chats.take_acts().is_empty(), "the texts are here");
    chats.keep(record("b", "cucumbers", 9.0));
    chats.search("bags");
    assert_eq!(chats.announcement, Said::Found(0));
    chats.search("");
    assert_eq!(chats.groups(9.0, 0.0).len(), 1, "all of one day");
}

#[test]
fn one_that_is_not_shown_is_renamed() {
    let mut chats = opened();
    chats.rename("a", Some("Fruit".into()));
    assert_eq!(chats.take_acts(), [Act::Wish(Wish::Read("a".into(), For::Rename))]);
    chats.apply(Answer::Read("a".into(), Some(Box::new(whole("a", "apples"))), For::Rename));
    assert_eq!(saved(&mut chats)[0].title.as_deref(), Some("Fruit"));
    assert!(chats.heads().iter().any(|head| head.title == "Fruit"));
}

#[test]
fn a_bad_file_changes_nothing_and_a_good_one_adds() {
    let mut chats = opened();
    chats.import("notes.json", "{\"a\":1}");
    assert_eq!(chats.bad_file, Some(BadFile { name: "notes.json".into(), why: Unreadable::Foreign }));
    assert!(chats.take_acts().is_empty() && chats.count() == 2);
    chats.import("chats.json", &format::write_file(&[whole("a", "apples"), whole("z", "zebras")]));
    assert_eq!((chats.bad_file.as_ref(), chats.count()), (None, 3));
    let [Act::Wish(Wish::Put(put))] = &chats.take_acts()[..] else { panic!("they are to be kept") };
    assert_eq!(put.len(), 2);
    assert_eq!(VERSION, put[0].chat.version);
}

#[test]
fn what_another_tab_did_shows_here() {
    let mut chats = opened();
    chats.apply(Answer::Elsewhere("a".into(), true));
    assert_eq!(ids(&chats), "b");
    chats.apply(Answer::Elsewhere("b".into(), false));
    assert_eq!(chats.take_acts(), [Act::Wish(Wish::Read("b".into(), For::Sync))]);
    chats.apply(Answer::Read("b".into(), Some(Box::new(whole("b", "bags"))), For::Sync));
    assert!(matches!(&chats.take_acts()[..], [Act::TakeIn(_)]));
}

/// What the storage is asked to delete.
fn deletes(chats: &mut Chats) -> Vec<String> {
    let deletes = |act| match act {
        Act::Wish(Wish::Delete(id)) => Some(id),
        _ => None,
    };
    chats.take_acts().into_iter().filter_map(deletes).collect()
}

#[test]
fn all_are_deleted_for_good_also_where_the_storage_is_full() {
    for full in [false, true] {
        let mut chats = opened();
        if full {
            chats.apply(Answer::Full(Box::new(whole("b", "bags"))));
        }
        chats.delete("a");
        chats.apply(Answer::Deleted("a".into(), Some(Box::new(whole("a", "apples")))));
        chats.restore();
        chats.take_acts();
        chats.delete_all();
        let mut gone = deletes(&mut chats);
        gone.sort();
        assert_eq!((gone, chats.count(), chats.would_lose()), (vec!["a".into(), "b".into()], 0, false));
        // What was being written was kept once more before.
        chats.apply(Answer::Saved(Head::of(&record("a", "apples", 5.0)), 7, None));
        for id in ["a", "b"] {
            chats.apply(Answer::Deleted(id.into(), Some(Box::new(whole(id, "q")))));
        }
        assert_eq!(
            (ids(&chats).as_str(), &chats.deleted, &chats.stand),
            ("", &None, &Stand::Keeping),
            "{full}"
        );
    }
}

#[test]
fn what_is_put_back_is_what_was_deleted_last() {
    let mut chats = opened();
    chats.delete("a");
    chats.delete("b");
    for id in ["a", "b"] {
        chats.apply(Answer::Deleted(id.into(), Some(Box::new(whole(id, id)))));
    }
    assert_eq!(chats.deleted.as_ref().map(|whole| whole.chat.id.as_str()), Some("b"));
    chats.forget("c");
    chats.apply(Answer::Deleted("c".into(), Some(Box::new(whole("c", "empty")))));
    assert_eq!(chats.deleted.as_ref().map(|whole| whole.chat.id.as_str()), Some("b"), "nobody deleted that");
}

#[test]
fn an_older_copy_of_what_is_here_changes_nothing_in_the_list() {
    let mut chats = opened();
    chats.search("newer words");
    chats.apply(Answer::All(
        vec![Whole { chat: record("b", "newer words", 2.0), ..Whole::default() }],
        For::Search,
    ));
    chats.import("old.json", &format::write_file(&[whole("b", "older")]));
    assert_eq!(ids(&chats), "b a");
    assert_eq!((chats.heads()[0].title.as_str(), chats.heads()[0].changed_ms), ("bags", 2.0));
    assert_eq!(chats.groups(0.0, 0.0)[0].1.len(), 1, "its words are still found");
}

fn full() -> Chats {
    let mut chats = opened();
    let unkept = Whole { trees: [(1, "tree".into())].into(), ..whole("b", "more bags") };
    chats.apply(Answer::Full(Box::new(unkept)));
    chats
}

#[test]
fn a_journal_gives_a_known_chat_no_other_title_or_place() {
    let mut chats = opened();
    let open = exchange(5, Some(1), "a later question", "");
    chats.keep_open(Journal { chat: Record { changed_ms: 9.0, ..chat("a", vec![]) }, open, holder: None });
    assert_eq!((ids(&chats).as_str(), chats.heads()[1].title.as_str()), ("b a", "apples"));
    chats.keep(record("c", "as old as b", 2.0));
    assert_eq!(ids(&chats), "c b a", "of two of the same time the last is first");
    chats.apply(Answer::Read("a".into(), None, For::Show));
    assert_eq!(ids(&chats), "c b", "it is gone");
}

#[test]
fn a_title_goes_to_the_chat_it_was_meant_for() {
    let mut chats = opened();
    chats.rename("a", Some("A".into()));
    chats.rename("b", Some("B".into()));
    chats.take_acts();
    chats.apply(Answer::Read("a".into(), Some(Box::new(whole("a", "apples"))), For::Rename));
    assert_eq!(saved(&mut chats)[0].title.as_deref(), Some("A"));
    chats.apply(Answer::Read("b".into(), Some(Box::new(whole("b", "bags"))), For::Rename));
    assert_eq!(saved(&mut chats)[0].title.as_deref(), Some("B"));
    chats.apply(Answer::Read("b".into(), Some(Box::new(whole("b", "bags"))), For::Rename));
    assert!(saved(&mut chats).is_empty(), "it was renamed");
}

#[test]
fn what_has_no_room_is_read_exported_and_added_to_from_here() {
    let mut chats = full();
    let two = vec![exchange(1, None, "more bags", "a"), exchange(2, Some(1), "from a file", "b")];
    let file = [Whole { chat: chat("b", two), trees: [(2, "other".into())].into() }];
    chats.import("b.json", &format::write_file(&file));
    assert_eq!(chats.announcement, Said::Imported(1));
    chats.read("b", For::Show);
    let [Act::Show(shown)] = &chats.take_acts()[..] else { panic!("it is here") };
    assert_eq!((shown.chat.exchanges.len(), shown.trees.len()), (2, 2));
    chats.apply(Answer::All(vec![whole("a", "apples"), whole("b", "bags")], For::Export));
    let [Act::Download(_, text)] = &chats.take_acts()[..] else { panic!("a file is expected") };
    let exported = format::read_file(text).unwrap();
    let of = |id: &str| exported.iter().filter(|one| one.chat.id == id).collect::<Vec<_>>();
    assert_eq!((of("a").len(), of("b").len(), of("b")[0].chat.exchanges.len()), (1, 1, 2), "the newer one");
}

#[test]
fn when_it_was_kept_at_last_all_is_well() {
    let mut chats = full();
    chats.apply(Answer::Saved(Head::of(&record("b", "more bags", 5.0)), 7, None));
    assert_eq!(chats.take_acts(), [Act::Kept("b".into(), 7, None)]);
    assert_eq!(chats.stand, Stand::Keeping);
    let mut chats = full();
    chats.apply(Answer::Deleted("b".into(), None));
    assert_eq!((ids(&chats).as_str(), &chats.stand), ("b a", &Stand::Full), "what is here alone stays");
}

#[test]
fn nothing_of_an_earlier_deletion_comes_back_after_all_were_deleted() {
    let mut chats = opened();
    chats.delete("a");
    chats.delete_all();
    chats.apply(Answer::Deleted("a".into(), Some(Box::new(whole("a", "apples")))));
    assert_eq!(chats.deleted, None);
}

#[test]
fn without_a_storage_what_is_in_the_tab_is_searched() {
    let mut chats = Chats::new(None);
    chats.apply(Answer::Closed("private".into()));
    chats.keep(record("a", "apples", 1.0));
    chats.search("answer");
    assert_eq!(chats.announcement, Said::Found(1));
    assert!(chats.take_acts().is_empty(), "nobody is asked");
}

#[test]
fn the_list_is_parted_by_age_and_follows_other_tabs() {
    let mut chats = opened();
    let now = 40.0 * 86_400_000.0;
    chats.keep(record("c", "carrots", now));
    let groups = chats.groups(now, 0.0);
    assert_eq!(groups.iter().map(|(_, heads)| heads.len()).collect::<Vec<_>>(), [1, 2]);
    let newer = Whole { chat: record("a", "apples", now + 1.0), ..Whole::default() };
    chats.apply(Answer::Read("a".into(), Some(Box::new(newer)), For::Sync));
    assert_eq!(ids(&chats), "a c b");
}

#[test]
fn one_chat_is_a_file_of_its_own_name_and_a_copy_is_said() {
    let mut chats = opened();
    chats.apply(Answer::Read("a".into(), Some(Box::new(whole("a", "apples"))), For::Export));
    assert!(matches!(&chats.take_acts()[..], [Act::Download(name, _)] if name == "polo-chat-a.json"));
    chats.copy(&record("a", "apples", 1.0));
    assert!(matches!(&chats.take_acts()[..], [Act::Copy(text)] if text.starts_with("# apples")));
    assert_eq!(chats.announcement, Said::Copied);
}
