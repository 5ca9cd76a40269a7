//! Conversations in the browser's own database: one record a conversation, a short one for the list, and beside
//! them the searches and the journal of what is being written. Requests are done one after the other.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_channel::mpsc;
use futures_util::StreamExt;
use idb::{Database, DatabaseEvent, Factory, KeyRange, Query, Transaction, TransactionMode};
use wasm_bindgen::prelude::*;
use web_sys::{BroadcastChannel, MessageEvent};

use super::chats::format::{self, Journal, Record, Whole};
use super::chats::list::Head;
use super::chats::room::{Lookout, Room};
use super::chats::{Answer, For, Wish};
use super::{dom, locks};

/// The database, and what tabs tell each other on.
const NAME: &str = "polo";
const HEADS: &str = "heads";
const CHATS: &str = "chats";
const TREES: &str = "trees";
const JOURNAL: &str = "journal";
const STORES: [&str; 4] = [HEADS, CHATS, TREES, JOURNAL];
/// The browser may let go of the lock of a page that is reloaded only after the next one has begun: what this tab
/// itself wrote is asked for so many times, with so many milliseconds between.
const TRIES: u32 = 10;
const PAUSE_MS: u64 = 50;

/// The line to the database.
pub(super) struct Store {
    wishes: mpsc::UnboundedSender<Wish>,
    _on_message: Option<Closure<dyn FnMut(MessageEvent)>>,
}

type Deliver = Rc<dyn Fn(Answer)>;

struct Shelf {
    db: Database,
    tabs: Option<BroadcastChannel>,
    /// The lock of this tab, once it was asked for.
    holder: OnceCell<Option<String>>,
}

impl Store {
    /// Opens the database; `before` is what this tab showed before it was reloaded.
    pub(super) fn open(before: Option<String>, deliver: impl Fn(Answer) + 'static) -> Self {
        let deliver: Deliver = Rc::new(deliver);
        let tabs =
            dom::has("BroadcastChannel", None).then(|| BroadcastChannel::new("polo.chats").ok()).flatten();
        let hear = deliver.clone();
        let on_message = tabs.as_ref().map(|tabs| {
            let closure = Closure::new(move |message: MessageEvent| {
                let text = message.data().as_string().unwrap_or_default();
                if let Some((what, id)) = text.split_once(':') {
                    hear(Answer::Elsewhere(id.to_owned(), what == "gone"));
                }
            });
            tabs.set_onmessage(Some(closure.as_ref().unchecked_ref()));
            closure
        });
        let (wishes, asked) = mpsc::unbounded();
        leptos::task::spawn_local(serve(asked, tabs, before, deliver));
        Self { wishes, _on_message: on_message }
    }

    /// Asks for something; the answer comes to `deliver`.
    pub(super) fn wish(&self, wish: Wish) {
        // The other end lives as long as the page.
        drop(self.wishes.unbounded_send(wish));
    }
}

async fn serve(
    mut asked: mpsc::UnboundedReceiver<Wish>,
    tabs: Option<BroadcastChannel>,
    before: Option<String>,
    deliver: Deliver,
) {
    let opened = async {
        let shelf = Shelf { db: open().await?, tabs, holder: OnceCell::new() };
        let told = shelf.recover(before.as_deref()).await?;
        Ok::<_, idb::Error>((shelf, told))
    };
    let shelf = match opened.await {
        Ok((shelf, told)) => {
            deliver(told);
            shelf
        }
        Err(error) => {
            // What was to be kept meanwhile stays in the tab.
            while let Ok(wish) = asked.try_recv() {
                if let Wish::Save(chat) = wish {
                    let whole = Whole { chat: *chat, trees: BTreeMap::new() };
                    deliver(Answer::Failed(Box::new(whole), error.to_string()));
                }
            }
            deliver(Answer::Closed(error.to_string()));
            return;
        }
    };
    let mut lookout = Lookout::default();
    if lookout.is_due(&Wish::Look, dom::now_ms()) {
        look(&deliver);
    }
    while let Some(wish) = asked.next().await {
        let (unkept, is_due) = (unkept(&wish), lookout.is_due(&wish, dom::now_ms()));
        match shelf.grant(wish).await {
            Ok(told) => told.into_iter().for_each(|told| deliver(told)),
            Err(error) => {
                let why = error.to_string();
                let whole = Box::new(unkept);
                deliver(if why.contains("Quota") { Answer::Full(whole) } else { Answer::Failed(whole, why) });
            }
        }
        if is_due {
            look(&deliver);
        }
    }
}

/// Tells how much room is left, when the browser has found out.
fn look(deliver: &Deliver) {
    let deliver = deliver.clone();
    leptos::task::spawn_local(async move {
        if let Some((quota_bytes, used_bytes)) = dom::room().await {
            deliver(Answer::Room(Room::of(quota_bytes, used_bytes)));
        }
    });
}

