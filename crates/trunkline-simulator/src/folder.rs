//! A workspace as a folder of JSON: one file per resource, records as the API returns them, so that a user's own can be dropped in.
//!
//! The one rule: nothing is half loaded or half saved. A load builds a workspace of its own and gives it back only when every
//! record has its place; a save puts whole files in place of whole files. Read `folder/load.rs` for how records become rows and
//! `folder/save.rs` for the way back.

mod disk;
mod errors;
mod lists;
mod load;
mod parse;
mod record;
mod save;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

pub use self::errors::FolderError;
use self::record::Record;
use crate::{Options, workspace::Workspace};

/// The file of what the simulator holds and the API does not show.
pub(crate) const OWN: &str = "simulator";
/// The format of that file; an older reader refuses a newer one.
const FORMAT: u64 = 1;

/// The files of rows; the files of lists are in `lists.rs`.
const ROWS: [&str; 12] = [
    "calls",
    "companies",
    "contacts",
    "conversations",
    "custom_objects",
    "deleted_conversations",
    "events",
    "notes",
    "segments",
    "tags",
    "tickets",
    "visitors",
];

/// The records of a workspace by the names of their files.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    records: BTreeMap<&'static str, Vec<Record>>,
    own: Map<String, Value>,
}

/// The name of a file as it is known here.
fn known(name: &str) -> Option<&'static str> {
    let all = ROWS.iter().chain(&lists::NAMES);
    all.copied().find(|known| *known == name)
}

/// All names of files.
fn names() -> Vec<&'static str> {
    let mut all: Vec<&str> = ROWS.iter().chain(&lists::NAMES).copied().collect();
    all.push(OWN);
    all.sort_unstable();
    all
}

/// The workspace that lies in a folder, or in one file that holds all of it.
pub(crate) fn load(
    path: &Path,
    options: &Options,
    time_zone: TimeZone,
    now: i64,
) -> Result<Workspace, FolderError> {
    load::workspace(disk::read(path)?, options, time_zone, now)
}

/// The workspace of one document, as `document` gives it.
pub(crate) fn load_document(
    text: &str,
    options: &Options,
    time_zone: TimeZone,
    now: i64,
) -> Result<Workspace, FolderError> {
    load::workspace(parse::document(text, "the document")?, options, time_zone, now)
}

/// Saves a workspace into a folder and tells how many files it wrote.
pub(crate) fn save(workspace: &Workspace, path: &Path) -> Result<usize, FolderError> {
    disk::write(path, &save::texts(workspace))
}

/// A workspace as one document: the records by the names of their files.
pub(crate) fn document(workspace: &Workspace) -> Value {
    let mut all: Map<String, Value> = save::records(workspace)
        .into_iter()
        .map(|(name, records)| (name.to_owned(), json!(records)))
        .collect();
    all.insert(OWN.to_owned(), Value::Object(save::own(workspace)));
    Value::Object(all)
}

/// The newest moment that a workspace tells of.
pub(crate) fn newest(workspace: &Workspace) -> i64 {
    let contacts = workspace.contacts.iter().map(|row| row.updated_at);
    let companies = workspace.companies.iter().map(|row| row.updated_at);
    let conversations = workspace.conversations.iter().map(|row| row.updated_at);
    let tickets = workspace.tickets.iter().map(|row| row.updated_at);
    let all = contacts.chain(companies).chain(conversations).chain(tickets);
    all.max().unwrap_or(0)
}

/// The rows of a list by the name of its file; none for other names.
pub(crate) fn list<'w>(workspace: &'w Workspace, name: &str) -> &'w [Value] {
    lists::rows(&workspace.reference, name)
}

/// Whether any list has a row with this id.
pub(crate) fn has_listed(workspace: &Workspace, id: &str) -> bool {
    let mut all = lists::NAMES.iter();
    all.any(|name| crate::workspace::reference::find(list(workspace, name), id).is_some())
}

/// The file of a resource in a folder.
fn file(path: &Path, name: &str) -> PathBuf {
    path.join(format!("{name}.json"))
}

#[cfg(test)]
mod tests;
