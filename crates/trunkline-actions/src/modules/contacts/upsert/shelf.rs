//! The custom attributes of contacts, as the workspace has them, kept for a short time.
//!
//! The one rule: a name that is on the list is taken at its word for five minutes; one that is not is looked up again, but
//! not more often than every ten seconds, however many rows name it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use serde_json::Value;
use trunkline_client::Call;

use crate::{ActionError, Run};

/// How long the list is good for the names on it, in seconds.
const LIFE: u64 = 300;

/// How long it is good for the names that it lacks, in seconds.
const DOUBT: u64 = 10;

/// An attribute of contacts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    /// Its type, as Intercom calls it.
    pub(crate) data_type: String,
    /// The values to choose from; empty when any will do.
    pub(crate) options: Vec<String>,
    /// Whether a call may write it.
    pub(crate) is_writable: bool,
}

impl Attribute {
    /// What a row of the list says.
    fn read(row: &Value) -> Self {
        let text = |option: &Value| {
            option
                .as_str()
                .or_else(|| option["value"].as_str())
                .map(str::to_owned)
        };
        Self {
            data_type: row["data_type"].as_str().unwrap_or_default().to_owned(),
            options: row["options"]
                .as_array()
                .map(|options| options.iter().filter_map(text).collect())
                .unwrap_or_default(),
            is_writable: row["api_writable"] != false,
        }
    }
}

/// The attributes by name, at some moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    at: i64,
    by_name: HashMap<String, Attribute>,
}

impl List {
    /// The attribute of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Attribute> {
        self.by_name.get(name)
    }

    /// The list with one attribute more.
    pub(super) fn with(&self, name: &str, made: &Value) -> Self {
        let mut list = self.clone();
        list.by_name.insert(name.to_owned(), Attribute::read(made));
        list
    }

    fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.by_name.contains_key(*name))
    }

    fn is_younger_than(&self, seconds: u64, now: Timestamp) -> bool {
        now.as_second().abs_diff(self.at) < seconds
    }
}

/// The list of a workspace, and the turn of whoever changes it.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    list: Mutex<Option<Arc<List>>>,
    /// Held while the list is fetched or added to, so that twenty rows with one new name make one attribute.
    pub(super) turn: tokio::sync::Mutex<()>,
}

impl Shelf {
    /// The list, when it can answer for all of these names without a call.
    pub(super) fn at_hand(&self, names: &[&str], now: Timestamp) -> Option<Arc<List>> {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let is_good =
            list.is_younger_than(LIFE, now) && (list.has(names) || list.is_younger_than(DOUBT, now));
        is_good.then_some(list)
    }

    /// The list as it is now. The caller has the turn.
    pub(super) async fn fetch(&self, run: &mut Run) -> Result<Arc<List>, ActionError> {
        let call = Call::new("data_attributes.list").query("model", "contact");
        let rows = run.rows(call, None).await?;
        let by_name = rows
            .iter()
            .filter(|row| row["custom"] != false && row["archived"] != true)
            .filter_map(|row| Some((row["name"].as_str()?.to_owned(), Attribute::read(row))))
            .collect();
        let list = List {
            at: run.workspace().now().as_second(),
            by_name,
        };
        Ok(self.put(list))
    }

    /// Adds an attribute that was just made. The caller has the turn.
    pub(super) fn add(&self, list: &List, name: &str, made: &Value) -> Arc<List> {
        self.put(list.with(name, made))
    }

    fn put(&self, list: List) -> Arc<List> {
        let list = Arc::new(list);
        *self.list.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&list));
        list
    }
}
