//! The position in a stream, as a checkpoint keeps it.
//!
//! The one rule: a run's query is frozen in it, so that a restart asks exactly what was asked before; and the high-water
//! mark moves only when a run has come to its end.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_client::PageState;

use super::plan::Order;

/// The version of the format below; another one is read as no position at all, which reads too much, never too little.
const FORMAT: u32 = 1;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// The first reading of everything.
    Backfill,
    /// What changed since the high-water mark.
    Incremental,
    /// Everything once more, in order to find out what vanished.
    Full,
}

/// A run that has not come to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// What it is for.
    pub(crate) phase: Phase,
    /// The value of `updated_at > value`.
    pub(crate) after: i64,
    /// What changed before this is held already.
    pub(crate) floor: i64,
    /// The way that the reading goes.
    pub(crate) order: Order,
    /// The latest change that was seen.
    pub(crate) seen: Option<i64>,
    /// How to go on after the last page that was written.
    pub(crate) page: Option<PageState>,
    /// The pass of a full reading.
    pub(crate) pass: Option<i64>,
}

/// The position in a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub(super) v: u32,
    /// Everything that changed up to here is held, apart from what the API shows late.
    pub(crate) high_water: Option<i64>,
    /// The run that is under way.
    pub(crate) run: Option<Run>,
    /// When a list that hardly changes was last read, in unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) read_at: Option<i64>,
    /// The version that it was read with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// Rows that are held beyond the total that the API states, after everything was read once more.
    #[serde(default)]
    pub(crate) surplus: u64,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            v: FORMAT,
            high_water: None,
            run: None,
            read_at: None,
            version: None,
            surplus: 0,
        }
    }
}

impl Cursor {
    /// Reads what a checkpoint kept; none, or another format, is the beginning.
    pub(crate) fn load(saved: Option<Value>) -> Self {
        saved
            .filter(|saved| saved.get("v").and_then(Value::as_u64) == Some(u64::from(FORMAT)))
            .and_then(|saved| serde_json::from_value(saved).ok())
            .unwrap_or_default()
    }

    /// What a checkpoint keeps.
    pub(crate) fn save(&self) -> Value {
        serde_json::to_value(self).expect("a cursor has only text keys and numbers")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_saved() {
        let run = Run {
            phase: Phase::Full,
            after: 5,
            floor: 6,
            order: Order::Descending,
            seen: Some(7),
            page: None,
            pass: Some(8),
        };
        for cursor in [
            Cursor::default(),
            Cursor {
                high_water: Some(4),
                run: Some(run),
                ..Cursor::default()
            },
            Cursor {
                read_at: Some(1),
                version: Some("2.16".to_owned()),
                ..Cursor::default()
            },
        ] {
            assert_eq!(Cursor::load(Some(cursor.save())), cursor);
        }
    }

    #[test]
    fn what_cannot_be_read_is_the_beginning() {
        for saved in [
            None,
            Some(json!(null)),
            Some(json!({})),
            Some(json!({ "v": 2 })),
            Some(json!({ "v": 1, "run": 3 })),
        ] {
            assert_eq!(Cursor::load(saved.clone()), Cursor::default(), "{saved:?}");
        }
    }
}
