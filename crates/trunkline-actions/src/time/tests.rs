//! What is read as a time, what is refused and with which word, and that the table of fields leaves none out.

use proptest::prelude::*;
use serde_json::json;
use trunkline_catalog::{Catalog, Operation};

use super::{forms::fits, *};
use crate::Place;

const NOW: &str = "2026-11-21T18:30:15.25Z";

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn in_zone(value: &Value, name: &str) -> Result<String, TimeError> {
    read(value, NOW.parse().unwrap(), &zone(name)).map(|time| time.to_string())
}

#[test]
fn a_time_is_read_in_every_form_that_people_write() {
    for (value, zone, time) in [
        (
            json!("2026-11-21T10:00:00Z"),
            "Asia/Tokyo",
            "2026-11-21T10:00:00Z",
        ),
        (json!("2026-11-21t10:00:00z"), "UTC", "2026-11-21T10:00:00Z"),
        (json!("2026-11-21 10:00:00Z"), "UTC", "2026-11-21T10:00:00Z"),
        (
            json!("2026-11-21T10:00:00.125+01:00"),
            "UTC",
            "2026-11-21T09:00:00.125Z",
        ),
        (json!("2026-11-21T10:00-0330"), "UTC", "2026-11-21T13:30:00Z"),
        // No offset: a time of the zone that is given.
        (json!("2026-11-21T10:00"), "UTC", "2026-11-21T10:00:00Z"),
        (json!("2026-11-21T10:00"), "Asia/Tokyo", "2026-11-21T01:00:00Z"),
        (
            json!(" 2026-06-21 10:00:30 "),
            "Europe/Dublin",
            "2026-06-21T09:00:30Z",
        ),
        // A day is its start.
        (json!("2026-11-21"), "UTC", "2026-11-21T00:00:00Z"),
        (json!("2026-11-21"), "America/New_York", "2026-11-21T05:00:00Z"),
        // A zone of its own.
        (
            json!("2026-11-21T10:00[Europe/Dublin]"),
            "Asia/Tokyo",
            "2026-11-21T10:00:00Z",
        ),
        (
            json!("2026-07-21T10:00[Europe/Dublin]"),
            "Asia/Tokyo",
            "2026-07-21T09:00:00Z",
        ),
        (
            json!("2026-07-21T10:00+01:00[Europe/Dublin]"),
            "UTC",
            "2026-07-21T09:00:00Z",
        ),
        (json!("2026-07-21[Europe/Dublin]"), "UTC", "2026-07-20T23:00:00Z"),
        // Seconds since 1970.
        (json!(1_795_284_615), "Asia/Tokyo", "2026-11-21T18:10:15Z"),
        (json!("1795284615"), "Asia/Tokyo", "2026-11-21T18:10:15Z"),
        (json!(1_795_284_615.5), "UTC", "2026-11-21T18:10:15.5Z"),
        (json!("1795284615.5"), "UTC", "2026-11-21T18:10:15.5Z"),
        (json!(0), "UTC", "1970-01-01T00:00:00Z"),
        // From now.
        (json!("now"), "Asia/Tokyo", "2026-11-21T18:30:15.25Z"),
        (json!("NOW"), "UTC", "2026-11-21T18:30:15.25Z"),
        (json!("today"), "UTC", "2026-11-21T00:00:00Z"),
        (json!("today"), "Asia/Tokyo", "2026-11-21T15:00:00Z"),
        (json!("tomorrow"), "UTC", "2026-11-22T00:00:00Z"),
        (json!("yesterday"), "UTC", "2026-11-20T00:00:00Z"),
        (json!("+2d"), "UTC", "2026-11-23T18:30:15.25Z"),
        (json!("-90m"), "UTC", "2026-11-21T17:00:15.25Z"),
        (json!("+1w2d"), "UTC", "2026-11-30T18:30:15.25Z"),
        (json!("+1mo"), "UTC", "2026-12-21T18:30:15.25Z"),
        (json!("-1y"), "UTC", "2025-11-21T18:30:15.25Z"),
        (json!("+2h30m"), "UTC", "2026-11-21T21:00:15.25Z"),
        (json!("+2 days"), "UTC", "2026-11-23T18:30:15.25Z"),
        (json!("+30s"), "UTC", "2026-11-21T18:30:45.25Z"),
    ] {
        assert_eq!(in_zone(&value, zone).as_deref(), Ok(time), "{value} in {zone}");
    }
}

