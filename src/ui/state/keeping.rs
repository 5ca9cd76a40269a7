//! What of the conversation is to be kept, and when; a conversation that is opened again; and a reply that goes on
//! where it was cut off.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kept::{kept_exchange, reply_of};
use super::{Chat, Exchange, Phase};
use crate::protocol::{Channel, FinishReason, Prompt, Request, SamplingOptions};
use crate::ui::chats::format::{Journal, KeptExchange, Record, VERSION, Whole};
use crate::ui::effect::Effect;
use crate::ui::reply::{Asked, Reply, Status};
use crate::ui::tokens::{self, Told};
use crate::ui::words::t;

/// What comes while a reply is made is kept this often, in milliseconds.
const JOURNAL_MS: f64 = 1000.0;
/// A search is exported this often while it runs.
const EXPORT_MS: f64 = 3000.0;

/// Which conversation it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identity {
    /// Empty until something was asked.
    pub id: String,
    /// The title that the person gave.
    pub title: Option<String>,
    /// When it was begun, in milliseconds since 1970; 0 until it is kept for the first time.
    pub created_ms: f64,
    /// Of what was kept last.
    pub revision: u64,
}

/// What is to be kept since the last time.
#[derive(Debug, Default)]
pub struct Keep {
    /// The conversation.
    pub(super) whole: bool,
    journal: bool,
    trees: Vec<u64>,
    journal_ms: Option<f64>,
    export_ms: Option<f64>,
}

/// One thing to keep.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// The conversation as it stands; what is still being written is in the journal.
    Whole(Box<Record>),
    /// The exchange that is being written.
    Open(Box<Journal>),
    /// A search of the exchange with this key: id of the conversation, key, what `Exported` held.
    Tree(String, u64, Arc<str>),
    /// Nothing is left of the conversation with this id.
    Nothing(String),
}

/// Whether a reply can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoOn {
    /// Now.
    Now,
    /// Once the model is loaded.
    Later,
    /// Only with this model, which is not the one that is loaded.
    With(Arc<str>),
}

impl Keep {
    /// Something of the open reply came, which has so many tokens. Of a very long one a little less often.
    pub(super) fn journal(&mut self, tokens: usize, now_ms: f64) {
        let pause = JOURNAL_MS + tokens as f64 / 10.0;
        if self.journal_ms.is_none_or(|last| now_ms - last >= pause) {
            self.journal_ms = Some(now_ms);
            self.journal = true;
        }
    }

    /// Whether a search that runs is due to be exported.
    pub(super) fn export_is_due(&mut self, now_ms: f64) -> bool {
        let due = self.export_ms.is_none_or(|last| now_ms - last >= EXPORT_MS);
        if due {
            self.export_ms = Some(now_ms);
        }
        due
    }
}

impl Chat {
    /// Numbers of requests and exchanges are above this from now on, so that they are unlike those of other tabs
    /// and visits.
    pub fn number_from(&mut self, base: u64) {
        self.next_id = self.next_id.max(base);
    }

    /// An exchange was begun.
    pub(super) fn begin_keeping(&mut self) {
        if self.identity.id.is_empty()
            && let Some(first) = self.exchanges.first()
        {
            self.identity.id = format!("{:x}", first.key);
        }
        self.keep = Keep { whole: self.keep.whole, journal: true, ..Keep::default() };
    }

    /// A search was exported: it can be opened again from this.
    pub(super) fn keep_tree(&mut self, key: u64, json: &str) {
        self.trees.insert(key, json.into());
        self.keep.trees.push(key);
    }

    /// The page is about to go: what is open is kept as it is.
    pub fn keep_now(&mut self) {
        self.keep.journal = self.exchanges.last().is_some_and(|last| last.reply.is_open());
    }

    /// Gives the conversation a title; none for its first question.
    pub fn rename(&mut self, title: Option<String>) {
        self.identity.title = title;
        self.keep.whole = true;
    }

    /// What is to be kept since the last call. `epoch_ms` is the clock on the wall.
    pub fn take_kept(&mut self, epoch_ms: f64) -> Vec<Kept> {
        let keep = &mut self.keep;
        let (whole, journal) = (std::mem::take(&mut keep.whole), std::mem::take(&mut keep.journal));
        let trees = std::mem::take(&mut keep.trees);
        let mut kept = Vec::new();
        if self.identity.id.is_empty() {
            return kept;
        }
        if self.identity.created_ms == 0.0 {
            self.identity.created_ms = epoch_ms;
        }
        if whole && self.all().next().is_none() {
            kept.push(Kept::Nothing(std::mem::take(&mut self.identity).id));
            return kept;
        }
        if whole {
            kept.push(Kept::Whole(Box::new(self.record(epoch_ms))));
        }
        let open = self.exchanges.last().filter(|last| last.reply.is_open());
        if let Some(open) = open.filter(|_| whole || journal) {
            let open = kept_exchange(open);
            kept.push(Kept::Open(Box::new(Journal { chat: self.head(epoch_ms), open, holder: None })));
        }
        for key in trees {
            let tree = self.trees.get(&key).cloned();
            kept.extend(tree.map(|tree| Kept::Tree(self.identity.id.clone(), key, tree)));
        }
        kept
    }

