//! `_trunkline.json` in object storage: how far the copy is, and which object holds each table.
//!
//! The one rule: an object that no manifest names, and whose round is over, is nobody's. One that was replaced stays named for a while,
//! for those who began to read it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::{CellKind, Standing};
use crate::feed::Position;

/// The format of the copy.
pub(super) const FORMAT: i64 = 1;
/// How long an object is there after it was replaced.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// What the copy holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: i64,
    workspace: Option<String>,
    position: Option<Position>,
    /// The last round that was committed.
    pub(super) round: u64,
    /// Where each table is.
    pub(super) tables: BTreeMap<String, Held>,
    /// What the columns of the tables of custom attributes hold.
    pub(super) custom: BTreeMap<String, BTreeMap<String, CellKind>>,
    /// What was there before, and may still be read.
    replaced: Vec<Replaced>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Held {
    /// The object, below the copy's folder.
    pub(super) object: String,
    /// How many rows it has.
    pub(super) rows: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Replaced {
    object: String,
    at: Timestamp,
}

#[derive(Deserialize)]
struct Format {
    format: i64,
}

impl Manifest {
    /// Reads it; the error is a format that is not known. What cannot be read is none.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, i64> {
        match serde_json::from_slice::<Format>(bytes) {
            Ok(Format { format }) if format > FORMAT => Err(format),
            _ => Ok(serde_json::from_slice(bytes).ok()),
        }
    }

    /// One that says of nothing that it is held, after all rounds whose objects are there.
    pub(super) fn after(objects: &[String]) -> Self {
        Self {
            round: objects
                .iter()
                .filter_map(|name| round_of(name))
                .max()
                .unwrap_or(0),
            ..Self::default()
        }
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    pub(super) fn standing(&self) -> Standing {
        Standing {
            position: self.position.clone(),
            workspace: self.workspace.clone(),
            custom: self.custom.clone(),
        }
    }

    /// Notes where a table is from now on.
    pub(super) fn put(&mut self, table: &str, held: Held, now: Timestamp) {
        if let Some(before) = self.tables.insert(table.to_owned(), held) {
            self.replaced.push(Replaced {
                object: before.object,
                at: now,
            });
        }
    }

    /// Ends the round.
    pub(super) fn hold(&mut self, workspace: &str, position: &Position, now: Timestamp) {
        self.format = FORMAT;
        self.round += 1;
        self.workspace = Some(workspace.to_owned());
        self.position = Some(position.clone());
        self.replaced
            .retain(|replaced| now.duration_since(replaced.at) < GRACE);
    }

    /// Whether an object is left of a round that is over, and nobody reads it any more.
    pub(super) fn is_left(&self, object: &str) -> bool {
        round_of(object).is_some_and(|round| round <= self.round)
            && !self.tables.values().any(|held| held.object == object)
            && !self.replaced.iter().any(|replaced| replaced.object == object)
    }
}

/// The name of an object that holds a table.
pub(super) fn object(table: &str, round: u64, token: &str) -> String {
    format!("{table}/{table}-{round:08}-{token}.parquet")
}

/// The round that wrote an object; nothing when it is not of ours.
fn round_of(object: &str) -> Option<u64> {
    let (table, file) = object.split_once('/')?;
    let rest = file.strip_prefix(table)?.strip_prefix('-')?;
    let (round, token) = rest.strip_suffix(".parquet")?.split_once('-')?;
    let is_ours =
        round.len() >= 8 && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_ours.then(|| round.parse().ok()).flatten()
}