#[test]
fn where_clocks_jump_the_moment_is_the_one_that_calendars_agree_on() {
    for (text, zone, time) in [
        // 02:30 does not exist: as much later as the gap is long.
        ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00Z"),
        // 01:30 comes twice: the first.
        ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z"),
        (
            "2026-11-01T01:30-05:00[America/New_York]",
            "UTC",
            "2026-11-01T06:30:00Z",
        ),
        // A day that begins at one o'clock.
        ("2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00Z"),
    ] {
        assert_eq!(
            in_zone(&json!(text), zone).as_deref(),
            Ok(time),
            "{text} in {zone}"
        );
    }
    let evening: Timestamp = "2026-03-07T22:00:00Z".parse().unwrap();
    let next = read_text("+1d", evening, &zone("America/New_York")).unwrap();
    assert_eq!(next.to_string(), "2026-03-08T21:00:00Z", "a day of 23 hours");
    let hours = read_text("+24h", evening, &zone("America/New_York")).unwrap();
    assert_eq!(hours.to_string(), "2026-03-08T22:00:00Z");
}

#[test]
fn what_could_mean_two_moments_or_none_is_refused_with_what_to_write() {
    use TimeError::{Day, Milliseconds, NotATime, NotText, OffsetOfZone, OutOfRange, Unit, Year, Zone};
    for (value, error) in [
        (json!(1_795_284_615_000_i64), Milliseconds),
        (json!("1795284615000"), Milliseconds),
        (json!(1e300), Milliseconds),
        (json!("99999999999999999999999999"), Milliseconds),
        (json!(2026), Year),
        (json!("2026"), Year),
        (json!(20_261_121), Day),
        (json!("20261121"), Day),
        (json!(-1), OutOfRange),
        (json!("1969-12-31"), OutOfRange),
        (json!("-60y"), OutOfRange),
        (json!("+9000y"), OutOfRange),
        (json!("+5"), Unit),
        (json!("-90"), Unit),
        (json!("+2parsecs"), Unit),
        (json!("+1M"), Unit),
        (json!("+"), NotATime),
        (json!("+-2d"), NotATime),
        (json!("+2d ago"), NotATime),
        (json!("2d"), NotATime),
        (json!("in 2 days"), NotATime),
        (json!("soon"), NotATime),
        (json!(""), NotATime),
        (json!("10:00"), NotATime),
        (json!("21/11/2026"), NotATime),
        (json!("2026-13-01"), NotATime),
        (json!("2026-02-30"), NotATime),
        (json!("2026-11-21T25:00"), NotATime),
        (json!("2026-11-21T10:00[Mars/Olympus]"), Zone),
        (json!("2026-07-21T10:00+05:00[Europe/Dublin]"), OffsetOfZone),
        (json!(true), NotText),
        (json!(null), NotText),
        (json!(["now"]), NotText),
        (json!({}), NotText),
    ] {
        assert_eq!(in_zone(&value, "UTC"), Err(error), "{value}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn a_time_is_written_in_the_form_that_the_operation_wants() {
    let time: Timestamp = "2026-11-21T18:30:15.25Z".parse().unwrap();
    for (form, zone_name, value) in [
        (TimeForm::UnixSeconds, "UTC", json!(1_795_285_815)),
        (TimeForm::Iso8601, "Asia/Tokyo", json!("2026-11-21T18:30:15Z")),
        (TimeForm::Iso8601Millis, "UTC", json!("2026-11-21T18:30:15.250Z")),
        (TimeForm::Date, "UTC", json!("2026-11-21")),
        (TimeForm::Date, "Asia/Tokyo", json!("2026-11-22")),
    ] {
        assert_eq!(form.write(time, &zone(zone_name)), value, "{form:?}");
    }
}

proptest! {
    #[test]
    fn a_day_arrives_as_the_same_day_in_every_zone(
        year in 1971_i16..2500, month in 1_i8..=12, day in 1_i8..=28,
        zone_name in prop::sample::select(vec!["UTC", "Pacific/Apia", "America/New_York", "Africa/Cairo", "Asia/Kathmandu"]),
    ) {
        let text = format!("{year:04}-{month:02}-{day:02}");
        let zone = zone(zone_name);
        // A day that a zone skipped when it crossed the date line begins with the next one.
        prop_assume!(text != "2011-12-30" || zone_name != "Pacific/Apia");
        let time = read_text(&text, NOW.parse().unwrap(), &zone).unwrap();
        prop_assert_eq!(TimeForm::Date.write(time, &zone), json!(text));
    }

    #[test]
    fn no_text_makes_the_reading_fail_otherwise_than_with_an_error(text in "\\PC{0,40}") {
        let _ = read_text(&text, NOW.parse().unwrap(), &TimeZone::UTC);
    }

    #[test]
    fn seconds_are_read_as_they_are_written(seconds in 30_000_000_i64..99_999_999_999) {
        let now = NOW.parse().unwrap();
        for value in [json!(seconds), json!(seconds.to_string())] {
            let time = read(&value, now, &TimeZone::UTC).unwrap();
            prop_assert_eq!(TimeForm::UnixSeconds.write(time, &TimeZone::UTC), json!(seconds));
        }
    }
}

/// Fields whose names look like times, and which are none.
const NO_TIMES: &[(&str, &str, &str)] = &[
    ("*", "starting_after", "a cursor"),
    ("*", "pagination.starting_after", "a cursor"),
    (
        "companies.*",
        "update_last_request_at",
        "yes or no: takes the time of the call",
    ),
    (
        "companies.*",
        "companies[].update_last_request_at",
        "yes or no: takes the time of the call",
    ),
    ("contacts.merge", "from", "the lead that is merged"),
    ("contacts.preview_merge", "from", "the lead that would be merged"),
    ("conversations.create", "from", "who writes"),
    ("messages.create", "from", "who writes"),
    ("messages.create", "to", "who is written to"),
    ("messages.create", "to[]", "who is written to"),
];

fn fields(operation: &Operation) -> impl Iterator<Item = (Place, &'static str)> {
    let queries = operation
        .query_parameters
        .iter()
        .map(|field| (Place::Query, field.name));
    let paths = operation
        .path_parameters
        .iter()
        .map(|field| (Place::Path, field.name));
    let body = operation
        .body_fields
        .iter()
        .map(|field| (Place::Payload, field.name));
    queries.chain(paths).chain(body)
}

fn looks_like_a_time(field: &str) -> bool {
    let last = field.rsplit('.').next().unwrap_or(field).trim_end_matches("[]");
    let endings = [
        "_at",
        "_until",
        "_after",
        "_before",
        "_time",
        "_date",
        "_since",
        "_ts",
        "timestamp",
        "timestamp_ms",
    ];
    endings.iter().any(|ending| last.ends_with(ending))
        || ["since", "until", "from", "to", "before", "after", "date", "time"].contains(&last)
}

fn is_exception(operation: &str, field: &str) -> bool {
    NO_TIMES.iter().any(|(id, name, _)| {
        let fits_id = match id.strip_suffix('*') {
            Some(family) => operation.starts_with(family),
            None => *id == operation,
        };
        fits_id && *name == field
    })
}

#[test]
fn every_line_of_the_table_is_a_field_of_the_catalog_and_stands_once() {
    let lines = forms::table().unwrap();
    assert!(lines.len() > 60, "{}", lines.len());
    let order: Vec<_> = lines
        .iter()
        .map(|line| (line.operation, line.place.as_str(), line.field))
        .collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(order, sorted, "the table is sorted");
    for line in lines {
        let operation = Catalog::embedded().operation(line.operation);
        let operation = operation.unwrap_or_else(|| panic!("{} does not exist", line.operation));
        assert!(
            fields(operation).any(|(place, field)| place == line.place && fits(line.field, field)),
            "{} has no {} field {}",
            line.operation,
            line.place.as_str(),
            line.field
        );
    }
}

#[test]
fn every_field_whose_name_looks_like_a_time_is_in_the_table_or_has_a_reason() {
    let mut used = vec![false; NO_TIMES.len()];
    for operation in Catalog::embedded().operations() {
        for (place, field) in fields(operation).filter(|(_, field)| looks_like_a_time(field)) {
            let is_time = form(operation.id, place, field).is_some();
            assert!(
                is_time != is_exception(operation.id, field),
                "{} {field}: {}",
                operation.id,
                if is_time {
                    "in the table and among the exceptions"
                } else {
                    "in neither"
                }
            );
            for (index, line) in NO_TIMES.iter().enumerate() {
                used[index] |= !is_time && is_exception(operation.id, field) && line.1 == field;
            }
        }
    }
    assert!(
        used.iter().all(|used| *used),
        "an exception that no field needs: {used:?}"
    );
}

#[test]
fn the_form_of_a_field_is_found_for_every_language() {
    for (operation, place, field, expected) in [
        (
            "conversations.manage",
            Place::Payload,
            "snoozed_until",
            Some(TimeForm::UnixSeconds),
        ),
        (
            "articles.create",
            Place::Payload,
            "translated_content.pt-BR.created_at",
            Some(TimeForm::UnixSeconds),
        ),
        (
            "articles.create",
            Place::Payload,
            "scheduled_publish_at",
            Some(TimeForm::Iso8601),
        ),
        ("articles.create", Place::Query, "scheduled_publish_at", None),
        (
            "articles.create",
            Place::Payload,
            "translated_content.created_at",
            None,
        ),
        (
            "articles.create",
            Place::Payload,
            "translated_content.a.b.created_at",
            None,
        ),
        (
            "office_hours_exceptions.create",
            Place::Payload,
            "exception_date",
            Some(TimeForm::Date),
        ),
        ("tags.create", Place::Payload, "name", None),
        ("no.such", Place::Payload, "created_at", None),
    ] {
        assert_eq!(form(operation, place, field), expected, "{operation} {field}");
    }
}