    fn head(&self, epoch_ms: f64) -> Record {
        let Identity { id, title, created_ms, revision } = self.identity.clone();
        Record {
            version: VERSION,
            id,
            title,
            created_ms,
            changed_ms: epoch_ms,
            revision,
            exchanges: Vec::new(),
        }
    }

    /// The conversation as it is kept; what is still being written is not in it.
    pub fn record(&self, epoch_ms: f64) -> Record {
        let exchanges = self.all().filter(|exchange| !exchange.reply.is_open()).map(kept_exchange).collect();
        Record { exchanges, ..self.head(epoch_ms) }
    }

    /// The conversation with its searches.
    pub fn whole(&self, epoch_ms: f64) -> Whole {
        let trees = self.trees.iter().map(|(key, json)| (*key, json.to_string())).collect();
        Whole { chat: self.record(epoch_ms), trees }
    }

    /// The conversation was kept under this revision. `merged` is what was kept where another tab had written too.
    pub fn was_kept(&mut self, id: &str, revision: u64, merged: Option<&Record>) {
        if self.identity.id == id {
            self.identity.revision = revision;
            if let Some(record) = merged {
                self.take_in(record);
            }
        }
    }

    /// Takes in what another tab has written of this conversation.
    pub fn take_in(&mut self, record: &Record) {
        let known: Vec<u64> = self.all().map(|exchange| exchange.key).collect();
        for kept in &record.exchanges {
            if !known.contains(&kept.key) {
                let exchange = self.exchange_of(kept);
                self.aside.push(exchange);
            } else if let Some(own) = self.all_mut().find(|own| own.key == kept.key)
                && !own.reply.is_open()
                && kept_exchange(own).reply.is_behind(&kept.reply)
            {
                own.reply = Arc::new(reply_of(&kept.reply, own.reply.id));
            }
        }
        self.identity.revision = record.revision;
        self.identity.title.clone_from(&record.title);
        // What follows where this tab ends is shown; a reply under way is not moved from.
        if !self.is_busy() {
            let end = self.exchanges.last().map(|last| last.key);
            let all = self.exchanges.drain(..).chain(self.aside.drain(..)).collect();
            self.lay(all, end);
        }
    }

    /// Forgets the conversation, for a new one. What was kept of it stays.
    pub fn new_chat(&mut self) {
        self.leave();
        self.announcement = t!("page-new-chat");
    }

    /// Leaves the conversation; a reply under way ends.
    fn leave(&mut self) {
        self.stop();
        self.identity = Identity::default();
        self.keep = Keep::default();
        self.exchanges.clear();
        self.aside.clear();
        self.trees.clear();
        self.forget_comparison();
        self.searches.clear();
        self.notice = None;
        self.remarks.clear();
    }

    /// Before the conversation is left: ends what is under way, so that what has come of it is kept with the rest.
    pub fn settle(&mut self) {
        if self.exchanges.last().is_some_and(|last| last.reply.is_open()) {
            self.stop();
            if let Some(last) = self.exchanges.last_mut() {
                let sent = last.reply.id != 0;
                let status = if sent { Status::Interrupted } else { Status::Done(FinishReason::Cancelled) };
                Arc::make_mut(&mut last.reply).status = status;
            }
            self.keep.whole = true;
        }
    }

    /// Opens a conversation that was kept.
    pub fn open(&mut self, whole: &Whole) {
        self.leave();
        let Record { id, title, created_ms, revision, exchanges, .. } = &whole.chat;
        self.identity =
            Identity { id: id.clone(), title: title.clone(), created_ms: *created_ms, revision: *revision };
        let newest = exchanges.iter().map(|exchange| exchange.key.max(exchange.seen)).max();
        self.number_from(newest.unwrap_or_default());
        let all = exchanges.iter().map(|kept| self.exchange_of(kept)).collect();
        self.lay(all, None);
        self.trees = whole.trees.iter().map(|(key, json)| (*key, json.as_str().into())).collect();
        self.announcement = t!("chats-opened", title = whole.chat.shown_title());
    }

    fn exchange_of(&mut self, kept: &KeptExchange) -> Exchange {
        let id = self.next_id();
        let KeptExchange { key, parent, seen, question, reply } = kept;
        Exchange {
            key: *key,
            parent: *parent,
            seen: *seen,
            question: question.as_str().into(),
            reply: Arc::new(reply_of(reply, id)),
            from: None,
            previous: None,
        }
    }

    /// Whether the last reply can go on, where it was cut off.
    pub fn can_go_on(&self) -> Option<GoOn> {
        let last = self.exchanges.last()?;
        let reply = &last.reply;
        // Without a token there is nothing to go on from, but the same request can be sent again.
        let something = !reply.told.is_empty() || reply.status == Status::Interrupted;
        // A server's tokens have no numbers of its own to go on from.
        let elsewhere = self.choice.server().is_some() && !reply.is_search() && !reply.told.is_empty();
        if !reply.is_cut() || !something || elsewhere || reply.asked.is_none() {
            return None;
        }
        Some(self.readiness(&reply.model))
    }

