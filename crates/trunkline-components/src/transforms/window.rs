//! `window`: makes a digest of the records of a span of time, for each group.
//!
//! The one rule: windows stand side by side (`window/span.rs` says where they begin) and belong to the time at which records come by. What waits keeps its origins and is bounded: when it is too much, all groups are given out early.

mod span;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_flow::{
    ComponentError, Failed, Record, Transform,
    document::{Jq, Mistake, Node, Span, read},
};

use super::{
    at_least,
    batch::{MOST, MOST_BYTES},
    joined::{apart, together, weight},
};
use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "window",
    summary: "Makes a digest of the records of a span of time, for each group.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Makes one record, `{key, from, to, count, records}`, of all that come by within a span of time, for each group; or what `make` gives
/// of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The length of a window, at least a second: `1h` begins and ends at full hours, `1d` at midnight.
    every: Span,
    /// The zone whose midnights and hours count, as in `Europe/Dublin`; UTC unless told.
    #[serde(default)]
    time_zone: Option<String>,
    /// What groups records; all are one group without it.
    #[serde(default)]
    by: Option<Jq>,
    /// An expression over `{key, from, to, count, records}` that gives the digest. Times are ISO 8601.
    #[serde(default)]
    make: Option<Jq>,
    /// How many records are held at most, at most 1,000; with more, the windows are given out early, and again at their end.
    #[serde(default = "most")]
    most: usize,
}

const fn most() -> usize {
    MOST
}

struct Windows {
    settings: Settings,
    zone: TimeZone,
    /// Records by the text of their key, with the key.
    groups: BTreeMap<String, (Value, Vec<Record>)>,
    count: usize,
    bytes: usize,
    /// When the open windows began and end.
    open: Option<(Timestamp, Timestamp)>,
}

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let settings: Settings = read(node)?;
    at_least(node, "most", settings.most, 1, MOST)?;
    if settings.every.0.as_secs() == 0 {
        let spot = node.get("every").map_or(node.spot, |value| value.spot);
        return Err(Mistake::new(
            spot,
            "a window has at least a second",
            "Write a longer time, such as 5m.",
        ));
    }
    let zone = match settings.time_zone.as_deref() {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name).map_err(|_| {
            let spot = node.get("time_zone").map_or(node.spot, |value| value.spot);
            Mistake::new(
                spot,
                format!("there is no time zone {name}"),
                "Write one such as Europe/Dublin.",
            )
        })?,
    };
    Ok(Arc::new(move || {
        Box::new(Windows {
            settings: settings.clone(),
            zone: zone.clone(),
            groups: BTreeMap::new(),
            count: 0,
            bytes: 0,
            open: None,
        })
    }))
}

impl Windows {
    fn take(&mut self, record: Record, now: Timestamp) -> Result<(), Failed> {
        let key = match &self.settings.by {
            None => Ok(Value::Null),
            Some(by) => by.value(&record, now),
        };
        let key = match key {
            Ok(key) => key,
            Err(error) => return Err(Failed::new(record, error)),
        };
        self.open
            .get_or_insert_with(|| span::around(now, self.settings.every.0, &self.zone));
        self.count += 1;
        self.bytes += weight(&record.value);
        let group = self.groups.entry(key.to_string());
        group.or_insert_with(|| (key, Vec::new())).1.push(record);
        Ok(())
    }

    fn give(&mut self, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        let Some((from, to)) = self.open.take() else {
            return Vec::new();
        };
        self.count = 0;
        self.bytes = 0;
        let digest = |(key, mut held): (Value, Vec<Record>)| {
            let values: Vec<Value> = held
                .iter_mut()
                .map(|record| std::mem::take(&mut record.value).into_value())
                .collect();
            let value = json!({
                "key": key,
                "from": from.to_string(),
                "to": to.to_string(),
                "count": values.len(),
                "records": values,
            });
            let record = together(&held, value);
            match self.settings.make.as_ref().map(|make| make.values(&record, now)) {
                None => Ok(vec![record]),
                Some(Ok(values)) => Ok(apart(record, values)),
                Some(Err(error)) => Err(Failed::new(record, error)),
            }
        };
        std::mem::take(&mut self.groups)
            .into_values()
            .map(digest)
            .collect()
    }
}

impl Transform for Windows {
    fn apply(&mut self, record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let mut made = Vec::new();
        for done in self.apply_all(vec![record], now) {
            made.extend(done.map_err(|failed| failed.error)?);
        }
        Ok(made)
    }

    fn apply_all(&mut self, records: Vec<Record>, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        let mut all = Vec::new();
        // What belongs to a window before this moment is not mixed with what comes now.
        if self.open.is_some_and(|(_, to)| to <= now) {
            all.extend(self.give(now));
        }
        for record in records {
            all.push(self.take(record, now).map(|()| Vec::new()));
            if self.count >= self.settings.most || self.bytes >= MOST_BYTES {
                all.extend(self.give(now));
            }
        }
        all
    }

    fn due(&self) -> Option<Timestamp> {
        self.open.map(|(_, to)| to)
    }

    fn flush(&mut self, now: Timestamp, is_end: bool) -> Vec<Result<Vec<Record>, Failed>> {
        if is_end || self.due().is_some_and(|due| due <= now) {
            self.give(now)
        } else {
            Vec::new()
        }
    }
}
