//! A conversation as a tree: a question that is edited, and a reply that is made anew, become branches beside what
//! was there. What is shown is one path; the rest lies aside, one click away.

use std::sync::Arc;

use super::{Chat, Phase};
use crate::ui::effect::Effect;
use crate::ui::reply::{Reply, Status};
use crate::ui::settings::Settings;

/// A question with its reply.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Distinct for each, over all tabs and visits.
    pub key: u64,
    /// The exchange it goes on from; `None` for a first one.
    pub parent: Option<u64>,
    /// When it was last turned to: of several branches the latest is the one to return to.
    pub seen: u64,
    /// What was asked, as it was typed: it goes back into the composer to the letter.
    pub question: Arc<str>,
    /// The reply.
    pub reply: Arc<Reply>,
    /// The branch to return to where this one is refused.
    pub(super) from: Option<u64>,
    /// The reply as it was before it was to go on, until that has begun.
    pub(super) previous: Option<Arc<Reply>>,
}

/// Where one of several stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub count: usize,
    /// The one before it.
    pub before: Option<u64>,
    /// The one after it.
    pub after: Option<u64>,
}

/// The branches beside an exchange: other questions in the place of its own, and other replies to its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Branches {
    /// Among the questions.
    pub question: Standing,
    /// Among the replies to this question.
    pub reply: Standing,
}

impl Chat {
    /// Puts an exchange at the end of the path, with a reply of which nothing has come.
    pub(super) fn add(&mut self, question: Arc<str>, from: Option<u64>) {
        let (key, seen) = (self.next_id(), self.next_id());
        let parent = self.exchanges.last().map(|last| last.key);
        let reply = Arc::new(Reply::new(0, Status::Queued, 0, 0.0));
        self.exchanges.push(Exchange { key, parent, seen, question, reply, from, previous: None });
        self.begin_keeping();
    }

    /// Every exchange, shown or not.
    pub(super) fn all(&self) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter().chain(&self.aside)
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Exchange> {
        self.exchanges.iter_mut().chain(&mut self.aside)
    }

    /// Makes the last reply anew, beside the one there is.
    pub fn regenerate(&mut self, settings: &Settings, random: u64, now_ms: f64) {
        let Some(last) = self.exchanges.last() else { return };
        let (key, question) = (last.key, last.question.clone());
        self.branch(key, question, settings, random, now_ms);
    }

    /// Asks something else in the place of a question; the old one stays, with all that followed it. False, and
    /// nothing changed, where that cannot be.
    pub fn edit(&mut self, key: u64, question: &str, settings: &Settings, random: u64, now_ms: f64) -> bool {
        !question.trim().is_empty() && self.branch(key, question.into(), settings, random, now_ms)
    }

    fn branch(
        &mut self,
        key: u64,
        question: Arc<str>,
        settings: &Settings,
        random: u64,
        now_ms: f64,
    ) -> bool {
        let Some(depth) = self.depth_to_branch_at(key) else { return false };
        self.aside.extend(self.exchanges.drain(depth..));
        self.add(question, Some(key));
        self.generate(settings, random, now_ms);
        true
    }

    /// Where on the path an exchange stands, if there can be another in its place now.
    pub(super) fn depth_to_branch_at(&self, key: u64) -> Option<usize> {
        let free = !self.is_busy() && self.phase != Phase::Down;
        self.exchanges.iter().position(|exchange| exchange.key == key).filter(|_| free)
    }

    /// The branches beside the exchange at this place of the path.
    pub fn branches(&self, depth: usize) -> Branches {
        let Some(own) = self.exchanges.get(depth) else { return Branches::default() };
        let beside = self.aside.iter().filter(|exchange| exchange.parent == own.parent);
        let mut siblings: Vec<&Exchange> = beside.chain([own]).collect();
        siblings.sort_by_key(|exchange| exchange.key);
        let replies: Vec<u64> =
            siblings.iter().filter(|one| one.question == own.question).map(|one| one.key).collect();
        // Each question stands where it was first asked, and for the reply that was last turned to.
        let mut questions: Vec<&Exchange> = Vec::new();
        for one in siblings {
            match questions.iter_mut().find(|known| known.question == one.question) {
                Some(known) if one.key == own.key || (known.key != own.key && one.seen > known.seen) => {
                    *known = one;
                }
                Some(_) => {}
                None => questions.push(one),
            }
        }
        let questions: Vec<u64> = questions.iter().map(|one| one.key).collect();
        Branches { question: standing(&questions, own.key), reply: standing(&replies, own.key) }
    }

    /// Shows the branch with this exchange, down to where it was last read.
    pub fn show(&mut self, key: u64) {
        if !self.is_busy() {
            self.turn_to(key);
            self.keep.whole = true;
        }
    }

    fn turn_to(&mut self, key: u64) {
        let seen = self.next_id();
        let mut all: Vec<Exchange> = self.exchanges.drain(..).chain(self.aside.drain(..)).collect();
        if let Some(exchange) = all.iter_mut().find(|exchange| exchange.key == key) {
            exchange.seen = seen;
        }
        self.lay(all, Some(key));
    }

    /// Lays out these exchanges: a path that leads through one of them, if one is named, and otherwise the branches
    /// that were turned to last; the rest aside.
    pub(super) fn lay(&mut self, mut all: Vec<Exchange>, through: Option<u64>) {
        let mut upwards = Vec::new();
        let mut at = through;
        while let Some(found) = at.and_then(|key| all.iter().position(|exchange| exchange.key == key)) {
            let exchange = all.swap_remove(found);
            at = exchange.parent;
            upwards.push(exchange);
        }
        self.exchanges = upwards.into_iter().rev().collect();
        let mut latest: std::collections::HashMap<Option<u64>, (u64, u64)> = std::collections::HashMap::new();
        for exchange in &all {
            let best = latest.entry(exchange.parent).or_default();
            *best = (*best).max((exchange.seen, exchange.key));
        }
        let mut rest: std::collections::HashMap<u64, Exchange> =
            all.into_iter().map(|exchange| (exchange.key, exchange)).collect();
        loop {
            let end = self.exchanges.last().map(|last| last.key);
            let next = latest.get(&end).and_then(|(_, key)| rest.remove(key));
            let Some(next) = next else { break };
            self.exchanges.push(next);
        }
        self.aside = rest.into_values().collect();
    }

    pub(super) fn refuse(&mut self, notice: crate::ui::notices::Notice) {
        self.notice = Some(notice);
        self.take_back();
    }

    /// Takes the last question back: nothing of it was answered, and the text is not lost.
    pub(super) fn take_back(&mut self) {
        let Some(mut last) = self.exchanges.pop() else { return };
        self.keep.whole = true;
        if let Some(previous) = last.previous.take() {
            self.exchanges.push(Exchange { reply: previous, ..last });
            return;
        }
        let before = last.from.and_then(|key| self.all().find(|exchange| exchange.key == key));
        let edited = before.is_none_or(|before| before.question != last.question);
        if edited && !last.question.is_empty() {
            self.effects.push(Effect::Draft(last.question.to_string()));
        }
        if let Some(key) = last.from {
            self.turn_to(key);
        }
    }
}

fn standing(keys: &[u64], own: u64) -> Standing {
    let Some(at) = keys.iter().position(|key| *key == own) else { return Standing::default() };
    let before = at.checked_sub(1).map(|before| keys[before]);
    Standing { number: at + 1, count: keys.len(), before, after: keys.get(at + 1).copied() }
}

#[cfg(test)]
#[path = "branching_tests.rs"]
mod tests;
