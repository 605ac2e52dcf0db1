//! Rows as the API shows them. The newest shape is made first and older versions are derived from it (facts 1.2, 1.4).

pub(crate) mod ai_agent;
pub(crate) mod companies;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod notes;
pub(crate) mod parts;
pub(crate) mod reference;
pub(crate) mod tickets;

use serde::Serialize;
use serde_json::Value;
use trunkline_catalog::Version;

use crate::{
    files::Addresses,
    habits::Habits,
    workspace::{
        Workspace,
        kept::{self, Kept},
    },
};

/// Whom a row is shown to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) version: Version,
    pub(crate) habits: &'a Habits,
    /// How the addresses of files are made.
    pub(crate) files: Addresses<'a>,
}

/// A number that some versions show as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum TextOrNumber {
    Text(String),
    Number(u64),
    Null,
}

/// A list inside an object, cut after ten.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    #[serde(rename = "type")]
    kind: &'static str,
    data: Vec<Value>,
    url: String,
    total_count: usize,
    has_more: bool,
}

impl Summary {
    /// The first rows of a list whose whole is at `url`.
    pub(crate) fn of(all: impl Iterator<Item = Value>, url: String, habits: &Habits) -> Self {
        let mut data: Vec<Value> = all.collect();
        let total_count = data.len();
        if habits.ten_items {
            data.truncate(10);
        }
        let has_more = data.len() < total_count;
        Self {
            kind: "list",
            data,
            url,
            total_count,
            has_more,
        }
    }
}

/// A row as it is made, or with what it was loaded with put over it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Shown<T> {
    Plain(T),
    Kept(Value),
}

impl<T: Serialize> Shown<T> {
    fn of(plain: T, kept: &Kept) -> Self {
        let Some(kept) = kept else {
            return Self::Plain(plain);
        };
        let mut shown = value(&plain);
        kept::overlay(&mut shown, kept);
        Self::Kept(shown)
    }
}

/// A row as JSON.
pub(crate) fn value(view: &impl Serialize) -> Value {
    serde_json::to_value(view).expect("views have string keys and no failing serializers")
}
