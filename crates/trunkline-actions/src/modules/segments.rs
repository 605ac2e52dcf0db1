//! Segments of one sort: of users, of leads, of companies.
//!
//! The one rule: Intercom has words for segments of users and of leads alone; a segment of companies is known by the
//! companies that are in it.

use serde_json::Value;
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{Action, ActionError, Field, Input, Run, modules::refs::id_of};

const TYPES: &[&str] = &["contact", "user", "lead", "company"];

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let sort = || {
        Field::choice(
            "type",
            TYPES,
            "Of whom: users, leads, contacts (both), or companies.",
        )
    };
    vec![
        Action::module(
            "segments.list_of_type",
            "Lists the segments of users, leads, contacts or companies.",
            Effect::Read,
            |run, input| Box::pin(list(run, input)),
        )
        .takes([
            sort().default_to("contact"),
            Field::flag("include_count", "Whether each tells how many are in it."),
            Field::limit(),
        ])
        .gives_rows()
        .calls(&["segments.list", "companies.find"]),
        Action::module(
            "segments.get_of_type",
            "Fetches a segment, if it is one of this type.",
            Effect::Read,
            |run, input| Box::pin(get(run, input)),
        )
        .takes([
            sort().default_to("contact"),
            Field::text("segment_id", "The segment, by id.")
                .or_named(&["id"])
                .required()
                .picked_from("segments"),
            Field::flag("include_count", "Whether it tells how many are in it."),
        ])
        .calls(&["segments.get", "companies.find"]),
    ]
}

async fn list(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let wanted = input.text("type").unwrap_or("contact");
    let limit = input.limit().unwrap_or(usize::MAX);
    let all = run
        .rows(counting(Call::new("segments.list"), &input), None)
        .await?;
    let mut rows = Vec::new();
    for segment in all {
        if rows.len() >= limit {
            break;
        }
        if is_of(run, &segment, wanted).await? {
            rows.push(segment);
        }
    }
    if wanted == "company" {
        run.note("Intercom does not tell which segments are of companies; these hold a company now.");
    }
    Ok(Value::Array(rows))
}

async fn get(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let wanted = input.text("type").unwrap_or("contact");
    let id = input.text("segment_id").unwrap_or_default();
    let segment = run
        .read(counting(Call::new("segments.get").path("id", id), &input))
        .await?;
    if is_of(run, &segment, wanted).await? {
        return Ok(segment);
    }
    Err(ActionError::refused(
        "TL0745",
        format!("the segment is not one of type {wanted}"),
        if wanted == "company" {
            "Intercom does not tell which segments are of companies, and this one holds none now; `segments.get` fetches it."
        } else {
            "Ask with the other type, or with `segments.get`, which takes any."
        },
    ))
}

fn counting(call: Call, input: &Input) -> Call {
    if input.flag("include_count") == Some(true) {
        call.query("include_count", "true")
    } else {
        call
    }
}

async fn is_of(run: &mut Run, segment: &Value, wanted: &str) -> Result<bool, ActionError> {
    let of_leads = matches!(segment["person_type"].as_str(), Some("contact" | "lead"));
    Ok(match wanted {
        "lead" => of_leads,
        "user" => !of_leads,
        "company" => !of_leads && holds_a_company(run, segment).await?,
        _ => true,
    })
}

async fn holds_a_company(run: &mut Run, segment: &Value) -> Result<bool, ActionError> {
    let Some(id) = id_of(segment) else {
        return Ok(false);
    };
    let call = Call::new("companies.find").query("segment_id", id);
    match run.rows(call, Some(1)).await {
        Ok(rows) => Ok(!rows.is_empty()),
        Err(ActionError::Call(error)) if error.kind == trunkline_client::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
