//! What an action would do, field by field, and what it gave.
//!
//! The one rule: values come from a workspace, so they are shown as text, and never at any length.

use maud::{Markup, html};
use serde_json::Value;
use trunkline_actions::{Change, Plan, PlannedWrite};

use crate::console::{
    parts::{self, Tone, badge},
    visit::Visit,
    words,
};

/// The longest answer that is shown whole, in bytes.
const LONGEST: usize = 60_000;
/// The longest value of a field in a table, in letters.
const LONGEST_VALUE: usize = 300;

/// A plan: every write, field by field, and what carrying it out takes.
pub(in crate::console) fn plan(visit: &Visit, plan: &Plan) -> Markup {
    let rows: Vec<Vec<Markup>> = plan.writes.iter().flat_map(rows).collect();
    let time = plan.seconds.filter(|seconds| *seconds >= 1.0);
    html! {
        @if rows.is_empty() {
            (parts::notice(visit, true, &html! { "Nothing would change." }))
        } @else {
            (parts::table("What would be written", &["Call", "On", "Field", "Becomes", "Was", "Will be"], rows))
        }
        p class="hint" {
            (words::some(plan.writes.len() as u64, "write")) ", " (words::some(plan.calls.into(), "call")) " to carry it out"
            @if let Some(seconds) = time { ", about " (format!("{seconds:.0}")) " seconds at the workspace's limit" }
            ". Nothing was written."
        }
        (notes(&plan.notes))
    }
}

/// What a person should know beside it.
pub(in crate::console) fn notes(notes: &[String]) -> Markup {
    html! { @if !notes.is_empty() { ul class="rows" { @for note in notes { li { (note) } } } } }
}

fn rows(write: &PlannedWrite) -> Vec<Vec<Markup>> {
    let call = html! { code { (write.operation) } };
    let on = html! { @match &write.subject { Some(subject) => code { (subject) }, None => span class="quiet" { "new" } } };
    if write.fields.is_empty() {
        let empty = || html! { span class="quiet" { "—" } };
        return vec![vec![call, on, empty(), empty(), empty(), empty()]];
    }
    write
        .fields
        .iter()
        .map(|field| {
            let (tone, word) = match field.change {
                Change::Create => (Tone::Good, "set"),
                Change::Change => (Tone::Warn, "changed"),
                Change::Keep => (Tone::Quiet, "as it is"),
            };
            vec![
                call.clone(),
                on.clone(),
                html! { (field.field) },
                badge(tone, word),
                value(field.before.as_ref()),
                value(Some(&field.after)),
            ]
        })
        .collect()
}

/// A value in a table.
pub(in crate::console) fn value(value: Option<&Value>) -> Markup {
    let text = match value {
        None => return html! { span class="quiet" { "nothing" } },
        Some(Value::Null) => return html! { span class="quiet" { "null" } },
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let short: String = text.chars().take(LONGEST_VALUE).collect();
    html! { (short) @if short.len() < text.len() { "…" } }
}

/// A document with its lines apart, and no more of it than anybody reads.
pub(in crate::console) fn document(value: &Value) -> Markup {
    let text = match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    let short: String = text.chars().take(LONGEST).collect();
    html! {
        (parts::block(&short))
        @if short.len() < text.len() { p class="hint" { "Only the beginning is shown, of " (words::count(text.len() as u64)) " bytes." } }
    }
}

#[cfg(test)]
pub(in crate::console) fn sample() -> Plan {
    let field = |field: &str, change, before: Option<&str>| trunkline_actions::FieldChange {
        field: field.to_owned(),
        change,
        before: before.map(Value::from),
        after: Value::from("<b>Ann</b>"),
    };
    Plan {
        format: Plan::FORMAT,
        workspace: "abcd1234".to_owned(),
        action: "contacts.upsert".to_owned(),
        input: serde_json::json!({ "email": "ann@example.com" }),
        at: "2026-03-01T11:00:00Z".parse().expect("a moment"),
        zone: "UTC".to_owned(),
        writes: vec![
            PlannedWrite {
                operation: "contacts.update".to_owned(),
                path: Vec::new(),
                query: Vec::new(),
                payload: None,
                subject: Some("contacts/1".to_owned()),
                before: None,
                fields: vec![
                    field("name", Change::Change, Some("<i>Old</i>")),
                    field("email", Change::Keep, Some("ann@example.com")),
                    field("phone", Change::Create, None),
                ],
            },
            PlannedWrite {
                operation: "tags.create".to_owned(),
                path: Vec::new(),
                query: Vec::new(),
                payload: None,
                subject: None,
                before: None,
                fields: Vec::new(),
            },
        ],
        notes: vec!["`<b>` is not sent".to_owned()],
        reads: 1,
        calls: 3,
        seconds: Some(4.0),
    }
}
