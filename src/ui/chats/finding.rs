//! What is found among the conversations, and the list by age.

use std::collections::BTreeMap;

use super::format::Whole;
use super::list::{self, Age, Head};
use super::{Chats, For, Said, Stand, Wish};

/// Conversations of one age.
pub type Group = (Option<Age>, Vec<(Head, Option<String>)>);

impl Chats {
    /// Searches in titles and texts.
    pub fn search(&mut self, query: &str) {
        query.clone_into(&mut self.query);
        if self.texts.is_none() && !query.trim().is_empty() {
            self.texts = Some(BTreeMap::new());
            let loose: Vec<_> = self.loose.values().cloned().collect();
            self.have_texts(&loose);
            if !matches!(self.stand, Stand::Nothing(_)) {
                self.wish(Wish::ReadAll(For::Search));
            }
        }
        if !query.trim().is_empty() {
            self.announcement = Said::Found(self.found().len());
        }
    }

    pub(super) fn have_texts(&mut self, chats: &[Whole]) {
        let texts = self.texts.get_or_insert_default();
        for whole in chats {
            texts.insert(whole.chat.id.clone(), list::text_of(&whole.chat));
        }
    }

    fn found(&self) -> Vec<(Head, Option<String>)> {
        let texts = self.texts.as_ref();
        let found = self.heads.iter().filter_map(|head| {
            if list::find(&head.title.to_lowercase(), &self.query).is_some() {
                return Some((head.clone(), None));
            }
            let snippet = list::find(texts?.get(&head.id)?, &self.query)?;
            Some((head.clone(), Some(snippet)))
        });
        found.collect()
    }

    /// The list: what was found, or all of it by age.
    pub fn groups(&self, now_ms: f64, behind_minutes: f64) -> Vec<Group> {
        if !self.query.trim().is_empty() {
            return vec![(None, self.found())];
        }
        let mut groups: Vec<Group> = Vec::new();
        for head in &self.heads {
            let age = Some(list::age(head.changed_ms, now_ms, behind_minutes));
            match groups.last_mut().filter(|(last, _)| *last == age) {
                Some((_, heads)) => heads.push((head.clone(), None)),
                None => groups.push((age, vec![(head.clone(), None)])),
            }
        }
        groups
    }
}
