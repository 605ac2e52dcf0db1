//! What to ask for: pure functions from positions to queries.
//!
//! The one rule: a query may ask for too much, never for too little. Contact search compares calendar days of the
//! workspace's time zone, so a moment is turned into the day before it; everything else is exact to the second.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::{Value, json};
use trunkline_catalog::{SearchGranularity, Version};

/// The way that a search runs through the records, by the time of their last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// Oldest change first: what changes meanwhile comes once more at the end.
    Ascending,
    /// Newest change first, so that the reading may stop once it meets what is held.
    Descending,
}

/// How finely `version` compares times in contact search (facts 4.4).
pub(crate) fn contact_granularity(version: Version) -> SearchGranularity {
    if version == Version::Preview {
        SearchGranularity::Second
    } else {
        SearchGranularity::Day
    }
}

/// The value for `updated_at > value` that gives everything that changed at `since` or later.
///
/// By the day, `>` begins at the midnight after the value's day. The value is noon two days before `since`: noon, because
/// no change of the clocks moves it to another day; two days, because a country may skip one at the date line, and because
/// without a known time zone UTC has to do for every zone from UTC-12 to UTC+14.
pub(crate) fn after(since: i64, granularity: SearchGranularity, zone: Option<&TimeZone>) -> i64 {
    let exact = since.saturating_sub(1).max(0);
    if granularity == SearchGranularity::Second {
        return exact;
    }
    let zone = zone.cloned().unwrap_or(TimeZone::UTC);
    Timestamp::from_second(since)
        .ok()
        .and_then(|moment| moment.to_zoned(zone.clone()).date().checked_sub(2.days()).ok())
        .and_then(|day| day.at(12, 0, 0, 0).to_zoned(zone).ok())
        .map_or(0, |noon| noon.timestamp().as_second().max(0))
}

/// The body of a search for what changed after `after`.
pub(crate) fn changed_after(after: i64, order: Order) -> Value {
    let order = match order {
        Order::Ascending => "ascending",
        Order::Descending => "descending",
    };
    json!({
        "query": { "field": "updated_at", "operator": ">", "value": after },
        "sort": { "field": "updated_at", "order": order },
    })
}

/// The body of a search for the contacts of a segment.
pub(crate) fn in_segment(segment: &str) -> Value {
    json!({ "query": { "field": "segment_id", "operator": "=", "value": segment } })
}

/// The body of a search that counts: one row a page, for the total that the answer states.
pub(crate) fn count_all() -> Value {
    json!({
        "query": { "field": "created_at", "operator": ">", "value": 0 },
        "pagination": { "per_page": 1 },
    })
}

/// The body of a search that counts the conversations that have parts to fetch.
pub(crate) fn count_with_parts() -> Value {
    json!({
        "query": { "field": "statistics.count_conversation_parts", "operator": ">", "value": 1 },
        "pagination": { "per_page": 1 },
    })
}

/// Where the next run begins, after one that saw changes up to `seen`.
///
/// Neither a record that claims to be from the future nor a clock that jumped moves it past what is certain, and it never
/// moves back.
pub(crate) fn high_water(before: Option<i64>, seen: Option<i64>, now: i64) -> Option<i64> {
    let seen = seen.map(|seen| seen.min(now));
    match (before, seen) {
        (Some(before), Some(seen)) => Some(before.max(seen)),
        (before, seen) => before.or(seen),
    }
}

#[cfg(test)]
mod tests;