    /// Whether a search of an earlier visit can be opened again.
    pub fn can_reopen(&self, depth: usize) -> Option<GoOn> {
        let exchange = self.exchanges.get(depth)?;
        let reply = &exchange.reply;
        let closed = !reply.is_open() && self.searches.get(reply.id).is_none();
        (closed && self.trees.contains_key(&exchange.key)).then(|| self.readiness(&reply.model))
    }

    fn readiness(&self, model: &Arc<str>) -> GoOn {
        match &self.model {
            Some(loaded) if loaded.name != **model => GoOn::With(model.clone()),
            Some(_) if self.phase == Phase::Ready && !self.is_busy() => GoOn::Now,
            _ => GoOn::Later,
        }
    }

    /// Goes on with the last reply where it was cut off: the same tokens, the same random numbers.
    pub fn go_on(&mut self, now_ms: f64) {
        if self.can_go_on() != Some(GoOn::Now) {
            return;
        }
        let Some(last) = self.exchanges.last() else { return };
        if last.reply.is_search() && self.trees.contains_key(&last.key) {
            self.reopen(self.exchanges.len() - 1, now_ms);
            return;
        }
        let (Some(model), Some(asked)) = (self.model.clone(), last.reply.asked.clone()) else { return };
        let prompt = Prompt::Chat { messages: self.messages(&asked.system, &model.name) };
        let id = self.next_id();
        let Some(last) = self.exchanges.last_mut() else { return };
        last.previous = Some(last.reply.clone());
        Arc::make_mut(&mut last.reply).resume(id, now_ms);
        let prefix = last.reply.told.iter().map(|told| told.token).collect();
        let sampling = asked.sampling.clone();
        let request = match asked.search.clone() {
            Some(search) => {
                self.searches.begin(id, &search, now_ms);
                Request::Search { id, prompt, sampling, search }
            }
            None => Request::Generate { id, prompt, sampling: SamplingOptions { prefix, ..sampling } },
        };
        self.effects.push(Effect::Post(request));
        self.notice = None;
        self.begin_keeping();
    }

    /// Opens the search of an exchange again: one that was not done goes on.
    pub fn reopen(&mut self, depth: usize, now_ms: f64) {
        let Some(exchange) = self.exchanges.get(depth).filter(|_| !self.is_busy()) else { return };
        let Some(json) = self.trees.get(&exchange.key).map(ToString::to_string) else { return };
        let id = self.next_id();
        let Some(exchange) = self.exchanges.get_mut(depth) else { return };
        exchange.previous = Some(exchange.reply.clone());
        Arc::make_mut(&mut exchange.reply).resume(id, now_ms);
        let search = exchange.reply.asked.as_ref().and_then(|asked| asked.search.clone());
        self.searches.begin(id, &search.unwrap_or_default(), now_ms);
        self.effects.push(Effect::Post(Request::Import { id, json }));
        self.notice = None;
        self.begin_keeping();
    }

    /// Whether there can be another reply that begins as this one does.
    pub fn can_branch_from(&self, key: u64, reply: &Reply) -> bool {
        self.depth_to_branch_at(key).is_some()
            && reply.asked.is_some()
            && self.choice.server().is_none()
            && self.readiness(&reply.model) == GoOn::Now
    }

    /// A new reply beside this one, which begins with these tokens; false where that cannot be.
    pub fn branch_from(&mut self, key: u64, beginning: &[Arc<Told>], now_ms: f64) -> bool {
        let Some(depth) = self.depth_to_branch_at(key) else { return false };
        let Some(exchange) = self.exchanges.get(depth) else { return false };
        let (question, old) = (exchange.question.clone(), exchange.reply.clone());
        let Some(asked) = old.asked.clone() else { return false };
        if beginning.is_empty() || !self.can_branch_from(key, &old) {
            return false;
        }
        let (thought, output) = tokens::texts(beginning);
        let thought_tokens = beginning.iter().filter(|told| told.channel == Channel::Thought).count();
        let asked = Asked { search: None, ..Asked::clone(&asked) };
        self.aside.extend(self.exchanges.drain(depth..));
        self.add(question, Some(key));
        if let Some(last) = self.exchanges.last_mut() {
            let mut reply = Reply::new(0, Status::Interrupted, old.seed, now_ms);
            (reply.thought, reply.output, reply.told) = (thought, output, beginning.to_vec());
            (reply.tokens, reply.thought_tokens) = (beginning.len(), thought_tokens);
            (reply.model, reply.thoughts) = (old.model.clone(), old.thoughts);
            reply.asked = Some(Arc::new(asked));
            last.reply = Arc::new(reply);
        }
        self.go_on(now_ms);
        if let Some(last) = self.exchanges.last_mut() {
            // Where it is refused, the branch goes and not only what it said.
            last.previous = None;
        }
        true
    }
}

/// What the engine told of searches, by the key of their exchange.
pub(super) type Trees = BTreeMap<u64, Arc<str>>;

#[cfg(test)]
#[path = "keeping_tests.rs"]
mod tests;
