//! How a batch is published, as the store keeps it for whoever resumes it.
//!
//! The one rule: whatever decides what a row becomes is in here, so that a resumed batch makes of every row what it would have
//! made before.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trunkline_actions::{
    CallOptions,
    publish::{Empty, Rejection, Shape},
};
use trunkline_client::Priority;
use trunkline_flow::jq;

use super::{PublishError, Source};

/// How a batch is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Orders {
    /// Where the rows come from.
    pub source: Source,
    /// What decides what a row becomes.
    pub rules: Rules,
    /// What `now` is in the map, also when the batch is resumed; unix seconds.
    pub now: i64,
    /// Where it is kept what became of each row.
    pub results: Option<PathBuf>,
    /// Where the rejected rows are kept.
    pub rejects: Option<PathBuf>,
    /// How many rows there are, where they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// What decides what a row becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// An expression that makes the action's fields of a row.
    pub map: Option<String>,
    /// Columns that stand for fields of other names: field, then column.
    pub columns: Vec<(String, String)>,
    /// Columns that are not meant for the action.
    pub ignore: Vec<String>,
    /// Fields that are the same for every row.
    pub set: Vec<(String, Value)>,
    /// Whether an empty cell takes the field's value away, rather than leaving it out.
    pub empty_is_null: bool,
    /// Whether names that the catalog does not know are sent.
    pub allow_unknown: bool,
    /// Where a time without a zone is.
    pub time_zone: String,
    /// How many rows at most.
    pub limit: Option<u64>,
}

impl Orders {
    /// How many rows are wanted.
    pub(super) const fn limit(&self) -> u64 {
        match self.rules.limit {
            Some(limit) => limit,
            None => u64::MAX,
        }
    }

    pub(super) const fn allows_unknown(&self) -> bool {
        self.rules.allow_unknown
    }

    /// How each row is called.
    ///
    /// # Errors
    /// When there is no such time zone.
    pub fn options(&self, by_whom: &str) -> Result<CallOptions, PublishError> {
        Ok(CallOptions {
            zone: zone(&self.rules.time_zone)?,
            allow_unknown: self.rules.allow_unknown,
            priority: Priority::Background,
            by_whom: by_whom.to_owned(),
            ..CallOptions::default()
        })
    }

    /// How records become inputs.
    pub(super) fn shape(&self) -> Result<Shape, PublishError> {
        let map = match &self.rules.map {
            None => None,
            Some(text) => {
                let expression = jq::Expression::compile_with(text, &["now"])?;
                let limits = jq::Limits::default();
                let variables = BTreeMap::from([("now".to_owned(), Value::from(self.now))]);
                let map = move |record: Value| {
                    expression
                        .run_with(record, &variables, &limits)
                        .map_err(|error| Rejection::new(error.code(), error.to_string()))
                };
                Some(Arc::new(map) as trunkline_actions::publish::Mapper)
            }
        };
        Ok(Shape {
            columns: self.rules.columns.clone(),
            ignore: self.rules.ignore.clone(),
            set: self.rules.set.clone(),
            empty: if self.rules.empty_is_null {
                Empty::Null
            } else {
                Empty::LeftOut
            },
            map,
        })
    }

    /// A digest that begins with what decides what rows become; the rows are added to it.
    pub(super) fn digest(&self) -> Sha256 {
        let rules = serde_json::to_string(&self.rules).unwrap_or_default();
        Sha256::new_with_prefix(rules)
    }
}

/// The time zone of this name.
///
/// # Errors
/// When there is none.
pub fn zone(name: &str) -> Result<TimeZone, PublishError> {
    TimeZone::get(name).map_err(|_| {
        PublishError::usage(
            "TL0007",
            format!("`{name}` is not a time zone"),
            "Write it as in the tz database, such as `Europe/Dublin` or `UTC`.",
        )
    })
}
