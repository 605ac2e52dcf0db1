//! The mirror against the simulator's own account of what exists, row by row.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{Desk, Simulator};

/// The streams whose records are compared whole, with the column that names a record.
const RECORDS: &[&str] = &[
    "admins",
    "teams",
    "tags",
    "segments",
    "contacts",
    "companies",
    "conversations",
    "conversation_parts",
    "attachments",
    "calls",
    "deleted_conversations",
    "conversation_attributes",
    "tickets",
    "ticket_parts",
    "ticket_types",
    "ticket_type_attributes",
    "ticket_states",
    "notes",
    "articles",
    "collections",
    "help_centers",
    "internal_articles",
    "news_items",
    "newsfeeds",
    "activity_logs",
    "away_status_reasons",
    "brands",
    "emails",
    "macros",
    "office_hours_schedules",
    "office_hours_exceptions",
    "subscription_types",
];

/// The pairs, with their columns.
const MEMBERSHIPS: &[(&str, &str, &str)] = &[
    ("contact_companies", "contact_id", "company_id"),
    ("contact_tags", "contact_id", "tag_id"),
    ("contact_segments", "contact_id", "segment_id"),
    ("company_tags", "company_id", "tag_id"),
    ("company_segments", "company_id", "segment_id"),
    ("contact_subscriptions", "contact_id", "subscription_type_id"),
    ("ticket_contacts", "ticket_id", "contact_id"),
    ("ticket_conversations", "ticket_id", "conversation_id"),
    ("conversation_tags", "conversation_id", "tag_id"),
    ("conversation_contacts", "conversation_id", "contact_id"),
    ("team_admins", "team_id", "admin_id"),
];

/// Copies of a teammate's state inside other rows: they are of the moment when the row was read, since nothing of the row
/// itself changes with them. `admins` is held to the truth.
const COPIES: &[&str] = &[
    "notes.author.away_mode_enabled",
    "notes.author.away_mode_reassign",
];

/// Addresses of the simulator, which the truth has without their host.
const ADDRESSES: &[&str] = &["calls.recording_url", "calls.transcription_url"];

/// Whether a path leads to the address of a file, of which the truth has neither the host nor the signature.
fn is_of_file(path: &str) -> bool {
    path == "attachments.url" || (path.ends_with("].url") && path.contains(".attachments["))
}

/// What no generated workspace has: it comes from calls. `extras.rs` makes some.
const BY_CALLS_ONLY: &[&str] = &["ticket_conversations"];

/// Compares every stream that the version has; panics with the first difference of each.
pub(crate) fn compare(desk: &Desk, simulator: &Simulator, version: &str) {
    let mirror = desk.open();
    let mut differences = Vec::new();
    for stream in RECORDS {
        if is_in(stream, version) {
            differences.extend(compare_records(&mirror, simulator, stream, version));
        }
    }
    for (stream, left, right) in MEMBERSHIPS.iter().filter(|(stream, ..)| is_in(stream, version)) {
        differences.extend(compare_pairs(&mirror, simulator, (stream, left, right), version));
    }
    assert!(
        differences.is_empty(),
        "at {version}:\n{}",
        differences.join("\n")
    );
}

fn is_in(stream: &str, version: &str) -> bool {
    let since = match stream {
        "macros" | "deleted_conversations" | "office_hours_schedules" | "office_hours_exceptions" => 16,
        "brands" | "emails" => 15,
        "away_status_reasons" | "calls" => 14,
        "internal_articles" => 13,
        "ticket_states" => 12,
        "tickets" | "ticket_parts" | "ticket_contacts" | "ticket_conversations" => 10,
        "ticket_types" | "ticket_type_attributes" => 9,
        _ => 7,
    };
    version
        .strip_prefix("2.")
        .and_then(|minor| minor.parse::<u32>().ok())
        .is_none_or(|minor| minor >= since)
}