/// What would be lost if this cannot be written.
fn unkept(wish: &Wish) -> Whole {
    match wish {
        Wish::Save(chat) => Whole { chat: Record::clone(chat), trees: BTreeMap::new() },
        _ => Whole::default(),
    }
}

async fn open() -> Result<Database, idb::Error> {
    let mut request = Factory::new()?.open(NAME, Some(1))?;
    request.on_upgrade_needed(|event| {
        if let Ok(db) = event.database() {
            for name in STORES {
                // One that cannot be made is missed by the first transaction, which says so.
                drop(db.create_object_store(name, idb::ObjectStoreParams::new()));
            }
        }
    });
    request.await
}

fn text(value: Option<JsValue>) -> Option<String> {
    value.and_then(|value| value.as_string())
}

fn key(id: &str) -> JsValue {
    JsValue::from_str(id)
}

/// Keys of the searches of a conversation: its own, and no other's.
fn trees_of(id: &str) -> Result<Query, idb::Error> {
    let (from, to) = (key(&format!("{id}/")), key(&format!("{id}0")));
    Ok(Query::KeyRange(KeyRange::bound(&from, &to, None, Some(true))?))
}

/// Ends a transaction; one that was given up for lack of room says so here.
async fn end(transaction: Transaction) -> Result<(), idb::Error> {
    if transaction.await?.is_committed() {
        return Ok(());
    }
    let quota = JsValue::from_str("QuotaExceededError: the browser gave the write up");
    Err(idb::Error::TransactionCommitError(quota))
}

impl Shelf {
    fn write(&self) -> Result<Transaction, idb::Error> {
        self.db.transaction(&STORES, TransactionMode::ReadWrite)
    }

    fn tell(&self, what: &str, id: &str) {
        if let Some(tabs) = &self.tabs {
            // Nobody may be listening.
            drop(tabs.post_message(&key(&format!("{what}:{id}"))));
        }
    }

    /// The lock of this tab: whoever finds a journal can see by it whether its tab is still there.
    async fn holder(&self) -> Option<String> {
        if let Some(holder) = self.holder.get() {
            return holder.clone();
        }
        let holder = locks::hold().await;
        self.holder.get_or_init(|| holder).clone()
    }

    async fn grant(&self, wish: Wish) -> Result<Vec<Answer>, idb::Error> {
        let told = match wish {
            Wish::Save(chat) => self.save(*chat).await?,
            Wish::Journal(mut journal) => {
                journal.holder = self.holder().await;
                let transaction = self.write()?;
                let at = key(&journal.chat.id);
                let json = JsValue::from_str(&format::write(&*journal));
                transaction.object_store(JOURNAL)?.put(&json, Some(&at))?.await?;
                end(transaction).await?;
                return Ok(Vec::new());
            }
            Wish::Tree(id, exchange, json) => {
                let transaction = self.write()?;
                let at = key(&format!("{id}/{exchange}"));
                transaction.object_store(TREES)?.put(&JsValue::from_str(&json), Some(&at))?.await?;
                end(transaction).await?;
                return Ok(Vec::new());
            }
            Wish::Read(id, why) => {
                let whole = self.read(&id).await?;
                Answer::Read(id, whole.map(Box::new), why)
            }
            Wish::Delete(id) => {
                let whole = self.read(&id).await?;
                let transaction = self.write()?;
                for name in [HEADS, CHATS, JOURNAL] {
                    transaction.object_store(name)?.delete(key(&id))?.await?;
                }
                transaction.object_store(TREES)?.delete(trees_of(&id)?)?.await?;
                end(transaction).await?;
                self.tell("gone", &id);
                Answer::Deleted(id, whole.map(Box::new))
            }
            Wish::Put(chats) => {
                let mut heads = Vec::new();
                for whole in chats {
                    heads.push(self.put(whole).await?);
                }
                Answer::Imported(heads)
            }
            Wish::ReadAll(why) => Answer::All(self.read_all(why).await?, why),
            Wish::Look => return Ok(Vec::new()),
        };
        Ok(vec![told])
    }

    /// Writes a conversation. Where another tab wrote it since this one read it, both are kept.
    async fn save(&self, mut chat: Record) -> Result<Answer, idb::Error> {
        let transaction = self.write()?;
        let chats = transaction.object_store(CHATS)?;
        let at = key(&chat.id);
        let stored = text(chats.get(at.clone())?.await?).and_then(|stored| format::read_record(&stored).ok());
        let other = stored.filter(|stored| stored.revision != chat.revision);
        let merged = other.is_some_and(|other| chat.take_in(&other));
        chat.revision = dom::random_seed().max(1);
        let head = Head::of(&chat);
        chats.put(&JsValue::from_str(&format::write(&chat)), Some(&at))?.await?;
        transaction.object_store(HEADS)?.put(&JsValue::from_str(&format::write(&head)), Some(&at))?.await?;
        transaction.object_store(JOURNAL)?.delete(at)?.await?;
        end(transaction).await?;
        self.tell("kept", &chat.id);
        Ok(Answer::Saved(head, chat.revision, merged.then(|| Box::new(chat))))
    }

