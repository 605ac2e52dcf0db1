//! Folders below the place that whole files go to, each record's by an expression; of those that are of a day, the newest are kept.
//!
//! The one rule: only folders whose names begin with a day are ever taken away, and only when one of another day has come.

use std::{
    collections::BTreeSet,
    io,
    num::NonZeroUsize,
    path::Path,
    sync::{Mutex, PoisonError},
};

use jiff::{Timestamp, civil::Date};
use trunkline_flow::{ComponentError, Record, document::Jq};

use super::{each::check, failed, parts::To};

/// Which folder a record's file is in, and which stay.
#[derive(Default)]
pub(super) struct Folders {
    name: Option<Jq>,
    keep: Option<NonZeroUsize>,
    /// Those of a day that this process has written into.
    seen: Mutex<BTreeSet<String>>,
}

impl Folders {
    pub(super) fn new(name: Option<Jq>, keep: Option<NonZeroUsize>) -> Self {
        Self {
            name,
            keep,
            seen: Mutex::default(),
        }
    }

    /// The folder of each record.
    pub(super) fn of(&self, records: &mut [Record], now: Timestamp) -> Vec<Result<String, ComponentError>> {
        let Some(name) = &self.name else {
            return records.iter().map(|_| Ok(String::new())).collect();
        };
        let checked = |name: Option<String>| {
            let name = name.unwrap_or_default();
            check(&name).map_err(|why| {
                ComponentError::reject(
                    "TL0951",
                    format!("{name:?} cannot be the folder of this record: {why}"),
                    "Let `folder` give a name below the path, such as `'.stream'`.",
                )
            })?;
            Ok(name)
        };
        let names = name.key_of_all(records.iter(), now);
        names.into_iter().map(|name| checked(name?)).collect()
    }

    /// Takes away what is too old, when a new one came.
    pub(super) async fn tidy(&self, to: &To, written: &[String]) -> Result<(), ComponentError> {
        let Some(keep) = self.keep else { return Ok(()) };
        let new: Vec<String> = {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let first = written.iter().filter_map(|folder| folder.split('/').next());
            let of_a_day = first.filter(|name| is_of_a_day(name) && !seen.contains(*name));
            of_a_day.map(str::to_owned).collect()
        };
        if new.is_empty() {
            return Ok(());
        }
        match to {
            To::Bucket(bucket) => {
                let names = bucket.names().await?;
                let folders = names.iter().filter_map(|name| Some(name.split_once('/')?.0));
                let old = old(folders.map(str::to_owned).collect(), keep);
                for name in &names {
                    if name
                        .split_once('/')
                        .is_some_and(|(folder, _)| old.contains(folder))
                    {
                        bucket.delete(name).await?;
                    }
                }
            }
            To::Folder(root) => {
                let folder = root.clone();
                let done = tokio::task::spawn_blocking(move || take_away(&folder, keep));
                let done = done.await.unwrap_or_else(|error| Err(io::Error::other(error)));
                done.map_err(|error| failed(root, &error))?;
            }
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(new);
        Ok(())
    }
}

fn take_away(root: &Path, keep: NonZeroUsize) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        // Not through links: what they lead to is somebody else's.
        if entry.file_type()?.is_dir()
            && let Ok(name) = entry.file_name().into_string()
        {
            folders.insert(name);
        }
    }
    for name in old(folders, keep) {
        std::fs::remove_dir_all(root.join(name))?;
    }
    Ok(())
}

/// Those of a day but for the newest.
fn old(mut folders: BTreeSet<String>, keep: NonZeroUsize) -> BTreeSet<String> {
    folders.retain(|name| is_of_a_day(name));
    for _ in 0..keep.get() {
        folders.pop_last();
    }
    folders
}

/// Whether a name begins with a day, such as `2026-11-22`.
fn is_of_a_day(name: &str) -> bool {
    name.get(..10)
        .is_some_and(|day| day.parse::<Date>().is_ok() && day.as_bytes()[4] == b'-')
}
