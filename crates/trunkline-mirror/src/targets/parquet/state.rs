//! `_trunkline.json`: how far the files are, and what their columns hold.
//!
//! The one rule: a checkpoint that cannot be read is none, and everything is written again; one of a newer format is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::{CellKind, Standing};
use crate::feed::Position;

/// The format of the folder.
pub(super) const FORMAT: i64 = 1;

/// What the folder holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    format: i64,
    workspace: Option<String>,
    position: Option<Position>,
    /// The tables with the number of their rows.
    pub(super) tables: BTreeMap<String, u64>,
    /// What the columns of the tables of custom attributes hold.
    pub(super) custom: BTreeMap<String, BTreeMap<String, CellKind>>,
}

#[derive(Deserialize)]
struct Format {
    format: i64,
}

impl State {
    /// Reads it; the error is a format that is not known.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, i64> {
        match serde_json::from_slice::<Format>(bytes) {
            Ok(Format { format }) if format > FORMAT => Err(format),
            _ => Ok(serde_json::from_slice(bytes).unwrap_or_default()),
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

    pub(super) fn hold(&mut self, workspace: &str, position: &Position) {
        self.format = FORMAT;
        self.workspace = Some(workspace.to_owned());
        self.position = Some(position.clone());
    }
}