    /// Adds a conversation with its searches to what is here.
    async fn put(&self, whole: Whole) -> Result<Head, idb::Error> {
        let Whole { mut chat, trees } = whole;
        let transaction = self.write()?;
        let chats = transaction.object_store(CHATS)?;
        let at = key(&chat.id);
        let stored = text(chats.get(at.clone())?.await?).and_then(|stored| format::read_record(&stored).ok());
        if let Some(stored) = stored {
            chat = chat.joined(stored);
        }
        chat.revision = dom::random_seed().max(1);
        let head = Head::of(&chat);
        chats.put(&JsValue::from_str(&format::write(&chat)), Some(&at))?.await?;
        transaction.object_store(HEADS)?.put(&JsValue::from_str(&format::write(&head)), Some(&at))?.await?;
        for (exchange, json) in trees {
            let at = key(&format!("{}/{exchange}", chat.id));
            transaction.object_store(TREES)?.put(&JsValue::from_str(&json), Some(&at))?.await?;
        }
        end(transaction).await?;
        self.tell("kept", &chat.id);
        Ok(head)
    }

    async fn read(&self, id: &str) -> Result<Option<Whole>, idb::Error> {
        let transaction = self.db.transaction(&STORES, TransactionMode::ReadOnly)?;
        let stored = text(transaction.object_store(CHATS)?.get(key(id))?.await?);
        let Some(chat) = stored.and_then(|stored| format::read_record(&stored).ok()) else { return Ok(None) };
        let store = transaction.object_store(TREES)?;
        let keys = store.get_all_keys(Some(trees_of(id)?), None)?.await?;
        let values = store.get_all(Some(trees_of(id)?), None)?.await?;
        let number = |at: &JsValue| at.as_string()?.rsplit('/').next()?.parse().ok();
        let trees = keys.iter().zip(values).filter_map(|(at, json)| Some((number(at)?, json.as_string()?)));
        Ok(Some(Whole { chat, trees: trees.collect() }))
    }

    /// All conversations; with their searches where they are to be exported.
    async fn read_all(&self, why: For) -> Result<Vec<Whole>, idb::Error> {
        let transaction = self.db.transaction(&STORES, TransactionMode::ReadOnly)?;
        let records = transaction.object_store(CHATS)?.get_all(None, None)?.await?;
        let records = records.into_iter().filter_map(|record| format::read_record(&record.as_string()?).ok());
        let mut all = Vec::new();
        for chat in records {
            let whole = match why {
                For::Export => self.read(&chat.id).await?.unwrap_or_default(),
                _ => Whole { chat, trees: BTreeMap::new() },
            };
            all.push(whole);
        }
        Ok(all)
    }

    /// Puts what a page left in its journal into the conversations, and reads the list.
    async fn recover(&self, before: Option<&str>) -> Result<Answer, idb::Error> {
        let transaction = self.db.transaction(&STORES, TransactionMode::ReadOnly)?;
        let journals = transaction.object_store(JOURNAL)?.get_all(None, None)?.await?;
        let journals = journals.into_iter().filter_map(|text| format::read_journal(&text.as_string()?).ok());
        let journals: Vec<_> = journals.collect();
        let mut held = locks::held().await;
        for _ in 0..TRIES {
            let left = |journal: &Journal| journal.is_left_behind(before, held.as_deref(), dom::epoch_ms());
            if !journals.iter().any(|journal| before == Some(journal.chat.id.as_str()) && !left(journal)) {
                break;
            }
            dom::pause(PAUSE_MS).await;
            held = locks::held().await;
        }
        let mut cut_off = Vec::new();
        for journal in journals {
            let id = journal.chat.id.clone();
            if !journal.is_left_behind(before, held.as_deref(), dom::epoch_ms()) {
                continue;
            }
            let kept = self.read(&id).await?.map(|whole| whole.chat);
            let chat = journal.recovered(kept);
            self.save(chat).await?;
            cut_off.push(id);
        }
        let transaction = self.db.transaction(&STORES, TransactionMode::ReadOnly)?;
        let heads = transaction.object_store(HEADS)?.get_all(None, None)?.await?;
        let heads = heads.into_iter().filter_map(|head| serde_json::from_str(&head.as_string()?).ok());
        Ok(Answer::Opened(heads.collect(), cut_off))
    }
}
