//! Looking many people up with one search, before each of them is worked on.
//!
//! The one rule: what is found for a person is used once and soon, and is no more than what a search of that moment would have
//! shown; whoever uses it treats it like any search, which may be some seconds old.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_client::{Call, Priority};

use super::who::{Key, Who};
use crate::{ActionError, Input, Workspace};

/// How long an answer is good, in seconds.
const LIFE: u64 = 30;
/// The most answers that are kept; whoever asked for older ones has gone.
const MOST: usize = 4_096;
/// The most filters of a group, and the most groups, that a search takes.
const FILTERS: usize = 15;

/// Answers by the person that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Ahead(Mutex<HashMap<Key, (Vec<Value>, i64)>>);

impl Ahead {
    /// What was found for this person, if that was asked a moment ago.
    pub(super) fn take(&self, who: &Who, now: Timestamp) -> Option<Vec<Value>> {
        let (found, at) = self.lock().remove(&Key::person(who))?;
        (now.as_second().abs_diff(at) <= LIFE).then_some(found)
    }

    fn keep(&self, who: &Who, found: Vec<Value>, now: Timestamp) {
        let mut answers = self.lock();
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(Key::person(who), (found, now.as_second()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, (Vec<Value>, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks the people up whom these inputs mean.
pub(super) async fn look(
    workspace: &Workspace,
    inputs: Vec<Input>,
    priority: Priority,
) -> Result<(), ActionError> {
    let people: Vec<Who> = inputs
        .iter()
        .map(Who::of)
        .filter(|who| who.id.is_none() && !who.is_nobody())
        .collect();
    let filters: Vec<Value> = people.iter().flat_map(filters).collect();
    // One person is looked up as well by whoever works on it.
    if people.len() < 2 {
        return Ok(());
    }
    let mut found: Vec<Value> = Vec::new();
    for part in filters.chunks(FILTERS * FILTERS) {
        let groups: Vec<Value> = part.chunks(FILTERS).map(any).collect();
        let query = if let [only] = groups.as_slice() {
            only.clone()
        } else {
            any(&groups)
        };
        let call = Call::new("contacts.search")
            .body(json!({ "query": query }))
            .priority(priority);
        let mut pages = workspace.client().pages(call, None);
        while let Some(page) = pages.next().await? {
            let rows = page.rows().iter();
            found.extend(rows.filter_map(|row| serde_json::from_slice::<Value>(row).ok()));
        }
    }
    let now = workspace.now();
    for who in &people {
        let own = found
            .iter()
            .filter(|contact| who.has_external_id_of(contact) || who.has_email_of(contact));
        workspace.people().ahead.keep(who, own.cloned().collect(), now);
    }
    Ok(())
}

fn any(filters: &[Value]) -> Value {
    json!({ "operator": "OR", "value": filters })
}

/// The filters that find a person.
pub(super) fn filters(who: &Who) -> Vec<Value> {
    [("external_id", &who.external_id), ("email", &who.email)]
        .into_iter()
        .filter_map(|(field, value)| {
            let value = value.as_ref()?;
            Some(json!({ "field": field, "operator": "=", "value": value }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_used_once_soon_and_by_the_person_it_is_for() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).expect("a moment of this age");
        let person = |own: &str, email: &str| Who {
            id: None,
            external_id: Some(own.to_owned()),
            email: Some(email.to_owned()),
        };
        let ahead = Ahead::default();
        let found = vec![json!({"id": "1"})];
        for (asked, second, expected) in [
            (person("7", "A@b.example"), 30, Some(found.clone())),
            (person("7", "a@b.example"), 31, None),
            (person("7", "c@b.example"), 1, None),
            (person("8", "a@b.example"), 1, None),
        ] {
            ahead.keep(&person("7", "a@b.example"), found.clone(), at(0));
            assert_eq!(ahead.take(&asked, at(second)), expected, "{asked:?} {second}");
        }
        ahead.keep(&person("7", "a@b.example"), found, at(0));
        assert!(ahead.take(&person("7", "a@b.example"), at(0)).is_some());
        assert_eq!(ahead.take(&person("7", "a@b.example"), at(0)), None);
    }
}