/// The streams that notifications keep up to date against the truth, but for what nothing was told of: `untold` has the
/// ids of such contacts and conversations.
pub(crate) fn compare_told(desk: &Desk, simulator: &Simulator, version: &str, untold: &BTreeSet<String>) {
    let mirror = desk.open();
    let told = |stream: &&&str| trunkline_mirror::notifications::told_by(stream) && is_in(stream, version);
    let mut differences = Vec::new();
    for stream in RECORDS.iter().filter(told) {
        differences.extend(compare_records_but(&mirror, simulator, stream, version, untold));
    }
    for (stream, left, right) in MEMBERSHIPS.iter().filter(|(stream, ..)| told(&stream)) {
        differences.extend(compare_pairs_but(
            &mirror,
            simulator,
            (stream, left, right),
            version,
            untold,
        ));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The first difference of a stream of records.
pub(crate) fn compare_records(
    mirror: &rusqlite::Connection,
    simulator: &Simulator,
    stream: &str,
    version: &str,
) -> Option<String> {
    compare_records_but(mirror, simulator, stream, version, &BTreeSet::new())
}

fn compare_records_but(
    mirror: &rusqlite::Connection,
    simulator: &Simulator,
    stream: &str,
    version: &str,
    but: &BTreeSet<String>,
) -> Option<String> {
    let truth: BTreeMap<String, Value> = simulator
        .truth(stream, version)
        .into_iter()
        .map(|record| (id(&record), record))
        .filter(|(id, _)| !but.contains(id))
        .collect();
    let mut statement = mirror
        .prepare(&format!(
            "SELECT id, record FROM {stream} WHERE _deleted_at IS NULL"
        ))
        .unwrap();
    let held: BTreeMap<String, Value> = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .unwrap()
        .map(|row| row.unwrap())
        .map(|(id, record)| (id, serde_json::from_str(&record).unwrap()))
        .filter(|(id, _)| !but.contains(id))
        .collect();
    let missing: Vec<&String> = truth.keys().filter(|id| !held.contains_key(*id)).collect();
    let surplus: Vec<&String> = held.keys().filter(|id| !truth.contains_key(*id)).collect();
    if !missing.is_empty() || !surplus.is_empty() {
        return Some(format!(
            "{stream}: {} exist, {} are held; missing {missing:?}, surplus {surplus:?}",
            truth.len(),
            held.len()
        ));
    }
    truth.iter().find_map(|(id, record)| {
        let difference = first_difference(record, &held[id], stream)?;
        Some(format!("{stream} {id}: {difference}"))
    })
}

fn id(record: &Value) -> String {
    match &record["id"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("a record of the truth has the id {other}: {record}"),
    }
}

/// The first path at which the truth and the mirror differ. The truth adds the parent's id to nested records; a list row
/// of the API has fewer fields than the object itself, never other values.
fn first_difference(truth: &Value, held: &Value, path: &str) -> Option<String> {
    match (truth, held) {
        (Value::Object(truth), Value::Object(held)) => {
            held.iter().find_map(|(key, value)| match truth.get(key) {
                Some(expected) => first_difference(expected, value, &format!("{path}.{key}")),
                None => Some(format!("{path}.{key} is held as {value} and does not exist")),
            })
        }
        (Value::Array(truth), Value::Array(held)) if truth.len() == held.len() => truth
            .iter()
            .zip(held)
            .enumerate()
            .find_map(|(index, (truth, held))| first_difference(truth, held, &format!("{path}[{index}]"))),
        (truth, held) if truth == held || COPIES.contains(&path) => None,
        (Value::String(truth), Value::String(held)) if ADDRESSES.contains(&path) && held.ends_with(truth) => {
            None
        }
        (Value::String(truth), Value::String(held))
            if is_of_file(path)
                && held
                    .split_once('?')
                    .is_some_and(|(address, _)| address.ends_with(truth)) =>
        {
            None
        }
        (truth, held) => Some(format!("{path} is {truth} and held as {held}")),
    }
}

/// The first difference of a stream of pairs.
pub(crate) fn compare_pairs(
    mirror: &rusqlite::Connection,
    simulator: &Simulator,
    stream: (&str, &str, &str),
    version: &str,
) -> Option<String> {
    compare_pairs_but(mirror, simulator, stream, version, &BTreeSet::new())
}

fn compare_pairs_but(
    mirror: &rusqlite::Connection,
    simulator: &Simulator,
    (stream, left, right): (&str, &str, &str),
    version: &str,
    but: &BTreeSet<String>,
) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let truth: BTreeSet<(String, String)> = simulator
        .truth(stream, version)
        .iter()
        .map(|pair| (text(&pair[left]), text(&pair[right])))
        .filter(|(left, _)| !but.contains(left))
        .collect();
    let mut statement = mirror
        .prepare(&format!(
            "SELECT {left}, {right} FROM {stream} WHERE _deleted_at IS NULL"
        ))
        .unwrap();
    let held: BTreeSet<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(|row| row.unwrap())
        .filter(|(left, _)| !but.contains(left))
        .collect();
    let missing: Vec<_> = truth.difference(&held).take(5).collect();
    let surplus: Vec<_> = held.difference(&truth).take(5).collect();
    (!missing.is_empty() || !surplus.is_empty()).then(|| {
        format!(
            "{stream}: {} exist, {} are held; missing {missing:?}, surplus {surplus:?}",
            truth.len(),
            held.len()
        )
    })
}

#[test]
fn a_first_mirror_holds_everything_that_exists() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    compare(&desk, &simulator, "2.16");
}

#[test]
fn every_stream_of_the_small_workspace_has_something_to_compare() {
    let simulator = Simulator::small();
    let counts = simulator.counts();
    for stream in RECORDS
        .iter()
        .chain(MEMBERSHIPS.iter().map(|(stream, _, _)| stream))
        .filter(|stream| !BY_CALLS_ONLY.contains(stream))
    {
        assert!(
            counts.get(*stream).is_some_and(|count| *count > 0),
            "the workspace has no {stream}"
        );
    }
}
