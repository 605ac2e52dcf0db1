//! How a batch is published, as the command line says it and as the store keeps it for whoever resumes it.
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

use crate::{
    cli,
    commands::{by_hand, call},
    failure::Failure,
    source::Source,
    store,
};

/// How a batch is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Orders {
    pub(super) source: Source,
    rules: Rules,
    /// What `now` is in the map, also when the batch is resumed; unix seconds.
    now: i64,
    pub(super) results: Option<PathBuf>,
    pub(super) rejects: Option<PathBuf>,
}

/// What decides what a row becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rules {
    map: Option<String>,
    columns: Vec<(String, String)>,
    ignore: Vec<String>,
    set: Vec<(String, Value)>,
    empty_is_null: bool,
    allow_unknown: bool,
    time_zone: String,
    limit: Option<u64>,
}

impl Orders {
    /// What the command line says.
    pub(super) fn of(arguments: &cli::Publish) -> Result<Self, Failure> {
        let source = Source::parse(
            arguments.from.as_deref().unwrap_or("-"),
            arguments.query.as_deref(),
            arguments.format,
            arguments.delimiter.as_deref(),
            arguments.encoding.as_deref(),
        )?;
        let absolute = |path: &PathBuf| {
            std::path::absolute(path).map_err(|error| {
                Failure::usage(
                    "TL0792",
                    format!("{} cannot be a file: {error}", path.display()),
                    "Check the path.",
                )
            })
        };
        Ok(Self {
            source,
            now: store::now().as_second(),
            rules: Rules {
                map: arguments.map.as_deref().map(expression).transpose()?,
                columns: arguments
                    .column
                    .iter()
                    .map(|text| column(text))
                    .collect::<Result<_, _>>()?,
                ignore: arguments.ignore.clone(),
                set: arguments
                    .set
                    .iter()
                    .map(|text| call::field(text))
                    .collect::<Result<_, _>>()?,
                empty_is_null: arguments.empty == "null",
                allow_unknown: arguments.allow_unknown,
                time_zone: arguments.time_zone.clone(),
                limit: arguments.limit,
            },
            results: arguments.results.as_ref().map(absolute).transpose()?,
            rejects: arguments.rejects.as_ref().map(absolute).transpose()?,
        })
    }

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
    pub(super) fn options(&self) -> Result<CallOptions, Failure> {
        Ok(CallOptions {
            zone: zone(&self.rules.time_zone)?,
            allow_unknown: self.rules.allow_unknown,
            priority: Priority::Background,
            ..by_hand()
        })
    }

    /// How records become inputs.
    pub(super) fn shape(&self) -> Result<Shape, Failure> {
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

fn zone(name: &str) -> Result<TimeZone, Failure> {
    call::zone(name)
}

/// The expression itself, or what a file holds.
fn expression(text: &str) -> Result<String, Failure> {
    let path = std::path::Path::new(text.strip_prefix('@').unwrap_or(text));
    let is_named = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("jq"));
    // `@` begins no expression that could be meant here: it would give the same text for every row.
    if text.contains('\n') || !(is_named || text.starts_with('@')) {
        return Ok(text.to_owned());
    }
    std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(
            "TL0795",
            format!("the map {} cannot be read: {error}", path.display()),
            "Check the path, or give the expression itself.",
        )
    })
}

fn column(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((field, column)) if !field.is_empty() && !column.is_empty() => {
            Ok((field.to_owned(), column.to_owned()))
        }
        _ => Err(Failure::usage(
            "TL0784",
            format!("`--column {text}` is not `field=column`"),
            "Write the action's field first, then the column, such as `--column email=Mail`.",
        )),
    }
}
